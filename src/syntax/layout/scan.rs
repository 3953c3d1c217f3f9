//! The scan itself: one pass over the bytes with a stack of open blocks and one of open brackets.

use super::text::{TextEnd, end_of};
use super::{BlockItem, Item, Layout, MAX_NESTING, MAX_STATEMENT_TOKENS, MAX_STATEMENTS};
use crate::diag::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::Comment;
use crate::syntax::vocabulary;

/// A block that is open, with the statements read in it so far.
struct Frame {
    /// The opening mark; `None` is the file itself.
    open: Option<usize>,
    angle: bool,
    /// The indentation of the line with the opening mark.
    indent: usize,
    /// The block of a `choose`, whose statements begin with a weight.
    choose: bool,
    items: Vec<Item>,
    current: Option<Current>,
}

/// The statement that is being read.
struct Current {
    item: Item,
    words: [Option<(usize, usize)>; 2],
    tokens: usize,
    /// A newline came; only a table or what follows one goes on.
    newline: bool,
    /// Its last line is a row of a table.
    table: bool,
    /// Its last word is `json` or `form`, and nothing came since.
    before_object: bool,
}

struct Bracket {
    open: usize,
    indent: usize,
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    base: u32,
    guided: bool,
    masked: Vec<u8>,
    at: usize,
    /// The indentation of the line being read, and whether a character other than white space came in it.
    indent: usize,
    line_start: usize,
    line_has_text: bool,
    frames: Vec<Frame>,
    brackets: Vec<Bracket>,
    statements: usize,
    stopped: bool,
    comments: Vec<Comment>,
    diagnostics: Vec<Diagnostic>,
    damaged: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(file: &'a SourceFile, guided: bool) -> Scanner<'a> {
        let text = file.text();
        let root =
            Frame { open: None, angle: false, indent: 0, choose: false, items: Vec::new(), current: None };
        Scanner {
            text,
            bytes: text.as_bytes(),
            base: file.base(),
            guided,
            masked: text.as_bytes().to_vec(),
            at: 0,
            indent: 0,
            line_start: 0,
            line_has_text: false,
            frames: vec![root],
            brackets: Vec::new(),
            statements: 0,
            stopped: false,
            comments: Vec::new(),
            diagnostics: Vec::new(),
            damaged: false,
        }
    }

    pub(super) fn run(mut self) -> Layout {
        if self.text.starts_with('\u{feff}') {
            self.blank(0, 3);
            self.at = 3;
            self.line_start = 3;
        }
        while self.at < self.bytes.len() && !self.stopped {
            self.step();
        }
        self.finish();
        let items = if self.stopped { Vec::new() } else { std::mem::take(&mut self.frames[0].items) };
        // Only whole characters were overwritten, each byte by a space.
        let masked = String::from_utf8(self.masked).expect("blanking whole characters keeps UTF-8");
        let (comments, diagnostics) = (self.comments, self.diagnostics);
        Layout { masked, comments, items, diagnostics, damaged: self.damaged }
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start as u32, self.base + end as u32)
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    fn blank(&mut self, start: usize, end: usize) {
        self.masked[start..end].fill(b' ');
    }

    fn frame(&mut self) -> &mut Frame {
        self.frames.last_mut().expect("the file's own frame is never closed")
    }

    fn step(&mut self) {
        let (at, byte) = (self.at, self.bytes[self.at]);
        self.at += 1;
        match byte {
            b' ' | b'\t' => {}
            b'\r' if self.bytes.get(at + 1) == Some(&b'\n') => {}
            b'\n' => self.newline(at),
            b'#' => self.comment(at),
            b'\\' if self.join_lines(at) => {}
            0..=31 | 127 => self.control_characters(at),
            128.. => self.foreign_characters(at),
            b'"' | b'\'' => self.text_at(at),
            b'(' | b'[' => self.open_bracket(at),
            b')' | b']' => self.close_bracket(at),
            b'{' => self.open_brace(at),
            b'}' => self.close_brace(at),
            b'<' if self.opens_loop(at) => self.open_block(at, true),
            b'>' if self.closes_loop(at) => self.close_angle(at),
            b';' => self.semicolon(at),
            b':' => self.colon(at),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => self.word(at),
            b'0'..=b'9' => {
                let rest = &self.bytes[self.at..];
                let more =
                    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
                self.at += more;
                self.touch(at, self.at);
            }
            _ => self.touch(at, at + 1),
        }
    }

    /// Notes that a line's first character stands at `at`.
    fn mark_line(&mut self, at: usize) {
        if !self.line_has_text {
            self.line_has_text = true;
            self.indent = at - self.line_start;
        }
    }

    /// A word, number, text or mark from `start` to `end` that belongs to the statement being read, or begins one.
    fn touch(&mut self, start: usize, end: usize) {
        let first_on_line = !self.line_has_text;
        self.mark_line(start);
        let byte = self.bytes[start];
        if self.brackets.is_empty() {
            self.end_statement_before(start, byte);
        }
        if first_on_line && self.guided && self.brackets.is_empty() && self.frame().current.is_none() {
            self.close_by_indentation();
        }
        let row = byte == b'|' && first_on_line;
        let frame = self.frames.last_mut().expect("the file's own frame is never closed");
        if frame.current.is_none() {
            self.statements += 1;
            let item = Item { start, end, colon: None, block: None, broken: false };
            frame.current = Some(Current {
                item,
                words: [None; 2],
                tokens: 0,
                newline: false,
                table: row,
                before_object: false,
            });
        }
        if let Some(current) = &mut frame.current {
            current.newline = false;
            current.table |= row;
            current.item.end = end;
            current.before_object = false;
            current.tokens += 1;
            if current.tokens == MAX_STATEMENT_TOKENS {
                current.item.broken = true;
                let message = format!("this statement has more than {MAX_STATEMENT_TOKENS} words");
                let (from, to) = (current.item.start, current.item.start + 1);
                let place = Span::new(self.base + from as u32, self.base + to as u32);
                self.diagnostics.push(Diagnostic::error("E0120", message, place).here("it begins here"));
            }
        }
        if self.statements > MAX_STATEMENTS {
            let message = format!("a file has at most {MAX_STATEMENTS} statements");
            let place = self.span(start, end);
            self.report(Diagnostic::error("E0120", message, place).here("this one is too many"));
            self.stopped = true;
        }
    }

    /// Ends the statement being read where what begins at `start` is no part of it.
    fn end_statement_before(&mut self, start: usize, byte: u8) {
        let word_end = self.word_end(start);
        let word = &self.text[start..word_end];
        let Some(current) = self.frames.last().and_then(|frame| frame.current.as_ref()) else { return };
        let goes_on = !current.newline
            || byte == b'|' && (current.table || self.is_for_each())
            || matches!(byte, b'{' | b'<') && current.table;
        let behind_block = current.item.block.is_some();
        if !goes_on {
            self.end_statement();
        } else if behind_block {
            let broken = current.item.broken;
            self.end_statement();
            if !broken && word != "else" {
                let place = self.span(start, word_end.max(start + 1));
                self.report(
                    Diagnostic::error("E0110", "a second statement begins on this line", place)
                        .here("a `;` or a new line must come before this")
                        .help("separate statements with `;` or write each on its own line")
                        .fix(Span::at(place.start), "; ", false),
                );
            }
        }
    }

    fn word_end(&self, start: usize) -> usize {
        let is_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        start + self.bytes[start..].iter().take_while(is_word).count()
    }

    fn current_word(&self, index: usize) -> &'a str {
        let current = self.frames.last().and_then(|frame| frame.current.as_ref());
        current.and_then(|current| current.words[index]).map_or("", |(start, end)| &self.text[start..end])
    }

    fn is_for_each(&self) -> bool {
        self.current_word(0) == "for" && self.current_word(1) == "each"
    }

    fn end_statement(&mut self) {
        if let Some(current) = self.frame().current.take() {
            self.frame().items.push(current.item);
        }
        self.brackets.clear();
    }

    fn break_statement(&mut self) {
        if let Some(current) = &mut self.frame().current {
            current.item.broken = true;
        }
    }

    fn word(&mut self, at: usize) {
        let end = self.word_end(at);
        self.at = end;
        self.touch(at, end);
        let is_json = matches!(&self.text[at..end], "json" | "form");
        if let Some(current) = &mut self.frame().current {
            current.before_object = is_json;
            let free = current.words.iter_mut().find(|word| word.is_none());
            if let Some(free) = free {
                *free = Some((at, end));
            }
        }
    }

    fn colon(&mut self, at: usize) {
        self.touch(at, at + 1);
        let unbracketed = self.brackets.is_empty();
        let frame = self.frame();
        if let Some(current) = &mut frame.current
            && frame.choose
            && unbracketed
            && current.item.colon.is_none()
        {
            current.item.colon = Some(at);
            current.words = [None; 2];
        }
    }

    fn newline(&mut self, at: usize) {
        if !self.brackets.is_empty() {
            if self.next_line_is_statement(at + 1) {
                self.unclosed_brackets(None);
                self.end_statement();
            } else {
                self.blank(at, at + 1);
            }
        }
        if let Some(current) = &mut self.frame().current {
            current.newline = true;
        }
        self.begin_line(at + 1);
    }

    fn begin_line(&mut self, at: usize) {
        self.line_start = at;
        self.line_has_text = false;
    }

    /// Within brackets: whether the next line is so clearly a statement that the brackets must have been forgotten.
    fn next_line_is_statement(&self, from: usize) -> bool {
        let rest = &self.bytes[from..];
        let indent = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let start = from + indent;
        let end = self.word_end(start);
        let outer = self.brackets.first().map_or(0, |bracket| bracket.indent);
        let next = self.bytes.get(end).copied().unwrap_or(b'\n');
        indent <= outer && next == b' ' && vocabulary::begins_statement(&self.text[start..end])
    }

    fn comment(&mut self, at: usize) {
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
        self.at = end;
    }

    /// Blanks a `\` that ends its line, and the newline.
    fn join_lines(&mut self, at: usize) -> bool {
        let rest = &self.bytes[at + 1..];
        let spaces = rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
        if rest.get(spaces) != Some(&b'\n') {
            return false;
        }
        let end = at + 1 + spaces + 1;
        self.blank(at, end);
        self.at = end;
        let indent = self.indent;
        self.begin_line(end);
        // The joined line is part of the line above, which has the indentation that counts.
        (self.line_has_text, self.indent) = (true, indent);
        true
    }

    fn control_characters(&mut self, at: usize) {
        let control = |byte: &&u8| (**byte < 32 && !matches!(**byte, b'\t' | b'\n')) || **byte == 127;
        let end = at + self.bytes[at..].iter().take_while(control).count();
        self.at = end;
        self.touch(at, end);
        self.blank(at, end);
        self.break_statement();
        self.report_control(at, end);
    }

    fn report_control(&mut self, at: usize, end: usize) {
        let message = format!("the file has a control character (U+{:04X})", self.bytes[at]);
        let place = self.span(at, end);
        let found = Diagnostic::error("E0117", message, place).here("not a text file, or damaged");
        self.report(found.help("remove it; in a text, write `\\n` or `\\t`").fix(place, "", false));
    }

    fn foreign_characters(&mut self, at: usize) {
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
                Some(plain) => found.help(format!("write `{plain}`")).fix(place, plain, false),
                None => found.help("names are made of the letters a to z, digits and `_`"),
            }
        };
        self.report(found);
    }

    fn foreign_run_end(&self, at: usize) -> usize {
        let mut characters = self.text[at..].char_indices();
        let first = characters.next().map(|(_, c)| c);
        let stop = characters.find(|(_, c)| c.is_ascii() || Some(*c) != first && !c.is_alphanumeric());
        stop.map_or(self.bytes.len(), |(index, _)| at + index)
    }

    /// The end of a text in typographic quotes: behind the last such quote before the line ends or another begins.
    fn curly_text_end(&self, at: usize) -> usize {
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

    fn text_at(&mut self, at: usize) {
        let depth = self.frames.len() + self.brackets.len();
        match end_of(self.bytes, at, depth) {
            TextEnd::Closed(end) => {
                self.at = end;
                self.touch(at, end);
                let control = |byte: &u8| (*byte < 32 && *byte != b'\t') || *byte == 127;
                if let Some(first) = self.bytes[at..end].iter().position(control) {
                    self.break_statement();
                    self.report_control(at + first, at + first + 1);
                }
            }
            TextEnd::Unclosed(end) => {
                self.at = end.max(at + 1);
                self.touch(at, self.at);
                self.break_statement();
                self.brackets.clear();
                let quote = if self.bytes[at] == b'"' { "\"" } else { "'" };
                let place = self.span(at, self.at);
                let found = Diagnostic::error("E0106", "this text has no closing quote", place)
                    .here("a text ends on the line it began on")
                    .help(format!("close it with `{quote}`"));
                self.report(found.fix(Span::at(place.end), quote, false));
            }
            TextEnd::TooDeep(end) => self.too_deep(end),
        }
    }

    fn too_deep(&mut self, at: usize) {
        let message = format!("blocks and brackets stand more than {MAX_NESTING} deep in each other");
        let place = self.span(at, at + 1);
        let found = Diagnostic::error("E0109", message, place).here("this one is too deep");
        self.report(found.help("give the inner parts names, with `let` or `sequence`"));
        self.stopped = true;
    }

    fn push_bracket(&mut self, at: usize) {
        if self.frames.len() + self.brackets.len() >= MAX_NESTING {
            return self.too_deep(at);
        }
        self.brackets.push(Bracket { open: at, indent: self.indent });
    }

    fn open_bracket(&mut self, at: usize) {
        self.touch(at, at + 1);
        self.push_bracket(at);
    }

    fn close_bracket(&mut self, at: usize) {
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
    fn mismatch(&mut self, at: usize) {
        let Some(open) = self.brackets.last().map(|bracket| bracket.open) else { return };
        let (mark, closer) = (self.bytes[open] as char, closing_mark(self.bytes[open]));
        let message = format!("`{mark}` is closed by `{}`", self.bytes[at] as char);
        let found = Diagnostic::error("E0107", message, self.span(at, at + 1));
        let found = found.here(format!("`{closer}` was due before this"));
        self.report(found.also(self.span(open, open + 1), "opened here"));
        self.break_statement();
    }

    fn unmatched(&mut self, at: usize) {
        let mark = self.bytes[at] as char;
        let message = format!("this `{mark}` closes nothing");
        let place = self.span(at, at + 1);
        let found = Diagnostic::error("E0108", message, place).here("nothing is open here");
        self.report(found.help("remove it, or open what it should close").fix(place, "", false));
        self.break_statement();
    }

    /// Brackets that are still open where their statement ends; told once, at the outermost.
    fn unclosed_brackets(&mut self, closer: Option<usize>) {
        let Some(open) = self.brackets.first().map(|bracket| bracket.open) else { return };
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

    fn open_brace(&mut self, at: usize) {
        let before_object = self.frame().current.as_ref().is_some_and(|current| current.before_object);
        if !self.brackets.is_empty() || before_object {
            self.touch(at, at + 1);
            self.push_bracket(at);
        } else {
            self.open_block(at, false);
        }
    }

    fn open_block(&mut self, at: usize, angle: bool) {
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
    fn close_block(&mut self, end: usize) {
        self.end_statement();
        let Some(Frame { open: Some(open), angle, items, .. }) = self.frames.pop() else { return };
        if let Some(current) = &mut self.frame().current {
            current.newline = false;
            current.item.block = Some(BlockItem { open, end, angle, items });
        }
    }

    fn close_brace(&mut self, at: usize) {
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
    fn unclosed_block(&mut self, because: Option<(usize, &str)>) {
        self.damaged = true;
        let Some(open) = self.frame().open else { return };
        let (mark, closer) = (self.bytes[open] as char, closing_mark(self.bytes[open]));
        let message = format!("this `{mark}` is not closed");
        let found = Diagnostic::error("E0107", message, self.span(open, open + 1));
        let mut found = found.here(format!("a `{closer}` is missing"));
        if let Some((at, label)) = because {
            found = found.also(self.span(at, at + 1), label);
        }
        self.report(found);
    }

    /// Closes blocks that a new statement, by its indentation, is no part of.
    fn close_by_indentation(&mut self) {
        while self.frame().open.is_some() && self.indent <= self.frame().indent {
            let (start, label) =
                (self.line_start + self.indent, "this stands outside it, going by the indentation");
            self.unclosed_block(Some((start, label)));
            self.close_block(self.line_start);
            self.end_statement();
        }
    }

    fn semicolon(&mut self, at: usize) {
        self.mark_line(at);
        if !self.brackets.is_empty() {
            self.unclosed_brackets(Some(at));
        }
        self.end_statement();
    }

    /// Whether the `<` at `at` opens the block of a loop.
    fn opens_loop(&self, at: usize) -> bool {
        let first = self.current_word(0);
        let is_loop =
            vocabulary::opens_angle_loop(first) && self.current_word(1) != "until" || self.is_for_each();
        let has_block = self
            .frames
            .last()
            .and_then(|frame| frame.current.as_ref())
            .is_some_and(|current| current.item.block.is_some());
        is_loop && !has_block && self.brackets.is_empty() && self.bytes.get(at + 1) != Some(&b'=')
    }

    /// Whether the `>` at `at` closes a loop: it does unless an operand follows on its line.
    fn closes_loop(&self, at: usize) -> bool {
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

    fn close_angle(&mut self, at: usize) {
        self.mark_line(at);
        self.close_block(at + 1);
    }

    /// The end of the file: what is still open is told, at one place.
    fn finish(&mut self) {
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
