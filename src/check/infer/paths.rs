//! What stands behind a dot: readings of targets, actions and ledgers, columns, and parts of JSON values.

use super::super::mistake;
use super::super::names::{Entity, meant, nearest};
use super::super::scenario::{LoadSubject, Origin};
use super::super::series::SeriesKey;
use super::super::state::{Checker, Place, unknown};
use super::{Readout, ReadoutOrigin, Term};
use crate::lang::expr::{
    ActionId, BinaryOperator, DatasetId, Expr, ExprKind, IterationWord, TargetId, Window,
};
use crate::lang::function::{Aggregate, find_aggregate};
use crate::lang::quantity::Dimension;
use crate::lang::reading::{ACTION_READINGS, LEDGER_READINGS, find_action_reading, find_ledger_reading};
use crate::lang::signature::{Reading, ReadingResult};
use crate::lang::types::{Shape, Type};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Name};

/// Whose reading is meant.
#[derive(Clone, Copy, Debug)]
enum Owner {
    Target(TargetId),
    Load(LoadSubject),
    Ledger(crate::lang::expr::LedgerId),
}

impl Checker<'_> {
    pub(super) fn field(
        &mut self,
        base: &ast::Expr,
        field: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Term {
        let term = self.field_term(base, field, arguments, span);
        self.note_part(field.span, base.span.to(field.span), &term);
        term
    }

    fn field_term(&mut self, base: &ast::Expr, field: &Name, arguments: &[Argument], span: Span) -> Term {
        if let ast::ExprKind::Name(name) = &base.kind
            && self.local(name).is_none()
            && !self.is_iteration_name(name)
        {
            let entity = match self.symbols.find(name) {
                None if name == "machine" => self.machine().map(Entity::Target),
                entity => entity,
            };
            if let Some(entity) = entity {
                self.note_entity(base.span, entity);
            }
            match entity {
                Some(Entity::Target(target)) => return self.target_reading(target, field, arguments, span),
                Some(Entity::Unknown) => return Term::Value(unknown(span)),
                // `traffic.latency(p95)`
                Some(Entity::Action(_) | Entity::Mix(_))
                    if let [argument] = arguments
                        && let ast::ExprKind::Name(function) = &argument.value.kind
                        && find_aggregate(function).is_some() =>
                {
                    let reading = self.sources.text(base.span.to(field.span)).to_string();
                    self.report(mistake::measure::function_behind_dot(span, &reading, function));
                    return Term::Value(unknown(span));
                }
                Some(Entity::Action(action)) => {
                    self.no_arguments(arguments, field);
                    return self.action_reading(action, field, span);
                }
                Some(Entity::Mix(mix)) => {
                    self.no_arguments(arguments, field);
                    return self.load_reading(LoadSubject::Mix(mix), &[], field, span);
                }
                Some(Entity::Ledger(ledger)) => {
                    self.no_arguments(arguments, field);
                    let Some(reading) = find_ledger_reading(&field.text) else {
                        let names = LEDGER_READINGS.iter().map(|reading| reading.name);
                        return self.no_part("a ledger", field, names.collect());
                    };
                    return self.reading(Owner::Ledger(ledger), reading, Vec::new(), span);
                }
                Some(Entity::Dataset(dataset)) => return Term::Value(self.column(dataset, field, span)),
                _ => {}
            }
        }
        if let Some(found) = self.answer_meant(base, field, span) {
            self.report(found);
            return Term::Value(unknown(span));
        }
        if let Some(found) = self.method_elsewhere(base, field, arguments, span) {
            self.report(found);
            return Term::Value(unknown(span));
        }
        self.no_arguments(arguments, field);
        let base = self.term(base);
        if let Term::Readout(readout) = &base
            && readout.shape == Shape::Distribution
            && find_aggregate(&field.text).is_some()
        {
            // `latency.p95`, as other tools have it.
            self.report(mistake::measure::function_behind_dot(span, &readout.name, &field.text));
            return Term::Value(unknown(span));
        }
        let base = self.reduce(base);
        Term::Value(self.part(base, field, span))
    }

    /// `random.choice([1, 2])`, as modules of other languages have it.
    fn random_elsewhere(
        &self,
        field: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Option<crate::diag::Diagnostic> {
        let text = |argument: &Argument| self.sources.text(argument.value.span);
        let better = match (field.text.as_str(), arguments) {
            ("choice" | "sample", [list]) => format!("pick({})", text(list)),
            ("randint" | "uniform" | "randrange", [low, high]) => {
                format!("random({}..{})", text(low), text(high))
            }
            ("random", []) => "random(0..1)".to_string(),
            ("uuid4" | "uuid", []) => "uuid()".to_string(),
            _ => return None,
        };
        let found = mistake::names::unknown_function(field.span, &field.text, None);
        Some(found.help(format!("write `{better}`")).fix(span, better, false))
    }

    /// `body.contains("ok")`: a function of texts behind a dot.
    fn method_elsewhere(
        &self,
        base: &ast::Expr,
        field: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Option<crate::diag::Diagnostic> {
        let text = self.sources.text(base.span);
        if matches!(text, "random" | "rand" | "Math" | "faker" | "_") && self.symbols.peek(text).is_none() {
            return self.random_elsewhere(field, arguments, span);
        }
        let ([argument], true) = (arguments, self.iteration.is_some()) else { return None };
        let better = match field.text.as_str() {
            "contains" | "includes" | "has" => format!("matches({text}, {})", self.as_regex(argument, true)),
            "match" | "matches" | "test" => format!("matches({text}, {})", self.as_regex(argument, false)),
            "find" | "search" | "extract" | "regex" => {
                format!("find({text}, {})", self.as_regex(argument, false))
            }
            _ => return None,
        };
        let found = mistake::names::unknown_function(field.span, &field.text, None);
        Some(found.help(format!("write `{better}`")).fix(span, better, false))
    }

    /// `res.status`, `response.body.id`: what an answer brings, behind a name that other tools give the answer.
    fn answer_meant(&self, base: &ast::Expr, field: &Name, span: Span) -> Option<crate::diag::Diagnostic> {
        let ast::ExprKind::Name(name) = &base.kind else { return None };
        let answer = self.iteration.as_ref()?.answer;
        let is_answer =
            matches!(name.as_str(), "res" | "resp" | "response" | "reply" | "answer" | "result" | "r");
        if !is_answer || self.symbols.peek(name).is_some() {
            return None;
        }
        let better = match field.text.as_str() {
            "status" | "status_code" | "code" => "status",
            "body" | "json" | "text" | "data" => "body",
            "headers" | "header" => "headers",
            "time" | "duration" | "latency" | "timings" => "latency",
            other => other,
        };
        let known = answer.iter().any(|given| given.name == better);
        known.then(|| mistake::parts::answer_meant(base.span, name, span, better))
    }

    fn is_iteration_name(&self, name: &str) -> bool {
        let Some(iteration) = &self.iteration else { return false };
        iteration.answer.iter().any(|given| given.name == name) || self.is_captured(name)
    }

    fn no_arguments(&mut self, arguments: &[Argument], field: &Name) {
        if let Some(first) = arguments.first() {
            self.report(mistake::types::takes_nothing(first.value.span, &field.text));
        }
    }

    /// A part of a value.
    fn part(&mut self, base: Expr, field: &Name, span: Span) -> Expr {
        let ty = match &base.ty {
            Type::Unknown => return unknown(span),
            Type::Json
                if matches!(base.kind, ExprKind::Iteration(IterationWord::Headers))
                    && field.text.bytes().any(|byte| byte.is_ascii_uppercase()) =>
            {
                let better = format!("headers.{}", field.text.to_ascii_lowercase());
                self.report(mistake::parts::header_in_capitals(span, &better));
                return unknown(span);
            }
            Type::Json => Type::Json,
            Type::Row(columns) => match columns.iter().find(|(name, _)| *name == field.text) {
                Some((_, ty)) => ty.clone(),
                None => {
                    let names = columns.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
                    let names = names.iter().map(String::as_str).collect();
                    return self.reduce_part(self.sources.text(base.span).to_string(), field, names);
                }
            },
            other => {
                let what = other.describe();
                let function = find_aggregate(&field.text).map(|_| self.sources.text(base.span).to_string());
                self.report(match function {
                    Some(of) => mistake::parts::function_behind(span, &what, &field.text, &of),
                    None => mistake::parts::has_no_parts(span, &what, &field.text),
                });
                return unknown(span);
            }
        };
        Expr { kind: ExprKind::Field(Box::new(base), field.text.clone()), ty, span }
    }

    fn reduce_part(&mut self, owner: String, field: &Name, names: Vec<&str>) -> Expr {
        match self.no_part(&format!("`{owner}`"), field, names) {
            Term::Value(expr) => expr,
            _ => unknown(field.span),
        }
    }

    fn no_part(&mut self, owner: &str, field: &Name, names: Vec<&str>) -> Term {
        let meant = meant(&field.text, &names);
        let of_action = names.contains(&"service_time");
        self.report(match field.text.as_str() {
            "status" | "code" | "body" | "status_code" if of_action => {
                mistake::parts::part_of_each_answer(field.span, owner, &field.text)
            }
            "ok" | "passed" | "pass" | "checks" if of_action => {
                mistake::parts::no_part(field.span, owner, &field.text, Some("success"), &names)
            }
            _ => mistake::parts::no_part(field.span, owner, &field.text, meant, &names),
        });
        Term::Value(unknown(field.span))
    }

    fn column(&mut self, dataset: DatasetId, field: &Name, span: Span) -> Expr {
        let columns = self.scenario.datasets[dataset.index()].columns.clone();
        if self.iteration.as_ref().is_none_or(|iteration| iteration.action.is_none()) {
            let owner = self.scenario.datasets[dataset.index()].name.clone();
            self.report(mistake::types::column_outside(span, &owner));
            return unknown(span);
        }
        if !columns.is_empty() && !columns.contains(&field.text) {
            let owner = self.scenario.datasets[dataset.index()].name.clone();
            return self.reduce_part(owner, field, columns.iter().map(String::as_str).collect());
        }
        Expr { kind: ExprKind::Column(dataset, field.text.clone()), ty: Type::Json, span }
    }

    fn target_reading(&mut self, target: TargetId, field: &Name, arguments: &[Argument], span: Span) -> Term {
        let kind = self.scenario.target(target).kind;
        let name = self.scenario.target(target).name.clone();
        let Some(reading) = kind.reading(&field.text) else {
            let names: Vec<&str> = kind.readings.iter().map(|reading| reading.name).collect();
            let near = nearest(&field.text, names.iter().copied()).is_some();
            if !near && kind.verb(&field.text).is_some() {
                self.report(mistake::parts::verb_as_reading(span, &name, &field.text));
                return Term::Value(unknown(span));
            }
            let measured = ACTION_READINGS.iter().any(|reading| reading.name == field.text);
            if let Some(action) = self.scenario.actions.first().filter(|_| measured && kind.name != "process")
            {
                let better = format!("{}.{}", action.name, field.text);
                self.report(mistake::parts::of_the_action(field.span, span, &name, &field.text, &better));
                return Term::Value(unknown(field.span));
            }
            let article = if matches!(kind.name, "http" | "mqtt") { "an" } else { "a" };
            return self.no_part(&format!("`{name}`, {article} {},", kind.name), field, names);
        };
        if reading.result == ReadingResult::Log {
            self.no_arguments(arguments, field);
            let known = !self.half_known.contains(&target);
            let finding = super::super::backend::log_mistake(self.scenario.target(target), span);
            self.found.extend(finding.filter(|_| known));
            return Term::Log(target, span);
        }
        let mut given = Vec::new();
        for (index, argument) in arguments.iter().enumerate() {
            match reading.parameters.get(index) {
                Some(accepts) => match self.accept_value(accepts, &argument.value, reading.name) {
                    Some(value) => given.push(value),
                    None => return Term::Value(unknown(span)),
                },
                None => self.report(mistake::types::takes_nothing(argument.value.span, &field.text)),
            }
        }
        if given.len() < reading.parameters.len() {
            self.report(mistake::types::reading_needs(span, &name, reading));
            return Term::Value(unknown(span));
        }
        if self.depends_on_block(&given, span) {
            return Term::Value(unknown(span));
        }
        self.reading(Owner::Target(target), reading, given, span)
    }

    /// A reading or a capture of an action.
    fn action_reading(&mut self, action: ActionId, field: &Name, span: Span) -> Term {
        let captures = self.scenario.action(action).captures.clone();
        let Some(capture) = captures.iter().position(|capture| *capture == field.text) else {
            if self.actions[action.index()].unreadable && find_action_reading(&field.text).is_none() {
                return Term::Value(unknown(span));
            }
            return self.load_reading(LoadSubject::Action(action), &captures, field, span);
        };
        if self.iteration.is_some() {
            let written = self.sources.text(span).to_string();
            self.report(mistake::measure::capture_of_another(span, &written));
            return Term::Value(unknown(span));
        }
        if !self.may_measure(span) {
            return Term::Value(unknown(span));
        }
        let ty = self.actions[action.index()].captures[capture].clone().unwrap_or(Type::Unknown);
        let (dimension, percent, json) = match ty {
            Type::Quantity { dimension, percent } => (dimension, percent, false),
            Type::Range(dimension) => (dimension, false, false),
            _ => (Dimension::NONE, false, true),
        };
        let name = self.sources.text(span).to_string();
        let origin = Origin::Capture { action, capture };
        let shape = Shape::Distribution;
        let series = self.intern(SeriesKey::Capture(action, capture), || super::super::series::NewSeries {
            name: name.clone(),
            origin,
            shape,
            dimension,
            percent,
            span,
        });
        Term::Readout(Readout {
            origin: ReadoutOrigin::Series(series),
            shape,
            dimension,
            percent,
            json,
            window: Window::Block,
            span,
            name,
        })
    }

    fn load_reading(&mut self, subject: LoadSubject, captures: &[String], field: &Name, span: Span) -> Term {
        let Some(reading) = find_action_reading(&field.text) else {
            if find_aggregate(&field.text).is_some() && field.text.starts_with('p') {
                // `traffic.p95`, as other tools have it.
                let latency = format!("{}.latency", self.scenario.subject_name(subject));
                self.report(mistake::measure::function_behind_dot(span, &latency, &field.text));
                return Term::Value(unknown(span));
            }
            let names = ACTION_READINGS.iter().map(|reading| reading.name);
            let names = names.chain(captures.iter().map(String::as_str)).collect();
            let owner = format!("`{}`", self.scenario.subject_name(subject));
            return self.no_part(&owner, field, names);
        };
        self.reading(Owner::Load(subject), reading, Vec::new(), span)
    }

    fn reading(&mut self, owner: Owner, reading: &'static Reading, arguments: Vec<Expr>, span: Span) -> Term {
        if !self.may_measure(span) {
            return Term::Value(unknown(span));
        }
        let name = self.sources.text(span).to_string();
        let composed = |shape, dimension, percent, expr| {
            Term::Readout(Readout {
                origin: ReadoutOrigin::Composed { series: None, expr },
                shape,
                dimension,
                percent,
                json: false,
                window: Window::Block,
                span,
                name: name.clone(),
            })
        };
        match reading.result {
            ReadingResult::Series { shape, dimension, percent } => {
                let series = self.reading_series(owner, reading, arguments, span);
                let json = false;
                let origin = ReadoutOrigin::Series(series);
                Term::Readout(Readout {
                    origin,
                    shape,
                    dimension,
                    percent,
                    json,
                    window: Window::Block,
                    span,
                    name,
                })
            }
            ReadingResult::Ratio { part, whole, rest } => {
                let part = self.counted(owner, part, Aggregate::Delta, span);
                let whole = self.counted(owner, whole, Aggregate::Delta, span);
                let part = match rest {
                    true => binary(BinaryOperator::Subtract, whole.clone(), part, Type::NUMBER, span),
                    false => part,
                };
                let expr = binary(BinaryOperator::Divide, part, whole, Type::SHARE, span);
                composed(Shape::Gauge, Dimension::NONE, true, expr)
            }
            ReadingResult::PerTime { counter } => {
                let expr = self.counted(owner, counter, Aggregate::Rate, span);
                composed(Shape::Gauge, Dimension::RATE, false, expr)
            }
            ReadingResult::Log => Term::Value(unknown(span)),
        }
    }

    /// A counter of the same owner, reduced.
    fn counted(&mut self, owner: Owner, name: &'static str, aggregate: Aggregate, span: Span) -> Expr {
        let reading = match owner {
            Owner::Target(target) => self.scenario.target(target).kind.reading(name),
            Owner::Load(_) => find_action_reading(name),
            Owner::Ledger(_) => find_ledger_reading(name),
        };
        let Some(reading) = reading else { return unknown(span) };
        let ReadingResult::Series { dimension, .. } = reading.result else { return unknown(span) };
        let series = self.reading_series(owner, reading, Vec::new(), span);
        let dimension = match aggregate {
            Aggregate::Rate => dimension.per(Dimension::TIME).unwrap_or(Dimension::RATE),
            _ => dimension,
        };
        let kind = ExprKind::Measure { series, aggregate, window: Window::Block };
        Expr { kind, ty: Type::quantity(dimension), span }
    }

    fn reading_series(
        &mut self,
        owner: Owner,
        reading: &'static Reading,
        arguments: Vec<Expr>,
        span: Span,
    ) -> crate::lang::expr::SeriesId {
        let ReadingResult::Series { shape, dimension, percent } = reading.result else {
            unreachable!("only series of samples are interned")
        };
        let (key, owner_name, origin) = match owner {
            Owner::Target(target) => {
                let shown: Vec<String> =
                    arguments.iter().map(|value| self.sources.text(value.span).into()).collect();
                (
                    SeriesKey::Target(target, reading.name, shown.join(",")),
                    match shown.as_slice() {
                        [] => format!("{}.{}", self.scenario.target(target).name, reading.name),
                        _ => format!(
                            "{}.{}({})",
                            self.scenario.target(target).name,
                            reading.name,
                            shown.join(", ")
                        ),
                    },
                    Origin::Target { target, reading, arguments },
                )
            }
            Owner::Load(subject) => (
                SeriesKey::Load(subject, reading.name),
                format!("{}.{}", self.scenario.subject_name(subject), reading.name),
                Origin::Load { subject, reading: reading.name },
            ),
            Owner::Ledger(ledger) => (
                SeriesKey::Ledger(ledger, reading.name),
                format!("{}.{}", self.scenario.ledgers[ledger.index()].name, reading.name),
                Origin::Ledger { ledger, reading: reading.name },
            ),
        };
        self.intern(key, || super::super::series::NewSeries {
            name: owner_name,
            origin,
            shape,
            dimension,
            percent,
            span,
        })
    }

    /// What can stand behind the name of something that is no value, as a help.
    pub(super) fn parts_help(&self, entity: Entity, name: &str) -> Option<String> {
        let first = match entity {
            Entity::Target(target) => self.scenario.target(target).kind.readings.first()?.name,
            Entity::Action(_) | Entity::Mix(_) => "success",
            Entity::Ledger(_) => "lost",
            Entity::Curve(_) => {
                return Some(format!("a load follows it from its rate: `at 50/s shaped {name} every 24h`"));
            }
            _ => return None,
        };
        Some(match self.place {
            Place::Action => {
                format!("`{name}` can be told what to do, or asked when it is measured: `{name}.{first}`")
            }
            _ => format!("say what of it is meant, such as `{name}.{first}`"),
        })
    }
}

fn binary(operator: BinaryOperator, left: Expr, right: Expr, ty: Type, span: Span) -> Expr {
    Expr { kind: ExprKind::Binary(operator, Box::new(left), Box::new(right)), ty, span }
}
