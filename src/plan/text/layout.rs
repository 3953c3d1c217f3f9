//! Lines of a bounded width: paragraphs, columns, colours.

use super::Style;
use std::fmt::Write;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Narrower than this nothing can be shown.
const NARROWEST: usize = 40;
/// The widest left column of a list; what is wider stands on a line of its own.
const WIDEST_TERM: usize = 32;

/// A longer text, in characters, is cut: what was said in it stands in the scenario, whole.
const LONGEST: usize = 2_000;

/// The colours, as a terminal is told them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Bold,
    Dim,
    Red,
    Green,
    Cyan,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Paint::Plain => "",
            Paint::Bold => "\x1b[1m",
            Paint::Dim => "\x1b[2m",
            Paint::Red => "\x1b[31m",
            Paint::Green => "\x1b[32m",
            Paint::Cyan => "\x1b[36m",
        }
    }
}

/// The text as it grows.
pub(super) struct Page {
    pub style: Style,
    text: String,
}

impl Page {
    pub fn new(style: Style) -> Page {
        Page { style: Style { width: style.width.max(NARROWEST), ..style }, text: String::new() }
    }

    pub fn finish(self) -> String {
        let lines = self.text.lines().map(str::trim_end);
        lines.fold(String::new(), |text, line| text + line + "\n")
    }

    /// A piece in a colour, where there are colours.
    pub fn painted(&self, text: &str, paint: Paint) -> String {
        if self.style.color && paint != Paint::Plain && !text.trim().is_empty() {
            format!("{}{text}\x1b[0m", paint.code())
        } else {
            text.to_string()
        }
    }

    /// A sign, or what stands for it in ASCII.
    pub fn sign(&self, sign: &'static str, ascii: &'static str) -> &'static str {
        if self.style.unicode { sign } else { ascii }
    }

    pub fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    pub fn title(&mut self, title: &str) {
        for line in wrapped(&self.clean(title), self.style.width) {
            let line = self.painted(&line, Paint::Bold);
            self.line(&line);
        }
    }

    pub fn heading(&mut self, heading: &str) {
        let heading = self.painted(heading, Paint::Bold);
        let _ = write!(self.text, "\n{heading}\n");
    }

    /// Words in lines; the first indented by `first`, the others by `rest`.
    pub fn paragraph(&mut self, first: usize, rest: usize, text: &str) {
        let lines = wrapped(&self.clean(text), self.style.width.saturating_sub(rest.max(first)));
        for (index, line) in lines.iter().enumerate() {
            let indent = if index == 0 { first } else { rest };
            let _ = writeln!(self.text, "{:indent$}{line}", "");
        }
    }

    /// Two columns.
    pub fn pairs(&mut self, rows: &[(String, String)]) {
        let rows: Vec<(String, String)> =
            rows.iter().map(|(term, words)| (self.clean(term), self.clean(words))).collect();
        let limit = WIDEST_TERM.max(self.style.width / 2).min(self.style.width.saturating_sub(24));
        let term_width =
            rows.iter().map(|(term, _)| term.width()).filter(|width| *width <= limit).max().unwrap_or(0);
        let indent = if term_width == 0 { 2 } else { 2 + term_width + 2 };
        for (term, words) in &rows {
            let mut head = format!("  {term}");
            if term.width() > limit {
                for line in wrapped(term, self.style.width.saturating_sub(2)) {
                    let _ = writeln!(self.text, "  {line}");
                }
                head.clear();
            }
            for line in wrapped(words, self.style.width.saturating_sub(indent)) {
                let space = indent.saturating_sub(head.width());
                let _ = writeln!(self.text, "{head}{:space$}{line}", "");
                head.clear();
            }
        }
    }

    /// Without what a terminal would take for a command, in ASCII where that is asked, and no longer than a page can bear.
    pub fn clean(&self, text: &str) -> String {
        let shown = |c: char| match c {
            c if c.is_control() => ' ',
            c if !self.style.unicode && !c.is_ascii() => '?',
            c => c,
        };
        let mut rest = text.chars().map(shown);
        let mut clean: String = rest.by_ref().take(LONGEST).collect();
        if rest.next().is_some() {
            clean.push_str(self.sign("…", "..."));
        }
        clean
    }
}

/// The words of a text in lines of at most `width` columns; a word that is longer is broken. At least one line.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    let lead: String = text.chars().take_while(|c| *c == ' ').collect();
    for (index, word) in text.split_whitespace().enumerate() {
        let space = usize::from(used > 0);
        if used > 0 && used + space + word.width() > width {
            lines.push(String::new());
            used = 0;
        }
        let line_start = if index == 0 {
            lead.as_str()
        } else if used > 0 {
            " "
        } else {
            ""
        };
        for c in line_start.chars().chain(word.chars()) {
            let wide = c.width().unwrap_or(0);
            if used + wide > width {
                lines.push(String::new());
                used = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
            used += wide;
        }
    }
    lines
}
