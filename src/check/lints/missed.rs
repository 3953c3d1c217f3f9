//! What is told or judged in vain: a link that everybody goes past, a load that has ended before the fault that it was to
//! suffer, the exit code of what still runs.

use super::super::asked::{answers_at, asked_by, authority, proxies, text_of, url_of};
use super::super::hosts::{self, Networks};
use super::super::infer::constant_quantity;
use super::super::mistake;
use super::super::names::Entity;
use super::super::readings::target_read;
use super::super::scenario::{Argued, Block, Load, LoadSubject, Origin, Qualifier, StepKind, Target};
use super::super::state::Checker;
use super::super::walk::{faulted, flat, told, visit_block, visit_steps};
use crate::diag::Diagnostic;
use crate::lang::expr::{ActionId, ExpectationId, Expr, ExprKind, TargetId, Window};
use crate::source::Span;
use std::collections::{HashMap, HashSet};

/// Loads of mixes are looked at one by one where they run no more actions than this together.
const MOST_PARTS: usize = 100_000;

/// So many links with faults are looked at for what crosses them; nobody has more of them by hand.
const MOST_LINKS: usize = 200;

impl Checker<'_> {
    pub(super) fn missed_lint(&mut self) {
        let mut found = Vec::new();
        self.bypassed_links(&mut found);
        self.deaf_links(&mut found);
        if self.parts_loaded() <= MOST_PARTS {
            let doors = proxies(&self.scenario).map(|(.., (listen, _))| listen).collect();
            self.ended_loads(&self.scenario.story, &HashSet::new(), &doors, &mut found);
        }
        self.exit_codes_of_running(&mut found);
        self.uncrossed_links(&mut found);
        self.found.extend(found);
    }

    /// A client that asks where a link leads to, while nothing in the file goes where the link listens.
    fn bypassed_links(&self, found: &mut Vec<Diagnostic>) {
        let told = faulted(&self.scenario);
        let mut asked: HashMap<String, Vec<(&Target, String, Span)>> = HashMap::new();
        for client in &self.scenario.targets {
            let Some((url, span)) = url_of(client) else { continue };
            let Some(authority) = authority(&url).map(str::to_string) else { continue };
            asked.entry(authority).or_default().push((client, url, span));
        }
        let links: Vec<_> = proxies(&self.scenario)
            .filter(|(id, ..)| told.contains(id))
            .filter_map(|(_, link, listen)| Some((link, listen, text_of(link, "to")?.0)))
            .collect();
        if links.is_empty() {
            return;
        }
        let written = self.words_written();
        // Programs of the file's own may go anywhere, those aside that answer behind a link.
        let answering: HashSet<&str> = links.iter().map(|(.., to)| to.as_str()).collect();
        let runs = |target: &&Target| target.kind.name == "process" && target.setting("run").is_some();
        let mut programs = self.scenario.targets.iter().filter(runs);
        if programs.any(|process| {
            answers_at(process).is_some_and(|at| !answering.contains(at.as_str()))
                || process.setting("ready").is_none()
        }) {
            return;
        }
        // Who asks a port of this machine that stands nowhere else in the file; of several none is told.
        let lost = |(address, _): &(&String, &Vec<_>)| {
            let port = address.strip_prefix("127.0.0.1:").or(address.strip_prefix("localhost:"));
            port.is_some_and(|port| written.get(port).copied() == Some(1))
        };
        let nowhere: Vec<_> = asked.iter().filter(lost).take(2).collect();
        for (link, (listen, place), to) in links {
            let port = listen.rsplit_once(':').map_or("", |(_, port)| port);
            // A name stands where it is declared and in the link; anywhere else something may come here by it.
            let named = words_of(self.sources.text(place))
                .filter(|word| {
                    matches!(self.symbols.peek(word).map(|symbol| symbol.entity), Some(Entity::Constant(_)))
                })
                .any(|name| written.get(name).is_some_and(|count| *count > 2));
            if named || written.get(port).copied() != Some(1) {
                continue;
            }
            for (client, url, span) in asked.get(&to).into_iter().flatten() {
                let better = url.replacen(&to, &listen, 1);
                let names = (client.name.as_str(), link.name.as_str());
                found.push(mistake::passed::link_bypassed(*span, place, names, &to, &better));
            }
            // Nor does anybody ask where it leads to, but one client a place of this machine where nothing is.
            if !asked.contains_key(&to)
                && let [(address, clients)] = nowhere.as_slice()
                && let [(client, url, span)] = clients.as_slice()
            {
                let better = url.replacen(address.as_str(), &listen, 1);
                let names = (client.name.as_str(), link.name.as_str());
                found.push(mistake::passed::asks_nowhere(*span, place, names, address, &better));
            }
        }
    }

    /// A proxy for connections that is sent datagrams, or the other way round.
    fn deaf_links(&self, found: &mut Vec<Diagnostic>) {
        let hears_datagrams = |link: &Target| link.setting("udp").is_some();
        let doors: HashMap<(String, bool), &Target> = proxies(&self.scenario)
            .map(|(_, link, (listen, _))| ((listen, hears_datagrams(link)), link))
            .collect();
        let answers: HashSet<String> = self.scenario.targets.iter().filter_map(answers_at).collect();
        for client in self.scenario.targets.iter().filter(|target| !is_place(target)) {
            let Some(address) = asked_by(client) else { continue };
            let datagrams = client.kind.name == "udp";
            let good = doors.contains_key(&(address.clone(), datagrams)) || answers.contains(&address);
            if let Some(link) = doors.get(&(address, !datagrams)).filter(|_| !good) {
                let names = (client.name.as_str(), link.name.as_str());
                found.push(mistake::hosts::link_is_deaf(client.span, link.span, names, datagrams));
            }
        }
    }

    /// A link between hosts on one side of which nothing stands, while a client asks the other side from there.
    fn uncrossed_links(&self, found: &mut Vec<Diagnostic>) {
        let targets = || self.scenario.numbered_targets();
        let told = faulted(&self.scenario);
        let links: Vec<(TargetId, (TargetId, TargetId))> =
            targets().filter_map(|(id, link)| Some((id, hosts::ends(link)?))).collect();
        let clients: Vec<(String, Span)> = self.clients_on_nothing().collect();
        if clients.is_empty() {
            return;
        }
        let own = hosts::by_name_and_address(&self.scenario);
        let inhabited: HashSet<TargetId> =
            targets().filter_map(|(_, target)| hosts::stands_on(target)).collect();
        let name = |host: TargetId| self.scenario.target(host).name.as_str();
        for (link, (one, other)) in links.iter().filter(|(link, _)| told.contains(link)).take(MOST_LINKS) {
            let others = links.iter().filter(|(beside, _)| beside != link).map(|(_, ends)| *ends);
            let networks = Networks::of(others);
            if networks.join(*one, *other) {
                continue;
            }
            for (empty, asked) in [(*one, *other), (*other, *one)] {
                if inhabited.iter().any(|host| networks.join(*host, empty)) {
                    continue;
                }
                let client = clients.iter().find_map(|(whom, place)| {
                    let host = own.get(&whom.to_lowercase()).filter(|host| networks.join(**host, asked))?;
                    Some((*place, name(*host)))
                });
                if let Some((place, whom)) = client {
                    let of = self.scenario.target(*link);
                    let names = (of.name.as_str(), name(empty), whom);
                    found.push(mistake::passed::link_not_crossed(place, of.span, names));
                }
            }
        }
    }

    /// What clients that stand nowhere ask, and where that is written.
    fn clients_on_nothing(&self) -> impl Iterator<Item = (String, Span)> + '_ {
        let clients = self.scenario.targets.iter().filter(|target| {
            !matches!(target.kind.name, "process" | "link" | "host") && target.setting("on").is_none()
        });
        clients.flat_map(|client| {
            let mut asked = Vec::new();
            self.target_destinations(client, &mut asked);
            asked
        })
    }

    /// How often each word and number stands in the files, comments left out.
    fn words_written(&self) -> HashMap<&str, usize> {
        let mut count = HashMap::new();
        for line in self.sources.files().iter().flat_map(|file| file.text().lines()) {
            words_of(uncommented(line)).for_each(|word| *count.entry(word).or_default() += 1);
        }
        count
    }

    /// Expectations over the time of a fault, on a load that had ended before it. `running` goes on in blocks around.
    fn ended_loads(
        &self,
        block: &Block,
        running: &HashSet<LoadSubject>,
        doors: &HashSet<String>,
        found: &mut Vec<Diagnostic>,
    ) {
        let mut running = running.clone();
        let mut ended: HashMap<LoadSubject, (Span, bool)> = HashMap::new();
        // Whether the last thing of note was a fault, which what is judged next was to suffer.
        let mut just_faulted: Option<Span> = None;
        for step in flat(&block.steps) {
            match &step.kind {
                StepKind::Load(load) if lasts(load) => {
                    just_faulted = None;
                    for subject in self.scenario.subjects_of(load.subject) {
                        ended.insert(subject, (step.span, false));
                    }
                }
                StepKind::Load(load) => running.extend(self.scenario.subjects_of(load.subject)),
                StepKind::Tell(tell) if tell.verb.fault => {
                    for (subject, (_, faulted)) in &mut ended {
                        *faulted |= self.may_meet(*subject, tell.target, doors);
                    }
                    just_faulted = running.is_empty().then_some(step.span);
                }
                StepKind::Expect(id) => {
                    let expectation = self.scenario.expectation(*id);
                    let waits =
                        matches!(expectation.qualifier, Qualifier::Within(_) | Qualifier::ForWithin { .. });
                    let mut told = None;
                    expectation.condition.walk(&mut |part: &Expr| {
                        let ExprKind::Measure { series, window, .. } = &part.kind else { return };
                        let Origin::Load { subject, .. } = &self.scenario.series(*series).origin else {
                            return;
                        };
                        let recent = waits
                            || just_faulted.is_some()
                            || matches!(window, Window::Over(length) if constant_quantity(length).is_some());
                        let Some((load, true)) = ended.get(subject) else { return };
                        if recent && !running.contains(subject) {
                            told.get_or_insert((part.span, *subject, *load));
                        }
                    });
                    let fault = just_faulted.take().filter(|_| !waits);
                    if let Some((span, subject, load)) = told {
                        let name = self.scenario.subject_name(subject);
                        found.push(match fault {
                            Some(fault) => mistake::passed::load_misses_fault(span, name, load, fault),
                            None => mistake::passed::load_has_ended(span, name, load),
                        });
                    }
                }
                StepKind::Phase { body, .. }
                | StepKind::Repeat { body, .. }
                | StepKind::ForEach { body, .. } => {
                    self.ended_loads(body, &running, doors, found);
                }
                // What may run beside it is not looked at.
                StepKind::Parallel { .. }
                | StepKind::Every { .. }
                | StepKind::At { .. }
                | StepKind::Choose(_)
                | StepKind::Do { .. } => {
                    return;
                }
                _ => {}
            }
        }
    }

    /// An exit code of a process that answers until it is told to stop, and is not told.
    fn exit_codes_of_running(&self, found: &mut Vec<Diagnostic>) {
        let told = told(&self.scenario, |tell| {
            matches!(tell.verb.name, "stop" | "kill" | "signal" | "restart" | "send")
        });
        // In cleanup all have ended.
        let mut last: HashSet<ExpectationId> = HashSet::new();
        for block in &self.scenario.cleanup {
            visit_block(block, &mut |step| {
                if let StepKind::Expect(id) = &step.kind {
                    last.insert(*id);
                }
            });
        }
        for (index, expectation) in self.scenario.expectations.iter().enumerate() {
            // What is waited for may come of what it is asked, or is kept from.
            let waits = matches!(expectation.qualifier, Qualifier::Within(_) | Qualifier::ForWithin { .. });
            if waits || last.contains(&ExpectationId(index as u32)) {
                continue;
            }
            expectation.condition.walk(&mut |part: &Expr| {
                let Some((target, "exit_code")) = target_read(&self.scenario, part) else { return };
                let process = self.scenario.target(target);
                let answers = process.setting("ready").is_some_and(|ready| {
                    matches!(ready.values.first(), Some(Argued::Probe("http" | "tcp", _)))
                });
                if answers && !told.contains(&target) {
                    found.push(mistake::lint::exit_code_of_running(part.span, &process.name));
                }
            });
        }
    }

    /// How many actions all loads of mixes run, each counted each time.
    fn parts_loaded(&self) -> usize {
        let mut parts: usize = 0;
        visit_steps(&self.scenario, &mut |step| {
            if let StepKind::Load(load) = &step.kind
                && let LoadSubject::Mix(mix) = load.subject
            {
                parts = parts.saturating_add(self.scenario.mixes[mix.index()].parts.len());
            }
        });
        parts
    }

    /// Whether what a load asks may be what a fault is done to: it is not where both tell their addresses, and these differ.
    fn may_meet(&self, subject: LoadSubject, target: TargetId, doors: &HashSet<String>) -> bool {
        let told = self.scenario.target(target);
        let (Some(at), LoadSubject::Action(action)) = (answers_at(told), subject) else { return true };
        let asked = self.asked_by_action(action);
        asked.is_empty() || asked.iter().any(|address| *address == at || doors.contains(address))
    }

    /// The addresses that an action's requests go to, where the file fixes them.
    fn asked_by_action(&self, action: ActionId) -> Vec<String> {
        let tells = self.scenario.action(action).tells();
        tells.filter_map(|tell| asked_by(self.scenario.target(tell.target))).collect()
    }
}

/// Whether the statement takes the time that the load does.
fn lasts(load: &Load) -> bool {
    load.duration.is_some()
}

/// What is no client.
fn is_place(target: &Target) -> bool {
    matches!(target.kind.name, "process" | "link" | "host" | "disk" | "machine")
}

/// The words and numbers of a text.
fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|mark: char| !mark.is_ascii_alphanumeric() && mark != '_').filter(|word| !word.is_empty())
}

/// A line without its comment.
fn uncommented(line: &str) -> &str {
    let comment = line.char_indices().find(|(at, mark)| *mark == '#' && line[..*at].ends_with([' ', '\t']));
    match comment {
        _ if line.starts_with('#') => "",
        Some((at, _)) => &line[..at],
        None => line,
    }
}
