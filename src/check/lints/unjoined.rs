//! Clients on a host that ask another one, to which no links lead.

use super::super::hosts::{self, Networks};
use super::super::mistake;
use super::super::scenario::Argued;
use super::super::state::Checker;
use crate::lang::expr::TargetId;

impl Checker<'_> {
    pub(super) fn unjoined_lint(&mut self) {
        let targets = || self.scenario.targets.iter();
        let own = hosts::by_name_and_address(&self.scenario);
        if own.is_empty() {
            return;
        }
        let networks = Networks::of(targets().filter_map(hosts::ends));
        let mut found = Vec::new();
        for client in targets().filter(|target| target.kind.name != "process") {
            let Some(on) = client.setting("on") else { continue };
            let [Argued::Target(from)] = on.values.as_slice() else { continue };
            let mut asked = Vec::new();
            self.target_destinations(client, &mut asked);
            for (whom, place) in asked {
                let Some(to) = own.get(&whom.to_lowercase()) else { continue };
                if !networks.join(*from, *to) {
                    let name = |host: &TargetId| self.scenario.target(*host).name.as_str();
                    found.push(mistake::stopped::not_joined(place, (name(from), name(to))));
                }
            }
        }
        self.found.extend(found);
    }
}
