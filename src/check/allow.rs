//! `# soak: allow(W0901)`: a warning that somebody has looked at and means to keep.
//!
//! At the end of a line the comment allows what lies in the statement that ends there; where none ends, as behind the
//! opening mark of a block, what begins on that line. Alone on a line it allows what lies in the next statement of its block, all that stands in that statement's own
//! block included; within a statement of several lines, what lies in that one. Only warnings can be allowed.

use super::mistake;
use super::names::nearest;
use super::units::Units;
use crate::diag::{Diagnostic, Severity, codes};
use crate::source::{SourceFile, Sources, Span};
use crate::syntax::ast::{Comment, File};

/// The findings about such comments, which they cannot allow themselves.
const OWN_CODES: &[&str] = &["W0910", "W0911", "W0912"];

/// One code of a comment.
struct Allowance<'a> {
    /// As it is written.
    code: &'a str,
    place: Span,
    /// The comment that it stands in, and how many codes that one has.
    comment: Span,
    among: usize,
    /// What it speaks of: places that begin in it.
    over: Option<Span>,
    used: bool,
}

/// Takes out the warnings that comments allow, and tells of comments that allow nothing. Where the scenario is not
/// `clean` some lints were not asked, so what allows nothing may still be needed.
pub(super) fn apply(sources: &Sources, files: &[(usize, File)], found: &mut Vec<Diagnostic>, clean: bool) {
    let mut allowances = Vec::new();
    let mut told = Vec::new();
    for (index, file) in files {
        let source = &sources.files()[*index];
        let speaking: Vec<(&Comment, &str)> = file
            .comments
            .iter()
            .filter_map(|comment| Some((comment, instruction(sources.text(comment.span))?)))
            .collect();
        if speaking.is_empty() {
            continue;
        }
        let units = Units::new(file, source.span());
        for (comment, instruction) in speaking {
            read(source, comment, instruction, &units, &mut allowances, &mut told);
        }
    }
    allowances.sort_by_key(|allowance| allowance.over.map(|over| (over.start, std::cmp::Reverse(over.end))));
    forgive(&mut allowances, found);
    found.append(&mut told);
    if clean {
        found.extend(allowances.iter().filter(|allowance| !allowance.used).map(|allowance| {
            let removed = removal(sources, allowance);
            mistake::allow::unused(allowance.place, &allowance.code.to_uppercase(), removed)
        }));
    }
}

/// Takes out what is allowed. The findings, like what comments speak of, are gone through in the order of their places;
/// of several comments the innermost is the one that allows.
fn forgive(allowances: &mut [Allowance], found: &mut Vec<Diagnostic>) {
    let mut next = 0;
    // Those that have begun; inner ones behind outer ones.
    let mut open: Vec<usize> = Vec::new();
    found.retain(|finding| {
        let at = finding.span().start;
        while let Some(over) = allowances.get(next).map(|allowance| allowance.over) {
            if over.is_some_and(|over| over.start > at) {
                break;
            }
            let again = |other: &usize| {
                allowances[*other].over == over
                    && allowances[*other].code.eq_ignore_ascii_case(allowances[next].code)
            };
            if over.is_some() && !open.iter().any(again) {
                open.push(next);
            }
            next += 1;
        }
        while open.last().is_some_and(|last| allowances[*last].over.is_some_and(|over| over.end < at)) {
            open.pop();
        }
        let fits = |index: &&usize| {
            let allowance = &allowances[**index];
            allowance.code.eq_ignore_ascii_case(finding.code)
                && allowance.over.is_some_and(|over| over.contains(Span::at(at)))
        };
        let allowed = open.iter().rev().find(fits).filter(|_| finding.severity == Severity::Warning);
        if let Some(index) = allowed {
            allowances[*index].used = true;
        }
        allowed.is_none()
    });
}

/// What a comment says to soak, where it does: behind `soak:`. A sentence that only begins like that is none.
fn instruction(comment: &str) -> Option<&str> {
    let text = comment.strip_prefix('#')?.trim_start().strip_prefix("soak:")?;
    let speaks = text.trim_start().starts_with("allow")
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| {
            word.len() == 5 && word.starts_with(['E', 'W']) && word[1..].bytes().all(|b| b.is_ascii_digit())
        });
    speaks.then_some(text)
}

fn read<'a>(
    source: &SourceFile,
    comment: &Comment,
    instruction: &'a str,
    units: &Units,
    allowances: &mut Vec<Allowance<'a>>,
    told: &mut Vec<Diagnostic>,
) {
    let list = instruction.trim_start().strip_prefix("allow").map(str::trim_start);
    let list = list.and_then(|rest| rest.strip_prefix('(')?.split_once(')'));
    let Some((list, _)) = list.filter(|(list, _)| !list.trim().is_empty()) else {
        told.push(mistake::allow::not_understood(comment.span));
        return;
    };
    let over = reach(source, comment, units);
    // The list is a part of the file's text, so its place in it is known.
    let start = source.base() + (list.as_ptr() as usize - source.text().as_ptr() as usize) as u32;
    let among = list.split(',').count();
    let mut offset = 0;
    for part in list.split(',') {
        let code = part.trim();
        let at = start + offset + (part.len() - part.trim_start().len()) as u32;
        let place = Span::new(at, at + code.len() as u32);
        offset += part.len() as u32 + 1;
        match codes::find(code) {
            None => {
                let warnings = codes::codes().map(|code| code.code).filter(|code| code.starts_with('W'));
                told.push(mistake::allow::unknown_code(place, code, nearest(code, warnings)));
            }
            Some(known) if OWN_CODES.contains(&known.code) => {
                let why = "it is about comments like this one";
                told.push(mistake::allow::no_warning(place, known.code, why));
            }
            Some(known) if known.code.starts_with('W') => {
                let (comment, used) = (comment.span, false);
                allowances.push(Allowance { code, place, comment, among, over, used });
            }
            Some(known) => {
                let why = if known.code.starts_with('E') {
                    "it is an error, and with an error nothing can run"
                } else {
                    "it is told by a run, not by the checker"
                };
                told.push(mistake::allow::no_warning(place, known.code, why));
            }
        }
    }
}

/// What a comment speaks of.
fn reach(source: &SourceFile, comment: &Comment, units: &Units) -> Option<Span> {
    let place = comment.span;
    if comment.own_line {
        return units.after(place);
    }
    let before = &source.text()[..(place.start - source.base()) as usize];
    let ended = before.trim_end_matches(|c: char| c.is_whitespace() || c == ';').len();
    let line = before.rfind('\n').map_or(0, |at| at + 1);
    let statement = if ended > line { units.ending_at(source.base() + ended as u32) } else { None };
    Some(statement.unwrap_or_else(|| Span::new(source.base() + line as u32, place.end)))
}

/// What is taken out with a code that allows nothing: the code with its comma, or the whole comment with the space, or
/// the line, that it alone stands on.
fn removal(sources: &Sources, allowance: &Allowance) -> Span {
    let file = sources.file_of(allowance.comment);
    let text = file.text();
    let local = |at: u32| (at - file.base()) as usize;
    let (head, tail) = (&text[..local(allowance.place.start)], &text[local(allowance.place.end)..]);
    if allowance.among > 1 {
        let back = head.len() - head.trim_end().len();
        if head.trim_end().ends_with(',') {
            let start = allowance.place.start - back as u32 - 1;
            return Span::new(start, allowance.place.end);
        }
        let comma = tail.find(',').map_or(0, |at| at + 1);
        let space = tail[comma..].len() - tail[comma..].trim_start_matches(' ').len();
        return Span::new(allowance.place.start, allowance.place.end + (comma + space) as u32);
    }
    let (start, end) = (local(allowance.comment.start), local(allowance.comment.end));
    let blank = text[..start].len() - text[..start].trim_end_matches([' ', '\t']).len();
    let start = start - blank;
    let alone = start == 0 || text[..start].ends_with('\n');
    let ending = if alone { text[end..].find('\n').map_or(text.len() - end, |at| at + 1) } else { 0 };
    Span::new(file.base() + start as u32, file.base() + (end + ending) as u32)
}
