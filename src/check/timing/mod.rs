//! The shortest course of the story: what cannot fit, what is past before it is reached, what can never be sampled.
//!
//! The story is walked as it would run, each row of a `for each` with its values, everything at its shortest: ranges at
//! their low ends, waits for conditions at nothing. A finding here is therefore one on every run.

mod around;
mod blocks;
mod cut;
mod history;
mod judged;
mod lengths;
mod reads;
mod ruled_out;

use super::mistake;
use super::names::nearest;
use super::scenario::{Arrival, Block, LoadSubject, Qualifier, Repeat, Scenario, Step, StepKind};
use super::state::Checker;
use super::walk::flat;
use crate::diag::Diagnostic;
use crate::lang::expr::{ActionId, ExpectationId, SequenceId};
use crate::lang::signature::Nature;
use crate::source::{Sources, Span};
use around::Around;
use cut::Cut;
use history::History;
use ruled_out::Begun;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

/// How many statements are walked, rows of tables counted each time; beyond it the rest is taken to need no time.
const MAX_STEPS: usize = 200_000;

/// So many phases are listed where one is named that there is not.
const MOST_LISTED: usize = 20;

/// How long cleanup may take.
const MAX_CLEANUP: Duration = Duration::from_secs(300);

impl Checker<'_> {
    /// Times, and the names of phases, which are known once the story has been walked.
    pub fn check_times(&mut self) {
        let mut walk = Walk::new(&self.scenario, self.sources);
        for block in &self.scenario.setup {
            walk.block(block, None, Ending::Statements);
        }
        walk.open = false;
        let story = walk.block(&self.scenario.story, None, Ending::Statements);
        self.story_lasts = (walk.whole && !walk.open).then_some(story);
        if walk.whole && self.scenario.setup.is_empty() {
            let judged = std::mem::take(&mut walk.judged);
            self.judged_after = judged.into_iter().filter_map(|(id, time)| Some((id, time?))).collect();
        }
        for block in &self.scenario.cleanup {
            let limit = Limit { left: MAX_CLEANUP, span: block.span, what: "cleanup".into(), ends: None };
            walk.block(block, Some(limit), Ending::Statements);
        }
        // What nothing calls is walked once, for its phases.
        for index in 0..self.scenario.sequences.len() {
            if !walk.called.contains(&SequenceId(index as u32)) {
                walk.block(&self.scenario.sequences[index].body, None, Ending::Open);
            }
        }
        let Walk { phases, all_phases, found, history, whole, begun, cut, drawn, .. } = walk;
        let named = std::mem::take(&mut self.phases_named);
        // Where the walk gave up, what it did not see may have happened.
        if whole {
            let told = |finding: &Diagnostic| {
                finding.code == "E0213" && named.iter().any(|(_, span)| *span == finding.span())
            };
            let unread = |name: &str| self.unread_loads.iter().any(|unread| unread == name);
            let findings = history.findings(&self.scenario, all_phases, &unread);
            self.found.extend(findings.into_iter().filter(|finding| !told(finding)));
            // What could not be read may begin more.
            if !drawn && self.unread_loads.is_empty() {
                self.found.extend(begun.findings(&self.scenario));
                self.found.extend(cut.findings(&self.scenario, self.sources));
            }
        }
        for (name, span) in named {
            if all_phases && !phases.contains(&name) && !self.unread_phases.contains(&name) {
                self.found.push(unknown_phase(span, &name, phases.iter()));
            }
        }
        self.found.extend(found);
    }
}

/// What is said of a phase that there is not: the one that was meant, or those there are.
fn unknown_phase<'p>(span: Span, name: &str, phases: impl Iterator<Item = &'p String> + Clone) -> Diagnostic {
    let phases = phases.map(String::as_str);
    let meant = nearest(name, phases.clone());
    let all: Vec<&str> = phases.take(MOST_LISTED).collect();
    mistake::names::unknown_phase(span, name, meant, &all)
}

/// The time that is left in the innermost block that lasts as long as it says.
#[derive(Clone, Debug)]
struct Limit {
    left: Duration,
    span: Span,
    what: String,
    /// How long after the beginning of the run it is over at the latest, where the file fixes it.
    ends: Option<Duration>,
}

/// When a block ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// With its statements: nothing is sampled behind the last.
    Statements,
    /// At some later time.
    Open,
}

struct Walk<'s> {
    scenario: &'s Scenario,
    sources: &'s Sources,
    around: Around,
    budget: usize,
    phases: BTreeSet<String>,
    /// Whether every phase's name could be told.
    all_phases: bool,
    /// Whether every statement was walked.
    whole: bool,
    /// Whether something may take longer than its shortest, with nothing around it that says how long it lasts.
    open: bool,
    history: History,
    called: HashSet<SequenceId>,
    told: HashSet<(&'static str, Span)>,
    found: Vec<Diagnostic>,
    /// Whether the innermost timed block has been told to be too short.
    over: bool,
    /// The last statement above the one at hand, in its block, that takes time.
    above: Option<Span>,
    begun: Begun,
    cut: Cut,
    /// What an iteration of each action takes at least.
    least: HashMap<ActionId, Duration>,
    /// How often the loops around run what is walked; none where that is not known.
    passes: Option<f64>,
    /// Whether any length was drawn at random.
    drawn: bool,
    /// The time since the beginning at which the statement at hand is reached, and at which expectations are judged at
    /// the latest; none where the file does not fix it.
    elapsed: Duration,
    judged: HashMap<ExpectationId, Option<Duration>>,
}

impl<'s> Walk<'s> {
    fn new(scenario: &'s Scenario, sources: &'s Sources) -> Walk<'s> {
        Walk {
            scenario,
            sources,
            around: Around::default(),
            budget: MAX_STEPS,
            phases: BTreeSet::new(),
            all_phases: true,
            whole: true,
            open: false,
            history: History::default(),
            called: HashSet::new(),
            told: HashSet::new(),
            found: Vec::new(),
            over: false,
            above: None,
            begun: Begun::default(),
            cut: Cut::default(),
            least: HashMap::new(),
            passes: Some(1.0),
            drawn: false,
            elapsed: Duration::ZERO,
            judged: HashMap::new(),
        }
    }

    fn report(&mut self, finding: Diagnostic) {
        if self.told.insert((finding.code, finding.span())) {
            self.found.push(finding);
        }
    }

    /// The shortest time that a block's statements take.
    fn block(&mut self, block: &'s Block, limit: Option<Limit>, ending: Ending) -> Duration {
        self.history.enter_block();
        let took = self.steps(block, limit, ending);
        self.history.leave_block();
        took
    }

    /// The same of statements that stand in the block around.
    fn steps(&mut self, block: &'s Block, limit: Option<Limit>, ending: Ending) -> Duration {
        let mut now = Duration::ZERO;
        let mut above = None;
        let steps = flat(&block.steps);
        // From the back: whether anything behind a statement can take time.
        let mut later = ending == Ending::Open;
        let mut sampled = vec![later; steps.len()];
        for (index, step) in steps.iter().enumerate().rev() {
            sampled[index] = later;
            later |= self.takes_time(step, 0);
        }
        let begun = self.elapsed;
        // The last load that is waited for, with its time.
        let mut filled: Option<(Span, Duration)> = None;
        let mut without_time: Vec<(Span, &str)> = Vec::new();
        for (step, sampled) in steps.into_iter().zip(sampled) {
            if self.budget == 0 {
                (self.all_phases, self.whole) = (false, false);
                break;
            }
            self.budget -= 1;
            self.history.step();
            self.elapsed = begun.saturating_add(now);
            self.reads(step);
            self.above = above;
            let here = limit.clone().map(|limit| Limit { left: limit.left.saturating_sub(now), ..limit });
            if !sampled || here.as_ref().is_some_and(|limit| limit.left.is_zero()) {
                self.never_sampled(step);
            }
            let took = self.step(step, now, here.clone());
            if !sampled {
                without_time.extend(self.load_without_time(step));
            }
            self.open |= self.around.take_drawn() || takes_its_own_time(self.scenario, step);
            if self.takes_time(step, 0) {
                self.history.time_passes();
            }
            if !took.is_zero() {
                above = Some(head(step));
            }
            if let Some(limit) = &here
                && took > limit.left
                && !self.over
            {
                self.over = true;
                let (left, what) = (limit.left, limit.what.as_str());
                self.report(match filled {
                    // Beside the load it would have fit.
                    Some((load, lasts)) if took <= left.saturating_add(lasts) => {
                        mistake::time::load_fills(step.span, took, left, what, load)
                    }
                    _ => mistake::time::does_not_fit(step.span, took, left, what, limit.span),
                });
            }
            if matches!(&step.kind, StepKind::Load(load) if load.duration.is_some()) {
                filled = Some((step.span, took));
            }
            now = now.saturating_add(took);
        }
        self.elapsed = begun;
        if let Some((first, name)) = without_time.first() {
            self.report(mistake::stopped::ends_at_once(*first, name, without_time.len()));
        }
        now
    }

    fn never_sampled(&mut self, step: &Step) {
        let StepKind::Expect(id) = &step.kind else { return };
        let expectation = self.scenario.expectation(*id);
        let word = match expectation.qualifier {
            Qualifier::Always => "always",
            Qualifier::Sometimes => "sometimes",
            _ => return,
        };
        self.report(mistake::time::never_sampled(step.span, word));
    }

    /// A load in the background of a block that ends at once. What is judged of it need not be told as well.
    fn load_without_time(&mut self, step: &Step) -> Option<(Span, &'s str)> {
        let StepKind::Load(load) = &step.kind else { return None };
        (!self.takes_time(step, 0)).then(|| {
            self.history.time_passes();
            (step.span, self.scenario.subject_name(load.subject))
        })
    }

    /// Loads that are all that the branches of a `parallel` have, which end with it.
    fn branches_without_time(&mut self, branches: &'s [Block]) {
        let steps = || branches.iter().flat_map(|branch| flat(&branch.steps));
        if steps().any(|step| self.takes_time(step, 0)) {
            return;
        }
        let loads: Vec<(Span, &str)> = steps().filter_map(|step| self.load_without_time(step)).collect();
        if let Some((first, name)) = loads.first() {
            self.report(mistake::stopped::branch_ends_at_once(*first, name));
        }
    }

    /// Whether a statement can take any time at all.
    fn takes_time(&self, step: &Step, depth: usize) -> bool {
        const DEEP: usize = 32;
        let any =
            |block: &Block| depth >= DEEP || block.steps.iter().any(|step| self.takes_time(step, depth + 1));
        match &step.kind {
            StepKind::Tell(tell) => {
                tell.duration.is_some() || !matches!(tell.verb.nature, Nature::State { .. })
            }
            StepKind::Load(load) => {
                load.duration.is_some()
                    || load.times.is_some()
                    || matches!(load.arrival, Arrival::AtOnce { .. } | Arrival::Sequential)
            }
            StepKind::Expect(id) => matches!(
                self.scenario.expectation(*id).qualifier,
                Qualifier::Within(_) | Qualifier::For(_) | Qualifier::ForWithin { .. }
            ),
            StepKind::Phase { duration: Some(_), .. } => true,
            StepKind::Repeat { count: Repeat::For(_) | Repeat::Until { .. }, .. } => true,
            StepKind::Phase { body, .. }
            | StepKind::Repeat { body, .. }
            | StepKind::ForEach { body, .. }
            | StepKind::Group(body) => any(body),
            StepKind::Parallel { branches } => branches.iter().any(any),
            StepKind::Choose(branches) => branches.iter().any(|(_, step)| self.takes_time(step, depth + 1)),
            StepKind::Do { sequence, .. } => any(&self.scenario.sequences[sequence.index()].body),
            StepKind::At { .. } | StepKind::Wait(_) | StepKind::WaitUntil { .. } | StepKind::Run { .. } => {
                true
            }
            StepKind::Every { .. } | StepKind::Note(_) => false,
        }
    }

    /// The shortest time that a statement takes, which begins `now` after its block.
    fn step(&mut self, step: &'s Step, now: Duration, limit: Option<Limit>) -> Duration {
        match &step.kind {
            StepKind::Tell(tell) => tell.duration.as_ref().map_or(Duration::ZERO, |time| self.shortest(time)),
            StepKind::Load(load) => {
                if let LoadSubject::Mix(mix) = load.subject {
                    // Each of its parts is walked.
                    let parts = self.scenario.mixes[mix.index()].parts.len();
                    self.budget = self.budget.saturating_sub(parts);
                }
                self.begins(load, limit.as_ref(), step.span);
                self.has_time(load, limit.as_ref(), step.span);
                self.plays_its_curve(load, limit.as_ref());
                let lasts = self.takes_time(step, 0);
                self.history.load(self.scenario, load.subject, lasts, step.span);
                self.load(load)
            }
            StepKind::Expect(id) => {
                let expectation = self.scenario.expectation(*id);
                self.over_before(expectation, now);
                self.judged_at(*id, &expectation.qualifier, limit.as_ref());
                self.tolerates_all(expectation, limit.as_ref());
                self.between_samples(expectation, limit.as_ref());
                self.expectation(&expectation.qualifier, limit)
            }
            StepKind::Phase { name, duration, body } => {
                self.phase(step.span, name, duration.as_ref(), body, limit)
            }
            StepKind::Repeat { count, body } => self.repeat(count, body, limit),
            StepKind::ForEach { variable, source, body } => self.for_each(*variable, source, body, limit),
            StepKind::Parallel { branches } => {
                self.history.enter_unordered();
                let times = branches.iter().map(|branch| self.block(branch, limit.clone(), Ending::Open));
                let longest = times.max().unwrap_or_default();
                self.history.leave_unordered();
                self.branches_without_time(branches);
                self.judged_beside(branches);
                longest
            }
            // Here what `choose` picks; what follows it in its block may take time.
            StepKind::Group(body) => self.steps(body, limit, Ending::Open),
            StepKind::Every { period, body } => {
                let period_time = self.shortest(period);
                if let Some(limit) = &limit
                    && period_time >= limit.left
                {
                    self.report(mistake::time::never_due(period.span, period_time, limit.left, &limit.what));
                    return Duration::ZERO;
                }
                let rest = limit.map(|limit| Limit { left: limit.left.saturating_sub(period_time), ..limit });
                let over = std::mem::replace(&mut self.over, true);
                // The first pass comes when a period is over.
                if !period_time.is_zero() {
                    self.history.time_passes();
                }
                self.history.enter_background();
                self.history.enter_unordered();
                let pass =
                    self.passing(None, |walk| walk.closed(|walk| walk.block(body, rest, Ending::Statements)));
                self.history.leave_unordered();
                self.history.leave_background();
                self.over = over;
                if let Some(longest) = self.longest(period).filter(|longest| *longest < pass) {
                    self.report(mistake::stopped::skips_passes(period.span, longest, pass));
                }
                Duration::ZERO
            }
            StepKind::At { time, body } => self.at(time, body, now, limit),
            StepKind::Choose(branches) => {
                let times: Vec<Duration> =
                    branches.iter().map(|(_, step)| self.step(step, now, limit.clone())).collect();
                times.into_iter().min().unwrap_or_default()
            }
            StepKind::Do { sequence, arguments } => {
                self.called.insert(*sequence);
                for (variable, value) in arguments {
                    self.bind(*variable, value);
                }
                // What does not fit is the call's mistake, not the sequence's, which may fit elsewhere.
                let over = std::mem::replace(&mut self.over, true);
                let body = &self.scenario.sequences[sequence.index()].body;
                let took = self.block(body, None, Ending::Statements);
                self.over = over;
                took
            }
            StepKind::Wait(time) => self.shortest(time),
            StepKind::WaitUntil { max, .. } => {
                max.iter().for_each(|time| self.may_take("max", time, limit.clone()));
                Duration::ZERO
            }
            StepKind::Run { timeout, .. } => {
                timeout.iter().for_each(|time| self.may_take("timeout", time, limit.clone()));
                Duration::ZERO
            }
            StepKind::Note(_) => Duration::ZERO,
        }
    }
}

/// Whether how long a statement itself takes is not written.
fn takes_its_own_time(scenario: &Scenario, step: &Step) -> bool {
    match &step.kind {
        StepKind::Tell(tell) => tell.duration.is_none() && !matches!(tell.verb.nature, Nature::State { .. }),
        StepKind::Load(load) => {
            load.duration.is_none()
                && (load.times.is_some()
                    || matches!(load.arrival, Arrival::AtOnce { .. } | Arrival::Sequential))
        }
        StepKind::Expect(id) => {
            matches!(scenario.expectation(*id).qualifier, Qualifier::Within(_) | Qualifier::ForWithin { .. })
        }
        StepKind::WaitUntil { .. }
        | StepKind::Run { .. }
        | StepKind::Choose(_)
        | StepKind::Repeat { count: Repeat::Until { .. }, .. } => true,
        _ => false,
    }
}

/// A statement as it is shown: of one with a block what stands before it.
fn head(step: &Step) -> Span {
    let body = match &step.kind {
        StepKind::Phase { body, .. }
        | StepKind::Repeat { body, .. }
        | StepKind::ForEach { body, .. }
        | StepKind::Every { body, .. }
        | StepKind::At { body, .. } => body,
        _ => return step.span,
    };
    Span::new(step.span.start, body.span.start.max(step.span.start))
}
