//! How times, counts and places are written in reports and on the terminal.

use crate::event::{Evidence, Figure, Verdict};
use std::time::Duration;

const DAY: u64 = 86_400;
/// The longest time that is told; more is not a time that anything took.
const LONGEST: f64 = 3e9;

/// Seconds as people read them: `350ms`, `4.2s`, `1h 30m 5s`, `7d 2h`.
pub fn duration(seconds: f64) -> String {
    let seconds = if seconds.is_finite() { seconds.clamp(0.0, LONGEST) } else { 0.0 };
    if seconds < 0.000_5 {
        return if seconds < 0.000_000_5 { "0s".into() } else { format!("{:.0}us", seconds * 1e6) };
    }
    if seconds < 0.999_5 {
        return format!("{}ms", trimmed(seconds * 1e3, if seconds < 0.01 { 1 } else { 0 }));
    }
    if seconds < 59.95 {
        return format!("{}s", trimmed(seconds, if seconds < 10.0 { 2 } else { 1 }));
    }
    // Days by hand: a test's month has no fixed number of them.
    let whole = seconds.round() as u64;
    let rest = humantime::format_duration(Duration::from_secs(whole % DAY)).to_string();
    match (whole / DAY, whole % DAY) {
        (0, _) => rest,
        (days, 0) => format!("{days}d"),
        (days, _) => format!("{days}d {rest}"),
    }
}

/// A number without the zeros at its end.
fn trimmed(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// A moment of the run: `+1h 30m 5s`.
pub fn moment(seconds: f64) -> String {
    format!("+{}", duration(seconds))
}

/// A count with its noun: `1 phase`, `1_000 phases`.
pub fn count(number: u64, noun: &str) -> String {
    let number_text = crate::lang::unit::number(number as f64);
    if number == 1 { format!("{number_text} {noun}") } else { format!("{number_text} {noun}s") }
}

/// A value as it is told.
pub fn figure(figure: &Option<Figure>) -> &str {
    figure.as_ref().map_or("", |figure| &figure.text)
}

/// The word of a verdict.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Inconclusive => "inconclusive",
        Verdict::Fail => "fail",
    }
}

/// What is known of a fault's effect, in words.
pub fn evidence(evidence: Option<Evidence>) -> &'static str {
    match evidence {
        Some(Evidence::Measured) => "measured",
        Some(Evidence::None) => "no effect",
        Some(Evidence::NotExercised) => "not exercised",
        None => "not known",
    }
}

/// Phases and passes, outermost first: `Flapping, pass 3`.
pub fn place(place: &[String]) -> String {
    place.join(", ")
}

/// RFC 3339 as people read it, the offset shown: `2026-11-21 09:44:36 +00:00`. Another text stays as it is.
pub fn wall_clock(text: &str) -> String {
    match text.parse::<jiff::Timestamp>() {
        Ok(time) => format!("{} +00:00", time.strftime("%Y-%m-%d %H:%M:%S")),
        Err(_) => text.to_owned(),
    }
}

/// How a process ended.
pub fn exit(code: Option<i32>, signal: Option<i32>) -> String {
    match (code, signal) {
        (_, Some(signal)) => format!("killed by signal {signal}"),
        (Some(code), None) => format!("exit code {code}"),
        (None, None) => "nobody knows how".into(),
    }
}

/// A count, with `_` between thousands.
pub fn number(number: u64) -> String {
    crate::lang::unit::number(number as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_told_as_people_read_them() {
        for (seconds, told) in [
            (0.0, "0s"),
            (-1.0, "0s"),
            (f64::NAN, "0s"),
            (0.000_042, "42us"),
            (0.001_25, "1.2ms"),
            (0.35, "350ms"),
            (0.999_9, "1s"),
            (4.2, "4.2s"),
            (59.94, "59.9s"),
            (59.96, "1m"),
            (5_405.2, "1h 30m 5s"),
            (86_400.0, "1d"),
            (612_000.0, "7d 2h"),
            (31.0 * 86_400.0 + 1.0, "31d 1s"),
        ] {
            assert_eq!(duration(seconds), told, "{seconds}");
        }
    }

    #[test]
    fn the_wall_clock_shows_its_offset() {
        assert_eq!(wall_clock("2026-11-21T09:44:36.5Z"), "2026-11-21 09:44:36 +00:00");
        assert_eq!(wall_clock("2026-11-21T10:44:36+01:00"), "2026-11-21 09:44:36 +00:00");
        assert_eq!(wall_clock("some day"), "some day");
    }
}
