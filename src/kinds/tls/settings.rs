//! What a target says of TLS, read once, and the handshake that comes of it.

use super::encrypted::Encrypted;
use super::failure::{TlsFailure, named};
use super::files;
use super::verifier::Verifier;
use crate::kinds::request::RequestError;
use crate::kinds::socket::stream_error;
use crate::lang::call::Arguments;
use rustls::client::WantsClientCert;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How the connections of one target are encrypted. All of them share what is needed to resume a session, so that only
/// the first handshake is a whole one.
#[derive(Clone)]
pub struct Tls {
    config: Arc<ClientConfig>,
    /// Whose certificate is wanted, where that is not the host's.
    name: Option<ServerName<'static>>,
}

/// Why TLS cannot be set up as a target says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// A file that is missing, may not be read, or is no file.
    #[error("`{}` cannot be read: {why}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// A file without a usable certificate.
    #[error("`{}` holds no certificate in PEM that can be used", .0.display())]
    NoCertificate(PathBuf),
    /// A file without a usable key.
    #[error("`{}` holds no private key in PEM that can be used; one with a passphrase cannot", .0.display())]
    NoKey(PathBuf),
    /// A certificate and a key that do not belong together.
    #[error("the key in `{}` is not that of the certificate in `{}`", .key.display(), .certificate.display())]
    KeyOfAnother {
        /// The file of the certificate.
        certificate: PathBuf,
        /// That of the key.
        key: PathBuf,
    },
    /// A machine without certificates.
    #[error(
        "this machine has no certificates to trust: install `ca-certificates`, or say `tls ca \"file.pem\"`"
    )]
    NoRoots,
    /// Neither a name nor an address.
    #[error("`{0}` is no name that a certificate could be for")]
    Name(String),
    /// What the scheme of a URL says is not what its target says.
    #[error("`tls` is of no use without TLS: begin the URL with `{0}://`")]
    NotAsked(&'static str),
    /// Anything else the library refuses.
    #[error("TLS cannot be set up: {0}")]
    Refused(String),
}

impl Tls {
    /// From the setting `tls` and what follows it; relative paths start at `folder`.
    ///
    /// # Errors
    /// Where a file cannot be used, or the machine trusts nobody.
    pub fn read(settings: &Arguments, folder: &Path) -> Result<Tls, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let builder = builder(&provider)?;
        let verifier =
            match settings.text("ca").map(|path| folder.join(path)) {
                _ if settings.has("insecure") => Verifier::anybody(provider),
                Some(path) => Verifier::only(provider, files::certificates(&path)?)
                    .ok_or(TlsError::NoCertificate(path))?,
                None => Verifier::only(provider, files::machine_certificates()?.to_vec())
                    .ok_or(TlsError::NoRoots)?,
            };
        let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
        let name = settings.text("name").map(server_name).transpose()?;
        Ok(Tls { config: Arc::new(with_own_certificate(builder, settings, folder)?), name })
    }

    /// For HTTP of what has no settings: trusts whom the machine trusts.
    ///
    /// # Errors
    /// Where the machine trusts nobody.
    pub fn of_machine() -> Result<Tls, TlsError> {
        static MACHINE: OnceLock<Result<Tls, TlsError>> = OnceLock::new();
        let read = || Tls::read(&Arguments::default(), Path::new(""));
        MACHINE.get_or_init(|| read().map(|tls| tls.offering(&["http/1.1"]))).clone()
    }

    /// For HTTP of what need not know whom it talks to: trusts anybody.
    ///
    /// # Errors
    /// Where the library cannot be set up.
    pub fn of_anybody() -> Result<Tls, TlsError> {
        static ANYBODY: OnceLock<Result<Tls, TlsError>> = OnceLock::new();
        let mut settings = Arguments::default();
        settings.push("insecure", Vec::new());
        let read = || Tls::read(&settings, Path::new(""));
        ANYBODY.get_or_init(|| read().map(|tls| tls.offering(&["http/1.1"]))).clone()
    }

    /// Offers these protocols (ALPN, RFC 7301), the best first.
    pub fn offering(self, protocols: &[&str]) -> Tls {
        let mut config = ClientConfig::clone(&self.config);
        config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        Tls { config: Arc::new(config), ..self }
    }

    /// Speaks TLS over an open connection to a host.
    pub async fn handshake(&self, stream: TcpStream, host: &str) -> Result<Encrypted, RequestError> {
        let name = match &self.name {
            Some(name) => name.clone(),
            None => server_name(host).map_err(|error| RequestError::Invalid(error.to_string()))?,
        };
        let connector = TlsConnector::from(Arc::clone(&self.config));
        // The state of a handshake is large, and few of all connections are in one.
        let shaken = Box::pin(connector.connect(name, stream)).await;
        shaken.map(Encrypted::new).map_err(|error| match named(&error) {
            Some(failure) => RequestError::Tls(failure),
            None if error.kind() == io::ErrorKind::UnexpectedEof => RequestError::Tls(TlsFailure::Closed),
            None => stream_error(&error),
        })
    }
}

/// A name or an address, as a certificate has it.
fn server_name(text: &str) -> Result<ServerName<'static>, TlsError> {
    ServerName::try_from(text.to_string()).map_err(|_| TlsError::Name(text.to_string()))
}

fn builder(provider: &Arc<CryptoProvider>) -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| TlsError::Refused(error.to_string()))
}

fn with_own_certificate(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    settings: &Arguments,
    folder: &Path,
) -> Result<ClientConfig, TlsError> {
    let (Some(certificate), Some(key)) = (settings.text("certificate"), settings.text("key")) else {
        return Ok(builder.with_no_client_auth());
    };
    let (certificate, key) = (folder.join(certificate), folder.join(key));
    let made = builder.with_client_auth_cert(files::certificates(&certificate)?, files::key(&key)?);
    made.map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => TlsError::KeyOfAnother { certificate, key },
        rustls::Error::InvalidCertificate(_) => TlsError::NoCertificate(certificate),
        _ => TlsError::NoKey(key),
    })
}
