//! E04xx: settings, verbs and their parameters, and the small languages inside texts.

use super::{list, propose};
use crate::diag::Diagnostic;
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Form, Parameter, Rule};
use crate::source::Span;

/// How a parameter is written, for a help.
fn form(parameter: &Parameter) -> String {
    let values: Vec<&str> = parameter.values.iter().map(example).collect();
    match parameter.form {
        Form::Positional => values.join(" "),
        Form::Flag => parameter.name.to_string(),
        Form::Keyword if values.is_empty() => format!("{} …", parameter.name),
        Form::Keyword => format!("{} {}", parameter.name, values.join(" ")),
    }
}

/// A value that a parameter takes.
fn example(accepts: &Accepts) -> &'static str {
    use crate::lang::quantity::Dimension;
    match accepts {
        Accepts::Quantity(Dimension::TIME) => "500ms",
        Accepts::Quantity(Dimension::SIZE) => "4MB",
        Accepts::Quantity(Dimension::BYTE_RATE) => "1Mbit/s",
        Accepts::Quantity(_) | Accepts::Count => "10",
        Accepts::Share => "10%",
        Accepts::Text => "\"text\"",
        Accepts::Path => "\"path\"",
        Accepts::Glob => "\"*.log\"",
        Accepts::Regex => "'expression'",
        Accepts::Url(schemes) => match schemes.first() {
            Some(&"ws") => "\"ws://127.0.0.1:8080\"",
            Some(&"postgres") => "\"postgres://127.0.0.1:5432/app\"",
            Some(&"redis") => "\"redis://127.0.0.1:6379\"",
            _ => "\"http://127.0.0.1:8080\"",
        },
        Accepts::Address { port: true } => "\"127.0.0.1:8080\"",
        Accepts::Address { port: false } => "\"10.30.0.1\"",
        Accepts::Command => "\"program --option\"",
        Accepts::Sql => "\"select 1\"",
        Accepts::Word(words) => words.first().copied().unwrap_or("word"),
        Accepts::Name => "NAME",
        Accepts::Json => "{ key: 1 }",
        Accepts::Probe => "http(\"http://127.0.0.1:8080/health\")",
        Accepts::Target(_) => "name",
    }
}

pub fn missing(span: Span, owner: &str, parameter: &Parameter) -> Diagnostic {
    Diagnostic::error("E0401", format!("{owner} needs `{}`", parameter.name), span)
        .here("not given")
        .help(format!("add `{}`", form(parameter)))
}

pub fn missing_value(span: Span, parameter: &Parameter, accepts: &Accepts) -> Diagnostic {
    Diagnostic::error("E0401", format!("a value is missing behind `{}`", parameter.name), span)
        .here("nothing follows")
        .help(format!(
            "as in `{}`",
            match parameter.values {
                [_] => form(parameter),
                _ => example(accepts).to_string(),
            }
        ))
}

/// A value without the one that belongs behind it; `written` is how it stands in the file, such as `"Accept: text/html"`,
/// which is two values in one text.
pub fn missing_second_value(
    span: Span,
    parameter: &Parameter,
    accepts: &Accepts,
    written: &str,
) -> Diagnostic {
    let finding = missing_value(span, parameter, accepts);
    let quotes = ['"', '\''];
    let inside = written.strip_prefix(quotes).and_then(|rest| rest.strip_suffix(quotes));
    let parts = inside.and_then(|inside| inside.split_once([':', '=']));
    match parts.filter(|(name, _)| !name.is_empty() && !name.contains(['{', ' '])) {
        Some((name, value)) => {
            let better = format!("\"{name}\" \"{}\"", value.trim_start());
            finding.help(format!("write `{} {better}`", parameter.name)).fix(span, better, false)
        }
        None => finding,
    }
}

pub fn needs_more(span: Span, parameter: &Parameter, names: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0401",
        format!("`{}` needs {} behind it", parameter.name, list(names, "or")),
        span,
    )
    .here("not complete");
    match parameter.more.first() {
        Some(more) => finding.help(format!("as in `{} {}`", parameter.name, form(more))),
        None => finding,
    }
}

pub fn hold_wants_duration(span: Span) -> Diagnostic {
    Diagnostic::error("E0401", "`hold` needs a duration", span).here("how long?").help("as in `hold 5m`")
}

pub fn parameter_missing(span: Span, sequence: &str, parameter: &str) -> Diagnostic {
    Diagnostic::error("E0401", format!("the sequence `{sequence}` needs `{parameter}`"), span)
        .here("not given")
        .help(format!("write `do {sequence}({parameter} = …)`"))
}

pub fn no_such_parameter(
    span: Span,
    sequence: &str,
    name: &str,
    meant: Option<&str>,
    all: &[&str],
) -> Diagnostic {
    let message = match name {
        "" => format!(
            "the sequence `{sequence}` takes {} value{}",
            all.len(),
            if all.len() == 1 { "" } else { "s" }
        ),
        _ => format!("the sequence `{sequence}` has no parameter `{name}`"),
    };
    if let ([only], None, false) = (all, meant, name.is_empty()) {
        let found = Diagnostic::error("E0402", message, span).here("one too many");
        return found.help(format!("its only one is `{only}`")).fix(span, *only, false);
    }
    propose(
        Diagnostic::error("E0402", message, span).here("one too many"),
        span,
        meant,
        if name.is_empty() { &[] } else { all },
    )
}

pub fn unexpected_value(span: Span, owner: &str, text: &str, keywords: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0402", format!("`{owner}` does not take a bare `{text}`"), span)
        .here("one too many");
    match keywords {
        [] => finding,
        [one] => finding.help(format!("write `{one} {text}`")).fix(span, format!("{one} {text}"), false),
        several => finding.help(format!("say what it is: {}", list(several, "or"))),
    }
}

/// `eat 50% memory`
pub fn word_behind_value(span: Span, word: &str, value: &str) -> Diagnostic {
    let better = format!("{word} {value}");
    Diagnostic::error("E0402", format!("`{word}` stands before its value"), span)
        .here("the other way round")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

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

/// A value given to a sequence that declares no parameters.
pub fn without_parameters(
    span: Span,
    (sequence, declared): (&str, Span),
    parameter: &str,
    value: &str,
) -> Diagnostic {
    Diagnostic::error("E0402", format!("the sequence `{sequence}` has no parameter `{parameter}`"), span)
        .here("it has none at all")
        .also(declared, "declared here")
        .help(format!("declare it: `sequence {sequence}({parameter} = {value}) {{ … }}`"))
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

pub fn not_a_setting(span: Span, kind: &str) -> Diagnostic {
    Diagnostic::error("E0402", "this is no setting", span)
        .here("only settings stand here")
        .help(format!("`soak kinds {kind}` lists them"))
}

pub fn given_twice(span: Span, name: &str, first: Option<Span>) -> Diagnostic {
    let finding = Diagnostic::error("E0403", format!("`{name}` is given twice"), span).here("the second");
    match first {
        Some(first) => finding.also(first, "the first stands here"),
        None => finding,
    }
}

pub fn one_of_missing(span: Span, owner: &str, group: &[&str]) -> Diagnostic {
    Diagnostic::error("E0404", format!("{owner} needs one of {}", list(group, "or")), span)
        .here("none of them is given")
}

pub fn only_one_of(span: Span, first: Span, group: &[&str]) -> Diagnostic {
    Diagnostic::error("E0404", format!("only one of {} can be given", list(group, "and")), span)
        .here("the second of them")
        .also(first, "the first")
}

/// `example` is how it is done right, where that is known.
pub fn rule_broken(span: Span, owner: &str, rule: &Rule, example: Option<&str>) -> Diagnostic {
    let message = match rule {
        Rule::AtLeastOne(names) => format!("{owner} needs at least one of {}", list(names, "and")),
        Rule::AtMostOne(names) => format!("at most one of {} can be given", list(names, "and")),
        Rule::Needs { name, other } => format!("`{name}` means nothing without `{other}`"),
    };
    let finding = Diagnostic::error("E0404", message, span);
    let finding = match rule {
        Rule::AtLeastOne(_) => finding.here("not complete"),
        _ => finding.here("these do not go together"),
    };
    match (example, rule) {
        (Some(example), Rule::Needs { other, .. }) => {
            let finding = finding.help(format!("as in `{example}`"));
            match argument_in(example, other) {
                Some(argument) => finding.fix(Span::at(span.start), format!("{argument} "), false),
                None => finding,
            }
        }
        (Some(example), _) => finding.help(format!("as in `{example}`")),
        (None, Rule::Needs { name, other: "run" }) => {
            finding.help(format!("take `{name}` out: it is for what soak starts itself, with `run`"))
        }
        (None, Rule::Needs { name, other }) => finding.help(format!("add `{other}`, or take `{name}` out")),
        (None, _) => finding,
    }
}

/// A word of an example with the value behind it.
fn argument_in<'e>(example: &'e str, word: &str) -> Option<&'e str> {
    let at = example.find(&format!(" {word} "))? + 1;
    let value = at + word.len() + 1;
    let length = example[value..].find(' ').unwrap_or(example.len() - value);
    let plain = example[value..value + length].starts_with(|c: char| c.is_ascii_digit());
    plain.then(|| &example[at..value + length])
}

/// `listen` is the whole setting.
pub fn link_to_itself(span: Span, listen: Span, address: &str) -> Diagnostic {
    let finding =
        Diagnostic::error("E0404", "a link that passes on to where it listens talks to itself", span)
            .here("the same address")
            .also(listen, "it listens here");
    let port = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port.and_then(|(host, port)| Some(format!("listen \"{host}:{}\"", port.checked_add(1)?))) {
        Some(better) => finding
            .help(format!(
                "let it listen on a port of its own, `{better}`, and let those ask there who are to meet it"
            ))
            .fix(listen, better, false),
        None => {
            finding.help("let it listen on a port of its own, and let those ask there who are to meet it")
        }
    }
}

pub fn no_such_interface(span: Span, name: &str, why: &str, instead: &str) -> Diagnostic {
    Diagnostic::error("E0404", format!("`{name}` cannot be the interface of a link: {why}"), span)
        .here("this interface")
        .help(instead)
}

pub fn tls_in_vain(span: Span, url: Span, scheme: &str) -> Diagnostic {
    Diagnostic::error("E0404", "`tls` means nothing where the URL asks for no TLS", span)
        .here("these do not go together")
        .also(url, "without TLS")
        .help(format!("begin the URL with `{scheme}://`, or leave `tls` out"))
}

pub fn not_a_host_address(span: Span, text: &str, what: &str) -> Diagnostic {
    Diagnostic::error("E0418", format!("`{text}` is {what}"), span)
        .here("not an address of a host")
        .help("write one like `\"10.30.0.1\"`, each host its own")
}

/// `free` is an address beside it that no host has.
pub fn same_address(span: Span, first: Span, free: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error("E0418", "two hosts cannot have the same address", span)
        .here("the same address")
        .also(first, "it is taken here");
    match free {
        Some(free) => finding.help(format!("write `\"{free}\"`")).fix(span, format!("\"{free}\""), false),
        None => finding.help("give each an address of its own"),
    }
}

pub fn same_door(span: Span, address: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0404", format!("two links listen on `{address}`"), span)
        .here("the second")
        .also(first, "the first")
        .help("give each a port of its own")
}

pub fn link_from_a_host_to_itself(span: Span) -> Diagnostic {
    Diagnostic::error("E0418", "a link joins two hosts, not one to itself", span)
        .here("the same host")
        .help("what stands on one host talks over its loopback")
}

pub fn joined_twice(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        "E0418",
        "these two hosts are joined already: nothing would go over a second link",
        span,
    )
    .here("the same two hosts")
    .also(first, "they are joined here")
}

pub fn two_families(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0418",
        "a host with an IPv4 address and one with an IPv6 address cannot talk to each other",
        span,
    )
    .here("of two families")
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

/// A whole URL where a path belongs; `sketch` is what the file fixes of it.
pub fn whole_url(span: Span, target: &str, sketch: &str) -> Diagnostic {
    let behind = sketch.split_once("://").map_or(sketch, |(_, rest)| rest);
    let path = behind.find('/').map_or("/", |start| &behind[start..]);
    Diagnostic::error(
        "E0419",
        format!("what `{target}` asks for is a path behind its `base`, not a whole URL"),
        span,
    )
    .here("this would be a path of that name")
    .help(format!("write the path alone, `\"{path}\"`; for another server declare another `http`"))
}

pub fn duration_needs_for(span: Span, verb: &str, text: &str) -> Diagnostic {
    Diagnostic::error(
        "E0406",
        format!("`{verb}` takes values of its own, so `for` stands before its duration"),
        span,
    )
    .here("is this how long it lasts?")
    .help(format!("write `for {text}`"))
    .fix(span, format!("for {text}"), false)
}

/// `latency 200ms 20ms`
pub fn jitter_needs_its_word(span: Span, text: &str) -> Diagnostic {
    Diagnostic::error("E0406", "how far the latency strays stands behind `jitter`", span)
        .here("no word before it")
        .help(format!("write `jitter {text}`"))
        .fix(span, format!("jitter {text}"), false)
}

pub fn two_durations(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0406", "a duration is given twice", span).here("the second").also(first, "the first")
}

pub fn cannot_last(span: Span, target: &str, verb: &str, whole: Span) -> Diagnostic {
    Diagnostic::error("E0407", format!("`{target} {verb}` happens once and cannot last"), span)
        .here("it has no duration")
        .help("leave it out, and `wait` behind it if the story is to wait")
        .fix(whole, "", false)
}

pub fn setting_lasts(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0407", format!("the setting `{name}` holds for the whole run"), span)
        .here("it has no duration")
}

pub fn no_block(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error("E0408", format!("nothing in braces belongs behind `{word}`"), span)
        .here("leave it out")
}

pub fn cannot_do(span: Span, target: &str, what: &str, why: &str, help: &str, declared: Span) -> Diagnostic {
    Diagnostic::error("E0409", format!("`{target}` cannot do `{what}`: {why}"), span)
        .here("not as it is declared")
        .also(declared, "declared here")
        .help(help)
}
