//! The real world: what the interpreter orders is done to real processes, links, folders and services.
//!
//! Everything here is a thin binding; what a thing does stands with its kind. Each order becomes a task on the
//! interpreter's own thread, and whatever happens comes back through one channel.

mod account;
mod command;
mod command_output;
mod constraint;
mod database;
mod disk;
mod doubt;
pub mod execute;
mod following;
mod histograms;
mod launch;
mod link;
mod loads;
mod machine;
mod network;
mod packet_link;
mod probe;
mod process;
mod process_settings;
mod receive;
mod request;
mod sample;
mod settings;
mod skew;
mod source;

pub use settings::SetupError;

use super::world::{Answer, LoadId, Observation, Order, Sampling, Ticket, World};
use crate::check::scenario::{Argued, LoadSubject, Origin, Scenario};
use crate::event::EventKind;
use crate::event::control::Control;
use crate::kinds::client::Around;
use crate::kinds::host::hosts::Hosts;
use crate::kinds::host::network::Network;
use crate::kinds::host::stand::Stand;
use crate::kinds::process::options::Surroundings as ProcessSurroundings;
use crate::kinds::process::supervision::Supervision;
use crate::kinds::reach::Reach;
use crate::kinds::request::Requester;
use crate::kinds::undo::{Recorder, RunId};
use crate::lang::eval::NoValue;
use crate::lang::expr::{SeriesId, TargetId};
use crate::lang::function::{Aggregate, SourceKind};
use crate::lang::mask::Mask;
use crate::lang::moment::{Moment, Timeline};
use crate::lang::value::Value;
use crate::lang::wakeup::Wakeups;
use crate::load::engine::Engine;
use crate::measure::Window;
use crate::measure::follow::HubHandle;
use crate::source::Sources;
use futures_util::future::LocalBoxFuture;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;

/// What a real run needs to know beyond its scenario.
#[derive(Clone)]
pub struct Setup {
    /// The checked scenario.
    pub scenario: Arc<Scenario>,
    /// Its text.
    pub sources: Arc<Sources>,
    /// The run's time.
    pub timeline: Timeline,
    /// The run's seed.
    pub seed: u64,
    /// The run's own name, which marks whatever it starts.
    pub run: RunId,
    /// Where undos are written down.
    pub recorder: Arc<dyn Recorder>,
    /// Where relative paths start.
    pub folder: PathBuf,
    /// Where the output of processes and commands goes.
    pub output: PathBuf,
    /// The file of the histograms of loads.
    pub histograms: PathBuf,
    /// The run's own folder.
    pub scratch: PathBuf,
    /// The secrets, by index.
    pub secrets: Vec<String>,
    /// Keeps them out of what is written down.
    pub mask: Mask,
    /// The hosts, once they are there.
    pub hosts: Option<Arc<Hosts>>,
}

impl Setup {
    /// What the clients of targets know of the run.
    fn around(&self) -> Around {
        Around {
            reach: Arc::new(self.reach()),
            hosts: self.hosts.clone(),
            ..Around::new(self.run.clone(), self.folder.clone())
        }
    }

    /// Whom the run may ask beside this machine: what the file permits, and its own hosts.
    fn reach(&self) -> Reach {
        let permitted = self.scenario.permits.load.iter().map(|(host, _)| host.clone());
        let hosts = || self.scenario.targets.iter().filter(|target| target.kind.name == "host");
        let names = hosts().map(|host| host.name.clone());
        let addresses = hosts().flat_map(|host| &host.settings).flat_map(|setting| &setting.values);
        let addresses = addresses.filter_map(|value| match value {
            Argued::Value(expr) => expr.constant()?.as_text()?.split('/').next().map(str::to_string),
            _ => None,
        });
        Reach::to(permitted.chain(names).chain(addresses))
    }

    /// From where what is measured is asked.
    fn stand(&self) -> Stand {
        Stand::new(self.hosts.as_ref(), None)
    }
}

/// A declared target that is really there.
enum Live {
    Process(Rc<process::ProcessTarget>),
    Link(Rc<link::LinkTarget>),
    PacketLink(Rc<packet_link::PacketLink>),
    Host,
    Disk(Rc<disk::DiskTarget>),
    /// Of a kind whose clients are made from its settings alone.
    Client(Rc<dyn Requester>, Around),
    Database(Rc<database::DatabaseTarget>, Around),
    Machine(Rc<machine::MachineTarget>),
}

/// What all tasks of the world share.
struct Shared {
    setup: Setup,
    outbox: mpsc::UnboundedSender<Observation>,
    targets: Vec<Live>,
    samplers: HashMap<SeriesId, Rc<sample::Sampler>>,
    accounts: RefCell<Vec<account::Account>>,
    doubts: RefCell<HashMap<LoadSubject, doubt::Doubt>>,
    efforts: RefCell<doubt::Efforts>,
    loads: RefCell<HashMap<LoadId, loads::Running>>,
    engine: RefCell<Option<Engine>>,
    /// Told when all that the engine has reported is taken in.
    heard: RefCell<Option<oneshot::Receiver<()>>>,
    hub: RefCell<Option<HubHandle>>,
    /// There until everything has stopped.
    network: RefCell<Option<Rc<Network>>>,
    commands: RefCell<HashMap<Ticket, AbortHandle>>,
    /// Told with the totals when everything has stopped.
    totals: RefCell<Vec<EventKind>>,
    /// What ledgers receive beside files and lines.
    receivers: RefCell<Vec<Rc<receive::Receiver>>>,
    /// Tasks that watch for as long as the run lasts.
    watchers: RefCell<Vec<AbortHandle>>,
    /// Everything is started and the story may begin.
    prepared: Cell<bool>,
    stopped: Cell<bool>,
}

impl Shared {
    fn now(&self) -> Moment {
        self.setup.timeline.now()
    }

    fn tell(&self, observation: Observation) {
        // The interpreter outlives every task; once it is gone nobody is left to be told.
        let _ = self.outbox.send(observation);
    }

    fn answer(&self, ticket: Ticket, answer: Result<Answer, String>) {
        self.tell(Observation::Answered { ticket, at: self.now(), answer });
    }

    fn requester(&self, target: TargetId) -> Option<Rc<dyn Requester>> {
        match &self.targets[target.index()] {
            Live::Client(client, _) => Some(Rc::clone(client)),
            Live::Database(database, _) => Some(Rc::clone(database.client()) as Rc<dyn Requester>),
            Live::Disk(disk) => Some(Rc::clone(disk.folder()) as Rc<dyn Requester>),
            Live::Process(process) => Some(Rc::clone(process) as Rc<dyn Requester>),
            Live::Link(_) | Live::PacketLink(_) | Live::Host | Live::Machine(_) => None,
        }
    }

    fn name(&self, target: TargetId) -> &str {
        &self.setup.scenario.target(target).name
    }

    /// Keeps a task that ends with the run.
    fn watch(&self, task: tokio::task::JoinHandle<()>) {
        self.watchers.borrow_mut().push(task.abort_handle());
    }
}

/// The world of a real run. It must be used within a `LocalSet` on one thread.
pub struct RealWorld {
    shared: Rc<Shared>,
    supervision: Rc<RefCell<Option<Supervision>>>,
    inbox: mpsc::UnboundedReceiver<Observation>,
    wakeups: Wakeups,
}

impl RealWorld {
    /// Makes everything ready that the scenario declares; starts nothing yet. What is missing shows here.
    pub fn new(mut setup: Setup, control: Control) -> Result<RealWorld, SetupError> {
        let (outbox, inbox) = mpsc::unbounded_channel();
        let around = ProcessSurroundings {
            run: setup.run.clone(),
            recorder: Arc::clone(&setup.recorder),
            timeline: setup.timeline,
            scenario_folder: setup.folder.clone(),
            output_folder: setup.output.clone(),
            mask: setup.mask.clone(),
        };
        let supervision = Supervision::begin(around).map_err(SetupError::supervision)?;
        // Hosts have mount namespaces of their own, which begin as this one is.
        let disks = settings::own_disks(&setup)?;
        let network = network::begin(&setup)?;
        setup.hosts = network.as_ref().map(|network| Arc::clone(network.hosts()));
        let targets = settings::targets(&setup, &supervision, network.as_ref(), &disks)?;
        let samplers = source::samplers(&setup, &targets)?;
        let accounts = setup.scenario.ledgers.iter().map(|_| account::Account::new(&setup.output)).collect();
        let shared = Rc::new(Shared {
            outbox,
            targets,
            samplers,
            accounts: RefCell::new(accounts),
            doubts: RefCell::default(),
            efforts: RefCell::default(),
            loads: RefCell::default(),
            engine: RefCell::default(),
            heard: RefCell::default(),
            hub: RefCell::default(),
            network: RefCell::new(network),
            commands: RefCell::default(),
            totals: RefCell::default(),
            receivers: RefCell::default(),
            watchers: RefCell::default(),
            prepared: Cell::new(false),
            stopped: Cell::new(false),
            setup,
        });
        interruptions(&shared, control);
        let wakeups = Wakeups::new().map_err(SetupError::system)?;
        Ok(RealWorld { shared, supervision: Rc::new(RefCell::new(Some(supervision))), inbox, wakeups })
    }

    fn series(&self, series: SeriesId) -> &Origin {
        &self.shared.setup.scenario.series(series).origin
    }
}

/// Tells of signals for as long as the run lasts.
fn interruptions(shared: &Rc<Shared>, mut control: Control) {
    let this = Rc::clone(shared);
    shared.watch(tokio::task::spawn_local(async move {
        loop {
            let signal = control.next().await;
            this.tell(Observation::Interrupted { signal });
        }
    }));
}

impl World for RealWorld {
    fn now(&self) -> Moment {
        self.shared.now()
    }

    fn order(&mut self, ticket: Ticket, order: Order) {
        let shared = &self.shared;
        match order {
            Order::Prepare => launch::prepare(shared, ticket),
            Order::Summarize => {
                let mut totals = std::mem::take(&mut *shared.totals.borrow_mut());
                totals.extend(account::summaries(shared));
                shared.answer(ticket, Ok(Answer::Summaries(totals)));
            }
            Order::StopAll => launch::stop_all(shared, &self.supervision, ticket),
            Order::Set { target, property, state } => match &shared.targets[target.index()] {
                Live::Link(link) => link.set(shared, ticket, property, state),
                Live::PacketLink(link) => link.set(shared, ticket, state),
                Live::Process(process) => process.set(shared, ticket, property, state),
                Live::Database(database, _) => database.set(shared, ticket, property, state),
                Live::Disk(disk) => disk.set(shared, ticket, property, state),
                Live::Machine(machine) => machine.set(shared, ticket, property, state),
                _ => shared.answer(ticket, Err(format!("`{}` has no such state", shared.name(target)))),
            },
            Order::Act { target, call, held } => match &shared.targets[target.index()] {
                Live::Link(link) => link.act(shared, ticket, &call),
                Live::PacketLink(link) => link.act(shared, ticket, &call),
                Live::Process(process) => process.act(shared, ticket, &call, held),
                Live::Database(database, _) => database.act(shared, ticket, &call),
                Live::Disk(disk) => disk.act(shared, ticket, &call),
                _ => shared.answer(ticket, Err(format!("`{}` cannot `{}`", shared.name(target), call.verb))),
            },
            Order::Release { target, call, held } => match &shared.targets[target.index()] {
                Live::Process(process) => process.release(shared, ticket, &call, held),
                _ => shared.answer(ticket, Err(format!("`{}` holds nothing", shared.name(target)))),
            },
            Order::Request { target, call, conversation } => {
                request::ask(shared, ticket, target, call, conversation);
            }
            Order::StartLoad(order) => loads::start(shared, ticket, *order),
            Order::StopLoad { load, at } => {
                loads::stop(shared, load, at);
                shared.answer(ticket, Ok(Answer::Done));
            }
            Order::Run { words, timeout } => command::run(shared, ticket, words, timeout),
            Order::EndRun { run } => {
                if let Some(task) = shared.commands.borrow_mut().remove(&run) {
                    task.abort();
                    shared.answer(run, Err("it was ended before it had exited".into()));
                }
            }
            Order::Sample { series } => sample::take(shared, ticket, series),
            Order::Show { target, query } => match &shared.targets[target.index()] {
                Live::Database(database, _) => database.show(shared, ticket, query),
                _ => shared.answer(ticket, Err(format!("`{}` cannot be asked", shared.name(target)))),
            },
        }
    }

    fn next(&mut self, until: Moment) -> LocalBoxFuture<'_, Option<Observation>> {
        Box::pin(async move {
            if let Ok(observation) = self.inbox.try_recv() {
                return Some(observation);
            }
            let deadline = self.shared.setup.timeline.instant(until).filter(|_| until != Moment::NEVER);
            match deadline {
                None => self.inbox.recv().await,
                Some(deadline) if deadline <= Instant::now() => {
                    // Tasks that are ready to tell something come before the clock.
                    tokio::task::yield_now().await;
                    self.inbox.try_recv().ok()
                }
                Some(deadline) => tokio::select! {
                    biased;
                    observation = self.inbox.recv() => observation,
                    () = self.wakeups.sleep_until(deadline) => None,
                },
            }
        })
    }

    fn sampling(&self, series: SeriesId) -> Sampling {
        match self.series(series) {
            Origin::Target { target, reading, .. } => match &self.shared.targets[target.index()] {
                Live::Process(_) if process::follows_state(reading.name) => Sampling::Pushed,
                _ => Sampling::Polled,
            },
            Origin::Load { .. } | Origin::Capture { .. } => Sampling::Pushed,
            Origin::Ledger { .. } => Sampling::Kept,
            Origin::Source { source, .. } => match source.source {
                SourceKind::Lines | SourceKind::Capture => Sampling::Pushed,
                _ => Sampling::Polled,
            },
            Origin::Derived(_) => Sampling::Polled,
        }
    }

    fn read(&mut self, series: SeriesId, aggregate: Aggregate, window: Window) -> Result<Value, NoValue> {
        account::read(&self.shared, series, aggregate, window)
    }

    fn pin(&mut self, series: SeriesId, at: Moment) {
        account::pin(&self.shared, series, at, true);
    }

    fn unpin(&mut self, series: SeriesId, at: Moment) {
        account::pin(&self.shared, series, at, false);
    }

    fn doubt(&mut self, series: SeriesId, window: Window) -> Option<String> {
        let (subject, reading) = match self.series(series) {
            Origin::Load { subject, reading } => (subject, reading),
            Origin::Ledger { .. } => return account::doubt(&self.shared, series, window),
            _ => return None,
        };
        self.shared.doubts.borrow().get(subject)?.of(reading, window, &self.shared.efforts.borrow())
    }
}

impl Drop for RealWorld {
    fn drop(&mut self) {
        self.shared.watchers.borrow().iter().for_each(AbortHandle::abort);
    }
}
