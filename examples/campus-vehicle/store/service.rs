//! The service: one task a connection, objects as plain files.

use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use clap::Parser;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::IF_NONE_MATCH;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;

/// Connections served at one time; more wait in the listener's backlog.
const CONNECTIONS: usize = 256;
/// Largest object.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Where objects are received, below the root but beside all of them. No object's name begins with a dot.
const INCOMING: &str = ".incoming";
/// Pause after a connection could not be accepted, which a full table of files would else turn into a busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Keeps objects, each a file below ROOT.
#[derive(Parser, Debug)]
#[command(name = "object-store")]
struct Arguments {
    /// Where to listen
    #[arg(long)]
    listen: String,
    /// The folder of the objects
    #[arg(long)]
    root: PathBuf,
}

type Answer = (StatusCode, Bytes);

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(run(arguments)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("object-store: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let root = arguments.root.display().to_string();
    let store = ObjectStore::open(arguments.root)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("{root}: {error}")))?;
    let listener = TcpListener::bind(&arguments.listen)
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", arguments.listen)))?;
    log(format_args!("Listening on {}", listener.local_addr()?));
    tokio::select! {
        outcome = serve(listener, Arc::new(store)) => outcome,
        _ = terminate.recv() => Ok(()),
        outcome = tokio::signal::ctrl_c() => outcome,
    }
}

async fn serve(listener: TcpListener, store: Arc<ObjectStore>) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let slot = slots.clone().acquire_owned().await.map_err(io::Error::other)?;
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let store = store.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let store = store.clone();
                async move { store.answer(request).await }
            });
            // A client that goes away in the middle is what this store is tested with. What arrived whole before is
            // stored all the same, though nobody hears the answer.
            let _ = hyper::server::conn::http1::Builder::new()
                .half_close(true)
                .serve_connection(TokioIo::new(stream), service)
                .await;
            drop(slot);
        });
    }
}

/// One line on standard output, flushed; a log that nobody reads stops nothing.
fn log(event: impl Display) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{event}");
    let _ = out.flush();
}

struct ObjectStore {
    root: PathBuf,
    incoming: PathBuf,
    received: AtomicU64,
}

impl ObjectStore {
    /// What an earlier process was receiving when it ended is thrown away.
    async fn open(root: PathBuf) -> io::Result<Self> {
        let incoming = root.join(INCOMING);
        match fs::remove_dir_all(&incoming).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => fs::create_dir_all(&incoming).await?,
        }
        Ok(Self { root, incoming, received: AtomicU64::new(0) })
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, hyper::http::Error> {
        let method = request.method().clone();
        let name = request.uri().path().to_owned();
        let (status, body) = match self.dispatch(request).await {
            Ok(answer) => answer,
            Err(error) => {
                log(format_args!("ERROR {method} {name}: {error}"));
                (StatusCode::INTERNAL_SERVER_ERROR, Bytes::new())
            }
        };
        if method == Method::PUT || method == Method::DELETE {
            log(format_args!("{method} {name} {}", status.as_u16()));
        }
        // hyper sends the length, and not the body, in the answer to a HEAD.
        Response::builder().status(status).body(Full::new(body))
    }

    async fn dispatch(&self, request: Request<Incoming>) -> io::Result<Answer> {
        if request.uri().path() == "/health" {
            return Ok((StatusCode::OK, Bytes::from_static(b"ok\n")));
        }
        let Some(path) = object_path(request.uri().path()) else {
            return Ok((StatusCode::BAD_REQUEST, Bytes::from_static(b"not the name of an object\n")));
        };
        let path = self.root.join(path);
        match *request.method() {
            Method::PUT => self.put(&path, request).await,
            Method::GET | Method::HEAD => found(fs::read(&path).await.map(Bytes::from), StatusCode::OK),
            Method::DELETE => {
                found(fs::remove_file(&path).await.map(|()| Bytes::new()), StatusCode::NO_CONTENT)
            }
            _ => Ok((StatusCode::METHOD_NOT_ALLOWED, Bytes::new())),
        }
    }

    async fn put(&self, path: &Path, request: Request<Incoming>) -> io::Result<Answer> {
        let only_new = request.headers().get(IF_NONE_MATCH).is_some_and(|value| value == "*");
        let number = self.received.fetch_add(1, Ordering::Relaxed);
        let temporary = Temporary(self.incoming.join(number.to_string()));
        if let Err(refused) = receive(request.into_body(), &temporary.0).await? {
            return Ok((refused, Bytes::new()));
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        // Nothing is awaited from here on, and this process has one thread that answers: what is seen now to be
        // missing is still missing when the rename puts it there.
        let there = path.exists();
        if there && only_new {
            return Ok((StatusCode::PRECONDITION_FAILED, Bytes::new()));
        }
        std::fs::rename(&temporary.0, path)?;
        Ok((if there { StatusCode::NO_CONTENT } else { StatusCode::CREATED }, Bytes::new()))
    }
}

/// Writes a body into a file, or says why not.
async fn receive(mut body: Incoming, path: &Path) -> io::Result<Result<(), StatusCode>> {
    let mut file = File::create(path).await?;
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Ok(Err(StatusCode::BAD_REQUEST)) };
        let Ok(data) = frame.into_data() else { continue };
        length += data.len() as u64;
        if length > LARGEST {
            return Ok(Err(StatusCode::PAYLOAD_TOO_LARGE));
        }
        file.write_all(&data).await?;
    }
    file.flush().await?;
    Ok(Ok(()))
}

/// A file that is gone when this is dropped, unless it was renamed before. Dropping happens also when the client
/// goes away in the middle.
struct Temporary(PathBuf);

impl Drop for Temporary {
    fn drop(&mut self) {
        // Not there any more is the good case.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// An answer from the disk, in which "there is no such file" is an answer too.
fn found(outcome: io::Result<Bytes>, status: StatusCode) -> io::Result<Answer> {
    match outcome {
        Ok(body) => Ok((status, body)),
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::IsADirectory | io::ErrorKind::NotADirectory => {
                Ok((StatusCode::NOT_FOUND, Bytes::new()))
            }
            _ => Err(error),
        },
    }
}

/// The path below the root that a request means; `None` unless every part of it is a plain name.
fn object_path(path: &str) -> Option<PathBuf> {
    let decoded = decoded(path.strip_prefix('/')?)?;
    let plain = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.contains(['\0', '\\']);
    decoded.split('/').all(plain).then(|| PathBuf::from(&decoded))
}

/// Percent-decoding (RFC 3986, section 2.1); `None` for what is malformed or not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let digits = [bytes.next()?, bytes.next()?];
            let digits = std::str::from_utf8(&digits).ok()?;
            if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                return None;
            }
            out.push(u8::from_str_radix(digits, 16).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}
