//! The engine: a thread of its own on which all loads of a run take place, so that neither the interpreter nor
//! a proxy makes an arrival late.

use super::effort::{Effort, Meter};
use super::order::{LoadOrder, Plan};
use super::recorder::{Ended, Tick};
use super::state::State;
use super::stop::Stop;
use super::{closed, open};
use crate::check::scenario::LoadSubject;
use crate::event::LoadSummary;
use crate::kinds::request::Requester;
use crate::lang::moment::Moment;
use crate::lang::wakeup::Wakeups;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::LocalSet;

pub use super::state::Given;

/// How often what happened is handed on.
const TICK: Duration = Duration::from_millis(50);

/// How long a window of histograms is, for the interval log.
const WINDOW: Duration = Duration::from_secs(10);

/// The runtime looks at its sockets and timers after so many rounds of tasks that are ready, each of some sixty. With
/// more, an answer that has come would be noticed milliseconds later when much else is to be done.
const EVENT_INTERVAL: u32 = 4;

/// What the engine tells.
pub enum Report {
    /// What has happened lately.
    Tick(Tick),
    /// A window of an action or mix is over.
    Window(Ended),
    /// A load has ended, its grace included. Every tick of it came before.
    Ended {
        /// Which.
        id: u64,
        /// When.
        at: Moment,
    },
}

enum Command {
    Start(LoadOrder),
    Stop { id: u64, at: Moment },
    Flush(oneshot::Sender<()>),
    Summaries(oneshot::Sender<Vec<LoadSummary>>),
}

/// Makes the clients of a run, by target, on the engine's own thread.
pub type MakeRequesters = Box<dyn FnOnce() -> io::Result<Vec<Option<Rc<dyn Requester>>>> + Send>;

/// The handle of the engine. When it is dropped, all loads are cut and the thread ends.
pub struct Engine {
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Engine {
    /// Starts the thread. What happens goes to `reports`.
    pub fn start(
        given: Given,
        make: MakeRequesters,
        reports: mpsc::UnboundedSender<Report>,
    ) -> io::Result<Engine> {
        let (commands, inbox) = mpsc::unbounded_channel();
        let (ready, started) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new().name("soak-load".into()).spawn(move || {
            let made =
                runtime::Builder::new_current_thread().event_interval(EVENT_INTERVAL).enable_all().build();
            let runtime = match made {
                Ok(runtime) => runtime,
                Err(error) => return drop(ready.send(Err(error))),
            };
            LocalSet::new().block_on(&runtime, async move {
                let parts = Wakeups::sparing().and_then(|wakeups| Ok((wakeups, make()?)));
                match parts {
                    Ok((wakeups, requesters)) => {
                        let state = Rc::new(State::new(given, wakeups, requesters));
                        let _ = ready.send(Ok(()));
                        serve(state, inbox, reports).await;
                    }
                    Err(error) => drop(ready.send(Err(error))),
                }
            });
            // A name that is still being looked up must not hold up the end of the run.
            runtime.shutdown_background();
        })?;
        started.recv().unwrap_or_else(|_| Err(io::Error::other("the load engine did not start")))?;
        Ok(Engine { commands: Some(commands), thread: Some(thread) })
    }

    fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // The thread ends only when this handle is dropped.
            let _ = commands.send(command);
        }
    }

    /// Begins a load.
    pub fn begin(&self, order: LoadOrder) {
        self.send(Command::Start(order));
    }

    /// Ends a load at a moment: what is due before it is still begun, and what is in flight has its grace.
    pub fn end(&self, id: u64, at: Moment) {
        self.send(Command::Stop { id, at });
    }

    /// Waits until everything that has happened so far has been handed on.
    pub fn flush(&self) -> impl Future<Output = ()> + use<> {
        let (done, waiting) = oneshot::channel();
        self.send(Command::Flush(done));
        async {
            // No answer means that the engine has ended, and with it everything there was to hand on.
            let _ = waiting.await;
        }
    }

    /// The totals so far. The present windows end with it.
    pub async fn summaries(&self) -> Vec<LoadSummary> {
        let (done, waiting) = oneshot::channel();
        self.send(Command::Summaries(done));
        waiting.await.unwrap_or_default()
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Loads that run, and how each is told its end.
type Running = Rc<RefCell<HashMap<u64, watch::Sender<Moment>>>>;

async fn serve(
    state: Rc<State>,
    mut inbox: mpsc::UnboundedReceiver<Command>,
    reports: mpsc::UnboundedSender<Report>,
) {
    let running: Running = Running::default();
    let mut desk = Desk { meter: Meter::new(), reports, window: state.now(), state };
    let mut next_tick = None;
    loop {
        let (state, next_window) = (&desk.state, desk.window.after(WINDOW));
        tokio::select! {
            command = inbox.recv() => match command {
                Some(Command::Start(order)) => start(state, &running, order, &desk.reports),
                Some(Command::Stop { id, at }) => {
                    if let Some(stop) = running.borrow().get(&id) {
                        stop.send_modify(|end| *end = (*end).min(at));
                    }
                }
                Some(Command::Flush(done)) => {
                    desk.tick();
                    let _ = done.send(());
                }
                Some(Command::Summaries(done)) => {
                    desk.end_window(desk.state.now()).await;
                    let scenario = Arc::clone(&desk.state.given.scenario);
                    let name = |subject| scenario.subject_name(subject).to_string();
                    let capture = |subject, index: usize| match subject {
                        LoadSubject::Action(action) => scenario.action(action).captures[index].clone(),
                        LoadSubject::Mix(_) => String::new(),
                    };
                    let recorder = desk.state.recorder.borrow();
                    let _ = done.send(recorder.summaries(desk.state.now(), name, capture));
                }
                None => return,
            },
            () = state.news.notified(), if next_tick.is_none() => next_tick = Some(state.now().after(TICK)),
            () = state.sleep_until(next_tick.unwrap_or(Moment::NEVER)), if next_tick.is_some() => {
                desk.tick();
                next_tick = None;
            }
            () = state.sleep_until(next_window) => desk.end_window(next_window).await,
        }
    }
}

/// Hands on what happens.
struct Desk {
    state: Rc<State>,
    reports: mpsc::UnboundedSender<Report>,
    meter: Meter,
    /// When the present window began.
    window: Moment,
}

impl Desk {
    fn tick(&mut self) {
        let effort = self.meter.since_last();
        flush(&self.state, effort, &self.reports);
    }

    async fn end_window(&mut self, until: Moment) {
        let from = std::mem::replace(&mut self.window, until);
        let subjects = self.state.recorder.borrow().subjects();
        for place in 0..subjects {
            let ended = self.state.recorder.borrow_mut().end_window(place, from, until);
            if let Some(ended) = ended {
                let _ = self.reports.send(Report::Window(ended));
                // Each takes a tenth of a millisecond, in which no arrival can be begun.
                tokio::task::yield_now().await;
            }
        }
    }
}

fn flush(state: &State, effort: Effort, reports: &mpsc::UnboundedSender<Report>) {
    let tick = Tick { effort, ..state.take_tick() };
    if !tick.is_empty() {
        let _ = reports.send(Report::Tick(tick));
    }
}

fn start(state: &Rc<State>, running: &Running, order: LoadOrder, reports: &mpsc::UnboundedSender<Report>) {
    let end = order.duration.map_or(Moment::NEVER, |duration| order.start.after(duration));
    let (stop, stopped) = watch::channel(end);
    running.borrow_mut().insert(order.id, stop);
    let (state, running, reports) = (Rc::clone(state), Rc::clone(running), reports.clone());
    tokio::task::spawn_local(async move {
        let subjects = state.subjects(order.subject);
        state.recorder.borrow_mut().load_started(&subjects, order.start);
        state.sleep_until(order.start).await;
        let stop = Stop::new(stopped);
        match order.plan {
            Plan::Rate { .. } => open::run(Rc::clone(&state), &order, stop.clone()).await,
            _ => closed::run(Rc::clone(&state), &order, stop.clone()).await,
        }
        let at = state.now();
        // A rate is over the time asked for, also when its last arrival came well before the end.
        let timed = order.times.is_none() && matches!(order.plan, Plan::Rate { .. } | Plan::Users { .. });
        let worked_until = match stop.moment() {
            Moment::NEVER => at,
            end if timed => end,
            end => end.min(at),
        };
        state.recorder.borrow_mut().load_ended(&subjects, worked_until);
        state.release(order.id);
        running.borrow_mut().remove(&order.id);
        // The effort is told with the next tick of the desk.
        flush(&state, Effort::default(), &reports);
        let _ = reports.send(Report::Ended { id: order.id, at });
    });
}
