//! What a number without its unit was probably meant to be.

use super::constant_quantity;
use crate::lang::expr::{Expr, ExprKind};
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::types::Type;
use crate::lang::unit::number;
use crate::lang::value::Value;

/// What a number without a unit was written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::check) enum Meant {
    /// Something is compared with it, or delayed by it: short.
    Compared,
    /// What grows is compared with it: per hour.
    Growth,
    /// An answer or a condition is waited for that long at most: seconds, or thousands of milliseconds.
    Limit,
    /// Something lasts that long.
    Lasting,
    /// A user thinks for that long.
    Think,
}

impl Meant {
    /// By what the number is called in messages.
    pub(super) fn of(what: &str) -> Meant {
        match what {
            _ if what.contains("latency") || what.contains("jitter") => Meant::Compared,
            "`timeout`" | "`within`" | "`max`" | "`grace`" => Meant::Limit,
            "`think`" => Meant::Think,
            _ => Meant::Lasting,
        }
    }
}

/// What a bare number was probably meant to be, where something with a unit is wanted: `100` beside a
/// duration is `100ms`.
pub(in crate::check) fn likely_literal(expr: &Expr, wanted: &Type, meant: Meant) -> Option<String> {
    let (Type::Quantity { dimension, .. } | Type::Range(dimension)) = wanted else { return None };
    if let Some(text) = expr.constant().and_then(Value::as_text) {
        // Written in quotes.
        let quantity = crate::lang::unit::parse(text).ok()?;
        return (quantity.dimension == *dimension).then(|| text.to_string());
    }
    if let Some(Value::Range(low, high)) = expr.constant() {
        let end = |end: &Quantity| {
            let kind = ExprKind::Constant(Value::Quantity(*end));
            likely_literal(&Expr { kind, ..expr.clone() }, &Type::quantity(*dimension), meant)
        };
        return Some(format!("{}..{}", end(low)?, end(high)?));
    }
    let quantity = constant_quantity(expr)?;
    let value = quantity.to_f64();
    // `500m`, as containers have it, is so many minutes.
    let minutes = value / MINUTE;
    if quantity.dimension == Dimension::TIME
        && *dimension == Dimension::SIZE
        && minutes >= 1.0
        && minutes.fract() == 0.0
    {
        return Some(format!("{}MB", number(minutes)));
    }
    if quantity.dimension != Dimension::NONE || quantity.percent || value < 0.0 {
        return None;
    }
    let bare = number(value);
    match *dimension {
        Dimension::TIME => likely_duration(value, meant),
        Dimension::SIZE => likely_size(value),
        Dimension::RATE => Some(format!("{bare}/s")),
        Dimension::BYTE_RATE => likely_size(value).map(|size| format!("{size}/s")),
        Dimension::NONE => Some(format!("{bare}%")),
        _ => None,
    }
}

/// In seconds.
const MINUTE: f64 = 60.0;

/// From here on a number of bytes or milliseconds is one that other tools take.
const THOUSAND: f64 = 1_000.0;

/// A number as a duration: other tools take seconds or milliseconds, and nobody waits an hour for an answer.
fn likely_duration(value: f64, meant: Meant) -> Option<String> {
    let thousands = value >= THOUSAND && value % THOUSAND == 0.0 && value % 3_600.0 != 0.0;
    let millis = match meant {
        Meant::Compared | Meant::Growth => value >= 10.0,
        Meant::Limit => value >= THOUSAND,
        Meant::Lasting => thousands,
        // Nobody thinks for minutes.
        Meant::Think => value >= 60.0,
    };
    let seconds = if millis { value / THOUSAND } else { value };
    let shown = crate::lang::unit::format_duration(std::time::Duration::try_from_secs_f64(seconds).ok()?);
    // Some are shown rounded.
    let exact = crate::lang::unit::parse(&shown).is_ok_and(|read| read.to_f64() == seconds);
    let unit = if millis { "ms" } else { "s" };
    Some(if exact { shown } else { format!("{}{unit}", number(value)) })
}

/// A number as a size: small ones are megabytes, others bytes.
fn likely_size(value: f64) -> Option<String> {
    if value < THOUSAND {
        return Some(format!("{}MB", number(value)));
    }
    const UNITS: [(&str, f64); 6] = [
        ("GiB", 1_073_741_824.0),
        ("GB", 1e9),
        ("MiB", 1_048_576.0),
        ("MB", 1e6),
        ("KiB", 1_024.0),
        ("KB", 1e3),
    ];
    let whole = UNITS.iter().find(|(_, bytes)| value >= *bytes && value % bytes == 0.0);
    Some(match whole {
        Some((name, bytes)) => format!("{}{name}", number(value / bytes)),
        None => format!("{}B", number(value)),
    })
}
