//! Expressions after the checker: every name resolved, every type known.

use super::function::{Aggregate, Maker};
use super::types::Type;
use super::value::Value;
use crate::source::Span;

/// Declares an index into one of the lists of a scenario.
macro_rules! index {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// Its place in the list.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    )* };
}

index! {
    /// A declared target, or the machine.
    TargetId,
    /// An action.
    ActionId,
    /// A mix of actions.
    MixId,
    /// A curve.
    CurveId,
    /// A dataset.
    DatasetId,
    /// A ledger.
    LedgerId,
    /// A sequence.
    SequenceId,
    /// A secret.
    SecretId,
    /// A name that a block binds when it is entered: the variable of `for each`, a sequence's parameter.
    VariableId,
    /// A measured series.
    SeriesId,
    /// An expectation as it stands in the file.
    ExpectationId,
}

/// An expression with its type and its place.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// What it comes to.
    pub ty: Type,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Clone, Debug)]
pub enum ExprKind {
    /// A value that the file fixes: a literal, a `param`, a `let`, and arithmetic on them.
    Constant(Value),
    /// An interpolated text.
    Text(Vec<Piece>),
    /// The folder of this run's own.
    Scratch,
    /// A secret; known when the run starts, and shown nowhere.
    Secret(SecretId),
    /// Bound by a block.
    Variable(VariableId),
    /// A column of a row, or a part of a JSON value.
    Field(Box<Expr>, String),
    /// A list.
    List(Vec<Expr>),
    /// An object.
    Object(Vec<(String, Expr)>),
    /// A range, drawn from each time the statement is reached.
    Range(Box<Expr>, Box<Expr>),
    /// `-x` or `not x`.
    Unary(UnaryOperator, Box<Expr>),
    /// Two operands.
    Binary(BinaryOperator, Box<Expr>, Box<Expr>),
    /// `uuid()`, `random(a..b)`, ….
    Make(Maker, Vec<Expr>),
    /// A word that only an iteration or its answer knows.
    Iteration(IterationWord),
    /// A capture that this iteration has made, by its place among the action's captures.
    Captured(usize),
    /// One of the last 10,000 captures of an action: `recent` leaves it, `take` removes it.
    Pool {
        /// The action that fills the pool.
        action: ActionId,
        /// Which of its captures.
        capture: usize,
        /// Whether what was drawn is gone afterwards.
        take: bool,
    },
    /// A column of this iteration's row of a dataset.
    Column(DatasetId, String),
    /// A measured series, reduced over a window.
    Measure {
        /// Which series.
        series: SeriesId,
        /// How it is reduced.
        aggregate: Aggregate,
        /// Over what time.
        window: Window,
    },
    /// The time since the innermost block began.
    Elapsed,
}

/// A piece of a text.
#[derive(Clone, Debug)]
pub enum Piece {
    /// As written, escapes resolved.
    Literal(String),
    /// `{…}`.
    Value(Expr),
}

/// The time a series is read over.
#[derive(Clone, Debug)]
pub enum Window {
    /// The innermost block so far.
    Block,
    /// The last so-long, whatever the blocks.
    Over(Box<Expr>),
    /// The last pass of that phase which ran to its end.
    Phase(Box<Expr>),
}

/// A word that only an iteration or its answer knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IterationWord {
    /// From 1, per action, for the whole run.
    Seq,
    /// The number of the user, from 1.
    User,
    /// The status of the answer.
    Status,
    /// The body of the answer: JSON where it parses as such, else text.
    Body,
    /// The body of the answer as the text that came, whatever it parses as.
    BodyText,
    /// The headers of the answer.
    Headers,
    /// How long the answer took since the iteration was due.
    Latency,
    /// The rows of the answer of a database.
    Rows,
    /// The path that a write made.
    Path,
}

pub use crate::lang::operator::{BinaryOperator, UnaryOperator};

impl Expr {
    /// A value that is known, from no place in a file.
    pub fn known(value: Value) -> Expr {
        Expr { kind: ExprKind::Constant(value), ty: Type::Unknown, span: Span::default() }
    }

    /// The value, where the file fixes it.
    pub fn constant(&self) -> Option<&Value> {
        match &self.kind {
            ExprKind::Constant(value) => Some(value),
            _ => None,
        }
    }

    /// Calls `visit` with this expression and every one inside it, outermost first.
    pub fn walk<'a>(&'a self, visit: &mut dyn FnMut(&'a Expr)) {
        visit(self);
        match &self.kind {
            ExprKind::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Value(value) = piece {
                        value.walk(visit);
                    }
                }
            }
            ExprKind::List(items) | ExprKind::Make(_, items) => {
                items.iter().for_each(|item| item.walk(visit));
            }
            ExprKind::Object(members) => members.iter().for_each(|(_, value)| value.walk(visit)),
            ExprKind::Field(inner, _) | ExprKind::Unary(_, inner) => inner.walk(visit),
            ExprKind::Range(left, right) | ExprKind::Binary(_, left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            ExprKind::Measure { window: Window::Over(inner) | Window::Phase(inner), .. } => inner.walk(visit),
            ExprKind::Constant(_)
            | ExprKind::Scratch
            | ExprKind::Secret(_)
            | ExprKind::Variable(_)
            | ExprKind::Iteration(_)
            | ExprKind::Captured(_)
            | ExprKind::Pool { .. }
            | ExprKind::Column(..)
            | ExprKind::Measure { window: Window::Block, .. }
            | ExprKind::Elapsed => {}
        }
    }
}
