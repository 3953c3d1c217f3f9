//! What all loads of a run share: counters, pools, connections, the recorder. It lives on the engine's thread.

use super::pool::Pool;
use super::recorder::Recorder;
use crate::check::scenario::{IterationStep, LedgerKey, LoadSubject, Scenario};
use crate::kinds::request::Requester;
use crate::lang::expr::{ActionId, LedgerId, TargetId};
use crate::lang::moment::{Moment, Timeline};
use crate::lang::wakeup::Wakeups;
use crate::source::{Sources, Span};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

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

/// The state of the engine.
pub(super) struct State {
    pub given: Given,
    pub wakeups: Wakeups,
    pub requesters: Vec<Option<Rc<dyn Requester>>>,
    pub recorder: RefCell<Recorder>,
    sequences: Vec<Cell<u64>>,
    pools: RefCell<HashMap<(ActionId, usize), Pool>>,
    /// By action.
    entries: Vec<Vec<Entry>>,
    picks: RefCell<ChaCha8Rng>,
}

impl State {
    pub fn new(given: Given, wakeups: Wakeups, requesters: Vec<Option<Rc<dyn Requester>>>) -> State {
        let actions = given.scenario.actions.len();
        State {
            sequences: (0..actions).map(|_| Cell::new(0)).collect(),
            entries: (0..actions).map(|index| entries(&given.scenario, ActionId(index as u32))).collect(),
            picks: RefCell::new(ChaCha8Rng::seed_from_u64(given.seed ^ 0x006d_6978)),
            recorder: RefCell::default(),
            pools: RefCell::default(),
            given,
            wakeups,
            requesters,
        }
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

    /// The action that the next iteration runs.
    pub fn pick(&self, subject: LoadSubject) -> ActionId {
        let mix = match subject {
            LoadSubject::Action(action) => return action,
            LoadSubject::Mix(mix) => &self.given.scenario.mixes[mix.index()],
        };
        let mut share: f64 = self.picks.borrow_mut().random();
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
        let mut seed = [0; 32];
        seed[..8].copy_from_slice(&self.given.seed.to_le_bytes());
        seed[8..12].copy_from_slice(&action.0.to_le_bytes());
        seed[12..20].copy_from_slice(&sequence.to_le_bytes());
        ChaCha8Rng::from_seed(seed)
    }

    pub fn with_pool<T>(&self, action: ActionId, capture: usize, use_it: impl FnOnce(&mut Pool) -> T) -> T {
        use_it(self.pools.borrow_mut().entry((action, capture)).or_default())
    }

    pub fn entries(&self, action: ActionId) -> &[Entry] {
        &self.entries[action.index()]
    }

    pub fn requester(&self, target: TargetId) -> Option<&Rc<dyn Requester>> {
        self.requesters[target.index()].as_ref()
    }

    /// A mix and its actions, or the action alone.
    pub fn subjects(&self, subject: LoadSubject) -> Vec<LoadSubject> {
        let parts = match subject {
            LoadSubject::Action(_) => &[][..],
            LoadSubject::Mix(mix) => &self.given.scenario.mixes[mix.index()].parts,
        };
        std::iter::once(subject).chain(parts.iter().map(|(_, action)| LoadSubject::Action(*action))).collect()
    }

    /// The targets that an action asks.
    pub fn targets(&self, action: ActionId) -> Vec<TargetId> {
        let steps = &self.given.scenario.action(action).steps;
        steps
            .iter()
            .filter_map(|step| match step {
                IterationStep::Tell { tell, .. } => Some(tell.target),
                _ => None,
            })
            .collect()
    }

    pub fn text(&self, span: Span) -> &str {
        self.given.sources.text(span)
    }
}

/// Finds the step after which each key of an action counts as sent: the one in whose answer it is captured, or
/// the first one at or behind the place where it is known.
fn entries(scenario: &Scenario, action: ActionId) -> Vec<Entry> {
    let steps = &scenario.action(action).steps;
    let is_tell = |step: &IterationStep| matches!(step, IterationStep::Tell { .. });
    let captures = |step: &IterationStep, wanted: usize| match step {
        IterationStep::Capture { capture, .. } => *capture == wanted,
        IterationStep::Tell { answer, .. } => answer
            .iter()
            .any(|line| matches!(line, IterationStep::Capture { capture, .. } if *capture == wanted)),
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
        steps[known..].iter().position(is_tell).map(|behind| known + behind)
    };
    let mut entries = Vec::new();
    for (index, ledger) in scenario.ledgers.iter().enumerate() {
        for sent in ledger.sent.iter().filter(|sent| sent.action == action) {
            let after = |key| step_of(key).unwrap_or(steps.len().saturating_sub(1));
            let step = sent.value.map_or(after(sent.key), |value| after(value).max(after(sent.key)));
            entries.push(Entry { step, ledger: LedgerId(index as u32), key: sent.key, value: sent.value });
        }
    }
    entries
}
