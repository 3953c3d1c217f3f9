//! Hosts and the links between them: what can be a network.

use super::asked::{answers_at, text_of};
use super::mistake;
use super::names::only;
use super::scenario::{Argued, Scenario, Target};
use super::state::Checker;
use crate::diag::Diagnostic;
use crate::lang::expr::TargetId;
use crate::lang::value::Value;
use crate::source::Span;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

impl Checker<'_> {
    /// What of the hosts and of the links between them contradicts itself. An address that is known only at the start
    /// is looked at then.
    pub fn check_hosts(&mut self) {
        let mut found = Vec::new();
        let mut addresses: HashMap<IpAddr, Span> = HashMap::new();
        for target in self.scenario.targets.iter().filter(|target| target.kind.name == "host") {
            let Some((written, span)) = address(target) else { continue };
            match written.parse::<IpAddr>() {
                Err(_) => found.push(mistake::hosts::not_a_host_address(span, &written, "no IP address")),
                Ok(address) if !is_usable(address) => {
                    found.push(mistake::hosts::not_a_host_address(span, &written, "not one of a host"));
                }
                Ok(address) => match addresses.get(&address) {
                    Some(first) => {
                        let free = self.free_beside(address);
                        found.push(mistake::hosts::same_address(span, *first, free.as_deref()));
                    }
                    None => drop(addresses.insert(address, span)),
                },
            }
        }
        self.check_links(&mut found);
        self.check_doors(&mut found);
        self.check_turns(&mut found);
        found.into_iter().for_each(|finding| self.report(finding));
    }

    /// The next address that no host has, of those behind an address.
    fn free_beside(&self, taken: IpAddr) -> Option<String> {
        let IpAddr::V4(taken) = taken else { return None };
        let hosts = self.scenario.targets.iter().filter(|target| target.kind.name == "host");
        let there: Vec<String> = hosts.filter_map(address).map(|(written, _)| written).collect();
        let [a, b, c, last] = taken.octets();
        let behind = (last..254).map(|last| IpAddr::from([a, b, c, last + 1]).to_string());
        behind.into_iter().find(|address| !there.contains(address))
    }

    /// Two proxies cannot listen at one address.
    fn check_doors(&self, found: &mut Vec<Diagnostic>) {
        let mut doors: HashMap<(String, bool), Span> = HashMap::new();
        for target in self.scenario.targets.iter().filter(|target| target.kind.name == "link") {
            let Some(listen) = target.setting("listen") else { continue };
            let [Argued::Value(value)] = listen.values.as_slice() else { continue };
            let Some(text) = value.constant().and_then(Value::as_text) else { continue };
            if text.ends_with(":0") {
                continue;
            }
            let udp = target.setting("udp").is_some();
            match doors.get(&(text.to_string(), udp)) {
                Some(first) => found.push(mistake::hosts::same_door(value.span, text, *first)),
                None => drop(doors.insert((text.to_string(), udp), value.span)),
            }
        }
    }

    /// A proxy that passes on to itself.
    fn check_turns(&self, found: &mut Vec<Diagnostic>) {
        let answers = self.scenario.targets.iter().filter(|target| target.kind.name == "process");
        let only = only(answers.filter_map(answers_at));
        for link in self.scenario.targets.iter().filter(|target| target.kind.name == "link") {
            let (Some(listen), Some(to)) = (link.setting("listen"), link.setting("to")) else { continue };
            let (Some((here, _)), Some((there, _))) = (text_of(link, "listen"), text_of(link, "to")) else {
                continue;
            };
            if here == there {
                let meant = only.as_deref().filter(|address| *address != here);
                found.push(mistake::hosts::link_to_itself(to.span, listen.span, &here, meant));
            }
        }
    }

    fn check_links(&self, found: &mut Vec<Diagnostic>) {
        let mut joined: HashMap<(TargetId, TargetId), Span> = HashMap::new();
        for target in &self.scenario.targets {
            let (Some(between), Some((one, other))) = (target.setting("between"), ends(target)) else {
                continue;
            };
            if one == other {
                found.push(mistake::hosts::link_from_a_host_to_itself(between.span));
                continue;
            }
            let pair = (one.min(other), one.max(other));
            if let Some(first) = joined.get(&pair) {
                found.push(mistake::hosts::joined_twice(between.span, *first));
            }
            joined.entry(pair).or_insert(between.span);
            let v4 = |host: TargetId| {
                let (written, _) = address(self.scenario.target(host))?;
                Some(written.parse::<IpAddr>().ok()?.is_ipv4())
            };
            if let (Some(one), Some(other)) = (v4(one), v4(other))
                && one != other
            {
                found.push(mistake::hosts::two_families(between.span));
            }
        }
    }
}

/// The two hosts that a link joins.
pub(super) fn ends(link: &Target) -> Option<(TargetId, TargetId)> {
    match link.setting("between")?.values.as_slice() {
        [Argued::Target(one), Argued::Target(other)] => Some((*one, *other)),
        _ => None,
    }
}

/// The host that a target stands on; none of one on this machine.
pub(super) fn stands_on(target: &Target) -> Option<TargetId> {
    match target.setting("on")?.values.as_slice() {
        [Argued::Target(host)] => Some(*host),
        _ => None,
    }
}

/// The address of a host, where the file fixes it.
pub(super) fn address(host: &Target) -> Option<(String, Span)> {
    text_of(host, "address")
}

/// Whether a host can have it: one that means nobody, everybody or whoever asks, it cannot.
fn is_usable(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !address.is_unspecified() && !address.is_loopback() && !address.is_multicast() && !broadcast
}

/// Hosts that get at each other, over other hosts too: hosts pass on what is for others.
pub(super) struct Networks(HashMap<TargetId, TargetId>);

impl Networks {
    /// What these links join.
    pub fn of(links: impl Iterator<Item = (TargetId, TargetId)>) -> Networks {
        let mut beside: HashMap<TargetId, Vec<TargetId>> = HashMap::new();
        for (one, other) in links {
            beside.entry(one).or_default().push(other);
            beside.entry(other).or_default().push(one);
        }
        let mut networks = HashMap::new();
        for first in beside.keys() {
            let mut waiting = vec![*first];
            while let Some(host) = waiting.pop() {
                if let Entry::Vacant(free) = networks.entry(host) {
                    free.insert(*first);
                    waiting.extend(&beside[&host]);
                }
            }
        }
        Networks(networks)
    }

    /// Whether one gets at the other.
    pub fn join(&self, one: TargetId, other: TargetId) -> bool {
        let network = |host| self.0.get(&host).copied().unwrap_or(host);
        network(one) == network(other)
    }
}

/// The hosts of a scenario by what they are asked by: their names in small letters, and their addresses.
pub(super) fn by_name_and_address(scenario: &Scenario) -> HashMap<String, TargetId> {
    let mut own = HashMap::new();
    for (id, host) in scenario.numbered_targets().filter(|(_, target)| target.kind.name == "host") {
        own.insert(host.name.to_lowercase(), id);
        own.extend(address(host).map(|(address, _)| (address, id)));
    }
    own
}
