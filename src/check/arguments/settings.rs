//! A setting: its word, what stands behind it, and settings that follow on the same line.

use super::super::mistake;
use super::super::names::meant;
use super::super::scenario::Argument;
use super::super::state::Checker;
use super::{Matched, Owner, Words, find, takes};
use crate::diag::Diagnostic;
use crate::lang::signature::{Accepts, Parameter};
use crate::lang::types::Type;
use crate::syntax::ast::{self, Name, Word};

impl Checker<'_> {
    /// A value that belongs to one of the words that follow a setting: the `5s` of `restart after 5s`.
    fn value_of_more(&mut self, parameter: &'static Parameter, value: &ast::Expr, matched: &mut Matched) {
        matched.wrong = true;
        let expr = self.value(value);
        if expr.ty != Type::Unknown {
            let words: Vec<&str> =
                parameter.more.iter().filter(|more| takes(more, &expr.ty)).map(|more| more.name).collect();
            let text = self.sources.text(value.span).to_string();
            self.report(mistake::arguments::unexpected_value(value.span, parameter.name, &text, &words));
        }
    }

    /// A list of words, as other notations have commands; `word` is the first that belongs into the text before it.
    fn command_in_pieces(&mut self, word: &Word, words: &mut Words<'_>, matched: &mut Matched) {
        let mut whole = word.span();
        while let Some(Word::Value(_) | Word::Comma(_)) = words.peek() {
            let next = words.next().map_or(whole, Word::span);
            whole = whole.to(next);
        }
        self.report(mistake::embedded::command_in_pieces(whole));
        matched.wrong = true;
    }

    /// What is wrong where a process is to be started again as those who supervise processes elsewhere have it.
    fn restart_policy(
        &self,
        parameter: &'static Parameter,
        first: &Name,
        words: &Words<'_>,
    ) -> Option<Diagnostic> {
        let (begin, end) = (words.peek()?.span(), words.last()?.span());
        if parameter.name != "restart" || parameter.more.is_empty() {
            return None;
        }
        let written = self.sources.text(begin.to(end));
        mistake::words::restart_policy(first.span, begin.to(end), written)
    }

    /// A setting with everything behind its word, and settings that follow on the same line.
    pub fn setting_arguments(
        &mut self,
        owner: &str,
        settings: &'static [Parameter],
        first: &Name,
        mut words: Words<'_>,
        given: &mut Vec<Argument>,
    ) {
        let mut matched = Matched { arguments: std::mem::take(given), ..Matched::default() };
        let Some(parameter) = find(settings, &first.text, &matched.arguments) else {
            let names: Vec<&str> = settings.iter().map(|setting| setting.name).collect();
            let meant = meant(&first.text, &names);
            self.report(mistake::names::unknown_setting(first.span, owner, &first.text, meant, &names));
            *given = matched.arguments;
            return;
        };
        if let Some(found) = self.restart_policy(parameter, first, &words) {
            self.report(found);
            *given = matched.arguments;
            return;
        }
        let values = self.accept_all(parameter, &mut words, None, &mut matched.wrong);
        let end = values.last().map_or(first.span, |(_, span)| *span);
        let before = matched.arguments.len();
        self.push(parameter, values, first.span.to(end), &mut matched);
        while let Some(word) = words.next() {
            match word {
                Word::Plain(name)
                    if !parameter.more.is_empty()
                        && find(settings, &name.text, &matched.arguments).is_none() =>
                {
                    let value = match words.peek() {
                        Some(Word::Value(value)) => {
                            self.look_over(value);
                            words.next();
                            Some(self.sources.text(value.span).to_string())
                        }
                        _ => None,
                    };
                    let found =
                        mistake::words::unknown_word_of(name.span, parameter, &name.text, value.as_deref());
                    self.report(found);
                    matched.wrong = true;
                }
                Word::Plain(name) => {
                    let owner = Owner { name: &first.text, takes_values: true, telling: None };
                    self.plain_word(&owner, settings, name, &mut words, &mut matched)
                }
                Word::Value(_) if matches!(parameter.values, [Accepts::Command]) => {
                    self.command_in_pieces(word, &mut words, &mut matched);
                }
                Word::Value(value) if parameter.values.is_empty() && !parameter.more.is_empty() => {
                    self.value_of_more(parameter, value, &mut matched)
                }
                Word::Value(value) => self.bare_value(&first.text, &[], value, &mut matched, true),
                Word::Json { keyword, .. } => {
                    self.unknown_word(&first.text, settings, keyword, None, &mut matched);
                }
                Word::Comma(_) if matches!(parameter.values, [Accepts::Command]) => {
                    self.command_in_pieces(word, &mut words, &mut matched);
                }
                Word::Comma(span) => {
                    self.report(mistake::words::stray_comma(*span));
                    matched.wrong = true;
                }
            }
        }
        if !matched.wrong {
            self.check_more(parameter, &matched.arguments[before..], first.span);
        }
        *given = matched.arguments;
    }
}
