//! Mistakes that are found elsewhere in this room and told here, so that their wording stands in one place.

use super::form_help;
use super::habits::{long_unit, rate_word};
use crate::diag::Diagnostic;
use crate::lang::unit::{self, LiteralError};
use crate::source::Span;
use crate::syntax::vocabulary;
use std::time::Duration;

/// A reserved word that is declared as a name.
pub(in crate::syntax) fn reserved(word: &str, span: Span) -> Diagnostic {
    let message = format!("`{word}` is a word of the language and cannot be declared");
    Diagnostic::error("E0116", message, span).here("choose another name").help(format!("such as `my_{word}`"))
}

/// `5 s`
pub(in crate::syntax) fn spaced_unit((number, unit): (Span, Span), count: &str, name: &str) -> Diagnostic {
    let message = format!("the unit `{name}` stands apart from its number");
    let better = format!("{count}{}", long_unit(name).unwrap_or(name));
    let found = Diagnostic::error("E0105", message, number.to(unit)).here("a space too many");
    let found = found.help(format!("write number and unit together: `{better}`"));
    found.fix(number.to(unit), better, true)
}

/// `1m 30s`, wherever it stands.
pub fn spaced_duration(span: Span, written: &str) -> Diagnostic {
    let better: String = written.split_whitespace().collect();
    let found =
        Diagnostic::error("E0105", "a duration is written without spaces", span).here("a space too many");
    found.help(format!("write `{better}`")).fix(span, better, false)
}

/// `scenario "title" { … }`
pub(in crate::syntax) fn scenario_with_block(open: Span) -> Diagnostic {
    Diagnostic::error("E0112", "`scenario` has no block", open).here("not expected here").help(
        "the whole file is the scenario: write `scenario \"title\"`, and leave out this `{` and its `}`",
    )
}

/// `let fast = { limit: 50ms }`, with the first member of what stands in the braces.
pub(in crate::syntax) fn object_as_value(
    object: Span,
    word: &str,
    name: &str,
    first: Option<&str>,
) -> Diagnostic {
    let found = Diagnostic::error("E0101", "an object is no value that a name can have", object);
    let found = found.here("objects stand only behind `json`, where they are sent");
    let member = first.and_then(|first| first.split(',').next()?.split_once(':'));
    let own = member.map(|(key, value)| (key.trim().trim_matches(['"', '\'']), value.trim()));
    match own.filter(|(key, value)| !key.is_empty() && !value.is_empty()) {
        Some((key, value)) => {
            found.help(format!("give each value a name of its own, as in `{word} {name}_{key} = {value}`"))
        }
        None => found.help(format!("give each value a name of its own, as in `{word} {name} = 50ms`")),
    }
}

/// A statement begins where another has not ended.
pub(in crate::syntax) fn two_statements(word: Span) -> Diagnostic {
    let found = Diagnostic::error("E0110", "a second statement begins on this line", word);
    let found = found.here("a `;` or a new line must come before this");
    found.help("separate statements with `;` or write each on its own line").fix(
        Span::at(word.start),
        "; ",
        false,
    )
}

/// A word that another language would begin a statement with, and what stands behind it.
pub(in crate::syntax) fn foreign(word: &str, rest: &str, span: Span) -> Option<Diagnostic> {
    let (_, instead) = vocabulary::FOREIGN.iter().find(|(name, _)| *name == word)?;
    let found = Diagnostic::error("E0103", format!("soak has no `{word}`"), span);
    let found = found.here("no statement of this language");
    let quantity = unit::parse(rest).is_ok();
    Some(match word {
        "after" if quantity => {
            found.help(format!("write `at {rest} {{ … }}`: that long after its block began"))
        }
        "sleep" if rest.starts_with(|c: char| c.is_ascii_digit()) && !rest.contains(' ') => found.help(
            format!("use `wait {rest}`, `think {rest}` in an action, and `hold {rest}` in a conversation"),
        ),
        "var" | "const" | "set" => {
            let declared = rest.split_once(['=', ':']).map(|(name, _)| name.trim());
            let fits =
                declared.is_some_and(|name| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
            let found = found.help(*instead);
            if fits && word != "set" { found.fix(span, "let", false) } else { found }
        }
        "print" | "echo" if rest.starts_with('"') => {
            found.help(format!("write `note {rest}`")).fix(span, "note", false)
        }
        "import" if rest.starts_with('"') => {
            found.help(format!("write `include {rest}`")).fix(span, "include", false)
        }
        "def" | "fn" | "func" | "function" | "macro" | "proc"
            if rest.ends_with(')') && !rest.contains([':', '>']) =>
        {
            found
                .help(format!("write `sequence {rest} {{ … }}`, and call it with `do`"))
                .fix(span, "sequence", false)
        }
        "allow" if rest.starts_with("fault on ") || rest.starts_with("load to ") => {
            found.help(format!("write `permit {rest}`")).fix(span, "permit", false)
        }
        "assert" if !rest.is_empty() && !rest.starts_with('(') => {
            found.help(format!("write `expect {rest}`")).fix(span, "expect", false)
        }
        _ => found.help(*instead),
    })
}

/// A word that is nearly one of the language's.
pub(in crate::syntax) fn misspelt(word: &str, meant: &str, span: Span) -> Diagnostic {
    let found = Diagnostic::error("E0102", format!("there is no statement `{word}`"), span);
    found.here(format!("did you mean `{meant}`?")).help(form_help(meant)).fix(span, meant, false)
}

/// A number with something behind it that is no unit.
pub(in crate::syntax) fn literal(written: &str, error: &LiteralError, span: Span) -> Diagnostic {
    let found = Diagnostic::error("E0104", error.to_string(), span);
    match error {
        LiteralError::UnknownUnit { unit, .. } if rate_word(unit).is_some() => {
            let better = written.replacen(unit.as_str(), &format!("/{}", rate_word(unit).unwrap_or("s")), 1);
            found
                .here("a rate is a number per time")
                .help(format!("write `{better}`"))
                .fix(span, better, false)
        }
        LiteralError::UnknownUnit { unit, .. } if bits_per_second(unit).is_some() => {
            let number = written.trim_end_matches(unit.as_str());
            let better = format!("{number}{}", bits_per_second(unit).unwrap_or("Mbit/s"));
            found
                .here("a size per time, with both")
                .help(format!("write `{better}`"))
                .fix(span, better, false)
        }
        LiteralError::UnknownUnit { unit, .. } if matches!(unit.as_str(), "xx" | "XX") => {
            let class = written.trim_end_matches(['x', 'X']);
            found
                .here("no number")
                .help(format!("ask whether it lies within: `status in {class}00..{class}99`"))
        }
        LiteralError::UnknownUnit { unit, .. } if unit == "M" => {
            let (number, behind) = written.split_once('M').unwrap_or((written, ""));
            found
                .here("a size, or a million?")
                .help(format!("a size is `{number}MB{behind}`, a number of millions `{number}_000k{behind}`"))
        }
        LiteralError::UnknownUnit { unit, .. } if unit == "K" => {
            let number = written.trim_end_matches('K');
            found
                .here("a size, or a thousand?")
                .help(format!("a size is `{number}KB`, a number of thousands `{number}k`"))
        }
        LiteralError::UnknownUnit { unit, nearest } => match nearest {
            Some(nearest) if written.contains(unit.as_str()) => {
                let better = written.replacen(unit.as_str(), nearest, 1);
                found
                    .here(format!("did you mean `{better}`?"))
                    .help(format!("write `{better}`"))
                    .fix(span, better, false)
            }
            _ => found
                .here("unknown unit")
                .help("durations are in ns us ms s m h d w, sizes in B KB MB GB KiB MiB GiB"),
        },
        LiteralError::UnknownPeriod { period } => {
            const PERIODS: &[(&str, &str)] = &[
                ("sec", "s"),
                ("second", "s"),
                ("seconds", "s"),
                ("mins", "min"),
                ("minute", "min"),
                ("minutes", "min"),
                ("hr", "h"),
                ("hour", "h"),
                ("hours", "h"),
                ("day", "d"),
                ("days", "d"),
            ];
            match PERIODS.iter().find(|(wrong, _)| wrong == period) {
                Some((_, right)) => {
                    let better = written.replacen(&format!("/{period}"), &format!("/{right}"), 1);
                    found
                        .here(format!("did you mean `{better}`?"))
                        .help(format!("write `{better}`"))
                        .fix(span, better, false)
                }
                None => {
                    let better = written.replacen('/', " / ", 1);
                    found.here("unknown period").help(format!("a division has spaces: `{better}`"))
                }
            }
        }
        LiteralError::OutOfOrder => match in_order(written) {
            Some(better) => {
                found.here("longest first").help(format!("write `{better}`")).fix(span, better, false)
            }
            None => found.here("longest first").help("as in `1h30m`: each unit once"),
        },
        LiteralError::NotANumber => found.here("this cannot be read"),
        LiteralError::TooLarge => found.here("it does not fit in 128 bits"),
    }
}

/// What a unit is called here that has its period in its name.
fn bits_per_second(unit: &str) -> Option<&'static str> {
    Some(match unit {
        "kbps" | "Kbps" | "kbit" | "Kbit" => "kbit/s",
        "mbps" | "Mbps" | "mbit" => "Mbit/s",
        "gbps" | "Gbps" | "gbit" => "Gbit/s",
        "KBps" | "kBps" => "KB/s",
        "MBps" => "MB/s",
        "GBps" => "GB/s",
        _ => return None,
    })
}

/// The parts of a duration from the longest unit to the shortest, where that makes it one.
fn in_order(written: &str) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    let mut start = 0;
    let bytes = written.as_bytes();
    for at in 1..bytes.len() {
        if bytes[at].is_ascii_digit() && bytes[at - 1].is_ascii_alphabetic() {
            parts.push(&written[start..at]);
            start = at;
        }
    }
    parts.push(&written[start..]);
    let unit_of = |part: &str| {
        let name = part.trim_start_matches(|c: char| !c.is_ascii_alphabetic());
        unit::parse(&format!("1{name}")).map_or(0.0, |one| one.to_f64())
    };
    parts.sort_by(|one, other| unit_of(other).total_cmp(&unit_of(one)));
    Some(parts.concat()).filter(|better| unit::parse(better).is_ok())
}

/// A time of day where only a duration has a meaning.
pub(in crate::syntax) fn time_of_day(seconds: u32, span: Span) -> Diagnostic {
    let found = Diagnostic::error("E0122", "a time of day stands only in a curve", span).here("not here");
    if seconds == 0 {
        return found.help("time counts from the start, and is a duration such as `6h`");
    }
    let better = unit::format_duration(Duration::from_secs(seconds.into()));
    found.help(format!("write the duration `{better}`: time counts from the start")).fix(span, better, false)
}

/// A second comparison, whose left side is what the first one says; `middle` is what both compare.
pub(in crate::syntax) fn chained(at: Span, first: &str, middle: &str) -> Diagnostic {
    let found = Diagnostic::error("E0132", "comparisons do not chain", at);
    let found = found.here("the left side is the outcome of a comparison already");
    found.help(format!("two comparisons are joined with `and`: write `{first} and {middle} …`")).fix(
        Span::at(at.start),
        format!("and {middle} "),
        false,
    )
}

/// A word of the language where a value is due.
pub(in crate::syntax) fn no_value(word: &str, span: Span) -> Diagnostic {
    let found = Diagnostic::error("E0125", format!("a value is missing before `{word}`"), span);
    found.here("a word of the language, not a value").help(format!("`{word}` cannot be a name"))
}
