//! Declarations of one line, and sequences.

use super::{Head, Lower, parts};
use crate::syntax::ast::{Block, Parameter, Permit, PermitSubject, StatementKind};
use crate::syntax::grammar::Rule;
use crate::syntax::{mistake, vocabulary};
use pest::iterators::Pair;

impl<'a> Lower<'a> {
    pub(super) fn declaration(&mut self, head: Head) -> StatementKind {
        let rule = match self.first_word(head) {
            "scenario" => Rule::scenario,
            "include" => Rule::include,
            "param" => Rule::param,
            "let" => Rule::constant,
            "secret" => Rule::secret,
            "permit" => Rule::permit,
            _ => Rule::metric,
        };
        let Some(pair) = self.read(rule, head) else { return StatementKind::unreadable(None) };
        let mut parts = parts(pair);
        let Some(first) = parts.next() else { return StatementKind::unreadable(None) };
        match rule {
            Rule::scenario => StatementKind::Scenario { title: self.text(first) },
            Rule::include => StatementKind::Include { path: self.text(first) },
            Rule::param => StatementKind::Param {
                name: self.checked_name(&first),
                default: self.maybe_expression(parts.next()),
                about: parts.next().map(|pair| self.text(pair)),
            },
            Rule::constant => StatementKind::Let {
                name: self.checked_name(&first),
                value: self.maybe_expression(parts.next()),
            },
            Rule::secret => StatementKind::Secret {
                name: self.checked_name(&first),
                variable: parts.next().map(|pair| self.text(pair)).unwrap_or_default(),
            },
            Rule::permit => {
                let what = self.name(&first);
                let subject = match parts.next() {
                    Some(pair) if pair.as_rule() == Rule::word => PermitSubject::On(self.name(&pair)),
                    other => PermitSubject::To(other.map(|pair| self.text(pair)).unwrap_or_default()),
                };
                StatementKind::Permit(Permit { what, subject })
            }
            _ => StatementKind::Metric {
                name: self.checked_name(&first),
                value: self.maybe_expression(parts.next()),
                every: parts.next().map(|pair| self.expression(pair)),
            },
        }
    }

    pub(super) fn sequence(&mut self, pair: Pair<'a, Rule>, body: Block) -> StatementKind {
        let mut name = None;
        let mut parameters = Vec::new();
        for part in parts(pair) {
            match part.as_rule() {
                Rule::word => name = Some(self.checked_name(&part)),
                _ => {
                    let mut parts = parts(part);
                    let Some(word) = parts.next() else { continue };
                    let name = self.name(&word);
                    // Counts are the usual parameter, and an operand never begins with one of these two otherwise.
                    if vocabulary::is_reserved(&name.text) && !matches!(name.text.as_str(), "times" | "users")
                    {
                        self.report(mistake::reserved(&name.text, name.span));
                    }
                    parameters
                        .push(Parameter { name, default: parts.next().map(|pair| self.expression(pair)) });
                }
            }
        }
        match name {
            Some(name) => StatementKind::Sequence { name, parameters, body },
            None => StatementKind::unreadable(Some(body)),
        }
    }
}
