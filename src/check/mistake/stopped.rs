//! Processes that are not there when they are expected, and what is done in vain because the time for it is missing.

use crate::diag::Diagnostic;
use crate::lang::unit::format_duration as shown;
use crate::source::Span;
use std::time::Duration;

/// Why a process does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    Stopped,
    Killed,
}

/// The blocks around the time in which soak's processes run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    Setup,
    Cleanup,
}

pub fn not_running(asked: Span, name: &str, declared: Span, place: Outside) -> Diagnostic {
    let (message, help) = match place {
        Outside::Setup => (
            format!("`{name}` does not run yet when this is done: `setup` comes before the processes start"),
            "put it at the beginning of the story, in a phase of its own",
        ),
        Outside::Cleanup => (
            format!(
                "`{name}` does not run any more when this is done: `cleanup` comes when the processes have stopped"
            ),
            "put it at the end of the story, outside of `cleanup`",
        ),
    };
    Diagnostic::warning("W0938", message, asked)
        .here("nobody answers")
        .also(declared, "soak starts it, and stops it")
        .help(help)
}

/// `written`: the fault and what is judged.
pub fn gone_when_back(condition: Span, fault: Span, (fault_text, judged): (&str, &str)) -> Diagnostic {
    Diagnostic::warning("W0939", "this is judged when the fault is over", condition)
        .here("looked for too late")
        .also(fault, "takes its time, and is undone at its end")
        .help(format!("let both go on at once: `parallel {{ {fault_text}; {judged} }}`"))
}

pub fn back_before_gone(condition: Span, name: &str, end: Span, written: &str) -> Diagnostic {
    Diagnostic::warning("W0939", format!("`{name}` runs already when this is judged"), condition)
        .here("holds at once")
        .also(end, "ended only here")
        .help(format!("put `{written}` below that"))
}

pub fn never_started(later: Span, name: &str) -> Diagnostic {
    Diagnostic::warning("W0923", format!("nothing starts `{name}`, which is left to be started later"), later)
        .here("it waits for the story to start it")
        .help(format!("put `{name} start` into the story, or take `start later` out"))
}

/// `name` and the statement that ended it; `expected` is what looks for it; whether it has a policy for crashes.
pub fn not_started_again(
    ended: Span,
    (name, written): (&str, &str),
    expected: Span,
    (why, comes_back): (Why, bool),
) -> Diagnostic {
    let finding = Diagnostic::warning(
        "W0923",
        format!("nothing starts `{name}` again before it is expected to run"),
        ended,
    )
    .here(match (why, comes_back) {
        (Why::Stopped, true) => "`restart after` brings back what crashes, not what is told to stop",
        _ => "it stays down from here on",
    })
    .also(expected, "expected to run here");
    let better = format!("{written} 10s");
    let finding = finding.fix(ended, better.clone(), false);
    match why {
        Why::Stopped => finding.help(format!(
            "write `{better}`, which starts it again after that time, or put `{name} start` above what is expected"
        )),
        Why::Killed => finding.help(format!(
            "write `{better}`, which starts it again after that time, or declare it with `restart after 2s`"
        )),
    }
}

/// `left` is how long is waited for it, `delay` how long it stays away.
pub fn not_back_yet(expected: Span, name: &str, delay: Duration, left: Duration, killed: Span) -> Diagnostic {
    let what = match left.is_zero() {
        true => "this is judged at once".to_string(),
        false => format!("this is waited for {}", shown(left)),
    };
    let finding = Diagnostic::warning(
        "W0934",
        format!("{what}, and `{name}` is started again after {} at the earliest", shown(delay)),
        expected,
    );
    let enough = delay.saturating_mul(2).max(Duration::from_secs(30));
    finding
        .here("not back by then")
        .also(killed, "killed here")
        .help(format!("give it more time, as in `within {}`", shown(enough)))
}

pub fn restart_is_counted(expected: Span, kill: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0932",
        format!("this never holds: `{name}` is killed here, and what `restart after` brings back is counted"),
        expected,
    )
    .here("restarts of the story's own are among them")
    .also(kill, "killed here")
    .help(format!("allow for as many as there are kills, or write `{name} kill 2s`, which starts it again and counts none"))
}

pub fn runs_already(start: Span, name: &str) -> Diagnostic {
    Diagnostic::warning("W0924", format!("`{name}` runs already, so this does nothing"), start)
        .here("soak has started it before the story")
        .help(format!("take it out, put `{name} stop` above it, or declare it with `start later`"))
}

/// `names` are those of who asks and whom.
pub fn not_joined(place: Span, (from, to): (&str, &str)) -> Diagnostic {
    Diagnostic::warning(
        "W0925",
        format!("no links lead from `{from}` to `{to}`, so nothing gets from one to the other"),
        place,
    )
    .here(format!("an address of `{to}`, asked from `{from}`"))
    .help(format!("declare one: `link path {{ between {from}, {to} }}`"))
}

pub fn skips_passes(period: Span, every: Duration, pass: Duration) -> Diagnostic {
    let (every, pass_time) = (shown(every), shown(pass));
    Diagnostic::warning(
        "W0926",
        format!("a pass takes {pass_time} at least, so it is not done every {every}: what is due meanwhile is skipped"),
        period,
    )
    .here("shorter than what is done in it")
    .help(format!("write a period of more than {pass_time}, or do less in a pass"))
}

/// A load whose iterations take longer than it lasts; `read` is what is judged of them.
pub fn never_ends(load: Span, name: &str, least: Duration, lasts: Duration, read: Span) -> Diagnostic {
    let (least, lasts) = (shown(least), shown(lasts));
    Diagnostic::warning(
        "W0936",
        format!("no iteration of `{name}` can end: it takes {least} at least, and its load lasts {lasts}"),
        load,
    )
    .here("what is in flight at its end is cut off")
    .also(read, "has a value only where one has ended")
    .help("let the load last longer, or let the action think and hold for less")
}

/// A pass of a loop that goes on for a time.
pub fn cut_pass(length: Span, lasts: Duration, pass: Duration) -> Diagnostic {
    let (lasts, pass) = (shown(lasts), shown(pass));
    Diagnostic::warning(
        "W0926",
        format!("a pass takes {pass} at least, so the first one is cut off after {lasts}"),
        length,
    )
    .here("shorter than what is done in it")
    .help(format!("write more than {pass}, or do less in a pass"))
}

/// `loads`: how many of them stand in the block.
pub fn ends_at_once(load: Span, name: &str, loads: usize) -> Diagnostic {
    let finding = Diagnostic::warning(
        "W0927",
        format!("this load of `{name}` ends as it begins: nothing behind it in its block takes time"),
        load,
    )
    .here("lasts to the end of its block, which is at once");
    if loads > 1 {
        return finding.help("give the block around it a duration, as in `phase \"Steady\" 5m { … }`; the loads run beside each other in it");
    }
    finding.help("give it a time, such as `for 1m` behind it, or give the block around it a duration").fix(
        Span::at(load.end),
        " for 1m",
        false,
    )
}

pub fn endless(condition: Span) -> Diagnostic {
    Diagnostic::warning(
        "W0928",
        "nothing limits this wait: where it never comes true, the run never ends",
        condition,
    )
    .here("may take for ever")
    .help("say how long at most: `max 5m` behind the condition")
    .fix(Span::at(condition.end), " max 5m", false)
}

/// A limit of restarts where there are none.
pub fn never_restarts(span: Span, name: &str, process: Span) -> Diagnostic {
    Diagnostic::warning(
        "W0932",
        format!("this is decided before the run: nothing restarts `{name}`, whatever it does"),
        span,
    )
    .here("always 0")
    .also(process, "has no `restart after`")
    .help(format!(
        "expect `{name}.up always`, or add `restart after 2s` to it and count what that brings back"
    ))
}

/// A curve that spans more time than its load lasts.
pub fn curve_cut(span: Span, period: Duration, lasts: Duration) -> Diagnostic {
    let (period, lasts) = (shown(period), shown(lasts));
    Diagnostic::warning("W0926", format!("of this curve's {period} only the first {lasts} are played"), span)
        .here("longer than its load")
        .help(format!(
            "write `every {lasts}`, which plays all of it in that time, or let the load last longer"
        ))
        .fix(span, lasts, false)
}

/// `told` keeps it down for `length`, and `tolerated` is less.
pub fn kept_down(
    expected: Span,
    (name, told): (&str, &str),
    end: Span,
    length: Duration,
    tolerated: Duration,
) -> Diagnostic {
    let finding = Diagnostic::warning(
        "W0932",
        format!("this never holds: `{told}` keeps `{name}` down for {}", shown(length)),
        expected,
    )
    .here(match tolerated.is_zero() {
        true => "tolerates nothing".to_string(),
        false => format!("tolerates {}", shown(tolerated)),
    })
    .also(end, "down from here on");
    let enough = shown(length.saturating_mul(2));
    finding.help(format!("tolerate what the story does, as in `always tolerate {enough}`, or judge that it comes back: `{name}.ready within 30s` below it"))
}

/// `off`: what lets nothing through to the end of the block.
pub fn back_while_gone(condition: Span, off: Span, written: &str) -> Diagnostic {
    Diagnostic::warning("W0939", "this is waited for while nothing gets through", condition)
        .here("the fault lasts to the end of the block")
        .also(off, "without a duration")
        .help(format!("write how long it lasts, as in `{written} 30s`, or judge it behind the block"))
}

/// A load that is a branch of a `parallel`, none of whose branches takes time.
pub fn branch_ends_at_once(load: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0927",
        format!("this load of `{name}` ends as it begins: no branch of this `parallel` takes time"),
        load,
    )
    .here("a branch, over at once")
    .help("give each load a time, as in `for 1m` behind it, or take `parallel` away: in a phase of 1m loads run beside each other anyway")
    .fix(Span::at(load.end), " for 1m", false)
}
