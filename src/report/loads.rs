//! Loads and ledgers: totals that come at the end of a run.

use super::{Load, MAX_ROWS, MAX_TOLD_OF_ONE};
use crate::event::{Account, LedgerSummary, LoadSummary};
use indexmap::IndexMap;

/// The totals of a run.
#[derive(Clone, Debug, Default)]
pub struct Loads {
    loads: IndexMap<String, Load>,
    ledgers: IndexMap<String, LedgerSummary>,
    /// Those that found no row.
    pub homeless: u64,
}

impl Loads {
    /// A load began.
    pub fn start(&mut self, name: &str) {
        if let Some(load) = self.load(name) {
            load.started += 1;
        }
    }

    /// The totals of one action or mix.
    pub fn sum(&mut self, summary: &LoadSummary) {
        let Some(load) = self.load(&summary.name) else { return };
        *load = Load {
            name: summary.name.clone(),
            count: summary.count,
            failed: summary.failed,
            dropped: summary.dropped,
            skipped: summary.skipped,
            cut: summary.cut,
            rate: summary.rate,
            latency: summary.latency,
            service_time: summary.service_time,
            lateness: summary.lateness,
            errors: summary.errors.iter().take(MAX_ROWS).cloned().collect(),
            requests: summary.requests.iter().take(MAX_ROWS).cloned().collect(),
            started: load.started,
        };
    }

    /// The account of one ledger.
    pub fn account(&mut self, summary: &LedgerSummary) {
        if self.ledgers.len() >= MAX_ROWS && !self.ledgers.contains_key(&summary.name) {
            self.homeless += 1;
            return;
        }
        let mut summary = summary.clone();
        for account in
            [&mut summary.lost, &mut summary.duplicated, &mut summary.unexpected, &mut summary.altered]
        {
            let Account { keys, .. } = account;
            keys.truncate(MAX_TOLD_OF_ONE);
        }
        self.ledgers.insert(summary.name.clone(), summary);
    }

    /// All loads.
    pub fn loads(&self) -> Vec<Load> {
        self.loads.values().cloned().collect()
    }

    /// All ledgers.
    pub fn ledgers(&self) -> Vec<LedgerSummary> {
        self.ledgers.values().cloned().collect()
    }

    fn load(&mut self, name: &str) -> Option<&mut Load> {
        if self.loads.len() >= MAX_ROWS && !self.loads.contains_key(name) {
            self.homeless += 1;
            return None;
        }
        Some(self.loads.entry(name.to_owned()).or_insert_with(|| Load {
            name: name.to_owned(),
            count: 0,
            failed: 0,
            dropped: 0,
            skipped: 0,
            cut: 0,
            rate: 0.0,
            latency: None,
            service_time: None,
            lateness: None,
            errors: IndexMap::new(),
            requests: Vec::new(),
            started: 0,
        }))
    }
}
