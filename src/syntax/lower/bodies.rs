//! Blocks that hold something else than statements: ledgers, mixes, curves, datasets and choices.

use super::{Head, Lower, parts};
use crate::diag::Diagnostic;
use crate::lang::unit;
use crate::syntax::ast::{Branch, Expr, ExprKind, Ledger, LedgerLine, MixPart, Name, StatementKind};
use crate::syntax::grammar::Rule;
use crate::syntax::layout::{BlockItem, Item};
use crate::syntax::mistake;

impl<'a> Lower<'a> {
    pub(super) fn special_body(&mut self, head: Head, block: &BlockItem, word: &str) -> StatementKind {
        let rule = match word {
            "ledger" => Rule::ledger,
            "mix" => Rule::mix,
            "curve" => Rule::curve,
            "dataset" => Rule::dataset,
            _ => Rule::choose,
        };
        let name = match self.read(rule, head) {
            Some(pair) => self.declared_name(pair),
            None => {
                let meant = self.leading_words(head).into_iter().nth(1);
                let nameless = || Name { text: String::new(), span: self.between(head.start, head.end) };
                meant.unwrap_or_else(nameless)
            }
        };
        let body = self.block_span(block);
        match word {
            "ledger" => StatementKind::Ledger(self.ledger(name, block)),
            "mix" => {
                let parts = self.mix_parts(block);
                StatementKind::Mix { name, parts, body }
            }
            "curve" => {
                let table = self.curve_table(block);
                StatementKind::Curve { name, table, body }
            }
            "dataset" => StatementKind::Dataset { name, settings: self.items(&block.items), body },
            _ => {
                let branches = block.items.iter().filter_map(|item| self.branch(item)).collect();
                StatementKind::Choose { branches, body }
            }
        }
    }

    /// A line that does not belong in its body. Where marks do not match it is more likely that the body does not
    /// end where it seems to, which was reported.
    fn misplaced(&mut self, item: &Item, message: &str, help: &str) {
        if !item.broken && !self.damaged {
            let place = self.between(item.start, item.end.max(item.start + 1));
            self.report(Diagnostic::error("E0130", message, place).here("not this").help(help));
        }
        if let Some(block) = &item.block {
            self.block(block);
        }
    }

    fn ledger(&mut self, name: Name, block: &BlockItem) -> Ledger {
        let mut ledger =
            Ledger { name, sent: Vec::new(), received: Vec::new(), body: self.block_span(block) };
        for item in &block.items {
            let head = Head { start: item.start, end: item.end };
            let word = self.first_word(head);
            if item.broken || item.block.is_some() || !matches!(word, "sent" | "received") {
                let meant = match word {
                    "send" | "sends" | "published" | "produced" => Some("sent"),
                    "receive" | "receives" | "recv" | "consumed" | "delivered" | "got" => Some("received"),
                    _ => None,
                };
                let help = match meant {
                    Some(meant) => format!("write `{meant}`"),
                    None => "write `sent action.capture` or `received lines(\"…\", '…')`".to_string(),
                };
                self.misplaced(item, "a ledger has lines that begin with `sent` or `received`", &help);
                let line = LedgerLine {
                    keys: vec![self.nothing(head)],
                    with: None,
                    span: self.between(head.start, head.end),
                };
                match meant {
                    Some("sent") => ledger.sent.push(line),
                    Some(_) => ledger.received.push(line),
                    None => {}
                }
                continue;
            }
            let mut line =
                LedgerLine { keys: Vec::new(), with: None, span: self.between(head.start, head.end) };
            let Some(pair) = self.read(Rule::ledger_line, head) else {
                // It says something, though nobody knows what.
                line.keys.push(self.nothing(head));
                if word == "sent" {
                    ledger.sent.push(line)
                } else {
                    ledger.received.push(line)
                }
                continue;
            };
            for part in parts(pair) {
                match part.as_rule() {
                    Rule::with_value => line.with = Some(self.only_expression(part)),
                    _ => line.keys.push(self.expression(part)),
                }
            }
            if word == "sent" { ledger.sent.push(line) } else { ledger.received.push(line) }
        }
        ledger
    }

    /// The lines of a mix. Weights behind their actions are read as they were meant, and told once.
    fn mix_parts(&mut self, block: &BlockItem) -> Vec<MixPart> {
        let mut parts = Vec::new();
        let mut turned: Option<Diagnostic> = None;
        for item in &block.items {
            let head = Head { start: item.start, end: item.end };
            let plain = !item.broken && item.block.is_none();
            let readable = plain && self.attempt(Rule::mix_line, head).is_ok();
            let meant = plain && !readable;
            let meant =
                meant.then(|| mistake::weight_behind(self.text, self.base, item.start..item.end)).flatten();
            let Some((found, meant)) = meant else {
                parts.extend(self.mix_part(item));
                continue;
            };
            for (weight, action) in meant {
                let span = self.between(action.start, action.end);
                let action = Name { text: self.text[action].to_string(), span };
                let share = unit::parse(&mistake::as_share(&self.text[weight.clone()]));
                if let Ok(share) = share {
                    let span = self.between(weight.start, weight.end);
                    parts.push(MixPart { weight: Expr { kind: ExprKind::Quantity(share), span }, action });
                }
            }
            turned = Some(match turned {
                None => found,
                Some(mut first) => {
                    let both = first.help.iter().zip(&found.help);
                    let mut joined = both.map(|(one, other)| {
                        format!("{}; {}", one.trim_end_matches('`'), other.trim_start_matches("write `"))
                    });
                    first.help = joined.next();
                    first.fixes.extend(found.fixes);
                    first
                }
            });
        }
        if let Some(found) = turned {
            self.report(found);
        }
        parts
    }

    fn mix_part(&mut self, item: &Item) -> Option<MixPart> {
        let head = Head { start: item.start, end: item.end };
        let digit = self.text[head.start..head.end].starts_with(|c: char| c.is_ascii_digit());
        if item.broken || item.block.is_some() || !digit && self.attempt(Rule::mix_line, head).is_err() {
            self.misplaced(
                item,
                "a mix has lines of a weight and an action",
                "as in `35% list`, or `1 list`",
            );
            return None;
        }
        let pair = self.read(Rule::mix_line, head)?;
        let mut parts = parts(pair);
        let weight = self.maybe_expression(parts.next());
        Some(MixPart { weight, action: self.name(&parts.next()?) })
    }

    fn branch(&mut self, item: &Item) -> Option<Branch> {
        let Some(colon) = item.colon.filter(|_| !item.broken) else {
            let line = item.start..item.end;
            let bare = !item.broken && !self.damaged && item.block.is_none();
            let weighed = bare.then(|| mistake::choice_without_colon(self.text, self.base, line)).flatten();
            if let Some(found) = weighed {
                self.report(found);
                return None;
            }
            self.misplaced(item, "each line of a `choose` begins with a weight", "write `3: wifi off 2s`");
            return None;
        };
        let weight = self.read(Rule::weight, Head { start: item.start, end: colon });
        let weight = match weight {
            Some(pair) => self.only_expression(pair),
            None => self.nothing(Head { start: item.start, end: colon }),
        };
        let after = &self.text[colon + 1..item.end.max(colon + 1)];
        let start = colon + 1 + (after.len() - after.trim_start().len());
        let head = Head { start, end: item.end.max(start) };
        if head.start == head.end && item.block.is_none() {
            let place = self.between(colon, colon + 1);
            let found = Diagnostic::error("E0130", "nothing is chosen by this weight", place);
            self.report(found.here("a statement must follow").help("write `3: wifi off 2s`"));
            return None;
        }
        // A block right behind the weight begins where its mark stands.
        let head = match &item.block {
            Some(block) if head.start == head.end => Head { start: block.open, end: block.open },
            _ => head,
        };
        Some(Branch { weight, statement: self.any_statement(head, item.block.as_ref()) })
    }
}
