//! `lines`: how many whole lines arrive, all or those that match an expression.

use regex::Regex;

use crate::lang::moment::Moment;
use crate::measure::follow::{LineBatch, LineFollower};

/// Lines that are counted as they arrive.
#[derive(Debug)]
pub struct LineCounter {
    follower: LineFollower,
    expression: Option<Regex>,
}

impl LineCounter {
    pub fn new(follower: LineFollower, expression: Option<Regex>) -> LineCounter {
        LineCounter { follower, expression }
    }

    /// How many lines counted, and when; only told where there was at least one. None once following has ended.
    /// Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<(Moment, u64)> {
        loop {
            let batch = self.follower.next().await?;
            let count = matching(&batch, self.expression.as_ref());
            if count > 0 {
                return Some((batch.at, count));
            }
        }
    }
}

/// How many lines of a batch match.
pub fn matching(batch: &LineBatch, expression: Option<&Regex>) -> u64 {
    match expression {
        None => batch.lines.len() as u64,
        Some(expression) => batch.lines.iter().filter(|line| expression.is_match(line)).count() as u64,
    }
}
