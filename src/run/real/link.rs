//! Orders to links: conditions of the proxy, and the proof of what each did.

use super::probe::{ENOUGH, PATIENCE, Probe, SILENCE};
use super::{Setup, Shared};
use crate::event::Evidence;
use crate::kinds::link::proxy::{Condition, Counters, Direction, Impairment, Proxy, ProxyOptions};
use crate::lang::call::{Arguments, Call};
use crate::lang::unit::format_duration;
use crate::run::world::{Answer, Effect, FaultId, State, Ticket};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use std::cell::{OnceCell, RefCell};
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
}

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
            options: ProxyOptions { listen: text("listen"), to: text("to"), seed: setup.seed },
            proxy: RefCell::default(),
            random: RefCell::new(ChaCha8Rng::seed_from_u64(setup.seed)),
            applied: RefCell::default(),
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

    /// Puts the link into a condition. It takes effect before this returns; the answer waits for the port.
    pub fn set(self: &Rc<Self>, shared: &Rc<Shared>, ticket: Ticket, state: Option<State>) {
        let Some(proxy) = self.proxy.borrow().clone() else {
            return shared.answer(ticket, Err("the link is not open".into()));
        };
        let effect = self.applied.borrow_mut().take().and_then(|applied| effect(&applied, &proxy.counters()));
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

/// What a condition did, looked at in its last moment. A clean link is no fault and needs no proof.
fn effect(applied: &Applied, now: &Counters) -> Option<Effect> {
    tracing::debug!(fault = applied.fault, "a link's condition ends");
    // Replaced before it held: nothing was seen of it.
    let passed =
        applied.before.get().map_or(0, |before| (now.sent - before.sent) + (now.received - before.received));
    let tell = |evidence, text: String| Some(Effect { measured: Some(text), evidence });
    match applied.condition {
        Condition::On => None,
        Condition::Off => match applied.probed() {
            _ if passed > 0 => tell(Evidence::None, format!("{passed} bytes got through")),
            Some(None) => tell(
                Evidence::Measured,
                format!("nothing got through, no answer within {}", format_duration(SILENCE)),
            ),
            Some(Some(took)) => tell(Evidence::None, format!("answered in {}", format_duration(took))),
            None if now.open > 0 || now.measured.held > 0 => {
                tell(Evidence::Measured, format!("nothing got through on {} connections", now.open))
            }
            None => Some(Effect { measured: None, evidence: Evidence::NotExercised }),
        },
        Condition::Refuse if now.measured.refusing => tell(Evidence::Measured, "the port refused".into()),
        Condition::Refuse => tell(Evidence::None, "the port did not refuse".into()),
        Condition::Degrade(impairment) => degraded(applied, now, &impairment),
    }
}

fn degraded(applied: &Applied, now: &Counters, impairment: &Impairment) -> Option<Effect> {
    let (least, _) = asked(impairment);
    let probed = applied.probed().flatten();
    let chunks = [&now.measured.up, &now.measured.down].into_iter().flatten().map(|delays| delays.median);
    let seen = match (now.measured.round_trip(), probed) {
        (Some(took), _) => Some(took),
        (None, Some(took)) => Some(took),
        // Traffic in one direction only: what it took that way, where only that way was slowed.
        (None, None) if impairment.up.is_none() != impairment.down.is_none() => chunks.max(),
        (None, None) => None,
    };
    let Some(took) = seen else {
        return Some(Effect { measured: None, evidence: Evidence::NotExercised });
    };
    let enough = took.as_secs_f64() >= least.as_secs_f64() * ENOUGH;
    let evidence = if enough { Evidence::Measured } else { Evidence::None };
    Some(Effect { measured: Some(format!("round trip {}", format_duration(took))), evidence })
}
