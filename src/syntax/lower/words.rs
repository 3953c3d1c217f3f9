//! Statements of the vocabulary: declarations of targets, settings, and what a target is told.

use super::expression::signed;
use super::{Head, Lower, parts};
use crate::diag::Diagnostic;
use crate::lang::quantity::Dimension;
use crate::lang::unit;
use crate::syntax::ast::{Expr, ExprKind, Name, StatementKind, UnaryOperator, Word, Words};
use crate::syntax::grammar::Rule;
use crate::syntax::layout::BlockItem;
use crate::syntax::{mistake, vocabulary};
use pest::iterators::Pair;

impl<'a> Lower<'a> {
    pub(super) fn words(&mut self, head: Head, block: Option<&BlockItem>) -> StatementKind {
        let first = self.first_word(head);
        let place = self.between(head.start, head.start + first.len());
        let rest = self.text[head.start + first.len()..head.end].trim();
        let foreign = mistake::foreign(first, rest, place);
        if let Some(found) = foreign.filter(|_| self.seems_foreign(first, head)) {
            self.report(found);
            return match first {
                // What stands in their blocks is no statement of this language either.
                "thresholds" | "options" => StatementKind::unreadable(None),
                _ => self.bad(head, block),
            };
        }
        if let Some(found) = block.and_then(|block| self.map_of_settings(head, block)) {
            self.report(found);
            return StatementKind::unreadable(None);
        }
        let read = self.attempt(Rule::words, head);
        if let Some(found) = self.misspelt(first, head, block, read.is_ok()) {
            self.report(found);
            return self.bad(head, block);
        }
        let Ok(pair) = read else {
            self.read(Rule::words, head);
            return self.bad(head, block);
        };
        let Some(mut words) = self.lower_words(pair) else { return self.bad(head, block) };
        if !self.words_make_sense(&words) {
            return self.bad(head, block);
        }
        if block.is_some()
            && is_declaration(&words)
            && let Some(second) = &words.second
            && vocabulary::is_reserved(&second.text)
        {
            self.report(mistake::reserved(&second.text, second.span));
        }
        words.body = block.map(|block| self.block(block));
        StatementKind::Words(words)
    }

    /// What is wrong where a block holds a map of settings.
    fn map_of_settings(&self, head: Head, block: &BlockItem) -> Option<Diagnostic> {
        if !mistake::is_map_word(self.first_word(head)) {
            return None;
        }
        let lines: Vec<_> = block.items.iter().map(|item| item.start..item.end).collect();
        mistake::map_of(self.text, self.base, head.start..head.end, &lines, block.end)
    }

    fn lower_words(&mut self, pair: Pair<'a, Rule>) -> Option<Words> {
        let mut parts = parts(pair);
        let first = self.name(&parts.next()?);
        let mut words = Words { first, second: None, arguments: Vec::new(), duration: None, body: None };
        for (index, part) in parts.enumerate() {
            if part.as_rule() != Rule::argument {
                words.duration = Some(self.expression(part));
                continue;
            }
            let Some(inner) = part.into_inner().next() else { continue };
            match inner.as_rule() {
                Rule::plain if index == 0 => words.second = Some(self.name(&inner)),
                Rule::plain => words.arguments.push(Word::Plain(self.name(&inner))),
                Rule::comma => words.arguments.push(Word::Comma(self.span(&inner))),
                Rule::json => {
                    let mut pieces = inner.into_inner();
                    let (keyword, value) = (pieces.next()?, pieces.next()?);
                    let keyword = self.name(&keyword);
                    words.arguments.push(Word::Json { keyword, value: self.value(value) });
                }
                _ => words.arguments.push(Word::Value(self.value(inner))),
            }
        }
        Some(words)
    }

    /// A literal, range, call, path, list or parenthesis, with a sign before it.
    fn value(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let mut minus = None;
        let mut pieces = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::minus if pieces.is_empty() => minus = Some(self.span(&inner)),
                _ => pieces.push(inner),
            }
        }
        let value = self.ranged(pieces.into_iter());
        match minus {
            Some(at) => signed(UnaryOperator::Minus, at, value),
            None => value,
        }
    }

    /// Mistakes that the loose form of these statements lets through.
    fn words_make_sense(&mut self, words: &Words) -> bool {
        let mut before: Option<&Word> = None;
        for word in &words.arguments {
            if let (Some(Word::Value(value)), Word::Plain(name)) = (before, word) {
                let bare = matches!(&value.kind, ExprKind::Quantity(quantity)
                    if quantity.dimension == Dimension::NONE && !quantity.percent);
                let is_unit = || unit::unit_names().any(|unit| unit == name.text);
                if bare && (is_unit() || mistake::long_unit(&name.text).is_some()) {
                    let (from, to) = (value.span.start - self.base, value.span.end - self.base);
                    let number = &self.text[from as usize..to as usize];
                    self.report(mistake::spaced_unit((value.span, name.span), number, &name.text));
                    return false;
                }
                if let Some(found) = self.second_statement(name) {
                    self.report(found);
                    return false;
                }
            }
            before = Some(word);
        }
        true
    }

    /// A statement word behind a value: two statements on one line.
    fn second_statement(&self, name: &Name) -> Option<Diagnostic> {
        let begins = matches!(
            name.text.as_str(),
            "wait"
                | "expect"
                | "want"
                | "require"
                | "load"
                | "phase"
                | "repeat"
                | "note"
                | "do"
                | "think"
                | "check"
                | "capture"
                | "parallel"
                | "choose"
                | "run"
        );
        begins.then(|| mistake::two_statements(name.span))
    }

    fn is_declared(&self, word: &str) -> bool {
        self.includes || self.declared.contains(word)
    }

    /// Whether a word of another language is used as one, and is no target or setting of that name.
    fn seems_foreign(&self, first: &str, head: Head) -> bool {
        let rest = self.text[head.start + first.len()..head.end].trim_start();
        // `step = 2m` is told as what is given a value.
        if rest.starts_with('=') && !rest.starts_with("==") {
            return false;
        }
        let as_statement = rest.is_empty()
            || rest.starts_with(|c: char| !c.is_ascii_alphabetic())
            || rest.contains(['=', '<', '>', '('])
            || matches!(
                first,
                "if" | "while"
                    | "var"
                    | "const"
                    | "def"
                    | "fn"
                    | "func"
                    | "function"
                    | "async"
                    | "await"
                    | "allow"
                    | "Given"
                    | "When"
                    | "Then"
            );
        !self.is_declared(first) && as_statement
    }

    /// A word that is nearly one of the language's, where the file declares nothing of that name.
    fn misspelt(
        &self,
        first: &str,
        head: Head,
        block: Option<&BlockItem>,
        readable: bool,
    ) -> Option<Diagnostic> {
        let rest = self.text[head.start + first.len()..head.end].trim_start();
        // What is given a value, and `Scenario: a title`, are told in their own words.
        if rest.starts_with('=') && !rest.starts_with("==") || rest.starts_with(':') {
            return None;
        }
        let digit = rest.starts_with(|c: char| c.is_ascii_digit());
        // Whatever stands between the words: the formatter may put spaces there, and must not change what is found.
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut words = rest.split(|c| !is_part(c)).filter(|word| !word.is_empty());
        let loads =
            words.clone().any(|word| matches!(word, "at" | "with")) || words.next_back() == Some("times");
        // Looked at first, because it costs less than the comparison with every statement.
        if readable && block.is_none() && !digit && !loads {
            return None;
        }
        let meant = vocabulary::nearest_statement(first).filter(|_| !self.is_declared(first))?;
        // A request whose target is missing.
        if vocabulary::is_method(first) && rest.starts_with(['"', '\'']) {
            return None;
        }
        let named = rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let declares = block.is_some() && named && rest.trim_end().chars().all(is_part);
        let setting = readable && block.is_none() && !digit;
        let plausible = match meant {
            "action" | "mix" | "curve" | "dataset" | "ledger" | "setup" | "cleanup" | "parallel"
            | "choose" | "sequence" => block.is_some(),
            "load" => loads,
            _ => !declares && !setting || first.len() > 4 && !readable,
        };
        let place = self.between(head.start, head.start + first.len());
        plausible.then(|| mistake::misspelt(first, meant, place))
    }
}

/// `KIND NAME { … }`
fn is_declaration(words: &Words) -> bool {
    words.second.is_some() && words.arguments.is_empty() && words.duration.is_none()
}
