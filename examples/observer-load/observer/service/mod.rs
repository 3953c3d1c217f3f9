//! The service: one loop takes lines, buffers what is valid, and writes it out; a thread beside it reads the input.

mod arguments;
mod buffer;
mod output;
mod snapshot;

use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use arguments::{Arguments, Broken, Config};
use buffer::Buffer;
use output::Output;
use snapshot::Snapshot;

/// Lines on their way from the input; the reader waits when it is full, and with it whoever writes to us.
const LINES: usize = 1_024;
/// What the `degrade` bug adds to the time of a snapshot for every one that came before it.
const SLOWER: Duration = Duration::from_micros(170);

pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = tokio::runtime::Builder::new_current_thread().enable_all().build().and_then(|runtime| {
        let outcome = runtime.block_on(run(&arguments));
        runtime.shutdown_background();
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("observer: {error}");
            ExitCode::FAILURE
        }
    }
}

/// One line of the service's own log.
fn log(level: &str, message: std::fmt::Arguments<'_>) {
    println!("{:.3} {level} {message}", jiff::Timestamp::now());
}

async fn run(arguments: &Arguments) -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let config = Config::read(&arguments.config)?;
    let output = Output::open(&arguments.output, config.rotate(), config.keep)?;
    let (sender, mut lines) = mpsc::channel(LINES);
    std::thread::Builder::new().name("input".to_owned()).spawn(move || read_lines(&sender))?;
    let mut flush = tokio::time::interval(config.flush());
    flush.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut observer = Observer::new(arguments.broken, &config, output);
    log("INFO", format_args!("Observer started, flushing every {:?}", config.flush()));
    loop {
        let next = observer.next_dispatch();
        tokio::select! {
            line = lines.recv() => match line {
                Some(line) => observer.take(line?)?,
                None => break,
            },
            () = tokio::time::sleep_until(next.unwrap_or_else(far_away).into()), if next.is_some() => {
                observer.dispatch_due(Instant::now())?;
            }
            _ = flush.tick() => observer.flush()?,
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
        }
    }
    // What has been read is not lost, whatever ends us.
    while let Ok(line) = lines.try_recv() {
        observer.take(line?)?;
    }
    observer.stop()
}

fn far_away() -> Instant {
    Instant::now() + Duration::from_secs(3_600)
}

/// Hands on every line of the standard input, and ends with it.
fn read_lines(sender: &mpsc::Sender<io::Result<String>>) {
    for line in io::stdin().lock().lines() {
        if sender.blocking_send(line).is_err() {
            return;
        }
    }
}

struct Observer {
    broken: Broken,
    buffer: Buffer,
    output: Output,
    /// Valid, and not dispatched before its time. Always empty but for the `degrade` bug.
    delayed: VecDeque<(Instant, Snapshot)>,
    lines: u64,
    dispatched: u32,
}

impl Observer {
    fn new(broken: Broken, config: &Config, output: Output) -> Observer {
        let buffer = Buffer::new(config.buffer, broken == Broken::Drop);
        Observer { broken, buffer, output, delayed: VecDeque::new(), lines: 0, dispatched: 0 }
    }

    /// Validates one line and dispatches it.
    fn take(&mut self, line: String) -> io::Result<()> {
        self.lines += 1;
        if line.trim().is_empty() {
            return Ok(());
        }
        let snapshot = match Snapshot::read(line) {
            Ok(snapshot) => snapshot,
            Err(reason) => {
                log("ERROR", format_args!("invalid snapshot in line {}: {reason}", self.lines));
                return Ok(());
            }
        };
        match self.broken {
            Broken::Degrade => {
                let before = self.dispatched + u32::try_from(self.delayed.len()).unwrap_or(u32::MAX);
                self.delayed.push_back((Instant::now() + SLOWER * before, snapshot));
                Ok(())
            }
            Broken::Mutate => self.dispatch(snapshot.through_a_short_float()),
            Broken::None | Broken::Drop => self.dispatch(snapshot),
        }
    }

    fn next_dispatch(&self) -> Option<Instant> {
        self.delayed.front().map(|(due, _)| *due)
    }

    fn dispatch_due(&mut self, now: Instant) -> io::Result<()> {
        while self.next_dispatch().is_some_and(|due| due <= now) {
            let Some((_, snapshot)) = self.delayed.pop_front() else { break };
            self.dispatch(snapshot)?;
        }
        Ok(())
    }

    /// A snapshot is handled once it is in the buffer; a full buffer is written out first.
    fn dispatch(&mut self, snapshot: Snapshot) -> io::Result<()> {
        if self.buffer.must_be_flushed() {
            self.flush()?;
        }
        let run_id = self.buffer.put(snapshot);
        self.dispatched += 1;
        log("INFO", format_args!("PatternRecord dispatched run_id={run_id}"));
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        log("INFO", format_args!("buffer_depth={}", self.buffer.depth()));
        self.output.write(self.buffer.drain())
    }

    fn stop(mut self) -> io::Result<()> {
        while let Some((_, snapshot)) = self.delayed.pop_front() {
            self.dispatch(snapshot)?;
        }
        self.flush()?;
        self.output.close()?;
        log("INFO", format_args!("Observer stopped, {} dispatched", self.dispatched));
        Ok(())
    }
}
