//! E02xx: what targets are told, and what was meant where that cannot be said of them.

use super::{article, list, propose};
use crate::diag::Diagnostic;
use crate::source::Span;

/// `kill shop`; `whole` is what `better` stands for.
pub fn verb_first(span: Span, whole: Span, verb: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no target `{verb}`"), span)
        .here("the other way round")
        .help(format!("a target stands before what it is told: write `{better}`"))
        .fix(whole, better, false)
}

/// `http api "http://…"`
pub fn target_without_block(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0208", "a target is declared with its settings in braces", span)
        .here("no braces")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// `stop browse`, of an action.
pub fn load_is_not_stopped(span: Span, subject: &str) -> Diagnostic {
    Diagnostic::error("E0201", "a load is not told to stop: it ends when its time is over", span)
        .here("nothing is told to an action")
        .help(format!(
            "write how long it lasts where it begins, as in `load {subject} at 50/s for 10m`, or put it into a phase of that length"
        ))
}

/// A verb of other tools.
pub fn verb_elsewhere(span: Span, kind: &str, verb: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{verb}`", article(kind)), span)
        .here("no verb of its kind")
        .help(help)
}

/// What other tools have a statement for.
pub fn statement_elsewhere(span: Span, word: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no target `{word}`, and no statement"), span)
        .here("nothing of this name")
        .help(help)
}

pub fn unknown_verb(span: Span, kind: &str, word: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let message = format!("{} cannot be told to `{word}`", article(kind));
    let finding = Diagnostic::error("E0203", message, span).here("no verb of its kind");
    if all.is_empty() {
        return finding.help(format!("{} is only declared, and told nothing", article(kind)));
    }
    propose(finding, span, meant, all)
}

/// A fault of the link that leaves a host, told to the host, whose name stands in `place`.
pub fn verb_of_link(span: Span, place: Span, (kind, word): (&str, &str), link: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("no verb of its kind")
        .help(format!("ask it of the link that leaves it: write `{link}` in its place"))
        .fix(place, link, false)
}

/// A fault told to a client; `link` is the one that it asks.
pub fn verb_of_link_before(
    span: Span,
    place: Span,
    (kind, word): (&str, &str),
    link: Option<&str>,
) -> Diagnostic {
    let finding = Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("it only asks");
    match link {
        Some(link) => finding
            .help(format!("faults are asked of the link that it goes through: write `{link}` in its place"))
            .fix(place, link, false),
        None => finding.help(
            "ask it of a link that lies between: `link path { listen \"127.0.0.1:8081\"; to \"127.0.0.1:8080\" }`, with the client asking where it listens",
        ),
    }
}

/// A word of a verb, or another tool's word for it, in the place of the verb; `better` is what stands in `place`.
pub fn verb_in_other_words(span: Span, place: Span, kind: &str, word: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("no verb of its kind")
        .help(format!("write `{better}`"))
        .fix(place, better, false)
}

pub fn verb_missing(span: Span, name: &str, verbs: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0203", format!("`{name}` is not told what to do"), span)
        .here("a verb belongs behind it");
    if verbs.is_empty() { finding } else { finding.help(format!("it knows {}", list(verbs, "and"))) }
}

/// A step of a conversation that stands by itself.
pub fn in_a_conversation(span: Span, (kind, name): (&str, &str), word: &str, verb: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("a step of a conversation")
        .help(format!("it stands in the braces of one: `{name} {verb} {{ {word} … }}`"))
}

/// What is paused goes on when that ends.
pub fn goes_on_by_itself(span: Span, name: &str, word: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("a process cannot be told to `{word}`"), span)
        .here("no verb of its kind")
        .help(format!("it goes on by itself when its pause ends: write `{name} pause 5s`"))
}

/// `db "select 1"`
pub fn query_without_verb(span: Span, name: &str, query: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("`{name}` is not told what to do"), span)
        .here("a verb belongs behind it")
        .help(format!("write `{name} query {query}`"))
        .fix(Span::at(span.end), " query", false)
}

/// A sequence that stands like a target; `call` is the whole statement.
pub fn call_of_sequence(span: Span, name: &str, call: &str) -> Diagnostic {
    Diagnostic::error("E0208", format!("`{name}` is a sequence, and a sequence is called with `do`"), span)
        .here("not a target")
        .help(format!("write `do {call}`"))
        .fix(Span::at(span.start), "do ", false)
}

/// A verb without the target that is told it.
pub fn target_missing(span: Span, verb: &str, target: &str, rest: &str) -> Diagnostic {
    let better = format!("{target} {verb}{}{rest}", if rest.is_empty() { "" } else { " " });
    Diagnostic::error("E0201", format!("`{verb}` does not say who is told it"), span)
        .here("a target stands before this")
        .help(format!("write `{better}`"))
        .fix(Span::at(span.start), format!("{target} "), false)
}

pub fn not_a_target(span: Span, name: &str, sort: &str) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0208",
        format!("`{name}` is {} and cannot be told anything", article(sort)),
        span,
    )
    .here("not a target");
    match sort {
        "action" | "mix" => finding.help(format!(
            "run it with `load {name} at 10/s`, or `load {name} once` as `load {name} 1 times`"
        )),
        "sequence" => finding.help(format!("call it with `do {name}()`")),
        "metric" => finding.help(format!("judge it with `expect \"name\": {name} < 10`")),
        _ => finding,
    }
}
