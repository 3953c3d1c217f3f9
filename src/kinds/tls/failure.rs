//! Why there is no encrypted connection: a fixed set of names, under which reports count the causes.

use rustls::{AlertDescription, CertificateError, Error};
use std::error::Error as StdError;
use std::io;

/// A cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// Its time is over.
    #[error("the server's certificate has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the server's certificate is not valid yet")]
    NotYetValid,
    /// Nobody who is trusted has issued it.
    #[error("the server's certificate is from an unknown issuer")]
    UnknownIssuer,
    /// It is for somebody else.
    #[error("the server's certificate is for another name")]
    WrongName,
    /// Its issuer has taken it back.
    #[error("the server's certificate is revoked")]
    Revoked,
    /// It says `CA:TRUE`, as those that `openssl req -x509` makes do.
    #[error("the server's certificate is an authority's own (CA:TRUE), and not among those of `tls ca`")]
    Authority,
    /// It is for something else than for servers.
    #[error("the server's certificate is not for servers")]
    Purpose,
    /// Whatever else is wrong with it.
    #[error("the server's certificate cannot be verified")]
    BadCertificate,
    /// The other end said something else, such as that it speaks HTTP.
    #[error("the server does not speak TLS")]
    NotTls,
    /// It went away where its part of the handshake should have come.
    #[error("connection closed in the TLS handshake")]
    Closed,
    /// It wants to know who asks.
    #[error("the server wants a client certificate")]
    CertificateRequired,
    /// Who asks is not known to it.
    #[error("the server does not take the client certificate")]
    CertificateRefused,
    /// No version of TLS, cipher or key that both ends have.
    #[error("no version or cipher of TLS in common with the server")]
    NothingInCommon,
    /// No protocol above TLS that both ends have (ALPN).
    #[error("no protocol in common with the server")]
    NoProtocol,
    /// It has no such name (SNI).
    #[error("the server does not know the name it was asked for")]
    UnknownName,
    /// It said no, without a reason that has a name of its own.
    #[error("the server refused the TLS handshake")]
    Refused,
    /// What came is TLS, but not as the standard has it.
    #[error("the server broke the rules of TLS")]
    Broken,
}

/// The name of what TLS found wrong, where it was TLS that failed. A server that wants a certificate says so only after
/// the handshake (TLS 1.3), so what is read and written later may fail for these reasons too.
pub fn named(error: &io::Error) -> Option<TlsFailure> {
    error.get_ref()?.downcast_ref::<Error>().map(cause)
}

/// The same of an error that another library made, however deep in it the cause stands.
pub fn named_within(error: &(dyn StdError + 'static)) -> Option<TlsFailure> {
    let mut next = Some(error);
    while let Some(error) = next {
        let own = error.downcast_ref::<Error>().map(cause);
        let found = own.or_else(|| error.downcast_ref::<io::Error>().and_then(named));
        if found.is_some() {
            return found;
        }
        next = error.source();
    }
    None
}

/// The name of what the library says.
fn cause(error: &Error) -> TlsFailure {
    match error {
        Error::InvalidCertificate(error) => of_certificate(error),
        Error::AlertReceived(alert) => of_alert(*alert),
        Error::InvalidMessage(_) | Error::InappropriateMessage { .. } => TlsFailure::NotTls,
        Error::PeerIncompatible(_) => TlsFailure::NothingInCommon,
        Error::NoApplicationProtocol => TlsFailure::NoProtocol,
        Error::NoCertificatesPresented => TlsFailure::BadCertificate,
        _ => TlsFailure::Broken,
    }
}

fn of_certificate(error: &CertificateError) -> TlsFailure {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => TlsFailure::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFailure::NotYetValid
        }
        CertificateError::UnknownIssuer => TlsFailure::UnknownIssuer,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            TlsFailure::WrongName
        }
        CertificateError::Revoked => TlsFailure::Revoked,
        CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
            TlsFailure::Purpose
        }
        other if is_authority(other) => TlsFailure::Authority,
        _ => TlsFailure::BadCertificate,
    }
}

/// Whether nothing else is known to be wrong with a certificate than that it is one of an authority, as many a self-made one
/// is. The library has no name of its own for that.
pub(super) fn is_authority(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(other) if other.to_string().contains("CaUsedAsEndEntity"))
}

/// What the server said (RFC 8446, section 6.2).
fn of_alert(alert: AlertDescription) -> TlsFailure {
    use AlertDescription as A;
    match alert {
        A::CertificateRequired => TlsFailure::CertificateRequired,
        A::NoCertificate
        | A::BadCertificate
        | A::UnsupportedCertificate
        | A::CertificateRevoked
        | A::CertificateExpired
        | A::CertificateUnknown
        | A::UnknownCA
        | A::AccessDenied => TlsFailure::CertificateRefused,
        A::ProtocolVersion | A::InsufficientSecurity => TlsFailure::NothingInCommon,
        A::NoApplicationProtocol => TlsFailure::NoProtocol,
        A::UnrecognisedName => TlsFailure::UnknownName,
        _ => TlsFailure::Refused,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tls_found_wrong_is_named_and_the_rest_is_left_to_others() {
        let io = |error: Error| io::Error::new(io::ErrorKind::InvalidData, error);
        let cases = [
            (Error::InvalidCertificate(CertificateError::Expired), TlsFailure::Expired),
            (Error::InvalidCertificate(CertificateError::NotValidYet), TlsFailure::NotYetValid),
            (Error::InvalidCertificate(CertificateError::Revoked), TlsFailure::Revoked),
            (Error::InvalidCertificate(CertificateError::BadSignature), TlsFailure::BadCertificate),
            (Error::AlertReceived(AlertDescription::CertificateRequired), TlsFailure::CertificateRequired),
            (Error::AlertReceived(AlertDescription::UnknownCA), TlsFailure::CertificateRefused),
            (Error::AlertReceived(AlertDescription::HandshakeFailure), TlsFailure::Refused),
            (Error::General("anything".into()), TlsFailure::Broken),
        ];
        for (error, name) in cases {
            assert_eq!(named(&io(error)), Some(name));
        }
        assert_eq!(named(&io::ErrorKind::ConnectionReset.into()), None);
        assert_eq!(named(&io::Error::other("something else")), None);
    }
}
