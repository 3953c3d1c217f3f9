//! The statements with a block of their own, at their shortest.

use super::super::mistake;
use super::super::scenario::{Block, EachSource, Repeat};
use super::{Ending, Limit, Walk};
use crate::lang::expr::{Expr, ExprKind, VariableId};
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use crate::source::Span;
use std::time::Duration;

impl<'s> Walk<'s> {
    pub(super) fn phase(
        &mut self,
        span: Span,
        name: &Expr,
        duration: Option<&Expr>,
        body: &'s Block,
        limit: Option<Limit>,
    ) -> Duration {
        let known = self.value(name).map(|name| name.to_string());
        self.history.enter_phase(known.as_deref());
        let took = self.phase_body(span, name, duration, body, limit);
        self.history.leave_phase(Span::new(span.start, body.span.start.max(span.start)));
        took
    }

    fn phase_body(
        &mut self,
        span: Span,
        name: &Expr,
        duration: Option<&Expr>,
        body: &'s Block,
        limit: Option<Limit>,
    ) -> Duration {
        match self.value(name) {
            Some(name) => {
                self.phases.insert(name.to_string());
            }
            None => self.all_phases = false,
        }
        let Some(duration) = duration else { return self.block(body, limit, Ending::Statements) };
        let written = match self.value(name) {
            Some(name) => format!("phase \"{name}\""),
            None => "the phase".into(),
        };
        let Some(length) = self.duration(duration) else {
            if self.quantity(duration).is_some_and(|length| length.to_f64() < 0.0) {
                self.report(mistake::values::not_positive(duration.span, "how long the phase lasts"));
            }
            let over = std::mem::replace(&mut self.over, true);
            self.block(body, None, Ending::Open);
            self.over = over;
            return Duration::ZERO;
        };
        let head = Span::new(span.start, body.span.start.max(span.start));
        let over = std::mem::replace(&mut self.over, false);
        let fixed = !self.open && self.history.is_in_order();
        let ends =
            fixed.then(|| self.elapsed.saturating_add(length)).or(limit.and_then(|around| around.ends));
        let limit = Limit { left: length, span: head, what: written, ends };
        self.closed(|walk| walk.block(body, Some(limit), Ending::Open));
        self.over = over;
        length
    }

    pub(super) fn repeat(&mut self, count: &'s Repeat, body: &'s Block, limit: Option<Limit>) -> Duration {
        self.history.enter_unordered();
        let took = self.repeat_body(count, body, limit);
        self.history.leave_unordered();
        took
    }

    fn repeat_body(&mut self, count: &'s Repeat, body: &'s Block, limit: Option<Limit>) -> Duration {
        match count {
            Repeat::Times(times) => {
                let count = self.quantity(times).and_then(Quantity::to_count);
                let passes = count.map(|count| count as f64);
                let written = matches!(times.kind, ExprKind::Constant(_)) && times.span.len() == 1;
                if count == Some(0) && written {
                    self.report(mistake::time::no_pass(times.span));
                }
                let pass = self.passing(passes, |walk| walk.block(body, limit, Ending::Statements));
                let times = count.unwrap_or(0);
                let nanos = pass.as_nanos().saturating_mul(u128::from(times));
                Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
            }
            // The last pass is cut on purpose; one that is the first as well was meant to end, except where the length
            // is a name's, which a param may have made shorter.
            Repeat::For(time) => {
                let pass =
                    self.passing(None, |walk| walk.closed(|walk| walk.block(body, None, Ending::Statements)));
                let written = self.is_literal(time.span);
                if let Some(longest) = self.longest(time).filter(|longest| written && *longest < pass) {
                    self.report(mistake::stopped::cut_pass(time.span, longest, pass));
                }
                self.shortest(time)
            }
            Repeat::Until { .. } => {
                self.passing(None, |walk| walk.block(body, limit, Ending::Statements));
                Duration::ZERO
            }
        }
    }

    pub(super) fn for_each(
        &mut self,
        variable: VariableId,
        source: &'s EachSource,
        body: &'s Block,
        limit: Option<Limit>,
    ) -> Duration {
        let rows: Vec<Option<Value>> = match source {
            EachSource::List(list) => match self.value(list) {
                Some(Value::List(items)) => items.into_iter().map(Some).collect(),
                _ => vec![None],
            },
            EachSource::Table { columns, rows } => {
                rows.iter().map(|(cells, _)| self.row(columns, cells)).collect()
            }
        };
        let mut now = Duration::ZERO;
        let begun = self.elapsed;
        for row in rows {
            self.elapsed = begun.saturating_add(now);
            match row {
                Some(value) => self.around.variables.insert(variable, value),
                None => self.around.variables.remove(&variable),
            };
            let rest = limit.clone().map(|limit| Limit { left: limit.left.saturating_sub(now), ..limit });
            now = now.saturating_add(self.block(body, rest, Ending::Statements));
            if self.budget == 0 {
                break;
            }
        }
        self.around.variables.remove(&variable);
        now
    }

    fn row(&mut self, columns: &[String], cells: &[Expr]) -> Option<Value> {
        let mut row = Vec::new();
        for (column, cell) in columns.iter().zip(cells) {
            row.push((column.clone(), self.value(cell)?));
        }
        Some(Value::Row(row))
    }

    pub(super) fn at(
        &mut self,
        time: &Expr,
        body: &'s Block,
        now: Duration,
        limit: Option<Limit>,
    ) -> Duration {
        let Some(due) = self.duration(time) else { return self.block(body, limit, Ending::Statements) };
        let latest = self.longest(time).unwrap_or(due);
        if latest < now {
            self.report(mistake::time::already_past(time.span, latest, now, self.above));
        }
        let wait = due.saturating_sub(now);
        if let Some(limit) = &limit
            && wait >= limit.left
            && !self.over
        {
            self.over = true;
            self.report(mistake::time::never_reached(time.span, due, &limit.what, limit.span));
        }
        let rest = limit.map(|limit| Limit { left: limit.left.saturating_sub(wait), ..limit });
        self.elapsed = self.elapsed.saturating_add(wait);
        wait.saturating_add(self.block(body, rest, Ending::Statements))
    }
}
