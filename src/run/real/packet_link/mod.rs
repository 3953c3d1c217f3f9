//! Orders to links that carry packets, between hosts or as a proxy of datagrams: conditions of the emulator, and acts on the
//! connections that go over it.

mod carrier;
mod evidence;

use self::carrier::Carrier;
use super::probe::{PATIENCE, Probe, SILENCE};
use super::{Setup, Shared};
use crate::kinds::host::network::Network;
use crate::kinds::link::datagrams::DatagramOptions;
use crate::kinds::link::emulator::{Condition, Counters, Degraded, Impairment};
use crate::lang::call::{Arguments, Call};
use crate::run::world::{Answer, State, Ticket};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A declared link that carries packets.
pub(super) struct PacketLink {
    carrier: Carrier,
    applied: RefCell<Option<Applied>>,
}

/// A condition in force.
struct Applied {
    condition: Condition,
    /// The counters when it came into force.
    before: Rc<RefCell<Option<Counters>>>,
    probe: Option<Probe>,
}

impl Applied {
    /// What a probe of it came to, once it has.
    fn probed(&self) -> Option<Option<Duration>> {
        self.probe.as_ref().and_then(Probe::came)
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

    /// Opens the port, where it is a proxy.
    pub async fn start(&self) -> Result<(), String> {
        self.carrier.start().await
    }

    /// Lets go of the proxy, or of the network, which ends with its last link.
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
        // What the condition before it did is counted up to its very end: orders are carried out one after the other.
        let ordered = self.carrier.counters().and_then(|last| {
            let set = self.carrier.set(condition.clone())?;
            Ok((last, set, self.carrier.counters()?))
        });
        let previous = self.applied.borrow_mut().take();
        let (last, set, first) = match ordered {
            Ok(ordered) => ordered,
            Err(error) => return shared.answer(ticket, Err(error)),
        };
        let before = Rc::<RefCell<Option<Counters>>>::default();
        if state.is_some() {
            let applied = self.watch(condition, Rc::clone(&before));
            *self.applied.borrow_mut() = Some(applied);
        }
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            let last = last.await.ok();
            let effect = previous.zip(last).and_then(|(previous, now)| evidence::effect(&previous, &now));
            let done = set.await;
            shared.answer(ticket, done.map(|()| Answer::Set(effect)));
            *before.borrow_mut() = first.await.ok();
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

    /// Begins to look at what a condition does.
    fn watch(&self, condition: Condition, before: Rc<RefCell<Option<Counters>>>) -> Applied {
        let patience = match &condition {
            Condition::On | Condition::Refuse => None,
            Condition::Off => Some(SILENCE),
            Condition::Degrade(ways) => {
                let most = [ways.up, ways.down].into_iter().flatten().map(|one| one.latency + one.jitter);
                Some(2 * most.max().unwrap_or_default() + PATIENCE)
            }
        };
        let probe = patience.and_then(|patience| self.carrier.probe(patience).ok()).map(Probe::start);
        Applied { condition, before, probe }
    }
}

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
