//! Conditions: watched, judged as samples come, and told of.

use super::interpreter::Interpreter;
use super::scope::{Owned, ScopeId};
use super::strand::{StrandId, Waiting};
use super::tell::Pending;
use super::timers::Due;
use super::watch::{Progress, Purpose, Watch, WatchId};
use super::world::{Order, Record, Sampling};
use crate::check::scenario::{Expectation, Origin, Qualifier as Written, Tolerance as WrittenTolerance};
use crate::expect::figure::truth;
use crate::expect::{Judge, Qualifier, Tolerance};
use crate::lang::eval::{NoValue, evaluate};
use crate::lang::expr::{ExpectationId, Expr, ExprKind, SeriesId, Window};
use crate::lang::function::Aggregate;
use crate::lang::moment::Moment;
use crate::source::Span;
use std::rc::Rc;
use std::time::Duration;

/// Conditions over windows of time are judged at least so often.
pub const TICK: Duration = Duration::from_secs(1);

/// A `wait until` without a `max` waits as long as its block lasts.
const FOREVER: Duration = Duration::MAX;

impl<'s> Interpreter<'s, '_> {
    /// `want`, `expect`, `require`
    pub fn expect(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        expectation: ExpectationId,
    ) -> Result<(), NoValue> {
        let expectation: &'s Expectation = self.scenario.expectation(expectation);
        let qualifier = self.qualifier(scope, expectation)?;
        let name = self.value(scope, &expectation.name)?.to_string();
        let purpose = Purpose::Expectation { expectation, name };
        let time = self.time(id);
        let watch = self.watch(scope, purpose, &expectation.condition, qualifier, time);
        match qualifier {
            Qualifier::Now | Qualifier::Within(_) | Qualifier::ForWithin { .. } => self.wait_on(id, watch),
            Qualifier::For(duration) => self.sleep(id, scope, time.after(duration)),
            Qualifier::Always(_) | Qualifier::Sometimes | Qualifier::AtEnd => {}
        }
        self.gather(watch);
        Ok(())
    }

    /// `wait until`
    pub fn wait_until(
        &mut self,
        id: StrandId,
        scope: ScopeId,
        span: Span,
        condition: &'s Expr,
        max: Option<&'s Expr>,
    ) -> Result<(), NoValue> {
        let max = max.map_or(Ok(FOREVER), |max| self.duration(scope, max))?;
        let time = self.time(id);
        let watch = self.watch(scope, Purpose::Wait(span), condition, Qualifier::Within(max), time);
        self.wait_on(id, watch);
        self.gather(watch);
        Ok(())
    }

    /// The condition of `repeat until`, before a pass.
    pub fn watch_loop(&mut self, id: StrandId, scope: ScopeId, condition: &'s Expr) {
        // Its windows are those of the block that the loop stands in.
        let around = self.scopes.get(scope).and_then(|scope| scope.parent).unwrap_or(scope);
        let time = self.time(id);
        let watch = self.watch(around, Purpose::Loop, condition, Qualifier::Now, time);
        // It belongs to the loop, so that the loop's end ends it.
        self.scopes.disown(around, Owned::Watch(watch));
        self.scopes.own(scope, Owned::Watch(watch));
        if let Some(one) = self.watches.get_mut(&watch) {
            one.scope = Some(scope);
        }
        self.wait_on(id, watch);
        self.gather(watch);
    }

    fn wait_on(&mut self, id: StrandId, watch: WatchId) {
        if let Some(one) = self.watches.get_mut(&watch) {
            one.strand = Some(id);
            self.wait_for(id, Waiting::Watch(watch));
        }
    }

    pub fn qualifier(&mut self, scope: ScopeId, expectation: &'s Expectation) -> Result<Qualifier, NoValue> {
        Ok(match &expectation.qualifier {
            Written::Now => Qualifier::Now,
            Written::Sometimes => Qualifier::Sometimes,
            Written::AtEnd => Qualifier::AtEnd,
            Written::Within(limit) => Qualifier::Within(self.duration(scope, limit)?),
            Written::For(limit) => Qualifier::For(self.duration(scope, limit)?),
            Written::ForWithin { stretch, within } => Qualifier::ForWithin {
                stretch: self.duration(scope, stretch)?,
                within: self.duration(scope, within)?,
            },
            Written::Always => Qualifier::Always(match &expectation.tolerate {
                None => Tolerance::Nothing,
                Some(WrittenTolerance::Time(limit)) => Tolerance::Time(self.duration(scope, limit)?),
                Some(WrittenTolerance::Share(share)) => {
                    let share = self.value(scope, share)?;
                    let number = share.as_quantity().map(crate::lang::quantity::Quantity::to_f64);
                    Tolerance::Share(number.ok_or(NoValue::NotHere("this share"))?)
                }
            }),
        })
    }

    fn watch(
        &mut self,
        scope: ScopeId,
        purpose: Purpose<'s>,
        condition: &'s Expr,
        qualifier: Qualifier,
        time: Moment,
    ) -> WatchId {
        let id = WatchId(self.number());
        let (names, place, began) = self.stands_in(scope);
        let series = self.measurements.bases(condition);
        self.measurements.pin(self.world, &series, began);
        let alive = series.iter().any(|id| self.measurements.sampling(*id) != Sampling::Never);
        // What waits begins when it can, not when it was due; what lasts a stated time begins when it was due.
        let begins = match qualifier {
            Qualifier::Within(_) | Qualifier::ForWithin { .. } => time.max(self.now),
            _ => time,
        };
        let watch = Watch {
            purpose,
            condition,
            judge: Judge::new(qualifier, begins),
            progress: Progress::Watching,
            strand: None,
            scope: Some(scope),
            window: (began, None),
            names,
            place: place.inner(condition.span, 0),
            depth: self.scopes.get(scope).map_or(0, |scope| scope.depth),
            around: self.scopes.around(scope),
            faults: None,
            ticks: alive_with_time(condition, qualifier) && (alive || series.is_empty()),
            series,
            draining: Vec::new(),
            slope: slope_of(condition),
            judged: None,
            armed: Moment::NEVER,
            lenient: self.lenient(),
        };
        for series in watch.series.iter() {
            self.watchers.entry(*series).or_default().insert(id);
        }
        self.watches.insert(id, watch);
        self.scopes.own(scope, Owned::Watch(id));
        id
    }

    /// Asks for what a watch needs before it can be judged for the first time.
    fn gather(&mut self, id: WatchId) {
        let Some(watch) = self.watches.get(&id) else { return };
        let (series, ended, once) = (Rc::clone(&watch.series), watch.window.1.is_some(), watch.judged_once());
        if watch.judge.qualifier() == Qualifier::AtEnd && !ended {
            return;
        }
        let wanted: Vec<SeriesId> = series
            .iter()
            .copied()
            .filter(|id| match self.measurements.sampling(*id) {
                Sampling::Never => false,
                // Of a block that has ended, a new sample says nothing; what has come in before it does.
                Sampling::Polled => !ended,
                Sampling::Pushed | Sampling::Kept => true,
            })
            .collect();
        let draining = if once { self.draining(&series) } else { Vec::new() };
        if let Some(watch) = self.watches.get_mut(&id) {
            watch.progress = Progress::Gathering(wanted.len());
            watch.draining = draining;
        }
        for series in wanted {
            self.order(Order::Sample { series }, Pending::Fresh(id));
        }
        self.arm(id);
        let now = self.now;
        self.gathered(id, now);
    }

    /// A fresh sample has come.
    pub fn fresh(&mut self, id: WatchId, at: Moment) {
        if let Some(watch) = self.watches.get_mut(&id)
            && let Progress::Gathering(left) = &mut watch.progress
        {
            *left = left.saturating_sub(1);
            self.gathered(id, at);
        }
    }

    /// Where a watch has all it waited for, it is judged.
    pub fn gathered(&mut self, id: WatchId, at: Moment) {
        if !self.has_all(id) {
            return;
        }
        if let Some(watch) = self.watches.get_mut(&id) {
            watch.progress = Progress::Watching;
        }
        self.judge(id, at);
    }

    /// Judges a condition by what is known at `at`.
    fn judge(&mut self, id: WatchId, at: Moment) {
        let Some(watch) = self.watches.get(&id) else { return };
        if watch.progress != Progress::Watching || at < watch.judge.began() || watch.too_early(at) {
            return;
        }
        let (condition, names) = (watch.condition, Rc::clone(&watch.names));
        let (place, window) = (watch.place, watch.window);
        let held = truth(condition, &mut self.around(&names, place, window, at));
        let Some(watch) = self.watches.get_mut(&id) else { return };
        watch.judged = Some(at);
        match watch.judge.feed(at, &held) {
            Some(ruling) => self.conclude(id, ruling, at),
            None => self.arm(id),
        }
    }

    /// Sets the next alarm of a watch, where it wants an earlier one than is set.
    fn arm(&mut self, id: WatchId) {
        let now = self.now;
        let Some(watch) = self.watches.get_mut(&id) else { return };
        let mut wanted = watch.judge.alarm().unwrap_or(Moment::NEVER);
        if watch.ticks && watch.judge.watches() {
            let began = watch.judge.began();
            let ticks = now.since(began).as_nanos() / TICK.as_nanos() + 1;
            let nanos = ticks.saturating_mul(TICK.as_nanos());
            let tick = began.after(Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)));
            wanted = wanted.min(tick);
        }
        if wanted < watch.armed {
            watch.armed = wanted;
            let depth = watch.depth;
            self.timers.add(wanted, depth, Due::Alarm(id));
        }
    }

    /// A watch hears from the clock.
    pub fn alarm(&mut self, id: WatchId, at: Moment) {
        let Some(watch) = self.watches.get_mut(&id) else { return };
        if watch.armed <= at {
            watch.armed = Moment::NEVER;
        }
        if watch.ticks {
            self.judge(id, at);
        }
        let Some(watch) = self.watches.get_mut(&id) else { return };
        match watch.judge.clock(at) {
            Some(ruling) => self.conclude(id, ruling, at),
            None => self.arm(id),
        }
    }

    /// A series has changed at `at`: what depends on it is to be judged, once all of that instant is known.
    pub fn changed(&mut self, series: SeriesId, at: Moment) {
        if !self.dirty.is_empty() && self.dirty_at != at {
            self.judge_dirty();
        }
        self.dirty_at = at;
        if let Some(watches) = self.watchers.get(&series) {
            self.dirty.extend(watches.iter().copied());
        }
    }

    /// Judges everything that depends on what has changed.
    pub fn judge_dirty(&mut self) {
        let at = self.dirty_at;
        for watch in std::mem::take(&mut self.dirty) {
            if self.watches.get(&watch).is_some_and(|watch| watch.judge.watches() && watch.window.1.is_none())
            {
                self.judge(watch, at);
            }
        }
    }

    /// Samples of the metrics that are composed of a series.
    pub fn record_derived(&mut self, series: SeriesId, at: Moment) {
        let derived = self.measurements.derived_from(series).to_vec();
        for id in derived {
            let scenario = self.scenario;
            let Origin::Derived(expr) = &scenario.series(id).origin else { continue };
            let names = Rc::default();
            let birth = self.measurements.birth();
            let place = super::random::Place::STORY.inner(expr.span, 0);
            let record = match evaluate(expr, &mut self.around(&names, place, (birth, None), at)) {
                Ok(value) => Record::Value(value),
                Err(lacking) => Record::Nothing(lacking),
            };
            self.measurements.record(id, at, record);
        }
    }

    /// The block of a watch has ended at `at`.
    pub fn end_watch(&mut self, id: WatchId, at: Moment) {
        let faults = self.faults_in_force();
        let Some(watch) = self.watches.get_mut(&id) else { return };
        watch.scope = None;
        watch.strand = None;
        if watch.judged_once() {
            let series = Rc::clone(&watch.series);
            let first = watch.judge.qualifier() == Qualifier::AtEnd;
            watch.faults = Some(faults);
            // The fresh sample of one that was reached at the very end comes a little later, and counts.
            if first || !watch.draining.is_empty() {
                watch.window.1 = Some(at);
                self.measurements.pin(self.world, &series, at);
            }
            if first {
                self.gather(id);
            }
            return;
        }
        let ruling = watch.judge.end(at);
        self.conclude(id, ruling, at);
    }

    /// A watch is of no interest any more.
    pub fn drop_watch(&mut self, id: WatchId) -> Option<Watch<'s>> {
        let watch = self.watches.remove(&id)?;
        for series in watch.series.iter() {
            if let Some(watches) = self.watchers.get_mut(series) {
                watches.remove(&id);
            }
        }
        if let Some(scope) = watch.scope {
            self.scopes.disown(scope, Owned::Watch(id));
        }
        self.measurements.unpin(self.world, &watch.series, watch.window.0);
        if let Some(ended) = watch.window.1 {
            self.measurements.unpin(self.world, &watch.series, ended);
        }
        Some(watch)
    }
}

/// Whether what a condition comes to can change without a new sample.
fn alive_with_time(condition: &Expr, qualifier: Qualifier) -> bool {
    let waits = !matches!(qualifier, Qualifier::Always(_) | Qualifier::Sometimes);
    let mut found = false;
    condition.walk(&mut |part| {
        found |= match &part.kind {
            ExprKind::Elapsed | ExprKind::Measure { window: Window::Over(_), .. } => true,
            ExprKind::Measure { aggregate, window: Window::Block, .. } => {
                waits && !matches!(aggregate, Aggregate::Latest)
            }
            _ => false,
        };
    });
    found
}

/// How far back a condition looks for a slope, where it does.
fn slope_of(condition: &Expr) -> Option<Option<Duration>> {
    let mut slope = None;
    condition.walk(&mut |part| {
        if let ExprKind::Measure { aggregate: Aggregate::Growth, window, .. } = &part.kind {
            slope = Some(match window {
                Window::Over(length) => length
                    .constant()
                    .and_then(crate::lang::value::Value::as_quantity)
                    .and_then(crate::lang::quantity::Quantity::to_duration),
                Window::Block | Window::Phase(_) => None,
            });
        }
    });
    slope
}
