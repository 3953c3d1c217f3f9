//! Looks at what people bring along from other tools: their operators, their words for rates, users and loops.

use super::Scene;
use crate::diag::Diagnostic;
use crate::lang::words::is_reserved;
use crate::syntax::grammar::Rule;
use crate::syntax::tokens::{Kind, Token};
use std::ops::Range;

/// A finding whose remedy is another text in the place of what was written.
fn instead(
    scene: &Scene<'_>,
    code: &'static str,
    message: &str,
    range: Range<usize>,
    better: &str,
) -> Diagnostic {
    let span = scene.span(&range);
    let found = Diagnostic::error(code, message, span).here("not written like this");
    found.help(format!("write `{better}`")).fix(span, better, false)
}

pub(super) fn touch(one: &Token<'_>, other: &Token<'_>) -> bool {
    one.range.end == other.range.start
}

pub(super) fn is_bare(token: &Token<'_>) -> bool {
    token.kind == Kind::Number && token.text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_'))
}

/// `1m 30s`, where the second part makes no sense.
pub(super) fn duration_in_parts(scene: &Scene<'_>) -> Option<Diagnostic> {
    let failed = scene.failed_token().unwrap_or(scene.tokens.len().checked_sub(1)?);
    let (first, second) = (scene.tokens.get(failed.checked_sub(1)?)?, scene.tokens.get(failed)?);
    if !is_duration(first) || !is_duration(second) || touch(first, second) {
        return None;
    }
    let whole = first.range.start..second.range.end;
    let written = &scene.text[whole.clone()];
    let joined: String = written.split_whitespace().collect();
    crate::lang::unit::parse(&joined).ok()?;
    Some(super::told::spaced_duration(scene.span(&whole), written))
}

pub(super) fn is_duration(token: &Token<'_>) -> bool {
    token.kind == Kind::Number
        && token.text.ends_with(|c: char| c.is_ascii_alphabetic())
        && !token.text.contains('/')
}

/// `<>`, `===`, `!==`, `=>` and `=<`.
pub(super) fn comparison(scene: &Scene<'_>) -> Option<Diagnostic> {
    let pair = scene.tokens.windows(2).find_map(|two| {
        let better = match (two[0].text, two[1].text) {
            ("<", ">") | ("!=", "=") => "!=",
            ("==", "=") => "==",
            ("=", "<") => "<=",
            _ => return None,
        };
        touch(&two[0], &two[1]).then(|| (two[0].range.start..two[1].range.end, better))
    });
    let arrow =
        || scene.tokens.iter().find(|token| token.text == "=>").map(|arrow| (arrow.range.clone(), ">="));
    let (range, better) = pair.or_else(arrow)?;
    Some(instead(scene, "E0113", &format!("this comparison is written `{better}`"), range, better))
}

/// `p(95)(…)` and `p(95, …)`, as thresholds elsewhere have it.
pub(super) fn percentile(scene: &Scene<'_>) -> Option<Diagnostic> {
    let five = scene.tokens.windows(5).find(|five| {
        five[0].text == "p"
            && five[1].text == "("
            && is_bare(&five[2])
            && matches!((five[3].text, five[4].text), (")", "("))
    })?;
    let number = five[2].text.replace('.', "");
    let range = five[0].range.start..five[3].range.end;
    let better = format!("p{number}");
    let close = scene.text[five[4].range.start..scene.head.end].find(')');
    let of = close.map_or("(…)", |close| &scene.text[five[4].range.start..=five[4].range.start + close]);
    let span = scene.span(&range);
    let found = Diagnostic::error("E0101", "a percentile has its number in its name", span);
    let found = found.here("one word").help(format!("write `{better}{of}`"));
    Some(found.fix(span, better, false))
}

/// A window without `over`, or with another word for it.
pub(super) fn window(scene: &Scene<'_>) -> Option<Diagnostic> {
    if !matches!(scene.rule, Rule::expect | Rule::check | Rule::wait | Rule::repeat) {
        return None;
    }
    let index = scene.failed_token()?;
    let token = &scene.tokens[index];
    let other = matches!(token.text, "last" | "during" | "past" | "window" | "since");
    let duration = if other { scene.tokens.get(index + 1)? } else { token };
    let behind = scene.tokens.get(if other { index + 2 } else { index + 1 })?;
    let before = scene.tokens.get(index.checked_sub(1)?)?;
    let reading = before.kind == Kind::Word && !is_reserved(before.text) || before.text == ")";
    let compares = matches!(behind.text, "<" | ">" | "<=" | ">=" | "==" | "!=" | ")");
    if !is_duration(duration) || !reading || !compares {
        return None;
    }
    let range = token.range.start..duration.range.end;
    let better = format!("over {}", duration.text);
    Some(instead(scene, "E0101", "the window of a reading is written with `over`", range, &better))
}

/// `at 50 rps`, `at 50 per second`: the rate of a load in words.
pub(super) fn rate_in_words(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::load {
        return None;
    }
    let (range, better) = scene.tokens.windows(2).enumerate().find_map(|(index, two)| {
        if !is_bare(&two[0]) {
            return None;
        }
        let start = two[0].range.start;
        if let Some(period) = rate_word(two[1].text) {
            return Some((start..two[1].range.end, format!("{}/{period}", two[0].text)));
        }
        let unit = scene.tokens.get(index + 2)?;
        let period =
            long_unit(unit.text).or(matches!(unit.text, "s" | "m" | "h" | "d").then_some(unit.text))?;
        let period = if period == "m" { "min" } else { period };
        matches!(two[1].text, "per" | "a" | "an" | "every")
            .then(|| (start..unit.range.end, format!("{}/{period}", two[0].text)))
    })?;
    Some(instead(scene, "E0104", "a rate is one word: a number per time", range, &better))
}

/// `load browse rate 50/s`, `load browse users 20`.
pub(super) fn load_word(scene: &Scene<'_>) -> Option<Diagnostic> {
    let [_, _, word, value, ..] = scene.tokens.as_slice() else { return None };
    if scene.rule != Rule::load || word.kind != Kind::Word || value.kind != Kind::Number {
        return None;
    }
    let range = word.range.start..value.range.end;
    match word.text {
        "rate" | "rps" | "qps" | "by" | "speed" => {
            let rate = if is_bare(value) { format!("{}/s", value.text) } else { value.text.to_string() };
            let better = format!("at {rate}");
            Some(instead(scene, "E0101", "the rate of a load stands behind `at`", range, &better))
        }
        _ if is_users(word.text) => {
            let better = format!("with {} users", value.text);
            Some(instead(scene, "E0101", "the users of a load stand behind `with`", range, &better))
        }
        _ => None,
    }
}

/// `with 20 vus`
pub(super) fn users_by_another_name(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::load {
        return None;
    }
    let three = scene.tokens.windows(3).find(|three| {
        let other = is_users(three[2].text) && three[2].text != "users";
        matches!(three[0].text, "with" | "max") && is_bare(&three[1]) && other
    })?;
    let better = format!("{} {} users", three[0].text, three[1].text);
    let range = three[0].range.start..three[2].range.end;
    Some(instead(scene, "E0101", "the number is one of `users`", range, &better))
}

fn is_users(word: &str) -> bool {
    matches!(
        word,
        "user"
            | "users"
            | "vu"
            | "vus"
            | "VU"
            | "VUs"
            | "VUS"
            | "clients"
            | "threads"
            | "workers"
            | "connections"
    )
}

/// `repeat 4 times` and `for 4 times`: how often a loop runs is only a number.
pub(super) fn counted_loop(scene: &Scene<'_>) -> Option<Diagnostic> {
    let [first, count, rest @ ..] = scene.tokens.as_slice() else { return None };
    let times = rest.first().filter(|times| matches!(times.text, "times" | "time" | "x"));
    let counts = match scene.rule {
        Rule::repeat => times.is_some() && rest.len() == 1 && (is_bare(count) || count.kind == Kind::Word),
        Rule::for_each => is_bare(count),
        _ => false,
    };
    if !counts {
        return None;
    }
    let range = first.range.start..times.map_or(count.range.end, |times| times.range.end);
    let better = format!("repeat {}", count.text);
    Some(instead(scene, "E0123", "a loop that counts is `repeat` and a number", range, &better))
}

/// `wait until … within 5m`
pub(super) fn limit_of_waiting(scene: &Scene<'_>) -> Option<Diagnostic> {
    if !matches!(scene.rule, Rule::wait | Rule::repeat) || scene.word(1) != "until" {
        return None;
    }
    let index = scene.failed_token()?;
    let (word, duration) = (scene.tokens.get(index)?, scene.tokens.get(index + 1)?);
    if !matches!(word.text, "within" | "timeout" | "for" | "tolerate") || !is_duration(duration) {
        return None;
    }
    let better = format!("max {}", duration.text);
    let range = word.range.start..duration.range.end;
    Some(instead(scene, "E0101", "how long to wait at most stands behind `max`", range, &better))
}

/// `expect a < 1, b > 2` and `expect a < 1 && always abort`: two conditions, and one that is to end the run.
pub(super) fn two_conditions(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::expect {
        return None;
    }
    let token = scene.tokens.get(scene.failed_token()?)?;
    match token.text {
        "," => {
            let before = scene.text[scene.head.start..token.range.start].trim_end();
            let range = scene.head.start + before.len()..token.range.end;
            Some(instead(scene, "E0101", "two conditions are joined with `and`", range, " and"))
        }
        "abort" | "abortOnFail" | "abort_on_fail" | "fatal" => {
            let rest = scene.text[scene.head.clone()].replacen(token.text, "", 1);
            let better = format!("require {}", rest.trim_end().split_once(' ').map_or("", |(_, rest)| rest));
            let message = "what ends the run when it is missed is `require`";
            Some(instead(scene, "E0101", message, scene.head.clone(), better.trim_end()))
        }
        _ => None,
    }
}

/// What a unit that is written out as a word is called here.
pub fn long_unit(word: &str) -> Option<&'static str> {
    Some(match word {
        "millisecond" | "milliseconds" | "msec" | "msecs" => "ms",
        "sec" | "secs" | "second" | "seconds" => "s",
        "mins" | "minute" | "minutes" => "m",
        "hr" | "hrs" | "hour" | "hours" => "h",
        "day" | "days" => "d",
        "week" | "weeks" => "w",
        "percent" => "%",
        _ => return None,
    })
}

/// The period of a rate that has a word of its own elsewhere.
pub(super) fn rate_word(word: &str) -> Option<&'static str> {
    Some(match word {
        "rps" | "qps" | "tps" | "ips" | "RPS" | "QPS" | "TPS" | "hz" | "Hz" => "s",
        "rpm" | "RPM" => "min",
        _ => return None,
    })
}

/// `p99.9(…)`: the point is left out.
pub(super) fn percentile_with_dot(scene: &Scene<'_>) -> Option<Diagnostic> {
    let three = scene.tokens.windows(3).find(|three| {
        let percentile = three[0].text.strip_prefix('p').is_some_and(|rest| rest.parse::<u8>().is_ok());
        percentile && three[1].text == "." && is_bare(&three[2]) && touch(&three[1], &three[2])
    })?;
    let better = format!("{}{}", three[0].text, three[2].text);
    let range = three[0].range.start..three[2].range.end;
    let message = "a percentile has its number in its name, without a point";
    Some(instead(scene, "E0101", message, range, &better))
}
