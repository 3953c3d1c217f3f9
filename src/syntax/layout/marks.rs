//! Blocks and brackets: what opens, what closes, and what was forgotten.

use super::scan::{Bracket, Frame, Scanner};
use super::{BlockItem, MAX_NESTING};
use crate::diag::Diagnostic;
use crate::syntax::vocabulary;

impl Scanner<'_> {
    pub(super) fn too_deep(&mut self, at: usize) {
        let message = format!("blocks and brackets stand more than {MAX_NESTING} deep in each other");
        let place = self.span(at, at + 1);
        let found = Diagnostic::error("E0109", message, place).here("this one is too deep");
        self.report(found.help("give the inner parts names, with `let` or `sequence`"));
        self.stopped = true;
    }

    pub(super) fn push_bracket(&mut self, at: usize) {
        if self.frames.len() + self.brackets.len() >= MAX_NESTING {
            return self.too_deep(at);
        }
        self.brackets.push(Bracket { open: at, indent: self.indent });
    }

    pub(super) fn open_bracket(&mut self, at: usize) {
        self.touch(at, at + 1);
        self.push_bracket(at);
    }

    pub(super) fn close_bracket(&mut self, at: usize) {
        self.touch(at, at + 1);
        let opener = if self.bytes[at] == b')' { b'(' } else { b'[' };
        let matching = self.brackets.iter().rposition(|bracket| self.bytes[bracket.open] == opener);
        match matching {
            Some(index) if index + 1 == self.brackets.len() => {
                self.brackets.pop();
            }
            Some(index) => {
                self.mismatch(at);
                self.brackets.truncate(index);
            }
            None if self.brackets.is_empty() => self.unmatched(at),
            None => {
                self.mismatch(at);
                self.brackets.pop();
            }
        }
    }

    /// The innermost bracket is closed by a mark of another kind.
    pub(super) fn mismatch(&mut self, at: usize) {
        let Some(open) = self.brackets.last().map(|bracket| bracket.open) else { return };
        let (mark, closer) = (self.bytes[open] as char, closing_mark(self.bytes[open]));
        let message = format!("`{mark}` is closed by `{}`", self.bytes[at] as char);
        let found = Diagnostic::error("E0107", message, self.span(at, at + 1));
        let found = found.here(format!("`{closer}` was due before this"));
        self.report(found.also(self.span(open, open + 1), "opened here"));
        self.break_statement();
    }

    pub(super) fn unmatched(&mut self, at: usize) {
        if self.excused == Some(at) {
            return self.break_statement();
        }
        let mark = self.bytes[at] as char;
        let message = format!("this `{mark}` closes nothing");
        let place = self.span(at, at + 1);
        let found = Diagnostic::error("E0108", message, place).here("nothing is open here");
        self.report(found.help("remove it, or open what it should close").fix(place, "", false));
        self.break_statement();
    }

    /// Brackets that are still open where their statement ends; told once, at the outermost.
    pub(super) fn unclosed_brackets(&mut self, closer: Option<usize>) {
        let Some(open) = self.brackets.first().map(|bracket| bracket.open) else { return };
        if let Some(found) = self.loop_in_brackets(open, closer) {
            self.report(found);
            self.break_statement();
            self.brackets.clear();
            return;
        }
        let innermost = self.brackets.last().map_or(open, |bracket| bracket.open);
        let mark = self.bytes[innermost] as char;
        let message = format!("this `{mark}` is not closed");
        let closing = closing_mark(self.bytes[innermost]);
        let place = self.span(innermost, innermost + 1);
        let mut found = Diagnostic::error("E0107", message, place).here(format!("a `{closing}` is missing"));
        if let Some(at) = closer {
            found = found.also(self.span(at, at + 1), "its statement ends here");
        }
        self.report(found);
        self.break_statement();
        self.brackets.clear();
    }

    /// `repeat 10 ( path off 2s; path on 4s )`: steps in brackets of another kind, as far as they end on their line.
    fn loop_in_brackets(&mut self, open: usize, closer: Option<usize>) -> Option<Diagnostic> {
        let separated = closer.is_some_and(|at| self.bytes[at] == b';');
        if !separated || !vocabulary::opens_angle_loop(self.current_word(0)) {
            return None;
        }
        let line = self.text[open..].find('\n').map_or(self.text.len(), |length| open + length);
        let close = open + self.text[open..line].rfind(closing_mark(self.bytes[open]))?;
        self.excused = Some(close);
        let steps = self.text[open + 1..close].trim();
        let (from, to) = (self.span(open, open + 1), self.span(close, close + 1));
        let found = Diagnostic::error("E0107", "the steps of a loop stand in `< >` or `{ }`", from);
        let found = found.here("not in these").help(format!("write `< {steps} >`"));
        Some(found.fix(from, "<", false).fix(to, ">", false))
    }

    pub(super) fn open_brace(&mut self, at: usize) {
        let before_object = self.frame().current.as_ref().is_some_and(|current| current.before_object);
        if !self.brackets.is_empty() || before_object {
            self.touch(at, at + 1);
            self.push_bracket(at);
        } else {
            self.open_block(at, false);
        }
    }

    pub(super) fn open_block(&mut self, at: usize, angle: bool) {
        let end_of_head = self.frame().current.as_ref().map(|current| current.item.end);
        self.touch(at, at + 1);
        // The mark itself is no part of the statement's head.
        let indent = self.indent;
        let choose = self.current_word(0) == "choose";
        if let Some(current) = &mut self.frame().current {
            current.item.end =
                end_of_head.filter(|end| *end > current.item.start).unwrap_or(current.item.start);
            if current.item.start == at {
                current.item.end = at;
            }
        }
        if self.frames.len() >= MAX_NESTING {
            return self.too_deep(at);
        }
        self.frames.push(Frame { open: Some(at), angle, indent, choose, items: Vec::new(), current: None });
    }

    /// Ends the innermost block; `end` is one past its closing mark.
    pub(super) fn close_block(&mut self, end: usize) {
        self.end_statement();
        let Some(Frame { open: Some(open), angle, items, .. }) = self.frames.pop() else { return };
        if let Some(current) = &mut self.frame().current {
            current.newline = false;
            current.item.block = Some(BlockItem { open, end, angle, items });
        }
    }

    pub(super) fn close_brace(&mut self, at: usize) {
        if self.brackets.iter().any(|bracket| self.bytes[bracket.open] == b'{') {
            self.touch(at, at + 1);
            while let Some(bracket) = self.brackets.last() {
                if self.bytes[bracket.open] == b'{' {
                    self.brackets.pop();
                    return;
                }
                self.mismatch(at);
                self.brackets.pop();
            }
        }
        let first_on_line = !self.line_has_text;
        self.mark_line(at);
        if !self.brackets.is_empty() {
            self.unclosed_brackets(Some(at));
        }
        self.end_statement();
        while self.frame().angle {
            self.unclosed_block(Some((at, "its block ends here")));
            self.close_block(at);
        }
        if first_on_line && self.guided {
            let indent = self.indent;
            let outer = self.frames.iter().any(|frame| frame.open.is_some() && frame.indent == indent);
            // Deeper than the block that it would close: one too many, whose own block is closed already.
            if !outer && self.frame().open.is_some() && indent > self.frame().indent {
                self.damaged = true;
                return self.unmatched(at);
            }
            while outer && self.frame().indent > indent {
                self.unclosed_block(Some((at, "this closes the block around it, going by the indentation")));
                self.close_block(at);
            }
        }
        if self.frame().open.is_none() {
            self.damaged = true;
            self.unmatched(at);
        } else {
            self.close_block(at + 1);
        }
    }

    /// Reports the innermost block as not closed.
    pub(super) fn unclosed_block(&mut self, because: Option<(usize, &str)>) {
        self.damaged = true;
        let Some(open) = self.frame().open else { return };
        let (mark, closer) = (self.bytes[open] as char, closing_mark(self.bytes[open]));
        let message = format!("this `{mark}` is not closed");
        let found = Diagnostic::error("E0107", message, self.span(open, open + 1));
        let mut found = found.here(format!("a `{closer}` is missing"));
        if let Some((at, label)) = because {
            let length = self.text[at..].chars().next().map_or(1, char::len_utf8);
            found = found.also(self.span(at, at + length), label);
        }
        self.report(found);
    }

    /// Closes blocks that a new statement, by its indentation, is no part of.
    pub(super) fn close_by_indentation(&mut self) {
        while self.frame().open.is_some() && self.indent <= self.frame().indent {
            let (start, label) =
                (self.line_start + self.indent, "this stands outside it, going by the indentation");
            self.unclosed_block(Some((start, label)));
            self.close_block(self.line_start);
            self.end_statement();
        }
    }

    /// Whether an object is open and, behind `from`, it ends or another `name:` of it follows.
    pub(super) fn within_object_before_member(&self, from: usize) -> bool {
        if self.brackets.last().is_none_or(|bracket| self.bytes[bracket.open] != b'{') {
            return false;
        }
        let rest = self.text[from..].trim_start();
        let name = rest.trim_start_matches(|letter: char| letter.is_ascii_alphanumeric() || letter == '_');
        let behind = match rest.strip_prefix('"') {
            Some(text) => text.split_once(['"', '\n']).map_or("", |(_, behind)| behind),
            None if name.len() == rest.len() => "",
            None => name,
        };
        rest.starts_with('}') || behind.trim_start_matches(' ').starts_with(':')
    }

    /// Tells of a `;` between the members of an object, and reads on as if it were the `,` that is due.
    pub(super) fn semicolon_for_comma(&mut self, at: usize) {
        let place = self.span(at, at + 1);
        let found = Diagnostic::error("E0101", "`,` stands between the members of an object, not `;`", place);
        self.report(found.here("not written like this").help("write `,`").fix(place, ",", true));
        self.touch(at, at + 1);
        self.masked[at] = b',';
    }

    /// Whether the `<` at `at` opens the block of a loop.
    pub(super) fn opens_loop(&mut self, at: usize) -> bool {
        if !self.brackets.is_empty() || self.bytes.get(at + 1) == Some(&b'=') {
            return false;
        }
        let (first, second) = (self.current_word(0), self.current_word(1));
        let Some(current) = &mut self.frame().current else { return false };
        let is_loop = || match first {
            "for" => second == "each",
            _ => second != "until" && vocabulary::opens_angle_loop(first),
        };
        current.item.block.is_none() && *current.angle_loop.get_or_insert_with(is_loop)
    }

    /// Whether the `>` at `at` closes a loop: it does unless an operand follows on its line.
    pub(super) fn closes_loop(&self, at: usize) -> bool {
        if !self.frames.last().is_some_and(|frame| frame.angle) || !self.brackets.is_empty() {
            return false;
        }
        let arrow = at > 0 && self.bytes[at - 1] == b'-';
        let rest = self.bytes[at + 1..].iter();
        let next = rest.copied().find(|byte| !matches!(byte, b' ' | b'\t'));
        let operand = next.is_some_and(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'"' | b'\'' | b'(' | b'[' | b'-' | b'=')
        });
        !arrow && !operand
    }

    pub(super) fn close_angle(&mut self, at: usize) {
        self.mark_line(at);
        self.close_block(at + 1);
    }

    /// The end of the file: what is still open is told, at one place.
    pub(super) fn finish(&mut self) {
        if self.stopped {
            return;
        }
        if !self.brackets.is_empty() {
            self.unclosed_brackets(None);
        }
        self.end_statement();
        if self.frame().open.is_some() {
            self.unclosed_block(None);
        }
        while self.frame().open.is_some() {
            self.close_block(self.bytes.len());
            self.end_statement();
        }
    }
}

fn closing_mark(open: u8) -> char {
    match open {
        b'(' => ')',
        b'[' => ']',
        b'<' => '>',
        _ => '}',
    }
}
