//! A rehearsal: the real interpreter on a pretended clock, on the shortest course.
//!
//! Every statement is told at its time. Conditions are not looked at: whatever is waited for is there at once, and
//! expectations are told where they are reached and not judged. Acts, commands and requests take no time. Loads tell
//! what they ask for and where that changes, with exact counts, and not their single iterations. Nothing is started
//! or opened, and nothing in the log depends on when, where or how fast it is made: the same file with the same
//! seed gives the same bytes.

use super::interpreter::Interpreter;
use super::pretend::Pretend;
use super::scope::ScopeId;
use super::strand::{StrandId, Until};
use super::verdicts::qualified;
use super::world::{LoadId, RateChange};
use super::{Ending, Options, Outcome, run};
use crate::check::scenario::{Expectation, LoadSubject, Repeat, Scenario, Step};
use crate::event::{Event, EventKind, Iterations, LoadRate, Planned, Rehearsed, Verdict};
use crate::expect::Qualifier;
use crate::lang::eval::NoValue;
use crate::lang::expr::{ActionId, ExpectationId, MixId};
use crate::lang::moment::Moment;
use crate::lang::unit::{format_duration, number};
use crate::run::world::World;
use crate::source::{Sources, Span};
use futures_util::FutureExt;
use indexmap::IndexMap;
use std::collections::BTreeMap;
use std::time::Duration;

/// Rehearses a scenario, and tells what would happen; the last event is [`EventKind::Rehearsed`].
///
/// `file` is the name of the scenario's file without its folder.
pub fn rehearse(
    scenario: &Scenario,
    sources: &Sources,
    seed: u64,
    file: String,
    sink: &mut dyn FnMut(Event),
) -> Outcome {
    let mut world = pretended(scenario, sources);
    let options = Options {
        seed,
        file,
        scratch: "{scratch}".into(),
        secrets: scenario.secrets.iter().map(|secret| format!("{{{}}}", secret.name)).collect(),
        rehearsal: true,
        ..Options::default()
    };
    let mut tally = Tally::new(scenario);
    let mut counted = |event: Event| {
        tally.count(&event);
        sink(event);
    };
    let outcome = run(scenario, sources, &options, &mut world, &mut counted).now_or_never();
    // A pretended world never waits; where it did, nothing more would come.
    let outcome = outcome.unwrap_or(Outcome {
        verdict: Verdict::Inconclusive,
        ending: Ending::Failed("the rehearsal came to a halt".into()),
    });
    let reason = match &outcome.ending {
        Ending::Failed(why) => Some(why.clone()),
        Ending::Finished | Ending::Required(_) | Ending::Interrupted(_) => None,
    };
    let duration = world.now().seconds();
    let Tally { events, faults, iterations, .. } = tally;
    let iterations = iterations.into_values().collect();
    sink(Event::new(
        duration,
        EventKind::Rehearsed(Rehearsed { seed, duration, events, faults, iterations, reason }),
    ));
    outcome
}

/// A world in which an iteration takes the time that it thinks, and nothing else.
fn pretended(scenario: &Scenario, sources: &Sources) -> Pretend {
    let mut world = Pretend::new(scenario);
    world.tell_rates();
    let actions = (0u32..).map(|id| LoadSubject::Action(ActionId(id))).take(scenario.actions.len());
    let mixes = (0u32..).map(|id| LoadSubject::Mix(MixId(id))).take(scenario.mixes.len());
    for subject in actions.chain(mixes) {
        let each = crate::plan::shortest_iteration(scenario, sources, subject);
        world.takes(&format!("load {}", scenario.subject_name(subject)), each);
    }
    world
}

/// What a rehearsal has told.
struct Tally<'s> {
    scenario: &'s Scenario,
    events: u64,
    faults: u64,
    /// What was due of the loads that have not ended.
    loads: BTreeMap<LoadId, (Option<u64>, bool)>,
    iterations: IndexMap<String, Iterations>,
}

impl<'s> Tally<'s> {
    fn new(scenario: &'s Scenario) -> Tally<'s> {
        Tally { scenario, events: 0, faults: 0, loads: BTreeMap::new(), iterations: IndexMap::new() }
    }

    fn count(&mut self, event: &Event) {
        self.events += 1;
        match &event.kind {
            EventKind::FaultApplied(fault) => self.harm(&fault.target, &fault.verb),
            EventKind::Acted(acted) => self.harm(&acted.target, &acted.verb),
            EventKind::LoadStarted { name, .. } => {
                let none = || Iterations { name: name.clone(), due: Some(0), about: false };
                self.iterations.entry(name.clone()).or_insert_with(none);
            }
            EventKind::LoadRate(rate) => drop(self.loads.insert(rate.load, (rate.due, rate.about))),
            EventKind::LoadEnded { load, name, .. } => {
                let (due, about) = self.loads.remove(load).unwrap_or_default();
                if let Some(sum) = self.iterations.get_mut(name) {
                    sum.due = sum.due.zip(due).and_then(|(sum, due)| sum.checked_add(due));
                    sum.about |= about;
                }
            }
            _ => {}
        }
    }

    /// Whether it does harm is what the kind says of the verb.
    fn harm(&mut self, target: &str, verb: &str) {
        let target = self.scenario.targets.iter().find(|known| known.name == target);
        let verb = target.and_then(|target| target.kind.verb(verb));
        self.faults += u64::from(verb.is_some_and(|verb| verb.fault));
    }
}

impl<'s> Interpreter<'s, '_> {
    /// How many blocks stand around a statement in a block, where that is told.
    pub fn depth(&self, scope: ScopeId) -> Option<u32> {
        let scope = self.scopes.get(scope).filter(|_| self.options.rehearsal);
        scope.map(|scope| scope.depth)
    }

    /// Tells of a statement that no other event tells of.
    pub fn tell_step(&mut self, span: Span, text: impl FnOnce(&Self) -> String) {
        if self.options.rehearsal {
            let step = EventKind::Step { line: self.sources.line(span), text: text(self) };
            self.tell(step);
        }
    }

    /// A statement as it is written, up to its block.
    pub fn head(&self, span: Span) -> String {
        let written = self.sources.text(span);
        let first = written.lines().next().unwrap_or_default().trim();
        first.strip_suffix('{').unwrap_or(first).trim_end().to_owned()
    }

    /// The head of a `repeat` with the value it has, and the body where both stand on one line.
    pub fn repeat_head(
        &self,
        span: Span,
        count: &Repeat,
        until: &Until<'s>,
        time: Option<Duration>,
    ) -> String {
        let head = self.head(span);
        let body = head.find(" <").map_or("", |at| &head[at..]);
        match (count, until, time) {
            (Repeat::Times(_), Until::Times(times), _) => format!("repeat {}{body}", number(*times as f64)),
            (Repeat::For(_), _, Some(time)) => format!("repeat for {}{body}", format_duration(time)),
            _ => head,
        }
    }

    /// A statement that needs what only a run knows takes the time that can be known of it: none.
    pub fn step_without_value(&mut self, step: &'s Step, lacking: &NoValue) {
        let head = self.head(step.span);
        self.tell_step(step.span, |_| format!("{head} (known in a run only: {lacking})"));
    }

    /// An expectation is told and not judged. It takes the time for which it must hold; what it may wait for is there
    /// at once.
    pub fn list(&mut self, id: StrandId, scope: ScopeId, listed: ExpectationId) -> Result<(), NoValue> {
        let expectation: &'s Expectation = self.scenario.expectation(listed);
        let name = self.value(scope, &expectation.name).map_or_else(
            |_| self.sources.text(expectation.name.span).trim().trim_matches('"').to_owned(),
            |name| name.to_string(),
        );
        let qualifier = self.qualifier(scope, expectation)?;
        self.tell(EventKind::Expected(Planned {
            name,
            line: self.sources.line(expectation.span),
            demand: expectation.demand.word().to_owned(),
            text: format!("{}{}", expectation.text, qualified(qualifier)),
        }));
        if let Qualifier::For(stretch) | Qualifier::ForWithin { stretch, .. } = qualifier {
            let time = self.time(id);
            self.sleep(id, scope, time.after(stretch));
        }
        Ok(())
    }

    /// What a load asks for has changed.
    pub fn rate_changed(&mut self, load: LoadId, at: Moment, change: RateChange) {
        let Some(running) = self.loads.get(&load) else { return };
        let rate = LoadRate {
            load,
            name: running.name.clone(),
            line: running.line,
            rate: change.rate,
            users: change.users,
            to: change.towards.map(|(to, _)| to),
            until: change.towards.map(|(_, until)| until.seconds()),
            due: change.due,
            about: change.about,
        };
        let depth = running.depth;
        self.tell_inside(at, depth, EventKind::LoadRate(rate));
    }
}
