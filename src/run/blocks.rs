//! Blocks: entered at the time of their strand, left at their exact end.

use super::interpreter::Interpreter;
use super::scope::{Names, Scope, ScopeId, ScopeKind};
use super::strand::{Frame, Owner, StrandId, Waiting};
use super::timers::Due;
use crate::check::scenario::{Block, Step};
use crate::event::{EventKind, PhaseStarted};
use crate::lang::eval::NoValue;
use crate::lang::expr::{Expr, SequenceId, VariableId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::source::Span;
use rand::Rng;
use std::rc::Rc;
use std::time::Duration;

/// An `at` that is reached so much late is reported.
const LATE: Duration = Duration::from_millis(10);

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

impl Entry<'_> {
    /// A block of that kind, made by the statement at `span`.
    pub fn of(kind: ScopeKind, span: Span) -> Entry<'static> {
        Entry { kind, span, pass: 0, duration: None, block: None, bound: Vec::new() }
    }
}

impl<'s> Interpreter<'s, '_> {
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
    pub fn enter_block(
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

    pub fn enter_phase(
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

    pub fn enter_parallel(&mut self, id: StrandId, parent: ScopeId, span: Span, branches: &'s [Block]) {
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

    pub fn wait_for_at(
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
        let mut due = began.after(self.duration(scope, at)?);
        let time = self.time(id);
        if due.since(time) > LATE && self.waits_for_nobody(scope, body) {
            self.notice(
                Some(span),
                "this `at` begins at once, for what stands before it was left out".into(),
            );
            due = time;
        }
        if time.since(due) > LATE {
            let late = crate::lang::unit::format_duration(time.since(due));
            self.notice(Some(span), format!("this `at` was reached {late} late"));
        }
        self.push(id, Frame::At { parent: scope, span, body });
        self.sleep(id, scope, due);
        Ok(())
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

    /// An `at` whose time has come.
    pub fn enter_at(&mut self, id: StrandId, parent: ScopeId, span: Span, time: Moment, body: &'s Block) {
        self.depth = self.depth(parent);
        self.tell_step(span, |run| run.head(span));
        self.depth = None;
        let entry = Entry { block: Some(body), ..Entry::of(ScopeKind::At, span) };
        self.enter_block(id, parent, time, entry, body);
    }

    /// `choose`: what it picks belongs to the block around.
    pub fn choose(&mut self, id: StrandId, scope: ScopeId, span: Span, picks: &'s [(f64, Step)]) {
        let (_, place, _) = self.stands_in(scope);
        let mut random = place.inner(span, 0).stream(self.options.seed);
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

    /// `do`: a block with the sequence's parameters bound.
    pub fn enter_sequence(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        sequence: SequenceId,
        arguments: &'s [(VariableId, Expr)],
    ) -> Result<(), NoValue> {
        let body = &self.scenario.sequences[sequence.index()].body;
        let mut bound = Vec::with_capacity(arguments.len());
        for (variable, value) in arguments {
            bound.push((*variable, self.value(scope, value)?));
        }
        let time = self.time(id);
        let entry = Entry { block: Some(body), bound, ..Entry::of(ScopeKind::Sequence, span) };
        self.enter_block(id, scope, time, entry, body);
        Ok(())
    }
}
