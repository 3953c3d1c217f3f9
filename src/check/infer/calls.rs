//! Calls: functions that reduce a series, and those that make a value.

use super::super::mistake;
use super::super::names::{Entity, meant};
use super::super::series::{NewSeries, SeriesKey};
use super::super::state::{Checker, unknown};
use super::{Readout, ReadoutOrigin, Term};
use crate::diag::Diagnostic;
use crate::lang::expr::{Expr, ExprKind, SeriesId, Window};
use crate::lang::function::{
    AGGREGATES, Aggregate, AggregateSignature, MAKERS, ResultDimension, SOURCES, find_aggregate, find_source,
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
            ("timestamp" | "time" | "datetime" | "current_time" | "unixtime" | "epoch", []) => {
                "now()".to_string()
            }
            ("today" | "current_date", []) => "date()".to_string(),
            ("guid" | "uuid4" | "uuidv4" | "random_uuid" | "randomUUID", []) => "uuid()".to_string(),
            ("choice" | "sample" | "one_of" | "random_choice" | "randomItem", [list]) => {
                format!("pick({})", text(list))
            }
            (
                "randomInt" | "random_int" | "rand_int" | "randrange" | "randomIntBetween" | "randomNumber"
                | "rand",
                [low, high],
            ) => format!("random({}..{})", text(low), text(high)),
            ("header" | "get_header" | "response_header", [.., name]) if self.iteration.is_some() => {
                let name = text(name).trim_matches(['"', '\'']).to_lowercase().replace('-', "_");
                format!("headers.{name}")
            }
            ("contains" | "includes" | "has" | "match" | "is_match" | "test" | "like", [what, part]) => {
                let place = text(what);
                format!("matches({place}, {})", self.as_regex(part, function.text != "match"))
            }
            (
                "regex" | "regexp" | "re" | "search" | "extract" | "regex_extract" | "find_regex" | "capture"
                | "findall" | "scan",
                [what, pattern],
            ) => {
                let (what, pattern) =
                    if text(what).starts_with(['"', '\'']) { (pattern, what) } else { (what, pattern) };
                format!("find({}, {})", text(what), self.as_regex(pattern, false))
            }
            ("regex" | "regexp" | "re", [pattern]) if self.iteration.is_some() => {
                format!("find(body, {})", self.as_regex(pattern, false))
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

    /// A text as it is written in an expression; `plain` is one in which nothing stands for anything else.
    pub(super) fn as_regex(&self, text: &Argument, plain: bool) -> String {
        let written = self.sources.text(text.value.span);
        let Some(inner) = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
            return written.to_string();
        };
        if inner.contains(['\'', '\\', '{']) {
            return written.to_string();
        }
        if plain { format!("'{}'", regex::escape(inner)) } else { format!("'{inner}'") }
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
