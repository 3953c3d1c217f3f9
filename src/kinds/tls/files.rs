//! The files that TLS is set up from. What is said of one names it and repeats nothing of what stands in it: it may be
//! a key.

use super::settings::TlsError;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{self, Read};
use std::path::Path;
use std::sync::OnceLock;

/// A file of certificates is not larger; that of a machine's own is some 200 KiB.
const MAX_FILE: u64 = 16 << 20;

/// Whom this machine trusts, those left out that cannot be used; at least one. They are read once a process: that takes
/// milliseconds, and every client needs them. `SSL_CERT_FILE` and `SSL_CERT_DIR` say where they are looked for in place of
/// the usual places.
///
/// # Errors
/// Where there is none.
pub fn machine_certificates() -> Result<&'static [CertificateDer<'static>], TlsError> {
    static FOUND: OnceLock<Vec<CertificateDer<'static>>> = OnceLock::new();
    let found = FOUND.get_or_init(|| {
        // Of what cannot be read nobody can be trusted; that there is nobody at all is told.
        let mut found = rustls_native_certs::load_native_certs().certs;
        found.retain(|certificate| RootCertStore::empty().add(certificate.clone()).is_ok());
        found
    });
    if found.is_empty() { Err(TlsError::NoRoots) } else { Ok(found) }
}

/// The certificates in a file, in their order; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read(path)?).collect();
    let found = found.ok().filter(|found| !found.is_empty());
    found.ok_or_else(|| TlsError::NoCertificate(path.to_owned()))
}

/// The first private key in a file.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|_| TlsError::NoKey(path.to_owned()))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    let unreadable =
        |error: io::Error| TlsError::Unreadable { path: path.to_owned(), why: error.to_string() };
    // A pipe would be waited for.
    if !std::fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(unreadable(io::Error::other("it is no ordinary file")));
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(MAX_FILE + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(unreadable(io::Error::other("it is larger than 16 MiB")));
    }
    Ok(bytes)
}
