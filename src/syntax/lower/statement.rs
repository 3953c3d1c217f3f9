//! Statements: which rule reads each, and what becomes of it.

use super::{Head, Lower, parts};
use crate::diag::Diagnostic;
use crate::syntax::ast::{Block, Demand, Expect, Qualifier, Repeat, Statement, StatementKind};
use crate::syntax::grammar::Rule;
use crate::syntax::layout::BlockItem;
use crate::syntax::{mistake, vocabulary};
use pest::iterators::Pair;

type Body<'b> = Option<&'b BlockItem>;

impl<'a> Lower<'a> {
    /// Reads one statement; a block behind a head that cannot be read is read all the same.
    pub(super) fn any_statement(&mut self, head: Head, block: Body<'_>) -> Statement {
        let kind = self.kind(head, block);
        self.statement(head, block, kind)
    }

    fn kind(&mut self, head: Head, block: Body<'_>) -> StatementKind {
        if head.start == head.end {
            return match block {
                Some(block) => StatementKind::Group { body: self.block(block) },
                None => StatementKind::unreadable(None),
            };
        }
        match self.first_word(head) {
            "scenario" | "include" | "param" | "let" | "secret" | "permit" | "metric" => {
                self.without_block(head, block, Lower::declaration)
            }
            word @ ("ledger" | "mix" | "curve" | "dataset" | "choose") => {
                let Some(block) = self.needed(head, block, word) else { return self.bad(head, block) };
                self.special_body(head, block, word)
            }
            "action" => {
                self.named(head, block, Rule::action, |name, body| StatementKind::Action { name, body })
            }
            "sequence" => self.with_block(head, block, Rule::sequence, Lower::sequence),
            "setup" => self.with_block(head, block, Rule::setup, |_, _, body| StatementKind::Setup { body }),
            "cleanup" => {
                self.with_block(head, block, Rule::cleanup, |_, _, body| StatementKind::Cleanup { body })
            }
            "parallel" => {
                self.with_block(head, block, Rule::parallel, |_, _, body| StatementKind::Parallel { body })
            }
            "phase" => self.with_block(head, block, Rule::phase, Lower::phase),
            "repeat" => self.with_block(head, block, Rule::repeat, Lower::repeat),
            "every" => self.with_block(head, block, Rule::every, |lower, pair, body| StatementKind::Every {
                period: lower.only_expression(pair),
                body,
            }),
            "at" => self.with_block(head, block, Rule::at, |lower, pair, body| StatementKind::At {
                time: lower.only_expression(pair),
                body,
            }),
            "for" => self.for_each(head, block),
            "do" | "wait" | "note" | "check" | "capture" | "think" => {
                self.without_block(head, block, Lower::simple)
            }
            "run" => self.run(head, block),
            "want" | "expect" | "require" => self.without_block(head, block, Lower::expect),
            "load" => self.without_block(head, block, Lower::load),
            _ => self.words(head, block),
        }
    }

    /// The block behind something that could not be read.
    pub(super) fn bad(&mut self, _head: Head, block: Body<'_>) -> StatementKind {
        StatementKind::unreadable(block.map(|block| self.block(block)))
    }

    /// The block that a statement needs; reported where it is not there and the head could be read.
    pub(super) fn needed<'b>(&mut self, head: Head, block: Body<'b>, word: &str) -> Body<'b> {
        if block.is_none() {
            let form = vocabulary::form(word).unwrap_or(word);
            let place = self.between(head.end, head.end);
            let found = Diagnostic::error("E0111", format!("`{word}` needs a block"), place);
            let found = found.here("a `{` is missing here");
            let found = match mistake::dataset_in_a_line(self.text, self.base, head.start..head.end) {
                Some((better, whole)) => found.help(format!("write `{better}`")).fix(whole, better, false),
                None => found.help(format!("write `{form}`")),
            };
            self.report(found);
            self.missing_block = true;
        }
        block
    }

    pub(super) fn with_block(
        &mut self,
        head: Head,
        block: Body<'_>,
        rule: Rule,
        build: impl FnOnce(&mut Lower<'a>, Pair<'a, Rule>, Block) -> StatementKind,
    ) -> StatementKind {
        let Some(pair) = self.read(rule, head) else { return self.bad(head, block) };
        let word = self.first_word(head);
        let Some(block) = self.needed(head, block, word) else { return StatementKind::unreadable(None) };
        // The body moves the reader on, so it is read last and put in.
        let empty = Block { statements: Vec::new(), span: self.block_span(block), angle: block.angle };
        let mut kind = build(self, pair, empty);
        let body = self.block(block);
        if let Some(place) = body_of(&mut kind) {
            *place = body;
        }
        kind
    }

    fn named(
        &mut self,
        head: Head,
        block: Body<'_>,
        rule: Rule,
        build: impl FnOnce(crate::syntax::ast::Name, Block) -> StatementKind,
    ) -> StatementKind {
        self.with_block(head, block, rule, |lower, pair, body| {
            let name = lower.declared_name(pair);
            build(name, body)
        })
    }

    fn without_block(
        &mut self,
        head: Head,
        block: Body<'_>,
        build: impl FnOnce(&mut Lower<'a>, Head) -> StatementKind,
    ) -> StatementKind {
        let Some(block) = block else { return build(self, head) };
        let word = self.first_word(head);
        let before = self.diagnostics.len();
        build(self, head);
        if self.diagnostics.len() == before {
            let form = vocabulary::form(word).unwrap_or(word);
            let place = self.between(block.open, block.open + 1);
            let found = Diagnostic::error("E0112", format!("`{word}` has no block"), place);
            self.report(found.here("not expected here").help(format!("write `{form}`")));
        }
        StatementKind::unreadable(Some(self.block(block)))
    }

    fn phase(&mut self, pair: Pair<'a, Rule>, body: Block) -> StatementKind {
        let mut parts = parts(pair);
        let name = parts.next().map(|pair| self.text(pair)).unwrap_or_default();
        let duration = parts.next().map(|pair| self.expression(pair));
        StatementKind::Phase { name, duration, body }
    }

    fn repeat(&mut self, pair: Pair<'a, Rule>, body: Block) -> StatementKind {
        let count = match parts(pair).next() {
            Some(pair) if pair.as_rule() == Rule::repeat_until => {
                let (condition, max) = self.condition_and_max(pair);
                Repeat::Until { condition, max }
            }
            Some(pair) if pair.as_rule() == Rule::repeat_for => Repeat::For(self.only_expression(pair)),
            other => Repeat::Times(self.maybe_expression(other)),
        };
        StatementKind::Repeat { count, body }
    }

    fn condition_and_max(
        &mut self,
        pair: Pair<'a, Rule>,
    ) -> (crate::syntax::ast::Expr, Option<crate::syntax::ast::Expr>) {
        let mut parts = parts(pair);
        let condition = self.maybe_expression(parts.next());
        (condition, parts.next().map(|pair| self.expression(pair)))
    }

    /// Statements of one line whose first word names their rule.
    fn simple(&mut self, head: Head) -> StatementKind {
        let rule = match self.first_word(head) {
            "do" => Rule::call_sequence,
            "wait" => Rule::wait,
            "note" => Rule::note,
            "check" => Rule::check,
            "capture" => Rule::capture,
            _ => Rule::think,
        };
        let Some(pair) = self.read(rule, head) else { return StatementKind::unreadable(None) };
        let mut parts = parts(pair);
        let first = parts.next();
        match (rule, first) {
            (Rule::call_sequence, Some(word)) => {
                let arguments = parts.next().map(|pair| self.arguments(pair)).unwrap_or_default();
                StatementKind::Do { sequence: self.name(&word), arguments }
            }
            (Rule::wait, Some(pair)) if pair.as_rule() == Rule::wait_until => {
                let (condition, max) = self.condition_and_max(pair);
                StatementKind::WaitUntil { condition, max }
            }
            (Rule::wait, pair) => StatementKind::Wait { duration: self.maybe_expression(pair) },
            (Rule::note, Some(pair)) => StatementKind::Note { text: self.text(pair) },
            (Rule::check, pair) => StatementKind::Check { condition: self.maybe_expression(pair) },
            (Rule::capture, Some(word)) => {
                let name = self.checked_name(&word);
                StatementKind::Capture { name, value: self.maybe_expression(parts.next()) }
            }
            (Rule::think, pair) => StatementKind::Think { duration: self.maybe_expression(pair) },
            _ => StatementKind::unreadable(None),
        }
    }

    /// `run "command" timeout 1m`, or a setting of that name in another form.
    fn run(&mut self, head: Head, block: Body<'_>) -> StatementKind {
        if self.attempt(Rule::run, head).is_err() && self.attempt(Rule::words, head).is_ok() {
            return self.words(head, block);
        }
        self.without_block(head, block, |lower, head| {
            let Some(pair) = lower.read(Rule::run, head) else { return StatementKind::unreadable(None) };
            let mut parts = parts(pair);
            let command = parts.next().map(|pair| lower.text(pair)).unwrap_or_default();
            StatementKind::Run { command, timeout: parts.next().map(|pair| lower.expression(pair)) }
        })
    }

    fn expect(&mut self, head: Head) -> StatementKind {
        let demand = match self.first_word(head) {
            "want" => Demand::Want,
            "require" => Demand::Require,
            _ => Demand::Expect,
        };
        let Some(pair) = self.read(Rule::expect, head) else { return StatementKind::unreadable(None) };
        let mut expect = Expect {
            demand,
            name: None,
            condition: self.nothing(head),
            qualifier: Qualifier::Now,
            tolerate: None,
            show: None,
        };
        for pair in parts(pair) {
            match pair.as_rule() {
                Rule::title => expect.name = parts(pair).next().map(|pair| self.text(pair)),
                Rule::qualifier => expect.qualifier = self.qualifier(pair),
                Rule::tolerated => expect.tolerate = Some(self.only_expression(pair)),
                Rule::shown => expect.show = Some(self.only_expression(pair)),
                _ => expect.condition = self.expression(pair),
            }
        }
        StatementKind::Expect(Box::new(expect))
    }

    fn qualifier(&mut self, pair: Pair<'a, Rule>) -> Qualifier {
        let Some(pair) = pair.into_inner().next() else { return Qualifier::Now };
        let rule = pair.as_rule();
        let mut values = parts(pair);
        match rule {
            Rule::q_within => Qualifier::Within(self.maybe_expression(values.next())),
            Rule::q_always => Qualifier::Always,
            Rule::q_sometimes => Qualifier::Sometimes,
            Rule::q_at_end => Qualifier::AtEnd,
            _ => {
                let stretch = self.maybe_expression(values.next());
                match values.next() {
                    Some(within) => Qualifier::ForWithin { stretch, within: self.expression(within) },
                    None => Qualifier::For(stretch),
                }
            }
        }
    }

    /// The name that a declaration gives; a reserved word is reported.
    pub(super) fn declared_name(&mut self, pair: Pair<'a, Rule>) -> crate::syntax::ast::Name {
        match parts(pair).next() {
            Some(word) => self.checked_name(&word),
            None => {
                crate::syntax::ast::Name { text: String::new(), span: self.between(self.offset, self.offset) }
            }
        }
    }

    pub(super) fn checked_name(&mut self, word: &Pair<'a, Rule>) -> crate::syntax::ast::Name {
        let name = self.name(word);
        if vocabulary::is_reserved(&name.text) {
            self.report(mistake::reserved(&name.text, name.span));
        }
        name
    }
}

fn body_of(kind: &mut StatementKind) -> Option<&mut Block> {
    match kind {
        StatementKind::Action { body, .. }
        | StatementKind::Sequence { body, .. }
        | StatementKind::Setup { body }
        | StatementKind::Cleanup { body }
        | StatementKind::Phase { body, .. }
        | StatementKind::Repeat { body, .. }
        | StatementKind::ForEach { body, .. }
        | StatementKind::Parallel { body }
        | StatementKind::Every { body, .. }
        | StatementKind::At { body, .. } => Some(body),
        _ => None,
    }
}
