//! The same said twice in one place: expectations beside each other, loads that run together, metrics, names.

use super::super::mistake;
use super::super::scenario::{Argued, Arrival, Block, Load, Step, StepKind};
use super::super::state::Checker;
use super::super::walk::{blocks, flat};
use crate::lang::expr::{Expr, ExprKind};
use crate::source::Span;
use crate::syntax::said;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// What has been said, by what it says, with where it was said first.
struct Said<K>(HashMap<K, Span>);

impl<K: Eq + Hash> Said<K> {
    fn new() -> Said<K> {
        Said(HashMap::new())
    }

    /// Where it was said before; from now on it has been.
    fn before(&mut self, said: K, span: Span) -> Option<Span> {
        let first = *self.0.entry(said).or_insert(span);
        (first != span).then_some(first)
    }
}

impl Checker<'_> {
    pub(super) fn twice_lint(&mut self) {
        let mut found = Vec::new();
        blocks(&self.scenario, &mut |block| self.twice_in(&flat(&block.steps), &mut found));
        let mut named = Vec::new();
        blocks(&self.scenario, &mut |block| self.names_twice(block, &mut named));
        for (second, first, loads) in found {
            self.report(mistake::lint::twice(second, first, loads));
        }
        for (second, first, what, name) in named {
            self.report(mistake::lint::named_twice(second, first, what, &name));
        }
        self.metrics_twice();
        self.probed_twice();
    }

    /// Two processes that run at once with one probe over the network.
    fn probed_twice(&mut self) {
        let (mut probed, mut found) = (Said::new(), Vec::new());
        for process in self.scenario.targets.iter().filter(|target| target.setting("run").is_some()) {
            let Some(ready) = process.setting("ready").filter(|_| process.setting("start").is_none()) else {
                continue;
            };
            if let Some(Argued::Probe(probe @ ("http" | "tcp"), address)) = ready.values.first()
                && let Some(text) = address.constant().and_then(|address| address.as_text())
            {
                let host = process.setting("on").map(|on| self.words_at(on.span));
                let first = probed.before((*probe, text, host), address.span);
                found.extend(first.map(|first| (address.span, first, process.name.clone())));
            }
        }
        for (second, first, name) in found {
            self.report(mistake::lint::probed_twice(second, first, &name));
        }
    }

    /// The words of a place, whatever stands between them.
    fn words_at(&self, span: Span) -> String {
        said(self.sources.text(span))
    }

    fn twice_in(&self, steps: &[&Step], found: &mut Vec<(Span, Span, bool)>) {
        let (mut together, mut loads) = (Said::new(), Said::new());
        for step in steps {
            match &step.kind {
                StepKind::Expect(id) => {
                    let expectation = self.scenario.expectation(*id);
                    let from = Span::new(expectation.condition.span.start, step.span.end);
                    let said = (expectation.demand.word(), self.words_at(from));
                    found.extend(together.before(said, step.span).map(|first| (step.span, first, false)));
                }
                StepKind::Note(_) => {}
                // What is judged behind it is judged at another time.
                other => {
                    together = Said::new();
                    if matches!(other, StepKind::Load(load) if goes_on(load)) {
                        let first = loads.before(self.words_at(step.span), step.span);
                        found.extend(first.map(|first| (step.span, first, true)));
                    }
                }
            }
        }
    }

    /// Two phases of one name, each of which stands for the other then; two expectations of one name beside each other.
    fn names_twice(&self, block: &Block, found: &mut Vec<(Span, Span, &'static str, String)>) {
        let (mut phases, mut expected) = (Said::new(), Said::new());
        // What the first of a name reads, for a name may stand for several limits of one thing.
        let mut read: HashMap<(&str, &str), HashSet<String>> = HashMap::new();
        for step in flat(&block.steps) {
            let (name, what, first) = match &step.kind {
                StepKind::Phase { name, .. } => {
                    let Some(text) = name.constant().and_then(|name| name.as_text()) else { continue };
                    (text, "phases", phases.before(text, name.span).zip(Some(name.span)))
                }
                StepKind::Expect(id) => {
                    let expectation = self.scenario.expectation(*id);
                    let name = &expectation.name;
                    let Some(text) = name.constant().and_then(|name| name.as_text()) else { continue };
                    // One without a name of its own is called as its condition is written.
                    if text == expectation.text {
                        continue;
                    }
                    let said = (expectation.demand.word(), text);
                    let owners = self.owners_read(&expectation.condition);
                    match read.get(&said) {
                        Some(first) if !first.is_disjoint(&owners) => continue,
                        Some(_) => {}
                        None => drop(read.insert(said, owners)),
                    }
                    (text, "expectations", expected.before(said, name.span).zip(Some(name.span)))
                }
                _ => continue,
            };
            found.extend(first.map(|(first, second)| (second, first, what, name.to_string())));
        }
    }

    /// The names of what a condition reads.
    fn owners_read(&self, condition: &Expr) -> HashSet<String> {
        let mut owners = HashSet::new();
        condition.walk(&mut |part| {
            if let ExprKind::Measure { series, .. } = &part.kind {
                let name = &self.scenario.series(*series).name;
                owners.insert(name.split('.').next().unwrap_or(name).to_string());
            }
        });
        owners
    }

    /// Two metrics of the same thing.
    fn metrics_twice(&mut self) {
        let mut said = Said::new();
        let mut found = Vec::new();
        for metric in &self.metrics {
            let every = metric.every.map(|every| self.words_at(every.span));
            let first = said.before((self.words_at(metric.written.span), every), metric.name.span);
            found.extend(first.map(|first| (metric.name.span, first)));
        }
        for (second, first) in found {
            let name = self.sources.text(first).to_string();
            self.report(mistake::lint::metric_twice(second, first, &name));
        }
    }
}

/// Whether a load goes on beside what follows it.
fn goes_on(load: &Load) -> bool {
    load.duration.is_none()
        && load.times.is_none()
        && matches!(load.arrival, Arrival::Rate(_) | Arrival::Users { .. })
}
