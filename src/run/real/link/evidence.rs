//! The proof of what was asked of a proxy: what was asked, beside what it counted.

use super::super::probe::{ENOUGH, SILENCE};
use super::{Applied, asked};
use crate::event::Evidence;
use crate::kinds::link::proxy::{Condition, Counters, Impairment};
use crate::lang::call::Call;
use crate::lang::unit::{format_duration, format_size, number};
use crate::run::world::Effect;
use std::time::Duration;

/// Where chance should have hit so many and hit none, it did nothing.
const EXPECTED: f64 = 10.0;

/// What a condition did, looked at in its last moment. A clean link is no fault and needs no proof.
pub(super) fn effect(applied: &Applied, now: &Counters) -> Option<Effect> {
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

/// What a state beside the condition did, from when it was set to its last moment.
pub(super) fn beside(call: &Call, before: &Counters, now: &Counters) -> Effect {
    let arguments = &call.arguments;
    let http = Http::between(before, now);
    match call.verb {
        "slice" => sliced(arguments.number("size").unwrap_or_default(), before, now),
        "answer" => {
            let status = number(arguments.number("status").unwrap_or_default());
            let done = format!("were answered {status}");
            http.shared(
                http.requests,
                http.answered,
                arguments.number("to").unwrap_or(1.0),
                "requests",
                &done,
            )
        }
        "tear" => {
            let share = arguments.number("share").unwrap_or(1.0);
            http.shared(http.answers, http.torn, share, "answers", "were torn")
        }
        _ => http.delayed(arguments.duration("time").unwrap_or_default()),
    }
}

const UNSEEN: Effect = Effect { measured: None, evidence: Evidence::NotExercised };

fn told(evidence: Evidence, text: String) -> Effect {
    Effect { measured: Some(text), evidence }
}

fn sliced(size: f64, before: &Counters, now: &Counters) -> Effect {
    let (pieces, cuts) = (now.pieces - before.pieces, now.cuts - before.cuts);
    let (size, count) = (format_size(size), number(pieces as f64));
    match (pieces, cuts) {
        (0, _) => UNSEEN,
        (_, 0) => told(Evidence::NotExercised, format!("nothing longer than {size} came in {count} pieces")),
        _ => told(Evidence::Measured, format!("{count} pieces of at most {size} were written")),
    }
}

/// What a link that understands HTTP saw and did, over a time.
struct Http {
    requests: u64,
    answered: u64,
    delayed: u64,
    delays: Duration,
    /// How many are held back at the end of it.
    holding: u64,
    answers: u64,
    torn: u64,
    /// Connections that something came on that is no HTTP/1.1, and whether anything passed.
    foreign: u64,
    passed: bool,
}

impl Http {
    fn between(earlier: &Counters, later: &Counters) -> Http {
        let (before, now) = (&earlier.http, &later.http);
        Http {
            requests: now.requests - before.requests,
            answered: now.answered - before.answered,
            delayed: now.delayed - before.delayed,
            delays: now.delays.saturating_sub(before.delays),
            holding: now.holding,
            answers: now.answers - before.answers,
            torn: now.torn - before.torn,
            foreign: now.foreign - before.foreign + before.foreign_open,
            passed: later.sent + later.received > earlier.sent + earlier.received,
        }
    }

    /// What is said where nothing was seen that anything could have been done to.
    fn nothing(&self) -> Effect {
        match self.foreign {
            0 => UNSEEN,
            _ if !self.passed => UNSEEN,
            count => told(
                Evidence::None,
                format!(
                    "no request was seen: {count} connections carried something else than HTTP/1.1, such as TLS or HTTP/2"
                ),
            ),
        }
    }

    /// What was done to a share of all that were seen.
    fn shared(&self, seen: u64, hit: u64, asked: f64, what: &str, done: &str) -> Effect {
        if seen == 0 {
            return self.nothing();
        }
        let share = number((hit as f64 / seen as f64 * 10_000.0).round() / 100.0);
        let evidence = match hit {
            0 if asked * seen as f64 >= EXPECTED => Evidence::None,
            0 => Evidence::NotExercised,
            _ => Evidence::Measured,
        };
        told(evidence, format!("{share}% of {} {what} {done}", number(seen as f64)))
    }

    fn delayed(&self, asked: Duration) -> Effect {
        let seen = self.requests + self.holding;
        if seen == 0 {
            return self.nothing();
        }
        let of = format!("of {} requests", number(seen as f64));
        let Some(mean) = u32::try_from(self.delayed).ok().and_then(|count| self.delays.checked_div(count))
        else {
            return match self.holding {
                0 => told(Evidence::NotExercised, format!("none {of} was on the route")),
                count => told(Evidence::Measured, format!("{count} {of} were held back until its end")),
            };
        };
        let evidence = match mean.as_secs_f64() >= asked.as_secs_f64() * ENOUGH {
            true => Evidence::Measured,
            false => Evidence::None,
        };
        let mean = format_duration(Duration::from_micros(mean.as_micros() as u64 / 10 * 10));
        told(evidence, format!("{} {of} were held back, for {mean} on average", number(self.delayed as f64)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Http = Http {
        requests: 0,
        answered: 0,
        delayed: 0,
        delays: Duration::ZERO,
        holding: 0,
        answers: 0,
        torn: 0,
        foreign: 0,
        passed: true,
    };

    #[test]
    fn shares_asked_for_are_compared_with_those_hit() {
        let cases = [
            (1000, 98, Evidence::Measured, "9.8% of 1_000 requests were answered 503"),
            (1000, 0, Evidence::None, "0% of 1_000 requests were answered 503"),
            (9, 0, Evidence::NotExercised, "0% of 9 requests were answered 503"),
        ];
        for (seen, hit, evidence, text) in cases {
            let effect = NOTHING.shared(seen, hit, 0.1, "requests", "were answered 503");
            assert_eq!((effect.evidence, effect.measured.as_deref()), (evidence, Some(text)));
        }
        assert_eq!(NOTHING.shared(0, 0, 0.1, "requests", "").evidence, Evidence::NotExercised);
        let foreign = Http { foreign: 2, ..NOTHING }.shared(0, 0, 0.1, "requests", "");
        assert_eq!(foreign.evidence, Evidence::None);
        let silent = Http { foreign: 2, passed: false, ..NOTHING }.shared(0, 0, 0.1, "requests", "");
        assert_eq!(silent.evidence, Evidence::NotExercised);
        assert!(foreign.measured.unwrap().starts_with("no request was seen: 2 connections"));
    }

    #[test]
    fn delays_asked_for_are_compared_with_those_made() {
        let asked = Duration::from_secs(2);
        let held = |delayed, seconds, holding| {
            let delays = Duration::from_secs(seconds);
            Http { requests: 10, delayed, delays, holding, ..NOTHING }.delayed(asked)
        };
        let text = |effect: Effect| (effect.evidence, effect.measured.unwrap());
        let cases = [
            (held(3, 6, 0), Evidence::Measured, "3 of 10 requests were held back, for 2s on average"),
            (held(3, 3, 0), Evidence::None, "3 of 10 requests were held back, for 1s on average"),
            (held(0, 0, 2), Evidence::Measured, "2 of 12 requests were held back until its end"),
            (held(0, 0, 0), Evidence::NotExercised, "none of 10 requests was on the route"),
        ];
        for (effect, evidence, said) in cases {
            assert_eq!(text(effect), (evidence, said.to_string()));
        }
    }
}
