//! Orders to links that are proxies: their condition, what is asked of them beside it, and acts on their connections.

mod evidence;

use super::probe::{PATIENCE, Probe, SILENCE};
use super::{Setup, Shared};
use crate::kinds::link::proxy::{
    Condition, Counters, Delay, Direction, Disturbance, Impairment, OwnAnswer, Proxy, ProxyOptions,
};
use crate::lang::call::{Arguments, Call};
use crate::lang::unit::{format_duration, number};
use crate::run::world::{Answer, FaultId, State, Ticket};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

/// How long a port that refused may take to be open again.
const OPEN_AGAIN: Duration = Duration::from_secs(5);

/// A declared link: its proxy once it is started.
pub(super) struct LinkTarget {
    options: ProxyOptions,
    proxy: RefCell<Option<Rc<Proxy>>>,
    random: RefCell<ChaCha8Rng>,
    applied: RefCell<Option<Applied>>,
    /// What is asked beside the condition, by its property, with the counters at the moment it was set.
    beside: RefCell<HashMap<&'static str, (Call, Counters)>>,
}

/// The property that the condition is.
const PATH: &str = "path";
/// The property of pieces.
const SLICE: &str = "slice";

/// A condition in force.
struct Applied {
    fault: FaultId,
    condition: Condition,
    /// The counters at the moment from which it held for everything: what was in the middle of being passed on when
    /// it was set says nothing against it.
    before: Rc<OnceCell<Counters>>,
    probe: Option<Probe>,
}

impl Applied {
    /// What a probe of it came to, once it has.
    fn probed(&self) -> Option<Option<Duration>> {
        self.probe.as_ref().and_then(Probe::came)
    }
}

impl LinkTarget {
    pub fn new(setup: &Setup, settings: &Arguments) -> LinkTarget {
        let text = |name: &str| settings.text(name).unwrap_or_default().to_string();
        LinkTarget {
            options: ProxyOptions {
                listen: text("listen"),
                to: text("to"),
                seed: setup.seed,
                http: settings.has("http"),
            },
            proxy: RefCell::default(),
            random: RefCell::new(ChaCha8Rng::seed_from_u64(setup.seed)),
            applied: RefCell::default(),
            beside: RefCell::default(),
        }
    }

    /// Whether it is the link that listens there.
    pub fn listens_at(&self, address: &str) -> bool {
        self.options.listen == address
    }

    /// Opens the port.
    pub async fn start(&self) -> Result<(), String> {
        let proxy = Proxy::start(self.options.clone()).await.map_err(|error| error.to_string())?;
        *self.proxy.borrow_mut() = Some(Rc::new(proxy));
        Ok(())
    }

    /// Closes the port and every connection.
    pub fn end(&self) {
        self.applied.borrow_mut().take();
        self.proxy.borrow_mut().take();
    }

    pub fn counters(&self) -> Option<Counters> {
        self.proxy.borrow().as_ref().map(|proxy| proxy.counters())
    }

    /// The time a byte of soak's own takes there and back now.
    pub async fn round_trip(&self) -> Option<Duration> {
        let proxy = self.proxy.borrow().clone()?;
        proxy.probe(PATIENCE).await
    }

    /// Puts a property of the link into a state. It takes effect before this returns.
    pub fn set(
        self: &Rc<Self>,
        shared: &Rc<Shared>,
        ticket: Ticket,
        property: &'static str,
        state: Option<State>,
    ) {
        let Some(proxy) = self.proxy.borrow().clone() else {
            return shared.answer(ticket, Err("the link is not open".into()));
        };
        match property {
            PATH => self.set_condition(proxy, shared, ticket, state),
            _ => shared.answer(ticket, self.set_beside(&proxy, property, state)),
        }
    }

    /// Sets what is asked beside the condition.
    fn set_beside(
        &self,
        proxy: &Proxy,
        property: &'static str,
        state: Option<State>,
    ) -> Result<Answer, String> {
        if let Some(State { call, .. }) = &state
            && let Some(status) = call.arguments.number("status")
            && (status.fract() != 0.0 || !(200.0..600.0).contains(&status))
        {
            return Err(format!("an answer has a status from 200 to 599, not {}", number(status)));
        }
        let now = proxy.counters();
        let mut beside = self.beside.borrow_mut();
        let previous = beside.remove(property);
        let effect = previous.map(|(call, before)| evidence::beside(&call, &before, &now));
        if let Some(state) = state {
            beside.insert(property, (state.call, now));
        }
        let asked = |property: &str| beside.get(property).map(|(call, _)| &call.arguments);
        match property {
            SLICE => {
                proxy.slice(asked(SLICE).and_then(|slice| slice.number("size")).map(|size| size as usize))
            }
            _ => proxy.disturb(disturbance(asked)),
        }
        Ok(Answer::Set(effect))
    }

    /// Puts the link into a condition. The answer waits for the port.
    fn set_condition(
        self: &Rc<Self>,
        proxy: Rc<Proxy>,
        shared: &Rc<Shared>,
        ticket: Ticket,
        state: Option<State>,
    ) {
        let effect = self
            .applied
            .borrow_mut()
            .take()
            .and_then(|applied| evidence::effect(&applied, &proxy.counters()));
        let condition = state.as_ref().map_or(Condition::On, |state| condition(&state.call));
        proxy.set(condition);
        let before = Rc::<OnceCell<Counters>>::default();
        if let Some(state) = state {
            *self.applied.borrow_mut() = Some(watch(&proxy, state.fault, condition, Rc::clone(&before)));
        }
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            let settled = tokio::time::timeout(OPEN_AGAIN, proxy.settled()).await;
            before.get_or_init(|| proxy.counters());
            let answer = settled.map(|()| Answer::Set(effect)).map_err(|_| {
                let limit = format_duration(OPEN_AGAIN);
                format!(
                    "its port could not be opened or closed within {limit}: are there file descriptors left?"
                )
            });
            shared.answer(ticket, answer);
        });
    }

    pub fn act(&self, shared: &Shared, ticket: Ticket, call: &Call) {
        let Some(proxy) = self.proxy.borrow().clone() else {
            return shared.answer(ticket, Err("the link is not open".into()));
        };
        match call.verb {
            "reset" => drop(proxy.reset()),
            "cut" => {
                let share = call.arguments.number("share").unwrap_or(1.0);
                proxy.cut(share, &mut *self.random.borrow_mut());
            }
            verb => return shared.answer(ticket, Err(format!("this link cannot `{verb}` yet"))),
        }
        shared.answer(ticket, Ok(Answer::Done));
    }
}

/// What is asked of a link that understands HTTP, by its properties.
fn disturbance<'a>(asked: impl Fn(&str) -> Option<&'a Arguments>) -> Disturbance {
    Disturbance {
        answer: asked("answer").map(|answer| OwnAnswer {
            status: answer.number("status").unwrap_or_default() as u16,
            share: answer.number("to").unwrap_or(1.0),
        }),
        delay: asked("delay").map(|delay| Delay {
            route: delay.text("route").unwrap_or_default().to_string(),
            time: delay.duration("time").unwrap_or_default(),
        }),
        tear: asked("tear").map(|tear| tear.number("share").unwrap_or(1.0)),
    }
}

/// The condition that a verb asks for.
fn condition(call: &Call) -> Condition {
    let arguments = &call.arguments;
    match call.verb {
        "off" if arguments.has("refuse") => Condition::Refuse,
        "off" => Condition::Off,
        "degrade" => {
            let direction = Direction {
                latency: arguments.duration("latency").unwrap_or_default(),
                jitter: arguments.duration("jitter").unwrap_or_default(),
                bandwidth: arguments.number("bandwidth"),
            };
            Condition::Degrade(Impairment {
                up: (!arguments.has("down")).then_some(direction),
                down: (!arguments.has("up")).then_some(direction),
            })
        }
        _ => Condition::On,
    }
}

/// Begins to look at what a condition does.
fn watch(proxy: &Rc<Proxy>, fault: FaultId, condition: Condition, before: Rc<OnceCell<Counters>>) -> Applied {
    let patience = match condition {
        Condition::On => None,
        Condition::Off => Some(SILENCE),
        Condition::Refuse => None,
        Condition::Degrade(impairment) => Some(2 * asked(&impairment).1 + PATIENCE),
    };
    let probe = patience.map(|patience| {
        let proxy = Rc::clone(proxy);
        Probe::start(async move { proxy.probe(patience).await })
    });
    Applied { fault, condition, before, probe }
}

/// The least and the most time there and back that an impairment asks for.
fn asked(impairment: &Impairment) -> (Duration, Duration) {
    let both = [impairment.up, impairment.down].into_iter().flatten();
    both.fold((Duration::ZERO, Duration::ZERO), |(least, most), direction| {
        let (latency, jitter) = (direction.latency, direction.jitter);
        (least + latency.saturating_sub(jitter), most + latency + jitter)
    })
}
