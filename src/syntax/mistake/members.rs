//! Lines of blocks in the form that other notations give them: maps, objects without their word, weights behind names.

use super::Scene;
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::grammar::Rule;
use crate::syntax::tokens::{Kind, Token, tokens};
use std::ops::Range;

/// The words that others put before what a request sends.
const BODY_WORDS: &[&str] = &["body", "data", "payload", "content"];

/// Whether a word stands before what a request sends elsewhere.
pub(in crate::syntax) fn is_body_word(word: &str) -> bool {
    BODY_WORDS.contains(&word)
}

/// Whether a line is one member of an object or a map, or several: `name: 1, other: 2`.
fn is_member(tokens: &[Token<'_>]) -> bool {
    matches!(tokens, [name, colon, _, ..] if colon.text == ":" && matches!(name.kind, Kind::Word | Kind::Text))
}

/// `api post "/orders" { name: 1 }`: the object that is sent, without the word before it. `inside` is what its braces
/// hold.
pub(in crate::syntax) fn as_object(
    text: &str,
    base: u32,
    head: Range<usize>,
    open: usize,
    inside: Range<usize>,
) -> Option<Diagnostic> {
    let words = tokens(text, head.clone());
    if words.len() < 3 || !is_member(&tokens(text, inside.clone())) {
        return None;
    }
    let at = |range: &Range<usize>| Span::new(base + range.start as u32, base + range.end as u32);
    let mark = at(&(open..open + 1));
    let better =
        format!("json {{{}}}", text.get(open + 1..inside.end.max(open + 1))?.trim_end().to_string() + " ");
    let found =
        |place| Diagnostic::error("E0101", "what a request sends as JSON stands behind `json`", place);
    let help = format!("write `{}`", better.split_whitespace().collect::<Vec<_>>().join(" "));
    let last = words.last().filter(|last| is_body_word(last.text));
    if let Some(word) = words.last().filter(|last| is_map_word(last.text)) {
        let member = text.get(open + 1..inside.end.max(open + 1))?.trim().trim_end_matches(',');
        let (name, value) = member.split_once(':')?;
        let better = format!("header \"{}\" {}", name.trim().trim_matches('"'), value.trim());
        let place = at(&(word.range.start..inside.end + 1));
        let found = Diagnostic::error("E0101", "each header of a request is a word of its own", place);
        let found = found.here("not written like this").help(format!("write `{better}`"));
        return Some(if member.contains(',') { found } else { found.fix(place, better, false) });
    }
    Some(match last {
        Some(last) => {
            found(at(&last.range)).here("no word of a request").help(help).fix(at(&last.range), "json", false)
        }
        None => {
            found(mark).here("`json` is missing here").help(help).fix(Span::at(mark.start), "json ", false)
        }
    })
}

/// Whether a word is one that stands before a map of settings elsewhere.
pub(in crate::syntax) fn is_map_word(word: &str) -> bool {
    matches!(word, "header" | "headers" | "env" | "environment")
}

/// Whether a word is one that stands before the parameters of a request elsewhere.
pub(in crate::syntax) fn is_query_word(word: &str) -> bool {
    matches!(word, "query" | "params" | "param" | "parameters" | "qs" | "search" | "args")
}

/// `api get "/items" query { page: 1 }`: what stands in the path of a request, in a block behind it, of those lines and
/// that end.
pub(in crate::syntax) fn query_of_request(
    text: &str,
    base: u32,
    head: Range<usize>,
    lines: impl Iterator<Item = Range<usize>>,
    end: usize,
) -> Option<Diagnostic> {
    let words = tokens(text, head);
    let [_, _, path, word] = words.as_slice() else { return None };
    let written = path.text.strip_prefix('"')?.strip_suffix('"')?;
    if !is_query_word(word.text) {
        return None;
    }
    let mut better = written.to_string();
    for line in lines {
        let line = tokens(text, line);
        for member in
            line.split(|token| token.text == "," && token.depth == 0).filter(|part| !part.is_empty())
        {
            let (name, value) = match member {
                [name, mark, value @ ..] if matches!(mark.text, ":" | "=") && !value.is_empty() => {
                    (name, value)
                }
                [name, value @ ..] if !value.is_empty() => (name, value),
                _ => return None,
            };
            let value = &text[value[0].range.start..value[value.len() - 1].range.end];
            let joint = if better.contains('?') { '&' } else { '?' };
            let plain = |text: &str| text.trim_matches(['"', '\'']).to_string();
            let named = value.starts_with(|c: char| c.is_ascii_alphabetic());
            let value = if named { format!("{{{value}}}") } else { plain(value) };
            better.push_str(&format!("{joint}{}={value}", plain(name.text)));
        }
    }
    let better = format!("\"{better}\"");
    let at = |from: usize, to: usize| Span::new(base + from as u32, base + to as u32);
    let found = Diagnostic::error(
        "E0101",
        "what a request asks for stands in its path",
        at(word.range.start, word.range.end),
    );
    let found = found.here("no word of a request").help(format!("write `{better}` for the path"));
    Some(found.fix(at(path.range.start, end), better, false))
}

/// `headers { "Accept": "text/html" }`, `env { PORT: "8080" }`: a map where each line is a setting of its own.
pub(in crate::syntax) fn map_of(
    text: &str,
    base: u32,
    head: Range<usize>,
    lines: &[Range<usize>],
    end: usize,
) -> Option<Diagnostic> {
    let words = tokens(text, head.clone());
    let [word] = words.as_slice() else { return None };
    let ours = match word.text {
        "header" | "headers" => "header",
        "env" | "environment" => "env",
        _ => return None,
    };
    let mut better = Vec::new();
    for line in lines {
        let line = tokens(text, line.clone());
        for member in
            line.split(|token| token.text == "," && token.depth == 0).filter(|member| !member.is_empty())
        {
            let [name, mark, value @ ..] = member else { return None };
            if !matches!(mark.text, ":" | "=") || value.is_empty() {
                return None;
            }
            let value = &text[value[0].range.start..value[value.len() - 1].range.end];
            let inside = name.text.trim_matches(['"', '\'']);
            let name = if ours == "header" { format!("\"{inside}\"") } else { inside.to_string() };
            let value =
                if value.starts_with(['"', '\'']) { value.to_string() } else { format!("\"{value}\"") };
            better.push(format!("{ours} {name} {value}"));
        }
    }
    if better.is_empty() {
        return None;
    }
    let better = better.join("; ");
    let span = Span::new(base + head.start as u32, base + head.end as u32);
    let whole = Span::new(base + head.start as u32, base + end as u32);
    let found = Diagnostic::error("E0101", format!("each `{ours}` is a setting of its own"), span);
    Some(found.here("no block here").help(format!("write `{better}`")).fix(whole, better, false))
}

/// Where a weight of a mix stands, and where its action does.
pub(in crate::syntax) type Weighted = (Range<usize>, Range<usize>);

/// `browse 70%` and `browse: 70%, buy: 30%` in a mix; gives what was meant as well, each weight with its action.
pub(in crate::syntax) fn weight_behind(
    text: &str,
    base: u32,
    line: Range<usize>,
) -> Option<(Diagnostic, Vec<Weighted>)> {
    let all = tokens(text, line.clone());
    let mut parts = Vec::new();
    for part in all.split(|token| token.text == ",") {
        let weighs = |token: &Token<'_>| token.kind == Kind::Number;
        let (weight, action) = match part {
            [] => continue,
            [action, weight] if weighs(weight) => (weight, action),
            [action, mark, weight] if weighs(weight) && matches!(mark.text, ":" | "=" | "*") => {
                (weight, action)
            }
            [weight, action] if weighs(weight) => (weight, action),
            [weight, mark, action] if weighs(weight) && matches!(mark.text, ":" | "*") => (weight, action),
            _ => return None,
        };
        if action.kind != Kind::Word {
            return None;
        }
        parts.push((weight.range.clone(), action.range.clone()));
    }
    let written = |(weight, action): &Weighted| {
        format!("{} {}", as_share(&text[weight.clone()]), &text[action.clone()])
    };
    let better = parts.iter().map(written).collect::<Vec<_>>().join("; ");
    let span = Span::new(base + line.start as u32, base + line.end as u32);
    let found = Diagnostic::error("E0130", "in a mix the weight stands first", span);
    let found = found.here("the other way round").help(format!("write `{better}`")).fix(span, better, false);
    (!parts.is_empty()).then_some((found, parts))
}

/// A weight of a mix as it is written here.
pub(in crate::syntax) fn as_share(weight: &str) -> String {
    if weight.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        format!("{weight}%")
    } else {
        weight.to_string()
    }
}

/// `30% shop kill` in a `choose`.
pub(in crate::syntax) fn choice_without_colon(
    text: &str,
    base: u32,
    line: Range<usize>,
) -> Option<Diagnostic> {
    let all = tokens(text, line.clone());
    let [weight, next, ..] = all.as_slice() else { return None };
    let scene = Scene {
        text,
        base,
        rule: Rule::words,
        head: line.clone(),
        failed_at: line.start,
        tokens: all.clone(),
    };
    if weight.kind != Kind::Number || next.kind != Kind::Word {
        return None;
    }
    let better = format!("{}: {}", weight.text, &text[next.range.start..line.end]);
    let found = Diagnostic::error(
        "E0130",
        "each line of a `choose` begins with a weight and a `:`",
        scene.span(&weight.range),
    );
    let found = found.here("a `:` is missing behind this").help(format!("write `{better}`"));
    Some(found.fix(scene.point(weight.range.end), ":", false))
}

/// `dataset people "people.csv"`: the remedy, and what it stands for.
pub(in crate::syntax) fn dataset_in_a_line(
    text: &str,
    base: u32,
    head: Range<usize>,
) -> Option<(String, Span)> {
    let all = tokens(text, head.clone());
    let (word, name, file) = match all.as_slice() {
        [word, name, file] => (word, name, file),
        [word, name, mark, file] if matches!(mark.text, "=" | ":" | "from" | "file") => (word, name, file),
        _ => return None,
    };
    if word.text != "dataset" || name.kind != Kind::Word || file.kind != Kind::Text {
        return None;
    }
    let span = Span::new(base + head.start as u32, base + head.end as u32);
    Some((format!("dataset {} {{ file {} }}", name.text, file.text), span))
}
