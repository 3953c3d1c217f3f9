//! Ledgers: what was sent, and how it is known to have arrived.

use super::mistake;
use super::names::{Entity, nearest};
use super::scenario::{LedgerKey, LedgerReceived, LedgerSent, SourceValue};
use super::state::{Checker, Place};
use crate::lang::expr::ActionId;
use crate::lang::function::{SourceKind, find_source};
use crate::lang::types::Type;
use crate::syntax::ast::{self, ExprKind, LedgerLine};

impl Checker<'_> {
    /// Every ledger.
    pub fn check_ledgers(&mut self) {
        for (index, ledger) in self.ledgers.clone().into_iter().enumerate() {
            let mut sent = Vec::new();
            for line in &ledger.sent {
                self.ledger_sent(line, &mut sent);
            }
            let with_value = ledger.sent.iter().any(|line| line.with.is_some());
            let received: Vec<LedgerReceived> = self.at_place(Place::Metric, |checker| {
                ledger.received.iter().flat_map(|line| checker.ledger_received(line, with_value)).collect()
            });
            if ledger.sent.is_empty() {
                self.report(mistake::measure::ledger_without(ledger.name.span, &ledger.name.text, "sent"));
            }
            if ledger.received.is_empty() {
                self.report(mistake::measure::ledger_without(
                    ledger.name.span,
                    &ledger.name.text,
                    "received",
                ));
            }
            self.scenario.ledgers[index].sent = sent;
            self.scenario.ledgers[index].received = received;
        }
    }

    fn ledger_sent(&mut self, line: &LedgerLine, sent: &mut Vec<LedgerSent>) {
        let value = line.with.as_ref().map(|with| (with, self.ledger_key(with)));
        for key in &line.keys {
            let Some((action, key_of)) = self.ledger_key(key) else { continue };
            let value = match &value {
                Some((_, None)) => continue,
                Some((with, Some((other, _)))) if *other != action => {
                    let name = self.scenario.action(action).name.clone();
                    self.report(mistake::measure::value_of_other_action(with.span, key.span, &name));
                    continue;
                }
                Some((_, Some((_, value)))) => Some(*value),
                None => None,
            };
            sent.push(LedgerSent { action, key: key_of, value, span: key.span });
        }
    }

    /// `action.capture`, `action.seq`, `action.path`
    fn ledger_key(&mut self, written: &ast::Expr) -> Option<(ActionId, LedgerKey)> {
        let ExprKind::Field { base, field } = &written.kind else {
            if !matches!(written.kind, ExprKind::Bad) {
                self.report(mistake::measure::not_a_key(written.span));
                self.look_over(written);
            }
            return None;
        };
        let ExprKind::Name(name) = &base.kind else {
            self.report(mistake::measure::not_a_key(written.span));
            return None;
        };
        let owner = ast::Name { text: name.clone(), span: base.span };
        let action = match self.entity(&owner, "action")? {
            Entity::Action(action) => action,
            Entity::Unknown => return None,
            _ => {
                let sort = self.sort_of(name);
                self.report(mistake::names::wrong_sort(base.span, name, sort, &["action"]));
                return None;
            }
        };
        let captures = self.scenario.action(action).captures.clone();
        let whole = base.span.to(field.span);
        let key = match captures.iter().position(|capture| *capture == field.text) {
            Some(capture) => LedgerKey::Capture(capture),
            None if field.text == "seq" => LedgerKey::Seq,
            None if field.text == "path" && self.actions[action.index()].yields_path => LedgerKey::Path,
            None if self.actions[action.index()].unreadable => return None,
            None => {
                let mut able = captures;
                able.push("seq".into());
                if self.actions[action.index()].yields_path {
                    able.push("path".into());
                }
                self.report(mistake::measure::no_capture(
                    field.span,
                    (name, base.span),
                    &field.text,
                    &able,
                    self.captured_elsewhere(&field.text),
                ));
                return None;
            }
        };
        match key {
            LedgerKey::Capture(capture) => self.note_capture(field.span, whole, action, capture),
            LedgerKey::Seq => self.note_typed(field.span, None, self.sources.text(whole), &Type::NUMBER),
            LedgerKey::Path => self.note_typed(field.span, None, self.sources.text(whole), &Type::Text),
        }
        Some((action, key))
    }

    fn ledger_received(&mut self, line: &LedgerLine, with_value: bool) -> Vec<LedgerReceived> {
        if let Some(with) = &line.with {
            self.report(mistake::measure::received_with(with.span));
        }
        line.keys.iter().filter_map(|written| self.received_source(written, with_value)).collect()
    }

    fn received_source(&mut self, written: &ast::Expr, with_value: bool) -> Option<LedgerReceived> {
        let ExprKind::Call { function, arguments } = &written.kind else {
            if !matches!(written.kind, ExprKind::Bad) {
                self.report(mistake::measure::not_received(written.span, None));
            }
            return None;
        };
        let source = find_source(&function.text)
            .filter(|source| matches!(source.source, SourceKind::Files | SourceKind::Lines));
        let Some(source) = source else {
            let meant = nearest(&function.text, ["files", "lines"]);
            self.report(mistake::measure::not_received(function.span, meant));
            return None;
        };
        let [place, pattern] = arguments.as_slice() else {
            self.report(mistake::measure::ledger_without_key(written.span, source.name));
            return None;
        };
        let first = self.glob_or_log(&place.value)?;
        if let (SourceKind::Files, SourceValue::Log(_)) = (source.source, &first) {
            self.report(mistake::measure::files_of_log(place.value.span, function.span));
            return None;
        }
        let expr = self.value(&pattern.value);
        if !self.expect_type(&expr, &Type::Text, "a regular expression") {
            return None;
        }
        if !self.regex(&pattern.value, &expr) {
            return None;
        }
        let second = SourceValue::Value(expr.clone());
        let (groups, what) = if with_value {
            (2, "the key, then the value that must arrive unchanged")
        } else {
            (1, "the key")
        };
        if !self.expect_groups(&pattern.value, &second, groups, what) {
            return None;
        }
        let exprs: Vec<_> = match &first {
            SourceValue::Value(glob) => vec![glob.clone(), expr],
            _ => vec![expr],
        };
        if self.depends_on_block(&exprs, written.span) {
            return None;
        }
        Some(LedgerReceived { source, arguments: vec![first, second], span: written.span })
    }
}
