//! When a process counts as ready, probed for as long as it runs.

use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use regex::Regex;
use thiserror::Error;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::program::resolve_program;
use super::spawn::{Start, Streams, start};
use crate::kinds::host::hosts::Place;
use crate::kinds::host::stand::Stand;
use crate::kinds::process::reaper;
use crate::kinds::stream::Stream;
use crate::kinds::tls::Tls;
use crate::kinds::undo::Marker;

/// How often a process that is not ready is probed.
pub const PROBE_EVERY: Duration = Duration::from_millis(200);
/// How often a process that is ready is probed.
pub const PROBE_READY_EVERY: Duration = Duration::from_secs(1);
/// A probe without an answer for this long does not hold.
pub const PROBE_LIMIT: Duration = Duration::from_secs(5);

/// What must hold for a process to be ready.
#[derive(Clone, Debug)]
pub enum Probe {
    /// A GET is answered with a status from 200 to 399.
    Http(HttpAddress),
    /// A connection to `host:port` is accepted.
    Tcp(String),
    /// The process has written such a line since its last start. Once ready by it, it stays so until it ends.
    Line(Regex),
    /// The file is there, and was made or changed since the last start.
    File(PathBuf),
    /// The command, split already, exits with 0.
    Succeeds(Vec<String>),
}

impl Probe {
    /// The `host:port` that is connected to, of a probe that connects.
    pub fn address(&self) -> Option<&str> {
        match self {
            Probe::Http(address) => Some(&address.authority),
            Probe::Tcp(address) => Some(address),
            Probe::Line(_) | Probe::File(_) | Probe::Succeeds(_) => None,
        }
    }
}

/// An `http://` or `https://` address to be probed.
#[derive(Clone, Debug)]
pub struct HttpAddress {
    uri: Uri,
    /// `host:port` to connect to.
    authority: String,
    encrypted: bool,
}

/// An address that cannot be probed.
#[derive(Debug, Error)]
pub enum ProbeError {
    #[error("`{address}` is no address: {reason}")]
    Malformed { address: String, reason: String },
    #[error(
        "`{address}` cannot be probed: only http:// and https:// can; use tcp(address) for another protocol"
    )]
    Scheme { address: String },
}

impl HttpAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// When it is malformed or is neither `http://` nor `https://`.
    pub fn parse(address: &str) -> Result<HttpAddress, ProbeError> {
        let uri: Uri = address.parse().map_err(|reason: hyper::http::uri::InvalidUri| {
            ProbeError::Malformed { address: address.to_owned(), reason: reason.to_string() }
        })?;
        let (encrypted, port) = match uri.scheme_str() {
            Some("http") => (false, 80),
            Some("https") => (true, 443),
            _ => return Err(ProbeError::Scheme { address: address.to_owned() }),
        };
        let Some(host) = uri.host().filter(|host| !host.is_empty()) else {
            return Err(ProbeError::Malformed { address: address.to_owned(), reason: "no host".to_owned() });
        };
        let authority = format!("{host}:{}", uri.port_u16().unwrap_or(port));
        Ok(HttpAddress { uri, authority, encrypted })
    }
}

/// What a probe found of one start of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Readiness {
    pub instance: u64,
    pub ready: bool,
}

/// A probe of one start of a process.
pub(super) struct Probing {
    pub probe: Probe,
    pub instance: u64,
    /// What the awaited file was before the start.
    pub before: FileMark,
    pub environment: Vec<(String, String)>,
    pub folder: PathBuf,
    pub scenario_folder: PathBuf,
    /// The run's mark alone: a probe's command is no part of the process.
    pub marker: Marker,
    /// The host of the process, on which it is probed too.
    pub place: Option<Place>,
}

/// Enough of a file to tell that it was touched; `None` where it was not there.
pub(super) type FileMark = Option<(u64, u64, i64, i64, i64, i64)>;

/// The present mark of the file a probe awaits.
pub(super) fn mark_of(probe: Option<&Probe>) -> FileMark {
    match probe {
        Some(Probe::File(path)) => std::fs::metadata(path).ok().as_ref().map(mark),
        _ => None,
    }
}

fn mark(found: &std::fs::Metadata) -> (u64, u64, i64, i64, i64, i64) {
    (found.dev(), found.ino(), found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec())
}

impl Probing {
    /// Probes on an absolute grid and tells of every change. Ends when nobody listens.
    pub async fn watch(self, readiness: mpsc::Sender<Readiness>) {
        let mut ready = false;
        let mut next = Instant::now();
        loop {
            let found = timeout(PROBE_LIMIT, self.holds()).await.unwrap_or(false);
            if found != ready {
                ready = found;
                if readiness.send(Readiness { instance: self.instance, ready }).await.is_err() {
                    return;
                }
            }
            let period = if ready { PROBE_READY_EVERY } else { PROBE_EVERY };
            let now = Instant::now();
            // A probe that took longer than the period leaves out the points of the grid it missed.
            let missed = now.saturating_duration_since(next).as_nanos() / period.as_nanos();
            next += period * (u32::try_from(missed).unwrap_or(u32::MAX - 1) + 1);
            sleep_until(next).await;
        }
    }

    async fn holds(&self) -> bool {
        match &self.probe {
            Probe::Http(address) => answers(&self.stand(), address).await,
            Probe::Tcp(address) => self.stand().connect_to(address).await.is_ok(),
            // Seen where the output is read, which misses no line.
            Probe::Line(_) => std::future::pending().await,
            Probe::File(path) => match tokio::fs::metadata(path).await {
                Ok(found) => Some(mark(&found)) != self.before,
                Err(_) => false,
            },
            Probe::Succeeds(words) => self.succeeds(words).await,
        }
    }

    fn stand(&self) -> Stand {
        self.place.as_ref().map(Place::stand).unwrap_or_default()
    }

    async fn succeeds(&self, words: &[String]) -> bool {
        let Some(first) = words.first() else { return false };
        let Ok(program) = resolve_program(first, None, &self.scenario_folder) else { return false };
        let command = Start {
            program: &program,
            words,
            environment: &self.environment,
            folder: &self.folder,
            marker: &self.marker,
            place: self.place.as_ref(),
        };
        let Ok(child) = start(&command, Streams::Nothing) else { return false };
        let _claim = child.id().map(reaper::claim);
        let mut running = Running(child);
        running.0.wait().await.is_ok_and(|status| status.success())
    }
}

/// A probe's command. Where its answer is no longer wanted, what it started goes with it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It has a number for as long as nobody has reaped it, and until then no other group has that number.
        if let Some(leader) = self.0.id().and_then(|pid| i32::try_from(pid).ok()) {
            // Nobody left in it is as good.
            let _ = killpg(Pid::from_raw(leader), Signal::SIGKILL);
        }
    }
}

/// Whether it answers is asked of a service that soak has just started, and is no secret: any certificate will do, as it
/// does for the probes of Kubernetes.
async fn connect(stand: &Stand, address: &HttpAddress) -> Option<Stream> {
    let stream = Stream::Plain(stand.connect_to(&address.authority).await.ok()?);
    if !address.encrypted {
        return Some(stream);
    }
    let host = address.uri.host().unwrap_or_default().trim_matches(['[', ']']);
    stream.encrypt(&Tls::of_anybody().ok()?, host).await.ok()
}

async fn answers(stand: &Stand, address: &HttpAddress) -> bool {
    let Some(connection) = connect(stand, address).await else { return false };
    let Ok((mut sender, driver)) = hyper::client::conn::http1::handshake(TokioIo::new(connection)).await
    else {
        return false;
    };
    let path = address.uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path)
        .header(hyper::header::HOST, address.uri.authority().map_or("", |authority| authority.as_str()))
        .header(hyper::header::CONNECTION, "close")
        .body(Empty::<Bytes>::new());
    let Ok(request) = request else { return false };
    let answer = async move {
        let answer = sender.send_request(request).await;
        answer.is_ok_and(|answer| (200..400).contains(&answer.status().as_u16()))
    };
    tokio::pin!(answer, driver);
    tokio::select! {
        biased;
        holds = &mut answer => holds,
        // The connection may close right behind the head of the answer.
        _ = &mut driver => answer.await,
    }
}
