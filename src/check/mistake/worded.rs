//! E0417 and the like: texts that whoever is told them reads in another way.

use crate::diag::Diagnostic;
use crate::source::Span;

pub fn no_method(span: Span, better: Option<String>) -> Diagnostic {
    let finding = Diagnostic::error("E0417", "a method of gRPC is named as `package.Service/Method`", span)
        .here("no `/` before the method");
    match better {
        Some(better) => finding.help(format!("write `{better}`")).fix(span, better, false),
        None => finding.help("as in `\"hello.Greeter/Say\"`"),
    }
}

pub fn wildcard_in_topic(span: Span, wildcard: &str, better: &str) -> Diagnostic {
    Diagnostic::error(
        "E0417",
        format!("what is published goes to one place, and `{wildcard}` stands for many"),
        span,
    )
    .here("only who subscribes can have wildcards")
    .help(format!("name the one that is meant, as in `{better}`"))
}

/// `separator` is that of the broker that is asked.
pub fn other_wildcards(span: Span, separator: char, better: &str) -> Diagnostic {
    let message = match separator {
        '.' => "a subject of NATS has `.` between its parts, `*` for one and `>` for all that follow",
        _ => "a topic of MQTT has `/` between its parts, `+` for one and `#` for all that follow",
    };
    Diagnostic::error("E0417", message, span)
        .here("no wildcard in this notation")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn rest_not_last(span: Span, rest: &str, one: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0417", format!("`{rest}` stands for all that follows, and so only at the end"), span)
        .here("something follows it")
        .help(format!("`{one}` stands for one part: write `{better}`"))
        .fix(span, better, false)
}

pub fn empty_part(span: Span) -> Diagnostic {
    Diagnostic::error("E0417", "a part of this subject is empty", span)
        .here("a `.` too many")
        .help("the parts of a subject stand between single dots, as in `\"orders.new\"`")
}

pub fn path_again(span: Span, disk: &str, own: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0417", format!("a path of `{disk}` lies below its folder, which is `{own}`"), span)
        .here("the folder stands in it again")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// A query of a metric that does more than read.
pub fn query_that_changes(span: Span, word: &str, text: &str) -> Diagnostic {
    Diagnostic::error(
        "E0417",
        format!("a metric is read again and again, and `{word}` changes what it reads"),
        span,
    )
    .here("done with each sample")
    .help(format!("what is done once stands in the story, as in `db execute {text}`; a metric reads, as in `sql(db, \"select count(*) from jobs\")`"))
}

pub fn path_of_shell(span: Span, first: &str) -> Diagnostic {
    Diagnostic::error("E0417", format!("a path is taken as it is written, and `{first}` is the shell's"), span)
        .here("a folder of that name")
        .help("write it in full, as in `/home/app/data`, or give it where it is run: `param data = \"/home/app/data\"`, and `\"{data}\"` here")
}

pub fn path_outside(span: Span, disk: &str) -> Diagnostic {
    Diagnostic::error(
        "E0417",
        format!("a path of `{disk}` lies below its folder, and never outside it"),
        span,
    )
    .here("leads out of it")
    .help("write it from the folder of the disk on, without `/` at its front and without `..`")
}

pub fn command_in_one(span: Span, target: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0417", "each word of a command of Redis is a text of its own", span)
        .here("taken for the name of one command")
        .help(format!("write `{target} send {better}`"))
        .fix(span, better, false)
}

pub fn unknown_status(span: Span, name: &str, meant: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0417", format!("gRPC has no status `{name}`"), span).here("never given");
    match meant {
        Some(meant) => finding.help(format!("write `\"{meant}\"`")).fix(span, format!("\"{meant}\""), false),
        None => finding.help("they are named as \"OK\", \"NOT_FOUND\" and \"UNAVAILABLE\""),
    }
}

/// `json '{"item": 3}'`
pub fn json_in_text(span: Span, text: &str) -> Diagnostic {
    Diagnostic::warning("W0931", "this is sent as one text, in quotes, and not as the JSON in it", span)
        .here("a text")
        .help(format!("write `{text}`, as JSON is written without quotes around it"))
        .fix(span, text, false)
}

pub fn partial_wildcard(span: Span, part: &str, better: &str) -> Diagnostic {
    Diagnostic::error(
        "E0417",
        format!("a wildcard is a whole part of a topic, and `{part}` is more than that"),
        span,
    )
    .here("the parts stand between `/`")
    .help(format!("as in `{better}`"))
}

pub fn many_for_one(span: Span, whole: Span, path: &str, better: &str) -> Diagnostic {
    Diagnostic::warning("W0929", format!("`json` takes one value, and `{path}` may find many"), span)
        .here("without a value unless it finds just one")
        .help(format!("to count them, write `{better}`; for one of them, name it, as in `[0]`"))
        .fix(whole, better, false)
}

/// A loop of acts that take no time.
pub fn all_at_once(span: Span, count: &str, suggested: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0930",
        format!("nothing lies between the passes: {count} of them are done at once"),
        span,
    )
    .here("takes no time, and the next pass begins")
    .help(format!("put a pause behind it: write `{suggested}`"))
    .fix(span, suggested, false)
}

pub fn no_gap(span: Span, count: &str, suggested: &str) -> Diagnostic {
    Diagnostic::warning(
        "W0930",
        format!("nothing lies between the passes: {count} of them are one that lasts longer"),
        span,
    )
    .here("begins again as it ends")
    .help(format!("put a time without it behind it: write `{suggested}`"))
    .fix(span, suggested, false)
}
