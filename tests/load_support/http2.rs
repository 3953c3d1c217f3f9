//! A server that speaks HTTP/2, and does with a stream or a connection what a test wants.

use bytes::Bytes;
use h2::Reason;
use h2::server::Builder;
use hyper::{HeaderMap, Response};
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tokio::sync::mpsc;

/// A request that has come whole.
pub struct Asked {
    pub line: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    /// Which request of its connection it is, from 1.
    pub number: u64,
}

/// What becomes of a request.
pub enum Reply {
    Answer(Response<Bytes>),
    /// The beginning of an answer, and then this.
    Torn(Reason),
    Reset(Reason),
    GoAway(Reason),
    Never,
}

pub type Replying = Pin<Box<dyn Future<Output = Reply> + Send>>;

type Handler = dyn Fn(Asked) -> Replying + Send + Sync;

/// A server on a thread of its own.
pub struct Http2Server {
    pub address: SocketAddr,
    connections: Arc<AtomicU64>,
}

/// What a server does by itself.
#[derive(Clone, Copy)]
pub struct Manners {
    /// So many streams of a connection are taken at once.
    pub streams: u32,
    /// After so many requests of a connection it says goodbye.
    pub goodbye_after: u64,
}

pub const PATIENT: Manners = Manners { streams: 1000, goodbye_after: u64::MAX };

impl Http2Server {
    pub fn start(
        manners: Manners,
        handler: impl Fn(Asked) -> Replying + Send + Sync + 'static,
    ) -> Http2Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        let connections = Arc::new(AtomicU64::new(0));
        let (count, handler): (_, Arc<Handler>) = (Arc::clone(&connections), Arc::new(handler));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    count.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(serve(stream, manners, Arc::clone(&handler)));
                }
            });
        });
        Http2Server { address, connections }
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were ever made to it.
    pub fn connections(&self) -> u64 {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(stream: tokio::net::TcpStream, manners: Manners, handler: Arc<Handler>) {
    let shaken = Builder::new().max_concurrent_streams(manners.streams).handshake::<_, Bytes>(stream).await;
    let Ok(mut connection) = shaken else { return };
    let (ends, mut ending) = mpsc::unbounded_channel();
    let mut number = 0;
    loop {
        let accepted = tokio::select! {
            accepted = connection.accept() => accepted,
            Some(reason) = ending.recv() => {
                connection.abrupt_shutdown(reason);
                continue;
            }
        };
        let Some(Ok((request, mut respond))) = accepted else { return };
        number += 1;
        if number == manners.goodbye_after {
            connection.graceful_shutdown();
        }
        let (handler, ends) = (Arc::clone(&handler), ends.clone());
        tokio::spawn(async move {
            let (head, mut incoming) = request.into_parts();
            let mut body = Vec::new();
            while let Some(Ok(data)) = incoming.data().await {
                body.extend_from_slice(&data);
                let _ = incoming.flow_control().release_capacity(data.len());
            }
            let line = format!("{} {}", head.method, head.uri);
            let asked = Asked { line, headers: head.headers, body: body.into(), number };
            match handler(asked).await {
                Reply::Answer(answer) => {
                    let (head, body) = answer.into_parts();
                    let sent = respond.send_response(Response::from_parts(head, ()), body.is_empty());
                    if let Ok(mut stream) = sent
                        && !body.is_empty()
                    {
                        let _ = stream.send_data(body, true);
                    }
                }
                Reply::Torn(reason) => {
                    let Ok(mut stream) = respond.send_response(Response::new(()), false) else { return };
                    let _ = stream.send_data(Bytes::from_static(b"half of it"), false);
                    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                    stream.send_reset(reason);
                }
                Reply::Reset(reason) => respond.send_reset(reason),
                Reply::GoAway(reason) => {
                    let _ = ends.send(reason);
                    std::future::pending::<()>().await;
                }
                Reply::Never => std::future::pending().await,
            }
        });
    }
}

/// An answer with a status and a body.
pub fn answer(status: u16, body: impl Into<Bytes>) -> Reply {
    Reply::Answer(Response::builder().status(status).body(body.into()).unwrap())
}
