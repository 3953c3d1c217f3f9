//! The proof of what a process was kept under.

use crate::event::Evidence;
use crate::kinds::process::limit::{Limited, Limits};
use crate::kinds::process::throttle::Throttled;
use crate::lang::call::Arguments;
use crate::lang::unit::{format_duration, format_share, format_size};
use crate::run::world::Effect;
use std::time::Duration;

/// A throttled process may use more than its share by this part of it: it is kept back when it has.
const OVER: f64 = 0.25;
/// And by this much, before it is kept back for the first time and where soak was woken late.
const SLACK: Duration = Duration::from_millis(50);
/// Who has used this part of what it may is at its limit.
const NEAR: f64 = 0.8;

/// What throttling did.
pub(super) fn throttled(share: f64, found: Throttled) -> Effect {
    let used = format!("used {} of one core ({} asked)", format_share(found.share()), format_share(share));
    if !found.was_held() {
        let measured = Some(format!("{used}, never held back"));
        return Effect { measured, evidence: Evidence::NotExercised };
    }
    let held = found.used <= found.time.mul_f64(share.max(0.0) * (1.0 + OVER)) + SLACK;
    let how = match found.held_periods {
        0 => format!("stopped for {} of {}", format_duration(found.stopped), format_duration(found.time)),
        held => format!("held back by the kernel in {held} of {} periods", found.periods),
    };
    let evidence = if held { Evidence::Measured } else { Evidence::None };
    Effect { measured: Some(format!("{used}, {how}")), evidence }
}

/// What limits did.
pub(super) fn limited(limits: Limits, found: Limited) -> Effect {
    let mut parts = Vec::new();
    let mut met = false;
    if let Some(memory) = limits.memory {
        parts.push(format!(
            "{} of {} in one process",
            format_size(found.memory as f64),
            format_size(memory as f64)
        ));
        met |= found.memory as f64 >= memory as f64 * NEAR;
    }
    if let Some(files) = limits.files {
        parts.push(format!("{} of {files} files open in one process", found.files));
        met |= found.files as f64 >= files as f64 * NEAR;
    }
    if found.undone > 0 {
        parts.push(format!(
            "{} of {} processes had set another limit themselves",
            found.undone, found.processes
        ));
    }
    let evidence = match met {
        _ if found.undone > 0 && found.undone == found.processes => Evidence::None,
        true => Evidence::Measured,
        false => Evidence::NotExercised,
    };
    Effect { measured: Some(format!("at most {}", parts.join(", "))), evidence }
}

/// The limits that a call asks for.
pub(super) fn limits_of(arguments: &Arguments) -> Limits {
    let whole = |name| arguments.number(name).map(|number| number.max(0.0).round() as u64);
    Limits { memory: whole("memory"), files: whole("files") }
}
