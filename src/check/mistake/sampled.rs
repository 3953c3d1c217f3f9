//! W09xx: windows and sampling that do not fit together, or not into the time there is.

use crate::diag::Diagnostic;
use crate::lang::unit::format_duration;
use crate::source::Span;
use std::time::Duration;

pub fn short_window(span: Span, window: Duration, name: &str, every: Duration, samples: u32) -> Diagnostic {
    let (window, shown) = (format_duration(window), format_duration(every));
    let message = match samples {
        1 => format!("this window of {window} is shorter than the {shown} between two samples of `{name}`"),
        _ => format!(
            "a slope needs two samples, and `{name}` is sampled every {shown}: a window of {window} is too short"
        ),
    };
    let least = format_duration(every.saturating_mul(samples));
    Diagnostic::warning("W0909", message, span)
        .here(if samples == 1 { "mostly empty" } else { "mostly without a value" })
        .help(format!("write `over {least}` or more, or sample it more often with `metric … every {window}`"))
        .fix(span, least, false)
}

pub fn window_beyond(span: Span, window: Duration, lasts: Duration) -> Diagnostic {
    let (window, lasts) = (format_duration(window), format_duration(lasts));
    let message = format!("this window of {window} is longer than the run, which lasts {lasts}");
    Diagnostic::warning("W0919", message, span).here("never full").help(format!(
        "write a window that fits into the run, `over {lasts}` at most, or let the run last longer"
    ))
}

pub fn window_before(span: Span, window: Duration, lasted: Duration) -> Diagnostic {
    let (window, lasted) = (format_duration(window), format_duration(lasted));
    let message =
        format!("this window of {window} is longer than the run so far: it is judged after {lasted}");
    Diagnostic::warning("W0919", message, span)
        .here("never full")
        .help(format!("write a window that fits, `over {lasted}` at most, or judge it later"))
}

/// `within` of less than the time between two samples.
pub fn within_of_no_sample(within: Span, length: Duration, name: &str, every: Duration) -> Diagnostic {
    let (length, every) = (format_duration(length), format_duration(every));
    Diagnostic::warning(
        "W0909",
        format!(
            "`{name}` is sampled every {every}, so within {length} it is looked at once and hardly again"
        ),
        within,
    )
    .here("shorter than the time between two samples")
    .help(format!("wait longer than {every}, or sample it more often: `every 5s` behind the metric"))
}

/// What must hold always, for less than the time between two samples.
pub fn always_between_samples(span: Span, lasts: Duration, name: &str, every: Duration) -> Diagnostic {
    let (lasts, every) = (format_duration(lasts), format_duration(every));
    Diagnostic::warning(
        "W0909",
        format!(
            "`{name}` is sampled every {every}, and judged for {lasts}: there may be no sample in that time"
        ),
        span,
    )
    .here("sampled too seldom")
    .help("sample it more often: `every 1s` behind the metric")
}
