//! Goes through everything that a scenario declares and tells.

use super::{Fault, Touch, TouchKind, Touches};
use crate::check::scenario::{
    Argued, Argument, Block, IterationStep, ReceivedFrom, Scenario, SourceValue, Step, StepKind, Target, Tell,
};
use crate::lang::expr::Expr;
use crate::lang::function::{PROBES, SourceArgument, SourceSignature};
use crate::lang::signature::{Accepts, Nature};
use crate::plan::known::Known;
use crate::plan::undo;
use crate::source::{Sources, Span};
use std::collections::HashSet;

/// The settings that need a privilege: kind, setting, which.
const PRIVILEGES: &[(&str, &str, &str)] = &[
    ("host", "address", "unprivileged user namespaces, for a network of its own"),
    ("link", "between", "unprivileged user namespaces, for a network of its own"),
    ("link", "interface", "root (CAP_NET_ADMIN), for rules on a real interface"),
    ("disk", "size", "unprivileged user namespaces, for a disk of its own"),
    ("disk", "faulty", "FUSE (/dev/fuse), for a disk that can fail"),
    ("process", "unit", "the right to signal a process that is not soak's own"),
    ("process", "pidfile", "the right to signal a process that is not soak's own"),
    ("process", "match", "the right to signal a process that is not soak's own"),
    ("process", "container", "the right to signal a process that is not soak's own"),
];

/// The ports that go without saying, by the scheme of a URL.
const PORTS: &[(&str, u16)] = &[
    ("http", 80),
    ("https", 443),
    ("ws", 80),
    ("wss", 443),
    ("postgres", 5432),
    ("postgresql", 5432),
    ("mysql", 3306),
    ("mariadb", 3306),
    ("redis", 6379),
    ("rediss", 6379),
    ("mqtt", 1883),
    ("mqtts", 8883),
    ("nats", 4222),
    ("tls", 4222),
];

/// Ports below this one are root's to listen on.
const FIRST_FREE_PORT: u16 = 1024;

struct Collector<'a> {
    known: Known<'a>,
    touches: Touches,
    /// What has been added, and who needs it where that tells things apart.
    added: HashSet<(TouchKind, String, String)>,
}

/// Everything that a scenario touches.
pub(in crate::plan) fn touches(scenario: &Scenario, sources: &Sources) -> Touches {
    let mut collector = Collector {
        known: Known::new(scenario, sources),
        touches: Touches::default(),
        added: HashSet::new(),
    };
    for target in &scenario.targets {
        collector.target(target);
    }
    for action in &scenario.actions {
        collector.iteration(&action.name, &action.steps);
    }
    for dataset in &scenario.datasets {
        let file = collector.known.words(&dataset.file);
        collector.add(TouchKind::Read, file, &dataset.name, dataset.span);
    }
    for series in &scenario.series {
        if let crate::check::scenario::Origin::Source { source, arguments } = &series.origin {
            collector.source(source, arguments, &series.name, series.span);
        }
    }
    for ledger in &scenario.ledgers {
        for received in &ledger.received {
            collector.receipt(&received.from, &ledger.name, received.span);
        }
    }
    let blocks = scenario.setup.iter().chain([&scenario.story]).chain(&scenario.cleanup);
    for block in blocks.chain(scenario.sequences.iter().map(|sequence| &sequence.body)) {
        collector.block(block);
    }
    collector.permits(scenario);
    collector.own_folders(scenario);
    collector.touches.things.sort_by_key(|touch| touch.kind);
    collector.touches
}

impl<'a> Collector<'a> {
    fn add(&mut self, kind: TouchKind, what: String, by: &str, span: Span) {
        // A command and a process are told with all that start them; of the rest, who needs it first is enough.
        let apart = matches!(kind, TouchKind::Process | TouchKind::Command);
        let whose = if apart { by.to_string() } else { String::new() };
        if self.added.insert((kind, what.clone(), whose)) {
            let line = self.known.sources.line(span);
            self.touches.things.push(Touch { kind, what, by: by.to_string(), line });
        }
    }

    fn target(&mut self, target: &'a Target) {
        for argument in &target.settings {
            self.setting(target, argument);
            let needed = PRIVILEGES
                .iter()
                .find(|(kind, setting, _)| *kind == target.kind.name && *setting == argument.parameter.name);
            if let Some((.., privilege)) = needed {
                self.add(TouchKind::Privilege, privilege.to_string(), &target.name, target.span);
            }
        }
    }

    fn setting(&mut self, target: &'a Target, argument: &'a Argument) {
        let name = argument.parameter.name;
        for (index, value) in argument.values.iter().enumerate() {
            let expr = match value {
                Argued::Value(expr) => expr,
                Argued::Probe(probe, expr) => {
                    if let Some((_, accepts, _)) = PROBES.iter().find(|(known, ..)| known == probe) {
                        self.accepted(*accepts, expr, &format!("{} ready", target.name), argument.span);
                    }
                    continue;
                }
                Argued::Word(_) | Argued::Target(_) => continue,
            };
            let accepts = argument.parameter.values.get(index).copied().unwrap_or(Accepts::Text);
            match (target.kind.name, name) {
                ("process", "run") => {
                    let on = target.setting("on").and_then(|on| match on.values.first() {
                        Some(Argued::Target(host)) => Some(self.known.scenario.target(*host).name.clone()),
                        _ => None,
                    });
                    let command = self.known.words(expr);
                    let by =
                        on.map_or_else(|| target.name.clone(), |host| format!("{} on {host}", target.name));
                    self.add(TouchKind::Process, command, &by, target.span);
                }
                ("process", "unit" | "pidfile" | "match" | "container") => {
                    let found = format!("{name} {}", self.known.words(expr));
                    self.add(TouchKind::Process, found, &target.name, target.span);
                }
                ("link", "listen") => self.listen(expr, target),
                ("disk", "path") => {
                    let path = self.known.words(expr);
                    self.add(TouchKind::Write, path, &target.name, target.span);
                }
                ("host", _) => {
                    let address = self.known.words(expr);
                    self.add(TouchKind::Host, address, &target.name, target.span);
                }
                _ => self.accepted(accepts, expr, &target.name, target.span),
            }
        }
    }

    fn listen(&mut self, address: &Expr, target: &Target) {
        let address = self.known.words(address);
        let port = address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok());
        if port.is_some_and(|port| port > 0 && port < FIRST_FREE_PORT) {
            let privilege = format!("the right to listen on a port below {FIRST_FREE_PORT}");
            self.add(TouchKind::Privilege, privilege, &target.name, target.span);
        }
        self.add(TouchKind::Listen, address, &target.name, target.span);
    }

    /// What a value says by what it is taken for.
    fn accepted(&mut self, accepts: Accepts, expr: &Expr, by: &str, span: Span) {
        let kind = match accepts {
            Accepts::Url(_) => return self.url(&self.known.words(expr), by, span),
            Accepts::Address { .. } => TouchKind::Connect,
            Accepts::Command => TouchKind::Command,
            Accepts::Path | Accepts::Glob => TouchKind::Read,
            _ => return,
        };
        let words = self.known.words(expr);
        self.add(kind, words, by, span);
    }

    /// Only where it leads: what stands behind it and who asks is no matter here, and a name may hold a password.
    fn url(&mut self, url: &str, by: &str, span: Span) {
        let Some((scheme, rest)) = url.split_once("://") else {
            return match url.split_once(':') {
                Some(("sqlite", path)) => self.add(TouchKind::Write, path.to_string(), by, span),
                _ => self.add(TouchKind::Connect, url.to_string(), by, span),
            };
        };
        if scheme == "sqlite" {
            return self.add(TouchKind::Write, rest.to_string(), by, span);
        }
        let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
        let port = PORTS.iter().find(|(name, _)| *name == scheme);
        let address = match port {
            Some((_, port)) if !has_port => format!("{host}:{port}"),
            _ => host.to_string(),
        };
        self.add(TouchKind::Connect, address, by, span);
    }

    fn source(&mut self, source: &SourceSignature, arguments: &[SourceValue], by: &str, span: Span) {
        // A source that has no name of its own is called by its text, which is told already.
        let by = if by.starts_with(source.name) { source.name } else { by };
        for (index, argument) in arguments.iter().enumerate() {
            let SourceValue::Value(expr) = argument else { continue };
            match source.arguments.get(index) {
                Some(SourceArgument::Value(accepts)) => {
                    self.accepted(*accepts, expr, by, span);
                }
                Some(SourceArgument::GlobOrLog) => self.accepted(Accepts::Glob, expr, by, span),
                Some(SourceArgument::FileOrUrl) => self.document(expr, by, span),
                Some(SourceArgument::JsonPath) | None => {}
            }
        }
    }

    /// Where a ledger receives from. What it asks of a target is told with that target.
    fn receipt(&mut self, from: &ReceivedFrom, by: &str, span: Span) {
        match from {
            ReceivedFrom::Files { glob, .. } | ReceivedFrom::Lines { of: SourceValue::Value(glob), .. } => {
                self.accepted(Accepts::Glob, glob, by, span);
            }
            ReceivedFrom::Items { document, .. } => self.document(document, by, span),
            ReceivedFrom::Lines { .. } | ReceivedFrom::Rows { .. } | ReceivedFrom::Messages { .. } => {}
        }
    }

    fn document(&mut self, document: &Expr, by: &str, span: Span) {
        let words = self.known.words(document);
        if words.contains("://") {
            self.url(&words, by, span);
        } else {
            self.add(TouchKind::Read, words, by, span);
        }
    }

    fn iteration(&mut self, by: &str, steps: &'a [IterationStep]) {
        for step in steps {
            if let IterationStep::Tell { tell, answer } = step {
                self.tell(tell, by);
                self.iteration(by, answer);
            }
        }
    }

    fn block(&mut self, block: &'a Block) {
        for step in &block.steps {
            self.step(step);
        }
    }

    fn step(&mut self, step: &'a Step) {
        match &step.kind {
            StepKind::Tell(tell) => self.tell(tell, "the story"),
            StepKind::Run { command, .. } => {
                let command = self.known.words(command);
                self.add(TouchKind::Command, command, "run", step.span);
            }
            StepKind::Phase { body, .. }
            | StepKind::Repeat { body, .. }
            | StepKind::ForEach { body, .. }
            | StepKind::Group(body)
            | StepKind::Every { body, .. }
            | StepKind::At { body, .. } => self.block(body),
            StepKind::Parallel { branches } => branches.iter().for_each(|branch| self.block(branch)),
            StepKind::Choose(branches) => branches.iter().for_each(|(_, step)| self.step(step)),
            StepKind::Load(_)
            | StepKind::Expect(_)
            | StepKind::Do { .. }
            | StepKind::Wait(_)
            | StepKind::WaitUntil { .. }
            | StepKind::Note(_) => {}
        }
    }

    fn tell(&mut self, tell: &'a Tell, by: &str) {
        let target = self.known.scenario.target(tell.target);
        for argument in &tell.arguments {
            let written =
                (target.kind.name, tell.verb.name, argument.parameter.name) == ("disk", "write", "path");
            for (index, value) in argument.values.iter().enumerate() {
                let Argued::Value(expr) = value else { continue };
                if written {
                    let file = format!("{}/{}", self.folder(target), self.known.words(expr));
                    self.add(TouchKind::Write, file, by, tell.span);
                } else if argument.parameter.values.get(index) == Some(&Accepts::Path) {
                    self.accepted(Accepts::Path, expr, by, tell.span);
                }
            }
        }
        if !tell.verb.fault && !matches!(tell.verb.nature, Nature::State { .. }) {
            return;
        }
        let restarts = target.setting("restart").is_some();
        let fault = Fault {
            target: target.name.clone(),
            verb: tell.verb.name.to_string(),
            text: self.known.tell(tell),
            undo: undo(target.kind, tell.verb, tell.duration.is_some(), restarts).to_string(),
            harm: tell.verb.fault,
            line: self.known.sources.line(tell.span),
        };
        self.touches.faults.push(fault);
    }

    fn folder(&self, disk: &Target) -> String {
        match disk.setting("path").and_then(|path| path.values.first()) {
            Some(Argued::Value(path)) => self.known.words(path),
            _ => disk.name.clone(),
        }
    }

    fn permits(&mut self, scenario: &'a Scenario) {
        for secret in &scenario.secrets {
            let what = format!("{} from the environment variable {}", secret.name, secret.variable);
            self.add(TouchKind::Secret, what, &secret.name, secret.span);
        }
        for (host, span) in &scenario.permits.load {
            self.add(TouchKind::Permit, format!("load to {host}"), "permit", *span);
        }
        for (target, span) in &scenario.permits.fault {
            let name = &scenario.target(*target).name;
            self.add(TouchKind::Permit, format!("fault on {name}"), "permit", *span);
        }
        if let Some(span) = scenario.permits.sessions {
            self.add(TouchKind::Permit, "fault on ssh".to_string(), "permit", span);
        }
    }

    /// The run's own folders: its record, and `scratch` where anything speaks of it.
    fn own_folders(&mut self, scenario: &Scenario) {
        let span = scenario.story.span;
        if self.touches.things.iter().any(|touch| touch.what.contains("{scratch}")) {
            self.add(
                TouchKind::Write,
                "{scratch}".to_string(),
                "a folder of this run's own, removed after it",
                span,
            );
        }
        self.add(
            TouchKind::Write,
            "soak-runs".to_string(),
            "the record of the run, unless --out names another folder",
            span,
        );
    }
}
