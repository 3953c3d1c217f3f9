//! The declarations of the kinds keep their promises, and `soak kinds` reads well.

use soak::kinds::{self, KINDS};
use soak::lang::reading::{ACTION_READINGS, LEDGER_READINGS};
use soak::lang::signature::{Accepts, Form, Kind, Parameter, ReadingResult, Support, Verb};
use soak::lang::{unit, words};
use std::collections::HashSet;

fn verbs() -> impl Iterator<Item = (&'static Kind, &'static Verb)> {
    KINDS.iter().flat_map(|kind| kind.verbs.iter().map(move |verb| (*kind, verb)))
}

/// Every parameter with the place it is declared at, what follows a setting included.
fn parameters() -> Vec<(String, &'static Parameter)> {
    let settings = KINDS.iter().flat_map(|kind| {
        kind.all_settings().map(move |setting| (format!("{} {{ {} }}", kind.name, setting.name), setting))
    });
    let of_verbs = verbs().flat_map(|(kind, verb)| {
        let place = move |parameter: &Parameter| format!("{} {} {}", kind.name, verb.name, parameter.name);
        let each = verb.parameters.iter().flat_map(Parameter::with_more);
        each.map(move |parameter| (place(parameter), parameter))
    });
    settings.chain(of_verbs).collect()
}

fn assert_unique<'a>(names: impl Iterator<Item = &'a str>, place: &str) {
    let mut seen = HashSet::new();
    for name in names {
        assert!(seen.insert(name), "{place}: `{name}` comes twice");
    }
}

/// Whether a text has a word, as a word.
fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == word)
}

#[test]
fn names_come_once() {
    assert_unique(KINDS.iter().map(|kind| kind.name), "kinds");
    for kind in KINDS {
        assert_unique(kind.all_settings().map(|setting| setting.name), kind.name);
        assert_unique(kind.verbs.iter().map(|verb| verb.name), kind.name);
        assert_unique(kind.readings.iter().map(|reading| reading.name), kind.name);
    }
    for (kind, verb) in verbs() {
        let names = verb.parameters.iter().flat_map(Parameter::with_more).map(|parameter| parameter.name);
        assert_unique(names, &format!("{} {}", kind.name, verb.name));
        assert_unique(verb.gives.iter().map(|given| given.name), &format!("{} {}", kind.name, verb.name));
    }
    assert_unique(ACTION_READINGS.iter().map(|reading| reading.name), "actions");
    assert_unique(LEDGER_READINGS.iter().map(|reading| reading.name), "ledgers");
}

#[test]
fn every_kind_and_verb_has_an_example_that_uses_it() {
    for kind in KINDS {
        let opening = format!("{} ", kind.name);
        assert!(kind.built_in || kind.example.starts_with(&opening), "{} does not come first", kind.name);
        assert!(kind.example.ends_with('\n'), "{}: the example's last line is open", kind.name);
        for setting in kind.settings.iter().filter(|setting| setting.required) {
            assert!(mentions(kind.example, setting.name), "{}: no `{}`", kind.name, setting.name);
        }
        for group in kind.one_of {
            let given = group.iter().filter(|name| mentions(kind.example, name)).count();
            assert_eq!(given, 1, "{}: the example gives {given} of {group:?}", kind.name);
        }
        for verb in kind.verbs.iter().filter(|verb| verb.support == Support::Ready) {
            assert!(mentions(kind.example, verb.name), "{}: the example has no `{}`", kind.name, verb.name);
        }
    }
    for (kind, verb) in verbs() {
        assert!(mentions(verb.example, verb.name), "{} {}: {}", kind.name, verb.name, verb.example);
        for parameter in verb.parameters.iter().filter(|one| one.required && one.form != Form::Positional) {
            assert!(mentions(verb.example, parameter.name), "{} {}", kind.name, verb.name);
        }
        if kind.built_in || verb.fault && kind.example.contains("permit") {
            let permit = format!("permit fault on {}", if kind.built_in { kind.name } else { "" });
            let allowed = format!("{}{}", kind.example, verb.example);
            assert!(allowed.contains(&permit), "{} {}: no permit", kind.name, verb.name);
        }
    }
}

#[test]
fn examples_tell_only_targets_they_declare_only_known_verbs() {
    for kind in KINDS.iter().filter(|kind| !kind.built_in) {
        let name = kind.example.split_whitespace().nth(1).unwrap();
        let lines = || kind.example.lines().chain(kind.verbs.iter().flat_map(|verb| verb.example.lines()));
        for statement in lines().flat_map(|line| line.split(['<', ';'])) {
            let mut statement = statement.split_whitespace();
            if statement.next() == Some(name) {
                let verb = statement.next().unwrap();
                assert!(kind.verb(verb).is_some(), "{}: there is no verb `{verb}`", kind.name);
            }
        }
        for verb in kind.verbs {
            let own = verb.example.lines().filter(|line| !line.starts_with("permit"));
            for line in own {
                assert_eq!(line.split(' ').next(), Some(name), "{} {}", kind.name, verb.name);
            }
        }
    }
}

#[test]
fn groups_and_rules_speak_of_what_is_there() {
    for kind in KINDS {
        let groups = kind.one_of.iter().flat_map(|group| group.iter().copied());
        for name in groups.chain(kind.rules.iter().flat_map(|rule| rule.names())) {
            assert!(
                kind.all_settings().any(|one| one.name == name),
                "{}: there is no setting `{name}`",
                kind.name
            );
        }
    }
    for (kind, verb) in verbs() {
        let groups = verb.one_of.iter().flat_map(|group| group.iter().copied());
        for name in groups.chain(verb.rules.iter().flat_map(|rule| rule.names())) {
            assert!(verb.parameter(name).is_some(), "{} {}: no `{name}`", kind.name, verb.name);
        }
        for group in verb.one_of {
            let required = |name: &str| verb.parameter(name).is_some_and(|parameter| parameter.required);
            assert!(!group.iter().any(|name| required(name)), "{} {}", kind.name, verb.name);
        }
    }
    for reading in ACTION_READINGS.iter().chain(LEDGER_READINGS) {
        let sources = match reading.result {
            ReadingResult::Ratio { part, whole, .. } => vec![part, whole],
            ReadingResult::PerTime { counter } => vec![counter],
            _ => vec![],
        };
        for name in sources {
            assert!(ACTION_READINGS.iter().any(|other| other.name == name), "{}: `{name}`", reading.name);
        }
    }
    for kind in KINDS {
        for target in parameters().iter().flat_map(|(_, parameter)| parameter.values) {
            if let Accepts::Target(kinds) = target {
                assert!(kinds.iter().all(|name| kinds::find(name).is_some()), "{}", kind.name);
            }
        }
    }
}

#[test]
fn verbs_and_their_words_are_free() {
    for (kind, verb) in verbs() {
        assert!(!words::is_reserved(verb.name), "{} {}", kind.name, verb.name);
        for parameter in verb.parameters.iter().filter(|parameter| parameter.form != Form::Positional) {
            assert!(!words::is_reserved(parameter.name), "{} {} {}", kind.name, verb.name, parameter.name);
        }
    }
    for kind in KINDS {
        // In front of a name it would open another statement.
        assert!(!words::is_reserved(kind.name), "{}", kind.name);
    }
}

#[test]
fn what_is_said_is_one_sentence() {
    let mut said: Vec<(String, &str)> = Vec::new();
    for kind in KINDS {
        said.push((kind.name.into(), kind.about));
        let readings =
            kind.readings.iter().map(|reading| (format!("{}.{}", kind.name, reading.name), reading.about));
        said.extend(readings);
    }
    for (kind, verb) in verbs() {
        said.push((format!("{} {}", kind.name, verb.name), verb.about));
        said.extend(verb.gives.iter().map(|given| (format!("{} {}", verb.name, given.name), given.about)));
    }
    said.extend(parameters().into_iter().map(|(place, parameter)| (place, parameter.about)));
    let readings = ACTION_READINGS.iter().chain(LEDGER_READINGS);
    said.extend(readings.map(|reading| (reading.name.to_string(), reading.about)));
    for (place, about) in said {
        assert!(about.ends_with('.') && !about.contains(". "), "{place}: {about}");
        assert!(about.starts_with(char::is_uppercase), "{place}: {about}");
    }
}

#[test]
fn forms_are_sound() {
    for (place, parameter) in parameters() {
        match parameter.form {
            Form::Positional => assert_eq!(parameter.values.len(), 1, "{place}"),
            Form::Flag => assert!(parameter.values.is_empty(), "{place}"),
            Form::Keyword => assert!(parameter.values.len() + parameter.more.len() > 0, "{place}"),
        }
        assert!(parameter.more.iter().all(|more| more.more.is_empty()), "{place}: nested twice");
        assert!(!(parameter.required && parameter.default.is_some()), "{place}: required, with a default");
        if let (Some(default), [Accepts::Quantity(dimension)]) = (parameter.default, parameter.values) {
            assert_eq!(unit::parse(default).unwrap().dimension, *dimension, "{place}");
        }
    }
    for kind in KINDS {
        let positional = kind.settings.iter().any(|setting| setting.form == Form::Positional);
        assert!(!positional, "{}: a setting starts with its word", kind.name);
    }
}

#[test]
fn nothing_in_a_kind_that_is_not_ready_is_ready() {
    for kind in KINDS.iter().filter(|kind| kind.support == Support::NotYet) {
        let settings = kind.all_settings().map(|setting| setting.support);
        let verbs = kind.verbs.iter().map(|verb| verb.support);
        let readings = kind.readings.iter().map(|reading| reading.support);
        let supports = settings.chain(verbs).chain(readings).collect::<Vec<_>>();
        assert!(supports.iter().all(|support| *support == Support::NotYet), "{}", kind.name);
    }
}

/// What the runner can do, line by line, so that a change of it shows in a review.
#[test]
fn what_is_ready() {
    let mut ready = String::new();
    for kind in KINDS.iter().filter(|kind| kind.support == Support::Ready) {
        let can = |support: Support| support == Support::Ready;
        let names = |names: Vec<&str>| names.join(" ");
        let settings = kind.all_settings().filter(|one| can(one.support)).map(|one| one.name).collect();
        let readings = kind.readings.iter().filter(|one| can(one.support)).map(|one| one.name).collect();
        ready.push_str(&format!("{} {{ {} }} . {}\n", kind.name, names(settings), names(readings)));
        for verb in kind.verbs.iter().filter(|verb| can(verb.support)) {
            let parameters = verb.parameters.iter().filter(|one| can(one.support)).map(|one| one.name);
            ready.push_str(&format!("  {} {}\n", verb.name, names(parameters.collect())));
        }
    }
    insta::assert_snapshot!(ready);
}

#[test]
fn the_nearest_kind_is_the_one_meant() {
    let cases = [
        ("proces", Some("process")),
        ("Process", Some("process")),
        ("websockt", Some("websocket")),
        ("databse", Some("database")),
        ("htpp", Some("http")),
        ("dsik", Some("disk")),
        ("host", Some("host")),
        ("elephant", None),
        ("", None),
    ];
    for (written, meant) in cases {
        assert_eq!(kinds::nearest(written).map(|kind| kind.name), meant, "{written}");
    }
}

#[test]
fn pages_read_well() {
    insta::assert_snapshot!("overview", kinds::show::overview());
    for kind in KINDS {
        let page = kinds::show::kind(kind);
        for line in page.lines().filter(|line| !kind.example.contains(line.trim())) {
            assert!(line.chars().count() <= 100, "{}: {line}", kind.name);
            assert_eq!(line.trim_end(), line, "{}: {line}", kind.name);
        }
    }
    for name in ["process", "link", "http", "machine"] {
        insta::assert_snapshot!(name, kinds::show::kind(kinds::find(name).unwrap()));
    }
}
