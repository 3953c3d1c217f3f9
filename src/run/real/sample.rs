//! Samples: the latest value of a series, taken when the interpreter asks for it.

use super::process::{follows_state, reading_of};
use super::{Live, Shared, receive};
use crate::check::scenario::Origin;
use crate::kinds::disk::folder::Folder;
use crate::kinds::machine::reading::MachineSampler;
use crate::kinds::process::reading::Sampler as ProcessSampler;
use crate::lang::eval::NoValue;
use crate::lang::expr::SeriesId;
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use crate::measure::source::{Sample, Source};
use crate::run::world::{Answer, Observation, Record, Ticket};
use std::io;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;

/// What takes the samples of one series. Samples of one series are taken one after the other.
pub(super) struct Sampler {
    from: Mutex<From>,
}

/// Where they are taken from.
pub(super) enum From {
    Source(Source),
    Process(ProcessSampler),
    Machine(MachineSampler, Option<String>),
}

impl Sampler {
    pub fn new(from: From) -> Sampler {
        Sampler { from: Mutex::new(from) }
    }
}

/// Takes a fresh sample and answers behind it.
pub(super) fn take(shared: &Rc<Shared>, ticket: Ticket, series: SeriesId) {
    let shared = Rc::clone(shared);
    tokio::task::spawn_local(async move {
        match &shared.setup.scenario.series(series).origin {
            Origin::Load { .. } | Origin::Capture { .. } => catch_up(&shared).await,
            Origin::Ledger { ledger, .. } => {
                // What was sent first: it must not be looked for before it is known.
                catch_up(&shared).await;
                receive::look_now(&shared, Some(*ledger)).await;
            }
            Origin::Source { .. } | Origin::Target { .. } => {
                if let Some(record) = record(&shared, series).await {
                    shared.tell(Observation::Recorded { series, at: shared.now(), record });
                }
            }
            Origin::Derived(_) => {}
        }
        shared.answer(ticket, Ok(Answer::Done));
    });
}

/// Waits until everything that has happened so far is taken in.
async fn catch_up(shared: &Shared) {
    // The engine is ended only after the last sample was asked for, so it stays there meanwhile.
    let flushed = shared.engine.borrow().as_ref().map(|engine| engine.flush());
    if let Some(flushed) = flushed {
        flushed.await;
    }
    let hub = shared.hub.borrow().clone();
    if let Some(hub) = hub {
        // Its answer comes behind everything it had been notified of before.
        let _ = hub.health().await;
    }
    // What the two have sent is waiting for the tasks that take it in.
    tokio::task::yield_now().await;
}

async fn record(shared: &Shared, series: SeriesId) -> Option<Record> {
    let declared = shared.setup.scenario.series(series);
    let (dimension, percent) = (declared.dimension, declared.percent);
    let quantity = |number: f64| {
        Record::Value(Value::Quantity(Quantity { percent, ..Quantity::measured(number, dimension) }))
    };
    if let Origin::Target { target, reading, .. } = &declared.origin {
        match &shared.targets[target.index()] {
            Live::Process(process) => {
                let state = process.process().state();
                if follows_state(reading.name) {
                    return Some(match reading_of(&state, reading.name) {
                        Some(value) => Record::Value(value),
                        None => nothing("it has not exited yet"),
                    });
                }
            }
            Live::Link(link) => {
                let Some(counters) = link.counters() else { return Some(nothing("the link is not open")) };
                return Some(match reading.name {
                    "sent" => quantity(counters.sent as f64),
                    "received" => quantity(counters.received as f64),
                    "connections" => quantity(counters.open as f64),
                    "dropped" => {
                        let ended = counters.reset + counters.cut + counters.http.torn;
                        quantity((ended + counters.turned_away) as f64)
                    }
                    _ => match link.round_trip().await {
                        Some(took) => quantity(took.as_secs_f64()),
                        None => nothing("no probe came back"),
                    },
                });
            }
            Live::PacketLink(link) if reading.name == "round_trip" => {
                return Some(match link.round_trip().await {
                    Some(took) => quantity(took.as_secs_f64()),
                    None => nothing("no probe came back"),
                });
            }
            Live::PacketLink(link) => {
                return Some(match (link.counters().await, reading.name) {
                    (Ok(counters), "sent") => quantity(counters.up.bytes as f64),
                    (Ok(counters), "received") => quantity(counters.down.bytes as f64),
                    (Ok(counters), "dropped") => {
                        let dropped = counters.up.dropped() + counters.down.dropped();
                        quantity((dropped + counters.turned_away) as f64)
                    }
                    (Ok(counters), _) => quantity(counters.connections as f64),
                    (Err(error), _) => nothing(&error),
                });
            }
            Live::Disk(disk) => {
                disk.settled().await;
                let read = of_disk(disk.folder(), reading.name);
                return Some(read.map_or_else(|error| nothing(&error.to_string()), quantity));
            }
            Live::Client(_, around) if reading.name == "open" => {
                return Some(quantity(around.open.load(Ordering::Relaxed) as f64));
            }
            Live::Database(database, _) => {
                return Some(match reading.name {
                    "up" => Record::Value(Value::Bool(database.client().is_up().await)),
                    _ => match database.client().connections().await {
                        Ok(connections) => quantity(connections as f64),
                        Err(error) => nothing(&error.to_string()),
                    },
                });
            }
            Live::Machine(_) | Live::Host | Live::Client(..) => {}
        }
    }
    let sampler = shared.samplers.get(&series).map(Rc::clone);
    let Some(sampler) = sampler else {
        // A followed source: what has been notified of is taken in.
        catch_up(shared).await;
        return None;
    };
    let mut from = sampler.from.lock().await;
    Some(match &mut *from {
        From::Source(source) => match source.sample().await {
            Sample::Number(number) => quantity(number),
            Sample::Bool(truth) => Record::Value(Value::Bool(truth)),
            Sample::Text(text) => Record::Value(Value::Text(text)),
            Sample::None(reason) => nothing(&reason.to_string()),
        },
        From::Process(sampler) => {
            let Origin::Target { reading, .. } = &declared.origin else { return None };
            let Some(taken) = sampler.sample().await else { return Some(nothing("it is not running")) };
            match reading.name {
                "cpu" => taken
                    .cpu
                    .map_or_else(|| nothing("its first sample has nothing to compare with"), quantity),
                "rss" => quantity(taken.rss as f64),
                "files" => quantity(taken.files as f64),
                "threads" => quantity(taken.threads as f64),
                "read" => quantity(taken.read as f64),
                _ => quantity(taken.written as f64),
            }
        }
        From::Machine(sampler, path) => {
            let Origin::Target { reading, .. } = &declared.origin else { return None };
            match sampler.sample(reading.name, path.as_deref()) {
                Ok(Some(value)) => quantity(value),
                Ok(None) => nothing("its first sample has nothing to compare with"),
                Err(error) => nothing(&error.to_string()),
            }
        }
    })
}

fn nothing(reason: &str) -> Record {
    Record::Nothing(NoValue::NotMeasured(reason.to_string()))
}

fn of_disk(folder: &Folder, reading: &str) -> io::Result<f64> {
    Ok(match reading {
        "used" => folder.space()?.share(),
        "free" => folder.space()?.free as f64,
        "inodes" => folder.inodes()?.share(),
        _ => folder.files()? as f64,
    })
}
