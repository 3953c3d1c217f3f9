//! A number with its dimension. Constants are exact fractions, so that 10/min for 60 s is 10 and not 9.999….
//!
//! The base units are the second and the byte; a count, a ratio and a percentage have no dimension.

use num_rational::Ratio;
use num_traits::{CheckedAdd, CheckedDiv, CheckedMul, CheckedSub};
use std::cmp::Ordering;
use std::fmt;
use std::time::Duration;

/// The exponents of time and bytes: a duration is `time 1`, a rate `time -1`, a transfer rate both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Dimension {
    /// The exponent of seconds.
    pub time: i8,
    /// The exponent of bytes.
    pub bytes: i8,
}

impl Dimension {
    /// A plain number: a count, a ratio, a percentage.
    pub const NONE: Dimension = Dimension { time: 0, bytes: 0 };
    /// A duration.
    pub const TIME: Dimension = Dimension { time: 1, bytes: 0 };
    /// A size.
    pub const SIZE: Dimension = Dimension { time: 0, bytes: 1 };
    /// Something per time.
    pub const RATE: Dimension = Dimension { time: -1, bytes: 0 };
    /// Bytes per time.
    pub const BYTE_RATE: Dimension = Dimension { time: -1, bytes: 1 };

    /// The dimension of a product; `None` where the exponents grow absurd.
    pub fn times(self, other: Dimension) -> Option<Dimension> {
        Some(Dimension {
            time: self.time.checked_add(other.time)?,
            bytes: self.bytes.checked_add(other.bytes)?,
        })
    }

    /// The dimension of a quotient; `None` where the exponents grow absurd.
    pub fn per(self, other: Dimension) -> Option<Dimension> {
        Some(Dimension {
            time: self.time.checked_sub(other.time)?,
            bytes: self.bytes.checked_sub(other.bytes)?,
        })
    }

    /// What people call it: "a duration", "a size per time".
    pub fn describe(self) -> String {
        match (self.time, self.bytes) {
            (0, 0) => "a plain number".into(),
            (1, 0) => "a duration".into(),
            (0, 1) => "a size".into(),
            (-1, 0) => "a rate (a number per time)".into(),
            (-1, 1) => "a size per time".into(),
            (time, bytes) => {
                let mut parts = Vec::new();
                for (name, exponent) in [("time", time), ("size", bytes)] {
                    match exponent {
                        0 => {}
                        1 => parts.push(name.to_string()),
                        _ => parts.push(format!("{name}^{exponent}")),
                    }
                }
                format!("a {}", parts.join("·"))
            }
        }
    }
}

/// The size of a quantity in base units.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    /// A constant, as written or computed without loss.
    Exact(Ratio<i128>),
    /// A measurement, or a constant whose fraction outgrew 128 bits.
    Float(f64),
}

impl Amount {
    /// As a floating-point number.
    pub fn to_f64(self) -> f64 {
        match self {
            Amount::Exact(ratio) => *ratio.numer() as f64 / *ratio.denom() as f64,
            Amount::Float(value) => value,
        }
    }

    fn combine(
        self,
        other: Amount,
        exact: impl Fn(&Ratio<i128>, &Ratio<i128>) -> Option<Ratio<i128>>,
        float: impl Fn(f64, f64) -> f64,
    ) -> Amount {
        if let (Amount::Exact(left), Amount::Exact(right)) = (self, other)
            && let Some(ratio) = exact(&left, &right)
        {
            return Amount::Exact(ratio);
        }
        Amount::Float(float(self.to_f64(), other.to_f64()))
    }
}

/// A number with its dimension, in seconds and bytes.
#[derive(Clone, Copy, Debug)]
pub struct Quantity {
    /// How much.
    pub amount: Amount,
    /// Of what.
    pub dimension: Dimension,
    /// Whether people want to see it as a percentage; only where there is no dimension.
    pub percent: bool,
}

impl Quantity {
    /// A whole number.
    pub fn number(value: i128) -> Quantity {
        Quantity::exact(Ratio::from_integer(value), Dimension::NONE)
    }

    /// An exact amount in base units.
    pub fn exact(amount: Ratio<i128>, dimension: Dimension) -> Quantity {
        Quantity { amount: Amount::Exact(amount), dimension, percent: false }
    }

    /// A measured amount in base units.
    pub fn measured(value: f64, dimension: Dimension) -> Quantity {
        Quantity { amount: Amount::Float(value), dimension, percent: false }
    }

    /// A measured share, shown as a percentage.
    pub fn share(value: f64) -> Quantity {
        Quantity { percent: true, ..Quantity::measured(value, Dimension::NONE) }
    }

    /// A duration, exact to the nanosecond.
    pub fn duration(duration: Duration) -> Quantity {
        Quantity::exact(Ratio::new(duration.as_nanos() as i128, 1_000_000_000), Dimension::TIME)
    }

    /// In base units, as a floating-point number.
    pub fn to_f64(self) -> f64 {
        self.amount.to_f64()
    }

    /// As a duration, rounded to the nanosecond; `None` where it is not one, is negative, or does not fit.
    pub fn to_duration(self) -> Option<Duration> {
        if self.dimension != Dimension::TIME {
            return None;
        }
        match self.amount {
            Amount::Exact(ratio) => {
                let nanos = ratio.checked_mul(&Ratio::from_integer(1_000_000_000))?.round().to_integer();
                u64::try_from(nanos).ok().map(Duration::from_nanos)
            }
            Amount::Float(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        }
    }

    /// As a whole count, where it is a plain, whole, non-negative number.
    pub fn to_count(self) -> Option<u64> {
        match self.amount {
            Amount::Exact(ratio) if ratio.is_integer() => u64::try_from(ratio.to_integer()).ok(),
            Amount::Float(value) if value >= 0.0 && value.fract() == 0.0 && value < 2f64.powi(53) => {
                Some(value as u64)
            }
            _ => None,
        }
        .filter(|_| self.dimension == Dimension::NONE)
    }

    /// As an exact fraction in base units, where it is one.
    pub fn to_ratio(self) -> Option<Ratio<i128>> {
        match self.amount {
            Amount::Exact(ratio) => Some(ratio),
            Amount::Float(_) => None,
        }
    }

    /// The sum; `None` where the dimensions differ.
    pub fn plus(self, other: Quantity) -> Option<Quantity> {
        self.additive(other, self.amount.combine(other.amount, Ratio::checked_add, |a, b| a + b))
    }

    /// The difference; `None` where the dimensions differ.
    pub fn minus(self, other: Quantity) -> Option<Quantity> {
        self.additive(other, self.amount.combine(other.amount, Ratio::checked_sub, |a, b| a - b))
    }

    fn additive(self, other: Quantity, amount: Amount) -> Option<Quantity> {
        // Of `100% - x` people want to see a percentage.
        let percent = (self.percent || other.percent) && self.dimension == Dimension::NONE;
        (self.dimension == other.dimension).then_some(Quantity { amount, dimension: self.dimension, percent })
    }

    /// The product; `None` where its dimension grows absurd.
    pub fn times(self, other: Quantity) -> Option<Quantity> {
        let amount = self.amount.combine(other.amount, Ratio::checked_mul, |a, b| a * b);
        let percent = self.percent && other.percent;
        Some(Quantity { amount, dimension: self.dimension.times(other.dimension)?, percent })
    }

    /// The quotient; `None` for a division by zero, which has no value.
    pub fn per(self, other: Quantity) -> Option<Quantity> {
        if other.to_f64() == 0.0 {
            return None;
        }
        let amount = self.amount.combine(other.amount, Ratio::checked_div, |a, b| a / b);
        let percent = self.percent && !other.percent && other.dimension == Dimension::NONE;
        Some(Quantity { amount, dimension: self.dimension.per(other.dimension)?, percent })
    }

    /// With the sign turned.
    pub fn negated(self) -> Quantity {
        let amount = match self.amount {
            Amount::Exact(ratio) => Amount::Exact(-ratio),
            Amount::Float(value) => Amount::Float(-value),
        };
        Quantity { amount, ..self }
    }

    /// The order of two quantities of one dimension; exact where both are.
    pub fn compare(self, other: Quantity) -> Option<Ordering> {
        if self.dimension != other.dimension {
            return None;
        }
        match (self.amount, other.amount) {
            (Amount::Exact(left), Amount::Exact(right)) => Some(left.cmp(&right)),
            (left, right) => left.to_f64().partial_cmp(&right.to_f64()),
        }
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Quantity) -> bool {
        self.compare(*other) == Some(Ordering::Equal)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::unit::format(*self))
    }
}
