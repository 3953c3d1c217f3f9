//! Readings that stay at nothing, because the file has nothing that would make them: what arrived altered where no value
//! is sent, restarts of a process that nothing starts again.

use super::super::compared::{compared, exceeds};
use super::super::mistake;
use super::super::scenario::{Origin, ReceivedFrom};
use super::super::state::Checker;
use super::super::walk::{conditions, told};
use crate::lang::expr::{BinaryOperator, ExprKind, LedgerId};
use crate::source::Span;
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn still_lint(&mut self) {
        let told = told(&self.scenario, |_| true);
        let mut found = Vec::new();
        let mut altered: HashMap<LedgerId, Option<(Span, String, bool)>> = HashMap::new();
        conditions(&self.scenario, &mut |condition| {
            condition.walk(&mut |part| {
                let Some((measured, operator, limit)) = compared(part) else { return };
                // Of nothing, these hold on every run or on none.
                let decided = operator == BinaryOperator::Equal && limit.to_f64() == 0.0
                    || matches!(operator, BinaryOperator::Less | BinaryOperator::LessOrEqual)
                    || exceeds(operator, limit.to_f64(), 0.0);
                let ExprKind::Measure { series, .. } = &measured.kind else { return };
                if !decided {
                    return;
                }
                match &self.scenario.series(*series).origin {
                    Origin::Ledger { ledger, reading: "altered" } => {
                        let never = altered.entry(*ledger).or_insert_with(|| self.never_altered(*ledger));
                        if let Some((sent, better, groups)) = never {
                            let name = &self.scenario.ledgers[ledger.index()].name;
                            found.push(mistake::measure::never_altered(
                                part.span, *sent, name, better, *groups,
                            ));
                        }
                    }
                    Origin::Target { target, reading, .. } if reading.name == "restarts" => {
                        let process = self.scenario.target(*target);
                        let own = process.setting("run").is_some() && process.setting("restart").is_none();
                        if own && !told.contains(target) {
                            found.push(mistake::stopped::never_restarts(
                                part.span,
                                &process.name,
                                process.span,
                            ));
                        }
                    }
                    _ => {}
                }
            });
        });
        self.found.extend(found);
    }

    /// Of a ledger of which nothing that is sent has a value: the first line, that with a value, and whether what arrives
    /// needs another group.
    fn never_altered(&self, ledger: LedgerId) -> Option<(Span, String, bool)> {
        let ledger = &self.scenario.ledgers[ledger.index()];
        let sent = ledger.sent.first().filter(|_| ledger.sent.iter().all(|sent| sent.value.is_none()))?;
        let action = self.scenario.action(sent.action);
        let capture = action.captures.iter().rev().find(|name| !self.sources.text(sent.span).contains(*name));
        let written = self.sources.text(sent.span);
        let value = capture.map_or("value", String::as_str);
        let groups = ledger
            .received
            .iter()
            .any(|received| matches!(received.from, ReceivedFrom::Lines { .. } | ReceivedFrom::Files { .. }));
        let better = format!("sent {written} with {}.{value}", action.name);
        Some((sent.span, better, groups))
    }
}
