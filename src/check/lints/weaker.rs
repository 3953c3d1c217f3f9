//! A `want` that is weaker than the `expect` of the same name beside it: it can never warn.

use super::super::compared::{compared, is_upwards};
use super::super::mistake;
use super::super::scenario::{Demand, Expectation, Qualifier};
use super::super::state::Checker;
use crate::lang::expr::ExpectationId;
use std::cmp::Ordering;
use std::collections::HashMap;

impl Checker<'_> {
    pub(super) fn weaker_lint(&mut self) {
        let mut found = Vec::new();
        for block in &self.siblings {
            // Those with one name and one thing compared, by what they compare.
            let mut groups: HashMap<String, Vec<ExpectationId>> = HashMap::new();
            for id in block {
                if let Some(key) = self.comparable(self.scenario.expectation(*id)) {
                    groups.entry(key).or_default().push(*id);
                }
            }
            for group in groups.values() {
                let of = |wanted: bool| {
                    group
                        .iter()
                        .map(|id| self.scenario.expectation(*id))
                        .filter(move |e| (e.demand == Demand::Want) == wanted)
                };
                for want in of(true) {
                    let weak = of(false).find(|expect| is_weaker(want, expect));
                    if let Some(expect) = weak {
                        found.push(mistake::lint::weaker_want(
                            want.condition.span,
                            expect.condition.span,
                            expect.demand.word(),
                        ));
                    }
                }
            }
        }
        self.found.extend(found);
    }

    /// What makes two expectations comparable: the name, what is measured, the direction, when it is judged.
    fn comparable(&self, expectation: &Expectation) -> Option<String> {
        let (left, operator, _) = compared(&expectation.condition)?;
        let upwards = is_upwards(operator)?;
        let when = match expectation.qualifier {
            Qualifier::Now => "now",
            Qualifier::Always => "always",
            Qualifier::Sometimes => "sometimes",
            Qualifier::AtEnd => "at end",
            Qualifier::Within(_) | Qualifier::For(_) | Qualifier::ForWithin { .. } => return None,
        };
        let name = self.sketch(&expectation.name);
        // One without a name of its own is called as its condition is written.
        let unnamed = name == self.sources.text(expectation.condition.span);
        let name = if unnamed { String::new() } else { name };
        let tolerated = expectation.tolerate.is_some();
        Some(format!("{name}\u{1}{}\u{1}{upwards}\u{1}{when}\u{1}{tolerated}", self.sources.text(left.span)))
    }
}

fn is_weaker(want: &Expectation, expect: &Expectation) -> bool {
    let (Some((_, operator, wanted)), Some((_, _, expected))) =
        (compared(&want.condition), compared(&expect.condition))
    else {
        return false;
    };
    let order = wanted.compare(expected);
    match is_upwards(operator) {
        Some(true) => order == Some(Ordering::Less),
        Some(false) => order == Some(Ordering::Greater),
        None => false,
    }
}
