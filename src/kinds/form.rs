//! How a signature is written out for a reader: placeholders, the forms of verbs, what a reading gives.

use crate::lang::quantity::Dimension;
use crate::lang::signature::{
    Accepts, Body, Form, Kind, Nature, Parameter, Reading, ReadingResult, Rule, Support, Verb,
};
use crate::lang::types::Shape;

/// What stands for a value.
fn placeholder(accepts: Accepts) -> String {
    match accepts {
        Accepts::Quantity(dimension) => dimension_placeholder(dimension).into(),
        Accepts::Count => "COUNT".into(),
        Accepts::Share | Accepts::Half => "PERCENT".into(),
        Accepts::Text => "TEXT".into(),
        Accepts::Path => "PATH".into(),
        Accepts::Glob => "GLOB".into(),
        Accepts::Regex => "REGEX".into(),
        Accepts::Url(_) => "URL".into(),
        Accepts::Address { port: true } => "HOST:PORT".into(),
        Accepts::Address { port: false } => "ADDRESS".into(),
        Accepts::Command => "COMMAND".into(),
        Accepts::Sql => "SQL".into(),
        Accepts::Word(words) => words.join("|"),
        Accepts::Name => "NAME".into(),
        Accepts::Json => "JSON".into(),
        Accepts::Probe => "PROBE".into(),
        Accepts::Target(kinds) => kinds.join("|").to_uppercase(),
    }
}

fn dimension_placeholder(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::TIME => "DURATION",
        Dimension::SIZE => "SIZE",
        Dimension::RATE => "RATE",
        Dimension::BYTE_RATE => "SIZE/TIME",
        _ => "NUMBER",
    }
}

/// A parameter as it is written, without the brackets of an optional one: `latency DURATION`.
pub fn parameter(parameter: &Parameter) -> String {
    let mut words = match parameter.form {
        Form::Positional => vec![parameter.name.to_uppercase()],
        Form::Flag => vec![parameter.name.to_string()],
        Form::Keyword => {
            let separator = if parameter.values.iter().any(|value| matches!(value, Accepts::Target(_))) {
                ", "
            } else {
                " "
            };
            let values: Vec<String> = parameter.values.iter().copied().map(placeholder).collect();
            let values = values.join(separator);
            [parameter.name.to_string(), values].into_iter().filter(|word| !word.is_empty()).collect()
        }
    };
    words.extend(parameter.more.iter().map(bracketed));
    if parameter.repeated && parameter.form == Form::Positional {
        words.push("…".into());
    }
    words.join(" ")
}

fn bracketed(value: &Parameter) -> String {
    if value.required { parameter(value) } else { format!("[{}]", parameter(value)) }
}

/// A verb as it is written, piece by piece, so that a line can be broken between them.
pub fn verb_pieces(kind: &Kind, verb: &Verb) -> Vec<String> {
    let target = if kind.built_in { kind.name } else { "NAME" };
    let mut pieces = vec![format!("{target} {}", verb.name)];
    let mut told: Vec<&str> = Vec::new();
    for value in verb.parameters {
        if told.contains(&value.name) {
            continue;
        }
        match verb.one_of.iter().find(|group| group.contains(&value.name)) {
            Some(group) => {
                let members = verb.parameters.iter().filter(|other| group.contains(&other.name));
                let forms: Vec<String> = members.map(parameter).collect();
                pieces.push(format!("({})", forms.join(" | ")));
                told.extend(*group);
            }
            None => pieces.push(bracketed(value)),
        }
    }
    let lasts = matches!(verb.nature, Nature::State { .. } | Nature::Act { held: true });
    let takes_values = verb.parameters.iter().any(|value| value.form != Form::Flag);
    match (lasts, takes_values) {
        (false, _) => {}
        (true, true) => pieces.push("[for DURATION]".into()),
        (true, false) => pieces.push("[DURATION]".into()),
    }
    match verb.body {
        Body::None => {}
        Body::Answer => pieces.push("[{ check …; capture … }]".into()),
        Body::Conversation => pieces.push("{ send …; receive …; check …; capture …; hold DURATION }".into()),
    }
    pieces
}

/// A reading as it is written behind a target's name: `disk(PATH)`.
pub fn reading(reading: &Reading) -> String {
    let arguments: Vec<String> = reading.parameters.iter().copied().map(placeholder).collect();
    if arguments.is_empty() {
        reading.name.into()
    } else {
        format!("{}({})", reading.name, arguments.join(", "))
    }
}

/// What a series is called by its shape.
pub fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Gauge => "gauge",
        Shape::Counter => "counter",
        Shape::Distribution => "distribution",
        Shape::State => "state",
    }
}

/// What a reading gives: "counter, size".
pub fn result(result: ReadingResult) -> String {
    match result {
        ReadingResult::Log => "log".into(),
        ReadingResult::Ratio { .. } => "share, percent".into(),
        ReadingResult::PerTime { .. } => "rate".into(),
        ReadingResult::Series { shape, dimension, percent } => {
            if shape == Shape::State {
                return "state".into();
            }
            let shape = self::shape(shape);
            let unit = match dimension {
                _ if percent => "percent",
                Dimension::TIME => "duration",
                Dimension::SIZE => "size",
                _ => "number",
            };
            format!("{shape}, {unit}")
        }
    }
}

/// What is said of a parameter: what it does, its default, whether it repeats, whether it can be done.
pub fn parameter_about(parameter: &Parameter) -> String {
    let mut about = parameter.about.to_string();
    if let (Form::Positional, [accepts]) = (parameter.form, parameter.values) {
        let value = placeholder(*accepts);
        if value != parameter.name.to_uppercase() {
            about = format!("[{}] {about}", value.to_lowercase());
        }
    }
    if let Some(default) = parameter.default {
        about.push_str(&format!(" Otherwise {default}."));
    }
    if parameter.required {
        about.push_str(" Required.");
    }
    if parameter.repeated {
        about.push_str(" May be repeated.");
    }
    about + suffix(parameter.support)
}

/// What a verb is, in a word or two.
pub fn nature(nature: Nature) -> &'static str {
    match nature {
        Nature::State { .. } => "state",
        Nature::Act { held: true } => "act, can be held",
        Nature::Act { held: false } => "act",
        Nature::Request => "request",
    }
}

/// What those words mean, a sentence each.
pub const NATURES: &[&str] = &[
    "A state lasts for its duration, or until its block ends, and is then undone.",
    "An act happens once; one that can be held is kept up for the duration it is given.",
    "A request happens once, and can stand in an action.",
];

/// Runs of verbs that take the same, so that it is told once.
pub fn verb_groups(kind: &Kind) -> impl Iterator<Item = &'static [Verb]> {
    kind.verbs
        .chunk_by(|one, next| !one.parameters.is_empty() && std::ptr::eq(one.parameters, next.parameters))
}

/// The rules of a kind's settings or a verb's parameters, a sentence each.
pub fn rules(one_of: &[&[&str]], rules: &[Rule]) -> Vec<String> {
    let mut sentences: Vec<String> =
        one_of.iter().map(|names| format!("Exactly one of {} must be given.", listed(names))).collect();
    let mut told: Vec<&str> = Vec::new();
    for rule in rules {
        match rule {
            Rule::AtLeastOne(names) => {
                sentences.push(format!("At least one of {} must be given.", listed(names)));
            }
            Rule::AtMostOne(names) => {
                sentences.push(format!("At most one of {} can be given.", listed(names)))
            }
            Rule::Needs { other, .. } if told.contains(other) => {}
            Rule::Needs { other, .. } => {
                told.push(other);
                let names = rules.iter().filter_map(|rule| match rule {
                    Rule::Needs { name, other: same } if same == other => Some(*name),
                    _ => None,
                });
                let names: Vec<&str> = names.collect();
                let verb = if names.len() == 1 { "goes" } else { "go" };
                sentences.push(format!("{} {verb} only with `{other}`.", listed(&names)));
            }
        }
    }
    sentences
}

fn listed(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

/// What stands behind something that cannot be done yet.
pub fn suffix(support: Support) -> &'static str {
    match support {
        Support::Ready => "",
        Support::NotYet => " (not yet)",
    }
}
