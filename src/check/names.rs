//! What is declared under which name, and what a misspelt name was probably meant to be.

use crate::lang::expr::{
    ActionId, CurveId, DatasetId, LedgerId, MixId, SecretId, SequenceId, TargetId, VariableId,
};
use crate::lang::types::Type;
use crate::source::Span;
use std::collections::HashMap;

/// Something that is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entity {
    /// A `param` or a `let`, by its place among the constants.
    Constant(usize),
    Secret(SecretId),
    Target(TargetId),
    /// By its place among the metrics.
    Metric(usize),
    Ledger(LedgerId),
    Action(ActionId),
    Mix(MixId),
    Curve(CurveId),
    Dataset(DatasetId),
    Sequence(SequenceId),
    /// Declared so wrongly that nothing is known of it; using it is silent.
    Unknown,
}

/// A declared name.
#[derive(Debug)]
pub(super) struct Symbol {
    pub entity: Entity,
    /// Of the name where it is declared.
    pub span: Span,
    /// What it is called in messages: `param`, `metric`, a kind.
    pub sort: &'static str,
    pub used: bool,
}

/// All declared names.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    by_name: HashMap<String, usize>,
    list: Vec<(String, Symbol)>,
}

impl Symbols {
    /// Declares a name; gives back the place of the first declaration where there is one.
    pub fn declare(&mut self, name: &str, symbol: Symbol) -> Result<(), Span> {
        if let Some(first) = self.by_name.get(name) {
            return Err(self.list[*first].1.span);
        }
        self.by_name.insert(name.to_string(), self.list.len());
        self.list.push((name.to_string(), symbol));
        Ok(())
    }

    /// Looks a name up without using it.
    pub fn peek(&self, name: &str) -> Option<&Symbol> {
        self.by_name.get(name).map(|index| &self.list[*index].1)
    }

    /// Looks a name up and marks it as used.
    pub fn find(&mut self, name: &str) -> Option<Entity> {
        let symbol = &mut self.list[*self.by_name.get(name)?].1;
        symbol.used = true;
        Some(symbol.entity)
    }

    /// All, in the order of the files.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Symbol)> {
        self.list.iter().map(|(name, symbol)| (name.as_str(), symbol))
    }
}

/// A name that a block binds.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub name: String,
    /// Of the name where it is bound.
    pub span: Span,
    pub variable: VariableId,
    pub ty: Type,
}

/// Longer words, in characters, are not compared: nobody misspells them.
const MAX_COMPARED: usize = 100;

/// The candidate that `word` was probably meant to be: a different case, a part of it, or few slips away.
pub(super) fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let length = word.chars().count();
    if length > MAX_COMPARED {
        return None;
    }
    let lower = word.to_lowercase();
    let limit = match length {
        0..=2 => 1,
        3..=5 => 2,
        6..=8 => 2,
        _ => 3,
    };
    let ranked = candidates.into_iter().filter(|candidate| *candidate != word).filter_map(|candidate| {
        // Words differ by at least as many slips as their lengths do, so most need no closer look.
        let apart = candidate.chars().count().abs_diff(length);
        let same_start = candidate
            .bytes()
            .zip(lower.bytes())
            .next()
            .is_some_and(|(a, b)| a.eq_ignore_ascii_case(&b) || !a.is_ascii());
        if candidate.len() > 4 * MAX_COMPARED || apart > limit && !same_start {
            return None;
        }
        let other = candidate.to_lowercase();
        let distance = if apart <= limit { strsim::osa_distance(&lower, &other) } else { apart };
        let within =
            lower.len() >= 3 && other.len() >= 3 && (other.starts_with(&lower) || lower.starts_with(&other));
        match distance {
            // A word of which half is wrong is another word, unless its two letters changed places.
            _ if distance <= limit
                && (distance * 2 < lower.len().max(other.len()) || lower.chars().rev().eq(other.chars())) =>
            {
                Some((distance * 2, candidate))
            }
            _ if within => Some((limit * 2 + 1, candidate)),
            _ => None,
        }
    });
    ranked.min_by_key(|(rank, _)| *rank).map(|(_, candidate)| candidate)
}

/// The one of some things, where there is no other.
pub(super) fn only<T>(things: impl IntoIterator<Item = T>) -> Option<T> {
    let mut things = things.into_iter();
    let first = things.next()?;
    things.next().is_none().then_some(first)
}

/// What other tools call something, and what it is called here.
const SYNONYMS: &[(&str, &[&str])] = &[
    // What targets are told.
    ("down", &["off", "stop"]),
    ("disable", &["off"]),
    ("block", &["off"]),
    ("drop", &["off", "disconnect"]),
    ("partition", &["off"]),
    ("disconnect", &["off"]),
    ("isolate", &["off"]),
    ("sever", &["off"]),
    ("break", &["off"]),
    ("up", &["on", "start"]),
    ("enable", &["on"]),
    ("heal", &["on"]),
    ("impair", &["degrade"]),
    ("fetch", &["get"]),
    ("request", &["get"]),
    ("call", &["get"]),
    ("options", &["head"]),
    ("crash", &["kill"]),
    ("terminate", &["stop"]),
    ("shutdown", &["stop"]),
    ("freeze", &["pause"]),
    ("suspend", &["pause"]),
    ("reboot", &["restart"]),
    ("launch", &["start"]),
    ("full", &["fill"]),
    ("exec", &["execute", "run"]),
    ("select", &["query"]),
    ("stress", &["burn"]),
    ("error", &["fail"]),
    ("errors", &["fail"]),
    ("corrupt", &["fail"]),
    ("oom", &["limit"]),
    ("cordon", &["off"]),
    // Words of `degrade`.
    ("delay", &["latency"]),
    ("lag", &["latency"]),
    ("packet_loss", &["loss"]),
    ("dup", &["duplicate"]),
    ("corruption", &["corrupt"]),
    ("speed", &["bandwidth"]),
    // Probes.
    ("log", &["line"]),
    ("output", &["line"]),
    ("cmd", &["succeeds"]),
    ("command", &["succeeds"]),
    ("exec", &["succeeds"]),
    ("port", &["tcp"]),
    ("https", &["http"]),
    // Settings.
    ("url", &["base", "address", "to"]),
    ("uri", &["base", "url", "address"]),
    ("host", &["address", "base", "url"]),
    ("endpoint", &["base", "address", "url"]),
    ("target", &["to", "base"]),
    ("upstream", &["to"]),
    ("bind", &["listen"]),
    ("port", &["listen"]),
    ("from", &["listen"]),
    ("command", &["run"]),
    ("execstart", &["run"]),
    ("entrypoint", &["run"]),
    ("program", &["run"]),
    ("script", &["run"]),
    ("cmd", &["run"]),
    ("headers", &["header"]),
    ("environment", &["env"]),
    ("cwd", &["dir"]),
    ("workdir", &["dir"]),
    ("healthcheck", &["ready"]),
    ("health", &["ready"]),
    ("interval", &["every"]),
    ("dsn", &["url"]),
    ("connection", &["url"]),
    // Functions.
    ("avg", &["mean"]),
    ("average", &["mean"]),
    ("median", &["p50"]),
    ("med", &["p50"]),
    ("slope", &["growth"]),
    ("trend", &["growth"]),
    ("increase", &["delta"]),
    ("minimum", &["min"]),
    ("maximum", &["max"]),
    ("total", &["sum"]),
    ("len", &["count"]),
    ("length", &["count"]),
    ("uuidv4", &["uuid"]),
    ("grep", &["lines"]),
    ("histogram_quantile", &["p95"]),
    ("tail", &["lines"]),
    ("query", &["sql"]),
    // What is read.
    ("missing", &["lost"]),
    ("delivered", &["received"]),
    ("memory", &["rss"]),
    ("fds", &["files"]),
    ("error_rate", &["errors"]),
    ("duration", &["latency"]),
    ("response_time", &["latency"]),
    ("rps", &["rate"]),
    ("qps", &["rate"]),
    ("throughput", &["rate"]),
    ("requests", &["count"]),
    ("iterations", &["count"]),
    ("failures", &["failed"]),
    ("success_rate", &["success"]),
    ("running", &["up"]),
    ("alive", &["up"]),
    ("size", &["used"]),
];

/// The candidate that `word` was probably meant to be, by its letters or by what it is called elsewhere.
pub(super) fn meant<'c>(word: &str, candidates: &[&'c str]) -> Option<&'c str> {
    let known = SYNONYMS.iter().filter(|(other, _)| other.eq_ignore_ascii_case(word));
    let mut ours = known.flat_map(|(_, ours)| *ours);
    let same = ours.find_map(|our| candidates.iter().copied().find(|candidate| candidate == our));
    same.or_else(|| nearest(word, candidates.iter().copied()))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_mended_and_strangers_are_not() {
        let names = ["latency", "loss", "up", "uploader", "machine"];
        let cases = [
            ("latncy", Some("latency")),
            ("Latency", Some("latency")),
            ("upload", Some("uploader")),
            ("lose", Some("loss")),
            ("zebra", None),
            ("ip", None),
            ("reload", None),
        ];
        for (word, meant) in cases {
            assert_eq!(nearest(word, names), meant, "{word}");
        }
    }
}
