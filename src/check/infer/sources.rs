//! Sources: `lines("…")`, `json("…", '$.a')` and the like, in a metric or right in an expectation.

use super::super::mistake;
use super::super::names::Entity;
use super::super::scenario::{Argued, Origin, SourceValue};
use super::super::series::{NewSeries, SeriesKey};
use super::super::state::{Checker, Place};
use super::{Readout, ReadoutOrigin, Term};
use crate::lang::expr::{Expr, ExprKind, Window};
use crate::lang::function::{SourceArgument, SourceKind, SourceSignature};
use crate::lang::signature::Accepts;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::ast::{self, Argument};

impl Checker<'_> {
    /// A source in an expression, interned by its text.
    pub(super) fn source_readout(
        &mut self,
        signature: &'static SourceSignature,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Readout> {
        let origin = self.source_origin(signature, arguments, span)?;
        let key = SeriesKey::Source(self.sources.text(span).to_string(), self.every());
        let name = self.sources.text(span).to_string();
        let SourceSignature { shape, dimension, .. } = *signature;
        let shown = name.clone();
        let series = self.intern(key, || NewSeries { name, origin, shape, dimension, percent: false, span });
        Some(Readout {
            origin: ReadoutOrigin::Series(series),
            shape,
            dimension,
            percent: false,
            json: gives_json(signature),
            window: Window::Block,
            span,
            name: shown,
        })
    }

    /// A source with its arguments checked.
    pub fn source_origin(
        &mut self,
        signature: &'static SourceSignature,
        arguments: &[Argument],
        span: Span,
    ) -> Option<Origin> {
        if !self.may_measure(span) {
            return None;
        }
        let (least, most) = (signature.required, signature.arguments.len());
        if !(least..=most).contains(&arguments.len()) {
            let database = self.database_name();
            let found = match (signature.name, arguments, database) {
                ("sql", [query], Some(database)) => mistake::measure::query_without_database(
                    span,
                    query.value.span,
                    &database,
                    self.sources.text(query.value.span),
                ),
                _ => mistake::measure::source_arguments(span, signature, arguments.len()),
            };
            self.report(found);
            return None;
        }
        let values = self.source_values(signature, arguments)?;
        let exprs: Vec<Expr> = values
            .iter()
            .filter_map(|value| match value {
                SourceValue::Value(expr) => Some(expr.clone()),
                _ => None,
            })
            .collect();
        if self.depends_on_block(&exprs, span) {
            return None;
        }
        if signature.source == SourceKind::Json
            && let (Some(SourceValue::Value(path)), Some(written)) = (values.get(1), arguments.get(1))
            && let Some(path) = path.constant().and_then(Value::as_text)
            && (path.ends_with("[*]") || path.ends_with(".*"))
        {
            let better = self.sources.text(span).replacen("json(", "json_count(", 1);
            self.report(mistake::worded::many_for_one(written.value.span, span, path, &better));
        }
        if signature.source == SourceKind::Sql
            && let (Some(SourceValue::Value(query)), Some(written)) = (values.get(1), arguments.get(1))
            && let Some(word) = query.constant().and_then(Value::as_text).and_then(changing_word)
        {
            let text = self.sources.text(written.value.span);
            self.report(mistake::worded::query_that_changes(written.value.span, &word, text));
            return None;
        }
        if signature.source == SourceKind::Capture {
            self.expect_groups(&arguments[1].value, &values[1], 1, "the value that is captured");
        }
        Some(Origin::Source { source: signature, arguments: values })
    }

    /// The name of the database that is declared, the first of several.
    fn database_name(&self) -> Option<String> {
        let mut targets = self.scenario.targets.iter();
        targets.find(|target| target.kind.name == "database").map(|target| target.name.clone())
    }

    fn source_values(
        &mut self,
        signature: &'static SourceSignature,
        arguments: &[Argument],
    ) -> Option<Vec<SourceValue>> {
        let mut values = Vec::new();
        for (wanted, argument) in signature.arguments.iter().zip(arguments) {
            let written = &argument.value;
            let value = match wanted {
                SourceArgument::GlobOrLog => self.glob_or_log(written),
                SourceArgument::FileOrUrl => self.file_or_url(written, signature.name),
                SourceArgument::JsonPath => {
                    let path = self.at_place(Place::Metric, |checker| checker.value(written));
                    let good =
                        self.expect_type(&path, &Type::Text, "a JSONPath") && self.json_path(written, &path);
                    good.then_some(SourceValue::Value(path))
                }
                SourceArgument::Value(Accepts::Target(kinds)) => self.source_target(written, kinds),
                SourceArgument::Value(accepts) if self.is_bare_text(accepts, written) => {
                    let quote = if matches!(accepts, Accepts::Regex) { '\'' } else { '"' };
                    let text = self.sources.text(written.span);
                    self.report(mistake::names::text_without_quotes(written.span, text, quote));
                    None
                }
                SourceArgument::Value(accepts) => {
                    let value = self.accept_value(accepts, written, signature.name);
                    let query =
                        value.as_ref().and_then(|value| value.constant()?.as_text().map(str::to_string));
                    if let Some(query) = query.filter(|_| signature.source == SourceKind::Prometheus)
                        && query.split('{').next().is_some_and(|name| name.contains(['(', '[', ' ']))
                    {
                        self.report(mistake::embedded::query_for_selector(written.span, &query));
                        None
                    } else {
                        value.map(SourceValue::Value)
                    }
                }
            };
            values.push(value);
        }
        values.into_iter().collect()
    }

    /// Whether a name that nobody declares stands where a text belongs.
    fn is_bare_text(&self, accepts: &Accepts, written: &ast::Expr) -> bool {
        let ast::ExprKind::Name(name) = &written.kind else { return false };
        let text = matches!(accepts, Accepts::Text | Accepts::Regex);
        text && self.local(name).is_none() && self.symbols.peek(name).is_none()
    }

    /// A glob, or the output of a process.
    pub fn glob_or_log(&mut self, written: &ast::Expr) -> Option<SourceValue> {
        if let ast::ExprKind::Name(name) = &written.kind
            && let Some(Entity::Target(target)) = self.symbols.peek(name).map(|symbol| symbol.entity)
            && self.scenario.target(target).kind.reading("log").is_some()
        {
            self.used_entity(name, written.span);
            self.report(mistake::measure::log_meant(written.span, name));
            return None;
        }
        match self.term(written) {
            Term::Log(target, _) => Some(SourceValue::Log(target)),
            Term::Value(expr) if matches!(expr.ty, Type::Text) => {
                let good = self.glob(written, &expr) && self.no_secret(&expr, "a path");
                good.then_some(SourceValue::Value(expr))
            }
            other => {
                let expr = self.reduce(other);
                if expr.ty != Type::Unknown {
                    self.report(mistake::types::wrong(&expr, "a path or the output of a process", None));
                }
                None
            }
        }
    }

    /// A path or a URL.
    pub fn file_or_url(&mut self, written: &ast::Expr, what: &'static str) -> Option<SourceValue> {
        let expr = self.value(written);
        if !self.expect_type(&expr, &Type::Text, what) {
            return None;
        }
        let url = self.fixed_start(&expr).contains("://") || matches!(expr.kind, ExprKind::Secret(_));
        let good =
            if url { self.url(written, &expr, &["http", "https"]) } else { self.no_secret(&expr, "a path") };
        good.then_some(SourceValue::Value(expr))
    }

    /// A declared target of one of these kinds.
    pub fn source_target(
        &mut self,
        written: &ast::Expr,
        kinds: &'static [&'static str],
    ) -> Option<SourceValue> {
        let ast::ExprKind::Name(name) = &written.kind else {
            self.report(mistake::names::wrong_sort(
                written.span,
                self.sources.text(written.span),
                "a value",
                kinds,
            ));
            return None;
        };
        let name = ast::Name { text: name.clone(), span: written.span };
        match self.accept_target(&name, kinds)? {
            Argued::Target(target) => Some(SourceValue::Target(target)),
            _ => None,
        }
    }

    /// Says so where values of a series depend on what only a block or an iteration knows: a series is sampled
    /// from the run's beginning to its end.
    pub fn depends_on_block(&mut self, exprs: &[Expr], span: Span) -> bool {
        let mut depends = false;
        for expr in exprs {
            expr.walk(&mut |part| {
                depends |= matches!(
                    part.kind,
                    ExprKind::Variable(_)
                        | ExprKind::Iteration(_)
                        | ExprKind::Captured(_)
                        | ExprKind::Make(..)
                        | ExprKind::Pool { .. }
                        | ExprKind::Column(..)
                        | ExprKind::Measure { .. }
                        | ExprKind::Elapsed
                );
            });
        }
        if depends {
            self.report(mistake::measure::source_not_fixed(span));
        }
        depends
    }

    /// A declared database for `show sql(…)`.
    pub fn show_query(&mut self, written: &ast::Expr) -> Option<(crate::lang::expr::TargetId, Expr)> {
        let ast::ExprKind::Call { function, arguments } = &written.kind else {
            self.report(mistake::measure::show_wants_query(written.span));
            return None;
        };
        let [database, query] = arguments.as_slice() else {
            self.report(mistake::measure::show_wants_query(written.span));
            return None;
        };
        if function.text != "sql" {
            self.report(mistake::measure::show_wants_query(written.span));
            return None;
        }
        let target = match self.source_target(&database.value, &["database"])? {
            SourceValue::Target(target) => target,
            _ => return None,
        };
        let query = self.value(&query.value);
        let good = self.expect_type(&query, &Type::Text, "a query") && self.no_secret(&query, "a query");
        good.then_some((target, query))
    }

    /// Whether the action around captures something of this name.
    pub fn is_captured(&self, name: &str) -> bool {
        let action = self.iteration.as_ref().and_then(|iteration| iteration.action);
        action.is_some_and(|action| self.scenario.action(action).captures.iter().any(|made| made == name))
    }

    /// Whether a name is declared as anything that can be written as a value.
    pub fn is_value_name(&self, name: &str) -> bool {
        let declared = self.symbols.peek(name).map(|symbol| symbol.entity);
        self.local(name).is_some()
            || matches!(
                declared,
                Some(Entity::Constant(_) | Entity::Secret(_) | Entity::Metric(_) | Entity::Unknown)
            )
            || self.is_captured(name)
            || self.iteration.is_some() && super::super::state::is_iteration_word(name)
            || matches!(name, "scratch" | "elapsed")
    }
}

/// Whether what a source gives may be anything that JSON holds.
pub(in crate::check) fn gives_json(signature: &SourceSignature) -> bool {
    matches!(signature.source, SourceKind::Json | SourceKind::Sql)
}

/// The word by which a statement of SQL changes what it is told of.
fn changing_word(query: &str) -> Option<String> {
    const CHANGING: &[&str] =
        &["insert", "update", "delete", "drop", "truncate", "alter", "create", "replace", "merge", "grant"];
    let word = query.split_whitespace().next()?.to_lowercase();
    CHANGING.contains(&word.as_str()).then_some(word)
}
