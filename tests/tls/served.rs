//! Servers in this process that speak TLS before they do anything else.

use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{HandshakeKind, ServerConfig};
use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// A server, and how often it was greeted.
pub struct Served {
    pub address: SocketAddr,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    whole: AtomicU64,
    resumed: AtomicU64,
}

impl Served {
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Handshakes in which a certificate was shown, and those that went on with what an earlier one had agreed on.
    pub fn handshakes(&self) -> (u64, u64) {
        (self.counts.whole.load(Ordering::SeqCst), self.counts.resumed.load(Ordering::SeqCst))
    }
}

/// How a server is set up: the name of its certificate in a folder, and what else it wants.
#[derive(Clone, Copy)]
pub struct Wants<'a> {
    pub folder: &'a Path,
    pub certificate: &'a str,
    /// A certificate of the authority `ca`, from whom asks.
    pub client: bool,
    /// The protocols it speaks (ALPN); none has it ignore what is offered.
    pub protocols: &'a [&'a str],
}

/// Ends a connection whose handshake failed so that the alert arrives: one that is dropped with something unread is reset, and
/// what it said last may be lost.
async fn end_in_peace(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut unread = [0; 1024];
    let read = async { while stream.read(&mut unread).await.is_ok_and(|length| length > 0) {} };
    let _ = tokio::time::timeout(Duration::from_secs(5), read).await;
}

impl<'a> Wants<'a> {
    pub fn of(folder: &'a Path, certificate: &'a str) -> Wants<'a> {
        Wants { folder, certificate, client: false, protocols: &[] }
    }

    /// Serves with TLS.
    pub fn serve<F>(self, handle: impl Fn(TlsStream<TcpStream>) -> F + Send + Sync + 'static) -> Served
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let acceptor = TlsAcceptor::from(Arc::new(self.config()));
        let counts = Arc::new(Counts::default());
        let (count, handle) = (Arc::clone(&counts), Arc::new(handle));
        let address = listen(move |stream| {
            let (acceptor, counts, handle) = (acceptor.clone(), Arc::clone(&count), Arc::clone(&handle));
            async move {
                let stream = match acceptor.accept(stream).into_fallible().await {
                    Ok(stream) => stream,
                    Err((_, stream)) => return end_in_peace(stream).await,
                };
                match stream.get_ref().1.handshake_kind() {
                    Some(HandshakeKind::Resumed) => counts.resumed.fetch_add(1, Ordering::SeqCst),
                    _ => counts.whole.fetch_add(1, Ordering::SeqCst),
                };
                handle(stream).await;
            }
        });
        Served { address, counts }
    }

    fn config(self) -> ServerConfig {
        let path = |ending: &str| self.folder.join(format!("{}.{ending}", self.certificate));
        let certificates = CertificateDer::pem_file_iter(path("pem")).unwrap().map(Result::unwrap).collect();
        let key = PrivateKeyDer::from_pem_file(path("key")).unwrap();
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .unwrap();
        let builder = if self.client {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(self.folder.join("ca.pem")).unwrap()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let mut config = builder.with_single_cert(certificates, key).unwrap();
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config
    }
}

/// Serves on a thread of its own until the test ends.
pub fn listen<F>(handle: impl Fn(TcpStream) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = TcpListener::from_std(listener).unwrap();
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let _ = stream.set_nodelay(true);
                tokio::spawn(handle(stream));
            }
        });
    });
    address
}
