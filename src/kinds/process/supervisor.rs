//! The task that owns one process: takes orders, notices exits, starts again what is to be started again.
//!
//! No order blocks the next: a stop that waits for its grace can be overtaken by a kill. So an ending is a state
//! ([`Ending`]) that the loop comes back to, not a wait inside an order.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::error::ProcessError;
use super::instance::{Connections, Instance};
use super::options::{ProcessOptions, Surroundings};
use super::output::{OutputLine, Sink};
use super::probe::{Probe, Readiness};
use super::state::{Exit, ProcessState};
use super::stdin::Sent;
use crate::kinds::undo::KILL_LIMIT;

/// The first time between two looks whether a tree has ended; doubles up to [`LOOK_LATEST`].
const LOOK_FIRST: Duration = Duration::from_millis(5);
const LOOK_LATEST: Duration = Duration::from_millis(160);
/// The least time between an exit and the start that follows by itself: a program that ends at once must not keep the
/// machine busy with starting it.
pub const RESTART_FLOOR: Duration = Duration::from_millis(10);
/// How long the last output may take to be read once nobody is left to write.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);
/// Reports of probes on their way.
const REPORTS: usize = 16;

/// Answers an order.
pub(super) type Reply = oneshot::Sender<Result<(), ProcessError>>;

/// What the process is told.
pub(super) enum Order {
    Start(Reply),
    Stop(Reply),
    Kill { hold: bool, reply: Reply },
    Release(Reply),
    Pause(Reply),
    Resume(Reply),
    Signal { signal: Signal, reply: Reply },
    Send { line: Vec<u8>, reply: Reply },
}

/// A process that can be started.
pub(super) struct Launch {
    pub options: ProcessOptions,
    pub around: Surroundings,
    pub program: PathBuf,
    pub folder: PathBuf,
}

/// Why a tree is being ended, which decides what follows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Intent {
    /// It stays down.
    Stop,
    /// Its declaration says what follows.
    Kill,
    /// Remains of an earlier start, in the way of the next.
    Clear,
}

/// A tree on its way out.
struct Ending {
    intent: Intent,
    /// When SIGKILL follows.
    kill_at: Instant,
    /// When it is taken for unkillable.
    give_up_at: Instant,
    look_at: Instant,
    pause: Duration,
    waiting: Vec<Reply>,
    /// Who wants it started once it has ended.
    start_after: Vec<Reply>,
}

pub(super) struct Supervisor {
    launch: Launch,
    orders: mpsc::Receiver<Order>,
    shown: watch::Sender<ProcessState>,
    log: mpsc::Sender<Vec<u8>>,
    lines: broadcast::Sender<OutputLine>,
    report: mpsc::Sender<Readiness>,
    reports: mpsc::Receiver<Readiness>,
    readers: JoinSet<()>,
    helpers: JoinSet<()>,
    instance: Option<Instance>,
    ending: Option<Ending>,
    restart_at: Option<Instant>,
    holds: u32,
    start_after_hold: bool,
    starts: u64,
    closing: bool,
}

impl Supervisor {
    pub fn new(
        launch: Launch,
        orders: mpsc::Receiver<Order>,
        shown: watch::Sender<ProcessState>,
        log: mpsc::Sender<Vec<u8>>,
        lines: broadcast::Sender<OutputLine>,
    ) -> Supervisor {
        let (report, reports) = mpsc::channel(REPORTS);
        Supervisor {
            launch,
            orders,
            shown,
            log,
            lines,
            report,
            reports,
            readers: JoinSet::new(),
            helpers: JoinSet::new(),
            instance: None,
            ending: None,
            restart_at: None,
            holds: 0,
            start_after_hold: false,
            starts: 0,
            closing: false,
        }
    }

    /// Owns the process until its handle is gone and nothing of it lives.
    pub async fn run(mut self) {
        while !(self.closing && self.instance.is_none()) {
            let wake = self.next_wake();
            tokio::select! {
                order = self.orders.recv(), if !self.closing => match order {
                    Some(order) => self.obey(order),
                    None => self.close(),
                },
                exit = next_exit(&mut self.instance) => self.exited(exit),
                Some(report) = self.reports.recv() => self.probed(report),
                Some(_) = self.readers.join_next(), if !self.readers.is_empty() => {}
                Some(_) = self.helpers.join_next(), if !self.helpers.is_empty() => {}
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => self.wake(),
            }
        }
        // Whoever still holds the pipes open after this has been given up.
        let drained = async { while self.readers.join_next().await.is_some() {} };
        let _ = timeout(DRAIN_LIMIT, drained).await;
    }

    fn next_wake(&self) -> Option<Instant> {
        let look = self.ending.as_ref().map(|ending| ending.look_at);
        look.into_iter().chain(self.restart_at).min()
    }

    fn wake(&mut self) {
        let now = Instant::now();
        if self.ending.as_ref().is_some_and(|ending| ending.look_at <= now) {
            self.look(now);
        }
        if self.restart_at.is_some_and(|at| at <= now) {
            self.restart_at = None;
            self.start_again();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Start(reply) => self.start_ordered(reply),
            Order::Stop(reply) => self.stop(reply),
            Order::Kill { hold, reply } => self.kill(hold, reply),
            Order::Release(reply) => self.release(reply),
            Order::Pause(reply) => {
                let around = &self.launch.around;
                let result = running(&mut self.instance, &self.launch.options.name)
                    .and_then(|instance| instance.pause(around));
                self.show();
                answer(reply, result);
            }
            Order::Resume(reply) => {
                let result = self.instance.as_mut().map_or(Ok(()), Instance::resume);
                self.show();
                answer(reply, result);
            }
            Order::Signal { signal, reply } => {
                let result = running(&mut self.instance, &self.launch.options.name)
                    .and_then(|instance| instance.signal(signal));
                answer(reply, result);
            }
            Order::Send { line, reply } => self.send(line, reply),
        }
    }

    /// The handle is gone: whatever runs is killed.
    fn close(&mut self) {
        self.closing = true;
        self.restart_at = None;
        self.start_after_hold = false;
        self.end_tree(Intent::Stop, Duration::ZERO, None);
    }

    fn start_ordered(&mut self, reply: Reply) {
        let up = self.is_up();
        if self.holds > 0 {
            answer(reply, Err(ProcessError::HeldDown { name: self.name() }));
        } else if let Some(ending) = &mut self.ending {
            ending.start_after.push(reply);
        } else if up {
            answer(reply, Ok(()));
        } else {
            self.restart_at = None;
            self.start(Some(reply));
        }
    }

    fn stop(&mut self, reply: Reply) {
        self.restart_at = None;
        self.start_after_hold = false;
        let grace = if self.is_up() { self.launch.options.stop_grace } else { Duration::ZERO };
        self.end_tree(Intent::Stop, grace, Some(reply));
        self.show();
    }

    fn kill(&mut self, hold: bool, reply: Reply) {
        if hold {
            if self.holds == 0 {
                let ends_for_good = self.ending.as_ref().is_some_and(|one| one.intent == Intent::Stop);
                self.start_after_hold = (self.is_up() && !ends_for_good) || self.restart_at.is_some();
            }
            self.holds += 1;
            self.restart_at = None;
        }
        if self.instance.is_none() {
            let down = ProcessError::NotRunning { name: self.name() };
            answer(reply, if hold { Ok(()) } else { Err(down) });
        } else {
            self.end_tree(Intent::Kill, Duration::ZERO, Some(reply));
        }
        self.show();
    }

    fn release(&mut self, reply: Reply) {
        self.holds = self.holds.saturating_sub(1);
        if self.holds > 0 || !std::mem::take(&mut self.start_after_hold) {
            self.show();
            answer(reply, Ok(()));
        } else {
            self.start_ordered(reply);
            self.show();
        }
    }

    fn send(&mut self, line: Vec<u8>, reply: Reply) {
        match running(&mut self.instance, &self.launch.options.name) {
            Err(error) => answer(reply, Err(error)),
            Ok(instance) => match instance.input.try_send(Sent { line, reply }) {
                Ok(()) => {}
                Err(mpsc::error::TrySendError::Full(sent)) => {
                    answer(sent.reply, Err(ProcessError::InputFull { name: self.name() }));
                }
                Err(mpsc::error::TrySendError::Closed(sent)) => {
                    answer(sent.reply, Err(ProcessError::NotRunning { name: self.name() }));
                }
            },
        }
    }

    /// Begins to end the tree, or hastens an ending that is under way. Answers at once where there is no tree.
    fn end_tree(&mut self, intent: Intent, grace: Duration, reply: Option<Reply>) {
        let now = Instant::now();
        let Some(instance) = &mut self.instance else {
            if let Some(reply) = reply {
                answer(reply, Ok(()));
            }
            return;
        };
        let ending = self.ending.get_or_insert_with(|| Ending {
            intent,
            kill_at: now + grace,
            give_up_at: now + grace + KILL_LIMIT,
            look_at: now,
            pause: LOOK_FIRST,
            waiting: Vec::new(),
            start_after: Vec::new(),
        });
        ending.kill_at = ending.kill_at.min(now + grace);
        ending.give_up_at = ending.give_up_at.min(now + grace + KILL_LIMIT);
        ending.look_at = now;
        if intent == Intent::Clear && ending.intent == Intent::Kill {
            ending.intent = Intent::Clear;
        }
        if intent == Intent::Stop {
            ending.intent = Intent::Stop;
            for cancelled in ending.start_after.drain(..) {
                answer(cancelled, Err(ProcessError::Stopping { name: self.launch.options.name.clone() }));
            }
        }
        ending.waiting.extend(reply);
        if grace.is_zero() {
            self.look(now);
        } else {
            // Refused or not, the grace decides.
            let _ = instance.signal_tree(self.launch.options.stop_signal);
            // A stopped process takes no signal but SIGKILL.
            let _ = instance.resume();
        }
    }

    /// Looks whether the tree has ended, and kills it where its time is up.
    fn look(&mut self, now: Instant) {
        let (Some(instance), Some(ending)) = (&mut self.instance, &mut self.ending) else { return };
        let living = instance.living();
        if living.is_empty() && instance.exit.is_some() {
            self.conclude(true);
            return;
        }
        if now >= ending.give_up_at {
            self.conclude(false);
            return;
        }
        if now >= ending.kill_at {
            for member in living {
                member.signal(Signal::SIGKILL);
            }
        }
        let next = now + ending.pause;
        ending.look_at = if now < ending.kill_at { next.min(ending.kill_at) } else { next };
        ending.pause = (ending.pause * 2).min(LOOK_LATEST);
    }

    /// The tree has ended, or could not be ended. Tells whoever waits, and does what is to follow.
    fn conclude(&mut self, ended: bool) {
        let Some(instance) = self.instance.take() else { return };
        if ended {
            instance.over()
        } else {
            instance.given_up()
        }
        self.helpers.abort_all();
        let Some(ending) = self.ending.take() else { return };
        let follows = ended && ending.intent == Intent::Kill && self.holds == 0;
        if follows && self.restart_at.is_none() && ending.start_after.is_empty() && !self.closing {
            self.restart_at = self.restart_time();
        }
        self.show();
        for reply in ending.waiting {
            answer(reply, if ended { Ok(()) } else { Err(ProcessError::DoesNotEnd { name: self.name() }) });
        }
        let mut starters = ending.start_after.into_iter();
        if let Some(first) = starters.next() {
            self.start_ordered(first);
            starters.for_each(|other| self.start_ordered(other));
        } else if ending.intent == Intent::Clear && ended {
            self.start_again();
        }
    }

    fn restart_time(&self) -> Option<Instant> {
        self.launch.options.restart_after.map(|after| Instant::now() + after.max(RESTART_FLOOR))
    }

    /// Its own process has ended.
    fn exited(&mut self, exit: Exit) {
        let Some(instance) = &mut self.instance else { return };
        instance.note_exit(exit);
        let now = Instant::now();
        let ends_for_good = match &mut self.ending {
            Some(ending) => {
                ending.pause = LOOK_FIRST;
                ending.intent != Intent::Kill
            }
            None => false,
        };
        if !ends_for_good && self.holds == 0 {
            self.restart_at = self.restart_time();
        }
        let at = self.launch.around.timeline.now();
        self.shown.send_modify(|state| {
            (state.up, state.ready, state.identity) = (false, false, None);
            (state.exit, state.since) = (Some(exit), at);
        });
        self.show();
        if self.ending.is_some() {
            self.look(now);
        } else if self.instance.as_mut().is_some_and(|instance| instance.living().is_empty()) {
            self.conclude(true);
        }
    }

    fn probed(&mut self, report: Readiness) {
        let current = self.instance.as_ref().filter(|instance| instance.exit.is_none());
        if current.is_some_and(|instance| instance.number == report.instance) {
            self.shown.send_modify(|state| state.ready = report.ready);
        }
    }

    /// Starts it without anybody having asked just now; where that fails, it is tried again in the same time.
    fn start_again(&mut self) {
        if self.closing || self.holds > 0 || self.is_up() {
            return;
        }
        self.start(None);
    }

    /// Starts it, once the remains of an earlier start are out of the way.
    fn start(&mut self, reply: Option<Reply>) {
        if self.instance.is_some() {
            self.end_tree(Intent::Clear, Duration::ZERO, None);
            match &mut self.ending {
                Some(ending) => ending.start_after.extend(reply),
                // Ended within the call, which has started it as for nobody.
                None => {
                    if let Some(reply) = reply {
                        self.start_ordered(reply);
                    }
                }
            }
            return;
        }
        let started = self.spawn();
        let trouble = started.as_ref().err().map(|error| Arc::<str>::from(error.to_string()));
        if trouble.is_some() && reply.is_none() {
            self.restart_at = self.restart_time();
        }
        self.shown.send_modify(|state| state.trouble = trouble);
        self.show();
        if let Some(reply) = reply {
            answer(reply, started);
        }
    }

    fn spawn(&mut self) -> Result<(), ProcessError> {
        let options = &self.launch.options;
        let awaited = match &options.ready {
            Some(Probe::Line(expression)) => Some(expression.clone()),
            _ => None,
        };
        let sink = Sink {
            log: self.log.clone(),
            lines: self.lines.clone(),
            timeline: self.launch.around.timeline,
            instance: self.starts + 1,
            awaited,
            readiness: self.report.clone(),
        };
        let connections = Connections {
            program: &self.launch.program,
            folder: &self.launch.folder,
            sink,
            readers: &mut self.readers,
            helpers: &mut self.helpers,
            readiness: self.report.clone(),
        };
        let instance = Instance::start(options, &self.launch.around, connections)?;
        self.starts += 1;
        let (restarts, at) = (self.starts - 1, self.launch.around.timeline.now());
        let ready = options.ready.is_none();
        let identity = instance.tree.root.clone();
        self.instance = Some(instance);
        self.shown.send_modify(|state| {
            (state.up, state.ready, state.identity) = (true, ready, Some(identity));
            (state.restarts, state.since) = (restarts, at);
        });
        Ok(())
    }

    fn is_up(&self) -> bool {
        self.instance.as_ref().is_some_and(|instance| instance.exit.is_none())
    }

    fn name(&self) -> String {
        self.launch.options.name.clone()
    }

    /// Shows readers what follows from the task's own state, all of it at once.
    fn show(&mut self) {
        let up = self.is_up();
        let identity = self.instance.as_ref().filter(|_| up).map(|instance| instance.tree.root.clone());
        let paused = up && self.instance.as_ref().is_some_and(Instance::is_paused);
        let held = self.holds > 0;
        let restarting = !up && (self.restart_at.is_some() || (held && self.start_after_hold));
        self.shown.send_modify(|state| {
            state.ready &= up;
            (state.up, state.identity) = (up, identity);
            (state.paused, state.held, state.restarting) = (paused, held, restarting);
        });
    }
}

async fn next_exit(instance: &mut Option<Instance>) -> Exit {
    match instance {
        Some(instance) if instance.exit.is_none() => instance.exited().await,
        _ => std::future::pending().await,
    }
}

/// The instance whose own process runs.
fn running<'a>(instance: &'a mut Option<Instance>, name: &str) -> Result<&'a mut Instance, ProcessError> {
    let found = instance.as_mut().filter(|instance| instance.exit.is_none());
    found.ok_or_else(|| ProcessError::NotRunning { name: name.to_owned() })
}

/// Who asked may have been cut off by the end of a block; the order was carried out all the same.
fn answer(reply: Reply, result: Result<(), ProcessError>) {
    let _ = reply.send(result);
}
