//! Commands that need a connection of their own, sent over connections that all users share.

use super::super::mistake;
use super::super::scenario::{Argued, IterationStep};
use super::super::state::Checker;
use crate::lang::expr::TargetId;
use std::collections::HashSet;

/// Commands whose effect is that of one connection, or that keep it waiting.
const OF_ONE_CONNECTION: &[&str] = &[
    "MULTI",
    "EXEC",
    "WATCH",
    "SELECT",
    "BLPOP",
    "BRPOP",
    "BLMOVE",
    "BZPOPMIN",
    "BZPOPMAX",
    "XREADGROUP",
    "SUBSCRIBE",
    "PSUBSCRIBE",
    "MONITOR",
];

impl Checker<'_> {
    pub(super) fn shared_lint(&mut self) {
        let mut told: HashSet<TargetId> = HashSet::new();
        let mut found = Vec::new();
        let steps = self.scenario.actions.iter().flat_map(|action| &action.steps);
        for step in steps {
            let IterationStep::Tell { tell, .. } = step else { continue };
            let redis = self.scenario.target(tell.target);
            if redis.kind.name != "redis" || redis.setting("own").is_some() {
                continue;
            }
            let Some(Argued::Value(first)) = tell.arguments.first().and_then(|first| first.values.first())
            else {
                continue;
            };
            let Some(text) = first.constant().and_then(|text| text.as_text()) else { continue };
            let command = text.split_whitespace().next().unwrap_or("").to_ascii_uppercase();
            if OF_ONE_CONNECTION.contains(&command.as_str()) && told.insert(tell.target) {
                found.push(mistake::lint::needs_its_own(first.span, &command, &redis.name, redis.span));
            }
        }
        self.found.extend(found);
    }
}
