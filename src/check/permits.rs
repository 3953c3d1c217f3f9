//! The blast radius: what goes beyond what soak made, loopback and the scenario's own hosts stands in the file.

use super::backend;
use super::embedded::{LATER, host_and_port, url_host};
use super::mistake;
use super::names::Entity;
use super::scenario::{Argued, Origin, ReceivedFrom, SourceValue, StepKind, Target};
use super::state::{Checker, Constant, Place};
use super::walk::{visit_steps, visit_tells};
use crate::diag::Diagnostic;
use crate::kinds::reach::is_loopback;
use crate::lang::expr::{Expr, TargetId};
use crate::lang::function::SourceArgument;
use crate::lang::signature::Accepts;
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast::{self, Permit, PermitSubject};
use std::collections::HashSet;

/// What a permit calls the sessions that whoever runs soak came in over, where no target has that name.
pub(super) const SESSIONS: &str = "ssh";

impl Checker<'_> {
    /// `permit load to "host"`, `permit fault on name`
    pub fn permit(&mut self, permit: &Permit) {
        match (permit.what.text.as_str(), &permit.subject) {
            ("load", PermitSubject::To(host)) => {
                let text = self.at_place(Place::Fixed, |checker| checker.text(host));
                let Some(name) = text.constant().and_then(|value| value.as_text()) else {
                    self.report(mistake::safety::permit_not_fixed(host.span));
                    return;
                };
                let plain = !name.is_empty() && !name.contains(['/', '@', ' ']);
                match host_and_port(name).filter(|_| plain) {
                    Some((host_name, _)) => {
                        let host_name = host_name.to_lowercase();
                        self.scenario.permits.load.push((host_name, host.span));
                    }
                    None => {
                        let meant = url_host(name).map(str::to_lowercase);
                        self.report(mistake::safety::permit_not_a_host(host.span, name, meant.as_deref()));
                        self.scenario.permits.load.extend(meant.map(|meant| (meant, host.span)));
                    }
                }
            }
            ("fault", PermitSubject::On(name)) if self.permit_of_kind(name) => {}
            ("fault", PermitSubject::On(name))
                if name.text == SESSIONS && self.symbols.peek(SESSIONS).is_none() =>
            {
                self.scenario.permits.sessions = Some(name.span);
            }
            ("fault", PermitSubject::On(name)) => match self.entity(name, "target") {
                Some(Entity::Target(target)) => self.scenario.permits.fault.push((target, name.span)),
                None | Some(Entity::Unknown) => {}
                Some(_) => {
                    let sort = self.sort_of(&name.text);
                    self.report(mistake::told::not_a_target(name.span, &name.text, sort));
                }
            },
            _ => self.report(mistake::safety::permit_form(permit.what.span, &permit.what.text)),
        }
    }

    /// Tells of a permit for a kind, in which its one target is meant; that has it all the same.
    fn permit_of_kind(&mut self, name: &crate::syntax::ast::Name) -> bool {
        if self.symbols.peek(&name.text).is_some() || name.text == "machine" {
            return false;
        }
        let targets = self.scenario.targets.iter().enumerate();
        let of_kind: Vec<_> = targets.filter(|(_, target)| target.kind.name == name.text).collect();
        let [(index, target)] = of_kind.as_slice() else { return false };
        let found = mistake::safety::permit_of_kind(name.span, &name.text, &target.name);
        self.scenario.permits.fault.push((TargetId(*index as u32), name.span));
        self.report(found);
        true
    }

    /// Everything that needs a permit and has none, each once.
    pub fn check_permits(&mut self) {
        if self.unread_permit {
            return;
        }
        self.check_fault_permits();
        self.check_load_permits();
    }

    fn check_fault_permits(&mut self) {
        let permitted: HashSet<TargetId> =
            self.scenario.permits.fault.iter().map(|(target, _)| *target).collect();
        let mut told: HashSet<TargetId> = HashSet::new();
        // Of what cannot be told at all it is not said who may.
        let cannot: Vec<Span> =
            self.found.iter().filter(|found| found.code == "E0409").map(Diagnostic::span).collect();
        let mut needed: Vec<(TargetId, Span, &str)> = Vec::new();
        visit_tells(&self.scenario, &mut |tell| {
            let target = self.scenario.target(tell.target);
            let needs = tell.verb.fault
                && !backend::made_by_soak(target)
                && !backend::own_files(target, tell.verb)
                && (target.kind.built_in || !target.settings.is_empty())
                && !permitted.contains(&tell.target)
                && !self.half_known.contains(&tell.target)
                && !cannot.iter().any(|span| tell.span.start <= span.start && span.end <= tell.span.end);
            if needs && told.insert(tell.target) {
                needed.push((tell.target, tell.span, tell.verb.name));
            }
        });
        for (target, span, verb) in needed {
            let target = self.scenario.target(target);
            let why = backend::why_not_made(target);
            let names = (target.name.as_str(), verb);
            let own = (target.kind.name == "disk").then_some(
                "with the setting `size 100MB` it is a small disk of soak's own, which needs no permit",
            );
            let finding = mistake::safety::fault_needs_permit(span, names, why, own, self.top());
            self.report(finding);
        }
    }

    /// The hosts that the scenario asks, where the file fixes them, with where that stands.
    fn hosts_asked(&self) -> Vec<(String, Span)> {
        let mut destinations: Vec<(String, Span)> = Vec::new();
        for target in &self.scenario.targets {
            self.target_destinations(target, &mut destinations);
        }
        for series in &self.scenario.series {
            if let Origin::Source { source, arguments } = &series.origin {
                for (wanted, argument) in source.arguments.iter().zip(arguments) {
                    let SourceValue::Value(expr) = argument else { continue };
                    let host = match wanted {
                        SourceArgument::Value(accepts) => self.destination(accepts, expr),
                        SourceArgument::FileOrUrl => url_host(&self.sketch(expr)).map(str::to_string),
                        _ => None,
                    };
                    destinations.extend(host.map(|host| (host, expr.span)));
                }
            }
        }
        for received in self.scenario.ledgers.iter().flat_map(|ledger| &ledger.received) {
            if let ReceivedFrom::Items { document, .. } = &received.from {
                let host = url_host(&self.sketch(document)).map(str::to_string);
                destinations.extend(host.map(|host| (host, document.span)));
            }
        }
        destinations
    }

    /// The hosts that the scenario asks and that need a permit; none where something else may be asked too, because an address
    /// is put together or a command talks for itself.
    pub(super) fn destinations(&self) -> Option<HashSet<String>> {
        // A text of the command line may name another host.
        let is_text = |constant: &Constant<'_>| {
            constant.param.is_some() && matches!(constant.written.kind, ast::ExprKind::Text(_))
        };
        if self.constants.iter().any(is_text) {
            return None;
        }
        let asked: HashSet<String> =
            self.hosts_asked().into_iter().map(|(host, _)| host.to_lowercase()).collect();
        let addresses = |target: &Target| {
            target
                .settings
                .iter()
                .flat_map(|setting| setting.parameter.values.iter().zip(&setting.values))
                .any(|(accepts, value)| match (accepts, value) {
                    (Accepts::Url(_) | Accepts::Address { .. }, Argued::Value(value)) => {
                        self.destination(accepts, value).is_none()
                    }
                    _ => false,
                })
        };
        let redirected = |target: &Target| target.setting("redirects").is_some();
        let open = self.scenario.targets.iter().any(|target| addresses(target) || redirected(target));
        (!open).then_some(asked)
    }

    fn check_load_permits(&mut self) {
        let destinations = self.hosts_asked();
        let mut whole = Vec::new();
        visit_tells(&self.scenario, &mut |tell| {
            // A request goes to a path behind the base that was declared.
            for value in tell
                .arguments
                .iter()
                .filter(|argument| argument.parameter.name == "path")
                .flat_map(|a| &a.values)
            {
                if let Argued::Value(expr) = value {
                    let sketch = self.sketch(expr);
                    let host = (tell.target_is_http(&self.scenario)).then(|| url_host(&sketch)).flatten();
                    if host.is_some() {
                        let target = self.scenario.target(tell.target).name.as_str();
                        whole.push(mistake::arguments::whole_url(expr.span, target, &sketch));
                    }
                }
            }
        });
        whole.into_iter().for_each(|found| self.report(found));
        let mut told = HashSet::new();
        let near = self.near();
        let hosts: Vec<(String, String)> = self
            .scenario
            .targets
            .iter()
            .filter(|target| target.kind.name == "host")
            .filter_map(|host| Some((host.name.clone(), super::hosts::address(host)?.0)))
            .collect();
        // Which host should have had an address is not asked where that of one of them is wrong, which has been told.
        let unread = self.half_known.iter().any(|target| self.scenario.target(*target).kind.name == "host");
        let unclear = self.found.iter().any(|found| found.code == "E0418" || found.code == "E0414" && unread);
        for (host, span) in destinations {
            let host = host.to_lowercase();
            if !is_loopback(&host) && !near.contains(&host) && told.insert(host.clone()) {
                let found = mistake::safety::load_needs_permit(span, &host, self.top());
                let near = hosts_near(&hosts, &host);
                if unclear && !near.is_empty() {
                    continue;
                }
                let found =
                    if near.is_empty() { found } else { mistake::safety::no_host_of(span, &host, &near) };
                let found = match self.permit_nearly_of(&host) {
                    Some((permitted, place)) => {
                        mistake::safety::permit_of_another(span, &host, permitted, place)
                    }
                    None => found,
                };
                self.report(found);
            }
        }
    }

    /// A permit for a host whose name is nearly this one's.
    fn permit_nearly_of(&self, host: &str) -> Option<(&str, Span)> {
        let near = |permitted: &str| {
            let apart = strsim::osa_distance(permitted, host);
            apart > 0
                && apart <= 2
                && permitted.len() > 4
                && !permitted.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        };
        let permits = &self.scenario.permits.load;
        if permits.is_empty() || !self.may_suggest() {
            return None;
        }
        permits
            .iter()
            .find(|(permitted, _)| near(permitted))
            .map(|(permitted, span)| (permitted.as_str(), *span))
    }

    /// Where a permit can be added: on the line below the title, or at the start of the file.
    fn top(&self) -> Span {
        let Some(title) = self.titled else { return Span::at(self.sources.files()[0].base()) };
        let behind = self.sources.behind(title);
        let rest = behind.find('\n').map_or(behind.len(), |newline| newline + 1);
        Span::at(title.end + rest as u32)
    }

    /// The hosts that the settings of a target name, where the file fixes them, with where that stands.
    pub(super) fn target_destinations(&self, target: &Target, destinations: &mut Vec<(String, Span)>) {
        for setting in &target.settings {
            // What a host is and where a proxy listens is no destination.
            if target.kind.name == "host" || setting.parameter.name == "listen" {
                continue;
            }
            for (accepts, value) in setting.parameter.values.iter().zip(&setting.values) {
                let (accepts, expr) = match value {
                    Argued::Value(expr) => (*accepts, expr),
                    Argued::Probe(name, expr) => {
                        let probes = crate::lang::function::PROBES;
                        match probes.iter().find(|(probe, ..)| probe == name) {
                            Some((_, accepts, _)) => (*accepts, expr),
                            None => continue,
                        }
                    }
                    _ => continue,
                };
                destinations.extend(self.destination(&accepts, expr).map(|host| (host, expr.span)));
            }
        }
    }

    /// The host that a value names, where the file fixes it.
    fn destination(&self, accepts: &Accepts, expr: &Expr) -> Option<String> {
        // What is wrong has been told, and names no host.
        if expr.ty == Type::Unknown {
            return None;
        }
        let sketch = self.sketch(expr);
        match accepts {
            Accepts::Url(schemes) if schemes.contains(&"sqlite") && sketch.starts_with("sqlite") => None,
            Accepts::Url(_) => url_host(&sketch).map(str::to_string),
            Accepts::Address { .. } => {
                let (host, _) = host_and_port(&sketch)
                    .or_else(|| sketch.split_once(':').map(|(host, _)| (host, None)))?;
                (!host.is_empty() && !host.contains(LATER)).then(|| host.to_string())
            }
            _ => None,
        }
    }

    /// The hosts that are the scenario's own, by name and by address, and those that are permitted.
    fn near(&self) -> HashSet<String> {
        let mut near: HashSet<String> =
            self.scenario.permits.load.iter().map(|(permitted, _)| permitted.clone()).collect();
        for host in self.scenario.targets.iter().filter(|target| target.kind.name == "host") {
            near.insert(host.name.to_lowercase());
            for value in host.settings.iter().flat_map(|setting| &setting.values) {
                if let Argued::Value(expr) = value {
                    near.extend(self.sketch(expr).split('/').next().map(str::to_string));
                }
            }
        }
        near
    }

    /// Whether the scenario has any statement at all that runs, for lints that make no sense on an empty one.
    pub fn has_story(&self) -> bool {
        let mut any = false;
        visit_steps(&self.scenario, &mut |step| any |= !matches!(step.kind, StepKind::Note(_)));
        any
    }
}

/// The declared hosts, by name and address, whose addresses differ from this one in their last part only.
fn hosts_near(hosts: &[(String, String)], address: &str) -> Vec<(String, String)> {
    if hosts.is_empty() || address.parse::<std::net::Ipv4Addr>().is_err() {
        return Vec::new();
    }
    let network = |address: &str| address.rsplit_once('.').map(|(network, _)| network.to_string());
    hosts.iter().filter(|(_, own)| network(own) == network(address)).cloned().collect()
}
