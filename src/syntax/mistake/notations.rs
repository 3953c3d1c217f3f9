//! Looks at whole notations that people bring along: steps as a list, loops of a shell, stages, queries without quotes,
//! operators on texts.

use super::Scene;
use super::habits::{is_bare, is_duration, touch};
use crate::diag::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::tokens::{Kind, Token};
use std::ops::Range;

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

/// `- app kill`, `1. app kill`: steps as a list has them.
pub(super) fn marked_step(scene: &Scene<'_>) -> Option<Diagnostic> {
    let step = match scene.tokens.as_slice() {
        [mark, step, ..] if matches!(mark.text, "-" | "*") => step,
        [number, dot, step, ..] if is_bare(number) && matches!(dot.text, "." | ")") => step,
        // The tokens have the point in the number.
        [number, step, ..] if number.kind == Kind::Number && number.text.ends_with('.') => step,
        _ => return None,
    };
    if step.kind != Kind::Word {
        return None;
    }
    let written = scene.text[step.range.start..scene.head.end].trim_end();
    let mark = scene.span(&(scene.head.start..step.range.start));
    let found = Diagnostic::error("E0101", "statements have no marks or numbers before them", mark);
    Some(found.here("one too many").help(format!("write `{written}`")).fix(mark, "", false))
}

/// `for i in 1 2 3`, and the `do` that a shell has behind it.
pub(super) fn shell_loop(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule == Rule::call_sequence && scene.tokens.len() == 1 {
        let found =
            Diagnostic::error("E0103", "a block begins with `{`, not with `do`", scene.span(&scene.head));
        return Some(
            found
                .here("calls a sequence, and names none")
                .help("put a `{` at the end of the line before, and a `}` where the block ends"),
        );
    }
    let [_, name, word, values @ ..] = scene.tokens.as_slice() else { return None };
    let is_value = |token: &Token<'_>| matches!(token.kind, Kind::Number | Kind::Text | Kind::Word);
    let listed = scene.rule == Rule::for_each && word.text == "in" && name.kind == Kind::Word;
    if !listed || values.len() < 2 || !values.iter().all(is_value) {
        return None;
    }
    let quoted = |token: &Token<'_>| match token.kind {
        Kind::Word => format!("\"{}\"", token.text),
        _ => token.text.to_string(),
    };
    let list: Vec<String> = values.iter().map(quoted).collect();
    let found = Diagnostic::error("E0123", "a loop over values has them in a list", scene.span(&scene.head));
    let help = format!("write `for each {} in [{}] {{ … }}`", name.text, list.join(", "));
    Some(found.here("not written like this").help(help))
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

/// `at 10/s -> 100/s -> 10/s for 2m`: a ramp of several stretches.
pub(super) fn ramp_of_several(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::load {
        return None;
    }
    let [_, subject, word, rest @ ..] = scene.tokens.as_slice() else { return None };
    let lasting = rest.iter().position(|token| token.text == "for").unwrap_or(rest.len());
    let (ramp, behind) = rest.split_at(lasting);
    let users = word.text == "with";
    let plain: Vec<&Token<'_>> = ramp.iter().filter(|token| token.text != "users").collect();
    let values: Vec<&str> = plain.iter().step_by(2).map(|token| token.text).collect();
    let numbers = plain.iter().step_by(2).all(|token| token.kind == Kind::Number);
    let arrows = plain.iter().skip(1).step_by(2).all(|token| token.text == "->");
    if !matches!(word.text, "at" | "with")
        || values.len() < 3
        || plain.len().is_multiple_of(2)
        || !numbers
        || !arrows
    {
        return None;
    }
    let stretches = values.len() as u32 - 1;
    let whole = match behind {
        [] => None,
        [_, time] => Some(crate::lang::unit::parse(time.text).ok()?.to_duration()?),
        _ => return None,
    };
    let each = whole.map_or("1m".into(), |whole| crate::lang::unit::format_duration(whole / stretches));
    let unit = if users { " users" } else { "" };
    let loads: Vec<String> = values
        .windows(2)
        .map(|ends| {
            format!("load {} {} {}{unit} -> {}{unit} for {each}", subject.text, word.text, ends[0], ends[1])
        })
        .collect();
    let better = loads.join("; ");
    let span = scene.span(&scene.head);
    let found = Diagnostic::error("E0101", "a ramp goes from one end to the other", span);
    let found = found.here("more than two").help(format!("write one load after the other: `{better}`"));
    Some(found.fix(span, better, false))
}

/// `with 100 users spawn 10/s`: users who come one after the other.
pub(super) fn spawn_rate(scene: &Scene<'_>) -> Option<Diagnostic> {
    let [_, subject, with, count, users, word, value, rest @ ..] = scene.tokens.as_slice() else {
        return None;
    };
    let spawns = matches!(
        word.text,
        "spawn_rate" | "spawn" | "hatch_rate" | "ramp_up" | "rampup" | "ramp" | "spawning" | "over"
    );
    if scene.rule != Rule::load || with.text != "with" || !matches!(users.text, "users" | "user") || !spawns {
        return None;
    }
    let most = crate::lang::unit::parse(count.text).ok()?.to_f64();
    let read = crate::lang::unit::parse(value.text).ok()?;
    let seconds = match read.dimension {
        crate::lang::quantity::Dimension::RATE => most / read.to_f64(),
        crate::lang::quantity::Dimension::TIME => read.to_f64(),
        _ => return None,
    };
    let time = crate::lang::unit::format_duration(std::time::Duration::try_from_secs_f64(seconds).ok()?);
    let (name, count) = (subject.text, count.text);
    let behind = rest.first().map_or("", |first| &scene.text[first.range.start..scene.head.end]);
    let then = format!("load {name} with {count} users {behind}");
    let better = format!("load {name} with 0 users -> {count} users for {time}; {}", then.trim_end());
    let span = scene.span(&scene.head);
    let found =
        Diagnostic::error("E0101", "users who come one after the other are a load of their own", span);
    Some(found.here("not written like this").help(format!("write `{better}`")).fix(span, better, false))
}

/// `"… where status = "pending""`: quotes in a text, which end it.
pub(super) fn quotes_in_text(scene: &Scene<'_>) -> Option<Diagnostic> {
    let index = scene.failed_token()?;
    let (before, word, behind) =
        (scene.tokens.get(index.checked_sub(1)?)?, scene.tokens.get(index)?, scene.tokens.get(index + 1)?);
    let double = |token: &Token<'_>| token.kind == Kind::Text && token.text.starts_with('"');
    if word.kind != Kind::Word
        || !double(before)
        || !double(behind)
        || !touch(before, word)
        || !touch(word, behind)
    {
        return None;
    }
    let place = before.range.end - 1..behind.range.start + 1;
    let found = Diagnostic::error("E0128", "a `\"` in a text ends it", scene.span(&place))
        .here("ended here, and begun again");
    let better = format!("'{}'", word.text);
    Some(
        found
            .help(format!("write `{better}`, which SQL has for its texts, or `\\\"` for the mark itself"))
            .fix(scene.span(&place), better, false),
    )
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
        let mut first = index - 1;
        while first >= 2 && scene.word(first - 1) == "." {
            first -= 2;
        }
        let whole = &scene.text[scene.tokens[first].range.start..name.range.end];
        let help = format!("write `{whole} over {duration}`");
        let better = format!(" over {duration}");
        return Some(found.here("not written like this").help(help).fix(place, better, false));
    }
    Some(found.here("not written like this").help(format!(
        "write what is read as `metric name = prometheus(\"http://…\", \"{}\")`, and what became of it as `rate(name over {duration})` or `delta(name over {duration})`",
        name.text
    )))
}
