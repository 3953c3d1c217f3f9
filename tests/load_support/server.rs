//! Servers on loopback: a good one, and ones that do a single thing wrong.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

/// A request as the good server hands it to its handler.
pub struct Asked {
    pub line: String,
    pub headers: hyper::HeaderMap,
    pub body: Bytes,
    /// Which connection it came on, from 1.
    pub connection: u64,
}

/// A server that speaks HTTP/1.1 on one thread; a handler that sleeps stops all of it.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicU64>,
}

impl Server {
    pub fn start(handler: impl Fn(Asked) -> Response<Full<Bytes>> + Send + Sync + 'static) -> Server {
        Server::at("127.0.0.1:0", handler)
    }

    pub fn at(
        address: &str,
        handler: impl Fn(Asked) -> Response<Full<Bytes>> + Send + Sync + 'static,
    ) -> Server {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let connections = Arc::new(AtomicU64::new(0));
        let (handler, count) = (Arc::new(handler), Arc::clone(&connections));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(accept(listener, handler, count));
        });
        Server { address, connections }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were ever made to it.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

type Handler = dyn Fn(Asked) -> Response<Full<Bytes>> + Send + Sync;

async fn accept(listener: TcpListener, handler: Arc<Handler>, connections: Arc<AtomicU64>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let connection = connections.fetch_add(1, Ordering::SeqCst) + 1;
        let _ = stream.set_nodelay(true);
        let handler = Arc::clone(&handler);
        let service = service_fn(move |request: Request<Incoming>| {
            let handler = Arc::clone(&handler);
            async move {
                let (head, body) = request.into_parts();
                let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
                let line = format!("{} {}", head.method, head.uri);
                Ok::<_, Infallible>(handler(Asked { line, headers: head.headers, body, connection }))
            }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

/// An answer with a status and a body.
pub fn answer(status: u16, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    Response::builder().status(status).body(Full::new(body.into())).unwrap()
}

/// Hands every connection, with its number from 1, to a thread of its own.
pub fn raw(serve: impl Fn(TcpStream, u64) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for (number, stream) in listener.incoming().flatten().enumerate() {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream, number as u64 + 1));
        }
    });
    address
}

/// Reads one request's head, which ends with an empty line; false at the end of the connection.
pub fn read_head(stream: &mut TcpStream) -> bool {
    use std::io::Read;
    let mut last = [0; 4];
    let mut byte = [0];
    while last != *b"\r\n\r\n" {
        match stream.read(&mut byte) {
            Ok(1) => last = [last[1], last[2], last[3], byte[0]],
            _ => return false,
        }
    }
    true
}
