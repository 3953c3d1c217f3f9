//! How TLS is declared, the same for every kind.

use crate::lang::declare::{flag, keyword};
use crate::lang::signature::{Accepts, Parameter, Rule};

/// The setting `tls`. Of a target with a URL, its scheme says whether there is TLS, and this says how; of one with an
/// address, this says both.
pub const TLS: Parameter = flag(
    "tls",
    "How TLS is spoken; of a target with an address, that it is spoken at all, as `https` and the like say of a URL.",
)
.more(&[
    keyword("ca", &[Accepts::Path], "A PEM file of certificates to trust in place of the machine's own."),
    flag("insecure", "Trusts any certificate, whoever it is from and whatever it is for."),
    keyword(
        "certificate",
        &[Accepts::Path],
        "A PEM file with the certificate that soak shows, followed by those between it and its issuer.",
    ),
    keyword("key", &[Accepts::Path], "A PEM file with that certificate's private key, without a passphrase."),
    keyword(
        "name",
        &[Accepts::Text],
        "The name that is asked for and that the certificate must be for, in place of the host's.",
    ),
]);

/// How what follows `tls` goes together.
pub const RULES: &[Rule] = &[CERTIFICATE, KEY, TRUST];

/// A certificate is shown with its key.
pub const CERTIFICATE: Rule = Rule::Needs { name: "certificate", other: "key" };
/// A key belongs to a certificate.
pub const KEY: Rule = Rule::Needs { name: "key", other: "certificate" };
/// Nobody is trusted in particular where everybody is.
pub const TRUST: Rule = Rule::AtMostOne(&["ca", "insecure"]);
