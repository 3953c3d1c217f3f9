//! Calls: functions that reduce a series, and those that make a value.

use super::super::mistake;
use super::super::names::{Entity, meant};
use super::super::series::{NewSeries, SeriesKey};
use super::super::state::{Checker, Place, unknown};
use super::{Readout, ReadoutOrigin, Term};
use crate::diag::Diagnostic;
use crate::lang::expr::{Expr, ExprKind, SeriesId, Window};
use crate::lang::function::{
    AGGREGATES, Aggregate, AggregateSignature, MAKERS, Maker, ResultDimension, SOURCES, find_aggregate,
    find_source,
};
use crate::lang::quantity::Dimension;
use crate::lang::reading::{ACTION_READINGS, LEDGER_READINGS};
use crate::lang::types::{Shape, Type};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Name};

impl Checker<'_> {
    pub(super) fn call(&mut self, function: &Name, arguments: &[Argument], span: Span) -> Term {
        for argument in arguments {
            if let Some(name) = &argument.name {
                self.report(mistake::types::named_argument(
                    name.span,
                    &function.text,
                    &name.text,
                    argument.value.span,
                ));
            }
        }
        if let Some(signature) = find_aggregate(&function.text) {
            return Term::Value(self.aggregate(signature, function, arguments, span));
        }
        if let Some(signature) = find_source(&function.text) {
            return match self.source_readout(signature, arguments, span) {
                Some(readout) => Term::Readout(readout),
                None => Term::Value(unknown(span)),
            };
        }
        if let Some((maker, _, usage, _)) = MAKERS.iter().find(|(_, name, ..)| *name == function.text) {
            return Term::Value(self.make(*maker, usage, arguments, span));
        }
        let names = AGGREGATES.iter().map(|signature| signature.name);
        let names =
            names.chain(SOURCES.iter().map(|source| source.name)).chain(MAKERS.iter().map(|maker| maker.1));
        let elsewhere = self.percentile_meant(function, arguments, span);
        let elsewhere = elsewhere.or_else(|| self.function_elsewhere(function, arguments, span));
        let found = elsewhere.unwrap_or_else(|| {
            let meant = meant(&function.text, &names.collect::<Vec<_>>());
            mistake::names::unknown_function(function.span, &function.text, meant)
        });
        self.report(found);
        // What stands in it is looked at all the same, so that names in it count as used.
        for argument in arguments {
            match &argument.value.kind {
                // That it has no value by itself is of no interest then.
                ast::ExprKind::Name(name) if self.symbols.peek(name).is_some() => {
                    self.used_entity(name, argument.value.span);
                }
                _ => drop(self.term(&argument.value)),
            }
        }
        Term::Value(unknown(span))
    }

    /// `percentile(reading, 95)` and `quantile(reading, 0.95)`.
    fn percentile_meant(&self, function: &Name, arguments: &[Argument], span: Span) -> Option<Diagnostic> {
        let name = function.text.as_str();
        if let Some(better) = percentile_beside(name) {
            let found = mistake::names::unknown_function(function.span, name, None);
            let help = format!("write `{better}`, the next that is stricter; {PERCENTILES}");
            return Some(found.help(help).fix(function.span, better, false));
        }
        let (reading, share) = match (function.text.as_str(), arguments) {
            ("percentile" | "quantile" | "pct" | "perc" | "p", [reading, share])
            | ("histogram_quantile", [share, reading]) => (reading, share),
            _ => return None,
        };
        let share = self.sources.text(share.value.span).trim_start_matches("0.").trim_end_matches('%');
        let asked = format!("p{}", share.replace('.', ""));
        let found = mistake::names::unknown_function(function.span, &function.text, None);
        let Some(kept) = percentile_beside(&asked) else { return Some(found.help(PERCENTILES)) };
        let better = format!("{kept}({})", self.sources.text(reading.value.span));
        let why = if kept == asked { String::new() } else { format!("; {PERCENTILES}") };
        Some(found.help(format!("write `{better}`{why}")).fix(span, better, false))
    }

    /// `eventually(x, 30s)`, `between(1s, 3s)` and `range(10)`, as other tools have them.
    fn function_elsewhere(&self, function: &Name, arguments: &[Argument], span: Span) -> Option<Diagnostic> {
        let text = |argument: &Argument| self.sources.text(argument.value.span).to_string();
        if let Some(found) = self.reading_as_function(function, arguments, span) {
            return Some(found);
        }
        let better = match (function.text.as_str(), arguments) {
            ("eventually", [what, within, ..]) => format!("{} within {}", text(what), text(within)),
            ("consistently", [what, within, ..]) => format!("{} for {}", text(what), text(within)),
            ("eventually", [what]) => format!("{} within 1m", text(what)),
            ("between" | "uniform" | "randint" | "random", [low, high]) => {
                format!("{}..{}", text(low), text(high))
            }
            ("jsonpath" | "json_path" | "jmespath" | "jq", [.., path]) if self.iteration.is_some() => {
                let path = text(path);
                let path = path.trim_matches(['"', '\'']).trim_start_matches('$');
                let dot = if path.starts_with(['.', '[']) || path.is_empty() { "" } else { "." };
                format!("body{dot}{path}")
            }
            ("env" | "getenv" | "environ", [name]) => {
                let name = text(name);
                let name = name.trim_matches(['"', '\'']);
                let found = mistake::names::unknown_function(function.span, &function.text, None);
                return Some(found.help(format!(
                    "a secret comes from the environment: `secret {} from env \"{name}\"`; a `param` is given as `soak run FILE --param name=value`",
                    name.to_ascii_lowercase()
                )));
            }
            ("range", [count]) => {
                let found = mistake::names::unknown_function(function.span, &function.text, None);
                let count = text(count);
                return Some(found.help(format!("a loop that counts is written `repeat {count} {{ … }}`")));
            }
            _ => return None,
        };
        let found = mistake::names::unknown_function(function.span, &function.text, None);
        Some(found.help(format!("write `{better}`")).fix(span, better, false))
    }

    /// `lost(orders)`: what is read of something stands behind it.
    fn reading_as_function(&self, function: &Name, arguments: &[Argument], span: Span) -> Option<Diagnostic> {
        let [argument] = arguments else { return None };
        let ast::ExprKind::Name(name) = &argument.value.kind else { return None };
        let known = match self.symbols.peek(name)?.entity {
            Entity::Ledger(_) => LEDGER_READINGS.iter().any(|reading| reading.name == function.text),
            Entity::Action(_) | Entity::Mix(_) => {
                ACTION_READINGS.iter().any(|reading| reading.name == function.text)
            }
            Entity::Target(target) => self.scenario.target(target).kind.reading(&function.text).is_some(),
            _ => false,
        };
        known.then(|| {
            let better = format!("{name}.{}", function.text);
            let found = mistake::names::unknown_function(function.span, &function.text, None);
            found.help(format!("write `{better}`")).fix(span, better, false)
        })
    }

    /// `p95(…)` and the like.
    fn aggregate(
        &mut self,
        signature: &'static AggregateSignature,
        function: &Name,
        arguments: &[Argument],
        span: Span,
    ) -> Expr {
        let [argument] = arguments else {
            let found = mistake::types::argument_count(span, &function.text, "one reading", arguments.len());
            // `rate(errors, 1m)`
            let window = match arguments {
                [reading, window] => {
                    let (of, window) =
                        (self.sources.text(reading.value.span), self.sources.text(window.value.span));
                    let time =
                        crate::lang::unit::parse(window).is_ok_and(|read| read.dimension == Dimension::TIME);
                    time.then(|| format!("{}({of} over {window})", function.text))
                }
                _ => None,
            };
            if let [log, _] = arguments
                && self.sources.text(log.value.span).ends_with(".log")
            {
                let written = self.sources.text(span);
                let inside = written.trim_start_matches(function.text.as_str());
                let help =
                    format!("lines of a log are a metric: `metric found = lines{inside}`, and `found` here");
                self.report(found.help(help));
                return unknown(span);
            }
            self.report(match window {
                Some(better) => found.help(format!("write `{better}`")).fix(span, better, false),
                None => found,
            });
            return unknown(span);
        };
        if let ast::ExprKind::Name(name) = &argument.value.kind
            && self.local(name).is_none()
            && let Some(Entity::Action(_) | Entity::Mix(_)) =
                self.symbols.peek(name).map(|symbol| symbol.entity)
        {
            self.used_entity(name, argument.value.span);
            let sort = self.sort_of(name);
            self.report(mistake::names::of_an_action(argument.value.span, name, sort, &function.text));
            return unknown(span);
        }
        let readout = match self.term(&argument.value) {
            Term::Readout(readout) => readout,
            Term::Value(expr) if expr.ty == Type::Unknown => return unknown(span),
            Term::Value(expr) => match self.composed(expr) {
                Some(readout) => readout,
                None => {
                    self.report(mistake::measure::not_a_series(argument.value.span, &function.text));
                    return unknown(span);
                }
            },
            Term::Log(_, at) => {
                self.report(mistake::measure::function_of_log(at, &function.text));
                return unknown(span);
            }
        };
        if !signature.shapes.contains(&readout.shape) {
            let able = AGGREGATES.iter().filter(|other| other.shapes.contains(&readout.shape));
            let able: Vec<&str> = able.map(|other| other.name).collect();
            let finding =
                mistake::measure::wrong_shape(argument.value.span, &function.text, readout.shape, &able);
            self.report(finding);
            return unknown(span);
        }
        let Readout { shape, dimension, percent, .. } = readout;
        let ty = match signature.result {
            ResultDimension::Same if shape == Shape::State => Type::SHARE,
            ResultDimension::Same => Type::Quantity { dimension, percent },
            ResultDimension::Number => Type::NUMBER,
            ResultDimension::PerTime if signature.aggregate == Aggregate::Rate => {
                // A distribution is counted, a counter says how much.
                let counted = if shape == Shape::Distribution { Dimension::NONE } else { dimension };
                per_time(counted)
            }
            ResultDimension::PerTime => per_time(dimension),
        };
        let window = readout.window.clone();
        let series = self.series_of(readout);
        Expr { kind: ExprKind::Measure { series, aggregate: signature.aggregate, window }, ty, span }
    }

    /// A value that is composed of measurements, as something that can be sampled itself.
    fn composed(&mut self, expr: Expr) -> Option<Readout> {
        let (mut measures, mut fixed) = (false, true);
        expr.walk(&mut |part| match part.kind {
            ExprKind::Measure { .. } => measures = true,
            ExprKind::Variable(_) | ExprKind::Iteration(_) | ExprKind::Make(..) | ExprKind::Elapsed => {
                fixed = false
            }
            _ => {}
        });
        if !measures || !fixed {
            return None;
        }
        let (shape, dimension, percent, json) = derived_shape(&expr.ty)?;
        let (span, name) = (expr.span, self.sources.text(expr.span).to_string());
        let origin = ReadoutOrigin::Composed { series: None, expr };
        Some(Readout { origin, shape, dimension, percent, json, window: Window::Block, span, name })
    }

    /// The series behind a readout; one that is composed gets a series of its own.
    fn series_of(&mut self, readout: Readout) -> SeriesId {
        let Readout { origin, shape, dimension, percent, span, name, .. } = readout;
        match origin {
            ReadoutOrigin::Series(series) | ReadoutOrigin::Composed { series: Some(series), .. } => series,
            ReadoutOrigin::Composed { series: None, expr } => {
                self.intern(SeriesKey::Composed(name.clone()), || NewSeries {
                    name,
                    origin: super::super::scenario::Origin::Derived(expr),
                    shape,
                    dimension,
                    percent,
                    span,
                })
            }
        }
    }

    /// `uuid()`, `pick(list)` and the like.
    fn make(&mut self, maker: Maker, usage: &'static str, arguments: &[Argument], span: Span) -> Expr {
        let wanted = match maker {
            Maker::Uuid | Maker::Now | Maker::Date => 0,
            _ => 1,
        };
        if arguments.len() != wanted {
            let found = mistake::types::argument_count(span, usage, "", arguments.len());
            let range = match (maker, arguments) {
                (Maker::Random, [low, high]) => Some(format!(
                    "random({}..{})",
                    self.sources.text(low.value.span),
                    self.sources.text(high.value.span)
                )),
                _ => None,
            };
            self.report(match range {
                Some(better) => found.help(format!("write `{better}`")).fix(span, better, false),
                None => found,
            });
            return unknown(span);
        }
        if matches!(self.place, Place::Fixed | Place::Metric) {
            self.report(mistake::types::not_fixed(span, usage));
            return unknown(span);
        }
        match (maker, arguments) {
            (Maker::Recent | Maker::Take, [argument]) => self.pool(maker, &argument.value, usage, span),
            (Maker::Random, [argument]) => {
                let range = self.value(&argument.value);
                let ty = match &range.ty {
                    Type::Range(dimension) => Type::quantity(*dimension),
                    Type::Unknown => return unknown(span),
                    _ => {
                        self.report(mistake::types::wrong(&range, "a range, as in `random(1..6)`", None));
                        return unknown(span);
                    }
                };
                Expr { kind: ExprKind::Make(maker, vec![range]), ty, span }
            }
            (Maker::Pick, [argument]) => {
                let list = self.value(&argument.value);
                let ty = match &list.ty {
                    Type::List(element) => (**element).clone(),
                    Type::Json => Type::Json,
                    Type::Unknown => return unknown(span),
                    _ => {
                        self.report(mistake::types::wrong(
                            &list,
                            "a list, as in `pick([\"a\", \"b\"])`",
                            None,
                        ));
                        return unknown(span);
                    }
                };
                Expr { kind: ExprKind::Make(maker, vec![list]), ty, span }
            }
            _ => Expr { kind: ExprKind::Make(maker, Vec::new()), ty: Type::Text, span },
        }
    }

    /// `recent(create.id)`, `take(create.id)`
    fn pool(&mut self, maker: Maker, argument: &ast::Expr, usage: &'static str, span: Span) -> Expr {
        if self.iteration.as_ref().is_none_or(|iteration| iteration.action.is_none()) {
            self.report(mistake::types::not_here(span, usage, "in an action"));
            return unknown(span);
        }
        let ast::ExprKind::Field { base, field } = &argument.kind else {
            self.report(mistake::measure::not_a_pool(argument.span, usage));
            return unknown(span);
        };
        let action = match &base.kind {
            ast::ExprKind::Name(name) => match self.used_entity(name, base.span) {
                Some(Entity::Action(action)) => Some(action),
                Some(Entity::Unknown) => return unknown(span),
                None => {
                    let meant = self.nearest_name(name, "name").map(str::to_string);
                    self.report(mistake::names::unknown(base.span, name, "action", meant.as_deref()));
                    return unknown(span);
                }
                _ => None,
            },
            _ => None,
        };
        let Some(action) = action else {
            self.report(mistake::measure::not_a_pool(argument.span, usage));
            return unknown(span);
        };
        let captures = self.scenario.action(action).captures.clone();
        let Some(capture) = captures.iter().position(|capture| *capture == field.text) else {
            if self.actions[action.index()].unreadable {
                return unknown(span);
            }
            let owner = self.scenario.action(action).name.clone();
            let elsewhere = self.captured_elsewhere(&field.text);
            self.report(mistake::measure::no_capture(
                field.span,
                (&owner, base.span),
                &field.text,
                &captures,
                elsewhere,
            ));
            return unknown(span);
        };
        self.note_capture(field.span, base.span.to(field.span), action, capture);
        let take = maker == Maker::Take;
        self.pools.push((action, span, take));
        Expr { kind: ExprKind::Pool { action, capture, take }, ty: Type::Json, span }
    }
}

fn per_time(dimension: Dimension) -> Type {
    Type::quantity(dimension.per(Dimension::TIME).unwrap_or(dimension))
}

/// The shape of a composed metric by the type of its value.
pub(in crate::check) fn derived_shape(ty: &Type) -> Option<(Shape, Dimension, bool, bool)> {
    match ty {
        Type::Bool => Some((Shape::State, Dimension::NONE, false, false)),
        Type::Quantity { dimension, percent } => Some((Shape::Gauge, *dimension, *percent, false)),
        Type::Json => Some((Shape::Gauge, Dimension::NONE, false, true)),
        _ => None,
    }
}

/// The percentiles that are kept.
const PERCENTILES: &str = "there are `p50`, `p90`, `p95`, `p99` and `p999`";

/// Of a percentile that is not kept, `p98`, the next higher one that is.
fn percentile_beside(name: &str) -> Option<&'static str> {
    let digits = name.strip_prefix('p').filter(|rest| (1..=4).contains(&rest.len()))?;
    let number: f64 = digits.parse::<u16>().ok()?.into();
    // `p999` is 99.9 %.
    let share = if digits.len() > 2 && number > 100.0 {
        number / 10_f64.powi(digits.len() as i32 - 2)
    } else {
        number
    };
    let kept = [(50.0, "p50"), (90.0, "p90"), (95.0, "p95"), (99.0, "p99"), (99.9, "p999"), (100.0, "max")];
    kept.into_iter().find(|(least, _)| share <= *least).map(|(_, name)| name)
}
