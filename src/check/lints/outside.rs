//! What `setup` and `cleanup` ask of processes that soak starts between the two.

use super::super::asked::{answers_at, asked_by, proxies, text_of};
use super::super::mistake;
use super::super::mistake::stopped::Outside;
use super::super::readings::presence_read;
use super::super::scenario::{Block, LoadSubject, Step, StepKind, Target, Tell};
use super::super::state::Checker;
use super::super::walk::visit_block;
use crate::lang::expr::{Expr, ExprKind, TargetId, UnaryOperator};
use crate::source::Span;
use std::collections::{HashMap, HashSet};

impl Checker<'_> {
    pub(super) fn outside_lint(&mut self) {
        let mut found = Vec::new();
        let blocks = [(&self.scenario.setup, Outside::Setup), (&self.scenario.cleanup, Outside::Cleanup)];
        for (blocks, place) in blocks {
            if !blocks.is_empty() {
                self.asked_outside(blocks, place, &mut found);
            }
        }
        for (span, process, place) in found {
            let process = self.scenario.target(process);
            let (name, declared) = (process.name.clone(), process.span);
            self.report(mistake::stopped::not_running(span, &name, declared, place));
        }
    }

    fn asked_outside(&self, blocks: &[Block], place: Outside, found: &mut Vec<(Span, TargetId, Outside)>) {
        let mut steps: Vec<&Step> = Vec::new();
        blocks.iter().for_each(|block| visit_block(block, &mut |step| steps.push(step)));
        let mut own: HashSet<TargetId> = self.own_processes().collect();
        for step in &steps {
            if let StepKind::Tell(tell) = &step.kind
                && matches!(tell.verb.name, "start" | "restart")
            {
                own.remove(&tell.target);
            }
        }
        let answering = self.answering(&own);
        let asks = |tell: &Tell| match own.contains(&tell.target) {
            true => Some(tell.target),
            false => answering.get(&asked_by(self.scenario.target(tell.target))?).copied(),
        };
        let mut loaded: HashMap<LoadSubject, Option<TargetId>> = HashMap::new();
        for step in steps {
            match &step.kind {
                StepKind::Tell(tell) => {
                    found.extend(asks(tell).map(|process| (step.span, process, place)));
                }
                StepKind::Load(load) => {
                    let asked = *loaded.entry(load.subject).or_insert_with(|| {
                        let actions = self.scenario.actions_of(load.subject).into_iter();
                        actions.flat_map(|action| self.scenario.action(action).tells()).find_map(asks)
                    });
                    found.extend(asked.map(|process| (step.span, process, place)));
                }
                StepKind::Expect(id) => {
                    self.looked_for(&self.scenario.expectation(*id).condition, &own, &mut |span, process| {
                        found.push((span, process, place));
                    });
                }
                StepKind::WaitUntil { condition, .. } => {
                    self.looked_for(condition, &own, &mut |span, process| found.push((span, process, place)));
                }
                _ => {}
            }
        }
    }

    /// The processes that soak starts before the story and stops behind it.
    fn own_processes(&self) -> impl Iterator<Item = TargetId> + '_ {
        let own = |target: &Target| target.kind.name == "process" && target.setting("run").is_some();
        self.scenario.numbered_targets().filter(move |(_, target)| own(target)).map(|(id, _)| id)
    }

    /// Processes by where they are asked, proxies before them included.
    fn answering(&self, own: &HashSet<TargetId>) -> HashMap<String, TargetId> {
        let at = |process: &TargetId| Some((answers_at(self.scenario.target(*process))?, *process));
        let mut answering: HashMap<String, TargetId> = own.iter().filter_map(at).collect();
        for (_, link, (listen, _)) in proxies(&self.scenario) {
            if let Some((to, _)) = text_of(link, "to")
                && let Some(process) = answering.get(&to)
            {
                answering.insert(listen, *process);
            }
        }
        answering
    }

    /// Calls `look` with what is read of processes of soak's own: whether they run.
    fn looked_for(&self, condition: &Expr, own: &HashSet<TargetId>, look: &mut dyn FnMut(Span, TargetId)) {
        // That it does not run is what there is to see.
        let mut denied: HashSet<Span> = HashSet::new();
        condition.walk(&mut |part| {
            if let ExprKind::Unary(UnaryOperator::Not, inner) = &part.kind {
                denied.insert(inner.span);
            }
        });
        condition.walk(&mut |part| {
            let Some(process) = presence_read(&self.scenario, part) else { return };
            if own.contains(&process) && !denied.contains(&part.span) {
                look(part.span, process);
            }
        });
    }
}
