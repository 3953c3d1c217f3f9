//! `GET /health`: 200 and the length of the queue, as soon as the agent works.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Connections served at one time; more wait in the listener's backlog.
const CONNECTIONS: usize = 32;
/// A client has so long to ask and to read the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pause after a connection could not be accepted, which a full table of files would else turn into a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What the answer tells.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    pub pending: usize,
    pub uploading: usize,
    pub uploaded: usize,
}

/// Answers until the runtime ends.
pub async fn serve(listener: TcpListener, health: watch::Receiver<Health>) -> io::Result<Infallible> {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let health = health.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer(&request, *health.borrow());
                async move { answer }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .keep_alive(false)
                .serve_connection(TokioIo::new(stream), service);
            // A client that goes away or dawdles is its own loss.
            let _ = tokio::time::timeout(PATIENCE, connection).await;
            drop(slot);
        });
    }
}

fn answer(request: &Request<Incoming>, health: Health) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
    let (status, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/health") => (
            StatusCode::OK,
            json!({
                "status": "ok",
                "pending": health.pending,
                "uploading": health.uploading,
                "uploaded": health.uploaded,
            }),
        ),
        (_, "/health") => (StatusCode::METHOD_NOT_ALLOWED, json!({ "status": "only GET is answered" })),
        _ => (StatusCode::NOT_FOUND, json!({ "status": "only /health is here" })),
    };
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
}
