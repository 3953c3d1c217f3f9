//! `load` and its clauses.

use super::{Head, Lower, parts};
use crate::syntax::ast::{Load, LoadClause, LoadClauseKind, StatementKind};
use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

impl<'a> Lower<'a> {
    pub(super) fn load(&mut self, head: Head) -> StatementKind {
        let Some(pair) = self.read(Rule::load, head) else { return StatementKind::unreadable(None) };
        let mut parts = parts(pair);
        let Some(word) = parts.next() else { return StatementKind::unreadable(None) };
        let subject = self.name(&word);
        let clauses = parts.filter_map(|clause| self.clause(clause)).collect();
        StatementKind::Load(Load { subject, clauses })
    }

    fn clause(&mut self, clause: Pair<'a, Rule>) -> Option<LoadClause> {
        let inner = clause.into_inner().next()?;
        let (rule, span) = (inner.as_rule(), self.span(&inner));
        let mut parts = parts(inner);
        let first = parts.next();
        let kind = match rule {
            Rule::l_once => LoadClauseKind::AtOnce,
            Rule::l_poisson => LoadClauseKind::Poisson,
            Rule::l_shaped => LoadClauseKind::Shaped(self.name(&first?)),
            Rule::l_at => {
                let rate = self.maybe_expression(first);
                LoadClauseKind::At { rate, to: parts.next().map(|pair| self.expression(pair)) }
            }
            Rule::l_users => {
                let users = self.maybe_expression(first);
                LoadClauseKind::Users { users, to: parts.next().map(|pair| self.expression(pair)) }
            }
            Rule::l_max => LoadClauseKind::MaxUsers(self.maybe_expression(first)),
            Rule::l_every => LoadClauseKind::Every(self.maybe_expression(first)),
            Rule::l_for => LoadClauseKind::For(self.maybe_expression(first)),
            _ => LoadClauseKind::Times(self.maybe_expression(first)),
        };
        Some(LoadClause { kind, span })
    }
}
