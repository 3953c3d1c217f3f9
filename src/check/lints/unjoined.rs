//! Clients on a host that ask another one, to which no link leads.

use super::super::mistake;
use super::super::scenario::{Argued, Target};
use super::super::state::Checker;
use super::super::{embedded::url_host, hosts};
use crate::lang::expr::{Expr, TargetId};
use crate::lang::signature::Accepts;
use std::collections::{HashMap, HashSet};

impl Checker<'_> {
    pub(super) fn unjoined_lint(&mut self) {
        let targets = || self.scenario.targets.iter().enumerate();
        let mut hosts: HashMap<String, TargetId> = HashMap::new();
        for (index, host) in targets().filter(|(_, target)| target.kind.name == "host") {
            let id = TargetId(index as u32);
            hosts.insert(host.name.to_lowercase(), id);
            hosts.extend(hosts::address(host).map(|(address, _)| (address, id)));
        }
        if hosts.is_empty() {
            return;
        }
        let mut joined: HashSet<(TargetId, TargetId)> = HashSet::new();
        for (_, link) in targets() {
            if let Some(between) = link.setting("between")
                && let [Argued::Target(one), Argued::Target(other)] = between.values.as_slice()
            {
                joined.extend([(*one, *other), (*other, *one)]);
            }
        }
        let mut found = Vec::new();
        for (_, client) in targets().filter(|(_, target)| target.kind.name != "process") {
            let Some(on) = client.setting("on") else { continue };
            let [Argued::Target(from)] = on.values.as_slice() else { continue };
            for (whom, asked) in asked(client) {
                let Some(to) = hosts.get(&whom.to_lowercase()) else { continue };
                if to != from && !joined.contains(&(*from, *to)) {
                    let name = |host: &TargetId| self.scenario.target(*host).name.as_str();
                    found.push(mistake::stopped::not_joined(asked.span, (name(from), name(to))));
                }
            }
        }
        self.found.extend(found);
    }
}

/// The hosts that a client asks, where the file fixes them, with where that stands.
fn asked(client: &Target) -> Vec<(String, &Expr)> {
    let mut found = Vec::new();
    for setting in &client.settings {
        let values = setting.parameter.values.iter().zip(&setting.values);
        for (accepts, value) in values {
            let Argued::Value(expr) = value else { continue };
            let Some(text) = expr.constant().and_then(|value| value.as_text()) else { continue };
            let host = match accepts {
                Accepts::Url(_) => url_host(text),
                Accepts::Address { .. } => text.rsplit_once(':').map(|(host, _)| host),
                _ => None,
            };
            found.extend(host.map(|host| (host.to_string(), expr)));
        }
    }
    found
}
