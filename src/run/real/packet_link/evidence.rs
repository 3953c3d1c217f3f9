//! The proof of what a condition of a link that carries packets did: what was asked, beside what the emulator counted.

use super::super::probe::{ENOUGH, SILENCE};
use super::Applied;
use crate::event::Evidence;
use crate::kinds::link::emulator::{Condition, Counters, Delays, Impairment, Tally};
use crate::lang::unit::{format_duration, number};
use crate::run::world::Effect;
use std::time::Duration;

/// Where chance should have hit so many packets and hit none, it did nothing.
const EXPECTED: f64 = 10.0;

/// What a condition did, looked at in its last moment. A clean link is no fault and needs no proof.
pub(super) fn effect(applied: &Applied, now: &Counters) -> Option<Effect> {
    let before = applied.seen.before.borrow();
    // Replaced before it held: nothing was seen of it.
    let Some(before) = before.as_ref() else {
        return (applied.condition != Condition::On).then_some(UNSEEN);
    };
    let (up, down) = (now.up.since(&before.up), now.down.since(&before.down));
    let probed = applied.probed();
    match &applied.condition {
        Condition::On => None,
        Condition::Off => Some(silent(&up, &down, probed)),
        Condition::Refuse if now.refusing && up.packets + down.packets == 0 => {
            Some(Effect { measured: Some("the port refused".into()), evidence: Evidence::Measured })
        }
        Condition::Refuse => Some(refused(&up, &down, now.reset - before.reset)),
        Condition::Degrade(asked) => {
            let ways = [
                asked.up.map(|asked| Way { name: "up", asked, tally: up, delays: now.up_delays.clone() }),
                asked.down.map(|asked| Way {
                    name: "down",
                    asked,
                    tally: down,
                    delays: now.down_delays.clone(),
                }),
            ];
            let ways: Vec<_> = ways.into_iter().flatten().collect();
            Some(degraded(&ways, probed.flatten(), now.uncounted))
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

fn degraded(ways: &[Way], probed: Option<Duration>, uncounted: bool) -> Effect {
    let mut findings = Vec::new();
    delays(ways, probed, &mut findings);
    shares(ways, uncounted, &mut findings);
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

/// How many packets chance really hit. Of an interface the kernel counts no more than those that were lost.
fn shares(ways: &[Way], uncounted: bool, findings: &mut Vec<Finding>) {
    type Of = (&'static str, fn(&Impairment) -> f64, fn(&Tally) -> u64);
    let all: [Of; 4] = [
        ("lost", |asked| asked.loss, |tally| tally.lost),
        ("duplicated", |asked| asked.duplicate, |tally| tally.duplicated),
        ("corrupted", |asked| asked.corrupt, |tally| tally.corrupted),
        ("overtaken", |asked| asked.reorder, |tally| tally.reordered),
    ];
    for (word, asked, done) in all {
        if uncounted && word != "lost" {
            if ways.iter().any(|way| asked(&way.asked) > 0.0) {
                let text = format!("the kernel does not count packets {word}");
                findings.push(Finding { text, evidence: Evidence::NotExercised });
            }
            continue;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn way(asked: Impairment, tally: Tally, late: Option<u64>) -> Way {
        let delays = late.map(|milliseconds| {
            let late = Duration::from_millis(milliseconds);
            Delays { frames: 9, minimum: late, median: late, p99: late, maximum: late }
        });
        Way { name: "up", asked, tally, delays }
    }

    #[test]
    fn what_was_asked_is_compared_with_what_was_done() {
        let slow = Impairment { latency: Duration::from_millis(50), ..Impairment::default() };
        let lossy = Impairment { loss: 0.1, ..Impairment::default() };
        let both = Impairment { loss: 0.1, ..slow };
        let thin = Impairment { bandwidth: Some(1e6), ..Impairment::default() };
        let none = Tally::default();
        let passed = |offered, lost| Tally { offered, lost, packets: offered - lost, ..none };
        let cases = [
            (slow, passed(9, 0), Some(50), Evidence::Measured, "up 50ms late"),
            (slow, passed(9, 0), Some(10), Evidence::None, "up 10ms late"),
            (slow, none, None, Evidence::NotExercised, ""),
            (lossy, passed(1000, 101), None, Evidence::Measured, "10.1% of 1_000 packets lost"),
            (lossy, passed(1000, 0), None, Evidence::None, "0% of 1_000 packets lost"),
            (lossy, passed(9, 0), None, Evidence::NotExercised, "0% of 9 packets lost"),
            (both, passed(1000, 99), Some(10), Evidence::None, "up 10ms late, 9.9% of 1_000 packets lost"),
            (thin, passed(7, 0), None, Evidence::Measured, "up passed 7 packets"),
        ];
        for (asked, tally, late, evidence, text) in cases {
            let effect = degraded(&[way(asked, tally, late)], None, false);
            assert_eq!((effect.evidence, effect.measured.as_deref().unwrap_or("")), (evidence, text));
        }
        let probed = degraded(&[way(slow, none, None)], Some(Duration::from_millis(51)), false);
        assert_eq!(probed.evidence, Evidence::Measured);
        let twice = Impairment { duplicate: 0.5, ..Impairment::default() };
        let unknown = degraded(&[way(twice, passed(1000, 0), None)], None, true);
        assert_eq!(unknown.evidence, Evidence::NotExercised);
    }

    #[test]
    fn silence_and_refusal_are_proved_by_what_did_not_pass() {
        let none = Tally::default();
        let swallowed = Tally { silenced: 3, ..none };
        let refusing = Tally { refused: 3, ..none };
        let through = Tally { packets: 1, ..none };
        assert_eq!(silent(&swallowed, &none, None).evidence, Evidence::Measured);
        assert_eq!(silent(&none, &none, Some(None)).evidence, Evidence::Measured);
        assert_eq!(silent(&none, &none, None).evidence, Evidence::NotExercised);
        assert_eq!(silent(&swallowed, &through, Some(None)).evidence, Evidence::None);
        assert_eq!(refused(&refusing, &none, 0).evidence, Evidence::Measured);
        assert_eq!(refused(&none, &none, 2).evidence, Evidence::Measured);
        assert_eq!(refused(&none, &none, 0).evidence, Evidence::NotExercised);
        assert_eq!(refused(&refusing, &through, 0).evidence, Evidence::None);
    }
}
