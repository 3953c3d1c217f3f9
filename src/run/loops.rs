//! Loops: `repeat` and `for each` in their strand, `every` beside it.

use super::blocks::Entry;
use super::interpreter::Interpreter;
use super::scope::{Owned, ScopeId, ScopeKind};
use super::strand::{Each, Frame, Owner, Repeating, StrandId, Until, Waiting};
use super::timers::Due;
use crate::check::scenario::{Block, EachSource, Repeat};
use crate::event::{EventKind, Verdict};
use crate::lang::eval::NoValue;
use crate::lang::expr::{Expr, VariableId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::plan::LEAST_PASS;
use crate::source::Span;

/// Passes of a loop that are told one by one; then every so-manyth.
const PASSES_TOLD: u64 = 100;

/// An `every` that goes on in the background.
#[derive(Debug)]
pub(super) struct Every<'s> {
    scope: ScopeId,
    period: &'s Expr,
    body: &'s Block,
    span: Span,
    /// The pass that is due next, from 1.
    pass: u64,
    running: Option<StrandId>,
}

impl<'s> Interpreter<'s, '_> {
    pub fn enter_repeat(
        &mut self,
        id: StrandId,
        parent: ScopeId,
        span: Span,
        count: &'s Repeat,
        body: &'s Block,
    ) -> Result<(), NoValue> {
        let (until, duration) = match count {
            Repeat::Times(times) => (Until::Times(self.whole(parent, times)?), None),
            Repeat::For(duration) => (Until::End, Some(self.duration(parent, duration)?)),
            Repeat::Until { condition, max } => {
                let max = max.as_ref().map(|max| self.duration(parent, max)).transpose()?;
                (Until::Holds(condition, None), max)
            }
        };
        self.tell_step(span, |run| run.repeat_head(span, count, &until, duration));
        // In a rehearsal what is waited for is there before the first pass.
        if self.options.rehearsal && matches!(count, Repeat::Until { .. }) {
            return Ok(());
        }
        let time = self.time(id);
        let scope = self.enter(id, parent, time, Entry { duration, ..Entry::of(ScopeKind::Loop, span) });
        let repeating = Repeating { scope, body, span, passes: 0, until, began: time };
        self.push(id, Frame::Repeat(repeating));
        Ok(())
    }

    /// A `repeat` is on top: its next pass begins, or it is done.
    pub fn next_pass(&mut self, id: StrandId, time: Moment) {
        let Some(strand) = self.strands.get_mut(&id) else { return };
        let Some(Frame::Repeat(repeating)) = strand.frames.last_mut() else { return };
        let (scope, span, body) = (repeating.scope, repeating.span, repeating.body);
        let stuck = repeating.passes > 0 && time == repeating.began;
        let ended = self.scopes.get(scope).and_then(|scope| scope.deadline).is_some_and(|end| end <= time);
        let done = match &mut repeating.until {
            Until::Times(times) => repeating.passes >= *times,
            Until::End => ended,
            Until::Holds(..) if ended => true,
            Until::Holds(condition, known) => match known.take() {
                Some(holds) => holds,
                None if stuck => false,
                None => {
                    let condition: &'s Expr = condition;
                    self.watch_loop(id, scope, condition);
                    return;
                }
            },
        };
        if done {
            strand.frames.pop();
            self.leave_whole(scope, time, false);
            return;
        }
        if stuck && !matches!(repeating.until, Until::Times(_)) {
            self.sleep(id, scope, time.after(LEAST_PASS));
            return;
        }
        if self.scopes.get(scope).is_none_or(|scope| scope.limit <= time) {
            self.wait_for(id, Waiting::End);
            return;
        }
        repeating.passes += 1;
        repeating.began = time;
        let pass = repeating.passes;
        self.begin_pass(id, scope, span, pass, time, body, Vec::new());
    }

    /// The condition of a `repeat until` is known.
    pub fn loop_decided(&mut self, id: StrandId, holds: bool) {
        if let Some(strand) = self.strands.get_mut(&id)
            && let Some(Frame::Repeat(Repeating { until: Until::Holds(_, known), .. })) =
                strand.frames.last_mut()
        {
            *known = Some(holds);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "each says something else about the pass")]
    pub fn begin_pass(
        &mut self,
        id: StrandId,
        parent: ScopeId,
        span: Span,
        pass: u64,
        time: Moment,
        body: &'s Block,
        bound: Vec<(VariableId, Value)>,
    ) {
        if pass <= PASSES_TOLD || pass.is_multiple_of(PASSES_TOLD) || self.options.rehearsal {
            let (now, depth) = (self.now, self.depth(parent));
            self.tell_inside(now, depth, EventKind::PassStarted { line: self.sources.line(span), pass });
        }
        let kind = ScopeKind::Pass { number: pass };
        let entry = Entry { pass, bound, block: Some(body), ..Entry::of(kind, span) };
        self.enter_block(id, parent, time, entry, body);
    }

    pub fn rows(&mut self, scope: ScopeId, source: &'s EachSource) -> Result<Vec<Value>, NoValue> {
        match source {
            EachSource::List(list) => match self.value(scope, list)? {
                Value::List(items) => Ok(items),
                Value::Json(serde_json::Value::Array(items)) => {
                    Ok(items.into_iter().map(Value::from_json).collect())
                }
                other => Err(NoValue::Mismatch(format!("`{other}` is not a list"))),
            },
            EachSource::Table { columns, rows } => {
                let mut bound = Vec::with_capacity(rows.len());
                for (cells, _) in rows {
                    let mut row = Vec::with_capacity(columns.len());
                    for (column, cell) in columns.iter().zip(cells) {
                        row.push((column.clone(), self.value(scope, cell)?));
                    }
                    bound.push(Value::Row(row));
                }
                Ok(bound)
            }
        }
    }

    /// A `for each` is on top: its next pass begins, or it is done.
    pub fn next_row(&mut self, id: StrandId, time: Moment) {
        let Some(strand) = self.strands.get_mut(&id) else { return };
        let Some(Frame::Each(each)) = strand.frames.last_mut() else { return };
        let (scope, span, body, variable) = (each.scope, each.span, each.body, each.variable);
        if each.left.is_empty() {
            strand.frames.pop();
            self.leave_whole(scope, time, false);
        } else if self.scopes.get(scope).is_none_or(|scope| scope.limit <= time) {
            self.wait_for(id, Waiting::End);
        } else if let Some(row) = each.left.pop() {
            each.passes += 1;
            let pass = each.passes;
            self.begin_pass(id, scope, span, pass, time, body, vec![(variable, row)]);
        }
    }

    pub fn schedule_pass(&mut self, every: u64, before: Moment) -> Result<(), NoValue> {
        let Some(one) = self.everies.get_mut(&every) else { return Ok(()) };
        one.pass += 1;
        let (scope, period, pass) = (one.scope, one.period, one.pass);
        let (names, place, began) = self.stands_in(scope);
        let place = place.inner(period.span, pass);
        let now = self.now;
        let mut around = self.around(&names, place, (began, None), now);
        let drawn = crate::lang::eval::evaluate_drawn(period, &mut around)?;
        let length = drawn.as_quantity().and_then(crate::lang::quantity::Quantity::to_duration);
        let length = length.ok_or_else(|| NoValue::Mismatch(format!("`{drawn}` is no period")))?;
        let due = before.after(length.max(LEAST_PASS));
        let Some(block) = self.scopes.get(scope) else { return Ok(()) };
        if due < block.limit {
            self.timers.add(due, block.depth, Due::Pass(every));
        }
        Ok(())
    }

    /// A pass of an `every` is due.
    pub fn pass_due(&mut self, every: u64, at: Moment) {
        let Some(one) = self.everies.get(&every) else { return };
        let (scope, span, pass, body) = (one.scope, one.span, one.pass, one.body);
        if one.running.is_some() {
            self.notice(Some(span), format!("pass {pass} was skipped: the one before it still ran"));
        } else {
            let strand = self.spawn(scope, Owner::Every(every), at, Vec::new());
            self.begin_pass(strand, scope, span, pass, at, body, Vec::new());
            if let Some(one) = self.everies.get_mut(&every) {
                one.running = Some(strand);
            }
        }
        if let Err(lacking) = self.schedule_pass(every, at) {
            self.notice(Some(span), format!("it does not go on: {lacking}"));
            self.count(Verdict::Fail);
        }
    }

    /// `for each`
    pub fn enter_each(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        variable: VariableId,
        source: &'s EachSource,
        body: &'s Block,
    ) -> Result<(), NoValue> {
        self.tell_step(span, |run| run.head(span));
        let mut left = self.rows(scope, source)?;
        left.reverse();
        let time = self.time(id);
        let outer = self.enter(id, scope, time, Entry::of(ScopeKind::Loop, span));
        self.push(id, Frame::Each(Each { scope: outer, body, span, variable, left, passes: 0 }));
        Ok(())
    }

    /// `every`: from now on in the background.
    pub fn begin_every(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        period: &'s Expr,
        body: &'s Block,
    ) -> Result<(), NoValue> {
        self.tell_step(span, |run| run.head(span));
        let every = self.number();
        self.everies.insert(every, Every { scope, period, body, span, pass: 0, running: None });
        self.scopes.own(scope, Owned::Every(every));
        let time = self.time(id);
        self.schedule_pass(every, time)
    }

    /// A pass of an `every` has ended.
    pub fn every_passed(&mut self, every: u64) {
        if let Some(every) = self.everies.get_mut(&every) {
            every.running = None;
        }
    }
}
