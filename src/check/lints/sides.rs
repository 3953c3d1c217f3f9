//! What is judged on the wrong side of a fault: that a process is back before anything ended it, that something is gone
//! when it is back.
//!
//! Only what stands in one block, with nothing between the two that takes time, is told.

use super::super::accept::{highest, lowest};
use super::super::asked::{asked_by, proxies};
use super::super::compared::success_asked;
use super::super::mistake;
use super::super::readings::presence_read;
use super::super::scenario::{
    Argued, Block, Expectation, LoadSubject, Origin, Qualifier, Step, StepKind, Tell,
};
use super::super::state::Checker;
use super::super::walk::{blocks, flat, told};
use crate::diag::Diagnostic;
use crate::lang::expr::{ActionId, Expr, ExprKind, TargetId, Window};
use crate::lang::function::SourceKind;
use crate::lang::operator::UnaryOperator;
use crate::source::Span;
use std::collections::{HashMap, HashSet};

impl Checker<'_> {
    pub(super) fn sides_lint(&mut self) {
        let mut found = Vec::new();
        // What is told a fault without a duration anywhere may suffer it here too.
        let lasting = told(&self.scenario, |tell| tell.verb.fault && tell.duration.is_none());
        blocks(&self.scenario, &mut |block| {
            let steps = flat(&block.steps);
            for pair in steps.windows(2) {
                found.extend(self.gone_when_back(pair[0], pair[1], &lasting));
            }
        });
        self.back_before_gone(&self.scenario.story, &mut found);
        self.back_while_gone(&mut found);
        self.found.extend(found);
    }

    /// `path off 30s`, and then that what lies behind it is not there.
    fn gone_when_back(&self, fault: &Step, judged: &Step, lasting: &HashSet<TargetId>) -> Option<Diagnostic> {
        let StepKind::Tell(tell) = &fault.kind else { return None };
        if !tell.verb.fault || tell.duration.is_none() {
            return None;
        }
        let condition = match &judged.kind {
            StepKind::Expect(id) => {
                let Expectation { qualifier, condition, .. } = self.scenario.expectation(*id);
                matches!(qualifier, Qualifier::Now | Qualifier::Within(_)).then_some(condition)?
            }
            StepKind::WaitUntil { condition, .. } => condition,
            _ => return None,
        };
        let ExprKind::Unary(UnaryOperator::Not, inner) = &condition.kind else { return None };
        if !self.is_there(inner, tell) || lasting.contains(&tell.target) {
            return None;
        }
        let written = (self.sources.text(fault.span), self.sources.text(judged.span));
        Some(mistake::stopped::gone_when_back(condition.span, fault.span, written))
    }

    /// That requests succeed again is waited for in the block of a link that lets nothing through to its end.
    fn back_while_gone(&self, found: &mut Vec<Diagnostic>) {
        let doors: HashMap<String, TargetId> =
            proxies(&self.scenario).map(|(id, _, (listen, _))| (listen, id)).collect();
        let mut crossed: HashMap<ActionId, Option<TargetId>> = HashMap::new();
        blocks(&self.scenario, &mut |block| {
            let mut dark: HashMap<TargetId, Span> = HashMap::new();
            for step in flat(&block.steps) {
                match &step.kind {
                    StepKind::Tell(tell) if tell.duration.is_none() && tell.verb.name == "off" => {
                        dark.insert(tell.target, step.span);
                    }
                    StepKind::Tell(tell) => drop(dark.remove(&tell.target)),
                    StepKind::Expect(id) if !dark.is_empty() => {
                        let expectation = self.scenario.expectation(*id);
                        let Some(action) = self.waits_for_success(expectation) else { continue };
                        let link = crossed.entry(action).or_insert_with(|| self.link_before(action, &doors));
                        if let Some(off) = link.and_then(|link| dark.get(&link)) {
                            let written = self.sources.text(*off);
                            found.push(mistake::stopped::back_while_gone(
                                expectation.condition.span,
                                *off,
                                written,
                            ));
                        }
                    }
                    StepKind::Expect(_) | StepKind::Load(_) | StepKind::Wait(_) | StepKind::Note(_) => {}
                    _ => dark.clear(),
                }
            }
        });
    }

    /// The action of which an expectation waits until most succeeds.
    fn waits_for_success(&self, expectation: &Expectation) -> Option<ActionId> {
        let (Qualifier::Within(within) | Qualifier::ForWithin { within, .. }) = &expectation.qualifier else {
            return None;
        };
        let (subject, window, limit) = success_asked(&self.scenario, self.sources, &expectation.condition)?;
        // What lies before the fault counts in a long window.
        let recent = match window {
            Window::Block => true,
            Window::Over(length) => lowest(length)?.to_duration()? <= highest(within)?.to_duration()?,
            Window::Phase(_) => false,
        };
        let LoadSubject::Action(action) = subject else { return None };
        (recent && limit.to_f64() > 0.0).then_some(action)
    }

    /// The one proxy that all requests of an action go through.
    fn link_before(&self, action: ActionId, doors: &HashMap<String, TargetId>) -> Option<TargetId> {
        let tells = self.scenario.action(action).tells();
        // What waits for no answer succeeds when it is sent.
        let mut links = tells.map(|tell| {
            let client = self.scenario.target(tell.target);
            let answers = matches!(client.kind.name, "http" | "grpc" | "database" | "redis");
            doors.get(&asked_by(client).filter(|_| answers)?).copied()
        });
        let first = links.next()??;
        links.all(|link| link == Some(first)).then_some(first)
    }

    /// Whether an expression reads that something answers, or that the process that is told runs.
    fn is_there(&self, expr: &Expr, told: &Tell) -> bool {
        let ExprKind::Measure { series, .. } = &expr.kind else { return false };
        match &self.scenario.series(*series).origin {
            Origin::Source { source, .. } => matches!(source.source, SourceKind::Http | SourceKind::Tcp),
            _ => presence_read(&self.scenario, expr) == Some(told.target),
        }
    }

    /// That a process is ready in so much time, at the beginning of the story and before it is ended for the first time.
    fn back_before_gone(&self, block: &Block, found: &mut Vec<Diagnostic>) {
        let mut waited: HashMap<TargetId, (Span, Span)> = HashMap::new();
        let mut ended: Vec<(TargetId, (Span, Span), Span)> = Vec::new();
        let mut judged_later: HashSet<TargetId> = HashSet::new();
        for step in flat(&block.steps) {
            match &step.kind {
                StepKind::Note(_) => {}
                StepKind::Load(load) if load.duration.is_none() && load.times.is_none() => {}
                StepKind::Phase { body, .. } if waited.is_empty() && ended.is_empty() => {
                    return self.back_before_gone(body, found);
                }
                StepKind::Expect(id) => {
                    let expectation = self.scenario.expectation(*id);
                    if let Some(process) = self.process_waited_for(expectation) {
                        let is_first =
                            ended.is_empty() && matches!(expectation.qualifier, Qualifier::Within(_));
                        if is_first {
                            waited.insert(process, (expectation.condition.span, step.span));
                        } else {
                            judged_later.insert(process);
                        }
                    }
                }
                StepKind::Tell(tell) if matches!(tell.verb.name, "kill" | "stop" | "restart") => {
                    if let Some(expected) = waited.remove(&tell.target) {
                        ended.push((tell.target, expected, step.span));
                    } else if ended.is_empty() {
                        return;
                    }
                }
                _ if ended.is_empty() => return,
                _ => {}
            }
        }
        for (process, (condition, expectation), end) in ended {
            if !judged_later.contains(&process) {
                let name = &self.scenario.target(process).name;
                let written = self.sources.text(expectation);
                found.push(mistake::stopped::back_before_gone(condition, name, end, written));
            }
        }
    }

    /// The process of soak's own of which an expectation says no more than that it runs.
    fn process_waited_for(&self, expectation: &Expectation) -> Option<TargetId> {
        let target = presence_read(&self.scenario, &expectation.condition)?;
        let process = self.scenario.target(target);
        let starts = process.setting("run").is_some() && process.setting("start").is_none();
        let has_probe = matches!(process.setting("ready")?.values.first(), Some(Argued::Probe(..)));
        (starts && has_probe).then_some(target)
    }
}
