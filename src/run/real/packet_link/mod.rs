//! Orders to links that carry packets, between hosts, as a proxy of datagrams or as a real interface: their conditions, and acts
//! on the connections that go over them.

mod carrier;
mod evidence;

use self::carrier::{Carrier, Switch};
use super::probe::{PATIENCE, Probe, SILENCE};
use super::{Setup, Shared};
use crate::check::walk::tells_of;
use crate::kinds::host::network::Network;
use crate::kinds::link::datagrams::DatagramOptions;
use crate::kinds::link::emulator::{Condition, Counters, Degraded, Impairment};
use crate::kinds::link::interface::{BANDWIDTH, InterfaceOptions, NETEM_WORDS};
use crate::lang::call::{Arguments, Call};
use crate::lang::expr::TargetId;
use crate::run::world::{Answer, State, Ticket};
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

/// A declared link that carries packets.
pub(super) struct PacketLink {
    carrier: Carrier,
    applied: RefCell<Option<Applied>>,
}

/// A condition in force.
struct Applied {
    condition: Condition,
    seen: Rc<Seen>,
    /// What the probe takes where nothing is asked.
    unimpaired: Duration,
}

/// What is seen of a condition from when it is in force.
#[derive(Default)]
struct Seen {
    /// The counters at that moment.
    before: RefCell<Option<Counters>>,
    probe: RefCell<Option<Probe>>,
}

impl Applied {
    /// What a probe of it came to, once it has: the time beyond what it takes anyway.
    fn probed(&self) -> Option<Option<Duration>> {
        let came = self.seen.probe.borrow().as_ref().and_then(Probe::came);
        came.map(|took| took.map(|took| took.saturating_sub(self.unimpaired)))
    }
}

impl PacketLink {
    /// One of a network's links, by its place.
    pub fn between_hosts(network: &Rc<Network>, place: usize) -> PacketLink {
        let network = RefCell::new(Some(Rc::clone(network)));
        PacketLink { carrier: Carrier::Network(network, place), applied: RefCell::default() }
    }

    /// A proxy of datagrams.
    pub fn of_datagrams(setup: &Setup, name: &str, settings: &Arguments) -> PacketLink {
        let text = |name: &str| settings.text(name).unwrap_or_default().to_string();
        let options = DatagramOptions {
            name: name.to_string(),
            listen: text("listen"),
            to: text("to"),
            seed: setup.seed,
        };
        PacketLink { carrier: Carrier::Datagrams(options, RefCell::default()), applied: RefCell::default() }
    }

    /// A real interface, by the place of the link among the targets.
    pub fn of_interface(setup: &Setup, place: usize, settings: &Arguments) -> PacketLink {
        let scenario = &setup.scenario;
        let told = tells_of(scenario, TargetId(place as u32));
        let queued = |not: &str| {
            told.iter().any(|tell| !tell.says(not) && QUEUED_WORDS.iter().any(|word| tell.says(word)))
        };
        let options = InterfaceOptions {
            interface: settings.text("interface").unwrap_or_default().to_string(),
            place,
            run: setup.run.clone(),
            recorder: Arc::clone(&setup.recorder),
            told: !told.is_empty(),
            queued_up: queued("down"),
            queued_down: queued("up"),
            spare_sessions: scenario.permits.sessions.is_none(),
        };
        PacketLink { carrier: Carrier::Interface(options, RefCell::default()), applied: RefCell::default() }
    }

    /// Opens the port, where it is a proxy, and looks for the interface, where it is one.
    pub async fn start(&self) -> Result<(), String> {
        self.carrier.start().await
    }

    /// Lets go of the proxy or the interface, or of the network, which ends with its last link.
    pub fn end(&self) {
        self.applied.borrow_mut().take();
        self.carrier.end();
    }

    pub async fn counters(&self) -> Result<Counters, String> {
        self.carrier.counters()?.await
    }

    /// The time that a packet of soak's own takes there and back now.
    pub async fn round_trip(&self) -> Option<Duration> {
        self.carrier.probe(PATIENCE).ok()?.await
    }

    /// Puts the link into a condition. The order is on its way before this returns.
    pub fn set(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, state: Option<State>) {
        let condition = state.as_ref().map_or(Condition::On, |state| condition(&state.call));
        let ordered = self.carrier.set(condition.clone());
        let previous = self.applied.borrow_mut().take();
        let Switch { last, done, first } = match ordered {
            Ok(ordered) => ordered,
            Err(error) => return shared.answer(ticket, Err(error)),
        };
        let seen = Rc::<Seen>::default();
        let patience = patience(&condition);
        if state.is_some() {
            let unimpaired = self.carrier.unimpaired();
            *self.applied.borrow_mut() = Some(Applied { condition, seen: Rc::clone(&seen), unimpaired });
        }
        let (shared, this) = (Rc::clone(shared), Rc::clone(self));
        tokio::task::spawn_local(async move {
            let last = last.await;
            let effect = previous.zip(last).and_then(|(previous, now)| evidence::effect(&previous, &now));
            let done = done.await;
            if let (Ok(_), Some(patience)) = (&done, patience) {
                *seen.probe.borrow_mut() = this.carrier.probe(patience).ok().map(Probe::start);
            }
            let answer = done.map(|since| match since {
                Some(since) => Answer::SetSince(effect, shared.now().before(since.elapsed())),
                None => Answer::Set(effect),
            });
            shared.answer(ticket, answer);
            *seen.before.borrow_mut() = first.await;
        });
    }

    pub fn act(&self, shared: &Rc<Shared>, ticket: Ticket, call: &Call) {
        let share = match call.verb {
            "reset" => 1.0,
            "cut" => call.arguments.number("share").unwrap_or(1.0),
            verb => {
                return shared.answer(ticket, Err(format!("a link that carries packets cannot `{verb}`")));
            }
        };
        let ended = self.carrier.reset(share);
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            let answer = match ended {
                Ok(ended) => ended.await.map(|count| Answer::Did(format!("{count} connections were reset"))),
                Err(error) => Err(error),
            };
            shared.answer(ticket, answer);
        });
    }
}

/// How long a probe of a condition waits for its answer; nothing where there is nothing to ask.
fn patience(condition: &Condition) -> Option<Duration> {
    match condition {
        Condition::On | Condition::Refuse => None,
        Condition::Off => Some(SILENCE),
        Condition::Degrade(ways) => {
            let most = [ways.up, ways.down].into_iter().flatten().map(|one| one.latency + one.jitter);
            Some(2 * most.max().unwrap_or_default() + PATIENCE)
        }
    }
}

/// What takes a queue.
const QUEUED_WORDS: [&str; 7] = {
    let [latency, jitter, burst, duplicate, corrupt, reorder] = NETEM_WORDS;
    [latency, jitter, burst, duplicate, corrupt, reorder, BANDWIDTH]
};

/// The condition that a verb asks for.
fn condition(call: &Call) -> Condition {
    let arguments = &call.arguments;
    let share = |name: &str| arguments.number(name).unwrap_or(0.0);
    match call.verb {
        "off" if arguments.has("refuse") => Condition::Refuse,
        "off" => Condition::Off,
        "degrade" => {
            let impairment = Impairment {
                latency: arguments.duration("latency").unwrap_or_default(),
                jitter: arguments.duration("jitter").unwrap_or_default(),
                loss: share("loss"),
                burst: arguments.number("burst"),
                duplicate: share("duplicate"),
                corrupt: share("corrupt"),
                reorder: share("reorder"),
                bandwidth: arguments.number("bandwidth"),
                queue: arguments.number("queue"),
            };
            Condition::Degrade(Box::new(Degraded {
                up: (!arguments.has("down")).then_some(impairment),
                down: (!arguments.has("up")).then_some(impairment),
            }))
        }
        _ => Condition::On,
    }
}
