//! What a scenario uses that the runner cannot do yet. `soak run` refuses it before anything starts; `check` does not.

use super::mistake;
use super::scenario::{Argument, Origin, Scenario};
use super::walk::visit_tells;
use crate::diag::Diagnostic;
use crate::lang::signature::{ReadingResult, Support};
use crate::source::Span;
use std::collections::HashSet;

/// Everything that a scenario uses and the runner cannot do yet, each by its name at the first place it stands.
pub fn unsupported(scenario: &Scenario) -> Vec<Diagnostic> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    let mut refuse = |span: Span, what: String| {
        if seen.insert(what.clone()) {
            found.push(mistake::safety::not_yet(span, &what));
        }
    };
    for target in &scenario.targets {
        if target.kind.support == Support::NotYet {
            refuse(target.span, format!("the kind `{}`", target.kind.name));
            continue;
        }
        for (argument, name) in not_ready(&target.settings) {
            refuse(argument.span, format!("`{name}` of a {}", target.kind.name));
        }
    }
    visit_tells(scenario, &mut |tell| {
        let kind = scenario.target(tell.target).kind;
        if kind.support == Support::NotYet {
            return;
        }
        if tell.verb.support == Support::NotYet {
            return refuse(tell.span, format!("`{}` of a {}", tell.verb.name, kind.name));
        }
        for (argument, name) in not_ready(&tell.arguments) {
            refuse(argument.span, format!("`{} {name}` of a {}", tell.verb.name, kind.name));
        }
    });
    for series in &scenario.series {
        match &series.origin {
            Origin::Target { target, reading, .. } => {
                let kind = scenario.target(*target).kind;
                debug_assert!(!matches!(reading.result, ReadingResult::Log));
                if reading.support == Support::NotYet && kind.support == Support::Ready {
                    refuse(series.span, format!("the reading `{}` of a {}", reading.name, kind.name));
                }
            }
            Origin::Source { source, .. } if source.support == Support::NotYet => {
                refuse(series.span, format!("the source `{}`", source.name));
            }
            _ => {}
        }
    }
    found.sort_by_key(|finding| finding.span().start);
    found
}

/// The arguments that the runner cannot do yet.
fn not_ready(arguments: &[Argument]) -> impl Iterator<Item = (&Argument, &'static str)> {
    let waiting = arguments.iter().filter(|argument| argument.parameter.support == Support::NotYet);
    waiting.map(|argument| (argument, argument.parameter.name))
}
