//! The task that stands in for a supervisor of a process that soak did not start.
//!
//! It takes the orders that a supervisor takes. Orders are carried out one after the other, each to its end; the process is
//! watched by a descriptor, and looked for again when it has ended. A service that soak brought down is started again when
//! the run ends, at the latest, and the journal knows of it before it goes down.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::signal::Signal;
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet, spawn_blocking};
use tokio::time::{Instant, sleep_until, timeout};

use super::FoundOptions;
use super::whereabouts::LookError;
use crate::kinds::process::constraining::{Constraining, Start};
use crate::kinds::process::constraint::Constraints;
use crate::kinds::process::error::ProcessError;
use crate::kinds::process::options::{STOP_GRACE, Surroundings};
use crate::kinds::process::pausing;
use crate::kinds::process::probe::{FileMark, Probing, Readiness};
use crate::kinds::process::state::ProcessState;
use crate::kinds::process::supervisor::{Order, REPORTS, answer};
use crate::kinds::undo::{
    Applied, Delivery, DownService, Identity, Marker, ProcessTable, Service, Tree, Undo, UndoError,
};

/// How often a process that is down is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often its supervisor is asked for it.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// How long a service may take from having been started to having a main process.
const APPEARS_WITHIN: Duration = Duration::from_secs(5);

/// The process as it runs.
struct Found {
    tree: Tree,
    /// Readable when its own process has ended.
    gone: AsyncFd<OwnedFd>,
    paused: Option<Applied>,
    constraints: Constraints,
    probing: Option<AbortHandle>,
}

pub(in crate::kinds::process) struct Keeper {
    options: FoundOptions,
    around: Surroundings,
    orders: mpsc::Receiver<Order>,
    shown: watch::Sender<ProcessState>,
    report: mpsc::Sender<Readiness>,
    reports: mpsc::Receiver<Readiness>,
    companions: JoinSet<()>,
    service: Option<Arc<Service>>,
    found: Option<Found>,
    /// The run has begun, so that a process that is down is looked for.
    begun: bool,
    look_at: Option<Instant>,
    number: u64,
    /// How often it came back without an order.
    restarts: u64,
    /// An order has ended it, so that its coming back is no restart by itself.
    ordered: bool,
    holds: u32,
    /// The service is down because soak brought it down.
    down: Option<Applied>,
    constraining: Constraining,
}

impl Keeper {
    pub fn new(
        options: FoundOptions,
        around: Surroundings,
        orders: mpsc::Receiver<Order>,
        shown: watch::Sender<ProcessState>,
    ) -> Keeper {
        let (report, reports) = mpsc::channel(REPORTS);
        Keeper {
            options,
            around,
            orders,
            shown,
            report,
            reports,
            companions: JoinSet::new(),
            service: None,
            found: None,
            begun: false,
            look_at: None,
            number: 0,
            restarts: 0,
            ordered: false,
            holds: 0,
            down: None,
            constraining: Constraining::default(),
        }
    }

    /// Keeps it until its handle is gone; then it is as free as it was, and runs if soak brought it down.
    pub async fn run(mut self) {
        loop {
            let look_at = self.look_at.filter(|_| self.found.is_none());
            tokio::select! {
                order = self.orders.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => break,
                },
                () = ended(&self.found) => self.ended(),
                Some(report) = self.reports.recv() => self.probed(report),
                Some(_) = self.companions.join_next(), if !self.companions.is_empty() => {}
                () = sleep_until(look_at.unwrap_or_else(Instant::now)), if look_at.is_some() => {
                    if self.look().await.is_err() {
                        self.look_at = Some(Instant::now() + self.pause());
                    }
                }
            }
        }
        drop(self.found.take());
        if let Some(down) = self.down.take() {
            // What of it fails stays in the journal.
            let _ = spawn_blocking(move || down.undo()).await;
        }
    }

    fn pause(&self) -> Duration {
        if self.service.is_some() { ASK_EVERY } else { LOOK_EVERY }
    }

    async fn obey(&mut self, order: Order) {
        match order {
            Order::Begin(reply) => answer(reply, self.begin().await),
            Order::Start(reply) => answer(reply, self.start().await),
            Order::Stop(reply) => answer(reply, self.stop().await),
            Order::Kill { hold, reply } => {
                self.holds += u32::from(hold);
                let killed = self.kill(hold).await;
                // It is held all the same.
                answer(reply, killed);
            }
            Order::Release(reply) => {
                self.holds = self.holds.saturating_sub(1);
                let done = if self.holds == 0 && self.down.is_some() { self.start().await } else { Ok(()) };
                answer(reply, done);
            }
            Order::Pause(reply) => answer(reply, self.pause_it()),
            Order::Resume(reply) => answer(reply, self.resume()),
            Order::Throttle { share, reply } => {
                let (name, around) = (&self.options.name, &self.around);
                self.constraining.throttle(start_of(&mut self.found), name, share, around, reply);
            }
            Order::Limit { limits, reply } => {
                let (name, around) = (&self.options.name, &self.around);
                self.constraining.limit(start_of(&mut self.found), name, limits, around, reply);
            }
            Order::Signal { signal, reply } => {
                let signalled = self.running().and_then(|found| match found.tree.root.signal(signal) {
                    Delivery::Sent => Ok(()),
                    Delivery::Gone => Err(self.not_running()),
                    Delivery::NotPermitted => Err(self.not_permitted()),
                });
                answer(reply, signalled);
            }
            Order::Send { reply, .. } => answer(reply, Err(self.not_running())),
        }
    }

    /// Finds it for the first time.
    async fn begin(&mut self) -> Result<(), ProcessError> {
        let whereabouts = self.options.whereabouts.clone();
        let service = blocking(move || whereabouts.service()).await;
        self.service = service.map_err(|reason| self.not_found(reason))?.map(Arc::new);
        self.look().await.map_err(|reason| self.not_found(reason))?;
        self.begun = true;
        Ok(())
    }

    async fn start(&mut self) -> Result<(), ProcessError> {
        if self.holds > 0 {
            return Err(ProcessError::HeldDown { name: self.options.name.clone() });
        }
        if self.found.is_none() {
            self.ordered = true;
            self.tell("start").await?;
            let deadline = Instant::now() + APPEARS_WITHIN;
            while let Err(reason) = self.look().await {
                if Instant::now() >= deadline {
                    return Err(self.not_found(reason));
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        }
        if let Some(down) = self.down.take() {
            down.settle();
        }
        Ok(())
    }

    /// Asks it, or its supervisor, to end it, and waits until it has.
    async fn stop(&mut self) -> Result<(), ProcessError> {
        if self.found.is_none() && self.service.is_none() {
            return Ok(());
        }
        self.ordered = true;
        if self.service.is_some() {
            self.remember()?;
            self.tell("stop").await?;
            return self.wait_for_end().await;
        }
        let found = self.running()?;
        if found.tree.root.signal(Signal::SIGTERM) == Delivery::NotPermitted {
            return Err(self.not_permitted());
        }
        match timeout(STOP_GRACE, ended(&self.found)).await {
            Ok(()) => {
                self.ended();
                Ok(())
            }
            Err(_) => self.kill_tree().await,
        }
    }

    /// Kills it; a service is kept down where that is asked.
    async fn kill(&mut self, hold: bool) -> Result<(), ProcessError> {
        if self.found.is_none() && !hold {
            return Err(self.not_running());
        }
        self.ordered |= hold;
        self.remember()?;
        if self.found.is_some() {
            self.kill_tree().await?;
        }
        if hold && self.service.is_some() {
            // Its supervisor might start it again; some have begun to already.
            self.tell("stop").await?;
            self.wait_for_end().await?;
        }
        Ok(())
    }

    async fn kill_tree(&mut self) -> Result<(), ProcessError> {
        let tree = self.running()?.tree.clone();
        let killed = blocking(move || tree.kill()).await;
        killed.map_err(|error| match error {
            UndoError::NotPermitted { .. } => self.not_permitted(),
            other => other.into(),
        })?;
        self.ended();
        Ok(())
    }

    async fn wait_for_end(&mut self) -> Result<(), ProcessError> {
        if self.found.is_some() {
            let ended = timeout(STOP_GRACE, ended(&self.found)).await;
            ended.map_err(|_| ProcessError::DoesNotEnd { name: self.options.name.clone() })?;
            self.ended();
        }
        Ok(())
    }

    /// Writes down that the service is to run again, before it is brought down.
    fn remember(&mut self) -> Result<(), ProcessError> {
        if let (Some(service), None) = (&self.service, &self.down) {
            let undo = Undo::Down(DownService { service: Service::clone(service) });
            self.down = Some(Applied::record(&self.around.recorder, undo)?);
        }
        Ok(())
    }

    async fn tell(&self, action: &'static str) -> Result<(), ProcessError> {
        let service = self.service.clone().ok_or_else(|| self.not_running())?;
        Ok(blocking(move || service.tell(action)).await?)
    }

    fn pause_it(&mut self) -> Result<(), ProcessError> {
        let name = self.options.name.clone();
        let found = self.found.as_mut().ok_or(ProcessError::NotRunning { name: name.clone() })?;
        if found.paused.is_none() {
            let tree = &found.tree;
            let living = || ProcessTable::read().map(|table| tree.members(&table)).unwrap_or_default();
            found.paused = Some(pausing::pause(&name, tree, &found.constraints, &self.around, living)?);
        }
        self.shown.send_modify(|state| state.paused = true);
        Ok(())
    }

    fn resume(&mut self) -> Result<(), ProcessError> {
        self.shown.send_modify(|state| state.paused = false);
        let Some(found) = &mut self.found else { return Ok(()) };
        let paused = found.paused.take();
        paused.map_or(Ok(()), |paused| pausing::resume(paused, &found.constraints))
    }

    /// Looks for it, and takes it in where it is there.
    async fn look(&mut self) -> Result<(), LookError> {
        if self.found.is_some() {
            return Ok(());
        }
        let (whereabouts, service) = (self.options.whereabouts.clone(), self.service.clone());
        let identity = blocking(move || whereabouts.look(service.as_deref())).await?;
        // SAFETY: the descriptor must stay open and be the same one for as long as it is registered. The wrapper owns it,
        // and it is never taken out or replaced.
        let register = |gone| {
            unsafe { AsyncFd::register_with_interest(gone, Interest::READABLE) }.map_err(io::Error::from)
        };
        let gone = identity.open().and_then(register);
        let found = gone.and_then(|gone| self.take_in(identity, gone).map_err(io::Error::other));
        found.map_err(|error| LookError::Tool(error.to_string()))
    }

    fn take_in(&mut self, identity: Identity, gone: AsyncFd<OwnedFd>) -> Result<(), ProcessError> {
        let tree = Tree { root: identity.clone(), leads_session: false, marker: None };
        let mut constraints = Constraints::default();
        self.constraining.constrain(&mut constraints, &tree, &self.options.name, &self.around)?;
        self.number += 1;
        let ordered = std::mem::take(&mut self.ordered);
        self.restarts += u64::from(self.begun && !ordered);
        let probing = self.probing();
        let probing = probing.map(|probing| self.companions.spawn(probing.watch(self.report.clone())));
        let (restarts, at) = (self.restarts, self.around.timeline.now());
        let ready = probing.is_none();
        self.found = Some(Found { tree, gone, paused: None, constraints, probing });
        if self.holds == 0
            && let Some(down) = self.down.take()
        {
            // Somebody has started it again.
            down.settle();
        }
        self.shown.send_modify(|state| {
            (state.up, state.ready, state.identity) = (true, ready, Some(identity));
            (state.restarts, state.since) = (restarts, at);
        });
        Ok(())
    }

    fn probing(&self) -> Option<Probing> {
        Some(Probing {
            probe: self.options.ready.clone()?,
            instance: self.number,
            before: FileMark::default(),
            environment: Vec::new(),
            folder: self.around.scenario_folder.clone(),
            scenario_folder: self.around.scenario_folder.clone(),
            marker: Marker { run: self.around.run.clone(), process: None },
            place: None,
        })
    }

    /// It has ended: nobody of it is left to be let go, and it may come back.
    fn ended(&mut self) {
        let Some(mut found) = self.found.take() else { return };
        self.constraining.gather(&mut found.constraints);
        if let Some(probing) = found.probing.take() {
            probing.abort();
        }
        // Some of it may live on without its own process.
        drop(found.paused.take());
        self.look_at = Some(Instant::now());
        let at = self.around.timeline.now();
        self.shown.send_modify(|state| {
            (state.up, state.ready, state.paused, state.identity) = (false, false, false, None);
            state.since = at;
        });
    }

    fn probed(&mut self, report: Readiness) {
        if self.found.is_some() && report.instance == self.number {
            self.shown.send_modify(|state| state.ready = report.ready);
        }
    }

    fn running(&self) -> Result<&Found, ProcessError> {
        self.found.as_ref().ok_or_else(|| self.not_running())
    }

    fn not_running(&self) -> ProcessError {
        ProcessError::NotRunning { name: self.options.name.clone() }
    }

    fn not_permitted(&self) -> ProcessError {
        ProcessError::NotPermitted { name: self.options.name.clone() }
    }

    fn not_found(&self, reason: LookError) -> ProcessError {
        ProcessError::NotFound { name: self.options.name.clone(), reason }
    }
}

fn start_of(found: &mut Option<Found>) -> Option<Start<'_>> {
    let found = found.as_mut()?;
    Some(Start { constraints: &mut found.constraints, tree: &found.tree, runs: true })
}

/// Waits for its end, without one where it is down. Cancelling loses nothing.
async fn ended(found: &Option<Found>) {
    match found {
        // Its descriptor stays readable, and an error is as good as an end.
        Some(found) => drop(found.gone.readable().await),
        None => std::future::pending().await,
    }
}

/// Does what waits for others beside the runtime's own thread.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match spawn_blocking(work).await {
        Ok(done) => done,
        // It was not cancelled, so it has panicked.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
