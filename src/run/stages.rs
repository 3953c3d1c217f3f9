//! The stages of a run: `setup`, the start of the targets, the story, their stop, `cleanup`; and how it comes to
//! its end before its time.

use super::interpreter::Interpreter;
use super::random::Place;
use super::scope::{Names, Scope, ScopeId, ScopeKind};
use super::strand::{Frame, Owner, StrandId};
use super::tell::Pending;
use super::timers::Due;
use super::world::{Order, Sampling, Signal};
use super::{CLEANUP_LIMIT, Ending, Outcome};
use crate::check::scenario::Block;
use crate::event::{EventKind, Planned, RunEnded, RunStarted, Stage, VERSION, Verdict};
use crate::lang::expr::SeriesId;
use crate::lang::moment::Moment;
use std::collections::BTreeSet;

/// Where a run is.
#[derive(Debug, Default)]
pub(super) struct Stages {
    step: Step,
    /// Whether the step has been begun and has not ended.
    running: bool,
    /// The block of the step, where it is one, and the strand in it.
    block: Option<(ScopeId, StrandId)>,
    /// Why the run ends before its time.
    ending: Option<Ending>,
    signals: u32,
    /// When the story began and when it ended.
    story: (Moment, Option<Moment>),
    /// When all of `cleanup` must be over.
    cleanup_by: Option<Moment>,
    /// Series whose sample is on its way.
    sampling: BTreeSet<SeriesId>,
    outcome: Option<Outcome>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Step {
    #[default]
    Begin,
    Setup(usize),
    Start,
    Story,
    Stop,
    Cleanup(usize),
    Over,
}

impl<'s> Interpreter<'s, '_> {
    /// Tells that the run begins.
    pub fn begin(&mut self) {
        let (scenario, sources) = (self.scenario, self.sources);
        let planned = |expectation: &'s crate::check::scenario::Expectation| Planned {
            name: match expectation.name.constant() {
                Some(name) => name.to_string(),
                None => sources.text(expectation.name.span).trim().trim_matches('"').to_owned(),
            },
            line: sources.line(expectation.span),
            demand: expectation.demand.word().to_owned(),
            text: expectation.text.clone(),
        };
        let whole = self.options.only.is_empty() && self.options.skip.is_empty();
        let wanted = if whole { std::collections::BTreeSet::new() } else { self.wanted() };
        let numbered = (0u32..).map(crate::lang::expr::ExpectationId).zip(&scenario.expectations);
        let expectations =
            numbered.filter(|(id, _)| whole || wanted.contains(id)).map(|(_, expectation)| expectation);
        let shown = |param: &'s crate::check::scenario::Param| match param.value.constant() {
            Some(value) => value.to_string(),
            None => sources.text(param.value.span).trim().to_owned(),
        };
        self.tell(EventKind::RunStarted(RunStarted {
            version: VERSION,
            soak: env!("CARGO_PKG_VERSION").to_owned(),
            scenario: scenario.title.clone(),
            file: self.options.file.clone(),
            seed: self.options.seed,
            started: self.options.started.clone(),
            params: scenario.params.iter().map(|param| (param.name.clone(), shown(param))).collect(),
            expectations: expectations.map(planned).collect(),
        }));
    }

    /// How the run came out, once it has ended.
    pub fn finished(&mut self) -> Option<Outcome> {
        self.stages.outcome.take()
    }

    /// Whether a missed expectation only warns.
    pub fn lenient(&self) -> bool {
        matches!(self.stages.step, Step::Cleanup(_))
    }

    /// Goes on to the next stage where this one has ended and nothing of it is left.
    pub fn continue_stages(&mut self) {
        while !self.stages.running && self.stages.outcome.is_none() && self.settled() {
            self.next_stage();
        }
    }

    fn settled(&self) -> bool {
        self.watches.is_empty()
            && self.loads.is_empty()
            && self.ready.is_empty()
            && !self.pending.values().any(Pending::must_settle)
    }

    fn next_stage(&mut self) {
        let scenario = self.scenario;
        let stopping = self.stages.ending.is_some();
        self.stages.step = match self.stages.step {
            Step::Begin => Step::Setup(0),
            Step::Setup(index) => Step::Setup(index + 1),
            Step::Start => Step::Story,
            Step::Story => Step::Stop,
            Step::Stop => Step::Cleanup(0),
            Step::Cleanup(index) => Step::Cleanup(index + 1),
            Step::Over => Step::Over,
        };
        if stopping && matches!(self.stages.step, Step::Setup(_) | Step::Start | Step::Story) {
            self.stages.step = Step::Stop;
        }
        match self.stages.step {
            Step::Setup(index) => match scenario.setup.get(index) {
                Some(block) => self.begin_block(Stage::Setup, index, block, None),
                None => {
                    self.stages.step = Step::Start;
                    self.begin_order(Stage::Start, Order::Prepare, Pending::Prepare);
                }
            },
            Step::Story => {
                let now = self.now;
                self.stages.story.0 = now;
                self.measurements.begin(now);
                self.begin_block(Stage::Story, 0, &scenario.story, None);
                let polled: Vec<SeriesId> = self.measurements.polled().collect();
                for series in polled {
                    self.timers.add(now, 0, Due::Sample(series));
                }
            }
            Step::Stop => self.begin_order(Stage::Stop, Order::StopAll, Pending::StopAll),
            Step::Cleanup(index) => {
                let by = *self.stages.cleanup_by.get_or_insert(self.now.after(CLEANUP_LIMIT));
                match scenario.cleanup.get(index).filter(|_| self.stages.signals < 2 && self.now < by) {
                    Some(block) => self.begin_block(Stage::Cleanup, index, block, Some(by)),
                    None => self.summarize(index),
                }
            }
            Step::Begin | Step::Start | Step::Over => {}
        }
    }

    fn begin_order(&mut self, stage: Stage, order: Order, pending: Pending<'s>) {
        self.stages.running = true;
        self.tell(EventKind::StageStarted { stage });
        self.order(order, pending);
    }

    fn begin_block(&mut self, stage: Stage, index: usize, block: &'s Block, deadline: Option<Moment>) {
        if index == 0 {
            self.tell(EventKind::StageStarted { stage });
        }
        self.stages.running = true;
        let (began, strand) = (self.now, StrandId(self.number + 1));
        let pinned = self.measurements.begin_with(block);
        self.measurements.pin(self.world, &pinned, began);
        let scope = self.scopes.add(Scope {
            parent: None,
            depth: 0,
            kind: ScopeKind::Stage,
            place: Place::STORY.inner(block.span, index as u64),
            began,
            deadline,
            limit: deadline.unwrap_or(Moment::NEVER),
            strand,
            names: std::rc::Rc::<Names>::default(),
            owned: Vec::new(),
            pinned,
        });
        let frames = vec![Frame::Steps { steps: &block.steps, next: 0, scope }];
        let spawned = self.spawn(scope, Owner::Stage, began, frames);
        debug_assert_eq!(strand, spawned);
        self.stages.block = Some((scope, spawned));
        if let Some(deadline) = deadline {
            self.timers.add(deadline, 0, Due::End(scope));
        }
    }

    /// The statements of a stage have ended: its block ends.
    pub fn stage_ended(&mut self, at: Moment) {
        let Some((scope, _)) = self.stages.block.take() else { return };
        self.stages.running = false;
        if self.stages.step == Step::Story {
            self.stages.story.1 = Some(at);
        }
        self.leave_whole(scope, at, false);
    }

    /// `cleanup` has had its time.
    pub fn cleanup_ran_out(&mut self, id: ScopeId) {
        if self.stages.block.is_none_or(|(scope, _)| scope != id) {
            return;
        }
        self.end_block();
        let limit = crate::lang::unit::format_duration(CLEANUP_LIMIT);
        self.notice(None, format!("cleanup was ended: it may take {limit}"));
        self.count(Verdict::Warn);
    }

    /// The block of this stage ends in the middle, unjudged.
    fn end_block(&mut self) {
        let Some((scope, strand)) = self.stages.block.take() else { return };
        self.stages.running = false;
        if self.stages.step == Step::Story {
            self.stages.story.1 = Some(self.now);
        }
        self.drop_strand(strand);
        self.leave_unjudged(scope);
    }

    /// The run comes to its end before its time: nothing more is judged, faults are undone, loads are drained,
    /// the processes stopped; then `cleanup` runs.
    pub fn abandon(&mut self, ending: Ending) {
        let stopping = matches!(self.stages.step, Step::Stop | Step::Cleanup(_) | Step::Over);
        self.stages.ending.get_or_insert(ending);
        if stopping {
            return;
        }
        self.end_block();
        self.stages.running = false;
        self.dirty.clear();
        let left: Vec<_> = self.watches.keys().copied().collect();
        for watch in left {
            self.drop_watch(watch);
        }
    }

    /// A signal to stop has come.
    pub fn interrupted(&mut self, signal: Signal) {
        self.tell(EventKind::Interrupted { signal: signal.name().into() });
        self.stages.signals += 1;
        self.abandon(Ending::Interrupted(signal));
        if self.stages.signals > 1 && matches!(self.stages.step, Step::Cleanup(_)) {
            self.end_block();
        }
    }

    /// The targets are ready, or one of them is not.
    pub fn prepared(&mut self, failed: Option<String>) {
        if self.stages.step != Step::Start {
            return;
        }
        self.stages.running = false;
        if let Some(why) = failed {
            self.abandon(Ending::Failed(why));
        }
    }

    /// The targets have stopped.
    pub fn stopped(&mut self, failed: Option<String>) {
        self.stages.running = false;
        if let Some(why) = failed {
            self.notice(None, why);
            self.count(Verdict::Warn);
        }
    }

    /// A series wants its sample.
    pub fn sample_due(&mut self, series: SeriesId, at: Moment) {
        if self.stages.step != Step::Story {
            return;
        }
        // What is still on its way is not asked for again.
        if self.stages.sampling.insert(series) {
            self.order(Order::Sample { series }, Pending::Sample(series));
        }
        let every = self.scenario.series(series).every.as_nanos().max(1);
        let passed = self.now.since(at).as_nanos() / every;
        let step = u64::try_from((passed + 1).saturating_mul(every)).unwrap_or(u64::MAX);
        if self.measurements.sampling(series) == Sampling::Polled {
            self.timers.add(Moment(at.0.saturating_add(step)), 0, Due::Sample(series));
        }
    }

    /// A sample that was due has come.
    pub fn sampled(&mut self, series: SeriesId) {
        self.stages.sampling.remove(&series);
    }

    fn summarize(&mut self, cleaned: usize) {
        if cleaned < self.scenario.cleanup.len() {
            self.notice(None, "cleanup was left out or ended before its time".into());
            self.count(Verdict::Warn);
        }
        self.stages.step = Step::Over;
        self.stages.running = true;
        self.order(Order::Summarize, Pending::Summarize);
    }

    /// The totals are known, and the run is over.
    pub fn over(&mut self, summaries: Vec<EventKind>) {
        for summary in summaries {
            self.tell(summary);
        }
        let (began, ended) = self.stages.story;
        let story = ended.map_or(0.0, |ended| ended.since(began).as_secs_f64());
        let ending = self.stages.ending.take().unwrap_or(Ending::Finished);
        let reason = match &ending {
            Ending::Finished => None,
            Ending::Required(name) => Some(format!("\"{name}\" was required and was missed")),
            Ending::Interrupted(Signal::Interrupt) => Some("it was interrupted".into()),
            Ending::Interrupted(Signal::Terminate) => Some("it was terminated".into()),
            Ending::Failed(why) => Some(why.clone()),
        };
        // What did not run to its end can not have passed.
        if matches!(ending, Ending::Interrupted(_) | Ending::Failed(_)) {
            self.count(Verdict::Inconclusive);
        }
        let verdict = self.verdict;
        if !self.options.rehearsal {
            self.tell(EventKind::RunEnded(RunEnded { verdict, story, reason }));
        }
        self.stages.outcome = Some(Outcome { verdict, ending });
    }
}
