//! How a server's certificate is verified: by the rules of the web, but for two things that tests need and browsers do not.
//! Whichever holds, that whoever shows a certificate has its key is checked.

use super::failure::is_authority;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// Whose certificates are taken.
#[derive(Debug)]
enum Trusted {
    /// Anybody's.
    All,
    /// What these authorities have issued, and those of these certificates that a server shows itself.
    Some { authorities: Arc<WebPkiServerVerifier>, themselves: Vec<CertificateDer<'static>> },
}

/// Verifies certificates of servers.
#[derive(Debug)]
pub(super) struct Verifier {
    provider: Arc<CryptoProvider>,
    trusted: Trusted,
}

impl Verifier {
    /// Trusts anybody.
    pub fn anybody(provider: Arc<CryptoProvider>) -> Verifier {
        Verifier { provider, trusted: Trusted::All }
    }

    /// Trusts these, at least one. A certificate that a server has issued to itself is mostly marked as an authority's (`openssl
    /// req -x509` does so), which no server may show by the rules; here it may where it is one of these.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn only(
        provider: Arc<CryptoProvider>,
        certificates: Vec<CertificateDer<'static>>,
    ) -> Option<Verifier> {
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            roots.add(certificate.clone()).ok()?;
        }
        let builder = WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
        let trusted = Trusted::Some { authorities: builder.build().ok()?, themselves: certificates };
        Some(Verifier { provider, trusted })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Trusted::Some { authorities, themselves } = &self.trusted else {
            return Ok(ServerCertVerified::assertion());
        };
        let verified =
            authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // Its time is looked at before this is found, its name is not.
            Err(Error::InvalidCertificate(why)) if is_authority(&why) && themselves.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
