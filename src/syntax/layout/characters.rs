//! What is no mark of the language: comments, texts, and characters that have no place in a scenario.

use super::scan::Scanner;
use super::text::{TextEnd, end_of};
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::Comment;

impl Scanner<'_> {
    pub(super) fn comment(&mut self, at: usize) {
        let rest = &self.bytes[at..];
        let end = at + rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
        let end = at + self.text[at..end].trim_end().len();
        self.blank(at, end);
        let own_line = !self.line_has_text;
        self.comments.push(Comment { span: self.span(at, end), own_line });
        let control = |byte: &u8| (*byte < 32 && *byte != b'\t') || *byte == 127;
        if let Some(first) = self.bytes[at..end].iter().position(control) {
            self.report_control(at + first, at + first + 1);
        }
        self.report_turned(at, end);
        self.at = end;
    }

    /// `/* … */` over several lines, which is told once.
    pub(super) fn foreign_comment(&mut self, at: usize) -> bool {
        let inside = self.text[at..].strip_prefix("/*").and_then(|rest| rest.split_once("*/"));
        let Some((inside, _)) = inside.filter(|(inside, _)| inside.contains('\n')) else { return false };
        let end = at + inside.len() + "/**/".len();
        let lines = inside.trim().lines().map(|line| format!("# {}", line.trim()));
        let better = lines.collect::<Vec<_>>().join("\n");
        let found = Diagnostic::error("E0101", "a comment begins with `#`", self.span(at, at + 2));
        let found = found.here("no comment").help("write `#` at the front of each of its lines");
        self.report(found.fix(self.span(at, end), better, false));
        self.blank(at, end);
        self.at = end;
        true
    }

    pub(super) fn control_characters(&mut self, at: usize) {
        let control = |byte: &&u8| (**byte < 32 && !matches!(**byte, b'\t' | b'\n')) || **byte == 127;
        let end = at + self.bytes[at..].iter().take_while(control).count();
        self.at = end;
        self.touch(at, end);
        self.blank(at, end);
        self.break_statement();
        self.report_control(at, end);
    }

    pub(super) fn report_control(&mut self, at: usize, end: usize) {
        let message = format!("the file has a control character (U+{:04X})", self.bytes[at]);
        let place = self.span(at, end);
        let found = Diagnostic::error("E0117", message, place).here("not a text file, or damaged");
        self.report(found.help("remove it; in a text, write `\\n` or `\\t`").fix(place, "", false));
    }

    /// Whether the direction of writing is turned in a comment or a text, so that a reader sees another order of the
    /// characters than soak does (CVE-2021-42574); reported, at the first of them.
    fn report_turned(&mut self, at: usize, end: usize) -> bool {
        let written = &self.text[at..end];
        if written.is_ascii() {
            return false;
        }
        let turns = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let Some((first, mark)) = written.char_indices().find(|(_, c)| turns(*c)) else { return false };
        let message =
            format!("an invisible character (U+{:04X}) turns the direction of writing", mark as u32);
        let place = self.span(at + first, at + first + mark.len_utf8());
        let found = Diagnostic::error("E0134", message, place).here("what follows is shown in another order");
        self.report(found.help("remove it, so that the file says what it shows").fix(place, "", false));
        true
    }

    pub(super) fn foreign_characters(&mut self, at: usize) {
        let Some(first) = self.text[at..].chars().next() else { return };
        let opens_text = matches!(first, '“' | '”' | '„' | '‘' | '’' | '«' | '»');
        let end = if opens_text { self.curly_text_end(at) } else { self.foreign_run_end(at) };
        self.at = end;
        self.touch(at, end);
        self.break_statement();
        let place = self.span(at, end);
        let found = if opens_text {
            let inner = &self.text[at + first.len_utf8()..end];
            let inner = inner.trim_end_matches(['“', '”', '„', '‘', '’', '«', '»']);
            let found = Diagnostic::error("E0118", "a text stands in straight quotes", place);
            found.here("these are typographic quotes").fix(place, format!("\"{inner}\""), false)
        } else {
            let message = format!("`{first}` has no meaning here");
            let found = Diagnostic::error("E0118", message, place).here("outside a text");
            match plain_character(first) {
                // `latency 200ms ± 50ms`
                _ if first == '±' => {
                    found.help("how far it strays has its word: write `jitter`").fix(place, "jitter", false)
                }
                Some(plain) => found.help(format!("write `{plain}`")).fix(place, plain, false),
                None => found.help("names are made of the letters a to z, digits and `_`"),
            }
        };
        self.report(found);
    }

    pub(super) fn foreign_run_end(&self, at: usize) -> usize {
        let mut characters = self.text[at..].char_indices();
        let first = characters.next().map(|(_, c)| c);
        let stop = characters.find(|(_, c)| c.is_ascii() || Some(*c) != first && !c.is_alphanumeric());
        stop.map_or(self.bytes.len(), |(index, _)| at + index)
    }

    /// The end of a text in typographic quotes: behind the last such quote before the line ends or another begins.
    pub(super) fn curly_text_end(&self, at: usize) -> usize {
        let first = self.text[at..].chars().next().map_or(1, char::len_utf8);
        for (index, c) in self.text[at + first..].char_indices() {
            match c {
                '“' | '”' | '‘' | '’' | '«' | '»' => return at + first + index + c.len_utf8(),
                '"' => return at + first + index + 1,
                '\n' => return at + first,
                _ => {}
            }
        }
        at + first
    }

    pub(super) fn text_at(&mut self, at: usize) {
        let depth = self.frames.len() + self.brackets.len();
        match end_of(self.bytes, at, depth, &mut self.in_vain) {
            TextEnd::Closed(end) => {
                self.at = end;
                self.touch(at, end);
                let control = |byte: &u8| (*byte < 32 && *byte != b'\t') || *byte == 127;
                if let Some(first) = self.bytes[at..end].iter().position(control) {
                    self.break_statement();
                    self.report_control(at + first, at + first + 1);
                }
                if self.report_turned(at, end) {
                    self.break_statement();
                }
            }
            TextEnd::Unclosed(end) => {
                self.at = end.max(at + 1);
                self.touch(at, self.at);
                self.break_statement();
                self.brackets.clear();
                let quote = if self.bytes[at] == b'"' { "\"" } else { "'" };
                let place = self.span(at, self.at);
                let line = self.text[..at].rfind(['\n', ';', '{']).map_or(0, |end| end + 1);
                let behind =
                    self.span(at, at + 1 + inner_length(&self.text[line..at], &self.text[at + 1..self.at]));
                let closed = &self.text[at..behind.end as usize - self.span(0, 0).start as usize];
                let found = Diagnostic::error("E0106", "this text has no closing quote", place)
                    .here("a text ends on the line it began on")
                    .help(match closed.len() <= MAX_REPEATED {
                        true => format!("close it: write `{closed}{quote}`"),
                        false => format!("close it with `{quote}`"),
                    });
                self.report(found.fix(Span::at(behind.end), quote, false));
            }
            TextEnd::TooDeep(end) => self.too_deep(end),
        }
    }
}

/// A longer text is not written again in a help.
const MAX_REPEATED: usize = 60;

/// How much of a line that has no closing quote is probably the text: the name of an expectation up to its colon; else all
/// of it but the mark that opens a block at its end, before a comment or not. `before` is what the line begins with.
fn inner_length(before: &str, rest: &str) -> usize {
    let word = before.trim_start().trim_end();
    if matches!(word, "want" | "expect" | "require")
        && let Some(colon) = rest.find(": ")
    {
        return colon;
    }
    let code = rest.split(" #").next().unwrap_or(rest).trim_end();
    match code.strip_suffix('{') {
        Some(before) if !before.trim_end().is_empty() => before.trim_end().len(),
        _ => rest.trim_end().len(),
    }
}

/// The plain character that a typographic one probably stands for.
fn plain_character(c: char) -> Option<&'static str> {
    Some(match c {
        '–' | '—' | '−' => "-",
        '→' => "->",
        '≤' => "<=",
        '≥' => ">=",
        '≠' => "!=",
        '×' | '·' => "*",
        '÷' => "/",
        '…' => "..",
        '\u{a0}' | '\u{2009}' | '\u{202f}' | '\u{200b}' | '\u{feff}' | '\u{3000}' => " ",
        '；' => ";",
        '：' => ":",
        '（' => "(",
        '）' => ")",
        _ => return None,
    })
}
