//! Expressions: from what is written to what it means, with its type and, where the file fixes it, its value.

mod calls;
mod likely;
mod makers;
mod operators;
mod paths;
mod sources;
mod text;
mod windows;

pub(super) use calls::derived_shape;
pub(super) use likely::{Meant, likely_literal};
pub(super) use sources::gives_json;

use super::mistake;
use super::names::Entity;
use super::state::{Checker, Place, is_iteration_word, unknown};
use crate::lang::expr::{Expr, ExprKind, IterationWord, SeriesId, TargetId, Window};
use crate::lang::function::Aggregate;
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::reading::ACTION_READINGS;
use crate::lang::types::{Shape, Type};
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::ast;

/// What an expression turned out to be, before it is reduced to a value.
#[derive(Clone, Debug)]
pub(super) enum Term {
    Value(Expr),
    Readout(Readout),
    /// The output of a process.
    Log(TargetId, Span),
}

/// A series of measurements, over a window.
#[derive(Clone, Debug)]
pub(super) struct Readout {
    pub origin: ReadoutOrigin,
    pub shape: Shape,
    pub dimension: Dimension,
    pub percent: bool,
    /// Whether its values are JSON, which may be anything.
    pub json: bool,
    pub window: Window,
    pub span: Span,
    /// As the scenario calls it.
    pub name: String,
}

/// Where a readout's values come from.
#[derive(Clone, Debug)]
pub(super) enum ReadoutOrigin {
    /// One series.
    Series(SeriesId),
    /// Composed of others; a series of its own only where a function is applied to it.
    Composed { series: Option<SeriesId>, expr: Expr },
}

/// What other tools call what an iteration knows, and what it is here.
const ITERATION_ELSEWHERE: &[(&str, &str)] = &[
    ("ok", "status in 200..299"),
    ("response_time", "latency"),
    ("duration", "latency"),
    ("elapsed_time", "latency"),
    ("header", "headers"),
    ("vu", "user"),
    ("__VU", "user"),
    ("__ITER", "seq"),
    ("iteration", "seq"),
    ("iter", "seq"),
    ("uuid", "uuid()"),
    ("now", "now()"),
    ("timestamp", "now()"),
    ("json", "body"),
    ("response", "body"),
    ("resp", "body"),
    ("result", "body"),
    ("res", "body"),
    ("status_code", "status"),
    ("statusCode", "status"),
    ("response_code", "status"),
];

/// What other tools call the readings of a load.
const READINGS_ELSEWHERE: &[(&str, &str)] = &[
    ("checks", "success"),
    ("success_rate", "success"),
    ("http_req_duration", "latency"),
    ("response_time", "latency"),
    ("duration", "latency"),
    ("http_req_failed", "failed"),
    ("failures", "failed"),
    ("error_rate", "errors"),
    ("http_reqs", "count"),
    ("requests", "count"),
    ("iterations", "count"),
    ("throughput", "rate"),
    ("rps", "rate"),
];

impl Checker<'_> {
    /// An expression as a value: a bare series is reduced as its shape says.
    pub fn value(&mut self, written: &ast::Expr) -> Expr {
        let term = self.term(written);
        self.reduce(term)
    }

    /// Reduces a term to a value.
    pub fn reduce(&mut self, term: Term) -> Expr {
        match term {
            Term::Value(expr) => expr,
            Term::Readout(readout) => self.reduce_readout(readout),
            Term::Log(target, span) => {
                let name = self.scenario.target(target).name.clone();
                self.report(mistake::measure::bare_log(span, &name));
                unknown(span)
            }
        }
    }

    fn reduce_readout(&mut self, readout: Readout) -> Expr {
        let Readout { origin, shape, dimension, percent, json, window, span, name } = readout;
        let series = match origin {
            ReadoutOrigin::Composed { expr, .. } => {
                return Expr { span, ..windows::apply(expr, &window) };
            }
            ReadoutOrigin::Series(series) => series,
        };
        let (aggregate, ty) = match shape {
            Shape::Distribution => {
                self.report(mistake::measure::bare_distribution(span, &name, dimension));
                return unknown(span);
            }
            Shape::State => (Aggregate::Latest, Type::Bool),
            Shape::Gauge if json => (Aggregate::Latest, Type::Json),
            Shape::Gauge => (Aggregate::Latest, Type::Quantity { dimension, percent }),
            Shape::Counter => (Aggregate::Delta, Type::Quantity { dimension, percent: false }),
        };
        Expr { kind: ExprKind::Measure { series, aggregate, window }, ty, span }
    }

    /// What an expression is.
    pub fn term(&mut self, written: &ast::Expr) -> Term {
        let span = written.span;
        let constant = |value, ty| Term::Value(Expr { kind: ExprKind::Constant(value), ty, span });
        match &written.kind {
            ast::ExprKind::Quantity(quantity) => constant(
                Value::Quantity(*quantity),
                Type::Quantity { dimension: quantity.dimension, percent: quantity.percent },
            ),
            ast::ExprKind::TimeOfDay(seconds) => {
                self.report(mistake::types::time_of_day(span, *seconds));
                Term::Value(unknown(span))
            }
            ast::ExprKind::Text(text) => Term::Value(self.text(text)),
            ast::ExprKind::True => constant(Value::Bool(true), Type::Bool),
            ast::ExprKind::False => constant(Value::Bool(false), Type::Bool),
            ast::ExprKind::Name(name) => self.name(name, span),
            ast::ExprKind::Field { base, field } => self.field(base, field, &[], span),
            ast::ExprKind::FieldCall { base, field, arguments } => self.field(base, field, arguments, span),
            ast::ExprKind::Call { function, arguments } => self.call(function, arguments, span),
            ast::ExprKind::List(items) => Term::Value(self.list(items, span)),
            ast::ExprKind::Object(members) => Term::Value(self.object(members, span)),
            ast::ExprKind::Range { low, high } => Term::Value(self.range(low, high, span)),
            ast::ExprKind::Unary { operator, operand } => Term::Value(self.unary(*operator, operand, span)),
            ast::ExprKind::Binary { operator, left, right } => {
                Term::Value(self.binary(*operator, left, right, span))
            }
            ast::ExprKind::Parenthesis(inner) => self.term(inner),
            ast::ExprKind::Over { base, window } => self.over(base, window, span, None),
            ast::ExprKind::InPhase { base, phase } => self.in_phase(base, phase, span, None),
            ast::ExprKind::Bad => Term::Value(unknown(span)),
        }
    }

    /// A name by itself: what a block bound, what an action knows, what is declared, what is always there.
    fn name(&mut self, name: &str, span: Span) -> Term {
        if let Some(local) = self.local(name) {
            self.note_typed(span, Some(local.span), name, &local.ty);
            return Term::Value(Expr { kind: ExprKind::Variable(local.variable), ty: local.ty, span });
        }
        if let Some(expr) = self.iteration_name(name, span) {
            let declared = self.captured_at(name);
            self.note_typed(span, declared, name, &expr.ty);
            return Term::Value(expr);
        }
        match self.symbols.find(name) {
            Some(entity) => {
                self.note_entity(span, entity);
                self.entity_term(entity, name, span)
            }
            None => {
                let term = self.built_in_name(name, span);
                if let Term::Value(expr) = &term
                    && expr.ty != Type::Unknown
                {
                    let ty = expr.ty.clone();
                    self.note_typed(span, None, name, &ty);
                }
                term
            }
        }
    }

    fn entity_term(&mut self, entity: Entity, name: &str, span: Span) -> Term {
        match entity {
            Entity::Constant(index) => Term::Value(self.constant(index, span)),
            Entity::Secret(secret) => {
                Term::Value(Expr { kind: ExprKind::Secret(secret), ty: Type::Text, span })
            }
            Entity::Metric(index) => match self.metric(index, span) {
                Some(readout) if self.may_measure(span) => Term::Readout(readout),
                _ => Term::Value(unknown(span)),
            },
            Entity::Unknown => Term::Value(unknown(span)),
            _ => {
                let help = self.parts_help(entity, name);
                self.report(mistake::names::not_a_value(span, name, self.sort_of(name), help));
                Term::Value(unknown(span))
            }
        }
    }

    fn built_in_name(&mut self, name: &str, span: Span) -> Term {
        match name {
            "scratch" => Term::Value(Expr { kind: ExprKind::Scratch, ty: Type::Text, span }),
            "elapsed" if self.place == Place::Story => {
                Term::Value(Expr { kind: ExprKind::Elapsed, ty: Type::DURATION, span })
            }
            "elapsed" => {
                self.report(mistake::types::not_here(span, name, "in the story"));
                Term::Value(unknown(span))
            }
            "machine" => {
                let help = Some("say what of it is meant, such as `machine.cpu`".to_string());
                self.report(mistake::names::not_a_value(span, name, "target", help));
                Term::Value(unknown(span))
            }
            "null" if self.in_object => {
                let kind = ExprKind::Constant(Value::Json(serde_json::Value::Null));
                Term::Value(Expr { kind, ty: Type::Json, span })
            }
            _ if is_iteration_word(name) => {
                let place = match name {
                    "seq" | "user" => "in an action",
                    "path" => "in an action that has written a file",
                    _ if self.place == Place::Action => "in braces behind a request",
                    _ => "in the answer to a request",
                };
                let found = mistake::types::not_here(span, name, place);
                let numbered = matches!(name, "seq" | "user") && self.place == Place::Story;
                self.report(match self.reading_of_an_action(name).filter(|_| !numbered) {
                    None if numbered => found.help(
                        "only what a load runs is numbered: put this into an action, or write `{uuid()}` for what is different each time",
                    ),
                    Some(better) => found.help(format!("write `{better}`")).fix(span, better, false),
                    None if self.place == Place::Action => found.help(
                        "put the `check` or `capture` into braces behind the request: `api get \"/\" { capture id = body.id }`",
                    ),
                    None => found,
                });
                Term::Value(unknown(span))
            }
            // It may be captured by what could not be read.
            _ if self.may_be_captured() => Term::Value(unknown(span)),
            _ => {
                let elsewhere = ITERATION_ELSEWHERE.iter().find(|(other, _)| *other == name);
                let elsewhere =
                    elsewhere.filter(|_| self.iteration.is_some()).map(|(_, ours)| (*ours).to_string());
                let meant =
                    elsewhere.or_else(|| self.column_meant(name)).or_else(|| self.reading_of_an_action(name));
                let meant = meant.or_else(|| self.nearest_name(name, "name").map(str::to_string));
                let answer = self
                    .iteration
                    .as_ref()
                    .map(|here| here.answer.iter().map(|one| one.name).collect::<Vec<_>>());
                if self.iteration.is_some()
                    && let Some((action, made)) = self.captured_elsewhere(name)
                {
                    let found = mistake::parts::captured_by(span, name, action, made);
                    self.report(found);
                    return Term::Value(unknown(span));
                }
                self.report(match answer.filter(|answer| !answer.is_empty() && meant.is_none()) {
                    Some(answer) => mistake::parts::unknown_in_answer(span, name, &answer),
                    None => mistake::names::unknown(span, name, "name", meant.as_deref()),
                });
                Term::Value(unknown(span))
            }
        }
    }

    /// `latency` in the story: that of the first action, where there is one.
    fn reading_of_an_action(&self, name: &str) -> Option<String> {
        let name = READINGS_ELSEWHERE.iter().find(|(other, _)| *other == name).map_or(name, |(_, ours)| ours);
        let known = ACTION_READINGS.iter().any(|reading| reading.name == name);
        let action = self.scenario.actions.first().filter(|_| known && self.place == Place::Story)?;
        Some(format!("{}.{name}", action.name))
    }

    /// Whether the action around has a statement that could not be read.
    fn may_be_captured(&self) -> bool {
        let action = self.iteration.as_ref().and_then(|iteration| iteration.action);
        action.is_some_and(|action| self.actions[action.index()].unreadable)
    }

    /// A word that only an iteration knows: its captures, its number, its answer.
    fn iteration_name(&mut self, name: &str, span: Span) -> Option<Expr> {
        let iteration = self.iteration.clone()?;
        let make = |kind, ty| Some(Expr { kind, ty, span });
        if let Some(given) = iteration.answer.iter().find(|given| given.name == name) {
            return make(ExprKind::Iteration(iteration_word(name)?), given_type(given.result));
        }
        let action = iteration.action?;
        let captures = &self.scenario.action(action).captures;
        if let Some(capture) = captures.iter().position(|capture| capture == name) {
            let Some(ty) = self.actions[action.index()].captures[capture].clone() else {
                if !self.actions[action.index()].unreadable {
                    self.report(mistake::measure::captured_later(span, name));
                }
                return Some(unknown(span));
            };
            return make(ExprKind::Captured(capture), ty);
        }
        match name {
            "seq" | "user" => make(ExprKind::Iteration(iteration_word(name)?), Type::NUMBER),
            "path" if self.actions[action.index()].yields_path => {
                make(ExprKind::Iteration(IterationWord::Path), Type::Text)
            }
            _ => None,
        }
    }

    fn list(&mut self, items: &[ast::Expr], span: Span) -> Expr {
        let items: Vec<Expr> = items.iter().map(|item| self.value(item)).collect();
        let mut element = Type::Unknown;
        for item in &items {
            match unify(&element, &item.ty) {
                Some(ty) => element = ty,
                // JSON has lists of anything.
                None if self.in_object => element = Type::Json,
                None => {
                    self.report(mistake::types::mixed_list(item.span, &item.ty, &element, items[0].span));
                    return unknown(span);
                }
            }
        }
        let ty = Type::List(Box::new(element));
        let values: Option<Vec<Value>> = items.iter().map(|item| item.constant().cloned()).collect();
        let kind = match values {
            Some(values) => ExprKind::Constant(Value::List(values)),
            None => ExprKind::List(items),
        };
        Expr { kind, ty, span }
    }

    fn object(&mut self, members: &[(ast::Name, ast::Expr)], span: Span) -> Expr {
        let mut checked: Vec<(String, Expr)> = Vec::new();
        let outside = std::mem::replace(&mut self.in_object, true);
        for (name, value) in members {
            if checked.iter().any(|(other, _)| *other == name.text) {
                self.report(mistake::arguments::given_twice(name.span, &name.text, None));
            }
            checked.push((name.text.clone(), self.value(value)));
        }
        self.in_object = outside;
        Expr { kind: ExprKind::Object(checked), ty: Type::Json, span }
    }

    fn range(&mut self, low: &ast::Expr, high: &ast::Expr, span: Span) -> Expr {
        let (low, high) = (self.value(low), self.value(high));
        let dimension = |expr: &Expr| match &expr.ty {
            Type::Quantity { dimension, .. } => Some(*dimension),
            Type::Json => Some(Dimension::NONE),
            _ => None,
        };
        if low.ty == Type::Unknown || high.ty == Type::Unknown {
            return unknown(span);
        }
        let ends = dimension(&low).zip(dimension(&high));
        let Some((from, to)) = ends.filter(|(from, to)| from == to) else {
            self.report(mistake::types::range_ends(&low, &high));
            return unknown(span);
        };
        debug_assert_eq!(from, to);
        let both = constant_quantity(&low).zip(constant_quantity(&high));
        let kind = match both {
            Some((low, high)) => {
                if low.compare(high).is_some_and(std::cmp::Ordering::is_gt) {
                    self.report(mistake::values::range_backwards(span, low, high));
                    return unknown(span);
                }
                ExprKind::Constant(Value::Range(low, high))
            }
            None => ExprKind::Range(Box::new(low), Box::new(high)),
        };
        Expr { kind, ty: Type::Range(from), span }
    }

    /// Whether something can be measured here; where not, says so.
    pub(super) fn may_measure(&mut self, span: Span) -> bool {
        let may = matches!(self.place, Place::Story | Place::Metric) && self.iteration.is_none();
        if !may {
            self.report(mistake::measure::not_measured_here(span));
        }
        may
    }
}

fn iteration_word(name: &str) -> Option<IterationWord> {
    Some(match name {
        "seq" => IterationWord::Seq,
        "user" => IterationWord::User,
        "status" => IterationWord::Status,
        "body" => IterationWord::Body,
        "headers" => IterationWord::Headers,
        "latency" => IterationWord::Latency,
        "rows" => IterationWord::Rows,
        "path" => IterationWord::Path,
        _ => return None,
    })
}

fn given_type(result: crate::lang::signature::GivenResult) -> Type {
    use crate::lang::signature::GivenResult;
    match result {
        GivenResult::Quantity(dimension) => Type::quantity(dimension),
        GivenResult::Text => Type::Text,
        GivenResult::Json => Type::Json,
    }
}

/// The quantity that the file fixes.
pub(super) fn constant_quantity(expr: &Expr) -> Option<Quantity> {
    expr.constant().and_then(Value::as_quantity)
}

/// The type of which both are, if there is one.
pub(super) fn unify(left: &Type, right: &Type) -> Option<Type> {
    match (left, right) {
        (Type::Unknown, other) | (other, Type::Unknown) => Some(other.clone()),
        (
            Type::Quantity { dimension, percent },
            Type::Quantity { dimension: other, percent: other_percent },
        ) if dimension == other => {
            Some(Type::Quantity { dimension: *dimension, percent: *percent && *other_percent })
        }
        (Type::Json, _) | (_, Type::Json) => Some(Type::Json),
        (Type::List(left), Type::List(right)) => {
            unify(left, right).map(|element| Type::List(Box::new(element)))
        }
        (Type::Range(range), Type::Quantity { dimension, .. })
        | (Type::Quantity { dimension, .. }, Type::Range(range))
            if range == dimension =>
        {
            Some(Type::Range(*range))
        }
        _ if left == right => Some(left.clone()),
        _ => None,
    }
}
