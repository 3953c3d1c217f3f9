//! An expectation that was missed, as a finding at its line of the scenario.

use crate::diag::{Diagnostic, Label, Severity};
use crate::event::{Judged, Verdict};
use crate::report::words;
use crate::source::Span;

/// Missed: an `expect` or a `require`.
pub const MISSED: &str = "R0001";
/// Missed: a `want`.
pub const MISSED_WANT: &str = "R0002";
/// Came to no verdict.
pub const INCONCLUSIVE: &str = "R0003";

/// The finding for a judgement that was not met; `None` for one that was. `span` is where the expectation stands.
pub fn diagnostic(judged: &Judged, span: Span) -> Option<Diagnostic> {
    let want = judged.demand == "want";
    let (code, severity) = match judged.verdict {
        Verdict::Pass => return None,
        Verdict::Inconclusive => (INCONCLUSIVE, Severity::Warning),
        Verdict::Warn | Verdict::Fail if want => (MISSED_WANT, Severity::Warning),
        Verdict::Warn | Verdict::Fail => (MISSED, Severity::Error),
    };
    let labels = vec![Label { span, text: around(judged) }];
    Some(Diagnostic { code, severity, message: message(judged), labels, help: None, fixes: Vec::new() })
}

/// What was asked and what came of it: `expected queue == 0 within 10m; it was 37 when the time was up`.
pub fn message(judged: &Judged) -> String {
    let asked = if judged.demand == "want" { "wanted" } else { "expected" };
    let mut message = format!("{asked} {}", judged.text);
    if judged.name != judged.text {
        message = format!("{}: {message}", judged.name);
    }
    let reason = judged.reason.as_deref();
    if judged.verdict == Verdict::Inconclusive {
        return format!("{message}; there is no verdict: {}", reason.unwrap_or("nothing was measured"));
    }
    let when = when(judged);
    match (&judged.actual, reason) {
        (Some(actual), Some(reason)) => format!("{message}; it was {} {when}, {reason}", actual.text),
        (Some(actual), None) => format!("{message}; it was {} {when}", actual.text),
        (None, Some(reason)) => format!("{message}; {reason}"),
        (None, None) => format!("{message}; it did not hold {when}"),
    }
}

fn when(judged: &Judged) -> String {
    let at = words::moment(judged.decided);
    let has = |word: &str| judged.text.split_whitespace().any(|part| part == word);
    if has("within") {
        "when the time was up".into()
    } else if judged.text.ends_with(" at end") {
        format!("at the end, {at}")
    } else {
        format!("at {at}")
    }
}

/// Where in the run that was: the moment, the phases and passes, and the faults in force.
fn around(judged: &Judged) -> String {
    let mut parts = vec![words::moment(judged.decided)];
    if !judged.place.is_empty() {
        parts[0].push_str(&format!(" in {}", words::place(&judged.place)));
    }
    if judged.faults.is_empty() {
        parts.push("no fault in force".into());
    } else {
        parts.push(format!("in force: {}", judged.faults.join(", ")));
    }
    parts.join("; ")
}
