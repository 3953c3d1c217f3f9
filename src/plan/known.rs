//! What expressions come to before the run: constants, what blocks bind, and the ends of ranges.
//!
//! Arithmetic on ranges keeps both ends. What only the run knows has no value here, and stands in a text as it is
//! written, in braces.

use super::amount::Time;
use crate::check::scenario::{LoadSubject, Scenario};
use crate::lang::eval;
use crate::lang::expr::{Expr, ExprKind, Piece, VariableId};
use crate::lang::function::Maker;
use crate::lang::operator::{BinaryOperator, UnaryOperator};
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::value::Value;
use crate::source::{Sources, Span};
use num_rational::Ratio;
use std::cell::RefCell;
use std::collections::HashMap;

/// What a block bound.
#[derive(Clone, Debug)]
pub(super) enum Bound {
    Value(Value),
    /// A row: its columns.
    Row(Vec<(String, Option<Value>)>),
    Unknown,
}

/// The names that are bound at one place, and where everything is written.
pub(super) struct Known<'a> {
    pub scenario: &'a Scenario,
    pub sources: &'a Sources,
    bound: Vec<(VariableId, Bound)>,
    /// How long one iteration takes, of what has been asked for: a load of a long mix is often one of many.
    pub iterations: RefCell<HashMap<LoadSubject, Time>>,
}

impl<'a> Known<'a> {
    pub fn new(scenario: &'a Scenario, sources: &'a Sources) -> Known<'a> {
        Known { scenario, sources, bound: Vec::new(), iterations: RefCell::default() }
    }

    pub fn bind(&mut self, variable: VariableId, bound: Bound) {
        self.bound.push((variable, bound));
    }

    /// How many names are bound; [`Known::forget`] goes back to it.
    pub fn mark(&self) -> usize {
        self.bound.len()
    }

    pub fn forget(&mut self, mark: usize) {
        self.bound.truncate(mark);
    }

    fn bound(&self, variable: VariableId) -> Option<&Bound> {
        self.bound.iter().rev().find(|(name, _)| *name == variable).map(|(_, bound)| bound)
    }

    /// What an expression binds where it is the value of a variable.
    pub fn to_bind(&self, expr: &Expr) -> Bound {
        if let ExprKind::Variable(variable) = expr.kind {
            return self.bound(variable).cloned().unwrap_or(Bound::Unknown);
        }
        self.value(expr).map_or(Bound::Unknown, Bound::Value)
    }

    /// The value, a range where one is drawn.
    pub fn value(&self, expr: &Expr) -> Option<Value> {
        match &expr.kind {
            ExprKind::Constant(value) => Some(value.clone()),
            ExprKind::Text(pieces) => {
                let known = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => Some(text.clone()),
                    Piece::Value(value) => self.value(value).map(|value| value.to_string()),
                });
                known.collect::<Option<String>>().map(Value::Text)
            }
            ExprKind::Variable(variable) => match self.bound(*variable)? {
                Bound::Value(value) => Some(value.clone()),
                Bound::Row(_) | Bound::Unknown => None,
            },
            ExprKind::Field(base, field) => match &base.kind {
                ExprKind::Variable(variable) => match self.bound(*variable)? {
                    Bound::Row(row) => row.iter().find(|(name, _)| name == field)?.1.clone(),
                    Bound::Value(value) => eval::field(value.clone(), field).ok(),
                    Bound::Unknown => None,
                },
                _ => eval::field(self.value(base)?, field).ok(),
            },
            ExprKind::List(items) => {
                items.iter().map(|item| self.value(item)).collect::<Option<_>>().map(Value::List)
            }
            ExprKind::Range(low, high) => {
                let ((low, _), (_, high)) = (self.ends(low)?, self.ends(high)?);
                Some(Value::Range(low, high))
            }
            ExprKind::Unary(UnaryOperator::Minus, inner) => {
                let (low, high) = self.ends(inner)?;
                Some(span(high.negated(), low.negated()))
            }
            ExprKind::Unary(operator, inner) => eval::unary(*operator, self.value(inner)?).ok(),
            ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right),
            ExprKind::Make(Maker::Random, arguments) => self.value(arguments.first()?),
            _ => None,
        }
    }

    fn binary(&self, operator: BinaryOperator, left: &Expr, right: &Expr) -> Option<Value> {
        use BinaryOperator as B;
        if !matches!(operator, B::Add | B::Subtract | B::Multiply | B::Divide) {
            return eval::apply(operator, self.value(left)?, self.value(right)?).ok();
        }
        let (left, right) = (self.ends(left)?, self.ends(right)?);
        let spans_zero = right.0.to_f64() <= 0.0 && right.1.to_f64() >= 0.0;
        if operator == B::Divide && spans_zero {
            return None;
        }
        let mut ends: Option<(Quantity, Quantity)> = None;
        for one in [left.0, left.1] {
            for other in [right.0, right.1] {
                let result = eval::apply(operator, Value::Quantity(one), Value::Quantity(other)).ok()?;
                let corner = result.as_quantity()?;
                ends = Some(match ends {
                    None => (corner, corner),
                    Some((low, high)) => (lower(low, corner)?, higher(high, corner)?),
                });
            }
        }
        ends.map(|(low, high)| span(low, high))
    }

    /// The two ends between which it lies, the lower first.
    pub fn ends(&self, expr: &Expr) -> Option<(Quantity, Quantity)> {
        match self.value(expr)? {
            Value::Quantity(quantity) => Some((quantity, quantity)),
            Value::Range(low, high) => Some((lower(low, high)?, higher(low, high)?)),
            _ => None,
        }
    }

    /// A duration in nanoseconds. What is not known may take no time, and any.
    pub fn time(&self, expr: &Expr) -> super::amount::Time {
        let nanos = |quantity: Quantity| {
            quantity.to_duration().map(|duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
        };
        match self.ends(expr) {
            // Less than no time, which the checker refuses where it sees it, is no time.
            Some((low, high)) if low.dimension == Dimension::TIME => super::amount::Time {
                least: nanos(low).unwrap_or(0),
                most: if high.to_f64() <= 0.0 { Some(0) } else { nanos(high) },
            },
            _ => super::amount::Time::up_to(None),
        }
    }

    /// A whole number.
    pub fn count(&self, expr: &Expr) -> super::Count {
        match self.ends(expr) {
            Some((low, high)) => super::Count {
                least: low.to_count().unwrap_or(0),
                most: if high.to_f64() < 0.0 { Some(0) } else { high.to_count() },
                expected: false,
            },
            None => super::Count::UNKNOWN,
        }
    }

    /// The ends as exact fractions of base units.
    pub fn fractions(&self, expr: &Expr) -> Option<(Ratio<i128>, Ratio<i128>)> {
        let (low, high) = self.ends(expr)?;
        low.to_ratio().zip(high.to_ratio())
    }

    /// As people read it: values filled in, `{scratch}` and the names of secrets in braces, and whatever only the run
    /// knows as it is written, in braces too.
    pub fn words(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Text(pieces) => {
                let words = pieces.iter().map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Value(value) => self.words(value),
                });
                words.collect()
            }
            ExprKind::Scratch => "{scratch}".into(),
            ExprKind::Secret(secret) => format!("{{{}}}", self.scenario.secret(*secret).name),
            _ => match self.value(expr) {
                Some(value) => value.to_string(),
                None => format!("{{{}}}", one_line(self.sources.text(expr.span))),
            },
        }
    }

    /// A statement as it is written, on one line.
    pub fn written(&self, span: Span) -> String {
        one_line(self.sources.text(span))
    }

    /// The file of a place, where it is not the scenario's own.
    pub fn other_file(&self, span: Span) -> Option<String> {
        let file = self.sources.file_of(span);
        let own = self.sources.files().first().is_some_and(|first| first.base() == file.base());
        (!own).then(|| file.name().to_string())
    }

    /// As it stands in a statement: a literal as it is written there, what is not known as written too, without braces.
    pub fn shown(&self, expr: &Expr) -> String {
        let written = self.sources.text(expr.span);
        let literal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/' | '%');
        if written.starts_with(|c: char| c.is_ascii_digit()) && written.chars().all(literal) {
            return written.to_string();
        }
        match self.value(expr) {
            Some(Value::Text(text)) => format!("\"{text}\""),
            Some(value) => value.to_string(),
            None if matches!(expr.kind, ExprKind::Text(_)) => format!("\"{}\"", self.words(expr)),
            None => one_line(self.sources.text(expr.span)),
        }
    }
}

fn span(low: Quantity, high: Quantity) -> Value {
    if low == high { Value::Quantity(low) } else { Value::Range(low, high) }
}

fn lower(one: Quantity, other: Quantity) -> Option<Quantity> {
    one.compare(other).map(|order| if order.is_le() { one } else { other })
}

fn higher(one: Quantity, other: Quantity) -> Option<Quantity> {
    one.compare(other).map(|order| if order.is_ge() { one } else { other })
}

/// With one space for every run of white space.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
