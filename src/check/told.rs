//! Who is told something, and what was meant where that cannot be said of it.

use super::asked::{asked_by, proxies};
use super::names::{Entity, meant, only};
use super::scenario::Target;
use super::state::Checker;
use super::{hosts, mistake};
use crate::diag::Diagnostic;
use crate::kinds::{link, machine};
use crate::lang::expr::TargetId;
use crate::lang::signature::{Body, Form, Kind, Verb};
use crate::source::Span;
use crate::syntax::ast::{self, Name, Word};

impl Checker<'_> {
    pub(super) fn told_target(&mut self, words: &ast::Words) -> Option<TargetId> {
        let name = &words.first;
        if self.symbols.peek(&name.text).is_none()
            && let Some(found) = self.target_meant(words)
        {
            self.report(found);
            self.look_over_words(words);
            return None;
        }
        match self.entity(name, "target") {
            Some(Entity::Target(target)) => Some(target),
            Some(Entity::Unknown) => {
                self.look_over_words(words);
                None
            }
            Some(Entity::Sequence(_)) => {
                let end = words.arguments.iter().map(Word::span).fold(name.span, Span::to);
                let call = self.sources.text(end);
                let call =
                    if words.arguments.is_empty() { format!("{}()", name.text) } else { call.to_string() };
                self.report(mistake::told::call_of_sequence(name.span, &name.text, &call));
                None
            }
            Some(Entity::Action(_) | Entity::Mix(_))
                if words.second.as_ref().is_some_and(|verb| ends_a_load(&verb.text)) =>
            {
                let end = words.second.as_ref().map_or(name.span, |verb| verb.span);
                self.report(mistake::told::load_is_not_stopped(name.span.to(end), &name.text));
                None
            }
            Some(_) => {
                let sort = self.sort_of(&name.text);
                self.report(mistake::told::not_a_target(name.span, &name.text, sort));
                None
            }
            None => {
                self.look_over_words(words);
                None
            }
        }
    }

    /// What was meant where no target of that name is declared: a statement, a verb before its target or without one, the machine.
    fn target_meant(&mut self, words: &ast::Words) -> Option<Diagnostic> {
        let name = &words.first;
        if name.text != "machine"
            && let Some(meant) = statement_meant(&name.text)
        {
            return Some(mistake::names::unknown(name.span, &name.text, "target", Some(meant)));
        }
        if let Some(second) = &words.second
            && let Some(Entity::Target(target)) = self.symbols.peek(&second.text).map(|symbol| symbol.entity)
            && self.scenario.target(target).kind.verb(&name.text).is_some()
        {
            self.used_entity(&second.text, second.span);
            return Some(self.verb_before(name, second, &words.arguments));
        }
        if let Some(found) = self.outside_of_conversation(words) {
            return Some(found);
        }
        if let Some(target) = self.target_with_verb(&name.text) {
            let spans =
                words.arguments.iter().map(Word::span).chain(words.second.iter().map(|second| second.span));
            let rest = spans.reduce(Span::to).map_or("", |rest| self.sources.text(rest)).to_string();
            self.used_entity(&target, name.span);
            let verb = name.text.to_ascii_lowercase();
            return Some(mistake::told::target_missing(name.span, &verb, &target, &rest));
        }
        if let Some(second) = &words.second
            && ends_a_load(&name.text)
            && let Some(Entity::Action(_) | Entity::Mix(_)) =
                self.symbols.peek(&second.text).map(|symbol| symbol.entity)
        {
            self.used_entity(&second.text, second.span);
            return Some(mistake::told::load_is_not_stopped(name.span.to(second.span), &second.text));
        }
        if let Some((_, help)) =
            STATEMENTS_ELSEWHERE.iter().find(|(words, _)| words.contains(&name.text.as_str()))
        {
            return Some(mistake::told::statement_elsewhere(name.span, &name.text, help));
        }
        let verb = words.second.as_ref()?;
        if self.nearest_name(&name.text, "target").is_none()
            && let Some(target) = self.only_unused_with(&verb.text)
        {
            return Some(mistake::names::unknown(name.span, &name.text, "target", Some(&target)));
        }
        let of_machine =
            MACHINES.contains(&name.text.as_str()) && machine::signature::KIND.verb(&verb.text).is_some();
        of_machine.then(|| mistake::names::unknown(name.span, &name.text, "target", Some("machine")))
    }

    /// `receive 'ok'` in an action, without the conversation that it belongs to.
    fn outside_of_conversation(&self, words: &ast::Words) -> Option<Diagnostic> {
        let talks =
            |target: &&Target| target.kind.verbs.iter().any(|verb| matches!(verb.body, Body::Conversation));
        let word = words.first.text.as_str();
        if !matches!(word, "send" | "receive" | "hold") || self.target_with_verb(word).is_some() {
            return None;
        }
        let target = self.scenario.targets.iter().find(talks)?;
        let verb = target.kind.verbs.iter().find(|verb| matches!(verb.body, Body::Conversation))?;
        let owner = (target.kind.name, target.name.as_str());
        Some(mistake::told::in_a_conversation(words.first.span, owner, word, verb.name))
    }

    /// `kill shop`, also `kill shop every 30s`.
    fn verb_before(&self, verb: &Name, target: &Name, rest: &[Word]) -> Diagnostic {
        let told = verb.span.to(target.span);
        if let [Word::Plain(every), Word::Value(period)] = rest
            && every.text == "every"
        {
            let period = period.span;
            let better = format!("every {} {{ {} {} }}", self.sources.text(period), target.text, verb.text);
            return mistake::told::verb_first(told, told.to(period), &verb.text, &better);
        }
        let whole = rest.iter().map(Word::span).fold(told, Span::to);
        let behind = &self.sources.text(whole)[told.len()..];
        mistake::told::verb_first(told, whole, &verb.text, &format!("{} {}{behind}", target.text, verb.text))
    }

    /// What is said of a verb that the target's kind does not have.
    pub(super) fn unknown_verb(
        &self,
        kind: &'static Kind,
        name: &str,
        second: &Name,
        words: &ast::Words,
    ) -> Diagnostic {
        let word = second.text.as_str();
        if let Some((span, better)) = self.verb_by_its_words(kind, words) {
            return mistake::told::verb_in_other_words(second.span, span, kind.name, word, &better);
        }
        if kind.name == "process" && matches!(word, "resume" | "unpause" | "continue") {
            return mistake::told::goes_on_by_itself(second.span, name, word);
        }
        let note = VERB_NOTES.iter().find(|(of, words, _)| *of == kind.name && words.contains(&word));
        if let Some((.., help)) = note {
            return mistake::told::verb_elsewhere(second.span, kind.name, word, help);
        }
        let conversation = kind.verbs.iter().find(|verb| matches!(verb.body, Body::Conversation));
        if let Some(verb) = conversation.filter(|_| matches!(word, "send" | "receive" | "hold")) {
            return mistake::told::in_a_conversation(second.span, (kind.name, name), word, verb.name);
        }
        if kind.verbs.is_empty()
            && let Some(link) = self.link_of(name, word)
        {
            return mistake::told::verb_of_link(second.span, words.first.span, (kind.name, word), &link);
        }
        if let Some(Entity::Target(target)) = self.symbols.peek(name).map(|symbol| symbol.entity)
            && link::signature::KIND.verb(word).is_some()
            && let Some(asked) = asked_by(self.scenario.target(target))
        {
            let listening = || proxies(&self.scenario).find(|(.., (listen, _))| *listen == asked);
            let before = self.may_suggest().then(listening).flatten();
            let before = before.map(|(_, link, _)| link.name.as_str());
            return mistake::told::verb_of_link_before(
                second.span,
                words.first.span,
                (kind.name, word),
                before,
            );
        }
        let verbs: Vec<&str> = kind.verbs.iter().map(|verb| verb.name).collect();
        mistake::told::unknown_verb(second.span, kind.name, word, meant(word, &verbs), &verbs)
    }

    /// A link that joins this host with another one, and can be told that.
    fn link_of(&self, host: &str, verb: &str) -> Option<String> {
        let is_host = |end: TargetId| self.scenario.target(end).name == host;
        let joins =
            |target: &&Target| hosts::ends(target).is_some_and(|(one, other)| is_host(one) || is_host(other));
        let link = self.scenario.targets.iter().find(joins)?;
        link.kind.verb(verb).is_some().then(|| link.name.clone())
    }

    /// The one target that is declared and has a verb of this name.
    fn target_with_verb(&self, word: &str) -> Option<String> {
        let word = word.to_ascii_lowercase();
        only(self.able_to(&word)).map(|target| target.name.clone())
    }

    /// The one target of a verb that nothing has told anything yet.
    fn only_unused_with(&self, verb: &str) -> Option<String> {
        if !self.may_suggest() {
            return None;
        }
        let unused = |target: &&Target| self.symbols.peek(&target.name).is_some_and(|symbol| !symbol.used);
        only(self.able_to(verb).filter(unused)).map(|target| target.name.clone())
    }

    /// The targets that the file declares which have a verb of this name.
    fn able_to(&self, verb: &str) -> impl Iterator<Item = &Target> {
        self.scenario
            .targets
            .iter()
            .filter(move |target| !target.kind.built_in && target.kind.verb(verb).is_some())
    }

    /// `delay 200ms`, which names no route that is delayed.
    pub(super) fn is_delay_of_packets(&self, words: &ast::Words) -> bool {
        let Some(Word::Value(value)) = words.arguments.first() else { return false };
        let read = crate::lang::unit::parse(self.sources.text(value.span));
        read.is_ok_and(|read| read.dimension == crate::lang::quantity::Dimension::TIME)
    }

    /// What is meant where a word of a verb stands in the verb's place, or another tool's word for one.
    pub(super) fn verb_by_its_words(
        &self,
        kind: &'static Kind,
        words: &ast::Words,
    ) -> Option<(Span, String)> {
        let second = words.second.as_ref()?;
        let other = |(of, word, _): &&(&str, &str, &str)| *of == kind.name && *word == second.text;
        if let Some((_, _, better)) = VERBS_ELSEWHERE.iter().find(other) {
            // `kill connections 20%`: words of the other tool go with its verb.
            let known = |word: &str| {
                let verb = kind.verb(better.split(' ').next().unwrap_or(better));
                verb.is_some_and(|verb| verb.parameters.iter().any(|one| one.name == word))
            };
            let stray = words.arguments.iter().map_while(|word| match word {
                Word::Plain(name) if !known(&name.text) => Some(name.span),
                _ => None,
            });
            let span = stray.fold(second.span, Span::to);
            return Some((span, (*better).to_string()));
        }
        if kind.name == "redis" {
            // A command as it stands at the prompt.
            return Some((second.span, format!("send \"{}\"", second.text.to_ascii_uppercase())));
        }
        if kind.name == "link" && matches!(second.text.as_str(), "netem" | "tc" | "tbf" | "qdisc") {
            let first = words.arguments.first();
            let (end, word) = match first {
                Some(Word::Plain(name)) => (name.span, name.text.as_str()),
                _ => (second.span, "latency"),
            };
            let word = match word {
                "delay" | "lag" => "latency",
                "rate" => "bandwidth",
                other => other,
            };
            return Some((second.span.to(end), format!("degrade {word}")));
        }
        let flag = |verb: &&Verb| {
            verb.parameters.iter().any(|one| one.form == Form::Flag && one.name == second.text)
        };
        let verbs: Vec<&str> = kind.verbs.iter().map(|verb| verb.name).collect();
        if let Some(verb) = kind.verbs.iter().find(flag)
            && meant(&second.text, &verbs).is_none()
        {
            return Some((second.span, format!("{} {}", verb.name, second.text)));
        }
        let value = words.arguments.iter().find_map(|word| match word {
            Word::Value(value) => Some(self.sources.text(value.span)),
            _ => None,
        })?;
        if second.text == "drop" && value.ends_with('%') {
            return kind.verb("cut").map(|verb| (second.span, verb.name.to_string()));
        }
        let keyword = |verb: &&Verb| {
            verb.parameters.iter().any(|one| one.form == Form::Keyword && one.name == second.text)
        };
        let verb = kind.verbs.iter().find(keyword)?;
        Some((second.span, format!("{} {}", verb.name, second.text)))
    }
}

/// What the machine is called elsewhere.
const MACHINES: [&str; 7] = ["host", "system", "node", "os", "vm", "localhost", "computer"];

/// What stands at the top of other tools' files, and what soak has in its stead.
const STATEMENTS_ELSEWHERE: &[(&[&str], &str)] = &[
    (
        &["timeout", "time_limit", "max_duration"],
        "a run lasts as long as its story; `expect elapsed < 10m` judges how long that took, and `wait until … max 10m` limits a wait",
    ),
    (
        &["duration", "run_time", "length"],
        "a run lasts as long as its story: `phase \"name\" 10m { … }`, or `load name at 50/s for 10m`",
    ),
    (
        &["description", "desc", "about", "author", "owner", "version", "tags", "title", "summary"],
        "what a scenario is about stands in its title, `scenario \"title\"`, and in comments: `# …`",
    ),
    (&["seed"], "the seed is given where it is run: `soak run FILE --seed 7`"),
    (
        &["users", "vus", "rps", "rate", "concurrency", "workers"],
        "how much is asked stands with the load: `load name at 50/s for 10m` or `load name with 20 users for 10m`",
    ),
    (
        &["exec", "shell", "cmd", "command", "bash", "sh", "script", "system"],
        "a command of the story is `run \"make deploy\"`",
    ),
    (&["run"], "a command stands in quotes: `run \"make deploy\"`"),
    (
        &["env", "environment"],
        "an environment variable is a setting of a process: `process name { run \"…\"; env PORT \"1\" }`",
    ),
];

/// What other tools tell a target, by its kind, and how it is told here.
const VERBS_ELSEWHERE: &[(&str, &str, &str)] = &[
    ("link", "slow", "degrade latency"),
    ("link", "toxic", "degrade"),
    ("link", "toxics", "degrade"),
    ("link", "lag", "degrade latency"),
    ("link", "add", "degrade"),
    ("link", "set", "degrade"),
    ("link", "impair", "degrade"),
    ("link", "limit", "degrade bandwidth"),
    ("link", "throttle", "degrade bandwidth"),
    ("link", "shape", "degrade bandwidth"),
    ("link", "reject", "off refuse"),
    ("link", "deny", "off refuse"),
    ("link", "packet_loss", "degrade loss"),
    ("link", "duplication", "degrade duplicate"),
    ("link", "corruption", "degrade corrupt"),
    ("link", "reordering", "degrade reorder"),
    ("link", "lose", "degrade loss"),
    ("database", "kill", "disconnect"),
];

/// What other tools tell a target that soak tells another one, or in another way.
const VERB_NOTES: &[(&str, &[&str], &str)] = &[
    (
        "link",
        &["timeout", "hang", "blackhole", "stall", "freeze"],
        "a link that lets nothing through is `NAME off 5s`, one that refuses `NAME off refuse 5s`; `NAME reset` ends its connections",
    ),
    (
        "link",
        &["flap", "flapping", "toggle", "blink", "bounce"],
        "a link that comes and goes is a loop: `repeat 10 < NAME off 2s; NAME on 3s >`",
    ),
    (
        "database",
        &["restart", "stop", "start", "crash", "pause", "freeze", "shutdown"],
        "its server is a process, found by `unit`, `pidfile`, `match` or `container`, and told so: `process server { unit \"postgresql\" }`",
    ),
    (
        "disk",
        &["on", "heal", "restore", "recover", "clear", "empty", "undo", "reset", "ok"],
        "a fault ends after its `for`, or with its block: `NAME fill 90% for 1m`",
    ),
    (
        "database",
        &["on", "heal", "restore", "recover", "unlock", "release", "undo"],
        "a fault ends after its `for`, or with its block: `NAME lock \"orders\" for 10s`",
    ),
    (
        "database",
        &["slow", "latency", "delay", "degrade", "partition", "off"],
        "what lies between is a link: `link path { listen \"127.0.0.1:6432\"; to \"127.0.0.1:5432\" }`, with the URL leading through it, and `path degrade latency 100ms`",
    ),
];

/// Whether a word is how a load is ended elsewhere.
fn ends_a_load(word: &str) -> bool {
    matches!(word, "stop" | "end" | "cancel" | "kill" | "pause" | "finish" | "off")
}

/// The statement that a misspelt first word was probably meant to be.
fn statement_meant(word: &str) -> Option<&'static str> {
    let near = |other: &&&str| other.len() > 3 && other.len().abs_diff(word.len()) <= 1;
    let mut words = crate::lang::words::STATEMENT_WORDS.iter().filter(near).copied();
    words.find(|other| word.len() > 3 && strsim::osa_distance(word, other) == 1)
}
