//! A word of a verb that means something, but not there: a word of another verb, a second statement, a signal.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::Checker;
use super::{Matched, Telling, Words, find, next_positional, takes};
use crate::diag::Diagnostic;
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Form, Nature, Parameter};
use crate::lang::unit;
use crate::source::Span;
use crate::syntax::ast::{self, Name, Word};

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
            return Some(mistake::words::another_statement(Span::at(name.span.start), word));
        }
        if matches!(word, "retry" | "retries" | "attempts") && matches!(telling.verb.nature, Nature::Request)
        {
            return Some(mistake::words::no_retries(name.span, telling.verb.name, word));
        }
        if matches!(word, "until" | "lasting" | "duration" | "time" | "timeout") && duration {
            let place = name.span.to(next?.span());
            return Some(mistake::words::lasts_for(place, name.span, word, telling.verb.name, next_text?));
        }
        if matches!(word, "name" | "label" | "tag" | "alias" | "title" | "transaction")
            && matches!(telling.verb.nature, Nature::Request)
            && let (Some(next), Some(text)) = (next, next_text)
        {
            let step = text.trim_matches(['"', '\'']);
            let is_name = !step.is_empty() && step.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            return Some(mistake::words::name_in_other_words(
                name.span,
                name.span.to(next.span()),
                (telling.verb.name, word),
                if is_name { step } else { "name" },
            ));
        }
        if telling.kind.name == "link"
            && matches!(
                word,
                "from" | "towards" | "toward" | "direction" | "upstream" | "downstream" | "both"
            )
        {
            return Some(mistake::words::direction(name.span, word));
        }
        let other_verb = |better: &str, end: Span| {
            mistake::words::other_verb(
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
        Some(mistake::words::text_by_its_place(place, telling.verb.name, value))
    }

    /// `eat 50% memory`: a value whose word stands behind it. The word is passed over.
    pub(super) fn stands_before_its_word(
        &mut self,
        parameters: &'static [Parameter],
        value: &ast::Expr,
        words: &mut Words<'_>,
        matched: &Matched,
    ) -> bool {
        if next_positional(parameters, &matched.arguments).is_some() {
            return false;
        }
        let Some(Word::Plain(name)) = words.peek() else { return false };
        let keyword = |parameter: &&Parameter| parameter.form == Form::Keyword && parameter.values.len() == 1;
        let known = find(parameters, &name.text, &matched.arguments).filter(keyword);
        if matches!(words.list.get(words.at + 1), Some(Word::Value(_))) {
            return false;
        }
        let Some(parameter) = known else { return false };
        if !takes(parameter, &self.value(value).ty) {
            return false;
        }
        words.next();
        let text = self.sources.text(value.span);
        let found = mistake::arguments::word_behind_value(value.span.to(name.span), &name.text, text);
        self.report(found);
        true
    }

    /// `answer 10% to 503`: two values, each of which only the other's parameter takes.
    pub(super) fn stands_in_the_others_place(
        &mut self,
        parameters: &'static [Parameter],
        value: &ast::Expr,
        words: &mut Words<'_>,
        matched: &Matched,
    ) -> bool {
        let Some(own) = next_positional(parameters, &matched.arguments) else { return false };
        let (Some(Word::Plain(name)), Some(Word::Value(other))) =
            (words.peek(), words.list.get(words.at + 1))
        else {
            return false;
        };
        let literal = |value: &ast::Expr| matches!(value.kind, ast::ExprKind::Quantity(_));
        let Some(keyword) = find(parameters, &name.text, &matched.arguments) else { return false };
        if !literal(value) || !literal(other) || keyword.form != Form::Keyword {
            return false;
        }
        let (here, there) = (self.value(value).ty, self.value(other).ty);
        if takes(own, &here) || takes(keyword, &there) || !takes(own, &there) || !takes(keyword, &here) {
            return false;
        }
        let (other_text, text) = (self.sources.text(other.span), self.sources.text(value.span));
        let better = format!("{other_text} {} {text}", name.text);
        self.report(mistake::arguments::values_swapped(value.span.to(other.span), &better));
        words.next();
        words.next();
        true
    }

    /// `kill every 30s`, `off at 5m`: when a target is told stands around what it is told.
    pub(super) fn told_when(
        &self,
        telling: &Telling<'_>,
        name: &Name,
        words: &mut Words<'_>,
    ) -> Option<Diagnostic> {
        let word = match name.text.as_str() {
            "every" | "each" => "every",
            "at" => "at",
            _ => return None,
        };
        let time = words.peek().map(Word::span)?;
        let text = self.sources.text(time);
        let read = unit::parse(text).ok().filter(|read| read.dimension == Dimension::TIME)?;
        if read.to_f64() <= 0.0 {
            return None;
        }
        words.next();
        let told = self.sources.text(Span::new(telling.at.start, name.span.start)).trim_end();
        let better = format!("{word} {text} {{ {} {told} }}", telling.target);
        let length = telling.target.len() as u32 + 1;
        let whole = Span::new(telling.at.start.checked_sub(length)?, time.end);
        let is_whole = words.peek().is_none()
            && self
                .sources
                .text(whole)
                .strip_prefix(telling.target)
                .is_some_and(|rest| rest.starts_with(' '));
        let found = mistake::words::told_when(name.span.to(time), word, &better);
        Some(if is_whole { found.fix(whole, better, false) } else { found })
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
