//! E02xx: where declarations and statements may stand.

use crate::diag::Diagnostic;
use crate::source::Span;

/// The code of an include that cannot be read.
pub const UNREADABLE_INCLUDE: &str = "E0211";

pub fn include_unreadable(span: Span, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error(UNREADABLE_INCLUDE, format!("`{path}` cannot be read: {why}"), span)
        .here("included here")
        .help("a relative path starts at the folder of the file that includes")
}

/// `include "people.csv"`
pub fn include_of_data(span: Span, path: &str, ending: &str) -> Diagnostic {
    let finding = Diagnostic::error(
        UNREADABLE_INCLUDE,
        format!("`{path}` is no scenario, and only those are included"),
        span,
    )
    .here("not in this language");
    let name = path.rsplit('/').next().and_then(|file| file.split('.').next()).unwrap_or("rows");
    let name = if name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') { name } else { "rows" };
    match ending {
        "csv" | "json" | "jsonl" | "ndjson" => {
            finding.help(format!("its rows are read by `dataset {name} {{ file \"{path}\" }}`"))
        }
        "sh" | "py" | "js" => finding.help("a program is run: `run \"…\"` in the story, or by a `process`"),
        _ => finding.help("write what is wanted of it as declarations in a `.soak` file, and include that"),
    }
}

pub fn include_circle(span: Span, path: &str) -> Diagnostic {
    Diagnostic::error("E0211", format!("`{path}` includes itself"), span)
        .here("this closes a circle of includes")
}

pub fn include_is_interpolated(span: Span) -> Diagnostic {
    Diagnostic::error("E0211", "the path of an include is written out", span)
        .here("nothing is interpolated here")
}

pub fn too_many_includes(span: Span, most: usize) -> Diagnostic {
    Diagnostic::error("E0211", format!("a scenario includes {most} files at most"), span).here("one too many")
}

pub fn story_in_include(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "an included file only declares", span)
        .here("this belongs to a story")
        .help("put it into a `sequence` and call that with `do`")
}

pub fn scenario_in_include(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "an included file is no scenario of its own", span)
        .here("the title stands in the file that includes")
}

pub fn second_scenario(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0212", "a file holds one scenario", span)
        .here("the second")
        .also(first, "the first stands here")
}

pub fn scenario_not_first(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "`scenario` is the first statement of its file", span)
        .help("move this line to the top of the file, above everything but comments")
        .here("something stands before it")
}

pub fn title_interpolates(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "the title of a scenario is written out", span)
        .here("nothing is interpolated here")
}

pub fn declared_in_block(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "declarations stand at the top of the file, not in a block", span)
        .here("declared inside a block")
        .help("move it out of the block, above the story")
}

pub fn only_at_top(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "`setup` and `cleanup` stand at the top of the file, not in a block", span)
        .here("inside a block")
        .help("put it at the top of the file, outside of all braces")
}

/// `think 10s` in the story.
pub fn think_in_story(span: Span, pause: &str) -> Diagnostic {
    let better = format!("wait {pause}");
    Diagnostic::error("E0212", "the users of an action think, and the story waits", span)
        .here("not a statement of the story")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn only_in_action(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "this stands in an action", span)
        .here("not a statement of the story")
        .help("answers are looked at in braces behind a request, as in `api get \"/\" { check status == 200 }`; what must hold of the run is `expect`")
}

/// `pause` is the duration of a `wait`, as it is written.
pub fn not_in_action(span: Span, pause: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0212", "an action holds requests, `check`, `capture` and `think`", span)
            .here("this belongs to the story");
    match pause {
        Some(pause) => {
            finding.help(format!("write `think {pause}`")).fix(span, format!("think {pause}"), false)
        }
        None => finding.help("put it into the story, beside the `load` that runs this action"),
    }
}

/// `action get { api get "/"; expect status == 200 }`
pub fn expect_in_action(span: Span, condition: &str) -> Diagnostic {
    Diagnostic::error("E0212", "an action holds requests, `check`, `capture` and `think`", span)
        .here("this belongs to the story")
        .help(format!("an answer is looked at in braces behind its request: `{{ check {condition} }}`"))
}

/// `written` is the statement that stands there.
pub fn only_checks_here(span: Span, written: &str) -> Diagnostic {
    let finding = Diagnostic::error("E0212", "the braces behind a request hold `check` and `capture`", span)
        .here("neither of them");
    let (word, rest) = written.split_once(' ').unwrap_or((written, ""));
    let better = match word {
        "expect" | "require" | "want" => {
            format!("check {}", rest.split_once("\": ").map_or(rest, |(_, rest)| rest))
        }
        "let" | "param" | "metric" => format!("capture {rest}"),
        "retry" | "retries" => {
            return finding.help("a request is sent once, so that every failure is counted; `expect … within 30s` waits until it works");
        }
        _ => return finding.help("as in `check status == 200` and `capture id = body.id`"),
    };
    finding.help(format!("write `{better}`")).fix(span, better, false)
}

pub fn capture_in_story(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0212",
        "`capture` stands in an action, whose captures are measured and drawn from",
        span,
    )
    .here("not in the story")
    .help("put the request into an `action` and run it with `load … 1 times`")
}

/// What stands in a conversation and is none of its words.
pub enum Stray<'s> {
    /// So long is waited.
    Pause(&'s str),
    /// A message is awaited, in other words.
    Awaits(&'s str),
    /// A message is looked at as it comes, in other words.
    Handles,
    Else,
}

pub fn not_in_conversation(span: Span, stray: Stray<'_>) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0212",
        "a conversation is made of `send`, `receive`, `hold`, `check` and `capture`",
        span,
    )
    .here("none of them");
    let better = match stray {
        Stray::Pause(pause) => format!("hold {pause}"),
        Stray::Awaits("") => "receive".to_string(),
        Stray::Awaits(message) => format!("receive {message}"),
        Stray::Handles => {
            return finding.help(
                "the next message is waited for by `receive`, and `check` and `capture` behind it look at it",
            );
        }
        Stray::Else => return finding,
    };
    finding.help(format!("write `{better}`")).fix(span, better, false)
}
