//! What all loads of a run share: counters, pools, connections, the recorder. It lives on the engine's thread.

use super::dataset::Dataset;
use super::iteration::user_number;
use super::pool::Pool;
use super::recorder::{Captured, Recorder, Tick};
use crate::check::scenario::{
    Argued, ConversationStep, IterationStep, LedgerKey, LoadSubject, Origin, Scenario,
};
use crate::check::walk::visit_tell;
use crate::kinds::request::{Draft, Prepared, Requester, Wanted};
use crate::lang::call::{Arguments, Call};
use crate::lang::expr::{ActionId, DatasetId, Expr, ExprKind, IterationWord, LedgerId, TargetId};
use crate::lang::moment::{Moment, Timeline};
use crate::lang::signature::Accepts;
use crate::lang::value::Value;
use crate::lang::wakeup::Wakeups;
use crate::source::{Sources, Span};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::Notify;

/// What the engine is given at its start.
pub struct Given {
    /// The checked scenario.
    pub scenario: Arc<Scenario>,
    /// Its text, for the names of failed checks.
    pub sources: Arc<Sources>,
    /// The run's time.
    pub timeline: Timeline,
    /// The run's seed.
    pub seed: u64,
    /// The folder of this run's own.
    pub scratch: String,
    /// The secrets, by index.
    pub secrets: Vec<String>,
    /// The datasets, by index.
    pub datasets: Vec<Dataset>,
}

/// What of an iteration is entered in a ledger once one of its steps has succeeded.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    /// The step, by its place in the action.
    pub step: usize,
    pub ledger: LedgerId,
    pub key: LedgerKey,
    pub value: Option<LedgerKey>,
}

/// How the request of a step is made.
pub(super) enum Making {
    /// By its client, which has all of it ready that does not change.
    Prepared(Rc<dyn Prepared>),
    /// As a call that is the same in every iteration.
    Fixed(Call),
    /// From its arguments, evaluated each time.
    Evaluated,
}

/// Who wants to know the values of a capture.
#[derive(Clone, Copy, Debug, Default)]
struct Kept {
    /// An action draws from them.
    pool: bool,
    /// They are measured.
    series: bool,
}

/// The state of the engine.
pub(super) struct State {
    pub given: Given,
    pub wakeups: Wakeups,
    pub requesters: Vec<Option<Rc<dyn Requester>>>,
    pub recorder: RefCell<Recorder>,
    /// Told when something has happened for the first time since the last tick.
    pub news: Notify,
    untold: Cell<bool>,
    sequences: Vec<Cell<u64>>,
    /// By action, then by capture.
    kept: Vec<Vec<Kept>>,
    pools: RefCell<Vec<Vec<Pool>>>,
    /// By action.
    entries: Vec<Vec<Entry>>,
    /// By action, then by step.
    makings: Vec<Vec<Making>>,
}

impl State {
    pub fn new(given: Given, wakeups: Wakeups, requesters: Vec<Option<Rc<dyn Requester>>>) -> State {
        let scenario = Arc::clone(&given.scenario);
        let actions = &scenario.actions;
        let ids = || (0..actions.len()).map(|index| ActionId(index as u32));
        State {
            sequences: ids().map(|_| Cell::new(0)).collect(),
            kept: kept(&scenario),
            pools: RefCell::new(
                actions
                    .iter()
                    .map(|action| action.captures.iter().map(|_| Pool::default()).collect())
                    .collect(),
            ),
            entries: ids().map(|action| entries(&scenario, action)).collect(),
            makings: actions.iter().map(|action| makings(&action.steps, &requesters)).collect(),
            recorder: RefCell::new(Recorder::new(actions.len(), scenario.mixes.len())),
            news: Notify::new(),
            untold: Cell::new(false),
            given,
            wakeups,
            requesters,
        }
    }

    /// Records something; the next tick will tell it.
    pub fn record(&self, what: impl FnOnce(&mut Recorder)) {
        what(&mut self.recorder.borrow_mut());
        if !self.untold.replace(true) {
            self.news.notify_one();
        }
    }

    /// What has happened since the last call.
    pub fn take_tick(&self) -> Tick {
        self.untold.set(false);
        self.recorder.borrow_mut().take_tick()
    }

    pub fn now(&self) -> Moment {
        self.given.timeline.now()
    }

    /// Waits until a moment; for ever where it is later than the machine's clock can tell.
    pub async fn sleep_until(&self, moment: Moment) {
        match self.given.timeline.instant(moment).filter(|_| moment != Moment::NEVER) {
            Some(instant) if instant > Instant::now() => self.wakeups.sleep_until(instant).await,
            Some(_) => {}
            None => std::future::pending().await,
        }
    }

    /// The next number of an action, from 1.
    pub fn next_sequence(&self, action: ActionId) -> u64 {
        let counter = &self.sequences[action.index()];
        counter.set(counter.get() + 1);
        counter.get()
    }

    /// The action that the next iteration runs; `picks` is asked for where there is a choice.
    pub fn pick<'p>(&self, subject: LoadSubject, picks: impl FnOnce() -> &'p mut ChaCha8Rng) -> ActionId {
        let mix = match subject {
            LoadSubject::Action(action) => return action,
            LoadSubject::Mix(mix) => &self.given.scenario.mixes[mix.index()],
        };
        let mut share: f64 = picks().random();
        for (weight, action) in &mix.parts {
            share -= weight;
            if share < 0.0 {
                return *action;
            }
        }
        mix.parts.last().map(|(_, action)| *action).expect("the checker refuses a mix without parts")
    }

    /// The generator of one iteration: it depends on the seed and the iteration's number, not on the time.
    pub fn random(&self, action: ActionId, sequence: u64) -> ChaCha8Rng {
        self.generator(0, action.0.into(), sequence)
    }

    /// A generator of a load: number 0 for its gaps, 1 and up for who picks from a mix.
    pub fn random_of_load(&self, seed: u64, number: u64) -> ChaCha8Rng {
        self.generator(1, seed, number)
    }

    /// What draws the row of a dataset for one iteration.
    pub fn random_of_row(&self, dataset: DatasetId, action: ActionId, sequence: u64) -> ChaCha8Rng {
        self.generator(2, u64::from(dataset.0) << 32 | u64::from(action.0), sequence)
    }

    pub fn dataset(&self, dataset: DatasetId) -> &Dataset {
        &self.given.datasets[dataset.index()]
    }

    fn generator(&self, purpose: u64, of: u64, number: u64) -> ChaCha8Rng {
        let mut seed = [0; 32];
        for (part, word) in seed.chunks_exact_mut(8).zip([self.given.seed, purpose, of, number]) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        ChaCha8Rng::from_seed(seed)
    }

    pub fn with_pool<T>(&self, action: ActionId, capture: usize, use_it: impl FnOnce(&mut Pool) -> T) -> T {
        use_it(&mut self.pools.borrow_mut()[action.index()][capture])
    }

    /// An iteration has captured a value.
    pub fn captured(&self, load: u64, action: ActionId, capture: usize, value: &Value) {
        let kept = self.kept[action.index()][capture];
        if kept.pool {
            self.with_pool(action, capture, |pool| pool.put(value.clone()));
        }
        if kept.series {
            let captured = Captured { load, action, capture, at: self.now(), value: value.clone() };
            self.record(|recorder| recorder.captured(captured));
        }
    }

    /// How the request of a step is made.
    pub fn making(&self, action: ActionId, step: usize) -> &Making {
        &self.makings[action.index()][step]
    }

    pub fn entries(&self, action: ActionId) -> &[Entry] {
        &self.entries[action.index()]
    }

    pub fn requester(&self, target: TargetId) -> Option<&Rc<dyn Requester>> {
        self.requesters[target.index()].as_ref()
    }

    /// A load has ended: its users ask no more.
    pub fn release(&self, load: u64) {
        let users = user_number(load, 0)..=user_number(load, u32::MAX.into());
        self.requesters.iter().flatten().for_each(|requester| requester.release(users.clone()));
    }

    /// A mix and its actions, or the action alone.
    pub fn subjects(&self, subject: LoadSubject) -> Vec<LoadSubject> {
        let parts = match subject {
            LoadSubject::Action(_) => &[][..],
            LoadSubject::Mix(mix) => &self.given.scenario.mixes[mix.index()].parts,
        };
        std::iter::once(subject).chain(parts.iter().map(|(_, action)| LoadSubject::Action(*action))).collect()
    }

    /// The targets that a load asks, each once.
    pub fn targets(&self, subject: LoadSubject) -> Vec<TargetId> {
        let mut targets: Vec<TargetId> = Vec::new();
        for subject in self.subjects(subject) {
            let LoadSubject::Action(action) = subject else { continue };
            for step in &self.given.scenario.action(action).steps {
                if let IterationStep::Tell { tell, .. } = step
                    && !targets.contains(&tell.target)
                {
                    targets.push(tell.target);
                }
            }
        }
        targets
    }

    pub fn text(&self, span: Span) -> &str {
        self.given.sources.text(span)
    }
}

/// Calls `visit` with every expression of a line of an action and of the lines in its braces.
fn walk<'a>(step: &'a IterationStep, visit: &mut dyn FnMut(&'a Expr)) {
    match step {
        IterationStep::Tell { tell, answer } => {
            visit_tell(tell, &mut |expr| expr.walk(visit));
            answer.iter().for_each(|line| walk(line, visit));
        }
        IterationStep::Check { condition: expr, .. }
        | IterationStep::Capture { value: expr, .. }
        | IterationStep::Think { duration: expr, .. } => expr.walk(visit),
    }
}

fn kept(scenario: &Scenario) -> Vec<Vec<Kept>> {
    let mut kept: Vec<Vec<Kept>> =
        scenario.actions.iter().map(|action| vec![Kept::default(); action.captures.len()]).collect();
    for step in scenario.actions.iter().flat_map(|action| &action.steps) {
        walk(step, &mut |expr| {
            if let ExprKind::Pool { action, capture, .. } = expr.kind {
                kept[action.index()][capture].pool = true;
            }
        });
    }
    for series in &scenario.series {
        if let Origin::Capture { action, capture } = series.origin {
            kept[action.index()][capture].series = true;
        }
    }
    kept
}

/// How the requests of an action are made.
fn makings(steps: &[IterationStep], requesters: &[Option<Rc<dyn Requester>>]) -> Vec<Making> {
    let making = |(index, step): (usize, &IterationStep)| {
        let prepared = draft(&steps[index..]).and_then(|(target, draft)| {
            let requester = Rc::clone(requesters[target.index()].as_ref()?);
            requester.prepare(&draft)
        });
        match prepared {
            Some(prepared) => Making::Prepared(prepared),
            None => fixed_call(step).map_or(Making::Evaluated, Making::Fixed),
        }
    };
    steps.iter().enumerate().map(making).collect()
}

/// The request that the first of these steps makes, where its arguments are values and nothing else.
fn draft(steps: &[IterationStep]) -> Option<(TargetId, Draft<'_>)> {
    let (IterationStep::Tell { tell, .. }, after) = steps.split_first()? else { return None };
    if !tell.conversation.is_empty() {
        return None;
    }
    let mut arguments = Vec::new();
    for argument in &tell.arguments {
        let values = argument.values.iter().enumerate().map(|(place, value)| match value {
            Argued::Value(expr) if argument.parameter.values.get(place) != Some(&Accepts::Command) => {
                Some(expr)
            }
            _ => None,
        });
        arguments.push((argument.parameter.name, values.collect::<Option<Vec<_>>>()?));
    }
    // The answer stays known for the lines behind the braces, up to the next request.
    let looking = after.iter().take_while(|step| !matches!(step, IterationStep::Tell { .. }));
    let mut wanted = Wanted { headers: false, body: false };
    for line in std::iter::once(&steps[0]).chain(looking) {
        walk(line, &mut |expr| match &expr.kind {
            ExprKind::Iteration(IterationWord::Headers) => wanted.headers = true,
            ExprKind::Iteration(IterationWord::Body | IterationWord::BodyText) => wanted.body = true,
            _ => {}
        });
    }
    Some((tell.target, Draft { verb: tell.verb.name, arguments, wanted }))
}

/// The call of a step whose arguments are all fixed by the file.
fn fixed_call(step: &IterationStep) -> Option<Call> {
    let IterationStep::Tell { tell, .. } = step else { return None };
    let mut arguments = Arguments::default();
    for argument in &tell.arguments {
        let values = argument.values.iter().map(|value| match value {
            Argued::Value(expr) => {
                expr.constant().filter(|value| !matches!(value, Value::Range(..))).cloned()
            }
            _ => None,
        });
        arguments.push(argument.parameter.name, values.collect::<Option<_>>()?);
    }
    Some(Call { verb: tell.verb.name, arguments })
}

/// Whether a line reads the answer of the request before it.
fn reads_answer(step: &IterationStep) -> bool {
    let mut reads = false;
    walk(step, &mut |expr| {
        reads |= matches!(&expr.kind, ExprKind::Iteration(word) if !matches!(word, IterationWord::Seq | IterationWord::User));
    });
    reads
}

/// Finds the step after which each key of an action counts as sent: the request in whose answer it is captured,
/// or the first request at or behind the place where it is known; where there is none, that place itself.
fn entries(scenario: &Scenario, action: ActionId) -> Vec<Entry> {
    let steps = &scenario.action(action).steps;
    let is_tell = |step: &IterationStep| matches!(step, IterationStep::Tell { .. });
    let captures = |step: &IterationStep, wanted: usize| match step {
        IterationStep::Capture { capture, .. } => *capture == wanted,
        IterationStep::Tell { tell, answer } => {
            let looks = tell.conversation.iter().filter_map(|step| match step {
                ConversationStep::Look(line) => Some(line),
                _ => None,
            });
            let mut lines = answer.iter().chain(looks);
            lines.any(|line| matches!(line, IterationStep::Capture { capture, .. } if *capture == wanted))
        }
        _ => false,
    };
    let writes =
        |step: &IterationStep| matches!(step, IterationStep::Tell { tell, .. } if tell.verb.name == "write");
    let step_of = |key: LedgerKey| {
        let known = match key {
            LedgerKey::Seq => Some(0),
            LedgerKey::Path => steps.iter().position(writes),
            LedgerKey::Capture(wanted) => steps.iter().position(|step| captures(step, wanted)),
        }?;
        let of_answer = matches!(key, LedgerKey::Capture(_)) && reads_answer(&steps[known]);
        if of_answer {
            return Some(known);
        }
        Some(steps[known..].iter().position(is_tell).map_or(known, |behind| known + behind))
    };
    let mut entries = Vec::new();
    for (index, ledger) in scenario.ledgers.iter().enumerate() {
        for sent in ledger.sent.iter().filter(|sent| sent.action == action) {
            let Some(key) = step_of(sent.key) else { continue };
            let step = sent.value.and_then(step_of).map_or(key, |value| value.max(key));
            entries.push(Entry { step, ledger: LedgerId(index as u32), key: sent.key, value: sent.value });
        }
    }
    entries
}
