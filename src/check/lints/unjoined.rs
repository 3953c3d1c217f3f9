//! Clients on a host that ask another one, to which no links lead.

use super::super::hosts;
use super::super::mistake;
use super::super::scenario::Argued;
use super::super::state::Checker;
use crate::lang::expr::TargetId;
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn unjoined_lint(&mut self) {
        let targets = || self.scenario.targets.iter().enumerate();
        let mut own: HashMap<String, TargetId> = HashMap::new();
        for (index, host) in targets().filter(|(_, target)| target.kind.name == "host") {
            let id = TargetId(index as u32);
            own.insert(host.name.to_lowercase(), id);
            own.extend(hosts::address(host).map(|(address, _)| (address, id)));
        }
        if own.is_empty() {
            return;
        }
        let links: Vec<_> = targets().filter_map(|(_, link)| hosts::ends(link)).collect();
        let mut found = Vec::new();
        for (_, client) in targets().filter(|(_, target)| target.kind.name != "process") {
            let Some(on) = client.setting("on") else { continue };
            let [Argued::Target(from)] = on.values.as_slice() else { continue };
            let mut asked = Vec::new();
            self.target_destinations(client, &mut asked);
            for (whom, place) in asked {
                let Some(to) = own.get(&whom.to_lowercase()) else { continue };
                if !hosts::reached(*from, &links).contains(to) {
                    let name = |host: &TargetId| self.scenario.target(*host).name.as_str();
                    found.push(mistake::stopped::not_joined(place, (name(from), name(to))));
                }
            }
        }
        self.found.extend(found);
    }
}
