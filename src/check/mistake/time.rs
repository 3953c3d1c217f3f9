//! E08xx: what cannot happen in the time there is.

use crate::diag::Diagnostic;
use crate::lang::quantity::Quantity;
use crate::lang::unit::format_duration as shown;
use crate::source::Span;
use std::time::Duration;

/// What takes longer than is left of `what`.
fn too_long(span: Span, took: Duration, left: Duration, what: &str) -> Diagnostic {
    let message = format!("this takes at least {}, and {} of {what} are left", shown(took), shown(left));
    Diagnostic::error("E0801", message, span).here(format!("{} at the shortest", shown(took)))
}

pub fn does_not_fit(span: Span, took: Duration, left: Duration, what: &str, block: Span) -> Diagnostic {
    too_long(span, took, left, what).also(block, "this is too short for it").help(match what {
        "cleanup" => "it has 5m, which nothing makes longer: do less in it, or do it at the end of the story",
        _ => "give it more time, or less to do",
    })
}

/// `load` is waited for, and leaves too little time.
pub fn load_fills(span: Span, took: Duration, left: Duration, what: &str, load: Span) -> Diagnostic {
    too_long(span, took, left, what)
        .also(load, "is waited for, and takes its time first")
        .help("a load without `for` runs beside what follows it, to the end of its block: leave `for` and its duration out")
}

pub fn never_reached(span: Span, due: Duration, what: &str, block: Span) -> Diagnostic {
    Diagnostic::error("E0801", format!("{what} has ended before {} are over", shown(due)), span)
        .here("never reached")
        .also(block, "ends before that")
        .help(format!("write a time before its end, or give {what} more time"))
}

/// `word` stands before the time that is beyond the end: `within`, `max`, `timeout`.
pub fn deadline_beyond(
    span: Span,
    (word, time): (&str, Duration),
    left: Duration,
    what: &str,
    block: Span,
) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0802",
        format!("this may take {}, but only {} of {what} are left", shown(time), shown(left)),
        span,
    )
    .here("beyond the end of its block")
    .also(block, "ends before that");
    if left.is_zero() {
        finding
    } else {
        let better = shown(left);
        // Nothing in the file says how long cleanup lasts.
        let other =
            if what == "cleanup" { "do it at the end of the story" } else { "give the block more time" };
        finding.help(format!("write `{word} {better}`, or {other}")).fix(span, better, false)
    }
}

pub fn already_past(span: Span, at: Duration, now: Duration, above: Option<Span>) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0803",
        format!(
            "{} after the block began is past: what stands above takes {} at least",
            shown(at),
            shown(now)
        ),
        span,
    )
    .here("already past");
    let finding = match above {
        Some(above) => finding.also(above, format!("ends after {} at the earliest", shown(now))),
        None => finding,
    };
    finding.help("say a later time, or put both into `parallel { … }` where they are to overlap")
}

/// `elapsed < 5m`, judged when `now` of its block is over at least; `above` is what took it.
pub fn over_before(span: Span, now: Duration, above: Option<Span>) -> Diagnostic {
    let finding = Diagnostic::warning(
        "W0932",
        format!("this never holds: {} of its block are over before it is judged", shown(now)),
        span,
    )
    .here("counted from the start of the block");
    let finding = match above {
        Some(above) => finding.also(above, format!("ends after {} at the earliest", shown(now))),
        None => finding,
    };
    finding.help(format!("allow more than {}, or leave it out", shown(now)))
}

/// A number of iterations, or a rate of them, that is more than all loads begin.
pub fn never_so_many(span: Span, load: Span, name: &str, most: f64, rate: bool) -> Diagnostic {
    let most = Quantity::number(most as i128);
    let most = if rate { format!("{most}/s") } else { most.to_string() };
    let what = if rate { "is loaded with" } else { "is begun" };
    let times = if rate { "" } else { " times" };
    Diagnostic::warning("W0932", format!("this never holds: `{name}` {what} {most}{times} at most"), span)
        .here(format!("more than {most}"))
        .also(load, "what begins it")
        .help("ask for less, or load it more or longer")
}

/// More space than there is on a disk of a fixed size.
pub fn never_so_large(span: Span, size: Span, disk: &str, whole: Quantity) -> Diagnostic {
    Diagnostic::warning("W0932", format!("this never holds: `{disk}` has {whole} in all"), span)
        .here("more than the whole disk")
        .also(size, "its size")
        .help("ask for less, or make the disk larger")
}

/// `judged` is how long it is looked at.
pub fn never_missed(tolerance: Span, tolerated: Duration, judged: Duration) -> Diagnostic {
    let (tolerated, judged) = (shown(tolerated), shown(judged));
    Diagnostic::warning(
        "W0932",
        format!("this can never be missed: it tolerates {tolerated}, and is judged for {judged}"),
        tolerance,
    )
    .here("as long as all that is judged")
    .help("tolerate less, or judge it for longer")
}

/// How a condition is decided before anything runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Decided {
    Never,
    Always,
    /// Two limits of one thing.
    Excluded,
    /// Something and its opposite; joined with `or`, or with `and`.
    Opposites(bool),
    /// One thing that is to be two.
    Different,
    /// A latency that may be as long as the run, which lasts so long.
    LongerThanTheRun(Duration),
    /// All samples may miss.
    Tolerated,
    /// A share of more than all.
    BeyondWhole,
    /// What is counted from none, of which few are wanted within a time.
    AtOnce,
    /// A status that there is not.
    NoStatus(i64),
}

pub fn decided(span: Span, how: Decided) -> Diagnostic {
    let (message, help) = match how {
        Decided::Never => (
            "this never holds: what is counted or taken is never less than nothing",
            "write what it may be at most, as in `< 1%`, or `== 0` for none",
        ),
        Decided::Always => {
            ("this always holds, whatever happens", "write the least or the most that is good, as in `> 99%`")
        }
        Decided::Excluded => (
            "this never holds: the two limits leave nothing between them",
            "what lies between two limits is above the low one and below the high one; one of several is asked for with `or`",
        ),
        Decided::Different => (
            "this never holds: one thing is not two at once",
            "one of several is asked for as `in [200, 201]`",
        ),
        Decided::LongerThanTheRun(lasts) => {
            return Diagnostic::warning(
                "W0932",
                format!("this always holds: the run lasts {}, and nothing of it takes longer", shown(lasts)),
                span,
            )
            .here("decided before the run")
            .help("write what is good, as in `< 250ms`; `m` stands for minutes");
        }
        Decided::Tolerated => {
            ("this can never be missed: all that is sampled may miss", "tolerate less, as in `tolerate 1%`")
        }
        Decided::BeyondWhole => (
            "this never holds: a share is never above 100%",
            "write the least that is good, as in `> 99%`, or `>= 100%` for all",
        ),
        Decided::AtOnce => (
            "this holds at once: what is counted begins at 0 and only grows",
            "judge it over all the time, with `always` in the place of `within` and its duration, or `at end`",
        ),
        Decided::Opposites(true) => ("this always holds: it is true or not", "write what must hold"),
        Decided::Opposites(false) => ("this never holds: it cannot be true and not", "write what must hold"),
        Decided::NoStatus(status) => {
            return Diagnostic::warning("W0932", format!("no answer has the status {status}"), span)
                .here("statuses are 100 to 599")
                .help("as in `status == 200`");
        }
    };
    Diagnostic::warning("W0932", message, span).here("decided before the run").help(help)
}

pub fn never_sampled(span: Span, word: &str) -> Diagnostic {
    Diagnostic::error(
        "E0804",
        format!("this can never be sampled: the block ends right behind it, and `{word}` looks ahead"),
        span,
    )
    .here("nothing follows that takes time")
    .help("put it at the beginning of its block, or leave the qualifier out to judge at once")
}

/// `mix` is one that is loaded.
pub fn never_loaded(span: Span, name: &str, mix: Option<&str>) -> Diagnostic {
    Diagnostic::error("E0804", format!("this can never have a value: nothing loads `{name}`"), span)
        .here("never measured")
        .help(match mix {
            Some(mix) => format!("add `load {name} at 10/s`, or give it a share of `mix {mix}`"),
            None => format!("add `load {name} at 10/s`"),
        })
}

pub fn load_later(span: Span, name: &str, load: Span, just_begun: bool) -> Diagnostic {
    let (message, place) = if just_begun {
        (format!("this is judged before anything of `{name}` can have ended"), "begins at the same moment")
    } else {
        (format!("this is judged before anything loads `{name}`"), "only loaded here")
    };
    Diagnostic::error("E0804", message, span)
        .here("has no value yet")
        .also(load, place)
        .help("judge it later: put it below, or write `at end` behind it")
}

pub fn load_before(span: Span, name: &str, load: Span) -> Diagnostic {
    Diagnostic::error("E0804", format!("nothing loads `{name}` in this block before this is judged"), span)
        .here("a reading without a window covers the innermost block so far")
        .also(load, "loaded in another block")
        .help("put it below the load, or read a window that reaches back: `over 10m`")
}

/// `here` is what this block loads.
pub fn load_elsewhere(span: Span, name: &str, load: Span, here: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0804",
        format!("nothing loads `{name}` in this block, whose time is judged"),
        span,
    )
    .here("a reading without a window covers the innermost block")
    .also(load, "loaded in another block");
    match here {
        Some(here) => finding.help(format!(
            "read what this block loads, `{here}`, or load `{name}` here too; what was is read as `over 10m`, or `in \"Phase\"` of a phase that has ended"
        )),
        None => finding.help(format!(
            "load it here too, as in `load {name} at 10/s`, or read what was: `over 10m`, or `in \"Phase\"` of a phase that has ended"
        )),
    }
}

/// `late`: it is judged at the end of its block as it is; `earlier` is the last phase that has ended by then.
pub fn phase_later(span: Span, name: &str, phase: Span, late: bool, earlier: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0805", format!("the phase \"{name}\" has not run when this is judged"), span)
            .here("has no value yet")
            .also(phase, "it runs only here");
    let below =
        if late { "put this below the phase" } else { "put this below the phase, or judge it `at end`" };
    match earlier {
        Some(earlier) => finding.help(format!("{below}; the last one that has run by then is \"{earlier}\"")),
        None => finding.help(below),
    }
}

pub fn phase_around(span: Span, name: &str, phase: Span) -> Diagnostic {
    Diagnostic::error("E0805", format!("the phase \"{name}\" has not run to its end within itself"), span)
        .here("has no value in here")
        .also(phase, "this phase stands around it")
        .help("leave `in …` out: a reading without a window covers the block so far")
}

/// `better`: with both the other way round.
pub fn stretch_too_long(span: Span, within: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0802", "so long a stretch does not end within that time", span)
        .here("longer")
        .also(within, "than this")
        .help(format!("write `{better}`: as long as the first, within the second"))
        .fix(span.to(within), better.strip_prefix("for ").unwrap_or(better), false)
}

/// `repeat 0`
pub fn no_pass(times: Span) -> Diagnostic {
    Diagnostic::warning("W0906", "this never runs: it is done no time at all", times)
        .here("no pass")
        .help("write how many passes there are; what is not to run is taken out")
}

pub fn never_due(span: Span, period: Duration, left: Duration, what: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0906",
        format!(
            "this never runs: it is first due after {}, and {} of {what} are left",
            shown(period),
            shown(left)
        ),
        span,
    )
    .here("the first pass comes after one period")
    .help(format!("write a period below {}, or give {what} more time", shown(left)))
}

/// `repeat for 4`
pub fn loop_without_unit(span: Span, count: &str) -> Diagnostic {
    let better = format!("{count}s");
    Diagnostic::error("E0302", "how long the loop lasts takes a duration, not a plain number", span)
        .here("a plain number")
        .help(format!("write `{better}`, or leave `for` out: `repeat {count}` counts passes"))
        .fix(span, better, false)
}

/// What is judged as a branch of a `parallel`, beside the load that it reads.
pub fn judged_beside(span: Span, name: &str, load: Span) -> Diagnostic {
    Diagnostic::error("E0804", format!("this is judged before anything of `{name}` can have ended"), span)
        .here("a branch, which begins with all the others")
        .also(load, "begins at the same moment")
        .help("put it behind the `}` of the `parallel`")
}
