//! How a strand goes on: from one statement to the next, into blocks and out of them.

use super::interpreter::Interpreter;
use super::scope::{Names, Owned, Scope, ScopeId, ScopeKind};
use super::strand::{Each, Frame, Owner, Repeating, Strand, StrandId, Until, Waiting};
use super::timers::Due;
use crate::check::scenario::{Block, EachSource, Qualifier, Repeat, Step, StepKind};
use crate::event::{EventKind, PhaseStarted, Verdict};
use crate::lang::eval::NoValue;
use crate::lang::expr::{Expr, VariableId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::source::Span;
use rand::Rng;
use std::rc::Rc;
use std::time::Duration;

/// A pass of an endless loop that took no time is followed by a pause of this length, so that time goes on.
pub const LEAST_PASS: Duration = Duration::from_millis(10);

/// An `at` that is reached so much late is reported.
const LATE: Duration = Duration::from_millis(10);

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

/// What a new block is to be.
pub(super) struct Entry<'b> {
    pub kind: ScopeKind,
    /// What it is part of.
    pub span: Span,
    pub pass: u64,
    pub duration: Option<Duration>,
    /// Where its windows begin.
    pub block: Option<&'b Block>,
    pub bound: Vec<(VariableId, Value)>,
}

impl<'s> Interpreter<'s, '_> {
    /// Lets a strand go on as far as it can.
    pub fn advance(&mut self, id: StrandId) {
        while let Some(strand) = self.strands.get_mut(&id).filter(|strand| strand.waiting == Waiting::Nothing)
        {
            let time = strand.time;
            match strand.frames.last_mut() {
                None => self.strand_ended(id),
                Some(Frame::Steps { steps, next, scope }) => {
                    let (steps, place, scope) = (*steps, *next, *scope);
                    let Some(step) = steps.get(place) else {
                        strand.frames.pop();
                        continue;
                    };
                    *next += 1;
                    if self.fits(scope, time, step) {
                        self.execute(id, scope, step);
                    } else {
                        self.wait_for(id, Waiting::End);
                    }
                }
                Some(Frame::Scope(scope)) => {
                    let scope = *scope;
                    if self.scopes.get(scope).and_then(|scope| scope.deadline).is_some_and(|end| end > time) {
                        self.wait_for(id, Waiting::End);
                    } else {
                        strand.frames.pop();
                        self.leave_whole(scope, time, false);
                    }
                }
                Some(Frame::Hold { fault, .. }) => {
                    let fault = *fault;
                    strand.frames.pop();
                    self.undo(fault);
                }
                Some(Frame::Load(load)) => {
                    let load = *load;
                    strand.frames.pop();
                    self.end_load(load, time);
                }
                Some(Frame::At { parent, span, body }) => {
                    let (parent, span, body) = (*parent, *span, *body);
                    strand.frames.pop();
                    let entry = Entry { block: Some(body), ..Entry::of(ScopeKind::At, span) };
                    self.enter_block(id, parent, time, entry, body);
                }
                Some(Frame::Repeat(_)) => self.next_pass(id, time),
                Some(Frame::Each(_)) => self.next_row(id, time),
            }
        }
    }

    /// Nothing begins at its block's exact end, but what takes no time and judges it.
    fn fits(&self, scope: ScopeId, time: Moment, step: &Step) -> bool {
        let judges = match &step.kind {
            StepKind::Expect(id) => {
                matches!(self.scenario.expectation(*id).qualifier, Qualifier::Now | Qualifier::AtEnd)
            }
            StepKind::Note(_) => true,
            _ => false,
        };
        judges || self.scopes.get(scope).is_some_and(|scope| time < scope.limit)
    }

    fn execute(&mut self, id: StrandId, scope: ScopeId, step: &'s Step) {
        if let Err(lacking) = self.try_execute(id, scope, step) {
            self.notice(Some(step.span), format!("this was left out: {lacking}"));
            self.count(Verdict::Fail);
        }
    }

    fn try_execute(&mut self, id: StrandId, scope: ScopeId, step: &'s Step) -> Result<(), NoValue> {
        let time = self.time(id);
        match &step.kind {
            StepKind::Tell(tell) => self.tell_target(id, scope, tell)?,
            StepKind::Load(load) => self.start_load(id, scope, step.span, load)?,
            StepKind::Expect(expectation) => self.expect(id, scope, *expectation)?,
            StepKind::Phase { name, duration, body } => {
                self.enter_phase(id, scope, step.span, name, duration.as_ref(), body)?;
            }
            StepKind::Repeat { count, body } => self.enter_repeat(id, scope, step.span, count, body)?,
            StepKind::ForEach { variable, source, body } => {
                let mut left = self.rows(scope, source)?;
                left.reverse();
                let outer = self.enter(id, scope, time, Entry::of(ScopeKind::Loop, step.span));
                let each = Each { scope: outer, body, span: step.span, variable: *variable, left, passes: 0 };
                self.push(id, Frame::Each(each));
            }
            StepKind::Parallel { branches } => self.enter_parallel(id, scope, step.span, branches),
            StepKind::Group(block) => self.push(id, Frame::Steps { steps: &block.steps, next: 0, scope }),
            StepKind::Every { period, body } => {
                let every = self.number();
                let one = Every { scope, period, body, span: step.span, pass: 0, running: None };
                self.everies.insert(every, one);
                self.scopes.own(scope, Owned::Every(every));
                self.schedule_pass(every, time)?;
            }
            StepKind::At { time: at, body } => self.wait_for_at(id, scope, step.span, at, body)?,
            StepKind::Choose(picks) => {
                let (_, place, _) = self.stands_in(scope);
                let mut random = place.inner(step.span, 0).stream(self.options.seed);
                let total: f64 = picks.iter().map(|(weight, _)| weight).sum();
                let mut drawn = random.random::<f64>() * total;
                let pick = picks.iter().find(|(weight, _)| {
                    drawn -= weight;
                    drawn < 0.0
                });
                if let Some((_, pick)) = pick.or(picks.last()) {
                    self.push(id, Frame::Steps { steps: std::slice::from_ref(pick), next: 0, scope });
                }
            }
            StepKind::Do { sequence, arguments } => {
                let body = &self.scenario.sequences[sequence.index()].body;
                let mut bound = Vec::with_capacity(arguments.len());
                for (variable, value) in arguments {
                    bound.push((*variable, self.value(scope, value)?));
                }
                let entry = Entry { block: Some(body), bound, ..Entry::of(ScopeKind::Sequence, step.span) };
                self.enter_block(id, scope, time, entry, body);
            }
            StepKind::Wait(duration) => {
                let duration = self.duration(scope, duration)?;
                self.sleep(id, scope, time.after(duration));
            }
            StepKind::WaitUntil { condition, max } => {
                self.wait_until(id, scope, step.span, condition, max.as_ref())?;
            }
            StepKind::Run { command, timeout } => {
                self.run_command(id, scope, step.span, command, timeout.as_ref())?;
            }
            StepKind::Note(text) => {
                let text = self.value(scope, text)?.to_string();
                self.tell(EventKind::Note { line: self.sources.line(step.span), text });
            }
        }
        Ok(())
    }

    /// When the next statement of a strand is due.
    pub fn time(&self, id: StrandId) -> Moment {
        self.strands.get(&id).map_or(self.now, |strand| strand.time)
    }

    pub fn push(&mut self, id: StrandId, frame: Frame<'s>) {
        if let Some(strand) = self.strands.get_mut(&id) {
            strand.frames.push(frame);
        }
    }

    /// The strand does not go on before that.
    pub fn wait_for(&mut self, id: StrandId, waiting: Waiting) {
        if let Some(strand) = self.strands.get_mut(&id) {
            strand.waiting = waiting;
        }
    }

    /// The strand goes on, where it waits for exactly that. Its next statement is due at `time`.
    pub fn resume(&mut self, id: StrandId, waited: Waiting, time: Moment) {
        if let Some(strand) = self.strands.get_mut(&id).filter(|strand| strand.waiting == waited) {
            strand.waiting = Waiting::Nothing;
            strand.time = time;
            self.ready.push_back(id);
        }
    }

    /// The strand goes on at `until`.
    pub fn sleep(&mut self, id: StrandId, scope: ScopeId, until: Moment) {
        let depth = self.scopes.get(scope).map_or(0, |scope| scope.depth);
        let Some(strand) = self.strands.get_mut(&id).filter(|strand| strand.time < until) else { return };
        strand.wait += 1;
        strand.waiting = Waiting::Clock(strand.wait);
        self.timers.add(until, depth, Due::Wake(id, strand.wait));
    }

    /// A strand's wait for the clock is over.
    pub fn wake(&mut self, id: StrandId, wait: u64, at: Moment) {
        self.resume(id, Waiting::Clock(wait), at);
    }

    /// A new strand; it goes on at once.
    pub fn spawn(&mut self, scope: ScopeId, owner: Owner, time: Moment, frames: Vec<Frame<'s>>) -> StrandId {
        let id = StrandId(self.number());
        let strand = Strand { frames, time, waiting: Waiting::Nothing, wait: 0, owner, scope };
        self.strands.insert(id, strand);
        self.scopes.own(scope, Owned::Strand(id));
        self.ready.push_back(id);
        id
    }

    fn strand_ended(&mut self, id: StrandId) {
        let Some(strand) = self.strands.remove(&id) else { return };
        self.scopes.disown(strand.scope, Owned::Strand(id));
        match strand.owner {
            Owner::Stage => self.stage_ended(strand.time),
            Owner::Every(every) => {
                if let Some(every) = self.everies.get_mut(&every) {
                    every.running = None;
                }
            }
            Owner::Join(parent) => {
                let Some(joined) = self.strands.get_mut(&parent) else { return };
                joined.time = joined.time.max(strand.time);
                if let Waiting::Branches(left) = &mut joined.waiting {
                    *left -= 1;
                    if *left == 0 {
                        joined.waiting = Waiting::Nothing;
                        self.ready.push_back(parent);
                    }
                }
            }
        }
    }

    /// Enters a block. What makes it (a frame of the strand) is pushed by the caller.
    pub fn enter(&mut self, id: StrandId, parent: ScopeId, began: Moment, entry: Entry<'_>) -> ScopeId {
        let Some(outer) = self.scopes.get(parent) else { return parent };
        let deadline = entry.duration.map(|duration| began.after(duration));
        let (limit, depth) = (deadline.map_or(outer.limit, |end| end.min(outer.limit)), outer.depth + 1);
        let place = outer.place.inner(entry.span, entry.pass);
        let names = Names::inside(&outer.names, entry.bound);
        let pinned =
            entry.block.map_or_else(|| Rc::new([]) as Rc<[_]>, |block| self.measurements.begin_with(block));
        self.measurements.pin(self.world, &pinned, began);
        if let ScopeKind::Phase { .. } = entry.kind {
            let over_phases = self.measurements.over_phases();
            self.measurements.pin(self.world, &over_phases, began);
        }
        let scope = self.scopes.add(Scope {
            parent: Some(parent),
            depth,
            kind: entry.kind,
            place,
            began,
            deadline,
            limit,
            strand: id,
            names,
            owned: Vec::new(),
            pinned,
        });
        if let Some(deadline) = deadline {
            self.timers.add(deadline, depth, Due::End(scope));
        }
        scope
    }

    /// Enters a block and its statements.
    fn enter_block(
        &mut self,
        id: StrandId,
        parent: ScopeId,
        began: Moment,
        entry: Entry<'_>,
        body: &'s Block,
    ) -> ScopeId {
        let scope = self.enter(id, parent, began, entry);
        self.push(id, Frame::Scope(scope));
        self.push(id, Frame::Steps { steps: &body.steps, next: 0, scope });
        scope
    }

    fn enter_phase(
        &mut self,
        id: StrandId,
        parent: ScopeId,
        span: Span,
        name: &'s Expr,
        duration: Option<&'s Expr>,
        body: &'s Block,
    ) -> Result<(), NoValue> {
        let name = self.value(parent, name)?.to_string();
        if self.filtered(parent, &name, body) {
            self.notice(Some(span), format!("the phase \"{name}\" was left out, as asked"));
            return Ok(());
        }
        let duration = duration.map(|duration| self.duration(parent, duration)).transpose()?;
        let pass = self.phase_passes.entry(span).or_default();
        *pass += 1;
        let (pass, number, due) = (*pass, self.number(), self.time(id));
        let (_, outer) = self.scopes.around(parent);
        let kind = ScopeKind::Phase { number, name: name.clone() };
        let entry = Entry { block: Some(body), duration, ..Entry::of(kind, span) };
        let line = self.sources.line(span);
        let started = PhaseStarted { phase: number, name, line, pass, parent: outer, due: due.seconds() };
        self.tell(EventKind::PhaseStarted(started));
        self.enter_block(id, parent, due, entry, body);
        Ok(())
    }

    fn enter_repeat(
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
        let time = self.time(id);
        let scope = self.enter(id, parent, time, Entry { duration, ..Entry::of(ScopeKind::Loop, span) });
        let repeating = Repeating { scope, body, span, passes: 0, until, began: time };
        self.push(id, Frame::Repeat(repeating));
        Ok(())
    }

    /// A `repeat` is on top: its next pass begins, or it is done.
    fn next_pass(&mut self, id: StrandId, time: Moment) {
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
    fn begin_pass(
        &mut self,
        id: StrandId,
        parent: ScopeId,
        span: Span,
        pass: u64,
        time: Moment,
        body: &'s Block,
        bound: Vec<(VariableId, Value)>,
    ) {
        if pass <= PASSES_TOLD || pass.is_multiple_of(PASSES_TOLD) {
            self.tell(EventKind::PassStarted { line: self.sources.line(span), pass });
        }
        let kind = ScopeKind::Pass { number: pass };
        let entry = Entry { pass, bound, block: Some(body), ..Entry::of(kind, span) };
        self.enter_block(id, parent, time, entry, body);
    }

    fn rows(&mut self, scope: ScopeId, source: &'s EachSource) -> Result<Vec<Value>, NoValue> {
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
    fn next_row(&mut self, id: StrandId, time: Moment) {
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

    fn enter_parallel(&mut self, id: StrandId, parent: ScopeId, span: Span, branches: &'s [Block]) {
        let time = self.time(id);
        let entry = Entry { block: branches.first(), ..Entry::of(ScopeKind::Parallel, span) };
        let scope = self.enter(id, parent, time, entry);
        self.push(id, Frame::Scope(scope));
        if branches.is_empty() {
            return;
        }
        self.wait_for(id, Waiting::Branches(branches.len()));
        for branch in branches {
            let steps = Frame::Steps { steps: &branch.steps, next: 0, scope };
            self.spawn(scope, Owner::Join(id), time, vec![steps]);
        }
    }

    fn wait_for_at(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        at: &'s Expr,
        body: &'s Block,
    ) -> Result<(), NoValue> {
        if self.filtered_whole(scope, body) {
            self.notice(Some(span), "this `at` was left out, for all its phases were".into());
            return Ok(());
        }
        let (_, _, began) = self.stands_in(scope);
        let due = began.after(self.duration(scope, at)?);
        let time = self.time(id);
        if time.since(due) > LATE {
            let late = crate::lang::unit::format_duration(time.since(due));
            self.notice(Some(span), format!("this `at` was reached {late} late"));
        }
        self.push(id, Frame::At { parent: scope, span, body });
        self.sleep(id, scope, due);
        Ok(())
    }

    fn schedule_pass(&mut self, every: u64, before: Moment) -> Result<(), NoValue> {
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

    /// A block has reached its exact end: what its strand still does in it is cut.
    pub fn reached_end(&mut self, id: ScopeId, at: Moment) {
        let Some(strand) = self.scopes.get(id).map(|scope| scope.strand) else { return };
        let Some(running) = self.strands.get_mut(&strand) else { return };
        let place = running.frames.iter().position(|frame| match frame {
            Frame::Scope(scope) => *scope == id,
            Frame::Repeat(repeating) => repeating.scope == id,
            Frame::Each(each) => each.scope == id,
            _ => false,
        });
        let Some(place) = place else {
            self.cleanup_ran_out(id);
            return;
        };
        // What only waits to be judged has had its time.
        let judging = matches!(running.waiting, Waiting::Watch(watch)
            if self.watches.get(&watch).is_some_and(|watch| watch.judged_once()));
        let cut = running.frames.iter().skip(place + 1).any(|frame| match frame {
            Frame::Steps { steps, next, .. } => !judging || *next < steps.len(),
            _ => true,
        });
        running.frames.truncate(place);
        let waited = std::mem::replace(&mut running.waiting, Waiting::Nothing);
        running.time = at;
        self.ready.push_back(strand);
        if let Waiting::Answer(ticket) = waited {
            self.end_command(ticket);
        }
        self.leave_whole(id, at, cut);
    }
}

impl Entry<'_> {
    /// A block of that kind, made by the statement at `span`.
    pub fn of(kind: ScopeKind, span: Span) -> Entry<'static> {
        Entry { kind, span, pass: 0, duration: None, block: None, bound: Vec::new() }
    }
}
