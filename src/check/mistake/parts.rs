//! E02xx: parts of what has a name, and what an answer brings.

use super::names::unknown_beside;
use super::propose;
use crate::diag::Diagnostic;
use crate::source::Span;

/// `browse.status`: what each answer has for itself.
pub fn part_of_each_answer(span: Span, owner: &str, part: &str) -> Diagnostic {
    Diagnostic::error("E0205", format!("{owner} has no `{part}`: each answer has its own"), span)
        .here("of which answer?")
        .help("look at each in braces behind its request, `{ check status == 200 }`; how many failed it is `failed`, and the share `errors`")
}

/// A name that another action captures.
pub fn captured_by(span: Span, name: &str, action: &str, made: Span) -> Diagnostic {
    let better = format!("recent({action}.{name})");
    Diagnostic::error("E0201", format!("`{name}` is captured by another action, and known only there"), span)
        .here("not known in this action")
        .also(made, "captures it")
        .help(format!("one of those that were captured lately is `{better}`; what belongs to one user stands in one action"))
        .fix(span, better, false)
}

/// A name behind a request, whose answer brings these.
pub fn unknown_in_answer(span: Span, name: &str, answer: &[&str]) -> Diagnostic {
    unknown_beside(span, name, "name", None, answer)
}

pub fn no_part(span: Span, owner: &str, part: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0205", format!("{owner} has no `{part}`"), span)
        .here("nothing of this name can be read of it");
    propose(finding, span, meant, all)
}

pub fn verb_as_reading(span: Span, name: &str, verb: &str) -> Diagnostic {
    Diagnostic::error("E0205", format!("`{verb}` is something that `{name}` is told, not read of it"), span)
        .here("a verb")
        .help(format!("a statement tells it: `{name} {verb}`"))
}

pub fn has_no_parts(span: Span, what: &str, part: &str) -> Diagnostic {
    Diagnostic::error("E0205", format!("{what} has no parts, so no `{part}` either"), span)
        .here("nothing stands behind the dot")
}

/// `api.latency`: what is measured of those who ask.
pub fn of_the_action(span: Span, whole: Span, name: &str, field: &str, better: &str) -> Diagnostic {
    Diagnostic::error(
        "E0205",
        format!("`{name}` has no `{field}`: what answers take is measured of the action that asks"),
        span,
    )
    .here("nothing of this name can be read of it")
    .help(format!("did you mean `{better}`?"))
    .fix(whole, better, false)
}

/// `shop.rss.max`: a function in the place of a part; `of` is what it is of.
pub fn function_behind(span: Span, what: &str, function: &str, of: &str) -> Diagnostic {
    let better = format!("{function}({of})");
    Diagnostic::error("E0205", format!("{what} has no parts, so no `{function}` either"), span)
        .here("a function stands before what it is of")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// `res.status`: `better` is what the answer brings, at its place.
pub fn answer_meant(name: Span, written: &str, whole: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no name `{written}`: an answer is looked at as it is"), name)
        .here("no name for the answer")
        .help(format!("its parts stand by themselves: write `{better}` without `{written}.` before it"))
        .fix(whole, better, false)
}

/// `headers.Content-Type`
pub fn header_with_dash(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0205", "the headers of an answer go by small letters, with `_` for `-`", span)
        .here("read as a difference")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// `headers.Content_Type`
pub fn header_in_capitals(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0205", "the headers of an answer go by small letters", span)
        .here("no header has capitals here")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}
