//! Orders to links between hosts: conditions of the emulator, and the proof of what each did.

use super::Shared;
use crate::event::Evidence;
use crate::kinds::host::NetworkError;
use crate::kinds::host::network::Network;
use crate::kinds::link::emulator::{Condition, Counters, Delays, Impairment, Tally};
use crate::lang::call::Call;
use crate::lang::unit::{format_duration, number};
use crate::run::world::{Answer, Effect, State, Ticket};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;
use tokio::task::AbortHandle;

/// How long a probe of a silent link waits for an answer that must not come.
const SILENCE: Duration = Duration::from_millis(500);
/// How much longer than asked a probe of a slow link waits.
const PATIENCE: Duration = Duration::from_secs(2);
/// A delay counts as having happened when at least this share of it was measured.
const ENOUGH: f64 = 0.8;
/// Where chance should have hit so many packets and hit none, it did nothing.
const EXPECTED: f64 = 10.0;

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
    /// What a probe of it came to, once it has.
    probed: Rc<Cell<Option<Option<Duration>>>>,
    probe: Option<AbortHandle>,
}

impl Drop for Applied {
    fn drop(&mut self) {
        if let Some(probe) = &self.probe {
            probe.abort();
        }
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
        let set = network.set(self.place, condition);
        let first = state.is_some().then(|| network.counters(self.place));
        let before = Rc::<RefCell<Option<Counters>>>::default();
        if state.is_some() {
            let applied = self.watch(&network, condition, Rc::clone(&before));
            *self.applied.borrow_mut() = Some(applied);
        }
        let shared = Rc::clone(shared);
        tokio::task::spawn_local(async move {
            let effect = match (previous, last) {
                (Some(previous), Some(last)) => last.await.ok().and_then(|now| effect(&previous, &now)),
                _ => None,
            };
            let done = set.await;
            if let Some(first) = first {
                *before.borrow_mut() = first.await.ok();
            }
            shared.answer(ticket, done.map(|()| Answer::Set(effect)).map_err(|error| error.to_string()));
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
        let probed = Rc::new(Cell::new(None));
        let patience = match condition {
            Condition::On | Condition::Refuse => None,
            Condition::Off => Some(SILENCE),
            Condition::Degrade { up, down } => {
                let most = [up, down].into_iter().flatten().map(|one| one.latency + one.jitter);
                Some(2 * most.max().unwrap_or_default() + PATIENCE)
            }
        };
        let probe = patience.map(|patience| {
            let (answer, result) = (network.probe(self.place, patience), Rc::clone(&probed));
            let task = tokio::task::spawn_local(async move {
                let came = answer.await;
                result.set(Some(came));
            });
            task.abort_handle()
        });
        Applied { condition, before, probed, probe }
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
            Condition::Degrade {
                up: (!arguments.has("down")).then_some(impairment),
                down: (!arguments.has("up")).then_some(impairment),
            }
        }
        _ => Condition::On,
    }
}

/// What a condition did, looked at in its last moment. A clean link is no fault and needs no proof.
fn effect(applied: &Applied, now: &Counters) -> Option<Effect> {
    let before = applied.before.borrow();
    // Replaced before it held: nothing was seen of it.
    let Some(before) = before.as_ref() else {
        return (applied.condition != Condition::On).then_some(UNSEEN);
    };
    let (up, down) = (now.up.since(&before.up), now.down.since(&before.down));
    let probed = applied.probed.get();
    match applied.condition {
        Condition::On => None,
        Condition::Off => Some(silent(&up, &down, probed)),
        Condition::Refuse => Some(refused(&up, &down, now.reset - before.reset)),
        Condition::Degrade { up: asked_up, down: asked_down } => {
            let ways = [
                asked_up.map(|asked| Way { name: "up", asked, tally: up, delays: now.up_delays.clone() }),
                asked_down.map(|asked| Way {
                    name: "down",
                    asked,
                    tally: down,
                    delays: now.down_delays.clone(),
                }),
            ];
            Some(degraded(&ways.into_iter().flatten().collect::<Vec<_>>(), probed.flatten()))
        }
    }
}

const UNSEEN: Effect = Effect { measured: None, evidence: Evidence::NotExercised };

fn silent(up: &Tally, down: &Tally, probed: Option<Option<Duration>>) -> Effect {
    let (passed, swallowed) = (up.packets + down.packets, up.silenced + down.silenced);
    let tell = |evidence, text: String| Effect { measured: Some(text), evidence };
    match probed {
        _ if passed > 0 => tell(Evidence::None, format!("{passed} packets got through")),
        Some(Some(took)) => tell(Evidence::None, format!("answered in {}", format_duration(took))),
        _ if swallowed > 0 => {
            tell(Evidence::Measured, format!("nothing got through, {swallowed} packets were swallowed"))
        }
        Some(None) => {
            let silence = format_duration(SILENCE);
            tell(Evidence::Measured, format!("nothing got through, no answer within {silence}"))
        }
        None => UNSEEN,
    }
}

fn refused(up: &Tally, down: &Tally, reset: u64) -> Effect {
    let (passed, refused) = (up.packets + down.packets, up.refused + down.refused);
    let tell = |evidence, text: String| Effect { measured: Some(text), evidence };
    match (passed, refused + reset) {
        (0, 0) => UNSEEN,
        (0, _) => tell(
            Evidence::Measured,
            format!("{reset} connections were reset, {refused} more packets were refused"),
        ),
        _ => tell(Evidence::None, format!("{passed} packets got through")),
    }
}

/// One direction: what was asked of it and what was done.
struct Way {
    name: &'static str,
    asked: Impairment,
    tally: Tally,
    delays: Option<Delays>,
}

/// What is said of one thing that was asked for.
struct Finding {
    text: String,
    evidence: Evidence,
}

fn degraded(ways: &[Way], probed: Option<Duration>) -> Effect {
    let mut findings = Vec::new();
    delays(ways, probed, &mut findings);
    shares(ways, &mut findings);
    for way in ways {
        overrun(way, &mut findings);
    }
    let text = findings.iter().map(|one| one.text.as_str()).filter(|text| !text.is_empty());
    let text = text.collect::<Vec<_>>().join(", ");
    let has = |evidence: Evidence| findings.iter().any(|one| one.evidence == evidence);
    let evidence = match () {
        // One thing that was asked for and did not happen is enough.
        () if has(Evidence::None) => Evidence::None,
        () if has(Evidence::Measured) => Evidence::Measured,
        () => Evidence::NotExercised,
    };
    Effect { measured: Some(text).filter(|text| !text.is_empty()), evidence }
}

/// How late packets really came.
fn delays(ways: &[Way], probed: Option<Duration>, findings: &mut Vec<Finding>) {
    for way in ways {
        let asked = way.asked.latency.saturating_sub(way.asked.jitter);
        if way.asked.latency.is_zero() {
            continue;
        }
        let Some(delays) = &way.delays else { continue };
        let enough = delays.median.as_secs_f64() >= asked.as_secs_f64() * ENOUGH;
        findings.push(Finding {
            text: format!("{} {} late", way.name, format_duration(rounded(delays.median))),
            evidence: if enough { Evidence::Measured } else { Evidence::None },
        });
    }
    let asked: Duration = ways.iter().map(|way| way.asked.latency.saturating_sub(way.asked.jitter)).sum();
    // A probe says more only where no packet came.
    if let Some(took) = probed.filter(|_| !asked.is_zero() && findings.is_empty()) {
        let enough = took.as_secs_f64() >= asked.as_secs_f64() * ENOUGH;
        findings.push(Finding {
            text: format!("round trip {}", format_duration(rounded(took))),
            evidence: if enough { Evidence::Measured } else { Evidence::None },
        });
    }
}

/// A time to a hundredth of a millisecond.
fn rounded(duration: Duration) -> Duration {
    Duration::from_micros((duration.as_nanos() as u64).div_ceil(10_000) * 10)
}

/// How many packets chance really hit.
fn shares(ways: &[Way], findings: &mut Vec<Finding>) {
    type Of = (&'static str, fn(&Impairment) -> f64, fn(&Tally) -> u64);
    let all: [Of; 4] = [
        ("lost", |asked| asked.loss, |tally| tally.lost),
        ("duplicated", |asked| asked.duplicate, |tally| tally.duplicated),
        ("corrupted", |asked| asked.corrupt, |tally| tally.corrupted),
        ("overtaken", |asked| asked.reorder, |tally| tally.reordered),
    ];
    for (word, asked, done) in all {
        let ways: Vec<&Way> = ways.iter().filter(|way| asked(&way.asked) > 0.0).collect();
        let offered: u64 = ways.iter().map(|way| way.tally.offered).sum();
        if offered == 0 {
            continue;
        }
        let hit: u64 = ways.iter().map(|way| done(&way.tally)).sum();
        let expected: f64 = ways.iter().map(|way| asked(&way.asked) * way.tally.offered as f64).sum();
        let share = number((hit as f64 / offered as f64 * 10_000.0).round() / 100.0);
        findings.push(Finding {
            text: format!("{share}% of {} packets {word}", number(offered as f64)),
            evidence: match hit {
                0 if expected >= EXPECTED => Evidence::None,
                0 => Evidence::NotExercised,
                _ => Evidence::Measured,
            },
        });
    }
    for way in ways.iter().filter(|way| way.asked.bandwidth.is_some()) {
        let tally = &way.tally;
        let lost = match tally.overflowed {
            0 => String::new(),
            lost => format!(" and dropped {} in its queue", number(lost as f64)),
        };
        findings.push(Finding {
            text: format!("{} passed {} packets{lost}", way.name, number(tally.packets as f64)),
            evidence: if tally.offered > 0 { Evidence::Measured } else { Evidence::NotExercised },
        });
    }
}

/// What soak itself lost is not left unsaid.
fn overrun(way: &Way, findings: &mut Vec<Finding>) {
    if way.tally.overrun > 0 {
        let lost = number(way.tally.overrun as f64);
        findings.push(Finding {
            text: format!("{} lost {lost} more packets because the machine was too busy", way.name),
            evidence: Evidence::NotExercised,
        });
    }
}
