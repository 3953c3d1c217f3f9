//! Blocks that are not loops: `at`, braces, `parallel`, `choose`, sequences.

use super::amount::{Tally, Time};
use super::frame::{Frame, Open, Walked};
use super::known::Known;
use super::walk::Walker;
use super::{Count, StepKind};
use crate::check::scenario::{self, Block};
use crate::lang::expr::{Expr, SequenceId, VariableId};
use crate::source::Span;

impl<'a> Walker<'a> {
    pub fn at(&mut self, time: &'a Expr, body: &'a Block, span: Span, frame: &mut Frame<'a>) {
        let due = self.known.time(time);
        frame.advance(frame.now.later(due).since(frame.now));
        if !frame.cut {
            self.inner(body, span, frame, |known| format!("at {}", known.shown(time)));
        }
    }

    /// Braces only group: what is started in them belongs to the block around.
    pub fn group(&mut self, body: &'a Block, span: Span, frame: &mut Frame<'a>) {
        let place = self.add(frame, span, StepKind::Block, |_| "{ … }".to_string());
        let (outer, began) = (std::mem::replace(&mut frame.around.place, place), frame.now);
        let start = frame.here();
        self.statements(body, frame);
        frame.around.place = outer;
        let taken = frame.now.since(began);
        if let Some(step) = self.draft.step(place) {
            step.end = std::time::Duration::from_nanos(start.saturating_add(taken.least));
            step.longest = taken.most.map(std::time::Duration::from_nanos);
        }
    }

    /// A block that begins now and is shown as one.
    pub fn inner(
        &mut self,
        body: &'a Block,
        span: Span,
        frame: &mut Frame<'a>,
        text: impl FnOnce(&Known) -> String,
    ) {
        let place = self.add(frame, span, StepKind::Block, text);
        let walked = self.block(body, frame.inside(place), None);
        self.took(frame, place, walked.taken);
        frame.take(walked);
    }

    pub fn call(
        &mut self,
        id: SequenceId,
        arguments: &'a [(VariableId, Expr)],
        span: Span,
        frame: &mut Frame<'a>,
    ) {
        let sequence = &self.known.scenario.sequences[id.index()];
        let values: Vec<_> =
            arguments.iter().map(|(name, value)| (*name, self.known.to_bind(value))).collect();
        let mark = self.known.mark();
        for (variable, value) in values {
            self.known.bind(variable, value);
        }
        self.inner(&sequence.body, span, frame, |known| known.written(span));
        self.known.forget(mark);
    }

    /// Each branch begins now; all that they start lasts until the last of them has ended.
    pub fn parallel(&mut self, branches: &'a [Block], span: Span, frame: &mut Frame<'a>) {
        let place = self.add(frame, span, StepKind::Block, |_| "parallel".to_string());
        let mut taken = Time::ZERO;
        let mut frames = Vec::new();
        for branch in branches {
            let mut inner = Frame::new(frame.inside(place));
            self.statements(branch, &mut inner);
            taken = taken.later(inner.now);
            frames.push(inner);
        }
        let mut walked = Walked { taken, ..Walked::default() };
        for mut inner in frames {
            self.close(&mut inner, taken);
            walked.cut |= inner.cut;
            walked.tally.plus(inner.tally);
        }
        self.took(frame, place, taken);
        frame.take(walked);
    }

    /// What is picked belongs to the block around.
    pub fn choose(&mut self, branches: &'a [(f64, scenario::Step)], span: Span, frame: &mut Frame<'a>) {
        let place = self.add(frame, span, StepKind::Choice, |_| "choose one of".to_string());
        let mut picked: Option<(Time, Tally, bool)> = None;
        for (_, step) in branches {
            let mut inner = Frame::new(frame.inside(place));
            self.step(step, &mut inner);
            let chance = Count { least: u64::from(branches.len() == 1), ..Count::exactly(1) };
            let start = frame.now;
            frame.open.extend(inner.open.into_iter().map(|open| Open {
                start: start.plus(open.start),
                chance: open.chance.times(chance),
                ..open
            }));
            picked = Some(match picked {
                None => (inner.now, inner.tally, inner.cut),
                Some((time, tally, cut)) => {
                    (time.either(inner.now), tally.either(&inner.tally), cut && inner.cut)
                }
            });
        }
        let (taken, tally, cut) = picked.unwrap_or((Time::ZERO, Tally::default(), false));
        self.took(frame, place, taken);
        frame.take(Walked { taken, cut, tally });
    }
}
