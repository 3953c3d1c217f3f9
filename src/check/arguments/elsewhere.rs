//! A word of a verb that means something, but not there: a word of another verb, a second statement, a signal.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::Checker;
use super::{Telling, Words};
use crate::diag::Diagnostic;
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Form, Parameter};
use crate::lang::unit;
use crate::source::Span;
use crate::syntax::ast::{Name, Word};

impl Checker<'_> {
    /// What was meant by a word that the verb does not know; `open` is what the verb still takes by its place.
    pub(super) fn meant_elsewhere(
        &self,
        telling: &Telling<'_>,
        name: &Name,
        open: Option<&'static Parameter>,
        words: &Words<'_>,
    ) -> Option<Diagnostic> {
        let next = words.peek();
        let next_text = next.map(|word| self.sources.text(word.span()));
        let duration = next_text.and_then(|text| unit::parse(text).ok());
        let duration = duration.is_some_and(|read| read.dimension == Dimension::TIME);
        let word = name.text.as_str();
        if self.begins_another(name, next) {
            return Some(mistake::arguments::another_statement(Span::at(name.span.start), word));
        }
        if matches!(word, "until" | "lasting" | "duration" | "time" | "timeout") && duration {
            let place = name.span.to(next?.span());
            return Some(mistake::arguments::lasts_for(
                place,
                name.span,
                word,
                telling.verb.name,
                next_text?,
            ));
        }
        let other_verb = |better: &str, end: Span| {
            mistake::arguments::other_verb(
                (telling.at.to(end), name.span),
                telling.verb.name,
                word,
                telling.target,
                better,
            )
        };
        if telling.kind.name == "process" && telling.verb.name != "signal" && word.starts_with("SIG") {
            return Some(other_verb(&format!("signal {word}"), name.span));
        }
        let keyword = |parameter: &&Parameter| parameter.form == Form::Keyword && parameter.name == word;
        let other = telling.kind.verbs.iter().find(|verb| verb.parameters.iter().any(|one| keyword(&one)));
        if let Some(other) = other {
            let better = format!(
                "{} {word}{}",
                other.name,
                next_text.map_or(String::new(), |text| format!(" {text}"))
            );
            return Some(other_verb(&better, next.map_or(name.span, Word::span)));
        }
        // What stands by its place, with its own name before it, or without its quotes.
        let text = open.filter(|open| matches!(open.values.first(), Some(Accepts::Text)))?;
        let (value, place) = match next {
            Some(Word::Plain(value)) if text.name == word => (value.text.as_str(), name.span.to(value.span)),
            Some(Word::Value(value)) if text.name == word => {
                (self.sources.text(value.span).trim_matches('"'), name.span.to(value.span))
            }
            None => (word, name.span),
            Some(_) => return None,
        };
        Some(mistake::arguments::text_by_its_place(place, telling.verb.name, value))
    }

    /// Whether a target and what it is told stand here.
    pub(super) fn begins_another(&self, name: &Name, next: Option<&Word>) -> bool {
        let Some(Entity::Target(target)) = self.symbols.peek(&name.text).map(|symbol| symbol.entity) else {
            return false;
        };
        let Some(Word::Plain(verb)) = next else { return false };
        self.scenario.target(target).kind.verb(&verb.text).is_some()
    }
}
