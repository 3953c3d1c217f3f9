//! The start of everything that is declared, and its end.

use super::settings::Fixed;
use super::{Live, Setup, SetupError, Shared, following, loads, receive};
use crate::check::scenario::Target;
use crate::event::EventKind;
use crate::kinds::client::{self, Around, MakeClient};
use crate::kinds::disk::folder::Folder;
use crate::kinds::host::NetworkError;
use crate::kinds::host::stand::Stand;
use crate::kinds::process::supervision::Supervision;
use crate::kinds::request::Requester;
use crate::lang::expr::TargetId;
use crate::load::dataset::Dataset;
use crate::load::engine::{Engine, Given, MakeRequesters};
use crate::run::world::{Answer, Observation, Ticket};
use std::cell::RefCell;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// How long is waited for an answer that must not come, of a process that is not started yet.
const STRANGER_WITHIN: Duration = Duration::from_millis(100);

/// Opens the links, then begins to follow and to load, then starts the processes in the order of the file,
/// each waiting until it is ready.
pub(super) fn prepare(shared: &Rc<Shared>, ticket: Ticket) {
    let shared = Rc::clone(shared);
    tokio::task::spawn_local(async move {
        let prepared = prepare_all(&shared).await;
        shared.answer(ticket, prepared.map(|()| Answer::Done));
    });
}

async fn prepare_all(shared: &Rc<Shared>) -> Result<(), String> {
    let setup = &shared.setup;
    let declared = setup.scenario.targets.iter();
    let at = |target: &Target, why: String| SetupError::at(target.span, why).at_its_line(&setup.sources);
    for (index, (live, target)) in shared.targets.iter().zip(declared.clone()).enumerate() {
        if let Live::Process(process) = live {
            process.watch(shared, TargetId(index as u32));
        }
        let opened = match live {
            Live::Link(link) => link.start().await,
            Live::PacketLink(link) => link.start().await,
            _ => Ok(()),
        };
        opened.map_err(|why| at(target, format!("the link `{}` cannot be opened: {why}", target.name)))?;
    }
    watch_network(shared);
    following::follow(shared).await?;
    if !shared.setup.scenario.actions.is_empty() {
        let datasets = datasets(shared).await?;
        start_engine(shared, datasets)
            .map_err(|error| format!("the load generator cannot be started: {error}"))?;
    }
    for (live, target) in shared.targets.iter().zip(declared) {
        if let Live::Process(process) = live
            && !process.later
        {
            if shared.stopped.get() {
                return Err("the run was stopped before everything was started".into());
            }
            if let Some(address) = &process.address {
                warn_of_stranger(shared, process.process().name(), address, &process.stand).await;
            }
            let process = process.process();
            process.begin().await.map_err(|error| at(target, error.to_string()))?;
            process.wait_ready().await.map_err(|error| at(target, error.to_string()))?;
        }
    }
    receive::ready(shared).await;
    Ok(())
}

/// Tells what a virtual network lacks, and where it goes before its time.
fn watch_network(shared: &Rc<Shared>) {
    let notice = |shared: &Shared, text| {
        shared.tell(Observation::Told { at: shared.now(), event: EventKind::Noticed { line: None, text } });
    };
    if let Some(network) = shared.network.borrow().as_ref() {
        network.lacks().iter().for_each(|text| notice(shared, text.clone()));
        let (gone, this) = (network.gone(), Rc::clone(shared));
        shared.watch(tokio::task::spawn_local(async move {
            gone.notified().await;
            notice(&this, NetworkError::Ended.to_string());
        }));
    }
}

/// Tells where something answers in a process's place before it is started: its probe would take that for the
/// process itself.
async fn warn_of_stranger(shared: &Shared, name: &str, address: &str, stand: &Stand) {
    let behind_a_link = shared.targets.iter().any(|live| match live {
        Live::Link(link) => link.listens_at(address),
        _ => false,
    });
    if behind_a_link {
        return;
    }
    let answer = tokio::time::timeout(STRANGER_WITHIN, stand.connect_to(address)).await;
    if matches!(answer, Ok(Ok(_))) {
        let text = format!(
            "something answered at {address} before `{name}` was started: another program seems to have its port"
        );
        shared.tell(Observation::Told { at: shared.now(), event: EventKind::Noticed { line: None, text } });
    }
}

/// Where the engine's own client of a target comes from.
enum Client {
    Made(MakeClient, crate::lang::call::Arguments, Around),
    Disk(std::path::PathBuf),
    Process(mpsc::UnboundedSender<super::request::Line>),
    None,
}

/// Opens the datasets; a large one that is drawn from at random is looked at in full here.
async fn datasets(shared: &Rc<Shared>) -> Result<Vec<Dataset>, String> {
    let setup = &shared.setup;
    let mut opened = Vec::new();
    for declared in &setup.scenario.datasets {
        let written = Fixed::new(setup, declared.span).text(&declared.file)?;
        let from = setup.sources.file_of(declared.span).name();
        let path = if from == setup.sources.files()[0].name() {
            setup.folder.join(written)
        } else {
            // As `include` has it: relative to the file that names it.
            setup.folder.join(Path::new(from).parent().unwrap_or(Path::new("")).join(written))
        };
        let (name, order) = (declared.name.clone(), declared.order);
        let opening = tokio::task::spawn_blocking(move || Dataset::open(&name, &path, order));
        let dataset = opening.await.map_err(|error| error.to_string())?;
        opened.push(dataset.map_err(|error| {
            let why = format!("the dataset `{}` cannot be used: {error}", declared.name);
            SetupError::at(declared.span, why).at_its_line(&setup.sources)
        })?);
    }
    Ok(opened)
}

fn start_engine(shared: &Rc<Shared>, datasets: Vec<Dataset>) -> io::Result<()> {
    let setup = &shared.setup;
    let clients = clients(shared)?;
    let seed = setup.seed;
    let make: MakeRequesters = Box::new(move || {
        let made = clients.into_iter().map(|client| -> io::Result<Option<Rc<dyn Requester>>> {
            Ok(match client {
                Client::Made(make, settings, around) => {
                    Some(make(&settings, &around).map_err(io::Error::other)?)
                }
                Client::Disk(root) => Some(Rc::new(Folder::open(root, seed)?)),
                Client::Process(lines) => Some(Rc::new(super::request::Sender::new(lines))),
                Client::None => None,
            })
        });
        made.collect()
    });
    let given = Given {
        scenario: Arc::clone(&setup.scenario),
        sources: Arc::clone(&setup.sources),
        timeline: setup.timeline,
        seed: setup.seed,
        scratch: setup.scratch.display().to_string(),
        secrets: setup.secrets.clone(),
        datasets,
    };
    let (reports, inbox) = mpsc::unbounded_channel();
    let engine = Engine::start(given, make, reports)?;
    *shared.engine.borrow_mut() = Some(engine);
    loads::listen(shared, inbox);
    Ok(())
}

fn clients(shared: &Rc<Shared>) -> io::Result<Vec<Client>> {
    let setup: &Setup = &shared.setup;
    let declared = setup.scenario.targets.iter().zip(&shared.targets);
    let client = declared.map(|(target, live)| match live {
        Live::Client(_, around) | Live::Database(_, around) => {
            let settings = super::settings::settings(setup, target);
            let settings = settings.map_err(|error| io::Error::other(error.message))?;
            Ok(client::of_kind(target.kind.name)
                .map_or(Client::None, |make| Client::Made(make, settings, around.clone())))
        }
        Live::Disk(disk) => Ok(Client::Disk(disk.folder().root().to_path_buf())),
        Live::Process(process) => Ok(Client::Process(super::request::pass_on(shared, process))),
        Live::Link(_) | Live::PacketLink(_) | Live::Host | Live::Machine(_) => Ok(Client::None),
    });
    client.collect()
}

/// Ends the loads, stops the processes, newest first, closes the links and makes sure that nothing is left.
pub(super) fn stop_all(shared: &Rc<Shared>, supervision: &Rc<RefCell<Option<Supervision>>>, ticket: Ticket) {
    let (shared, supervision) = (Rc::clone(shared), Rc::clone(supervision));
    tokio::task::spawn_local(async move {
        shared.stopped.set(true);
        loads::finish(&shared).await;
        receive::look_now(&shared, None).await;
        receive::quiet(&shared).await;
        for live in &shared.targets {
            if let Live::Database(database, _) = live {
                // A server that waits until everybody has gone must not wait for soak.
                database.end();
            }
        }
        let mut failures = Vec::new();
        for live in shared.targets.iter().rev() {
            if let Live::Process(process) = live
                && let Err(error) = process.end().await
            {
                failures.push(error.to_string());
            }
        }
        following::settle(&shared).await;
        for live in &shared.targets {
            match live {
                Live::Link(link) => link.end(),
                Live::PacketLink(link) => link.end(),
                _ => {}
            }
        }
        // With the last link the network goes, which must not be taken for something that was left behind.
        shared.network.borrow_mut().take();
        // So do faulty disks; what lies below is still there for the cleanup.
        for live in &shared.targets {
            if let Live::Disk(disk) = live {
                disk.folder().end();
            }
        }
        let supervision = supervision.borrow_mut().take();
        if let Some(supervision) = supervision
            && let Err(error) = supervision.end().await
        {
            failures.push(error.to_string());
        }
        let outcome = if failures.is_empty() { Ok(Answer::Done) } else { Err(failures.join("; ")) };
        shared.answer(ticket, outcome);
    });
}
