//! A process as the run sees it: verbs to call, a state to look at, lines to listen to.

use std::path::{Path, PathBuf};
use std::thread::JoinHandle as ThreadHandle;

use nix::sys::signal::Signal;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::constraining::Changed;
use super::error::ProcessError;
use super::found::FoundOptions;
use super::found::keeper::Keeper;
use super::limit::{Limited, Limits};
use super::log_file::LogFile;
use super::options::Surroundings;
use super::output::{LINES_KEPT, OutputLine, Stream};
use super::reading::Sampler;
use super::state::ProcessState;
use super::stdin::SEND_LIMIT;
use super::supervisor::{Launch, Order, Reply, Supervisor};
use super::throttle::Throttled;
use crate::kinds::undo::Marker;
use crate::lang::moment::Moment;

/// Orders on their way to the task that owns the process.
const ORDERS: usize = 64;

/// A handle to one declared process. Verbs may be called from several places at once and be cancelled at any await:
/// what was ordered then still happens. Dropped without [`Process::end`], the process is killed.
pub struct Process {
    name: String,
    within: std::time::Duration,
    /// Of one that soak starts.
    marker: Option<Marker>,
    log: Option<PathBuf>,
    orders: mpsc::Sender<Order>,
    state: watch::Receiver<ProcessState>,
    lines: broadcast::Sender<OutputLine>,
    task: JoinHandle<()>,
    /// Writes the log of one that soak starts.
    log_thread: Option<ThreadHandle<()>>,
}

impl Process {
    pub(super) fn new(launch: Launch) -> Result<Process, ProcessError> {
        let name = launch.options.name.clone();
        let within = launch.options.within;
        let marker = launch.around.marker(&name);
        let path = launch.around.output_folder.join(format!("{name}.log"));
        let log = LogFile::create(&path).map_err(|reason| ProcessError::Log {
            name: name.clone(),
            path: path.clone(),
            reason,
        })?;
        let (orders, received) = mpsc::channel(ORDERS);
        let (shown, state) = watch::channel(ProcessState::default());
        let (lines, _) = broadcast::channel(LINES_KEPT);
        let supervisor = Supervisor::new(launch, received, shown, log.sender, lines.clone());
        let task = tokio::spawn(supervisor.run());
        let (marker, log_thread, log) = (Some(marker), Some(log.thread), Some(path));
        Ok(Process { name, within, marker, log, orders, state, lines, task, log_thread })
    }

    /// One that somebody else has started.
    pub(super) fn found(options: FoundOptions, around: Surroundings) -> Process {
        let (name, within) = (options.name.clone(), options.within);
        let (orders, received) = mpsc::channel(ORDERS);
        let (shown, state) = watch::channel(ProcessState::default());
        let (lines, _) = broadcast::channel(LINES_KEPT);
        let task = tokio::spawn(Keeper::new(options, around, received, shown).run());
        Process { name, within, marker: None, log: None, orders, state, lines, task, log_thread: None }
    }

    /// Its name in the scenario.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether somebody else has started it.
    pub fn is_found(&self) -> bool {
        self.marker.is_none()
    }

    /// The file that gets both streams of one that soak starts.
    pub fn log(&self) -> Option<&Path> {
        self.log.as_deref()
    }

    /// How it stands now.
    pub fn state(&self) -> ProcessState {
        self.state.borrow().clone()
    }

    /// For waiting until it stands otherwise.
    pub fn watch(&self) -> watch::Receiver<ProcessState> {
        self.state.clone()
    }

    /// Takes a line in that it has written elsewhere.
    pub fn logged(&self, at: Moment, text: &str) {
        let line = OutputLine { at, stream: Stream::Log, text: text.into(), cut: false, instance: 0 };
        // Nobody may be listening.
        let _ = self.lines.send(line);
    }

    /// Its lines from now on. A listener that falls behind is told how many it missed (`RecvError::Lagged`).
    pub fn lines(&self) -> broadcast::Receiver<OutputLine> {
        self.lines.subscribe()
    }

    /// For taking readings of it.
    pub fn sampler(&self) -> Sampler {
        Sampler::new(self.state.clone(), self.marker.clone())
    }

    /// Has it run for the run's beginning: starts it, or finds it where somebody else has.
    ///
    /// # Errors
    /// When it cannot be started or found.
    pub async fn begin(&self) -> Result<(), ProcessError> {
        self.order(Order::Begin).await
    }

    /// Ends its part in the run: stops it, unless somebody else has started it.
    ///
    /// # Errors
    /// When something of it cannot be killed.
    pub async fn conclude(&self) -> Result<(), ProcessError> {
        if self.is_found() { Ok(()) } else { self.stop().await }
    }

    /// Starts it and returns once it runs; nothing where it runs already.
    ///
    /// # Errors
    /// When it cannot be started, the journal cannot be written, or it is kept down.
    pub async fn start(&self) -> Result<(), ProcessError> {
        self.order(Order::Start).await
    }

    /// Waits until it is ready, for as long as its declaration allows.
    ///
    /// # Errors
    /// When it is not ready by then, or has ended and nothing will start it again.
    pub async fn wait_ready(&self) -> Result<(), ProcessError> {
        let mut state = self.state.clone();
        let settled = |now: &ProcessState| now.ready || (!now.up && now.exit.is_some() && !now.restarting);
        let found = timeout(self.within, state.wait_for(settled)).await;
        match found {
            Ok(Ok(now)) if now.ready => Ok(()),
            Ok(Ok(now)) => Err(ProcessError::EndedBeforeReady {
                name: self.name.clone(),
                how: now.exit.map(|exit| exit.to_string()).unwrap_or_default(),
            }),
            Ok(Err(_)) => Err(self.ended()),
            Err(_) => Err(ProcessError::NotReady { name: self.name.clone(), within: self.within }),
        }
    }

    /// Asks its tree to end, kills what has not by the end of its grace, and returns when all of it has ended. It is
    /// not started again by itself. Nothing where it is down already.
    ///
    /// # Errors
    /// When something of it cannot be killed.
    pub async fn stop(&self) -> Result<(), ProcessError> {
        self.order(Order::Stop).await
    }

    /// Kills its tree and returns when all of it has ended. What its declaration says about starting again applies.
    ///
    /// # Errors
    /// When it is not running or cannot be killed.
    pub async fn kill(&self) -> Result<(), ProcessError> {
        self.order(|reply| Order::Kill { hold: false, reply }).await
    }

    /// Kills its tree and keeps it down until as many [`Process::release`]s as holds.
    ///
    /// # Errors
    /// When it cannot be killed; it is held all the same.
    pub async fn hold_down(&self) -> Result<(), ProcessError> {
        self.order(|reply| Order::Kill { hold: true, reply }).await
    }

    /// Ends one hold; the last one starts the process, unless it was down before or stopped meanwhile.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn release(&self) -> Result<(), ProcessError> {
        self.order(Order::Release).await
    }

    /// Stops it, starts it and returns when it is ready.
    ///
    /// # Errors
    /// Those of the three.
    pub async fn restart(&self) -> Result<(), ProcessError> {
        self.stop().await?;
        self.start().await?;
        self.wait_ready().await
    }

    /// Stops its tree with SIGSTOP; over when it is resumed or ends.
    ///
    /// # Errors
    /// When it is not running, or the journal cannot be written.
    pub async fn pause(&self) -> Result<(), ProcessError> {
        self.order(Order::Pause).await
    }

    /// Lets its tree go on; nothing where it is not paused.
    ///
    /// # Errors
    /// When it may not be signalled.
    pub async fn resume(&self) -> Result<(), ProcessError> {
        self.order(Order::Resume).await
    }

    /// Gives it a share of one core until it is told otherwise, over all of its starts; without one, all there is. Gives
    /// what an earlier share came to, and whether this one is in force.
    pub async fn throttle(&self, share: Option<f64>) -> (Option<Throttled>, Result<(), ProcessError>) {
        self.change(|reply| Order::Throttle { share, reply }).await
    }

    /// Sets upper limits until it is told otherwise, over all of its starts; without any, those it had. Gives what earlier
    /// ones came to, and whether these are in force.
    pub async fn limit(&self, limits: Option<Limits>) -> (Option<Limited>, Result<(), ProcessError>) {
        self.change(|reply| Order::Limit { limits, reply }).await
    }

    async fn change<Found>(
        &self,
        order: impl FnOnce(Changed<Found>) -> Order,
    ) -> (Option<Found>, Result<(), ProcessError>) {
        let (reply, answer) = oneshot::channel();
        if self.orders.send(order(reply)).await.is_err() {
            return (None, Err(self.ended()));
        }
        answer.await.unwrap_or_else(|_| (None, Err(self.ended())))
    }

    /// Signals its own process, not its descendants.
    ///
    /// # Errors
    /// When it is not running.
    pub async fn signal(&self, signal: Signal) -> Result<(), ProcessError> {
        self.order(|reply| Order::Signal { signal, reply }).await
    }

    /// Sends a line to its standard input; the line's end is added.
    ///
    /// # Errors
    /// When it is not running, does not read, or the line is too long.
    pub async fn send(&self, line: &str) -> Result<(), ProcessError> {
        if line.len() > SEND_LIMIT {
            let name = self.name.clone();
            return Err(ProcessError::LineTooLong { name, length: line.len(), limit: SEND_LIMIT });
        }
        let line = [line.as_bytes(), b"\n"].concat();
        match self.order(|reply| Order::Send { line, reply }).await {
            // The line was still waiting when the process ended.
            Err(ProcessError::Ended { name }) => Err(ProcessError::NotRunning { name }),
            other => other,
        }
    }

    /// Stops it for good and returns when its log is written out.
    ///
    /// # Errors
    /// When something of it cannot be killed.
    pub async fn end(self) -> Result<(), ProcessError> {
        let stopped = self.conclude().await;
        drop(self.orders);
        // The task has no result, and one that panicked has dropped, and so killed, what it owned.
        let _ = self.task.await;
        if let Some(log_thread) = self.log_thread {
            let _ = tokio::task::spawn_blocking(move || log_thread.join()).await;
        }
        stopped
    }

    async fn order(&self, order: impl FnOnce(Reply) -> Order) -> Result<(), ProcessError> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(order(reply)).await.map_err(|_| self.ended())?;
        answer.await.map_err(|_| self.ended())?
    }

    fn ended(&self) -> ProcessError {
        ProcessError::Ended { name: self.name.clone() }
    }
}
