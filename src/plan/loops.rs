//! Loops: gone through once, and counted.
//!
//! On the shortest course every pass of a `repeat` and of an `every` takes the same time, for nothing in it depends on
//! which one it is. The last may be cut, and is gone through again to see what fits in it.

use super::amount::{Left, Tally, Time};
use super::draft::Place;
use super::frame::{Around, Frame, Walked};
use super::known::Bound;
use super::walk::Walker;
use super::{Count, MAX_PASSES_KEPT, StepKind};
use crate::check::scenario::{Block, EachSource, Repeat};
use crate::lang::expr::{Expr, ExprKind, VariableId};
use crate::lang::value::Value;
use crate::source::Span;

/// What a loop came to.
pub(super) struct Looped {
    pub walked: Walked,
    pub passes: Count,
}

impl<'a> Walker<'a> {
    pub fn repeat(&mut self, count: &'a Repeat, body: &'a Block, span: Span, frame: &mut Frame<'a>) {
        let place = self.add(frame, span, StepKind::Loop, |known| known.repeat(count, body));
        let looped = match count {
            Repeat::Times(times) => self.times(self.known.count(times), body, frame.inside(place)),
            Repeat::For(time) => self.repeat_for(self.known.time(time), body, frame.inside(place)),
            Repeat::Until { max, .. } => {
                let most = max.as_ref().and_then(|max| self.known.time(max).most);
                self.until(most, body, frame.inside(place))
            }
        };
        if let Some(step) = self.draft.step(place) {
            step.passes = Some(looped.passes);
        }
        self.took(frame, place, looped.walked.taken);
        frame.take(looped.walked);
    }

    /// `repeat 100`
    fn times(&mut self, times: Count, body: &'a Block, around: Around) -> Looped {
        if times.most == Some(0) {
            return Looped { walked: Walked::default(), passes: Count::ZERO };
        }
        let first = self.block(body, around, None);
        let pass = first.taken;
        let whole = pass.times(times);
        let fits = around.left.least.is_none_or(|left| whole.least <= left);
        if first.cut || !fits {
            let mut looped = self.until_cut(first, body, around);
            // It may also have been done before, where as few passes as there may be take no longer.
            looped.passes.least = looped.passes.least.min(times.least);
            return looped;
        }
        // On the longest course the blocks around may leave time for fewer.
        let least = match (around.left.most, pass.most) {
            (Some(left), Some(pass)) if pass > 0 => times.least.min(left / pass),
            (Some(_), None) => 0,
            _ => times.least,
        };
        let passes = Count { least, ..times };
        let walked = Walked { taken: whole, cut: false, tally: first.tally.times(passes) };
        Looped { walked, passes }
    }

    /// `repeat for 10m`: exactly so long, or as long as the blocks around leave.
    fn repeat_for(&mut self, time: Time, body: &'a Block, around: Around) -> Looped {
        let inner = Around { left: around.left.or(time), ..around };
        let first = self.block(body, inner, None);
        let mut looped = self.until_cut(first, body, inner);
        looped.walked.taken = time;
        looped.walked.cut = false;
        looped
    }

    /// Passes until the time that is left has passed.
    fn until_cut(&mut self, first: Walked, body: &'a Block, around: Around) -> Looped {
        let pass = first.taken;
        let room = around.left.least.unwrap_or(0);
        let taken = Time { least: room, most: None }.within(around.left);
        if first.cut {
            let passes = Count::exactly(1);
            return Looped { walked: Walked { taken, cut: true, tally: first.tally }, passes };
        }
        if pass.least == 0 {
            let tally = first.tally.times(Count { least: 1, ..Count::UNKNOWN });
            let passes = Count { least: 1, ..Count::UNKNOWN };
            return Looped { walked: Walked { taken, cut: true, tally }, passes };
        }
        let (full, over) = (room / pass.least, room % pass.least);
        let started = full + u64::from(over > 0);
        if pass.is_fixed() && around.left.most == around.left.least {
            let mut tally = first.tally.times(Count::exactly(full));
            if over > 0 {
                let left = Left { least: Some(over), most: Some(over) };
                let origin = around.origin.saturating_add(full.saturating_mul(pass.least));
                tally.plus(
                    self.block(body, Around { origin, left, place: Place::Nowhere, ..around }, None).tally,
                );
            }
            return Looped { walked: Walked { taken, cut: true, tally }, passes: Count::exactly(started) };
        }
        // Either course may be the shorter one, and passes may be longer on one than on the other.
        let rooms = (around.left.most.unwrap_or(room).min(room), around.left.most.map(|most| most.max(room)));
        let least = pass.most.map_or(0, |most| rooms.0 / most.max(1));
        let most = rooms.1.map(|room| room.div_ceil(pass.least));
        let passes = Count { least, most, expected: false };
        Looped { walked: Walked { taken, cut: true, tally: first.tally.times(passes) }, passes }
    }

    /// `repeat until`: on the shortest course it is true at once.
    fn until(&mut self, max: Option<u64>, body: &'a Block, around: Around) -> Looped {
        let first = self.block(body, around, None);
        let walked = Walked { taken: Time::up_to(max), cut: false, tally: first.tally.times(Count::UNKNOWN) };
        Looped { walked, passes: Count::UNKNOWN }
    }

    /// A pass for each row or element.
    pub fn for_each(
        &mut self,
        variable: VariableId,
        source: &'a EachSource,
        body: &'a Block,
        span: Span,
        frame: &mut Frame<'a>,
    ) {
        let name = self.known.scenario.variables.get(variable.index()).cloned().unwrap_or_default();
        let values = self.elements(source);
        let place = self.add(frame, span, StepKind::Loop, |_| format!("for each {name}"));
        let before = (frame.now, frame.here());
        let passes = match &values {
            None => {
                let mark = self.known.mark();
                self.known.bind(variable, Bound::Unknown);
                let walked = self.block(body, frame.inside(place), None);
                self.known.forget(mark);
                let tally = walked.tally.times(Count::UNKNOWN);
                frame.take(Walked { taken: Time::up_to(None), cut: false, tally });
                Count::UNKNOWN
            }
            Some(values) => {
                let mut passes = 0;
                for value in values {
                    if frame.cut {
                        break;
                    }
                    let kept = if passes < MAX_PASSES_KEPT { place } else { Place::Nowhere };
                    let mark = self.known.mark();
                    self.known.bind(variable, value.clone());
                    let walked = self.block(body, frame.inside(kept), None);
                    self.known.forget(mark);
                    frame.take(walked);
                    passes += 1;
                }
                Count::exactly(passes as u64)
            }
        };
        let taken = frame.now.since(before.0);
        if let Some(step) = self.draft.step(place) {
            step.passes = Some(passes);
            step.end = std::time::Duration::from_nanos(before.1.saturating_add(taken.least));
            step.longest = taken.most.map(std::time::Duration::from_nanos);
        }
    }

    /// What the passes of a `for each` bind; `None` where only the run knows.
    fn elements(&self, source: &EachSource) -> Option<Vec<Bound>> {
        match source {
            EachSource::Table { columns, rows } => {
                let row = |cells: &Vec<Expr>| {
                    let values = cells.iter().map(|cell| self.known.value(cell));
                    Bound::Row(columns.iter().cloned().zip(values).collect())
                };
                Some(rows.iter().map(|(cells, _)| row(cells)).collect())
            }
            EachSource::List(list) => match &list.kind {
                ExprKind::List(items) => Some(items.iter().map(|item| self.known.to_bind(item)).collect()),
                _ => match self.known.value(list)? {
                    Value::List(items) => Some(items.into_iter().map(Bound::Value).collect()),
                    Value::Json(serde_json::Value::Array(items)) => {
                        Some(items.into_iter().map(|item| Bound::Value(Value::from_json(item))).collect())
                    }
                    _ => None,
                },
            },
        }
    }

    /// `every 5m`: the first pass after one period, none at the end of the block; due while the last one still runs, it is
    /// skipped. `around` begins where the statement stands, and `window` is how long it goes on.
    pub fn every(&mut self, period: &'a Expr, body: &'a Block, around: Around, window: Time) -> Tally {
        let period = self.known.time(period).at_least(super::LEAST_PASS.as_nanos() as u64);
        let room = window.least.saturating_sub(period.least);
        let first = if period.least < window.least {
            let inside = Around {
                origin: around.origin.saturating_add(period.least),
                left: around.left.after(period),
                rest: around.rest.map(|rest| rest.saturating_sub(period.least)),
                ..around
            };
            Some((self.block(body, inside, None), inside))
        } else {
            None
        };
        let pass = first.as_ref().map_or(Time::ZERO, |(first, _)| first.taken);
        let shorter = window.most.map_or(window.least, |most| most.min(window.least));
        let longer = window.most.map(|most| most.max(window.least));
        let passes = Count {
            least: period.most.map_or(0, |period| due(period, pass.most, shorter)),
            most: longer
                .filter(|_| period.least > 0)
                .map(|longer| due(period.least, Some(pass.least), longer)),
            expected: false,
        };
        if let Some(step) = self.draft.step(around.place) {
            step.passes = Some(passes);
        }
        let Some((first, inside)) = first else { return Tally::default() };
        let fixed = passes.known().filter(|_| period.is_fixed() && window.is_fixed());
        if let Some(count) = fixed
            && count > 1
            && let Some(last) = (count - 1).checked_mul(stride(period.least, pass.least))
            && pass.least > room.saturating_sub(last)
        {
            // The block ends before its last pass does.
            let over = room.saturating_sub(last);
            let left = Left { least: Some(over), most: Some(over) };
            let mut tally = first.tally.times(Count::exactly(count - 1));
            tally.plus(self.block(body, Around { left, place: Place::Nowhere, ..inside }, None).tally);
            return tally;
        }
        first.tally.times(passes)
    }
}

/// From the start of one pass to the start of the next.
fn stride(period: u64, pass: u64) -> u64 {
    period.saturating_mul(pass.div_ceil(period.max(1)).max(1))
}

/// How many passes begin in a window; of a pass that may take any time, one.
fn due(period: u64, pass: Option<u64>, window: u64) -> u64 {
    if window <= period {
        return 0;
    }
    pass.map_or(1, |pass| 1 + (window - period - 1) / stride(period, pass).max(1))
}
