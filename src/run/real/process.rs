//! Orders to processes, and what their states tell.

use super::{Shared, constraint, skew};
use crate::check::scenario::Origin;
use crate::event::{EventKind, Evidence};
use crate::kinds::host::stand::Stand;
use crate::kinds::process::error::ProcessError;
use crate::kinds::process::handle::Process;
use crate::kinds::process::limit::Limits;
use crate::kinds::process::options::signal_named;
use crate::kinds::process::skew::Clock;
use crate::kinds::process::state::{Exit, ProcessState};
use crate::kinds::request::{Answer as Reply, RequestError, Requester};
use crate::kinds::undo::{Marker, Tree};
use crate::lang::call::Call;
use crate::lang::expr::{SeriesId, TargetId};
use crate::lang::moment::Moment;
use crate::lang::unit::format_duration;
use crate::lang::value::Value;
use crate::run::world::{Answer, Effect, FaultId, Observation, Record, State, Ticket};
use futures_util::future::LocalBoxFuture;
use nix::sys::signal::Signal;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

/// The signals that are sent to end a process.
const ENDING: [Signal; 5] =
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGKILL, Signal::SIGABRT];

/// A declared process.
pub(super) struct ProcessTarget {
    process: Process,
    /// Its start is left to the story.
    pub later: bool,
    /// Where it is to answer once it is ready, as `host:port`.
    pub address: Option<String>,
    /// From where that is asked.
    pub stand: Stand,
    /// An order of the story is to end it, so that its exit is no surprise.
    expected: Cell<bool>,
    /// Since when each held act keeps it down; `None` while that is on its way.
    held: RefCell<HashMap<FaultId, Option<Moment>>>,
    paused: Cell<Option<Moment>>,
    /// What it was last told to be kept under.
    share: Cell<Option<f64>>,
    limits: Cell<Option<Limits>>,
    /// Its clock, where that is to be wrong somewhere.
    clock: Option<Clock>,
    skewed: Cell<Option<skew::Skewed>>,
}

impl ProcessTarget {
    pub fn new(process: Process, later: bool, address: Option<String>, stand: Stand) -> ProcessTarget {
        ProcessTarget {
            process,
            later,
            address,
            stand,
            expected: Cell::new(false),
            held: RefCell::default(),
            paused: Cell::new(None),
            share: Cell::new(None),
            limits: Cell::new(None),
            clock: None,
            skewed: Cell::new(None),
        }
    }

    /// The same with a clock that can be wrong.
    pub fn with_clock(self, clock: Option<Clock>) -> ProcessTarget {
        ProcessTarget { clock, ..self }
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Stops it for good, unless somebody else has started it.
    pub async fn end(&self) -> Result<(), ProcessError> {
        self.expected.set(true);
        self.process.conclude().await
    }

    /// Puts one of its properties into a state.
    pub fn set(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, property: &str, state: Option<State>) {
        match property {
            "running" => self.pause(shared, ticket, state),
            "throttle" => self.throttle(shared, ticket, state),
            "limit" => self.limit(shared, ticket, state),
            "clock" => shared.answer(ticket, self.skew(shared, state)),
            _ => shared.answer(ticket, Err(format!("a process has no state `{property}`"))),
        }
    }

    fn throttle(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, state: Option<State>) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let share = state.and_then(|state| state.call.arguments.number("cpu"));
        let asked = this.share.replace(share);
        tokio::task::spawn_local(async move {
            let (found, done) = this.process.throttle(share).await;
            let effect = found.zip(asked).map(|(found, asked)| constraint::throttled(asked, found));
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
        });
    }

    fn limit(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, state: Option<State>) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let limits = state.map(|state| constraint::limits_of(&state.call.arguments));
        let asked = this.limits.replace(limits);
        tokio::task::spawn_local(async move {
            let (found, done) = this.process.limit(limits).await;
            let effect = found.zip(asked).map(|(found, asked)| constraint::limited(asked, found));
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
        });
    }

    /// Puts its clock ahead or behind, or right again. It takes effect before this returns.
    fn skew(&self, shared: &Shared, state: Option<State>) -> Result<Answer, String> {
        let Some(clock) = &self.clock else {
            return Err("it was not started with a clock of its own".into());
        };
        let tree = self.process.state().identity.map(|root| {
            let marker =
                Marker { run: shared.setup.run.clone(), process: Some(self.process.name().to_owned()) };
            Tree { root, leads_session: true, marker: Some(marker) }
        });
        let effect = self.skewed.take().map(|skewed| skewed.effect(clock, tree.as_ref()));
        let ahead = state.map(|state| skew::ahead(&state.call.arguments));
        clock.set(ahead.unwrap_or(0)).map_err(|error| format!("its clock cannot be set: {error}"))?;
        self.skewed.set(ahead.map(|ahead| skew::Skewed::begin(clock, ahead)));
        Ok(Answer::Set(effect))
    }

    /// Pauses it, or lets it go on.
    fn pause(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, state: Option<State>) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        tokio::task::spawn_local(async move {
            let now = shared.now();
            let before = this.paused.take();
            let effect = before.map(|since| Effect {
                measured: Some(format!("stopped for {}", format_duration(now.since(since)))),
                evidence: if this.process.state().paused { Evidence::Measured } else { Evidence::None },
            });
            let done = match state {
                Some(_) => {
                    let paused = this.process.pause().await;
                    if paused.is_ok() {
                        this.paused.set(Some(shared.now()));
                    }
                    paused
                }
                None => this.process.resume().await,
            };
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
        });
    }

    pub fn act(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, call: &Call, held: Option<FaultId>) {
        let (this, shared, call) = (Rc::clone(self), Rc::clone(shared), call.clone());
        if let Some(fault) = held {
            this.held.borrow_mut().insert(fault, None);
        }
        if this.process.state().up && ends(&call) {
            this.expected.set(true);
        }
        tokio::task::spawn_local(async move {
            let done = match (call.verb, held) {
                ("start", _) => this.process.start().await,
                ("kill", None) => this.process.kill().await,
                ("kill", Some(_)) => this.process.hold_down().await,
                ("stop", None) => this.process.stop().await,
                ("stop", Some(_)) => match this.process.stop().await {
                    // Stopping takes its time; the block that wanted it held may have ended meanwhile.
                    Ok(()) if this.is_held(held) => this.process.hold_down().await,
                    other => other,
                },
                ("restart", _) => this.process.restart().await,
                ("signal", _) => match signal_named(call.arguments.text("signal").unwrap_or_default()) {
                    Ok(signal) => this.process.signal(signal).await,
                    Err(error) => Err(error),
                },
                (verb, _) => return shared.answer(ticket, Err(format!("a process cannot `{verb}` yet"))),
            };
            if done.is_err() {
                this.expected.set(false);
                held.and_then(|fault| this.held.borrow_mut().remove(&fault));
            } else if let Some(fault) = held
                && let Some(since) = this.held.borrow_mut().get_mut(&fault)
            {
                *since = Some(shared.now());
            }
            shared.answer(ticket, done.map(|()| Answer::Done).map_err(|error| error.to_string()));
        });
    }

    fn is_held(&self, held: Option<FaultId>) -> bool {
        held.is_some_and(|fault| self.held.borrow().contains_key(&fault))
    }

    pub fn release(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, call: &Call, held: FaultId) {
        let (this, shared) = (Rc::clone(self), Rc::clone(shared));
        let stopped = call.verb == "stop";
        tokio::task::spawn_local(async move {
            let since = this.held.borrow_mut().remove(&held);
            let down = !this.process.state().up;
            let mut done = this.process.release().await;
            if done.is_ok() && stopped && this.held.borrow().is_empty() {
                // A process that was asked to stop is not started by letting go of it.
                done = this.process.start().await;
            }
            let since = since.flatten();
            let length = since.map(|since| shared.now().since(since));
            let effect = Effect {
                measured: length
                    .filter(|_| down)
                    .map(|length| format!("down for {}", format_duration(length))),
                evidence: match since {
                    // Let go before it was down: nothing was held.
                    None => Evidence::NotExercised,
                    Some(_) if down => Evidence::Measured,
                    Some(_) => Evidence::None,
                },
            };
            shared.answer(ticket, done.map(|()| Answer::Released(effect)).map_err(|error| error.to_string()));
        });
    }

    /// Tells of every change of its state, from now on.
    pub fn watch(self: &Rc<Self>, shared: &Rc<Shared>, target: TargetId) {
        let series = series_of(shared, target);
        let mut states = self.process.watch();
        let (this, told) = (Rc::clone(self), Rc::clone(shared));
        shared.watch(tokio::task::spawn_local(async move {
            let mut last = ProcessState::default();
            loop {
                let state = states.borrow_and_update().clone();
                this.changed(&told, target, &series, &last, &state);
                last = state;
                if states.changed().await.is_err() {
                    return;
                }
            }
        }));
    }

    fn changed(
        &self,
        shared: &Shared,
        target: TargetId,
        series: &[(SeriesId, &'static str)],
        last: &ProcessState,
        state: &ProcessState,
    ) {
        let at = shared.now();
        for (id, reading) in series {
            if let Some(value) = reading_of(state, reading) {
                shared.tell(Observation::Recorded { series: *id, at, record: Record::Value(value) });
            }
        }
        let name = || shared.name(target).to_string();
        let told = |event| shared.tell(Observation::Told { at, event });
        if state.identity != last.identity || (last.up && !state.up) {
            if last.up {
                let (code, signal) = match state.exit {
                    Some(Exit::Code(code)) => (Some(code), None),
                    Some(Exit::Signal(signal)) => (None, Some(signal)),
                    None => (None, None),
                };
                let expected = self.expected.replace(false) || shared.stopped.get();
                told(EventKind::ProcessExited { target: name(), code, signal, expected });
            }
            if let Some(pid) = state.pid() {
                shared.tell(Observation::Restarted { target, at });
                let found = self.process.is_found();
                told(EventKind::ProcessStarted { target: name(), pid: pid.unsigned_abs(), found });
            }
        }
        if last.ready && !state.ready && state.identity == last.identity {
            told(EventKind::Noticed {
                line: None,
                text: format!("`{}` runs, but is no longer ready", name()),
            });
        }
        if state.ready && !last.ready {
            told(EventKind::ProcessReady { target: name(), took: at.since(state.since).as_secs_f64() });
        }
    }
}

/// Whether what a process is told ends it, so that its exit surprises nobody.
fn ends(call: &Call) -> bool {
    match call.verb {
        "kill" | "stop" | "restart" => true,
        "signal" => {
            let signal = signal_named(call.arguments.text("signal").unwrap_or_default());
            signal.is_ok_and(|signal| ENDING.contains(&signal))
        }
        _ => false,
    }
}

/// The readings that follow a process's state, of one target.
fn series_of(shared: &Shared, target: TargetId) -> Vec<(SeriesId, &'static str)> {
    let all = shared.setup.scenario.series.iter().enumerate();
    all.filter_map(|(index, series)| match &series.origin {
        Origin::Target { target: of, reading, .. } if *of == target => {
            Some((SeriesId(index as u32), reading.name))
        }
        _ => None,
    })
    .collect()
}

/// Whether a reading follows a process's state, and is told whenever that changes.
pub(super) fn follows_state(reading: &str) -> bool {
    matches!(reading, "up" | "ready" | "restarts" | "exit_code")
}

/// A reading that a process's state tells.
pub(super) fn reading_of(state: &ProcessState, reading: &str) -> Option<Value> {
    match reading {
        "up" => Some(Value::Bool(state.up)),
        "ready" => Some(Value::Bool(state.ready)),
        "restarts" => Some(Value::number(state.restarts as f64)),
        "exit_code" => state.exit_code().map(|code| Value::number(f64::from(code))),
        _ => None,
    }
}

impl Requester for ProcessTarget {
    fn request<'a>(&'a self, _user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Reply, RequestError>> {
        Box::pin(async move {
            let line = line(call);
            let sent = self.process.send(&line).await;
            sent.map_err(|error| RequestError::Failed(error.to_string()))?;
            Ok(Reply { bytes: line.len() as u64 + 1, ..Reply::default() })
        })
    }
}

/// The line that `send` sends: a text, or an object on one line.
pub(super) fn line(call: &Call) -> String {
    match call.arguments.value("json") {
        Some(json) => json.to_json().to_string(),
        None => call.arguments.value("line").map(Value::to_string).unwrap_or_default(),
    }
}
