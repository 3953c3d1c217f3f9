//! Declarations that nothing uses.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::Checker;

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
            let own = self.sources.files()[0].span().contains(symbol.span);
            idle && own && !symbol.used
        });
        let findings: Vec<_> =
            unused.map(|(name, symbol)| mistake::lint::unused(symbol.span, symbol.sort, name)).collect();
        self.found.extend(findings);
    }
}
