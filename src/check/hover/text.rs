//! What names are, in few words.

use super::super::infer::{Readout, ReadoutOrigin};
use super::super::lints::is_sampled;
use super::super::scenario::LedgerKey;
use super::super::state::{Checker, Progress};
use crate::lang::expr::{ActionId, Expr, LedgerId, SequenceId};
use crate::lang::quantity::Dimension;
use crate::lang::types::{Shape, Type};
use crate::lang::value::Value;
use std::time::Duration;

/// The longest value that is shown beside a constant, in characters.
const MAX_VALUE: usize = 60;

/// A type as a noun without an article.
pub(in crate::check) fn noun(ty: &Type) -> String {
    match ty {
        Type::Quantity { dimension: Dimension::NONE, percent: true } => "percentage".into(),
        Type::Quantity { dimension, .. } => of_dimension(*dimension),
        Type::Bool => "true or false".into(),
        Type::Text => "text".into(),
        Type::List(element) if **element == Type::Unknown => "list".into(),
        Type::List(element) => format!("list, each {}", noun(element)),
        Type::Json => "JSON value".into(),
        Type::Range(dimension) => format!("range, each end {}", of_dimension(*dimension)),
        Type::Row(columns) => {
            let columns: Vec<String> =
                columns.iter().map(|(name, ty)| format!("{name} ({})", noun(ty))).collect();
            format!("row of {}", columns.join(", "))
        }
        Type::Series { shape, dimension, percent } => measured(*shape, *dimension, *percent, false),
        Type::Log => "lines of output".into(),
        Type::Unknown => "unknown".into(),
    }
}

fn of_dimension(dimension: Dimension) -> String {
    match dimension {
        Dimension::NONE => "number".into(),
        Dimension::TIME => "duration".into(),
        Dimension::SIZE => "size".into(),
        Dimension::RATE => "rate".into(),
        Dimension::BYTE_RATE => "size per time".into(),
        other => other.describe().trim_start_matches("a ").to_string(),
    }
}

/// What is measured: its shape, and what each value is.
pub(in crate::check) fn measured(shape: Shape, dimension: Dimension, percent: bool, json: bool) -> String {
    let value = if json { noun(&Type::Json) } else { noun(&Type::Quantity { dimension, percent }) };
    match shape {
        Shape::Gauge => format!("gauge, {value}"),
        Shape::Counter => format!("counter, {value}"),
        Shape::Distribution => format!("distribution, {value}"),
        Shape::State => "state, true or false".into(),
    }
}

impl Checker<'_> {
    pub(super) fn constant_text(&self, index: usize) -> String {
        let constant = &self.constants[index];
        let sort = if constant.param.is_some() { "param" } else { "let" };
        let Progress::Done(value) = &constant.state else {
            return format!("{sort} {}: {}", constant.name.text, noun(&Type::Unknown));
        };
        let shown = if value.ty == Type::Unknown { String::new() } else { self.value_text(value) };
        let about = constant.param.and_then(|param| self.scenario.params[param].about.as_ref());
        let about = about.map(|about| format!(" ({about})")).unwrap_or_default();
        format!("{sort} {}: {}{shown}{about}", constant.name.text, noun(&value.ty))
    }

    fn value_text(&self, value: &Expr) -> String {
        let Some(value) = value.constant() else { return String::new() };
        let quoted = |value: &Value| match value.as_text() {
            Some(text) => format!("{text:?}"),
            None => value.to_string(),
        };
        let shown = match value {
            Value::List(items) => format!("[{}]", items.iter().map(quoted).collect::<Vec<_>>().join(", ")),
            value => quoted(value),
        };
        if shown.chars().count() <= MAX_VALUE { format!(", {shown}") } else { String::new() }
    }

    pub(super) fn metric_text(&self, index: usize) -> String {
        let metric = &self.metrics[index];
        let shown = match &metric.state {
            Progress::Done(Some(readout)) => self.readout_text(readout),
            _ => noun(&Type::Unknown),
        };
        format!("metric {}: {shown}", metric.name.text)
    }

    /// How often what a readout reads is sampled; nothing where it is told of each change.
    pub(super) fn sampled_every(&self, readout: &Readout) -> Option<Duration> {
        let series = match readout.origin {
            ReadoutOrigin::Series(series) | ReadoutOrigin::Composed { series: Some(series), .. } => series,
            ReadoutOrigin::Composed { series: None, .. } => return None,
        };
        let series = self.scenario.series(series);
        is_sampled(&self.scenario, series).then_some(series.every)
    }

    pub(super) fn ledger_text(&self, ledger: LedgerId) -> String {
        let ledger = &self.scenario.ledgers[ledger.index()];
        let sent = ledger.sent.iter().map(|sent| {
            let action = self.scenario.action(sent.action);
            match sent.key {
                LedgerKey::Capture(capture) => format!("{}.{}", action.name, action.captures[capture]),
                LedgerKey::Seq => format!("{}.seq", action.name),
                LedgerKey::Path => format!("{}.path", action.name),
            }
        });
        let received = ledger.received.iter().map(|received| received.from.name());
        format!(
            "ledger {}: sent {}, received from {}",
            ledger.name,
            sent.collect::<Vec<_>>().join(", "),
            received.collect::<Vec<_>>().join(", ")
        )
    }

    pub(super) fn action_text(&self, action: ActionId) -> String {
        let captured = &self.actions[action.index()].captures;
        let action = self.scenario.action(action);
        let captures = action.captures.iter().zip(captured).map(|(name, ty)| {
            let ty = ty.as_ref().map_or_else(|| noun(&Type::Unknown), noun);
            format!("{name} ({ty})")
        });
        let captures: Vec<String> = captures.collect();
        match captures.as_slice() {
            [] => format!("action {}: captures nothing", action.name),
            captures => format!("action {}: captures {}", action.name, captures.join(", ")),
        }
    }

    pub(super) fn sequence_text(&self, sequence: SequenceId) -> String {
        let sequence = &self.sequences[sequence.index()];
        let unknown = Vec::new();
        let types = match &sequence.state {
            Progress::Done(types) => types,
            _ => &unknown,
        };
        let parameters = sequence.parameters.iter().enumerate().map(|(index, parameter)| {
            let ty = types.get(index).map_or_else(|| noun(&Type::Unknown), noun);
            let default = parameter.default.as_ref().map(|default| self.sources.text(default.span));
            let default = default.map(|default| format!(" = {default}")).unwrap_or_default();
            format!("{}: {ty}{default}", parameter.name.text)
        });
        format!("sequence {}({})", sequence.name.text, parameters.collect::<Vec<_>>().join(", "))
    }
}
