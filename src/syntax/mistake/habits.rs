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

fn touch(one: &Token<'_>, other: &Token<'_>) -> bool {
    one.range.end == other.range.start
}

fn is_bare(token: &Token<'_>) -> bool {
    token.kind == Kind::Number && token.text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_'))
}

fn is_duration(token: &Token<'_>) -> bool {
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

/// `// …`, `/* …` and `-- …`: comments of other languages.
pub(super) fn comment_mark(scene: &Scene<'_>) -> Option<Diagnostic> {
    let mark = scene.tokens.windows(2).find(|two| {
        touch(&two[0], &two[1]) && matches!((two[0].text, two[1].text), ("/", "/" | "*") | ("-", "-"))
    })?;
    let range = mark[0].range.start..mark[1].range.end;
    let first = range.start == scene.head.start;
    // What is behind a statement is taken for one where the statement makes sense without it.
    if !first && !scene.reads(scene.rule, scene.head.start..range.start) {
        return None;
    }
    let better = if scene.text[range.end..].starts_with(' ') { "#" } else { "# " };
    let found = Diagnostic::error("E0101", "a comment begins with `#`", scene.span(&range));
    let found = found.here("no comment").help("write `#`, up to the end of the line");
    Some(found.fix(scene.span(&range), better, false))
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

/// `body contains "ok"`: what is asked by a function.
pub(super) fn containment(scene: &Scene<'_>) -> Option<Diagnostic> {
    if !matches!(scene.rule, Rule::expect | Rule::check | Rule::wait | Rule::repeat) {
        return None;
    }
    let index = scene.failed_token()?;
    let token = scene.tokens.get(index).filter(|token| {
        matches!(
            token.text,
            "contains" | "includes" | "has" | "matches" | "like" | "startswith" | "endswith" | "~"
        )
    })?;
    let found = Diagnostic::error("E0101", format!("there is no `{}`", token.text), scene.span(&token.range));
    let found = found.here("no operator of soak");
    let better = (scene.rule == Rule::check).then(|| as_matches(scene, index)).flatten();
    if let Some((range, better)) = better {
        return Some(found.help(format!("write `{better}`")).fix(scene.span(&range), better, false));
    }
    Some(found.help(
        "a part of an answer is compared as a whole, as in `body.state == \"ok\"`, and looked for with `matches(body, 'ok')`; whether it is one of several is `body.state in [\"ok\", \"done\"]`",
    ))
}

/// `body.name contains "ok"`, with the operator at `index`, as a call.
fn as_matches(scene: &Scene<'_>, index: usize) -> Option<(Range<usize>, String)> {
    let text = scene.tokens.get(index + 1).filter(|text| text.kind == Kind::Text)?;
    let inner = text.text.strip_prefix(['"', '\'']).and_then(|rest| rest.strip_suffix(['"', '\'']))?;
    if inner.contains(['\'', '{']) || text.text.starts_with('"') && inner.contains('\\') {
        return None;
    }
    let mut begin = index.checked_sub(1)?;
    while begin >= 2 && scene.word(begin - 1) == "." {
        begin -= 2;
    }
    let start = scene.tokens[begin].range.start;
    let searched = scene.text[start..scene.tokens[index].range.start].trim_end();
    let expression = match scene.word(index) {
        "matches" | "like" | "~" => inner.to_string(),
        "startswith" => format!("^{}", regex::escape(inner)),
        "endswith" => format!("{}$", regex::escape(inner)),
        _ => regex::escape(inner),
    };
    Some((start..text.range.end, format!("matches({searched}, '{expression}')")))
}

/// `sql(db, select count(*) from jobs)`: a query without its quotes.
pub(super) fn query_without_quotes(scene: &Scene<'_>) -> Option<Diagnostic> {
    let begins = |token: &Token<'_>| {
        token.text.eq_ignore_ascii_case("select") || token.text.eq_ignore_ascii_case("with")
    };
    let index = scene.tokens.iter().position(begins).filter(|index| *index >= 2)?;
    let open = scene.tokens[..index].iter().rposition(|token| token.text == "(")?;
    let close = scene.tokens.iter().rposition(|token| token.text == ")").filter(|close| *close > index)?;
    if scene.word(open.wrapping_sub(1)) != "sql"
        || scene.tokens[open..index].iter().any(|token| token.kind == Kind::Text)
    {
        return None;
    }
    let range = scene.tokens[index].range.start..scene.tokens[close].range.start;
    let query = scene.text[range.clone()].trim_end();
    let range = range.start..range.start + query.len();
    let named = index == open + 3;
    let better = if named { format!("\"{query}\"") } else { format!("db, \"{query}\"") };
    let found =
        Diagnostic::error("E0128", "a query is a text", scene.span(&range)).here("a text stands in quotes");
    (!query.contains('"'))
        .then(|| found.help(format!("write `{better}`")).fix(scene.span(&range), better, false))
}

/// `stages [{ duration: 30s, target: 20 }, …]`: how a load changes, step by step.
pub(super) fn stages(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::load {
        return None;
    }
    let word = scene.tokens.iter().find(|token| matches!(token.text, "stages" | "stage" | "steps"))?;
    let subject = scene.word(1);
    let found = Diagnostic::error("E0101", "a load has no stages", scene.span(&word.range));
    let found = found.here("one stage is one load");
    Some(found.help(format!(
        "write one after the other, in a phase each: `load {subject} with 1 users -> 20 users for 30s`, or `load {subject} at 10/s -> 100/s for 1m`"
    )))
}

/// How many values of a range are written out in a help.
const MAX_WRITTEN_OUT: u64 = 20;

/// `for i in 1..3 { … }`: a loop over numbers.
pub(super) fn counted_range(scene: &Scene<'_>) -> Option<Diagnostic> {
    let behind = if scene.word(1) == "each" { 2 } else { 1 };
    let tokens = scene.tokens.get(behind..)?;
    let [name, word, from, dots, to] = tokens else { return None };
    let range = word.text == "in" && dots.text == ".." && is_bare(from) && is_bare(to);
    if scene.rule != Rule::for_each || !range {
        return None;
    }
    let (from, to) = (from.text.parse::<u64>().ok()?, to.text.parse::<u64>().ok()?);
    let count = to.checked_sub(from)? + 1;
    let found =
        Diagnostic::error("E0123", "a loop that counts is `repeat` and a number", scene.span(&scene.head));
    let found = found.here("a range is no list");
    if count > MAX_WRITTEN_OUT {
        return Some(found.help(format!("write `repeat {count}`")).fix(
            scene.span(&scene.head),
            format!("repeat {count}"),
            false,
        ));
    }
    let list: Vec<String> = (from..=to).map(|number| number.to_string()).collect();
    let better = format!("for each {} in [{}]", name.text, list.join(", "));
    let found = found.help(format!("write `repeat {count}`, or `{better}` where `{}` is used", name.text));
    Some(found.fix(scene.span(&scene.head), better, false))
}

/// `rate(http_errors_total[5m])`: a query where a source has a selector.
pub(super) fn range_selector(scene: &Scene<'_>) -> Option<Diagnostic> {
    let index = scene
        .tokens
        .windows(3)
        .position(|three| three[0].text == "[" && is_duration(&three[1]) && three[2].text == "]")?;
    let name = scene.tokens.get(index.checked_sub(1)?)?;
    if !matches!(scene.rule, Rule::metric | Rule::expect) || name.kind != Kind::Word {
        return None;
    }
    let (open, close) = (&scene.tokens[index], &scene.tokens[index + 2]);
    let duration = scene.word(index + 1);
    let place = scene.span(&(open.range.start..close.range.end));
    let found = Diagnostic::error("E0101", "no window stands in brackets", place);
    if !scene.tokens.iter().any(|token| token.text == "prometheus") {
        let help = format!("write `{} over {duration}`", name.text);
        let better = format!(" over {duration}");
        return Some(found.here("not written like this").help(help).fix(place, better, false));
    }
    Some(found.here("not written like this").help(format!(
        "write what is read as `metric name = prometheus(\"http://…\", \"{}\")`, and what became of it as `rate(name over {duration})` or `delta(name over {duration})`",
        name.text
    )))
}
