//! How a strand goes on: from one statement to the next, into blocks and out of them.

use super::interpreter::Interpreter;
use super::scope::{Owned, ScopeId};
use super::strand::{Frame, Owner, Strand, StrandId, Waiting};
use super::timers::Due;
use crate::check::scenario::{Qualifier, Step, StepKind};
use crate::event::{EventKind, Verdict};
use crate::lang::eval::NoValue;
use crate::lang::moment::Moment;
use crate::lang::unit::format_duration;

impl<'s> Interpreter<'s, '_> {
    /// Lets a strand go on as far as it can; in a rehearsal, to its next statement.
    pub fn advance(&mut self, id: StrandId) {
        let mut stepped = false;
        while let Some(strand) = self.strands.get_mut(&id).filter(|strand| strand.waiting == Waiting::Nothing)
        {
            if stepped && self.options.rehearsal {
                self.ready.push_front(id);
                return;
            }
            let time = strand.time;
            stepped = true;
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
                    self.enter_at(id, parent, span, time, body);
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
        self.depth = self.depth(scope);
        match self.try_execute(id, scope, step) {
            Ok(()) => {}
            Err(lacking) if self.options.rehearsal => self.step_without_value(step, &lacking),
            Err(lacking) => {
                self.notice(Some(step.span), format!("this was left out: {lacking}"));
                self.count(Verdict::Fail);
            }
        }
        self.depth = None;
    }

    fn try_execute(&mut self, id: StrandId, scope: ScopeId, step: &'s Step) -> Result<(), NoValue> {
        let time = self.time(id);
        match &step.kind {
            StepKind::Tell(tell) => self.tell_target(id, scope, tell)?,
            StepKind::Load(load) => self.start_load(id, scope, step.span, load)?,
            StepKind::Expect(expectation) if self.options.rehearsal => self.list(id, scope, *expectation)?,
            StepKind::Expect(expectation) => self.expect(id, scope, *expectation)?,
            StepKind::Phase { name, duration, body } => {
                self.enter_phase(id, scope, step.span, name, duration.as_ref(), body)?;
            }
            StepKind::Repeat { count, body } => self.enter_repeat(id, scope, step.span, count, body)?,
            StepKind::ForEach { variable, source, body } => {
                self.enter_each(id, scope, step.span, *variable, source, body)?;
            }
            StepKind::Parallel { branches } => {
                self.tell_step(step.span, |_| "parallel".to_owned());
                self.enter_parallel(id, scope, step.span, branches);
            }
            StepKind::Group(block) => self.push(id, Frame::Steps { steps: &block.steps, next: 0, scope }),
            StepKind::Every { period, body } => self.begin_every(id, scope, step.span, period, body)?,
            StepKind::At { time: at, body } => self.wait_for_at(id, scope, step.span, at, body)?,
            StepKind::Choose(picks) => self.choose(id, scope, step.span, picks),
            StepKind::Do { sequence, arguments } => {
                self.tell_step(step.span, |run| run.head(step.span));
                self.enter_sequence(id, scope, step.span, *sequence, arguments)?;
            }
            StepKind::Wait(duration) => {
                let duration = self.duration(scope, duration)?;
                self.tell_step(step.span, |_| format!("wait {}", format_duration(duration)));
                self.sleep(id, scope, time.after(duration));
            }
            // What is waited for is there.
            StepKind::WaitUntil { .. } if self.options.rehearsal => {
                self.tell_step(step.span, |run| run.head(step.span));
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
            Owner::Every(every) => self.every_passed(every),
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
}
