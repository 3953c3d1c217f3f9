//! HTTP in front of missions and transitions.

use super::Core;
use super::transitions::Outcome;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::json;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

/// Pause after a connection could not be accepted, which a full table of files would else turn into a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

type Answer = (StatusCode, String);

/// Serves until SIGTERM.
pub async fn serve(address: &str, core: Rc<Core>) -> io::Result<()> {
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
        let core = Rc::clone(&core);
        tokio::task::spawn_local(async move {
            let service = service_fn(|request| {
                let core = Rc::clone(&core);
                async move {
                    let (status, body) = answer(&core, request).await.unwrap_or_else(|error| {
                        (StatusCode::INTERNAL_SERVER_ERROR, json!({ "error": error.to_string() }).to_string())
                    });
                    let mut response = Response::new(Full::new(Bytes::from(body)));
                    *response.status_mut() = status;
                    Ok::<_, Infallible>(response)
                }
            });
            // A caller that goes away in the middle is no matter of the core's.
            drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
        });
    }
}

async fn answer(core: &Core, request: Request<Incoming>) -> io::Result<Answer> {
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let body = request.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
    let unread = |error: serde_json::Error| Ok((StatusCode::BAD_REQUEST, error.to_string()));
    let done = path.strip_prefix("/api/missions/").and_then(|rest| rest.strip_suffix("/done"));
    match (method, path.as_str(), done) {
        (Method::GET, "/health", _) => Ok((StatusCode::OK, String::new())),
        (Method::POST, "/api/missions/agent-plan", _) => match serde_json::from_slice(&body) {
            Ok(mission) => {
                let id = core.missions.accept(&mission)?;
                Ok((StatusCode::ACCEPTED, json!({ "job_id": id }).to_string()))
            }
            Err(error) => unread(error),
        },
        (Method::POST, _, Some(id)) => {
            core.missions.complete(id)?;
            Ok((StatusCode::OK, String::new()))
        }
        (Method::POST, "/api/system/state/transition", _) => match serde_json::from_slice(&body) {
            Ok(transition) => Ok(match core.transitions.change(transition).await? {
                Outcome::Done(id) => (StatusCode::OK, json!({ "id": id }).to_string()),
                Outcome::LockTimeout => (StatusCode::SERVICE_UNAVAILABLE, String::new()),
                Outcome::NoSuchState => (StatusCode::UNPROCESSABLE_ENTITY, String::new()),
            }),
            Err(error) => unread(error),
        },
        _ => Ok((StatusCode::NOT_FOUND, String::new())),
    }
}
