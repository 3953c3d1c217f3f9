//! A strand: one line of statements that follow each other. The story is one; each branch of `parallel` and
//! each pass of `every` is another.
//!
//! A strand has a time of its own, at which its next statement is due. That time is absolute: it moves by what
//! statements are to take, not by when they were in fact carried out.

use super::scope::ScopeId;
use super::watch::WatchId;
use super::world::{FaultId, LoadId, Ticket};
use crate::check::scenario::{Block, Step};
use crate::lang::expr::{Expr, VariableId};
use crate::lang::moment::Moment;
use crate::lang::value::Value;
use crate::source::Span;
use std::time::Duration;

/// One line of statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StrandId(pub u64);

/// A strand that has not ended.
#[derive(Debug)]
pub struct Strand<'s> {
    /// What it is in, outermost first.
    pub frames: Vec<Frame<'s>>,
    /// When its next statement is due.
    pub time: Moment,
    pub waiting: Waiting,
    /// The number of its latest wait for the clock.
    pub wait: u64,
    pub owner: Owner,
    /// The block that owns it.
    pub scope: ScopeId,
}

/// Who is to be told when a strand has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The stage of the run.
    Stage,
    /// The strand that reached the `parallel`.
    Join(StrandId),
    /// An `every`.
    Every(u64),
}

/// What a strand waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// Nothing: it can go on.
    Nothing,
    /// The clock, and the number of the wait.
    Clock(u64),
    /// The answer to an order.
    Answer(Ticket),
    /// The last iteration of a load.
    Load(LoadId),
    /// An expectation, or the condition of `wait until` or of a loop.
    Watch(WatchId),
    /// So many branches.
    Branches(usize),
    /// The end of a block around it.
    End,
}

/// Something a strand is in.
#[derive(Debug)]
pub enum Frame<'s> {
    /// Statements of a block, and which is next.
    Steps {
        steps: &'s [Step],
        next: usize,
        scope: ScopeId,
    },
    /// A block: it is left when all above it has ended, and idles to its end where it has one.
    Scope(ScopeId),
    /// An `at` whose time is waited for.
    At {
        parent: ScopeId,
        span: Span,
        body: &'s Block,
    },
    Repeat(Repeating<'s>),
    Each(Each<'s>),
    /// A fault that is undone when the strand goes on.
    Hold {
        fault: FaultId,
        duration: Duration,
    },
    /// A load that is stopped when the strand goes on.
    Load(LoadId),
}

/// A `repeat`.
#[derive(Debug)]
pub struct Repeating<'s> {
    /// Around all passes.
    pub scope: ScopeId,
    pub body: &'s Block,
    pub span: Span,
    pub passes: u64,
    pub until: Until<'s>,
    /// When the latest pass began.
    pub began: Moment,
}

/// When a `repeat` has done enough.
#[derive(Debug)]
pub enum Until<'s> {
    Times(u64),
    /// At the end of its block.
    End,
    /// When that holds; whether it is known to hold.
    Holds(&'s Expr, Option<bool>),
}

/// A `for each`.
#[derive(Debug)]
pub struct Each<'s> {
    /// Around all passes.
    pub scope: ScopeId,
    pub body: &'s Block,
    pub span: Span,
    pub variable: VariableId,
    /// What is left, the next one last.
    pub left: Vec<Value>,
    pub passes: u64,
}
