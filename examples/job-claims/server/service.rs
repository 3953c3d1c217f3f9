//! HTTP in front of the jobs: `POST /jobs/claim` and `GET /health` for everybody who has the token, `PUT /jobs/pending`
//! for whoever says how many jobs there are to be.

use crate::server::jobs::Jobs;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Pause after a connection could not be accepted, which a full table of files would else turn into a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Claim {
    bot_id: String,
}

#[derive(Deserialize)]
struct Stock {
    count: u32,
}

type Answer = (StatusCode, String);

/// Serves until SIGTERM.
pub async fn serve(address: &str, jobs: Rc<Jobs>) -> io::Result<()> {
    let token: Rc<str> = std::env::var("ADMIN_TOKEN").unwrap_or_default().into();
    let listener = TcpListener::bind(address).await?;
    let mut ended = signal(SignalKind::terminate())?;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = ended.recv() => return Ok(()),
        };
        let Ok((stream, _)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        // Without it an answer waits for the caller's acknowledgement of the one before.
        let _ = stream.set_nodelay(true);
        let (jobs, token) = (Rc::clone(&jobs), Rc::clone(&token));
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| {
                let (jobs, token) = (Rc::clone(&jobs), Rc::clone(&token));
                async move {
                    let (status, body) = answer(&jobs, &token, request).await;
                    let mut response = Response::new(Full::new(Bytes::from(body)));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            // A caller that goes away in the middle is no matter of the server's.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(jobs: &Jobs, token: &str, request: Request<Incoming>) -> Answer {
    let path = request.uri().path().to_owned();
    if (request.method(), path.as_str()) == (&Method::GET, "/health") {
        return (StatusCode::OK, String::new());
    }
    let given = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    if given.and_then(|value| value.strip_prefix("Bearer ")) != Some(token) {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    let method = request.method().clone();
    let Ok(body) = request.into_body().collect().await else {
        return (StatusCode::BAD_REQUEST, String::new());
    };
    let body = body.to_bytes();
    let unread = |error: serde_json::Error| (StatusCode::BAD_REQUEST, error.to_string());
    match (method, path.as_str()) {
        (Method::POST, "/jobs/claim") => match serde_json::from_slice::<Claim>(&body) {
            Ok(claim) => match jobs.claim(&claim.bot_id).await {
                Ok(Some(job)) => (StatusCode::OK, serde_json::json!({ "id": job }).to_string()),
                Ok(None) => (StatusCode::NO_CONTENT, String::new()),
                Err(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble.to_string()),
            },
            Err(error) => unread(error),
        },
        (Method::PUT, "/jobs/pending") => match serde_json::from_slice::<Stock>(&body) {
            Ok(stock) => match jobs.stock(stock.count.into()).await {
                Ok(()) => (StatusCode::OK, String::new()),
                Err(trouble) => (StatusCode::SERVICE_UNAVAILABLE, trouble.to_string()),
            },
            Err(error) => unread(error),
        },
        _ => (StatusCode::NOT_FOUND, String::new()),
    }
}
