//! Texts that a verb is told, as whoever is told reads them: topics and subjects, methods, commands, paths.

use super::embedded::LATER;
use super::mistake;
use super::scenario::{Argued, Argument, Target};
use super::state::Checker;
use crate::diag::Diagnostic;
use crate::lang::expr::{Expr, TargetId};
use crate::lang::signature::Verb;

impl Checker<'_> {
    /// What is wrong in one of the texts that a target is told by this verb.
    pub(super) fn worded_mistake(
        &self,
        target: TargetId,
        verb: &Verb,
        arguments: &[Argument],
    ) -> Option<Diagnostic> {
        let target = self.scenario.target(target);
        let of = |name: &str| {
            let argument = arguments.iter().find(|argument| argument.parameter.name == name)?;
            match argument.values.first() {
                Some(Argued::Value(expr)) => Some(expr),
                _ => None,
            }
        };
        match (target.kind.name, verb.name) {
            ("grpc", _) => self.method_mistake(of("method")?),
            ("mqtt", "publish") => self.topic_mistake(of("topic")?, &["+", "#"], '/'),
            ("nats", "publish" | "request") => self.topic_mistake(of("subject")?, &["*", ">"], '.'),
            ("mqtt", "subscribe") => self.filter_mistake(of("topic")?, ("+", "#"), '/'),
            ("nats", "subscribe") => self.filter_mistake(of("subject")?, ("*", ">"), '.'),
            ("disk", "write") => self.path_mistake(target, of("path")?),
            ("redis", "send") => self.command_mistake(&target.name, arguments),
            _ => None,
        }
    }

    /// `"hello.Greeter.Say"`
    fn method_mistake(&self, method: &Expr) -> Option<Diagnostic> {
        let name = self.sketch(method);
        let plain = name.trim_start_matches('/');
        if plain.contains(['/', LATER]) {
            return None;
        }
        let better = plain.rsplit_once('.').map(|(service, method)| format!("\"{service}/{method}\""));
        Some(mistake::worded::no_method(method.span, better))
    }

    /// Wildcards where one topic is meant.
    fn topic_mistake(&self, topic: &Expr, wildcards: &[&'static str], separator: char) -> Option<Diagnostic> {
        let sketch = self.sketch(topic);
        let wildcard = sketch.split(separator).find_map(|part| wildcards.iter().find(|one| part == **one))?;
        let written = self.sources.text(topic.span);
        let better = written.replacen(wildcard, "{user}", 1);
        Some(mistake::worded::wildcard_in_topic(topic.span, wildcard, &better))
    }

    /// A wildcard in a place that it cannot have; `one` stands for one part, `rest` for all that follow.
    fn filter_mistake(&self, topic: &Expr, (one, rest): (&str, &str), separator: char) -> Option<Diagnostic> {
        let sketch = self.sketch(topic);
        if let Some(better) = other_notation(&sketch, separator) {
            return Some(mistake::worded::other_wildcards(topic.span, separator, &format!("\"{better}\"")));
        }
        let parts: Vec<&str> = sketch.split(separator).collect();
        let written = self.sources.text(topic.span);
        let early = parts.iter().position(|part| *part == rest).is_some_and(|at| at + 1 < parts.len());
        if early {
            let better = written.replacen(rest, one, 1);
            return Some(mistake::worded::rest_not_last(topic.span, rest, one, &better));
        }
        let partial = |part: &&&str| part.len() > 1 && part.contains(['#', '+']);
        if separator == '/'
            && let Some(part) = parts.iter().find(partial)
        {
            let better = sketch.replace('.', "/");
            return Some(mistake::worded::partial_wildcard(topic.span, part, &format!("\"{better}\"")));
        }
        if separator == '.' && sketch.len() > 1 && parts.iter().any(|part| part.is_empty()) {
            return Some(mistake::worded::empty_part(topic.span));
        }
        None
    }

    /// A path that does not lead below the disk's folder, or names that folder again.
    fn path_mistake(&self, disk: &Target, path: &Expr) -> Option<Diagnostic> {
        let written = self.sources.text(path.span);
        let own = disk.setting("path").and_then(|own| match own.values.first() {
            Some(Argued::Value(own)) => Some(self.sources.text(own.span)),
            _ => None,
        });
        let own = own.map(|own| own.trim_matches(['"', '\'']).trim_end_matches('/'));
        if let Some(own) = own.filter(|own| !own.is_empty())
            && let Some(rest) = written.strip_prefix('"').and_then(|inner| inner.strip_prefix(own))
            && let Some(rest) = rest.strip_prefix('/')
        {
            let better = format!("\"{rest}");
            return Some(mistake::worded::path_again(path.span, &disk.name, own, &better));
        }
        let sketch = self.sketch(path);
        let outside = sketch.starts_with('/') || sketch.split('/').any(|part| part == "..");
        outside.then(|| mistake::worded::path_outside(path.span, &disk.name))
    }

    /// A whole command of Redis in one text, which would be the name of one.
    fn command_mistake(&self, target: &str, arguments: &[Argument]) -> Option<Diagnostic> {
        let mut words = arguments.iter().filter(|argument| argument.parameter.name == "command");
        let (Some(only), None) = (words.next(), words.next()) else { return None };
        let Some(Argued::Value(expr)) = only.values.first() else { return None };
        self.sketch(expr).split(LATER).next()?.trim_start().split_once(' ')?;
        let written = self.sources.text(expr.span);
        let words: Vec<String> = written
            .trim_matches('"')
            .split(' ')
            .filter(|word| !word.is_empty())
            .map(|word| format!("\"{word}\""))
            .collect();
        // What is computed in braces may have blanks of its own.
        let better = (!written.contains("\\\"")
            && words.iter().all(|word| word.matches('{').count() == word.matches('}').count()))
        .then(|| words.join(" "));
        let better = better.filter(|_| words.len() > 1).unwrap_or_else(|| {
            format!("\"{}\" \"key\"", words.first().map_or("GET", |word| word.trim_matches('"')))
        });
        Some(mistake::worded::command_in_one(expr.span, target, &better))
    }
}

/// What is written with the separator and the wildcards of the other broker, in those of this one.
fn other_notation(topic: &str, separator: char) -> Option<String> {
    let (theirs, wildcards) =
        if separator == '.' { ('/', [("+", "*"), ("#", ">")]) } else { ('.', [("*", "+"), (">", "#")]) };
    if topic.contains(LATER) {
        return None;
    }
    // `sensors.#`: the parts are this one's, the wildcard is not.
    if separator == '.' && topic.split(separator).next_back() == Some("#") {
        return Some(topic.replace('#', ">"));
    }
    if topic.contains(separator) || !topic.contains(theirs) {
        return None;
    }
    let parts: Vec<&str> = topic.split(theirs).collect();
    let ours = |part: &str| wildcards.iter().find(|(other, _)| *other == part).map(|(_, one)| *one);
    parts.iter().any(|part| ours(part).is_some()).then(|| {
        let parts: Vec<&str> = parts.iter().map(|part| ours(part).unwrap_or(part)).collect();
        parts.join(&separator.to_string())
    })
}
