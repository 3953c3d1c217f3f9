//! The rate of a load over its time, with every value known.

use super::world::{LoadArrival, LoadOrder};
use crate::check::scenario::Curve;
use crate::lang::profile::{Exact, Profile};
use crate::lang::quantity::{Amount, Quantity};
use std::time::Duration;

/// The rate of a load that has one; `None` of any other.
///
/// # Errors
/// A rate that is none, or a ramp without an end, in words.
pub fn profile(curves: &[Curve], order: &LoadOrder) -> Result<Option<Profile>, String> {
    let LoadArrival::Rate { rate, to, shaped, .. } = &order.arrival else { return Ok(None) };
    let from = exact(*rate)?;
    let profile = match (shaped, to, order.end) {
        (Some((curve, period)), ..) => {
            let points = curves.get(curve.index()).map_or(&[][..], |curve| &curve.points);
            let shaped = Profile::shaped(points, from, seconds(*period));
            shaped.ok_or("this curve cannot be followed: its numbers are too large or its time is none")?
        }
        (None, Some(to), Some(end)) => Profile::ramp(from, exact(*to)?, seconds(end.since(order.start))),
        (None, Some(_), None) => return Err("a ramp needs an end".into()),
        (None, None, _) => Profile::constant(from),
    };
    Ok(Some(profile))
}

/// A time as an exact number of seconds.
pub fn seconds(time: Duration) -> Exact {
    Exact::new(i128::try_from(time.as_nanos()).unwrap_or(i128::MAX), 1_000_000_000)
}

/// A rate as a fraction; one that was measured or drawn is taken to a millionth.
fn exact(rate: Quantity) -> Result<Exact, String> {
    const GRAIN: f64 = 1e6;
    match rate.amount {
        Amount::Exact(ratio) if ratio < Exact::from_integer(0) => Err("a rate cannot be negative".into()),
        Amount::Exact(ratio) => Ok(ratio),
        Amount::Float(value) if !(0.0..1e15).contains(&value) => Err(format!("a rate cannot be {value}")),
        Amount::Float(value) => Ok(Exact::new((value * GRAIN).round() as i128, GRAIN as i128)),
    }
}
