//! States that are never in force: their block ends right behind them, or a newer state of the same property is on top
//! of them as long as they last.
//!
//! Only what is so on every run is told. What may take time is taken to take some, what may be chosen not to be; what
//! stands in `every` comes and goes, and hides nothing for certain. A state that is the same as the one that hides it
//! is in force for all that anybody can see.

use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::mistake::lint::NeverInForce;
use super::super::scenario::{Argument, Arrival, Block, Origin, Qualifier, Repeat, Step, StepKind, Tell};
use super::super::state::Checker;
use super::super::walk::flat;
use super::super::{accept::highest, accept::lowest};
use crate::diag::Diagnostic;
use crate::lang::expr::{Expr, ExprKind, TargetId};
use crate::lang::signature::{Form, Nature};
use crate::source::Span;
use std::time::Duration;

impl Checker<'_> {
    pub(super) fn unseen_lint(&mut self) {
        let mut lint = Unseen { checker: self, found: Vec::new() };
        let scenario = &lint.checker.scenario;
        let blocks = scenario.setup.iter().chain([&scenario.story]).chain(&scenario.cleanup);
        let blocks: Vec<&Block> = blocks.chain(scenario.sequences.iter().map(|s| &s.body)).collect();
        for block in blocks {
            lint.block(block, Ending::AtOnce(None));
        }
        let found = lint.found;
        self.found.extend(found);
    }
}

/// What comes between a block's last statement and its end.
#[derive(Clone, Copy, Debug)]
enum Ending {
    /// Nothing; of a block inside others its head is known.
    AtOnce(Option<Span>),
    /// Time, or perhaps time.
    Later,
}

struct Unseen<'c, 's> {
    checker: &'c Checker<'s>,
    found: Vec<Diagnostic>,
}

impl Unseen<'_, '_> {
    fn block(&mut self, block: &Block, ending: Ending) {
        let steps = flat(&block.steps);
        for (index, step) in steps.iter().enumerate() {
            self.told(step, &steps[index + 1..], ending);
            self.inside(step);
        }
    }

    /// The blocks in a statement.
    fn inside(&mut self, step: &Step) {
        let head = |body: &Block| {
            Ending::AtOnce(Some(Span::new(step.span.start, body.span.start.max(step.span.start))))
        };
        match &step.kind {
            StepKind::Phase { duration: Some(length), body, .. } => {
                self.block(body, self.idle(length, body));
            }
            StepKind::Phase { duration: None, body, .. }
            | StepKind::Repeat { body, .. }
            | StepKind::ForEach { body, .. }
            | StepKind::Every { body, .. }
            | StepKind::At { body, .. } => self.block(body, head(body)),
            // It only groups, and here what `choose` picks.
            StepKind::Group(body) => body.steps.iter().for_each(|step| self.inside(step)),
            StepKind::Parallel { branches } => self.parallel(branches),
            StepKind::Choose(branches) => branches.iter().for_each(|(_, step)| self.inside(step)),
            StepKind::Tell(_)
            | StepKind::Load(_)
            | StepKind::Expect(_)
            | StepKind::Do { .. }
            | StepKind::Wait(_)
            | StepKind::WaitUntil { .. }
            | StepKind::Run { .. }
            | StepKind::Note(_) => {}
        }
    }

    /// Whether a block of that length may have time left behind its statements.
    fn idle(&self, length: &Expr, body: &Block) -> Ending {
        let used = body.steps.iter().map(least).fold(Duration::ZERO, Duration::saturating_add);
        let filled = duration(length, highest).is_some_and(|length| used >= length);
        if filled { Ending::AtOnce(None) } else { Ending::Later }
    }

    /// One statement that may be a state, with what follows it in its block.
    fn told(&mut self, step: &Step, rest: &[&Step], ending: Ending) {
        match &step.kind {
            StepKind::Tell(tell) => {
                let Some(state) = State::of(tell).filter(|state| state.tell.verb.fault) else { return };
                match &tell.duration {
                    Some(length) if duration(length, highest) == Some(Duration::ZERO) => {
                        let (target, verb) = self.names(tell);
                        self.found.push(mistake::lint::never_in_force(
                            tell.span,
                            &target,
                            verb,
                            NeverInForce::NoTime,
                        ));
                    }
                    Some(_) => {}
                    None => self.lasting(state, rest, ending),
                }
            }
            // What is picked belongs to the block around.
            StepKind::Choose(branches) => {
                branches.iter().for_each(|(_, picked)| self.told(picked, rest, ending));
            }
            StepKind::Group(body) => {
                let steps = flat(&body.steps);
                for (index, step) in steps.iter().enumerate() {
                    let behind = [&steps[index + 1..], rest].concat();
                    self.told(step, &behind, ending);
                }
            }
            _ => {}
        }
    }

    /// A state that lasts until its block ends.
    fn lasting(&mut self, state: State<'_>, rest: &[&Step], ending: Ending) {
        let mut cover = Cover { lint: self, state, lid: None, first: None };
        if cover.shows(rest) {
            return;
        }
        let first = cover.lid.or(cover.first);
        match (first, ending) {
            (Some(by), Ending::AtOnce(_)) => self.hidden(state.tell, by),
            (Some(by), Ending::Later) if cover.lid.is_some() => self.hidden(state.tell, by),
            (_, Ending::Later) => {}
            (None, Ending::AtOnce(block)) => {
                let (target, verb) = self.names(state.tell);
                let suggested = self.lasting_for(state.tell, "10s");
                let why = NeverInForce::BlockEnds { block, suggested };
                self.found.push(mistake::lint::never_in_force(state.tell.span, &target, verb, why));
            }
        }
    }

    fn hidden(&mut self, tell: &Tell, by: Span) {
        let text = |span| self.checker.sources.text(span).to_string();
        let (fault, other) = (text(tell.span), text(by));
        // A pause behind it has a time of its own, and both are to fit where none was thought of.
        let suggested = self.lasting_for(tell, if other.ends_with(" on") { "2s" } else { "30s" });
        let both = self.merged(tell.span, by);
        self.found.push(mistake::lint::hidden((tell.span, &fault), (by, &other), &suggested, both));
    }

    /// Two statements behind each other, in which one target is told the same verb with other words, as one.
    fn merged(&self, first: Span, second: Span) -> Option<String> {
        let text = |span| self.checker.sources.text(span);
        // On lines of their own, with nothing between them but a comment.
        let behind = text(Span::new(first.end, second.start.max(first.end)));
        let follows =
            behind.lines().all(|line| line.split('#').next().is_some_and(|code| code.trim().is_empty()));
        if !follows || !behind.contains('\n') {
            return None;
        }
        let [first, second] =
            [first, second].map(|span| text(span).split_ascii_whitespace().collect::<Vec<_>>());
        let (told, more) = (first.get(..2)?, second.get(2..)?);
        let words = |list: &[&'_ str]| -> Vec<String> {
            let plain = list.iter().filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()));
            plain.map(|word| word.to_string()).collect()
        };
        let (ours, theirs) = (words(&first[2..]), words(more));
        let apart = !ours.is_empty() && !theirs.is_empty() && ours.iter().all(|word| !theirs.contains(word));
        let plain =
            |words: &[String]| words.iter().all(|word| !matches!(word.as_str(), "up" | "down" | "for"));
        (second.starts_with(told) && apart && plain(&ours) && plain(&theirs))
            .then(|| [first.as_slice(), more].concat().join(" "))
    }

    /// The statement as it would be written with a duration.
    fn lasting_for(&self, tell: &Tell, duration: &str) -> String {
        let text = self.checker.sources.text(tell.span);
        if tell.duration.is_some() {
            return text.to_string();
        }
        let takes_values = tell.verb.parameters.iter().any(|parameter| parameter.form != Form::Flag);
        let plain = !takes_values && tell.arguments.is_empty();
        if plain { format!("{text} {duration}") } else { format!("{text} for {duration}") }
    }

    fn names(&self, tell: &Tell) -> (String, &'static str) {
        (self.checker.scenario.target(tell.target).name.clone(), tell.verb.name)
    }

    /// Branches begin together, in the order written, and what they start lasts until all have ended.
    fn parallel(&mut self, branches: &[Block]) {
        let takes_time: Vec<bool> =
            branches.iter().map(|branch| branch.steps.iter().any(|step| self.takes_time(step))).collect();
        for (index, branch) in branches.iter().enumerate() {
            let others = (0..branches.len()).any(|other| other != index && takes_time[other]);
            let ending = if others { Ending::Later } else { Ending::AtOnce(None) };
            let before = self.found.len();
            self.block(branch, ending);
            if self.found.len() > before {
                continue;
            }
            for fault in self.first_states(branch).into_iter().filter(|state| state.tell.verb.fault) {
                let newer = branches[index + 1..].iter().flat_map(|other| self.first_states(other));
                let hides = |newer: &State<'_>| {
                    let alone = || branches.iter().zip(&takes_time).filter(|(_, takes)| **takes).count() == 1;
                    newer.over(&fault, self)
                        && match (&fault.tell.duration, &newer.tell.duration) {
                            (_, None) => true,
                            (Some(under), Some(over)) => {
                                let (under, over) = (duration(under, highest), duration(over, lowest));
                                under.zip(over).is_some_and(|(under, over)| under <= over)
                            }
                            // All have ended when the only one that takes time has.
                            (None, Some(_)) => alone() && self.is_whole_branch(branches, newer),
                        }
                };
                let over = newer.into_iter().find(hides).map(|newer| newer.tell.span);
                if let Some(over) = over {
                    self.hidden(fault.tell, over);
                }
            }
        }
    }

    fn is_whole_branch(&self, branches: &[Block], state: &State<'_>) -> bool {
        branches
            .iter()
            .any(|branch| matches!(branch.steps.as_slice(), [step] if step.span == state.tell.span))
    }

    /// The states that a block begins with, before any time has passed in it.
    fn first_states<'b>(&self, block: &'b Block) -> Vec<State<'b>> {
        let mut states = Vec::new();
        for step in flat(&block.steps) {
            if let StepKind::Tell(tell) = &step.kind {
                states.extend(State::of(tell));
            }
            if self.takes_time(step) {
                break;
            }
        }
        states
    }

    /// Whether a statement may take time, so that what is in force shows.
    fn takes_time(&self, step: &Step) -> bool {
        let some = |length: &Expr| duration(length, highest) != Some(Duration::ZERO);
        match &step.kind {
            StepKind::Tell(tell) => match tell.verb.nature {
                Nature::State { .. } => tell.duration.as_ref().is_some_and(some),
                Nature::Act { .. } | Nature::Request => true,
            },
            StepKind::Load(load) => {
                load.duration.is_some()
                    || load.times.is_some()
                    || matches!(load.arrival, Arrival::AtOnce { .. } | Arrival::Sequential)
            }
            // A fresh sample is taken of what is judged now.
            StepKind::Expect(id) => {
                let expectation = self.checker.scenario.expectation(*id);
                match &expectation.qualifier {
                    Qualifier::Now => self.samples(&expectation.condition),
                    other => !other.is_late(),
                }
            }
            StepKind::Phase { duration: Some(_), .. }
            | StepKind::Repeat { count: Repeat::For(_) | Repeat::Until { .. }, .. }
            | StepKind::WaitUntil { .. }
            | StepKind::Run { .. } => true,
            StepKind::Wait(length) => some(length),
            StepKind::At { time, body } => some(time) || self.any_takes_time(body),
            StepKind::Phase { body, .. }
            | StepKind::Repeat { body, .. }
            | StepKind::ForEach { body, .. }
            | StepKind::Group(body) => self.any_takes_time(body),
            StepKind::Parallel { branches } => branches.iter().any(|branch| self.any_takes_time(branch)),
            StepKind::Choose(branches) => branches.iter().any(|(_, step)| self.takes_time(step)),
            StepKind::Do { sequence, .. } => {
                self.any_takes_time(&self.checker.scenario.sequences[sequence.index()].body)
            }
            StepKind::Every { .. } | StepKind::Note(_) => false,
        }
    }

    /// Whether something is looked at for this condition, and not only counted by the loads themselves.
    fn samples(&self, condition: &Expr) -> bool {
        let mut samples = false;
        condition.walk(&mut |part| {
            if let ExprKind::Measure { series, .. } = &part.kind {
                let origin = &self.checker.scenario.series(*series).origin;
                samples |=
                    matches!(origin, Origin::Target { .. } | Origin::Source { .. } | Origin::Derived(_));
            }
        });
        samples
    }

    fn any_takes_time(&self, block: &Block) -> bool {
        block.steps.iter().any(|step| self.takes_time(step))
    }

    /// An argument as written, for telling whether two are the same.
    fn written(&self, arguments: &[Argument]) -> Vec<&str> {
        let mut written: Vec<&str> =
            arguments.iter().map(|argument| self.checker.sources.text(argument.span)).collect();
        written.sort_unstable();
        written
    }
}

/// A state that something is told, with the property that it sets.
#[derive(Clone, Copy)]
struct State<'b> {
    tell: &'b Tell,
    property: (TargetId, &'static str),
}

impl<'b> State<'b> {
    fn of(tell: &'b Tell) -> Option<State<'b>> {
        match tell.verb.nature {
            Nature::State { property } => Some(State { tell, property: (tell.target, property) }),
            Nature::Act { .. } | Nature::Request => None,
        }
    }

    /// Whether it is another state of the same property.
    fn over(&self, below: &State<'_>, lint: &Unseen<'_, '_>) -> bool {
        self.property == below.property && !self.same(below, lint)
    }

    fn same(&self, other: &State<'_>, lint: &Unseen<'_, '_>) -> bool {
        self.property == other.property
            && self.tell.verb.name == other.tell.verb.name
            && lint.written(&self.tell.arguments) == lint.written(&other.tell.arguments)
    }
}

/// What lies over a state while the statements behind it are gone through.
struct Cover<'l, 'c, 's, 'b> {
    lint: &'l Unseen<'c, 's>,
    state: State<'b>,
    /// A state over it that lasts until the block at hand ends.
    lid: Option<Span>,
    /// The first that lay over it at all.
    first: Option<Span>,
}

impl Cover<'_, '_, '_, '_> {
    /// Whether the state shows for any time while these statements take theirs.
    fn shows(&mut self, steps: &[&Step]) -> bool {
        steps.iter().any(|step| self.lid.is_none() && self.shows_in(step))
    }

    fn shows_in(&mut self, step: &Step) -> bool {
        match &step.kind {
            StepKind::Tell(tell) => match State::of(tell) {
                Some(other) if other.over(&self.state, self.lint) => {
                    self.first.get_or_insert(tell.span);
                    if tell.duration.is_none() {
                        self.lid = Some(tell.span);
                    }
                    false
                }
                Some(other) if other.property == self.state.property => true,
                _ => self.lint.takes_time(step),
            },
            StepKind::Phase { duration: Some(length), body, .. } => {
                let idle = matches!(self.lint.idle(length, body), Ending::Later);
                self.block_shows(body, idle)
            }
            StepKind::Phase { duration: None, body, .. }
            | StepKind::ForEach { body, .. }
            | StepKind::Repeat { count: Repeat::Times(_), body } => self.block_shows(body, false),
            StepKind::Group(body) => self.shows(&flat(&body.steps)),
            // Passes that take no time are paced by pauses between them.
            StepKind::Repeat { count: Repeat::For(_), body } => {
                let paced = !self.lint.any_takes_time(body);
                self.block_shows(body, paced) || paced
            }
            StepKind::Do { sequence, .. } => {
                let body = &self.lint.checker.scenario.sequences[sequence.index()].body;
                self.block_shows(body, false)
            }
            StepKind::Choose(branches) => {
                let mut lids = Vec::new();
                for (_, picked) in branches {
                    if self.shows_in(picked) {
                        return true;
                    }
                    lids.push(self.lid.take());
                }
                // It is covered for good only where each of them covers it.
                self.lid =
                    lids.into_iter().collect::<Option<Vec<Span>>>().and_then(|lids| lids.first().copied());
                false
            }
            _ => self.lint.takes_time(step),
        }
    }

    /// The same for a block inside, whose own states end with it.
    fn block_shows(&mut self, block: &Block, idle: bool) -> bool {
        let outer = self.lid.take();
        let shows = self.shows(&flat(&block.steps)) || idle && self.lid.is_none();
        self.lid = outer;
        shows
    }
}

/// The shortest time that a statement is known to take.
fn least(step: &Step) -> Duration {
    let sum = |body: &Block| body.steps.iter().map(least).fold(Duration::ZERO, Duration::saturating_add);
    match &step.kind {
        StepKind::Tell(Tell { duration: Some(length), .. })
        | StepKind::Wait(length)
        | StepKind::Repeat { count: Repeat::For(length), .. }
        | StepKind::Phase { duration: Some(length), .. } => duration(length, lowest).unwrap_or_default(),
        StepKind::Repeat { count: Repeat::Times(times), body } => {
            let times = constant_quantity(times).and_then(|times| times.to_count()).unwrap_or(0);
            sum(body).saturating_mul(u32::try_from(times).unwrap_or(u32::MAX))
        }
        StepKind::Group(body) | StepKind::Phase { duration: None, body, .. } => sum(body),
        _ => Duration::ZERO,
    }
}

/// An end of a duration that the file fixes.
fn duration(length: &Expr, end: fn(&Expr) -> Option<crate::lang::quantity::Quantity>) -> Option<Duration> {
    end(length)?.to_duration()
}
