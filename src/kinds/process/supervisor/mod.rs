//! The task that owns one process: takes orders, notices exits, starts again what is to be started again.
//!
//! No order blocks the next: a stop that waits for its grace can be overtaken by a kill. So an ending is a state
//! ([`ending`]) that the loop comes back to, not a wait inside an order.

mod ending;
mod starting;

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::constraining::{Changed, Constraining, Start};
use super::error::ProcessError;
use super::instance::Instance;
use super::limit::{Limited, Limits};
use super::options::{ProcessOptions, Surroundings};
use super::output::OutputLine;
use super::probe::Readiness;
use super::state::{Exit, ProcessState};
use super::stdin::Sent;
use super::throttle::Throttled;
use ending::{Ending, Intent, LOOK_FIRST};

/// How long the last output may take to be read once nobody is left to write.
const DRAIN_LIMIT: Duration = Duration::from_secs(1);
/// Reports of probes on their way.
pub(super) const REPORTS: usize = 16;

/// Answers an order.
pub(super) type Reply = oneshot::Sender<Result<(), ProcessError>>;

/// What the process is told.
pub(super) enum Order {
    /// The run begins: it is to run, and to be there where somebody else starts it.
    Begin(Reply),
    Start(Reply),
    Stop(Reply),
    Kill {
        hold: bool,
        reply: Reply,
    },
    Release(Reply),
    Pause(Reply),
    Resume(Reply),
    Throttle {
        share: Option<f64>,
        reply: Changed<Throttled>,
    },
    Limit {
        limits: Option<Limits>,
        reply: Changed<Limited>,
    },
    Signal {
        signal: Signal,
        reply: Reply,
    },
    Send {
        line: Vec<u8>,
        reply: Reply,
    },
}

/// A process that can be started.
pub(super) struct Launch {
    pub options: ProcessOptions,
    pub around: Surroundings,
    pub program: PathBuf,
    pub folder: PathBuf,
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
    companions: JoinSet<()>,
    instance: Option<Instance>,
    ending: Option<Ending>,
    constraining: Constraining,
    restart_at: Option<Instant>,
    holds: u32,
    start_after_hold: bool,
    starts: u64,
    /// How many of them the policy brought about.
    restarts: u64,
    /// The next start is the policy's, and nobody asked for it.
    unasked: bool,
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
            companions: JoinSet::new(),
            instance: None,
            ending: None,
            constraining: Constraining::default(),
            restart_at: None,
            holds: 0,
            start_after_hold: false,
            starts: 0,
            restarts: 0,
            unasked: false,
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
                Some(_) = self.companions.join_next(), if !self.companions.is_empty() => {}
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
            self.unasked = true;
            self.start_again();
        }
    }

    fn obey(&mut self, order: Order) {
        match order {
            Order::Begin(reply) | Order::Start(reply) => self.start_ordered(reply),
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
            Order::Throttle { share, reply } => {
                let (name, around) = (&self.launch.options.name, &self.launch.around);
                self.constraining.throttle(start_of(&mut self.instance), name, share, around, reply);
            }
            Order::Limit { limits, reply } => {
                let (name, around) = (&self.launch.options.name, &self.launch.around);
                self.constraining.limit(start_of(&mut self.instance), name, limits, around, reply);
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
            self.unasked = false;
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

fn start_of(instance: &mut Option<Instance>) -> Option<Start<'_>> {
    let instance = instance.as_mut()?;
    let runs = instance.exit.is_none();
    Some(Start { constraints: &mut instance.constraints, tree: &instance.tree, runs })
}

/// Who asked may have been cut off by the end of a block; the order was carried out all the same.
pub(super) fn answer(reply: Reply, result: Result<(), ProcessError>) {
    let _ = reply.send(result);
}
