//! How single findings add up to the verdict of a run.
//!
//! A missed `expect` or `require` fails it. Else one that came to no verdict, or was never reached, leaves it
//! inconclusive. Else a missed `want` is a warning, and so is a `want` without a verdict: nothing that must hold is
//! open, but not everything that was asked is known either.

use crate::event::Verdict;

/// The word of an expectation whose miss is only a warning.
pub const WANT: &str = "want";
/// The severity of what is no expectation of the file but counts as one: a failed act or command.
pub const EXPECT: &str = "expect";

/// Whether a judgement was missed.
pub fn missed(verdict: Verdict) -> bool {
    matches!(verdict, Verdict::Fail | Verdict::Warn)
}

/// What one verdict of an expectation means for all that it is part of.
pub fn weight(severity: &str, verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Pass => Verdict::Pass,
        _ if severity == WANT => Verdict::Warn,
        Verdict::Inconclusive => Verdict::Inconclusive,
        Verdict::Fail | Verdict::Warn => Verdict::Fail,
    }
}

/// The verdict of an expectation over all its judgements.
pub fn of_row(severity: &str, judged: u64, missed: u64, inconclusive: u64) -> Verdict {
    if missed > 0 {
        weight(severity, Verdict::Fail)
    } else if inconclusive > 0 || judged == 0 {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}
