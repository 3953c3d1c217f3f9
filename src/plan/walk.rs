//! Goes through the story on both courses.

use super::amount::{Left, Tally, Time};
use super::arrivals::Arrivals;
use super::draft::{Draft, Place};
use super::frame::{Around, Frame, Pending, Walked};
use super::known::Known;
use super::{Count, MAX_DEPTH, MAX_FOLLOWED, StepKind, told};
use crate::check::scenario::{self, Block, Load, Qualifier, Scenario, Tell};
use crate::lang::expr::ExpectationId;
use crate::lang::signature::Nature;
use crate::source::{Sources, Span};
use std::time::Duration;

/// What is in flight when its load ends has so long to be answered.
const GRACE: u64 = 5_000_000_000;
/// `cleanup` is ended after so long.
const LONGEST_CLEANUP: u64 = 300_000_000_000;

/// All that was found.
pub(super) struct Followed {
    pub taken: Time,
    pub tally: Tally,
    pub steps: Vec<super::Step>,
    pub left_out: u64,
    /// Whether everything was followed; otherwise the times and counts are of a part.
    pub complete: bool,
}

pub(super) struct Walker<'a> {
    pub known: Known<'a>,
    pub draft: Draft,
    followed: u32,
    depth: usize,
    complete: bool,
}

/// Follows setup, story and cleanup.
pub(super) fn follow(scenario: &Scenario, sources: &Sources) -> Followed {
    let known = Known::new(scenario, sources);
    let mut walker = Walker { known, draft: Draft::default(), followed: 0, depth: 0, complete: true };
    let mut whole = Frame::new(Around { origin: 0, left: Left::default(), rest: None, place: Place::Top });
    for block in &scenario.setup {
        walker.stage(&mut whole, block, StepKind::Setup, Left::default());
    }
    whole.advance(walker.start());
    let around = whole.inside(Place::Top);
    let story = walker.block(&scenario.story, around, None);
    whole.take(story);
    if !whole.tally.is_empty() {
        whole.advance(Time::up_to(Some(GRACE)));
    }
    whole.advance(walker.stop());
    for block in &scenario.cleanup {
        let longest = Left { least: Some(LONGEST_CLEANUP), most: Some(LONGEST_CLEANUP) };
        walker.stage(&mut whole, block, StepKind::Cleanup, longest);
    }
    let complete = walker.complete;
    let (steps, left_out) = walker.draft.tree();
    Followed { taken: whole.now, tally: whole.tally, steps, left_out, complete }
}

impl<'a> Walker<'a> {
    fn stage(&mut self, whole: &mut Frame<'a>, block: &'a Block, kind: StepKind, left: Left) {
        let place = self.step_at(whole, Place::Top, block.span, kind, |_| kind.name().to_string());
        let walked = self.block(block, Around { left, ..whole.inside(place) }, None);
        // What was cut here cuts nothing but this block.
        let walked = Walked { cut: false, ..walked };
        self.took(whole, place, walked.taken);
        whole.take(walked);
    }

    /// How long the processes take to start, one after the other.
    fn start(&self) -> Time {
        let processes = self.known.scenario.targets.iter().filter(|target| {
            target.kind.name == "process"
                && target.setting("run").is_some()
                && target.setting("later").is_none()
        });
        processes.map(|target| told::until_ready(&self.known, target)).fold(Time::ZERO, Time::plus)
    }

    /// How long they take to stop.
    fn stop(&self) -> Time {
        let started =
            |target: &&scenario::Target| target.kind.name == "process" && target.setting("run").is_some();
        let processes = self.known.scenario.targets.iter().filter(started);
        processes.map(|target| told::until_exit(&self.known, target)).fold(Time::ZERO, Time::plus)
    }

    /// Goes through a block, which lasts `length` or as long as its statements.
    pub fn block(&mut self, block: &'a Block, around: Around, length: Option<Time>) -> Walked {
        let inner = match length {
            Some(length) => Around { left: around.left.or(length), rest: Some(length.least), ..around },
            None => around,
        };
        let mut frame = Frame::new(inner);
        self.statements(block, &mut frame);
        let taken = length.map_or(frame.now, |length| length.within(around.left));
        let cut = length.is_none() && frame.cut;
        self.close(&mut frame, taken);
        Walked { taken, cut, tally: frame.tally }
    }

    /// The statements of a block, until it is cut. What they start stays open.
    pub fn statements(&mut self, block: &'a Block, frame: &mut Frame<'a>) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.complete = false;
            frame.cut = true;
        }
        for step in &block.steps {
            if frame.cut {
                break;
            }
            self.step(step, frame);
        }
        self.depth -= 1;
    }

    /// Ends what goes on in a block that lasts until `end`.
    pub fn close(&mut self, frame: &mut Frame<'a>, end: Time) {
        for open in std::mem::take(&mut frame.open) {
            let window = end.since(open.start);
            if let Some(step) = self.draft.step(open.place) {
                step.end =
                    Duration::from_nanos(frame.around.origin.saturating_add(end.least)).max(step.start);
                step.longest = window.most.map(Duration::from_nanos);
            }
            match open.what {
                Pending::Lasts => {}
                Pending::Load(load) => {
                    let rest = frame.around.rest.map(|rest| rest.saturating_sub(open.start.least));
                    let arrivals = Arrivals::new(&self.known, load, rest);
                    let count = arrivals.count(&self.known, window).times(open.chance);
                    self.shaped(open.place, &arrivals, window.least);
                    self.sent(&mut frame.tally, open.place, load, count);
                }
                Pending::Every(period, body) => {
                    let around = Around {
                        origin: frame.around.origin.saturating_add(open.start.least),
                        left: Left { least: Some(window.least), most: window.most },
                        rest: frame.around.rest.map(|rest| rest.saturating_sub(open.start.least)),
                        place: open.place,
                    };
                    let tally = self.every(period, body, around, window);
                    frame.tally.plus(tally.times(open.chance));
                }
            }
        }
    }

    fn shaped(&mut self, place: Place, arrivals: &Arrivals, window: u64) {
        if let Some(step) = self.draft.step(place) {
            step.shape = arrivals.shape(&self.known, window);
        }
    }

    fn sent(&mut self, tally: &mut Tally, place: Place, load: &Load, count: Count) {
        if let Some(step) = self.draft.step(place) {
            step.iterations = Some(count);
        }
        tally.add(load.subject, count);
    }

    pub fn step(&mut self, step: &'a scenario::Step, frame: &mut Frame<'a>) {
        use scenario::StepKind as Kind;
        self.followed += 1;
        if self.followed > MAX_FOLLOWED {
            self.complete = false;
            frame.cut = true;
            return;
        }
        let span = step.span;
        match &step.kind {
            Kind::Tell(tell) => self.tell(tell, span, frame),
            Kind::Load(load) => self.load(load, span, frame),
            Kind::Expect(expectation) => self.expectation(*expectation, frame),
            Kind::Phase { name, duration, body } => {
                let place = self.add(frame, span, StepKind::Phase, |known| known.words(name));
                let length = duration.as_ref().map(|duration| self.known.time(duration));
                let walked = self.block(body, frame.inside(place), length);
                self.took(frame, place, length.unwrap_or(walked.taken));
                frame.take(Walked { taken: length.unwrap_or(walked.taken), ..walked });
            }
            Kind::Repeat { count, body } => self.repeat(count, body, span, frame),
            Kind::ForEach { variable, source, body } => self.for_each(*variable, source, body, span, frame),
            Kind::Parallel { branches } => self.parallel(branches, span, frame),
            Kind::Group(body) => self.group(body, span, frame),
            Kind::Every { period, body } => {
                let head = |known: &Known| known.with_body(format!("every {}", known.shown(period)), body);
                let place = self.add(frame, span, StepKind::Loop, head);
                self.background(place);
                frame.lasts(Pending::Every(period, body), place);
            }
            Kind::At { time, body } => self.at(time, body, span, frame),
            Kind::Choose(branches) => self.choose(branches, span, frame),
            Kind::Do { sequence, arguments } => self.call(*sequence, arguments, span, frame),
            Kind::Wait(time) => {
                let taken = self.known.time(time);
                self.plain(frame, span, StepKind::Wait, taken, |known| format!("wait {}", known.shown(time)));
            }
            Kind::WaitUntil { max, .. } => {
                let taken = Time::up_to(max.as_ref().and_then(|max| self.known.time(max).most));
                self.plain(frame, span, StepKind::Wait, taken, |known| known.written(span));
            }
            Kind::Run { command, timeout } => {
                let taken = Time::up_to(timeout.as_ref().and_then(|timeout| self.known.time(timeout).most));
                self.plain(frame, span, StepKind::Run, taken, |known| {
                    format!("run {}", known.words(command))
                });
            }
            Kind::Note(text) => {
                self.plain(frame, span, StepKind::Note, Time::ZERO, |known| {
                    format!("note \"{}\"", known.words(text))
                });
            }
        }
    }

    fn tell(&mut self, tell: &'a Tell, span: Span, frame: &mut Frame<'a>) {
        let kind = if tell.verb.fault { StepKind::Fault } else { StepKind::Tell };
        let taken = told::in_story(&self.known, tell);
        let place = self.add(frame, span, kind, |known| known.tell(tell));
        let target = self.known.scenario.target(tell.target);
        if let Some(step) = self.draft.step(place)
            && (tell.verb.fault || matches!(tell.verb.nature, Nature::State { .. }))
        {
            let restarts = target.setting("restart").is_some();
            step.undo =
                Some(super::undo(target.kind, tell.verb, tell.duration.is_some(), restarts).to_string());
        }
        self.lasting(frame, place, taken, Pending::Lasts);
    }

    fn load(&mut self, load: &'a Load, span: Span, frame: &mut Frame<'a>) {
        let place = self.add(frame, span, StepKind::Load, |known| known.load(load));
        let arrivals = Arrivals::new(&self.known, load, frame.rest());
        let taken = arrivals.taken(&self.known);
        if let Some(taken) = taken {
            let window = match load.duration {
                Some(_) => taken.within(frame.left()),
                // It goes on until all are done, unless the blocks around end it.
                None => Time { least: u64::MAX, most: Some(u64::MAX) }.within(frame.left()),
            };
            let count = arrivals.count(&self.known, window);
            self.shaped(place, &arrivals, taken.within(frame.left()).least);
            self.sent(&mut frame.tally, place, load, count);
        }
        self.lasting(frame, place, taken, Pending::Load(load));
    }

    fn expectation(&mut self, id: ExpectationId, frame: &mut Frame<'a>) {
        let expectation = self.known.scenario.expectation(id);
        let taken = match &expectation.qualifier {
            Qualifier::Now => Some(Time::ZERO),
            Qualifier::Within(time) => Some(Time::up_to(self.known.time(time).most)),
            Qualifier::For(time) => Some(self.known.time(time)),
            Qualifier::ForWithin { stretch, within } => {
                let least = self.known.time(stretch).least;
                Some(Time { least, most: self.known.time(within).most.map(|most| most.max(least)) })
            }
            Qualifier::Always | Qualifier::Sometimes | Qualifier::AtEnd => None,
        };
        let place =
            self.add(frame, expectation.span, StepKind::Expect, |known| known.expectation(expectation));
        self.lasting(frame, place, taken, Pending::Lasts);
    }

    /// A statement without anything in it that takes some time.
    fn plain(
        &mut self,
        frame: &mut Frame<'a>,
        span: Span,
        kind: StepKind,
        taken: Time,
        text: impl FnOnce(&Known) -> String,
    ) {
        let place = self.add(frame, span, kind, text);
        self.lasting(frame, place, Some(taken), Pending::Lasts);
    }

    /// Takes its time, or lasts until the block ends.
    fn lasting(&mut self, frame: &mut Frame<'a>, place: Place, taken: Option<Time>, what: Pending<'a>) {
        match taken {
            Some(taken) => {
                self.took(frame, place, taken);
                frame.advance(taken);
            }
            None => {
                self.background(place);
                frame.lasts(what, place);
            }
        }
    }

    fn background(&mut self, place: Place) {
        if let Some(step) = self.draft.step(place) {
            step.background = true;
        }
    }

    /// Says of a step how long it took, beginning now.
    pub fn took(&mut self, frame: &Frame<'a>, place: Place, taken: Time) {
        let taken = taken.within(frame.left());
        if let Some(step) = self.draft.step(place) {
            step.end = Duration::from_nanos(frame.here().saturating_add(taken.least));
            step.longest = taken.most.map(Duration::from_nanos);
        }
    }

    pub fn add(
        &mut self,
        frame: &Frame<'a>,
        span: Span,
        kind: StepKind,
        text: impl FnOnce(&Known) -> String,
    ) -> Place {
        self.step_at(frame, frame.around.place, span, kind, text)
    }

    fn step_at(
        &mut self,
        frame: &Frame<'a>,
        place: Place,
        span: Span,
        kind: StepKind,
        text: impl FnOnce(&Known) -> String,
    ) -> Place {
        let start = Duration::from_nanos(frame.here());
        let known = &self.known;
        self.draft.add(place, || super::Step {
            kind,
            text: text(known),
            line: known.sources.line(span),
            file: known.other_file(span),
            start,
            end: start,
            longest: Some(Duration::ZERO),
            background: false,
            passes: None,
            iterations: None,
            shape: None,
            undo: None,
            steps: Vec::new(),
        })
    }
}
