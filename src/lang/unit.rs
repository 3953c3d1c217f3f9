//! Units: how quantities are written in a scenario, and how they are shown again.

use super::quantity::{Dimension, Quantity};
use num_rational::Ratio;
use num_traits::CheckedMul;
use std::time::Duration;

/// A unit as it is written, its size in base units as a fraction, and its dimension.
struct Unit {
    name: &'static str,
    numerator: i128,
    denominator: i128,
    dimension: Dimension,
}

impl Unit {
    fn is_shorter(&self, other: &Unit) -> bool {
        self.numerator * other.denominator < other.numerator * self.denominator
    }
}

const fn time(name: &'static str, numerator: i128, denominator: i128) -> Unit {
    Unit { name, numerator, denominator, dimension: Dimension::TIME }
}

const fn size(name: &'static str, numerator: i128, denominator: i128) -> Unit {
    Unit { name, numerator, denominator, dimension: Dimension::SIZE }
}

/// All units, durations from the longest to the shortest.
const UNITS: &[Unit] = &[
    time("w", 604_800, 1),
    time("d", 86_400, 1),
    time("h", 3_600, 1),
    time("min", 60, 1),
    time("m", 60, 1),
    time("s", 1, 1),
    time("ms", 1, 1_000),
    time("us", 1, 1_000_000),
    time("ns", 1, 1_000_000_000),
    size("B", 1, 1),
    size("KB", 1_000, 1),
    size("MB", 1_000_000, 1),
    size("GB", 1_000_000_000, 1),
    size("TB", 1_000_000_000_000, 1),
    size("KiB", 1 << 10, 1),
    size("MiB", 1 << 20, 1),
    size("GiB", 1 << 30, 1),
    size("TiB", 1 << 40, 1),
    size("bit", 1, 8),
    size("kbit", 1_000, 8),
    size("Mbit", 1_000_000, 8),
    size("Gbit", 1_000_000_000, 8),
];

/// The periods that may stand behind the `/` of a rate.
const PERIODS: &[&str] = &["s", "min", "m", "h", "d"];

fn unit(name: &str) -> Option<&'static Unit> {
    UNITS.iter().find(|unit| unit.name == name)
}

/// The names of all units, for suggestions and highlighting.
pub fn unit_names() -> impl Iterator<Item = &'static str> {
    UNITS.iter().map(|unit| unit.name)
}

/// The periods of a rate, for suggestions and highlighting.
pub fn period_names() -> impl Iterator<Item = &'static str> {
    PERIODS.iter().copied()
}

/// The names of the units of time, for highlighting: only they can be compounded (`1h30m`).
pub fn time_unit_names() -> impl Iterator<Item = &'static str> {
    UNITS.iter().filter(|unit| unit.dimension == Dimension::TIME).map(|unit| unit.name)
}

/// Why a literal is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LiteralError {
    /// No number at the front.
    #[error("this is not a number")]
    NotANumber,
    /// A unit that soak does not have.
    #[error("there is no unit `{unit}`")]
    UnknownUnit {
        /// The unit as written.
        unit: String,
        /// The one that was probably meant.
        nearest: Option<&'static str>,
    },
    /// `1s2h`: the parts of a compound duration must go from long to short.
    #[error("the parts of a duration go from the longest unit to the shortest")]
    OutOfOrder,
    /// Something else than a period behind the `/`.
    #[error("a rate is per s, min, h or d, not per `{period}`")]
    UnknownPeriod {
        /// The period as written.
        period: String,
    },
    /// It does not fit in 128 bits.
    #[error("this number is too large")]
    TooLarge,
}

/// Reads a number with an optional unit: `3`, `1_000`, `10k`, `1h30m`, `64KiB`, `50/min`, `1Mbit/s`, `99.9%`. A time
/// per time (`10ms/min`, what a latency grows by) is a plain number.
pub fn parse(text: &str) -> Result<Quantity, LiteralError> {
    match text.split_once('/') {
        None => parse_plain(text),
        Some((amount, period)) => {
            let per = PERIODS.iter().find(|name| **name == period).and_then(|name| unit(name));
            let per = per.ok_or_else(|| LiteralError::UnknownPeriod { period: period.to_string() })?;
            let amount = parse_plain(amount)?;
            let period = Quantity::exact(Ratio::new(per.numerator, per.denominator), Dimension::TIME);
            amount.per(period).ok_or(LiteralError::TooLarge)
        }
    }
}

fn parse_plain(text: &str) -> Result<Quantity, LiteralError> {
    let mut rest = text;
    let mut total: Option<(Quantity, Option<&Unit>)> = None;
    while !rest.is_empty() {
        let (value, after) = leading_number(rest)?;
        let name_end = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (name, after) = after.split_at(name_end);
        rest = after;
        let part = with_unit(value, name)?;
        let unit = unit(name);
        total = Some(match total {
            None => (part, unit),
            Some((sum, last)) => {
                let both_times = sum.dimension == Dimension::TIME && part.dimension == Dimension::TIME;
                if !both_times {
                    return Err(LiteralError::UnknownUnit { unit: text.to_string(), nearest: None });
                }
                if !unit.zip(last).is_some_and(|(unit, last)| unit.is_shorter(last)) {
                    return Err(LiteralError::OutOfOrder);
                }
                (sum.plus(part).ok_or(LiteralError::TooLarge)?, unit)
            }
        });
    }
    total.map(|(sum, _)| sum).ok_or(LiteralError::NotANumber)
}

/// Splits off the digits at the front, with `_` between them and at most one fraction.
fn leading_number(text: &str) -> Result<(Ratio<i128>, &str), LiteralError> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '_' && c != '.').unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let (mut numerator, mut denominator) = (0i128, 1i128);
    let (mut seen, mut in_fraction) = (false, false);
    for c in digits.chars() {
        match c {
            '_' => {}
            '.' if !in_fraction => in_fraction = true,
            '.' => return Err(LiteralError::NotANumber),
            _ => {
                seen = true;
                let shifted =
                    numerator.checked_mul(10).and_then(|n| n.checked_add(i128::from(c as u8 - b'0')));
                numerator = shifted.ok_or(LiteralError::TooLarge)?;
                if in_fraction {
                    denominator = denominator.checked_mul(10).ok_or(LiteralError::TooLarge)?;
                }
            }
        }
    }
    // A fraction is brought to its lowest terms, which takes its time; whole numbers are in them.
    let value = if in_fraction { Ratio::new(numerator, denominator) } else { Ratio::from_integer(numerator) };
    if seen { Ok((value, rest)) } else { Err(LiteralError::NotANumber) }
}

fn with_unit(value: Ratio<i128>, name: &str) -> Result<Quantity, LiteralError> {
    let scaled = |factor: Ratio<i128>, dimension| {
        // Most literals are whole, and a product of whole numbers needs no common divisor.
        let amount = if value.is_integer() && factor.is_integer() {
            value.numer().checked_mul(factor.numer()).map(Ratio::from_integer)
        } else {
            value.checked_mul(&factor)
        };
        Ok(Quantity::exact(amount.ok_or(LiteralError::TooLarge)?, dimension))
    };
    match name {
        "" => scaled(Ratio::from_integer(1), Dimension::NONE),
        "k" => scaled(Ratio::from_integer(1_000), Dimension::NONE),
        "%" => Ok(Quantity { percent: true, ..scaled(Ratio::new(1, 100), Dimension::NONE)? }),
        _ => match unit(name) {
            Some(unit) => scaled(Ratio::new(unit.numerator, unit.denominator), unit.dimension),
            None => Err(LiteralError::UnknownUnit { unit: name.to_string(), nearest: nearest_unit(name) }),
        },
    }
}

/// The unit that a wrong one was probably meant to be: other spellings first, then other cases.
fn nearest_unit(name: &str) -> Option<&'static str> {
    const SPELLINGS: &[(&str, &str)] = &[
        ("sec", "s"),
        ("secs", "s"),
        ("second", "s"),
        ("seconds", "s"),
        ("minute", "m"),
        ("minutes", "m"),
        ("mins", "m"),
        ("hr", "h"),
        ("hrs", "h"),
        ("hour", "h"),
        ("hours", "h"),
        ("day", "d"),
        ("days", "d"),
        ("week", "w"),
        ("weeks", "w"),
        ("msec", "ms"),
        ("millis", "ms"),
        ("µs", "us"),
        ("K", "k"),
        ("kb", "KB"),
        ("kB", "KB"),
        ("M", "MB"),
        ("G", "GB"),
        ("Ki", "KiB"),
        ("Mi", "MiB"),
        ("Gi", "GiB"),
        ("mbps", "Mbit"),
        ("Mbps", "Mbit"),
    ];
    let spelling = SPELLINGS.iter().find(|(wrong, _)| *wrong == name).map(|(_, right)| *right);
    let same_letters = || unit_names().find(|unit| unit.eq_ignore_ascii_case(name));
    spelling.or_else(same_letters)
}

/// Shows a quantity as a scenario would write it, with at most four significant digits after the first.
pub fn format(quantity: Quantity) -> String {
    let value = quantity.to_f64();
    let Dimension { time, bytes } = quantity.dimension;
    match (time, bytes) {
        (0, 0) if quantity.percent => format_share(value),
        (0, 0) => number(value),
        (1, 0) => match quantity.to_duration() {
            Some(duration) => format_duration(duration),
            None => match Duration::try_from_secs_f64(-value) {
                Ok(duration) => format!("-{}", format_duration(duration)),
                Err(_) => format!("{}s", number(value)),
            },
        },
        (0, 1) => format_size(value),
        (-1, 0) => format_rate(value, number, 1.0),
        (-1, 1) => format_rate(value, format_size, 1.0),
        _ => format!("{} ({})", number(value), quantity.dimension.describe()),
    }
}

/// A share as `12.5%`.
pub fn format_share(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}

/// A duration as `1h30m`, `2.5s`, `340ms`: two neighbouring units where whole, one with a fraction below a minute.
pub fn format_duration(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    if nanos < 60_000_000_000 {
        let (scale, name) = match nanos {
            0 => return "0s".into(),
            1..1_000 => (1.0, "ns"),
            1_000..1_000_000 => (1e3, "us"),
            1_000_000..1_000_000_000 => (1e6, "ms"),
            _ => (1e9, "s"),
        };
        return format!("{}{name}", number(nanos as f64 / scale));
    }
    let mut rest = duration.as_secs();
    // Sub-second parts of something longer than a minute are noise to a reader.
    if duration.subsec_nanos() >= 500_000_000 {
        rest += 1;
    }
    let mut text = String::new();
    for (name, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = rest / seconds;
        rest %= seconds;
        if count > 0 {
            text.push_str(&format!("{count}{name}"));
        }
    }
    text
}

/// Bytes as `4KB`, `1.5GB`.
pub fn format_size(bytes: f64) -> String {
    let scales = [(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "KB")];
    match scales.iter().find(|(scale, _)| bytes.abs() >= *scale) {
        Some((scale, name)) => format!("{}{name}", number(bytes / scale)),
        None => format!("{}B", number(bytes)),
    }
}

fn format_rate(per_second: f64, show: impl Fn(f64) -> String, visible: f64) -> String {
    let magnitude = per_second.abs();
    let periods = [(1.0, "s"), (60.0, "min"), (3_600.0, "h"), (86_400.0, "d")];
    let fitting = periods.iter().find(|(seconds, _)| magnitude * seconds >= visible);
    let (seconds, name) = fitting.unwrap_or(if magnitude == 0.0 { &periods[0] } else { &periods[3] });
    format!("{}/{name}", show(per_second * seconds))
}

/// A number with `_` between thousands, rounded to what a reader can use.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() { "no value".into() } else { "infinite".into() };
    }
    let magnitude = value.abs();
    let digits: i32 = match magnitude {
        m if m == 0.0 || m >= 1_000.0 => 0,
        m if m >= 100.0 => 1,
        m if m >= 10.0 => 2,
        m if m >= 1.0 => 3,
        m => (3 - m.log10().floor() as i32).clamp(3, 12),
    };
    let mut text = format!("{value:.*}", digits as usize);
    if text.contains('.') {
        text.truncate(text.trim_end_matches('0').trim_end_matches('.').len());
    }
    let (whole, fraction) = text.split_once('.').map_or((text.as_str(), None), |(w, f)| (w, Some(f)));
    let (sign, whole) = whole.strip_prefix('-').map_or(("", whole), |rest| ("-", rest));
    let mut grouped = String::from(sign);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 && whole.len() > 3 {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    if let Some(fraction) = fraction {
        grouped.push('.');
        grouped.push_str(fraction);
    }
    if grouped == "-0" { "0".into() } else { grouped }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_read_exactly_and_shown_as_written() {
        let cases = [
            ("3", "3"),
            ("0.5", "0.5"),
            ("1_000", "1_000"),
            ("10k", "10_000"),
            ("500ms", "500ms"),
            ("90s", "1m30s"),
            ("1h30m", "1h30m"),
            ("7d", "7d"),
            ("2min", "2m"),
            ("4KB", "4KB"),
            ("64KiB", "65.54KB"),
            ("1.5GB", "1.5GB"),
            ("50/min", "50/min"),
            ("10k/s", "10_000/s"),
            ("50MB/h", "13.89KB/s"),
            ("1Mbit/s", "125KB/s"),
            ("10%", "10%"),
            ("99.95%", "99.95%"),
        ];
        for (written, shown) in cases {
            assert_eq!(parse(written).unwrap().to_string(), shown, "{written}");
        }
        let ten_a_minute = parse("10/min").unwrap().times(parse("60s").unwrap()).unwrap();
        assert_eq!(ten_a_minute.to_count(), Some(10));
        // How fast a latency grows: a time per time has no dimension left.
        assert_eq!(parse("60ms/min").unwrap(), parse("0.001").unwrap());
    }

    #[test]
    fn wrong_literals_name_the_likely_unit() {
        let cases = [("5sec", Some("s")), ("5M", Some("MB")), ("5kb", Some("KB")), ("5parsec", None)];
        for (written, meant) in cases {
            match parse(written) {
                Err(LiteralError::UnknownUnit { nearest, .. }) => assert_eq!(nearest, meant, "{written}"),
                other => panic!("{written}: {other:?}"),
            }
        }
        assert_eq!(parse("30m1h"), Err(LiteralError::OutOfOrder));
        assert!(matches!(parse("5/year"), Err(LiteralError::UnknownPeriod { .. })));
    }
}
