//! W09xx: what runs, and probably is not what was meant.

use crate::diag::Diagnostic;
use crate::source::Span;

pub fn unused(span: Span, sort: &str, name: &str) -> Diagnostic {
    Diagnostic::warning("W0901", format!("the {sort} `{name}` is not used"), span)
        .here("never used")
        .help("take it out, or use it")
}

pub fn expects_nothing(span: Span) -> Diagnostic {
    Diagnostic::warning("W0902", "this scenario expects nothing, so it passes whatever happens", span)
        .here("nothing in it is judged")
        .help("say what must hold, such as `expect \"Still up\": app.up always`")
}

pub fn weaker_want(span: Span, expect: Span, word: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0903",
        format!("this `want` is weaker than the `{word}` beside it, so it never warns"),
        span,
    )
    .here("weaker")
    .also(expect, "missed before that")
    .help("swap the two limits, or take the `want` out")
}

/// `better`: with the value of the secret whose name stands there.
pub fn plain_password(span: Span, place: &str, better: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::warning("W0904", format!("a password or a token in plain text in {place}"), span);
    if let Some(better) = better {
        let finding = finding.here("the name of a secret, and not what it holds");
        return finding.help(format!("write `{better}`")).fix(span, better, false);
    }
    finding
        .here("readable by everyone who reads this file")
        .help("declare `secret password from env \"PASSWORD\"` and write `{password}` here")
}

pub fn pool_never_filled(span: Span, name: &str, take: bool) -> Diagnostic {
    let verb = if take { "taken" } else { "drawn" };
    Diagnostic::warning(
        "W0905",
        format!("nothing loads `{name}`, so nothing is ever {verb} from what it captures"),
        span,
    )
    .here("always empty: each iteration is skipped")
    .help(format!("add `load {name} at 10/s`"))
}

pub fn never_in_force(span: Span, target: &str, verb: &str, why: NeverInForce) -> Diagnostic {
    let finding =
        Diagnostic::warning("W0907", format!("`{target} {verb}` is undone at once and never in force"), span);
    match why {
        NeverInForce::NoTime => finding.here("lasts no time").help("give it a duration, or take it out"),
        NeverInForce::BlockEnds { block, suggested } => {
            let finding = finding
                .here("lasts until its block ends, which is right behind it")
                .help(format!("write how long it lasts: `{suggested}`"))
                .fix(span, suggested, false);
            match block {
                Some(block) => finding.also(block, "this block owns it, and undoes it at its end"),
                None => finding,
            }
        }
    }
}

/// Why a state is never in force.
pub enum NeverInForce {
    /// Its duration is none.
    NoTime,
    /// Nothing that takes time follows in its block, of which this is the head; with the statement as it would last.
    BlockEnds { block: Option<Span>, suggested: String },
}

/// `both` is what would do what the two were to do together, where that can be said.
pub fn hidden(
    (span, fault): (Span, &str),
    (by, other): (Span, &str),
    suggested: &str,
    both: Option<String>,
) -> Diagnostic {
    let finding =
        Diagnostic::warning("W0908", format!("`{fault}` is hidden by `{other}` as long as it lasts"), span)
            .here("never in force")
            .also(by, "newer, and of the same property: the newest wins");
    if suggested == fault {
        return finding.help("let one follow the other, or take one of the two out");
    }
    if let Some(both) = both {
        // What stands between them, a comment perhaps, stays.
        return finding
            .help(format!("the newer one replaces it whole; for both, write `{both}`"))
            .fix(span, both, false)
            .fix(by, "", false);
    }
    // Whether what follows has room for it, nobody knows here.
    if let Some(name) = other.strip_suffix(" on") {
        return finding.help(format!("give both a time: `{suggested}; {name} on 3s`"));
    }
    finding.help(format!("give it a time of its own, as in `{suggested}`, or take one of the two out"))
}

pub fn exit_code_of_running(span: Span, name: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0921",
        format!("`{name}` has no exit code while it runs, and nothing ends it here"),
        span,
    )
    .here("without a value")
    .help(format!("put `{name} stop` above it"))
}

pub fn raw_braces(span: Span, name: &str) -> Diagnostic {
    let message = format!("nothing is interpolated in a raw text, so `{{{name}}}` stands there as it is");
    Diagnostic::warning("W0913", message, span)
        .here("a raw text")
        .help("write it in `\"…\"`, where `{ }` holds an expression")
}

pub fn dollar_before_braces(dollar: Span, expression: &str) -> Diagnostic {
    let message = format!("the `$` before `{{{expression}}}` stays in the text");
    Diagnostic::warning("W0913", message, dollar)
        .here("a part of the text")
        .help(format!("write `{{{expression}}}`"))
        .fix(dollar, "", false)
}

/// `$name` in a text, as a shell has it; `place` is both.
pub fn dollar_before_name(place: Span, name: &str) -> Diagnostic {
    Diagnostic::warning("W0913", format!("`${name}` stays in the text as it is"), place)
        .here("nothing is put in here")
        .help(format!("write `{{{name}}}`"))
        .fix(place, format!("{{{name}}}"), false)
}

/// `/items/:name` in a path; `known` where there is a value of that name.
pub fn colon_before_name(place: Span, name: &str, known: bool) -> Diagnostic {
    let finding = Diagnostic::warning("W0913", format!("`:{name}` is sent as it stands"), place)
        .here("nothing is put in here");
    if known {
        return finding.help(format!("write `{{{name}}}`")).fix(place, format!("{{{name}}}"), false);
    }
    finding.help("braces hold what is put in: `{random(1..1000)}`, a column `{people.id}` or what was captured `{item}`")
}

/// `MODE=test ./shop`
pub fn variable_in_command(span: Span, name: &str, value: &str) -> Diagnostic {
    let message = format!("no shell reads this command, so `{name}={value}` is the program that it names");
    Diagnostic::warning("W0915", message, span).here("given to the system as it stands").help(format!(
        "a process has the setting `env {name} \"{value}\"`; of another command, write `env {name}={value} …`"
    ))
}

pub fn shell_in_command(span: Span, operator: &str) -> Diagnostic {
    let more = match operator {
        ">" | ">>" | "2>" | "2>&1" | "&>" => "; what it prints is kept anyway, in the folder of the run",
        "&&" | ";" | "cd" => "; a folder to start in is the setting `dir` of a process",
        variable if variable.starts_with('$') => {
            "; a secret or a parameter of the file stands in braces, `{name}`"
        }
        "&" => "; soak does not wait for a process anyway",
        _ => "",
    };
    Diagnostic::warning(
        "W0915",
        format!("no shell reads this command, so `{operator}` is one of its words"),
        span,
    )
    .here("given to the program as it stands")
    .help(format!("where a shell is wanted, name one: `sh -c '…'`{more}"))
}

pub fn random_rate(clause: Span, rate: Span, written: &str, duration: &str) -> Diagnostic {
    let better = written.replacen("..", " -> ", 1);
    Diagnostic::warning(
        "W0916",
        format!("`{written}` is one rate, drawn at random, for all of {duration}"),
        clause,
    )
    .here("no ramp")
    .help(format!("a ramp is `at {better} for {duration}`"))
    .fix(rate, better, false)
}

pub fn random_users(clause: Span, written: &str, duration: &str) -> Diagnostic {
    let (from, to) = written.split_once("..").unwrap_or((written, written));
    let better = format!("with {from} users -> {to} users");
    Diagnostic::warning(
        "W0916",
        format!("`{written}` is one number of users, drawn at random, for all of {duration}"),
        clause,
    )
    .here("no ramp")
    .help(format!("write `{better}`"))
    .fix(clause, better, false)
}

pub fn difference_of_times(span: Span, written: &str, low: &str, high: &str) -> Diagnostic {
    let better = format!("{low}..{high}");
    Diagnostic::warning("W0917", format!("`{written}` is a difference, not a range"), span)
        .here("one less the other")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// A pause that is a branch of its own, with another one behind it; `whole` is what `better` stands for, where it does.
pub fn pause_beside(pause: Span, next: Span, better: &str, whole: Option<Span>) -> Diagnostic {
    let found = Diagnostic::warning(
        "W0935",
        "this pause delays nothing: each statement of `parallel` is a branch of its own",
        pause,
    )
    .here("begins together with the others")
    .also(next, "does not wait for it")
    .help(format!("what follows one another stands in braces: write `{better}`"));
    match whole {
        Some(whole) => found.fix(whole, better, false),
        None => found,
    }
}

/// The same expectation or load once more; `loads` is which of them.
pub fn twice(second: Span, first: Span, loads: bool) -> Diagnostic {
    let (message, help) = match loads {
        true => (
            "this load runs already, and both together are twice as much",
            "one with twice the rate says so; leave this one out where once is meant",
        ),
        false => ("this is judged here already", "leave it out, or judge what was meant in its stead"),
    };
    Diagnostic::warning("W0933", message, second).here("the second").also(first, "the first").help(help)
}

/// A fault whose strength is nothing.
pub fn does_nothing(span: Span, written: &str) -> Diagnostic {
    Diagnostic::warning("W0937", format!("`{written}` changes nothing: its strength is zero"), span)
        .here("no fault at all")
        .help("say how strong it is, as in `latency 100ms` or `loss 5%`; a healthy link is `on`")
}

/// A load of no rate or no users.
pub fn begins_nothing(span: Span, place: Span, name: &str) -> Diagnostic {
    Diagnostic::warning("W0927", format!("this load of `{name}` begins nothing"), place)
        .here("none")
        .also(span, "begins no iteration")
        .help("say how much, as in `at 50/s` or `with 20 users`; what grows from nothing is `0/s -> 50/s`")
}

/// `most` is what so many users do in a second at most, `rate` what is asked of them.
pub fn held_up(span: Span, users: Span, name: &str, most: f64, rate: f64) -> Diagnostic {
    let (most, rate) = (crate::lang::unit::number(most), crate::lang::unit::number(rate));
    Diagnostic::warning(
        "W0936",
        format!(
            "so many users begin {most}/s of `{name}` at most, and {rate}/s are due: the rest is dropped"
        ),
        users,
    )
    .here("each is busy as long as it thinks")
    .also(span, format!("asks for {rate}/s"))
    .help("allow more users, or take the `think` out: an open load has its pauses from its rate")
}

/// Two metrics that read the same.
pub fn metric_twice(second: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::warning("W0933", format!("this reads the same as `{name}`"), second)
        .here("the second")
        .also(first, "the first")
        .help(format!("use `{name}` for both, or read what was meant here"))
}

/// `what` are phases or expectations.
pub fn named_twice(second: Span, first: Span, what: &str, name: &str) -> Diagnostic {
    let help = match what {
        "phases" => format!("give each a name of its own: `in \"{name}\"` and `--only` mean them by it"),
        _ => "give each a name of its own, by which the report tells them apart".to_string(),
    };
    Diagnostic::warning("W0933", format!("two {what} are called \"{name}\""), second)
        .here("the second")
        .also(first, "the first")
        .help(help)
}

/// A permit that nothing needs.
pub fn unused_permit(span: Span, what: &str) -> Diagnostic {
    Diagnostic::warning("W0901", format!("nothing in this scenario needs the permit for `{what}`"), span)
        .here("permits what is not done")
        .help("take it out: a permit is for what a reader is to agree to")
}

/// A command of Redis that belongs to one connection.
pub fn needs_its_own(span: Span, command: &str, redis: &str, declared: Span) -> Diagnostic {
    Diagnostic::warning(
        "W0940",
        format!("`{command}` is for one connection, and `{redis}` shares its connections among all users"),
        span,
    )
    .here("mixed with what others ask")
    .also(declared, "without `own`")
    .help(format!("add the setting `own` to `{redis}`"))
}

/// Two processes that are ready when the first is.
pub fn probed_twice(second: Span, first: Span, name: &str) -> Diagnostic {
    Diagnostic::warning("W0933", format!("`{name}` is taken for ready when another process is"), second)
        .here("the same probe")
        .also(first, "tells of this one already")
        .help(format!("ask where `{name}` itself answers"))
}
