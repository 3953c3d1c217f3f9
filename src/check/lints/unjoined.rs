//! Clients on a host that ask another one, to which no links lead.

use super::super::asked::{answers_at, asked_by, text_of, url_of};
use super::super::hosts::{self, Networks};
use super::super::mistake;
use super::super::scenario::Target;
use super::super::state::Checker;
use crate::diag::Diagnostic;
use crate::lang::expr::TargetId;
use std::collections::{HashMap, HashSet};

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
            let Some(from) = hosts::stands_on(client) else { continue };
            let mut asked = Vec::new();
            self.target_destinations(client, &mut asked);
            for (whom, place) in asked {
                let Some(to) = own.get(&whom.to_lowercase()) else { continue };
                if !networks.join(from, *to) {
                    let name = |host: &TargetId| self.scenario.target(*host).name.as_str();
                    found.push(mistake::stopped::not_joined(place, (name(&from), name(to))));
                }
            }
        }
        self.alone_on_hosts(&mut found);
        self.found.extend(found);
    }

    /// Clients on a host that ask its loopback, while nothing that could answer stands there.
    fn alone_on_hosts(&self, found: &mut Vec<Diagnostic>) {
        let stands = |target: &&Target| matches!(target.kind.name, "process" | "link");
        let inhabited: HashSet<TargetId> =
            self.scenario.targets.iter().filter(stands).filter_map(hosts::stands_on).collect();
        // Elsewhere, by their ports.
        let answers: HashMap<String, String> = (self.scenario.targets.iter().filter_map(answers_at))
            .filter_map(|address| {
                let (ip, port) = address.rsplit_once(':')?;
                (ip != "127.0.0.1").then(|| (port.to_string(), address.clone()))
            })
            .collect();
        for client in self.scenario.targets.iter().filter(|target| !stands(target)) {
            let Some(host) = hosts::stands_on(client).filter(|host| !inhabited.contains(host)) else {
                continue;
            };
            let (Some(asked), Some((text, place))) =
                (asked_by(client), url_of(client).or_else(|| text_of(client, "address")))
            else {
                continue;
            };
            let Some(port) = asked.strip_prefix("127.0.0.1:") else { continue };
            let better = answers.get(port).map(|address| {
                let text = text.replacen(&format!("localhost:{port}"), &asked, 1);
                format!("\"{}\"", text.replacen(&asked, address, 1))
            });
            let name = &self.scenario.target(host).name;
            found.push(mistake::hosts::alone_on_host(place, name, better.as_deref()));
        }
    }
}
