//! The scan itself: one pass over the bytes with a stack of open blocks and one of open brackets.

use super::{Item, Layout, MAX_STATEMENT_TOKENS, MAX_STATEMENTS, MAX_WORD};
use crate::diag::Diagnostic;
use crate::source::{SourceFile, Span};
use crate::syntax::ast::Comment;
use crate::syntax::{MAX_DIAGNOSTICS, vocabulary};

/// A block that is open, with the statements read in it so far.
pub(super) struct Frame {
    /// The opening mark; `None` is the file itself.
    pub(super) open: Option<usize>,
    pub(super) angle: bool,
    /// The indentation of the line with the opening mark.
    pub(super) indent: usize,
    /// The block of a `choose`, whose statements begin with a weight.
    pub(super) choose: bool,
    pub(super) items: Vec<Item>,
    pub(super) current: Option<Current>,
}

/// The statement that is being read.
pub(super) struct Current {
    pub(super) item: Item,
    pub(super) words: [Option<(usize, usize)>; 2],
    pub(super) tokens: usize,
    /// A newline came; only a table or what follows one goes on.
    pub(super) newline: bool,
    /// Its last line is a row of a table.
    pub(super) table: bool,
    /// Whether its words are those of a loop that may stand in `< >`, once that was asked.
    pub(super) angle_loop: Option<bool>,
    /// Its last word is `json` or `form`, and nothing came since.
    pub(super) before_object: bool,
}

pub(super) struct Bracket {
    pub(super) open: usize,
    pub(super) indent: usize,
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) base: u32,
    pub(super) guided: bool,
    pub(super) masked: Vec<u8>,
    pub(super) at: usize,
    /// The indentation of the line being read, and whether a character other than white space came in it.
    pub(super) indent: usize,
    pub(super) line_start: usize,
    pub(super) line_has_text: bool,
    pub(super) frames: Vec<Frame>,
    pub(super) brackets: Vec<Bracket>,
    pub(super) statements: usize,
    pub(super) stopped: bool,
    /// How many bytes were read in vain for texts whose braces do not match.
    pub(super) in_vain: usize,
    pub(super) comments: Vec<Comment>,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) damaged: bool,
    /// A closing mark of which all has been said.
    pub(super) excused: Option<usize>,
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
            in_vain: 0,
            comments: Vec::new(),
            diagnostics: Vec::new(),
            damaged: false,
            excused: None,
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

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.base + start as u32, self.base + end as u32)
    }

    /// Notes a mistake. Behind one more than are told nothing is read any further.
    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
        self.stopped |= self.diagnostics.len() > MAX_DIAGNOSTICS;
    }

    pub(super) fn blank(&mut self, start: usize, end: usize) {
        self.masked[start..end].fill(b' ');
    }

    pub(super) fn frame(&mut self) -> &mut Frame {
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
            b'/' if self.foreign_comment(at) => {}
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
                self.limit_word(at);
            }
            _ => self.touch(at, at + 1),
        }
    }

    /// Notes that a line's first character stands at `at`.
    pub(super) fn mark_line(&mut self, at: usize) {
        if !self.line_has_text {
            self.line_has_text = true;
            self.indent = at - self.line_start;
        }
    }

    /// A word, number, text or mark from `start` to `end` that belongs to the statement being read, or begins one.
    pub(super) fn touch(&mut self, start: usize, end: usize) {
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
                angle_loop: None,
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
                let found = Diagnostic::error("E0120", message, place).here("it begins here");
                self.report(found.help("give parts of it names with `let`, or make several of it"));
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
                let first = self.text[start..].chars().next().map_or(1, char::len_utf8);
                let place = self.span(start, word_end.max(start + first));
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

    pub(super) fn current_word(&self, index: usize) -> &'a str {
        let current = self.frames.last().and_then(|frame| frame.current.as_ref());
        current.and_then(|current| current.words[index]).map_or("", |(start, end)| &self.text[start..end])
    }

    pub(super) fn is_for_each(&self) -> bool {
        self.current_word(0) == "for" && self.current_word(1) == "each"
    }

    pub(super) fn end_statement(&mut self) {
        if let Some(current) = self.frame().current.take() {
            self.frame().items.push(current.item);
        }
        self.brackets.clear();
    }

    pub(super) fn break_statement(&mut self) {
        if let Some(current) = &mut self.frame().current {
            current.item.broken = true;
        }
    }

    /// Tells of a word or a number that was read from `at` on and is longer than any that somebody would write.
    fn limit_word(&mut self, at: usize) {
        if self.at - at > MAX_WORD {
            self.break_statement();
            let message = format!("a name or a number has at most {MAX_WORD} characters");
            let found = Diagnostic::error("E0120", message, self.span(at, at + 1));
            self.report(found.here(format!("this one has {}", self.at - at)));
        }
    }

    fn word(&mut self, at: usize) {
        let end = self.word_end(at);
        self.at = end;
        self.touch(at, end);
        self.limit_word(at);
        let is_json = matches!(&self.text[at..end], "json" | "form");
        if let Some(current) = &mut self.frame().current {
            current.before_object = is_json;
            let free = current.words.iter_mut().find(|word| word.is_none());
            if let Some(free) = free {
                *free = Some((at, end));
                current.angle_loop = None;
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
            current.angle_loop = None;
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

    /// A line that has nothing else is as good as empty: what is said of a comment behind it is said of one on its own line.
    fn semicolon(&mut self, at: usize) {
        if self.within_object_before_member(at + 1) {
            return self.semicolon_for_comma(at);
        }
        if !self.brackets.is_empty() {
            self.unclosed_brackets(Some(at));
        }
        self.end_statement();
    }
}
