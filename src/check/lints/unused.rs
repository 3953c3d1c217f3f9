//! Declarations that nothing uses.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::Checker;
use super::super::walk::faulted;
use crate::source::Span;

/// Kinds whose targets do nothing by being declared.
const IDLE_KINDS: &[&str] = &["http", "websocket", "grpc", "tcp", "udp", "redis", "mqtt", "nats", "database"];

impl Checker<'_> {
    pub(super) fn unused_lint(&mut self) {
        let unused = self.symbols.iter().filter(|(_, symbol)| {
            let idle = match symbol.entity {
                Entity::Target(target) => IDLE_KINDS.contains(&self.scenario.target(target).kind.name),
                Entity::Unknown => false,
                _ => true,
            };
            // What a file declares for others to include is used elsewhere.
            idle && self.is_own(symbol.span) && !symbol.used
        });
        let findings: Vec<_> =
            unused.map(|(name, symbol)| mistake::lint::unused(symbol.span, symbol.sort, name)).collect();
        self.found.extend(findings);
        self.unused_permits();
    }

    /// Whether a place is one of the scenario itself, and not of what it includes; none of a file for others to include is.
    pub(super) fn is_own(&self, place: Span) -> bool {
        self.sources.files()[0].span().contains(place) && !self.only_declares()
    }

    /// Whether this is no scenario, and does nothing: a file of declarations for others to include.
    pub(super) fn only_declares(&self) -> bool {
        let scenario = &self.scenario;
        let mut blocks = scenario.setup.iter().chain(&scenario.cleanup).chain([&scenario.story]);
        self.titled.is_none() && blocks.all(|block| block.steps.is_empty())
    }

    /// Permits for faults that are not done, and for load that does not go there.
    fn unused_permits(&mut self) {
        let faulted = faulted(&self.scenario);
        let own = |span: &Span| self.sources.files()[0].span().contains(*span);
        let faults = self.scenario.permits.fault.iter().filter(|(target, _)| !faulted.contains(target));
        let mut unused: Vec<(Span, String)> = faults
            .filter(|(_, span)| own(span))
            .map(|(target, span)| (*span, self.scenario.target(*target).name.clone()))
            .collect();
        let asked = self.destinations();
        if let Some(asked) = asked {
            let loads = self.scenario.permits.load.iter().filter(|(host, _)| !asked.contains(host));
            unused.extend(loads.filter(|(_, span)| own(span)).map(|(host, span)| (*span, host.clone())));
        }
        for (span, what) in unused {
            self.report(mistake::lint::unused_permit(span, &what));
        }
    }
}
