//! Ledgers: what was sent, and by what it is known. What arrives stands in [`super::receipt`].

use super::mistake;
use super::names::Entity;
use super::scenario::{IterationStep, LedgerKey, LedgerReceived, LedgerSent};
use super::state::{Checker, Place};
use crate::lang::expr::ActionId;
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

    /// What was meant by a key that is only an action, or only a part of one.
    fn key_meant(&self, written: &ast::Expr) -> Option<String> {
        let ExprKind::Name(name) = &written.kind else { return None };
        match self.symbols.peek(name).map(|symbol| symbol.entity) {
            Some(Entity::Action(action)) => {
                let captures = &self.scenario.action(action).captures;
                let key = captures.iter().find(|one| one.contains("id")).or(captures.first());
                // What is written is best known by its path.
                let writes = self.scenario.action(action).steps.iter().any(
                    |step| matches!(step, IterationStep::Tell { tell, .. } if tell.verb.name == "write"),
                );
                let usual = if writes { "path" } else { "seq" };
                Some(format!("{name}.{}", key.map_or(usual, String::as_str)))
            }
            _ => self.scenario.actions.first().map(|action| format!("{}.{name}", action.name)),
        }
    }

    /// `action.capture`, `action.seq`, `action.path`
    fn ledger_key(&mut self, written: &ast::Expr) -> Option<(ActionId, LedgerKey)> {
        let ExprKind::Field { base, field } = &written.kind else {
            if !matches!(written.kind, ExprKind::Bad) {
                let better = self.key_meant(written);
                self.report(mistake::measure::not_a_key(written.span, better));
                self.look_over(written);
            }
            return None;
        };
        let ExprKind::Name(name) = &base.kind else {
            self.report(mistake::measure::not_a_key(written.span, None));
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
}
