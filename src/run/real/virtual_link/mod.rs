//! Orders to links between hosts: conditions of the emulator, and acts on the connections that go over it.

mod evidence;

use super::Shared;
use super::probe::{PATIENCE, Probe, SILENCE};
use crate::kinds::host::NetworkError;
use crate::kinds::host::network::Network;
use crate::kinds::link::emulator::{Condition, Counters, Degraded, Impairment};
use crate::lang::call::Call;
use crate::run::world::{Answer, State, Ticket};
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

/// A declared link between hosts.
pub(super) struct VirtualLink {
    /// There until the run ends it.
    network: RefCell<Option<Rc<Network>>>,
    /// Which of the network's links it is.
    place: usize,
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

impl VirtualLink {
    pub fn new(network: &Rc<Network>, place: usize) -> VirtualLink {
        let network = RefCell::new(Some(Rc::clone(network)));
        VirtualLink { network, place, applied: RefCell::default() }
    }

    /// Lets go of the network, which ends with its last link.
    pub fn end(&self) {
        self.applied.borrow_mut().take();
        self.network.borrow_mut().take();
    }

    fn network(&self) -> Result<Rc<Network>, NetworkError> {
        self.network.borrow().clone().ok_or(NetworkError::Ended)
    }

    pub async fn counters(&self) -> Result<Counters, NetworkError> {
        self.network()?.counters(self.place).await
    }

    /// The time that a packet of soak's own takes there and back now.
    pub async fn round_trip(&self) -> Option<Duration> {
        self.network().ok()?.probe(self.place, PATIENCE).await
    }

    /// Puts the link into a condition. The order is on its way before this returns.
    pub fn set(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, state: Option<State>) {
        let network = match self.network() {
            Ok(network) => network,
            Err(error) => return shared.answer(ticket, Err(error.to_string())),
        };
        let condition = state.as_ref().map_or(Condition::On, |state| condition(&state.call));
        let previous = self.applied.borrow_mut().take();
        // What the condition before it did is counted up to its very end: orders are carried out one after the other.
        let last = previous.is_some().then(|| network.counters(self.place));
        let set = network.set(self.place, condition.clone());
        let first = state.is_some().then(|| network.counters(self.place));
        let before = Rc::<RefCell<Option<Counters>>>::default();
        if state.is_some() {
            let applied = self.watch(&network, condition, Rc::clone(&before));
            *self.applied.borrow_mut() = Some(applied);
        }
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            let effect = match (previous, last) {
                (Some(previous), Some(last)) => {
                    last.await.ok().and_then(|now| evidence::effect(&previous, &now))
                }
                _ => None,
            };
            let done = set.await;
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
            if let Some(first) = first {
                *before.borrow_mut() = first.await.ok();
            }
        });
    }

    pub fn act(&self, shared: &Rc<Shared>, ticket: Ticket, call: &Call) {
        let share = match call.verb {
            "reset" => 1.0,
            "cut" => call.arguments.number("share").unwrap_or(1.0),
            verb => return shared.answer(ticket, Err(format!("a link between hosts cannot `{verb}`"))),
        };
        let ended = self.network().map(|network| network.end(self.place, share));
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            let answer = match ended {
                Ok(ended) => ended.await.map(|count| Answer::Did(format!("{count} connections were reset"))),
                Err(error) => Err(error),
            };
            shared.answer(ticket, answer.map_err(|error| error.to_string()));
        });
    }

    /// Begins to look at what a condition does.
    fn watch(
        &self,
        network: &Network,
        condition: Condition,
        before: Rc<RefCell<Option<Counters>>>,
    ) -> Applied {
        let patience = match &condition {
            Condition::On | Condition::Refuse => None,
            Condition::Off => Some(SILENCE),
            Condition::Degrade(ways) => {
                let most = [ways.up, ways.down].into_iter().flatten().map(|one| one.latency + one.jitter);
                Some(2 * most.max().unwrap_or_default() + PATIENCE)
            }
        };
        let probe = patience.map(|patience| Probe::start(network.probe(self.place, patience)));
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
