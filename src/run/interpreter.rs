//! The state of a run, and the loop that drives it.

use super::faults::Fault;
use super::loads::Running;
use super::loops::Every;
use super::mask;
use super::measurements::Measurements;
use super::overrides::Overrides;
use super::random::Place;
use super::scope::{Names, ScopeId, Scopes};
use super::stages::Stages;
use super::strand::{Strand, StrandId, Waiting};
use super::surroundings::Around;
use super::tell::Pending;
use super::timers::{Due, Timers};
use super::watch::{Watch, WatchId};
use super::world::{FaultId, LoadId, Observation, Order, Ticket, World};
use super::{Ending, Options, Outcome};
use crate::check::scenario::Scenario;
use crate::event::{Event, EventKind, Verdict};
use crate::lang::eval::{NoValue, evaluate_drawn};
use crate::lang::expr::{Expr, SeriesId};
use crate::lang::mask::Mask;
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::source::{Sources, Span};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// The state of a run.
pub(super) struct Interpreter<'s, 'w> {
    pub scenario: &'s Scenario,
    pub sources: &'s Sources,
    pub options: &'s Options,
    pub world: &'w mut dyn World,
    sink: &'w mut dyn FnMut(Event),
    pub mask: Mask,
    /// The moment of what is being dealt with.
    pub now: Moment,
    pub scopes: Scopes,
    pub strands: BTreeMap<StrandId, Strand<'s>>,
    pub ready: VecDeque<StrandId>,
    pub timers: Timers,
    pub pending: BTreeMap<Ticket, Pending<'s>>,
    pub overrides: Overrides,
    pub faults: BTreeMap<FaultId, Fault<'s>>,
    pub loads: BTreeMap<LoadId, Running>,
    pub everies: BTreeMap<u64, Every<'s>>,
    pub watches: BTreeMap<WatchId, Watch<'s>>,
    /// The watches that depend on a series.
    pub watchers: BTreeMap<SeriesId, BTreeSet<WatchId>>,
    /// Watches to be judged anew, because something they depend on changed at that moment.
    pub dirty: BTreeSet<WatchId>,
    pub dirty_at: Moment,
    pub measurements: Measurements<'s>,
    pub stages: Stages,
    pub verdict: Verdict,
    pub number: u64,
    /// How often each phase was entered, by where it stands.
    pub phase_passes: BTreeMap<Span, u64>,
    /// How many blocks stand around the statement that is carried out, where that is told.
    pub depth: Option<u32>,
}

/// Runs a scenario in a world, and tells what happens.
///
/// It returns when the run has ended: every fault undone, every load drained, `cleanup` done.
pub async fn run(
    scenario: &Scenario,
    sources: &Sources,
    options: &Options,
    world: &mut dyn World,
    sink: &mut dyn FnMut(Event),
) -> Outcome {
    let mut interpreter = Interpreter::new(scenario, sources, options, world, sink);
    interpreter.begin();
    loop {
        if options.rehearsal {
            interpreter.work_in_order().await;
        } else {
            interpreter.work();
        }
        if let Some(outcome) = interpreter.finished() {
            return outcome;
        }
        // What changed is judged as soon as nothing more is known of that instant.
        let until = if interpreter.dirty.is_empty() { interpreter.timers.next() } else { interpreter.now };
        match interpreter.world.next(until).await {
            Some(observation) => interpreter.observe(observation),
            None => interpreter.clock(until),
        }
    }
}

impl<'s, 'w> Interpreter<'s, 'w> {
    fn new(
        scenario: &'s Scenario,
        sources: &'s Sources,
        options: &'s Options,
        world: &'w mut dyn World,
        sink: &'w mut dyn FnMut(Event),
    ) -> Interpreter<'s, 'w> {
        let measurements = Measurements::new(scenario, world);
        Interpreter {
            scenario,
            sources,
            options,
            now: world.now(),
            world,
            sink,
            // A rehearsal knows no secret: what stands for one is its name.
            mask: Mask::new(options.secrets.iter().filter(|_| !options.rehearsal).cloned()),
            scopes: Scopes::default(),
            strands: BTreeMap::new(),
            ready: VecDeque::new(),
            timers: Timers::default(),
            pending: BTreeMap::new(),
            overrides: Overrides::default(),
            faults: BTreeMap::new(),
            loads: BTreeMap::new(),
            everies: BTreeMap::new(),
            watches: BTreeMap::new(),
            watchers: BTreeMap::new(),
            dirty: BTreeSet::new(),
            dirty_at: Moment::START,
            measurements,
            stages: Stages::default(),
            verdict: Verdict::Pass,
            number: 0,
            phase_passes: BTreeMap::new(),
            depth: None,
        }
    }

    /// A number that nothing else in this run has.
    pub fn number(&mut self) -> u64 {
        self.number += 1;
        self.number
    }

    /// Tells what happens now.
    pub fn tell(&mut self, kind: EventKind) {
        self.tell_inside(self.now, self.depth, kind);
    }

    /// Tells what happened at a moment.
    pub fn tell_at(&mut self, at: Moment, kind: EventKind) {
        self.tell_inside(at, None, kind);
    }

    /// Tells what happened at a moment, inside so many blocks.
    pub fn tell_inside(&mut self, at: Moment, depth: Option<u32>, kind: EventKind) {
        let event = mask::event(&self.mask, Event { depth, ..Event::new(at.seconds(), kind) });
        (self.sink)(event);
    }

    /// Something did not go as planned, and the run goes on.
    pub fn notice(&mut self, span: Option<Span>, text: String) {
        let line = span.map(|span| self.sources.line(span));
        self.tell(EventKind::Noticed { line, text });
    }

    /// The run is at best so good.
    pub fn count(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(verdict);
    }

    /// Gives an order; what is to be done with its answer is remembered.
    pub fn order(&mut self, order: Order, pending: Pending<'s>) -> Ticket {
        let ticket = Ticket(self.number());
        self.pending.insert(ticket, pending);
        self.world.order(ticket, order);
        ticket
    }

    /// What is known around an expression that stands in a block.
    pub fn around<'a>(
        &'a mut self,
        names: &'a Names,
        place: Place,
        block: (Moment, Option<Moment>),
        now: Moment,
    ) -> Around<'a, 's> {
        Around {
            scenario: self.scenario,
            options: self.options,
            measurements: &self.measurements,
            world: self.world,
            names,
            random: place.stream(self.options.seed),
            block,
            now,
            passed_on: None,
            reply: &[],
        }
    }

    /// Evaluates an expression that stands in a block, drawing from ranges.
    pub fn value(&mut self, scope: ScopeId, expr: &Expr) -> Result<Value, NoValue> {
        if let Some(value) = expr.constant().filter(|value| !matches!(value, Value::Range(..))) {
            return Ok(value.clone());
        }
        let (names, place, began) = self.stands_in(scope);
        let place = place.inner(expr.span, 0);
        let now = self.now;
        evaluate_drawn(expr, &mut self.around(&names, place, (began, None), now))
    }

    /// The names, the place and the beginning of a block.
    pub fn stands_in(&self, scope: ScopeId) -> (Rc<Names>, Place, Moment) {
        match self.scopes.get(scope) {
            Some(scope) => (Rc::clone(&scope.names), scope.place, scope.began),
            None => (Rc::default(), Place::STORY, self.now),
        }
    }

    /// Evaluates a duration.
    pub fn duration(&mut self, scope: ScopeId, expr: &Expr) -> Result<Duration, NoValue> {
        let value = self.value(scope, expr)?;
        let duration = value.as_quantity().and_then(crate::lang::quantity::Quantity::to_duration);
        duration.ok_or_else(|| NoValue::Mismatch(format!("`{value}` is no time to wait")))
    }

    /// Evaluates a whole number.
    pub fn whole(&mut self, scope: ScopeId, expr: &Expr) -> Result<u64, NoValue> {
        let value = self.value(scope, expr)?;
        let count = value.as_quantity().and_then(crate::lang::quantity::Quantity::to_count);
        count.ok_or_else(|| NoValue::Mismatch(format!("`{value}` is no whole number")))
    }

    /// Lets everything that can go on do so; what a statement brings about at its instant is told before the next one
    /// begins. Only where the world never waits.
    async fn work_in_order(&mut self) {
        loop {
            while let Some(observation) = self.world.next(self.now).await {
                self.observe(observation);
            }
            match self.ready.pop_front() {
                Some(strand) => self.advance(strand),
                None => {
                    self.continue_stages();
                    if self.ready.is_empty() {
                        return;
                    }
                }
            }
        }
    }

    /// Lets everything that can go on do so.
    fn work(&mut self) {
        loop {
            while let Some(strand) = self.ready.pop_front() {
                self.advance(strand);
            }
            self.continue_stages();
            if self.ready.is_empty() {
                return;
            }
        }
    }

    /// Nothing more has happened up to `until`.
    fn clock(&mut self, until: Moment) {
        self.now = self.world.now().max(self.now);
        if !self.dirty.is_empty() {
            self.judge_dirty();
            return;
        }
        if until == Moment::NEVER {
            self.fail("nothing is left that could go on".into());
            return;
        }
        self.tidy_timers();
        let Some((at, due)) = self.timers.take(self.now) else { return };
        match due {
            Due::Sample(series) => self.sample_due(series, at),
            Due::Wake(strand, wait) => self.wake(strand, wait, at),
            Due::Alarm(watch) => self.alarm(watch, at),
            Due::End(scope) => self.reached_end(scope, at),
            Due::Pass(every) => self.pass_due(every, at),
        }
    }

    fn tidy_timers(&mut self) {
        let (strands, watches, everies, scopes) = (&self.strands, &self.watches, &self.everies, &self.scopes);
        self.timers.tidy(|due| match due {
            Due::Sample(_) => true,
            Due::Wake(strand, wait) => {
                strands.get(&strand).is_some_and(|strand| strand.waiting == Waiting::Clock(wait))
            }
            Due::Alarm(watch) => watches.contains_key(&watch),
            Due::End(scope) => scopes.get(scope).is_some(),
            Due::Pass(every) => everies.contains_key(&every),
        });
    }

    /// Takes in what the world tells.
    fn observe(&mut self, observation: Observation) {
        self.now = self.world.now().max(self.now);
        match observation {
            Observation::Recorded { series, at, record } => {
                self.changed(series, at);
                self.measurements.record(series, at, record);
                self.record_derived(series, at);
            }
            Observation::Changed { series, at } => {
                self.changed(series, at);
                self.record_derived(series, at);
            }
            Observation::Restarted { target, at } => self.measurements.restarted(target, at),
            Observation::Answered { ticket, at, answer } => self.answered(ticket, at, answer),
            Observation::RateChanged { load, at, change } => self.rate_changed(load, at, change),
            Observation::LoadEnded { load, at } => self.load_ended(load, at),
            Observation::Told { at, event } => self.tell_at(at, event),
            Observation::Interrupted { signal } => self.interrupted(signal),
        }
    }

    /// The run cannot go on.
    pub fn fail(&mut self, why: String) {
        self.abandon(Ending::Failed(why));
    }
}
