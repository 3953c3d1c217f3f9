//! Expectations on actions that no load runs: they never have a value.

use super::super::mistake;
use super::super::scenario::{LoadSubject, Origin};
use super::super::state::Checker;
use crate::lang::expr::ExprKind;

impl Checker<'_> {
    pub(super) fn unloaded_lint(&mut self) {
        let mut found = Vec::new();
        let loaded_mix =
            self.loaded_mixes.iter().next().map(|mix| self.scenario.mixes[mix.index()].name.as_str());
        for expectation in &self.scenario.expectations {
            let mut idle = None;
            expectation.condition.walk(&mut |part| {
                let ExprKind::Measure { series, .. } = &part.kind else { return };
                let name = match &self.scenario.series(*series).origin {
                    Origin::Load { subject: LoadSubject::Action(action), .. }
                    | Origin::Capture { action, .. }
                        if !self.actions[action.index()].loaded =>
                    {
                        &self.scenario.action(*action).name
                    }
                    Origin::Load { subject: LoadSubject::Mix(mix), .. }
                        if !self.loaded_mixes.contains(mix) =>
                    {
                        &self.scenario.mixes[mix.index()].name
                    }
                    Origin::Ledger { ledger, reading } if *reading != "unexpected" => {
                        let sent = &self.scenario.ledgers[ledger.index()].sent;
                        let mut actions = sent.iter().map(|sent| sent.action);
                        match actions.next() {
                            Some(first)
                                if !self.actions[first.index()].loaded
                                    && actions.all(|other| !self.actions[other.index()].loaded) =>
                            {
                                &self.scenario.action(first).name
                            }
                            _ => return,
                        }
                    }
                    _ => return,
                };
                idle.get_or_insert((part.span, name));
            });
            if let Some((span, name)) = idle {
                found.push(mistake::time::never_loaded(span, name, loaded_mix));
            }
        }
        self.found.extend(found);
    }
}
