//! Who is told something, and what was meant where that cannot be said of it.

use super::mistake;
use super::names::Entity;
use super::state::Checker;
use crate::lang::expr::TargetId;
use crate::lang::signature::{Form, Kind, Verb};
use crate::source::Span;
use crate::syntax::ast::{self, Word};

impl Checker<'_> {
    pub(super) fn told_target(&mut self, words: &ast::Words) -> Option<TargetId> {
        let name = &words.first;
        if self.symbols.peek(&name.text).is_none()
            && name.text != "machine"
            && let Some(meant) = statement_meant(&name.text)
        {
            self.report(mistake::names::unknown(name.span, &name.text, "target", Some(meant)));
            self.look_over_words(words);
            return None;
        }
        if self.symbols.peek(&name.text).is_none()
            && let Some(second) = &words.second
            && let Some(Entity::Target(target)) = self.symbols.peek(&second.text).map(|symbol| symbol.entity)
            && self.scenario.target(target).kind.verb(&name.text).is_some()
        {
            self.used_entity(&second.text, second.span);
            self.report(mistake::names::verb_first(name.span.to(second.span), &name.text, &second.text));
            self.look_over_words(words);
            return None;
        }
        if self.symbols.peek(&name.text).is_none()
            && let Some(target) = self.target_with_verb(&name.text)
        {
            let verb = name.text.to_ascii_lowercase();
            let rest =
                words.arguments.iter().map(Word::span).chain(words.second.iter().map(|second| second.span));
            let rest = rest
                .reduce(|one, other| one.to(other))
                .map_or("", |rest| self.sources.text(rest))
                .to_string();
            self.used_entity(&target, name.span);
            self.report(mistake::names::target_missing(name.span, &verb, &target, &rest));
            self.look_over_words(words);
            return None;
        }
        let of_machine = words
            .second
            .as_ref()
            .is_some_and(|verb| crate::kinds::machine::signature::KIND.verb(&verb.text).is_some());
        let machine =
            matches!(name.text.as_str(), "host" | "system" | "node" | "os" | "vm" | "localhost" | "computer");
        if machine && of_machine && self.symbols.peek(&name.text).is_none() {
            self.report(mistake::names::unknown(name.span, &name.text, "target", Some("machine")));
            self.look_over_words(words);
            return None;
        }
        match self.entity(name, "target") {
            Some(Entity::Target(target)) => Some(target),
            Some(Entity::Unknown) => {
                self.look_over_words(words);
                None
            }
            Some(Entity::Sequence(_)) => {
                let end = words.arguments.iter().map(Word::span).fold(name.span, Span::to);
                let call = self.sources.text(end);
                let call =
                    if words.arguments.is_empty() { format!("{}()", name.text) } else { call.to_string() };
                self.report(mistake::names::call_of_sequence(name.span, &name.text, &call));
                None
            }
            Some(_) => {
                let sort = self.sort_of(&name.text);
                self.report(mistake::names::not_a_target(name.span, &name.text, sort));
                None
            }
            None => {
                self.look_over_words(words);
                None
            }
        }
    }

    /// The one target that is declared and has a verb of this name.
    fn target_with_verb(&self, word: &str) -> Option<String> {
        let word = word.to_ascii_lowercase();
        let mut able = self
            .scenario
            .targets
            .iter()
            .filter(|target| !target.kind.built_in && target.kind.verb(&word).is_some());
        let first = able.next()?;
        able.next().is_none().then(|| first.name.clone())
    }

    /// `delay 200ms`, which names no route that is delayed.
    pub(super) fn is_delay_of_packets(&self, words: &ast::Words) -> bool {
        let Some(Word::Value(value)) = words.arguments.first() else { return false };
        let read = crate::lang::unit::parse(self.sources.text(value.span));
        read.is_ok_and(|read| read.dimension == crate::lang::quantity::Dimension::TIME)
    }

    /// What is meant where a word of a verb stands in the verb's place, or another tool's word for one.
    pub(super) fn verb_by_its_words(
        &self,
        kind: &'static Kind,
        words: &ast::Words,
    ) -> Option<(Span, String)> {
        let second = words.second.as_ref()?;
        let other = |(of, word, _): &&(&str, &str, &str)| *of == kind.name && *word == second.text;
        if let Some((_, _, better)) = VERBS_ELSEWHERE.iter().find(other) {
            // `kill connections 20%`: words of the other tool go with its verb.
            let known = |word: &str| {
                let verb = kind.verb(better.split(' ').next().unwrap_or(better));
                verb.is_some_and(|verb| verb.parameters.iter().any(|one| one.name == word))
            };
            let stray = words.arguments.iter().map_while(|word| match word {
                Word::Plain(name) if !known(&name.text) => Some(name.span),
                _ => None,
            });
            let span = stray.fold(second.span, Span::to);
            return Some((span, (*better).to_string()));
        }
        let value = words.arguments.iter().find_map(|word| match word {
            Word::Value(value) => Some(self.sources.text(value.span)),
            _ => None,
        })?;
        if second.text == "drop" && value.ends_with('%') {
            return kind.verb("cut").map(|verb| (second.span, verb.name.to_string()));
        }
        let keyword = |verb: &&Verb| {
            verb.parameters.iter().any(|one| one.form == Form::Keyword && one.name == second.text)
        };
        let verb = kind.verbs.iter().find(keyword)?;
        Some((second.span, format!("{} {}", verb.name, second.text)))
    }
}

/// What other tools tell a target, by its kind, and how it is told here.
const VERBS_ELSEWHERE: &[(&str, &str, &str)] = &[
    ("link", "slow", "degrade latency"),
    ("link", "toxic", "degrade"),
    ("link", "toxics", "degrade"),
    ("link", "lag", "degrade latency"),
    ("link", "add", "degrade"),
    ("link", "set", "degrade"),
    ("link", "impair", "degrade"),
    ("link", "limit", "degrade bandwidth"),
    ("link", "throttle", "degrade bandwidth"),
    ("link", "shape", "degrade bandwidth"),
    ("database", "kill", "disconnect"),
];

/// The statement that a misspelt first word was probably meant to be.
fn statement_meant(word: &str) -> Option<&'static str> {
    let near = |other: &&&str| other.len() > 3 && other.len().abs_diff(word.len()) <= 1;
    let mut words = crate::lang::words::STATEMENT_WORDS.iter().filter(near).copied();
    words.find(|other| word.len() > 3 && strsim::osa_distance(word, other) == 1)
}
