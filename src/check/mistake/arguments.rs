//! E04xx: settings, verbs and their parameters, and how they go together.

use super::{list, propose};
use crate::diag::Diagnostic;
use crate::lang::signature::{Accepts, Form, Parameter, Rule};
use crate::source::Span;

/// How many parameters a help names.
const MAX_FORMS: usize = 6;

/// How a parameter is written, for a help.
pub(super) fn form(parameter: &Parameter) -> String {
    let values: Vec<&str> = parameter.values.iter().map(example).collect();
    match parameter.form {
        Form::Positional => values.join(" "),
        Form::Flag => parameter.name.to_string(),
        Form::Keyword if values.is_empty() => format!("{} …", parameter.name),
        Form::Keyword => format!("{} {}", parameter.name, values.join(" ")),
    }
}

/// A value that a parameter takes.
pub(super) fn example(accepts: &Accepts) -> &'static str {
    use crate::lang::quantity::Dimension;
    match accepts {
        Accepts::Quantity(Dimension::TIME) => "500ms",
        Accepts::Quantity(Dimension::SIZE) => "4MB",
        Accepts::Quantity(Dimension::BYTE_RATE) => "1Mbit/s",
        Accepts::Quantity(_) | Accepts::Count => "10",
        Accepts::Share | Accepts::Half => "10%",
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

/// `example` is a statement that has it.
pub fn missing(span: Span, owner: &str, parameter: &Parameter, example: Option<&str>) -> Diagnostic {
    let added = format!("add `{}`", form(parameter));
    let help = match example {
        Some(example) => format!("{added}, as in `{example}`"),
        None => added,
    };
    Diagnostic::error("E0401", format!("{owner} needs `{}`", parameter.name), span)
        .here("not given")
        .help(help)
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

/// A value that nothing takes, with what is taken.
pub fn takes_instead(finding: Diagnostic, parameters: &[Parameter]) -> Diagnostic {
    let words = parameters.iter().filter(|parameter| parameter.form != Form::Positional);
    let forms: Vec<String> = words.take(MAX_FORMS).map(form).collect();
    let forms: Vec<&str> = forms.iter().map(String::as_str).collect();
    if forms.is_empty() { finding } else { finding.help(format!("what it takes is {}", list(&forms, "and"))) }
}

/// `eat 50% memory`
pub fn word_behind_value(span: Span, word: &str, value: &str) -> Diagnostic {
    let better = format!("{word} {value}");
    Diagnostic::error("E0402", format!("`{word}` stands before its value"), span)
        .here("the other way round")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
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
        .help(match verb {
            "restart" => format!("leave it out; what keeps it down for a time is `{target} stop 10s`"),
            _ => "leave it out, and `wait` behind it if the story is to wait".into(),
        })
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

/// `publish … { check … }`, where another verb waits for an answer.
pub fn no_answer(span: Span, (word, verb): (&str, Span), other: &str) -> Diagnostic {
    Diagnostic::error("E0408", format!("`{word}` waits for no answer, so there is none to look at"), span)
        .here("looks at an answer")
        .help(format!("write `{other}` in the place of `{word}`"))
        .fix(verb, other, false)
}

pub fn cannot_do(span: Span, target: &str, what: &str, why: &str, help: &str, declared: Span) -> Diagnostic {
    Diagnostic::error("E0409", format!("`{target}` cannot do `{what}`: {why}"), span)
        .here("not as it is declared")
        .also(declared, "declared here")
        .help(help)
}

/// Two values of which each belongs where the other stands.
pub fn values_swapped(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0402", "each of these values belongs where the other stands", span)
        .here("the other way round")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}
