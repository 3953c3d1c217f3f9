//! `take` and `recent` of captures that no load ever makes.

use super::super::mistake;
use super::super::state::Checker;

impl Checker<'_> {
    pub(super) fn pool_lint(&mut self) {
        for (action, span, take) in std::mem::take(&mut self.pools) {
            if !self.actions[action.index()].loaded {
                let name = self.scenario.action(action).name.clone();
                self.report(mistake::lint::pool_never_filled(span, &name, take));
            }
        }
    }
}
