//! The state machines of the qualifiers, fed by hand.

use super::*;
use crate::lang::eval::NoValue;
use crate::lang::moment::Moment;
use std::time::Duration;

fn at(seconds: u64) -> Moment {
    Moment(seconds * 1_000_000_000)
}

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// `t`, `f` and `-` (no value) at seconds; `|` at the end of the block. Gives `held 3`, `missed`, `nothing`.
fn judged(qualifier: Qualifier, samples: &str) -> String {
    let mut judge = Judge::new(qualifier, at(10));
    for (word, what) in samples.split_whitespace().map(|word| word.split_at(1)) {
        let moment = at(10 + what.parse::<u64>().unwrap());
        let alarm = judge.alarm().filter(|alarm| *alarm < moment);
        if let Some(ruling) = alarm.and_then(|alarm| judge.clock(alarm)) {
            return told(&ruling);
        }
        let ruling = match word {
            "t" => judge.feed(moment, &Ok(true)),
            "f" => judge.feed(moment, &Ok(false)),
            "-" => judge.feed(moment, &Err(NoValue::DivisionByZero)),
            _ => Some(judge.end(moment)),
        };
        if let Some(ruling) = ruling {
            return told(&ruling);
        }
    }
    "open".into()
}

fn told(ruling: &Ruling) -> String {
    match ruling {
        Ruling::Held { took: Some(took) } => format!("held {}", took.as_secs()),
        Ruling::Held { took: None } => "held".into(),
        Ruling::Missed { .. } => "missed".into(),
        Ruling::Inconclusive { .. } => "nothing".into(),
    }
}

#[test]
fn each_qualifier_rules_as_the_language_says() {
    use Qualifier::*;
    let tolerant = Always(Tolerance::Time(s(3)));
    let share = Always(Tolerance::Share(0.25));
    let stretch = ForWithin { stretch: s(3), within: s(8) };
    let cases: &[(Qualifier, &str, &str)] = &[
        (Now, "t0", "held"),
        (Now, "f0", "missed"),
        (Now, "-0", "nothing"),
        (AtEnd, "f9", "missed"),
        (AtEnd, "-9", "nothing"),
        (Within(s(5)), "t0", "held 0"),
        (Within(s(5)), "f0 -1 f2 t4", "held 4"),
        (Within(s(5)), "f0 t5", "held 5"),
        (Within(s(5)), "f0 t6", "missed"),
        (Within(s(5)), "-0 -3 |4", "nothing"),
        (Within(s(5)), "f0 |4", "missed"),
        (Always(Tolerance::Nothing), "t0 t1 |2", "held"),
        (Always(Tolerance::Nothing), "t0 -1 |2", "held"),
        (Always(Tolerance::Nothing), "t0 f1 t2", "missed"),
        (Always(Tolerance::Nothing), "-0 |2", "nothing"),
        (tolerant, "t0 f1 f2 t3 |9", "held"),
        (tolerant, "t0 f1 f2 f3 f4", "missed"),
        (tolerant, "t0 f1 t5", "missed"),
        (tolerant, "f0 t2 f3 t5 |9", "held"),
        (tolerant, "t0 f7 |9", "held"),
        (share, "t0 t1 t2 f3 |4", "held"),
        (share, "t0 f1 t2 f3 |4", "missed"),
        (share, "|4", "nothing"),
        (Sometimes, "f0 t1", "held"),
        (Sometimes, "f0 -1 |2", "missed"),
        (Sometimes, "-0 |2", "nothing"),
        (For(s(5)), "t0 t3 |5", "held"),
        (For(s(5)), "t0 f3", "missed"),
        (For(s(5)), "t0 f6", "held"),
        (For(s(5)), "-0 |5", "nothing"),
        (For(s(5)), "t0 |3", "nothing"),
        (stretch, "t0 t2 t3", "held 3"),
        (stretch, "f0 t2 f4 t5 t8", "held 8"),
        (stretch, "f0 t2 f4 t6 t8 |9", "missed"),
        (stretch, "f0 |2", "missed"),
        (stretch, "-0 |9", "nothing"),
    ];
    for (qualifier, samples, expected) in cases {
        assert_eq!(judged(*qualifier, samples), *expected, "{qualifier:?} {samples}");
    }
}

#[test]
fn a_ruling_says_what_was_lacking() {
    let mut judge = Judge::new(Qualifier::Within(s(5)), at(0));
    assert_eq!(judge.feed(at(1), &Err(NoValue::DivisionByZero)), None);
    assert_eq!(judge.clock(at(5)), Some(Ruling::Inconclusive { why: "a division by zero".into() }));
    let mut judge = Judge::new(Qualifier::Always(Tolerance::Nothing), at(0));
    assert_eq!(judge.end(at(5)), Ruling::Inconclusive { why: "it was never sampled".into() });
}
