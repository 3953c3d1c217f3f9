//! `--only` and `--skip`: which phases are left out.

use super::interpreter::Interpreter;
use super::scope::ScopeId;
use crate::check::scenario::{Block, Scenario, Step, StepKind};
use crate::lang::expr::{ExpectationId, Expr};
use std::collections::BTreeSet;

impl Interpreter<'_, '_> {
    /// Whether a phase is left out: it was named so, or others were named and it is neither one of them, nor in
    /// one, nor around one.
    pub fn filtered(&self, parent: ScopeId, name: &str, body: &Block) -> bool {
        let (only, skip) = (&self.options.only, &self.options.skip);
        if skip.iter().any(|skipped| skipped == name) {
            return true;
        }
        let (around, _) = self.scopes.around(parent);
        let chosen = |name: &str| only.iter().any(|chosen| chosen == name);
        !only.is_empty()
            && !chosen(name)
            && !around.iter().any(|outer| chosen(outer))
            && !any_phase(self.scenario, &body.steps, &|inner| {
                inner.constant().is_none_or(|name| chosen(&name.to_string()))
            })
    }

    /// Whether the time that a block waits for is that of phases which were left out: it holds one that was asked for, and
    /// stands in none.
    pub fn waits_for_nobody(&self, scope: ScopeId, block: &Block) -> bool {
        let only = &self.options.only;
        let chosen = |name: &str| only.iter().any(|chosen| chosen == name);
        let (around, _) = self.scopes.around(scope);
        let named = |name: &Expr| name.constant().is_some_and(|name| chosen(&name.to_string()));
        !around.iter().any(|outer| chosen(outer)) && any_phase(self.scenario, &block.steps, &named)
    }

    /// Whether a block consists of phases that are all left out, so that there is nothing to wait for.
    pub fn filtered_whole(&self, scope: ScopeId, block: &Block) -> bool {
        !block.steps.is_empty()
            && block.steps.iter().all(|step| match &step.kind {
                StepKind::Phase { name, body, .. } => {
                    name.constant().is_some_and(|name| self.filtered(scope, &name.to_string(), body))
                }
                _ => false,
            })
    }
}

impl Interpreter<'_, '_> {
    /// The expectations that stand in no phase that is left out: the others are not missing when nobody judges them.
    pub fn wanted(&self) -> BTreeSet<ExpectationId> {
        let mut wanted = BTreeSet::new();
        let blocks = self.scenario.setup.iter().chain([&self.scenario.story]).chain(&self.scenario.cleanup);
        for block in blocks {
            self.want(&block.steps, false, &mut wanted);
        }
        wanted
    }

    /// `chosen`: these statements stand in a phase that was asked for.
    fn want(&self, steps: &[Step], chosen: bool, wanted: &mut BTreeSet<ExpectationId>) {
        let (only, skip) = (&self.options.only, &self.options.skip);
        for step in steps {
            match &step.kind {
                StepKind::Expect(id) => drop(wanted.insert(*id)),
                StepKind::Phase { name, body, .. } => {
                    // A name that is put together when the phase is reached may be any.
                    let name = name.constant().map(ToString::to_string);
                    let is_in = |list: &[String]| name.as_ref().is_none_or(|name| list.contains(name));
                    let skipped = name.is_some() && is_in(skip);
                    let chosen = chosen || is_in(only);
                    let around = || {
                        any_phase(self.scenario, &body.steps, &|inner| {
                            inner.constant().is_none_or(|name| only.contains(&name.to_string()))
                        })
                    };
                    if !skipped && (only.is_empty() || chosen || around()) {
                        self.want(&body.steps, chosen, wanted);
                    }
                }
                StepKind::Repeat { body, .. }
                | StepKind::ForEach { body, .. }
                | StepKind::Every { body, .. }
                | StepKind::At { body, .. }
                | StepKind::Group(body) => self.want(&body.steps, chosen, wanted),
                StepKind::Parallel { branches } => {
                    branches.iter().for_each(|branch| self.want(&branch.steps, chosen, wanted));
                }
                StepKind::Choose(picks) => {
                    picks.iter().for_each(|(_, pick)| self.want(std::slice::from_ref(pick), chosen, wanted));
                }
                StepKind::Do { sequence, .. } => {
                    self.want(&self.scenario.sequences[sequence.index()].body.steps, chosen, wanted);
                }
                StepKind::Tell(_)
                | StepKind::Load(_)
                | StepKind::Wait(_)
                | StepKind::WaitUntil { .. }
                | StepKind::Run { .. }
                | StepKind::Note(_) => {}
            }
        }
    }
}

/// Whether one of the phases in these statements has such a name.
fn any_phase(scenario: &Scenario, steps: &[Step], named: &dyn Fn(&Expr) -> bool) -> bool {
    steps.iter().any(|step| match &step.kind {
        StepKind::Phase { name, body, .. } => named(name) || any_phase(scenario, &body.steps, named),
        StepKind::Repeat { body, .. }
        | StepKind::ForEach { body, .. }
        | StepKind::Every { body, .. }
        | StepKind::At { body, .. }
        | StepKind::Group(body) => any_phase(scenario, &body.steps, named),
        StepKind::Parallel { branches } => {
            branches.iter().any(|branch| any_phase(scenario, &branch.steps, named))
        }
        StepKind::Choose(picks) => {
            picks.iter().any(|(_, pick)| any_phase(scenario, std::slice::from_ref(pick), named))
        }
        StepKind::Do { sequence, .. } => {
            any_phase(scenario, &scenario.sequences[sequence.index()].body.steps, named)
        }
        StepKind::Tell(_)
        | StepKind::Load(_)
        | StepKind::Expect(_)
        | StepKind::Wait(_)
        | StepKind::WaitUntil { .. }
        | StepKind::Run { .. }
        | StepKind::Note(_) => false,
    })
}
