//! Actions: what one iteration does.

use super::mistake;
use super::scenario::{Action, IterationStep};
use super::state::{Checker, Iteration, Place, unknown};
use crate::lang::expr::{ActionId, DatasetId, Expr, ExprKind};
use crate::lang::signature::{Body, Nature};
use crate::lang::types::Type;
use crate::syntax::ast::{self, Statement, StatementKind};

impl Checker<'_> {
    /// The body of every action.
    pub fn check_actions(&mut self) {
        for index in 0..self.actions.len() {
            let id = ActionId(index as u32);
            let body = self.actions[index].body;
            self.iteration = Some(Iteration { action: Some(id), answer: &[] });
            let steps = self.at_place(Place::Action, |checker| {
                body.statements
                    .iter()
                    .filter_map(|statement| checker.action_line(id, statement))
                    .collect::<Vec<_>>()
            });
            self.iteration = None;
            if steps.is_empty() && body.statements.is_empty() {
                let Action { name, span, .. } = self.scenario.action(id);
                let finding = mistake::load::empty_action(*span, name);
                self.report(finding);
            }
            let mut datasets = Vec::new();
            steps.iter().for_each(|step| visit_step(step, &mut |expr| collect_datasets(expr, &mut datasets)));
            self.scenario.actions[index].datasets = datasets;
            self.scenario.actions[index].steps = steps;
        }
    }

    fn action_line(&mut self, id: ActionId, statement: &Statement) -> Option<IterationStep> {
        let span = statement.span;
        match &statement.kind {
            StatementKind::Check { .. } | StatementKind::Capture { .. } => self.check_or_capture(statement),
            StatementKind::Think { duration } => {
                self.difference_lint(duration);
                let duration = self.value(duration);
                let good = self.expect_duration(&duration, "`think`");
                Some(IterationStep::Think { duration: if good { duration } else { unknown(span) }, span })
            }
            StatementKind::Words(words) => {
                let told = self.tell(words, span)?;
                let verb = told.tell.verb;
                if verb.nature != Nature::Request {
                    let name = self.scenario.target(told.tell.target).name.clone();
                    let span = words.second.as_ref().map_or(span, |second| second.span);
                    self.report(mistake::load::not_in_an_action(span, &name, verb.name));
                }
                if verb.body == Body::None && verb.gives.iter().any(|given| given.name == "path") {
                    self.actions[id.index()].yields_path = true;
                }
                Some(IterationStep::Tell { tell: told.tell, answer: told.answer })
            }
            StatementKind::Bad { .. } => None,
            StatementKind::Expect(expect) => {
                let condition = self.sources.text(expect.condition.span);
                self.report(mistake::place::expect_in_action(span, condition));
                None
            }
            _ => {
                let pause = match &statement.kind {
                    StatementKind::Wait { duration } => Some(self.sources.text(duration.span)),
                    _ => None,
                };
                self.report(mistake::place::not_in_action(span, pause));
                None
            }
        }
    }

    /// An expression that must be true or false.
    pub fn condition(&mut self, written: &ast::Expr) -> Expr {
        let expr = self.value(written);
        if !matches!(expr.ty, Type::Bool | Type::Json | Type::Unknown) {
            let code = super::infer::constant_quantity(&expr).map(|number| number.to_f64());
            let asked = self
                .iteration
                .as_ref()
                .is_some_and(|here| here.answer.iter().any(|one| one.name == "status"));
            if let Some(code) = code.filter(|code| asked && (100.0..600.0).contains(code)) {
                self.report(mistake::types::bare_status(&expr, code));
                return unknown(written.span);
            }
            let text = self.sources.text(written.span).to_string();
            self.report(mistake::types::not_true_or_false(&expr, &text));
            return unknown(written.span);
        }
        expr
    }
}

/// Calls `visit` with every expression of a step.
pub(super) fn visit_step<'s>(step: &'s IterationStep, visit: &mut dyn FnMut(&'s Expr)) {
    match step {
        IterationStep::Tell { tell, answer } => {
            super::walk::visit_tell(tell, visit);
            answer.iter().for_each(|step| visit_step(step, visit));
        }
        IterationStep::Check { condition: expr, .. }
        | IterationStep::Capture { value: expr, .. }
        | IterationStep::Think { duration: expr, .. } => visit(expr),
    }
}

fn collect_datasets(expr: &Expr, datasets: &mut Vec<DatasetId>) {
    expr.walk(&mut |part| {
        if let ExprKind::Column(dataset, _) = part.kind
            && !datasets.contains(&dataset)
        {
            datasets.push(dataset);
        }
    });
}
