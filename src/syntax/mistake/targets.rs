//! Declarations of targets in the form of other notations: `target api = http("http://…")`, `http api = "http://…"`.

use super::Scene;
use crate::diag::Diagnostic;
use crate::syntax::grammar::Rule;
use crate::syntax::tokens::{Kind, Token};

/// What a kind is called here and elsewhere, with the kind's name and the setting that says where or what it is.
const SORTS: &[(&[&str], &str, &str)] = &[
    (&["http", "https", "rest", "web", "api"], "http", "base"),
    (&["websocket", "ws", "wss"], "websocket", "url"),
    (&["grpc"], "grpc", "address"),
    (&["tcp", "socket"], "tcp", "address"),
    (&["udp"], "udp", "address"),
    (&["redis", "rediss", "valkey"], "redis", "url"),
    (&["mqtt", "mqtts"], "mqtt", "url"),
    (&["nats"], "nats", "url"),
    (
        &["database", "db", "postgres", "postgresql", "pg", "mysql", "mariadb", "sqlite", "sql"],
        "database",
        "url",
    ),
    (&["process", "command", "program", "daemon"], "process", "run"),
    (&["disk", "folder", "directory", "volume"], "disk", "path"),
    (&["host", "node"], "host", "address"),
];

/// The words that declare a target of any sort elsewhere.
const ANY_SORT: &[&str] = &["target", "service", "server", "endpoint", "client", "upstream", "backend"];

/// Whether a word declares a target of any sort elsewhere.
pub fn is_any_sort(word: &str) -> bool {
    ANY_SORT.contains(&word)
}

fn sort(word: &str) -> Option<(&'static str, &'static str)> {
    let found = SORTS.iter().find(|(names, ..)| names.iter().any(|name| word.eq_ignore_ascii_case(name)));
    found.map(|(_, kind, setting)| (*kind, *setting))
}

/// A target that is declared in one line, without a block.
pub(super) fn target_in_a_line(scene: &Scene<'_>) -> Option<Diagnostic> {
    if scene.rule != Rule::words {
        return None;
    }
    let assigns = |mark: &Token<'_>| matches!(mark.text, "=" | ":" | ":=");
    let is_text = |token: &Token<'_>| token.kind == Kind::Text;
    let is_name = |token: &Token<'_>| token.kind == Kind::Word;
    let of_url =
        |text: &str| text.trim_matches(['"', '\'']).split_once("://").and_then(|(scheme, _)| sort(scheme));
    let of_any = |word: &str, text: &str| if is_any_sort(word) { of_url(text) } else { sort(word) };
    let (name, (kind, setting), value) = match scene.tokens.as_slice() {
        [any, name, mark, kind, open, value, close]
            if is_any_sort(any.text) && assigns(mark) && open.text == "(" && close.text == ")" =>
        {
            (name, sort(kind.text)?, value)
        }
        [name, mark, kind, open, value, close] if assigns(mark) && open.text == "(" && close.text == ")" => {
            (name, sort(kind.text)?, value)
        }
        [kind, name, open, value, close] if open.text == "(" && close.text == ")" => {
            (name, of_any(kind.text, value.text)?, value)
        }
        [kind, name, mark, value] if assigns(mark) => (name, of_any(kind.text, value.text)?, value),
        _ => return None,
    };
    if !is_name(name) || !is_text(value) {
        return None;
    }
    let span = scene.span(&scene.head);
    let better = format!("{kind} {} {{ {setting} {} }}", name.text, value.text);
    let found = Diagnostic::error(
        "E0101",
        "a target is declared as its kind and its name, with settings in braces",
        span,
    );
    Some(found.here("not written like this").help(format!("write `{better}`")).fix(span, better, false))
}

/// So many places are looked at for what a permit says, and so many lines above each.
const MOST_PLACES: usize = 20;
const MOST_LINES: usize = 200;

/// `permit fault on "shop-app-1"`: a target by what one of its settings says instead of by its name.
pub(super) fn permit_by_setting(scene: &Scene<'_>) -> Option<Diagnostic> {
    let text = scene.tokens.last().filter(|token| token.kind == Kind::Text)?;
    if scene.rule != Rule::permit || !matches!(scene.word(1), "fault" | "faults") || scene.tokens.len() > 4 {
        return None;
    }
    let span = scene.span(&text.range);
    let found = Diagnostic::error("E0101", "a fault is permitted `on` a target, by its name", span)
        .here("a text, not a name");
    let inside = text.text.trim_matches(['"', '\'']);
    let sought = if inside.len() > 1 { scene.text } else { "" };
    let written = sought.match_indices(inside).map(|(at, _)| at);
    let elsewhere = written.filter(|at| !scene.head.contains(at));
    let Some(name) = elsewhere.take(MOST_PLACES).find_map(|at| declared_around(&scene.text[..at])) else {
        return Some(
            found.help("write the name that stands behind its kind where it is declared, without quotes"),
        );
    };
    let better = format!("permit fault on {name}");
    Some(found.help(format!("write `{better}`")).fix(scene.span(&scene.head), better, false))
}

/// The name in the last line of a text that begins a declaration, as `process app {` does.
fn declared_around(before: &str) -> Option<&str> {
    let line = before
        .lines()
        .rev()
        .take(MOST_LINES)
        .find(|line| line.contains('{') && !line.starts_with([' ', '\t', '#']))?;
    let [_, name] = line.split('{').next()?.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
        return None;
    };
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_').then_some(name)
}
