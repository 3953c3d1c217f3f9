//! The agent: one loop owns the queue and the registry; the search, the uploads, the writing and the cleaning run
//! beside it and tell it what they found, sent, wrote and deleted.

mod arguments;
mod backoff;
mod cleanup;
mod document;
mod health;
mod journal;
mod queue;
mod registry;
mod saving;
mod upload;
mod watch;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, watch as state};
use tokio::task::JoinSet;

use arguments::{Arguments, Broken};
use backoff::Gate;
use cleanup::{Cleaned, Usage};
use health::Health;
use journal::{Level, log};
use queue::{Item, Queue};
use registry::Registry;
use saving::{Files, Saving};
use upload::{Failure, Store, Success};
use watch::Watcher;

/// Found files on their way to the loop; the search waits when it is full.
const FOUND: usize = 1_024;
/// What is under way at a SIGTERM has so long to end.
const GRACE: Duration = Duration::from_millis(1_800);
/// The disk is looked at for at most one part in so many of the time.
const DISK_SHARE: u32 = 50;
/// Nothing sleeps longer than this.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);
/// What the `leak` bug keeps of every upload, in bytes.
const LEAKED: usize = 256 * 1024;

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        let outcome = runtime.block_on(run(arguments));
        // The search may be inside a slow disk; it is not waited for.
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("uploader: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (found_sender, mut found) = mpsc::channel(FOUND);
    let data = arguments.home.join("data");
    let home = arguments.home.display().to_string();
    let watcher = Watcher::new(&data, arguments.scan, arguments.settle, found_sender)
        .map_err(|error| at(&home, error))?;
    let mut agent = Agent::restore(arguments, data)?;
    agent.save_all().map_err(|error| at(&home, error))?;

    let listener = TcpListener::bind(&agent.arguments.listen)
        .await
        .map_err(|error| at(&agent.arguments.listen, error))?;
    let address = listener.local_addr()?;
    std::thread::Builder::new().name("watcher".to_owned()).spawn(|| watcher.run())?;
    tokio::spawn(health::serve(listener, agent.health.subscribe()));
    log(
        Level::Info,
        format_args!("Uploader started, listening on {address}, {} queued", agent.queue.pending()),
    );

    loop {
        agent.start_what_is_due();
        let wake = agent.next_wake();
        tokio::select! {
            Some(path) = found.recv() => agent.take(path),
            Some(done) = agent.uploads.join_next() => agent.finish(done.map_err(io::Error::other)?),
            Some(done) = agent.saves.join_next() => agent.saved(done.map_err(io::Error::other)?),
            Some(done) = agent.disk.join_next() => agent.measured_or_cleaned(done.map_err(io::Error::other)?),
            () = tokio::time::sleep_until(wake.into()) => {}
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    agent.stop().await
}

/// The error, with the place where it happened.
fn at(place: &str, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{place}: {error}"))
}

/// An upload that ended.
struct Ended {
    item: Item,
    outcome: Result<Success, Failure>,
}

/// What the disk was asked for, when it is done.
enum DiskWork {
    Measured { usage: io::Result<Usage>, took: Duration },
    Cleaned(Cleaned),
}

struct Agent {
    arguments: Arguments,
    data: PathBuf,
    files: Files,
    queue: Queue,
    registry: Registry,
    store: Store,
    gate: Gate,
    saving: Saving,
    next_measure: Instant,
    uploads: JoinSet<Ended>,
    saves: JoinSet<io::Result<()>>,
    disk: JoinSet<DiskWork>,
    health: state::Sender<Health>,
    /// Grows only with the `leak` bug.
    leaked: Vec<Vec<u8>>,
}

impl Agent {
    /// Takes up what an earlier process left.
    fn restore(arguments: Arguments, data: PathBuf) -> io::Result<Self> {
        let files = Files::in_home(&arguments.home);
        let registry = Registry::restore(document::read(&files.registry)?.as_ref(), &data);
        let queued = match arguments.broken {
            Broken::LostOnCrash => None,
            _ => document::read(&files.queue)?,
        };
        let mut queue = Queue::restore(queued.as_ref());
        for path in registry.paths() {
            queue.forget(&path);
        }
        let conditional = arguments.broken != Broken::Duplicate;
        let store = Store::new(&arguments.endpoint, &arguments.vehicle, arguments.timeout, conditional)
            .map_err(io::Error::other)?;
        let now = Instant::now();
        Ok(Self {
            gate: Gate::new(now, arguments.backoff_cap),
            saving: Saving::new(arguments.broken, now),
            next_measure: now,
            uploads: JoinSet::new(),
            saves: JoinSet::new(),
            disk: JoinSet::new(),
            health: state::Sender::new(Health::default()),
            leaked: Vec::new(),
            arguments,
            data,
            files,
            queue,
            registry,
            store,
        })
    }

    fn take(&mut self, path: String) {
        if self.registry.contains(&path) || !self.queue.add(path.clone()) {
            return;
        }
        self.saving.queue_changed();
        if self.arguments.broken == Broken::LostOnCrash {
            self.registry.add(path);
            self.saving.registry_changed();
        }
    }

    fn start_what_is_due(&mut self) {
        let now = Instant::now();
        while self.uploads.len() < self.gate.slots(now, usize::from(self.arguments.concurrency)) {
            let Some(item) = self.queue.start_next(now) else { break };
            self.saving.queue_changed();
            let (store, file) = (self.store.clone(), self.data.join(&item.path));
            self.uploads.spawn(async move {
                let outcome = store.put(&item.path, &file).await;
                Ended { item, outcome }
            });
        }
        if self.saves.is_empty() && self.saving.due().is_some_and(|due| due <= now) {
            let snapshot = self.saving.snapshot(now, &self.queue, &self.registry);
            let files = self.files.clone();
            self.saves.spawn_blocking(move || snapshot.write(&files));
        }
        if self.disk.is_empty() && self.next_measure <= now {
            let (data, capacity) = (self.data.clone(), self.arguments.capacity);
            self.disk.spawn_blocking(move || {
                let usage = Usage::measure(&data, capacity);
                DiskWork::Measured { usage, took: now.elapsed() }
            });
        }
        let health = Health {
            pending: self.queue.pending(),
            uploading: self.queue.uploading(),
            uploaded: self.registry.len(),
        };
        self.health.send_replace(health);
    }

    fn next_wake(&self) -> Instant {
        let now = Instant::now();
        let save = self.saving.due().filter(|_| self.saves.is_empty());
        let measure = Some(self.next_measure).filter(|_| self.disk.is_empty());
        // Whenever a slot is free, the gate is shut or every item rests: what comes last is in the future.
        let free = match self.gate.opens() {
            Some(_) => self.uploads.is_empty(),
            None => self.uploads.len() < usize::from(self.arguments.concurrency),
        };
        let attempt =
            self.gate.opens().max(self.queue.next_due()).filter(|_| free && self.queue.pending() > 0);
        [save, measure, attempt].into_iter().flatten().min().unwrap_or(now + LONGEST_SLEEP)
    }

    fn finish(&mut self, ended: Ended) {
        let Ended { item, outcome } = ended;
        let now = Instant::now();
        self.saving.queue_changed();
        let failure = match outcome {
            Ok(success) => return self.succeeded(item.path, success),
            Err(failure) => failure,
        };
        let level = if failure.is_network() { Level::Warn } else { Level::Error };
        log(level, format_args!("upload failed {}: {failure}", item.path));
        if failure.is_network() {
            self.gate.failed(now);
            self.queue.put_back(item);
        } else if matches!(failure, Failure::Gone) {
            self.queue.remove(&item.path);
        } else {
            let pause = backoff::pause(item.failures + 1, self.arguments.backoff_cap);
            self.queue.rest(item, now + pause);
        }
    }

    fn succeeded(&mut self, path: String, success: Success) {
        let note = if success == Success::AlreadyThere { " (was there already)" } else { "" };
        log(Level::Info, format_args!("upload ok {path}{note}"));
        self.gate.succeeded();
        self.queue.remove(&path);
        self.registry.add(path);
        self.saving.registry_changed();
        if self.arguments.broken == Broken::Leak {
            // Not zero, so that the pages are really there.
            self.leaked.push(vec![b'x'; LEAKED]);
        }
    }

    fn saved(&mut self, outcome: io::Result<()>) {
        let now = Instant::now();
        match outcome {
            Ok(()) => self.saving.written(now),
            Err(error) => {
                log(Level::Error, format_args!("cannot write the queue or the registry: {error}"));
                self.saving.failed(now);
            }
        }
    }

    fn measured_or_cleaned(&mut self, done: DiskWork) {
        match done {
            DiskWork::Measured { usage, took } => {
                self.next_measure = Instant::now() + self.arguments.scan.max(took * DISK_SHARE);
                match usage {
                    Ok(usage) if usage.is_critical() => {
                        let (data, uploaded) = (self.data.clone(), self.registry.paths());
                        self.disk.spawn_blocking(move || {
                            DiskWork::Cleaned(cleanup::clean(&data, usage, uploaded))
                        });
                    }
                    Ok(_) => {}
                    Err(error) => log(Level::Error, format_args!("cannot see how full the disk is: {error}")),
                }
            }
            DiskWork::Cleaned(cleaned) => self.cleaned(&cleaned),
        }
    }

    fn cleaned(&mut self, cleaned: &Cleaned) {
        if cleaned.removed.is_empty() {
            return;
        }
        for path in &cleaned.removed {
            self.registry.remove(path);
            self.saving.registry_changed();
        }
        let (files, after) = (cleaned.removed.len(), cleaned.after.percent());
        log(
            Level::Info,
            format_args!(
                "emergency cleanup removed {files} files, {} bytes; {after:.1} % used",
                cleaned.bytes
            ),
        );
    }

    fn save_all(&mut self) -> io::Result<()> {
        Saving::whole(&self.queue, &self.registry).write(&self.files)
    }

    /// Lets what is under way end, within reason, and saves everything.
    async fn stop(mut self) -> io::Result<()> {
        let end = tokio::time::Instant::now() + GRACE;
        while let Ok(Some(ended)) = tokio::time::timeout_at(end, self.uploads.join_next()).await {
            self.finish(ended.map_err(io::Error::other)?);
        }
        // An older snapshot must not land on top of the last one.
        while self.saves.join_next().await.is_some() {}
        self.save_all()?;
        log(
            Level::Info,
            format_args!("Uploader stopped, {} queued", self.queue.pending() + self.queue.uploading()),
        );
        Ok(())
    }
}
