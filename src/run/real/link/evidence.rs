//! The proof of what was asked of a proxy: what was asked, beside what it counted.

use super::super::probe::{ENOUGH, SILENCE};
use super::{Applied, asked};
use crate::event::Evidence;
use crate::kinds::link::proxy::{Condition, Counters, Impairment};
use crate::lang::call::Call;
use crate::lang::unit::{format_duration, format_size, number};
use crate::run::world::Effect;

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
    let (pieces, cuts) = (now.pieces - before.pieces, now.cuts - before.cuts);
    let size = format_size(call.arguments.number("size").unwrap_or_default());
    let count = number(pieces as f64);
    match (pieces, cuts) {
        (0, _) => Effect { measured: None, evidence: Evidence::NotExercised },
        (_, 0) => Effect {
            measured: Some(format!("nothing longer than {size} came in {count} pieces")),
            evidence: Evidence::NotExercised,
        },
        _ => Effect {
            measured: Some(format!("{count} pieces of at most {size} were written")),
            evidence: Evidence::Measured,
        },
    }
}
