//! A block while it is gone through: where it stands, how far it has come, what goes on until it ends.

use super::Count;
use super::amount::{Left, Tally, Time};
use super::draft::Place;
use crate::check::scenario::{Block, Load};
use crate::lang::expr::Expr;

/// What a block is put into.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// When it begins on the shortest course, since the start of the whole.
    pub origin: u64,
    /// How long the blocks around leave it.
    pub left: Left,
    /// How long the innermost timed block around would still last if nothing cut it.
    pub rest: Option<u64>,
    pub place: Place,
}

/// What a block came to.
#[derive(Debug, Default)]
pub(super) struct Walked {
    pub taken: Time,
    /// Whether the blocks around ended it before its end, on the shortest course.
    pub cut: bool,
    pub tally: Tally,
}

/// Something that goes on until its block ends.
pub(super) struct Open<'a> {
    pub what: Pending<'a>,
    /// Since the start of the block.
    pub start: Time,
    pub place: Place,
    /// How often it began at all: of what `choose` may pick, 0 or 1.
    pub chance: Count,
}

pub(super) enum Pending<'a> {
    Load(&'a Load),
    Every(&'a Expr, &'a Block),
    /// A fault, an expectation: it only lasts.
    Lasts,
}

pub(super) struct Frame<'a> {
    pub around: Around,
    /// Since the start of the block.
    pub now: Time,
    pub cut: bool,
    pub open: Vec<Open<'a>>,
    pub tally: Tally,
}

impl<'a> Frame<'a> {
    pub fn new(around: Around) -> Frame<'a> {
        Frame { around, now: Time::ZERO, cut: false, open: Vec::new(), tally: Tally::default() }
    }

    /// What time is left for what begins now.
    pub fn left(&self) -> Left {
        self.around.left.after(self.now)
    }

    pub fn rest(&self) -> Option<u64> {
        self.around.rest.map(|rest| rest.saturating_sub(self.now.least))
    }

    /// For a block that begins now.
    pub fn inside(&self, place: Place) -> Around {
        Around { origin: self.here(), left: self.left(), rest: self.rest(), place }
    }

    /// Now, since the start of the whole.
    pub fn here(&self) -> u64 {
        self.around.origin.saturating_add(self.now.least)
    }

    /// Goes on, as far as the blocks around let it.
    pub fn advance(&mut self, time: Time) {
        let to = self.now.plus(time);
        if self.around.left.least.is_some_and(|left| to.least > left) {
            self.cut = true;
        }
        self.now = to.within(self.around.left);
    }

    pub fn take(&mut self, walked: Walked) {
        self.advance(walked.taken);
        self.cut |= walked.cut;
        self.tally.plus(walked.tally);
    }

    pub fn lasts(&mut self, what: Pending<'a>, place: Place) {
        self.open.push(Open { what, start: self.now, place, chance: Count::exactly(1) });
    }
}
