//! E04xx: words behind a verb or a setting that it does not know, or that stand in the wrong place.

use super::arguments::form;
use super::{list, propose};
use crate::diag::Diagnostic;
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Parameter};
use crate::source::Span;

/// `kill every 30s`, `off at 5m`
pub fn told_when(span: Span, word: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0402", format!("`{word}` is a statement around what is told"), span)
        .here("not behind it")
        .help(format!("write `{better}`"))
}

/// `get "/" retry 3`
pub fn no_retries(span: Span, verb: &str, word: &str) -> Diagnostic {
    Diagnostic::error("E0402", format!("`{verb}` does not know `{word}`"), span).here("no word of it").help(
        "a request is sent once, so that every failure is counted; `expect … within 30s` waits until it works",
    )
}

/// `restart never`, `restart on-failure`, `restart 3 times`: what others call when a process is started again.
pub fn restart_policy(setting: Span, policy: Span, written: &str) -> Option<Diagnostic> {
    const NEVER: &[&str] = &["never", "no", "none", "off", "false", "manual"];
    const ALWAYS: &[&str] =
        &["always", "unless", "on_failure", "onfailure", "true", "yes", "times", "max", "up"];
    let written = written.trim_matches(['"', '\'']);
    let word = written.split([' ', ':', '-', '=']).next().unwrap_or_default();
    let found = Diagnostic::error("E0402", format!("`restart` does not know `{written}`"), policy);
    if NEVER.contains(&word) {
        let found = found.here("not said, but left out");
        let found =
            found.help("leave `restart` out: then what ends stays down, and is started by the story alone");
        return Some(found.fix(setting.to(policy), "", false));
    }
    let counted = crate::lang::unit::parse(word).is_ok_and(|read| read.dimension == Dimension::NONE);
    let on_failure = word == "on" && written.contains("fail") || written.starts_with("on-");
    (counted || on_failure || ALWAYS.contains(&word)).then(|| {
        let better = "restart after 1s";
        found
            .here("there is one policy: whenever it ends, so long after that")
            .help(format!("write `{better}`; how often it may happen is an expectation, as in `expect app.restarts <= 3`"))
            .fix(setting.to(policy), better, false)
    })
}

pub fn unknown_word(span: Span, owner: &str, word: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0402", format!("`{owner}` does not know `{word}`"), span)
        .here("neither a word of it nor a name");
    propose(finding, span, meant, all)
}

/// A target and what it is told, behind another statement.
pub fn another_statement(place: Span, word: &str) -> Diagnostic {
    Diagnostic::error("E0110", "a second statement begins on this line", place)
        .here("a `;` or a new line must come before this")
        .help(format!("write `; {word}`"))
        .fix(place, "; ", false)
}

/// The same with a comma between them.
pub fn comma_between_statements(comma: Span) -> Diagnostic {
    Diagnostic::error("E0110", "statements on one line have a `;` between them", comma)
        .here("not a comma")
        .help("write `;`")
        .fix(comma, ";", true)
}

/// `name "list"` behind a request.
pub fn name_in_other_words(span: Span, whole: Span, (verb, word): (&str, &str), name: &str) -> Diagnostic {
    let better = format!("as {name}");
    Diagnostic::error("E0402", format!("`{verb}` does not know `{word}`"), span)
        .here("the name of a request stands behind `as`")
        .help(format!("write `{better}`"))
        .fix(whole, better, false)
}

/// `as "list"`, and `as list` in the story.
pub fn name_of_step(word: Span, step: Option<Span>, written: Option<&str>, in_action: bool) -> Diagnostic {
    let whole = step.map_or(word, |step| word.to(step));
    let found = |message: &str| Diagnostic::error("E0402", message.to_string(), whole);
    let is_name = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    match written.filter(is_name) {
        _ if !in_action => found("a request of the story has no name: it is made once")
            .here("one too many")
            .help("leave it out; in an action its name is that of its latencies")
            .fix(whole, "", false),
        Some(name) => found("the name of a request has no quotes")
            .here("not written like this")
            .help(format!("write `as {name}`"))
            .fix(whole, format!("as {name}"), false),
        None => found("a name is missing behind `as`")
            .here("which name?")
            .help("as in `api get \"/items\" as list`"),
    }
}

/// `degrade latency 200ms from near to far`
pub fn direction(span: Span, word: &str) -> Diagnostic {
    let finding =
        Diagnostic::error("E0402", format!("`degrade` does not know `{word}`"), span).here("which way?");
    let better = match word {
        "upstream" => "up",
        "downstream" => "down",
        _ => {
            return finding.help(
                "one way is `up`, from the first end to the second (of a proxy to where it leads), and `down` is back; without either both are meant",
            );
        }
    };
    finding.help(format!("write `{better}`")).fix(span, better, false)
}

/// `degrade latency 200ms until 1m`; `place` is the word with its duration.
pub fn lasts_for(place: Span, span: Span, word: &str, owner: &str, duration: &str) -> Diagnostic {
    let better = format!("for {duration}");
    Diagnostic::error("E0402", format!("`{owner}` does not know `{word}`"), span)
        .here("how long it lasts stands behind `for`")
        .help(format!("write `{better}`"))
        .fix(place, better, false)
}

/// A word of another verb of the same target; `better` is how that is told, in `place`.
pub fn other_verb(
    (place, span): (Span, Span),
    owner: &str,
    word: &str,
    target: &str,
    better: &str,
) -> Diagnostic {
    let verb = better.split(' ').next().unwrap_or(better);
    Diagnostic::error("E0402", format!("`{owner}` does not know `{word}`"), span)
        .here(format!("`{verb}` does"))
        .help(format!("write `{target} {better}`"))
        .fix(place, better, false)
}

/// `lock table orders`: what stands by its place, as a text.
pub fn text_by_its_place(place: Span, owner: &str, text: &str) -> Diagnostic {
    Diagnostic::error("E0402", format!("`{owner}` takes a text in quotes"), place)
        .here("no text")
        .help(format!("write `{owner} \"{text}\"`"))
        .fix(place, format!("\"{text}\""), false)
}

/// `f"/{seq}"`
pub fn letter_before_text(span: Span, letter: &str) -> Diagnostic {
    Diagnostic::error("E0402", format!("a text has no `{letter}` before it"), span)
        .here("braces in `\"…\"` are always filled, and `'…'` is taken as it stands")
        .help(format!("leave `{letter}` out"))
        .fix(span, "", false)
}

/// `disconnect all`: in words where a share stands.
pub fn share_in_words(span: Span, owner: &str, word: &str) -> Diagnostic {
    Diagnostic::error("E0402", format!("`{owner}` takes a share, not `{word}`"), span)
        .here("a percentage stands here")
        .help(format!("write `{owner} 100%`"))
        .fix(span, "100%", false)
}

/// A word behind a setting that has words of its own, `able`: what they are, and nothing of the other settings. `value` is
/// what stands behind the word.
pub fn unknown_word_of(span: Span, parameter: &Parameter, word: &str, value: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error("E0402", format!("`{}` does not know `{word}`", parameter.name), span)
        .here("no word of it");
    if value.is_none() && word.starts_with("SIG") && parameter.more.iter().any(|one| one.name == "signal") {
        let better = format!("signal {word}");
        return finding.help(format!("write `{} {better}`", parameter.name)).fix(span, better, false);
    }
    match (parameter.more, value) {
        ([one], Some(value)) => {
            finding.help(format!("write `{} {value}`", one.name)).fix(span, one.name, false)
        }
        ([one], None) => {
            let example = form(one).replace("500ms", "5s");
            finding.help(format!("as in `{} {example}`", parameter.name))
        }
        (several, _) => {
            let forms: Vec<String> = several.iter().map(form).collect();
            let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
            finding.help(format!("what can follow is {}", list(&forms, "or")))
        }
    }
}

/// `and` between two values of one setting.
pub fn and_for_comma(span: Span, before: Span) -> Diagnostic {
    Diagnostic::error("E0402", "two values of one setting have a comma between them", span)
        .here("no word of it")
        .help("write `,`")
        .fix(Span::new(before.end, span.end), ",", true)
}

/// `kill -9`; `place` is the number with the space before it.
pub fn kill_by_number(span: Span, target: &str, place: Span) -> Diagnostic {
    Diagnostic::error("E0302", format!("`{target} kill` takes no number: it sends SIGKILL"), span)
        .here("not a duration")
        .help(format!("write `{target} kill`, with a duration where it is started again after that"))
        .fix(place, "", false)
}

pub fn unknown_signal(span: Span, name: &str, meant: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error("E0405", format!("there is no signal `{name}`"), span).here("no signal");
    match meant {
        Some(meant) => finding.help(format!("write `{meant}`")).fix(span, meant, false),
        None => finding.help("a signal is named as `kill -l` has it, such as `SIGTERM` or `HUP`"),
    }
}

pub fn stray_comma(span: Span) -> Diagnostic {
    Diagnostic::error("E0402", "no comma belongs here", span).here("leave it out").fix(span, "", true)
}

pub fn wants_word(
    span: Span,
    parameter: &Parameter,
    accepts: &Accepts,
    text: &str,
    meant: Option<&str>,
) -> Diagnostic {
    let finding = Diagnostic::error("E0405", format!("`{}` does not take `{text}`", parameter.name), span)
        .here("not one of its words");
    match accepts {
        Accepts::Target(kinds) => finding.help(format!("the name of a {} belongs here", list(kinds, "or"))),
        Accepts::Word(words) => propose(finding, span, meant, words),
        _ => finding,
    }
}

pub fn one_of_words(span: Span, what: &str, word: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    propose(
        Diagnostic::error("E0405", format!("`{what}` does not take `{word}`"), span)
            .here("not one of its words"),
        span,
        meant,
        all,
    )
}

pub fn unknown_probe(span: Span, word: &str, meant: Option<&str>) -> Diagnostic {
    let all = ["http", "tcp", "line", "file", "succeeds"];
    propose(
        Diagnostic::error("E0405", format!("readiness is not told by `{word}`"), span).here("no probe"),
        span,
        meant,
        &all,
    )
}

/// A URL or an address by itself, or behind the word of a probe without its parentheses.
pub fn probe_without_word(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0405", "readiness is told by a probe, with its value in parentheses", span)
        .here("no probe yet")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// A word of prose between a verb and its value.
pub fn word_too_many(span: Span, owner: &str, word: &str, removed: Span) -> Diagnostic {
    Diagnostic::error("E0402", format!("`{owner}` does not know `{word}`"), span)
        .here("a word too many")
        .help(format!("leave `{word}` out"))
        .fix(removed, "", false)
}

pub fn not_a_probe(span: Span) -> Diagnostic {
    Diagnostic::error("E0405", "readiness is told by a probe", span)
        .here("no probe")
        .help("as in `ready http(\"http://127.0.0.1:8080/health\")` or `ready line('listening')`")
}
