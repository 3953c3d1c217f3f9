//! The text that soak reads, and positions in it.
//!
//! All files of a scenario (the one named on the command line and what it includes) share one space of
//! byte offsets, so that a [`Span`] is two numbers and still says which file it lies in.

use std::fmt;
use std::sync::OnceLock;

/// The largest file soak reads, in bytes. A scenario is written by people; more than this is a mistake.
pub const MAX_FILE_SIZE: usize = 64 << 20;

/// Characters of a file are counted once for each stretch of so many bytes, where a line is longer.
const STRETCH: usize = 64 << 10;

/// A half-open range of bytes in the space shared by all files of a [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`.
    pub fn new(start: u32, end: u32) -> Span {
        debug_assert!(start <= end);
        Span { start, end }
    }

    /// The empty span at `offset`.
    pub fn at(offset: u32) -> Span {
        Span { start: offset, end: offset }
    }

    /// The smallest span that covers both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether `other` lies within this span.
    pub fn contains(self, other: Span) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Its length in bytes.
    pub fn len(self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether it covers no byte.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A place as people name it: both numbers count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One file's text. Line endings are kept as they were read.
#[derive(Debug)]
pub struct SourceFile {
    name: String,
    text: String,
    base: u32,
    line_starts: Vec<u32>,
    /// How many characters begin before each stretch; made when a place far inside a line is first asked for.
    characters: OnceLock<Vec<u32>>,
}

impl SourceFile {
    fn new(name: String, text: String, base: u32) -> SourceFile {
        let ends = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
        let line_starts = std::iter::once(0).chain(ends).collect();
        SourceFile { name, text, base, line_starts, characters: OnceLock::new() }
    }

    /// The name as the user gave it: a path, or `<stdin>`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is a file on disk: standard input and what the command line gives have names of soak's own.
    pub fn is_on_disk(&self) -> bool {
        !self.name.starts_with('<') && !self.name.starts_with("--")
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The offset of the file's first byte in the space of its [`Sources`].
    pub fn base(&self) -> u32 {
        self.base
    }

    /// The span of the whole file.
    pub fn span(&self) -> Span {
        Span::new(self.base, self.base + self.text.len() as u32)
    }

    /// How many lines there are; an empty file has one.
    pub fn line_count(&self) -> u32 {
        self.line_starts.len() as u32
    }

    /// The text of a line (from 1) without its ending; empty when there is no such line.
    pub fn line(&self, line: u32) -> &str {
        let Some(start) = (line as usize).checked_sub(1).and_then(|index| self.line_starts.get(index)) else {
            return "";
        };
        let end = self.line_starts.get(line as usize).map_or(self.text.len(), |next| *next as usize - 1);
        self.text[*start as usize..end].trim_end_matches('\r')
    }

    /// The byte of the file at which a line (from 1) begins; the end of the file where there is no such line.
    pub fn line_start(&self, line: u32) -> usize {
        let start = (line as usize).checked_sub(1).and_then(|index| self.line_starts.get(index));
        start.map_or(self.text.len(), |start| *start as usize)
    }

    /// The line (from 1) of an offset in the shared space.
    pub fn line_of(&self, offset: u32) -> u32 {
        let local = offset.saturating_sub(self.base);
        self.line_starts.partition_point(|start| *start <= local) as u32
    }

    /// Line and column (in characters) of an offset in the shared space.
    pub fn position(&self, offset: u32) -> Position {
        let (line, prefix) = self.line_prefix(offset);
        let column = if prefix.len() <= STRETCH {
            begun(prefix.as_bytes())
        } else {
            let start = self.line_starts[line as usize - 1] as usize;
            self.characters_before(start + prefix.len()) - self.characters_before(start)
        };
        Position { line, column: column + 1 }
    }

    /// How many characters of the file begin before a byte. The time does not grow with the file, so that a thousand
    /// findings on one long line are told as quickly as on many short ones.
    fn characters_before(&self, at: usize) -> u32 {
        let before = self.characters.get_or_init(|| {
            let stretches = self.text.as_bytes().chunks(STRETCH);
            let sums = stretches.scan(0, |sum, stretch| {
                *sum += begun(stretch);
                Some(*sum)
            });
            std::iter::once(0).chain(sums).collect()
        });
        let stretch = at / STRETCH;
        before[stretch] + begun(&self.text.as_bytes()[stretch * STRETCH..at])
    }

    /// Line and column in UTF-16 units, both from 0, as the language server protocol counts them.
    pub fn position_utf16(&self, offset: u32) -> (u32, u32) {
        let (line, prefix) = self.line_prefix(offset);
        (line - 1, prefix.encode_utf16().count() as u32)
    }

    /// The line of an offset, and the text of that line before it.
    fn line_prefix(&self, offset: u32) -> (u32, &str) {
        let line = self.line_of(offset);
        let start = self.line_starts[line as usize - 1] as usize;
        let mut end = (offset.saturating_sub(self.base) as usize).min(self.text.len()).max(start);
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        (line, &self.text[start..end])
    }
}

/// How many characters begin in these bytes of a text.
fn begun(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count() as u32
}

/// All files of one scenario, in the order they were read; the first is the scenario itself.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<SourceFile>,
}

/// A scenario whose files do not fit in the offset space.
#[derive(Debug, thiserror::Error)]
#[error("{name} is too large: soak reads files of up to 64 MiB")]
pub struct TooLarge {
    /// The file that was one too many.
    pub name: String,
}

impl Sources {
    /// No files yet.
    pub fn new() -> Sources {
        Sources::default()
    }

    /// Takes a file in and gives its index.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> Result<usize, TooLarge> {
        let (name, text) = (name.into(), text.into());
        // One byte stays free between files, so that the end of one is never the start of the next.
        let base = self.files.last().map_or(0, |last| last.span().end + 1);
        if text.len() > MAX_FILE_SIZE || base as usize + text.len() >= u32::MAX as usize {
            return Err(TooLarge { name });
        }
        self.files.push(SourceFile::new(name, text, base));
        Ok(self.files.len() - 1)
    }

    /// The files, first the scenario itself.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The file that a span lies in.
    pub fn file_of(&self, span: Span) -> &SourceFile {
        let index = self.files.partition_point(|file| file.base <= span.start);
        &self.files[index.saturating_sub(1)]
    }

    /// The text under a span.
    pub fn text(&self, span: Span) -> &str {
        let file = self.file_of(span);
        let start = (span.start - file.base) as usize;
        let end = ((span.end - file.base) as usize).min(file.text.len());
        file.text.get(start..end).unwrap_or("")
    }

    /// What stands in its file before a span.
    pub fn before(&self, span: Span) -> &str {
        let file = self.file_of(span);
        file.text.get(..(span.start - file.base) as usize).unwrap_or("")
    }

    /// What stands in its file behind a span.
    pub fn behind(&self, span: Span) -> &str {
        let file = self.file_of(span);
        file.text.get((span.end - file.base) as usize..).unwrap_or("")
    }

    /// The line (from 1) at which a span begins, in its own file.
    pub fn line(&self, span: Span) -> u32 {
        self.file_of(span).line_of(span.start)
    }

    /// Line and column at which a span begins, in its own file.
    pub fn position(&self, span: Span) -> Position {
        self.file_of(span).position(span.start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_characters_and_utf16_units() {
        let mut sources = Sources::new();
        sources.add("a", "x\nä𝄞b\r\n").unwrap();
        sources.add("b", "second").unwrap();
        let file = &sources.files()[0];
        assert_eq!(file.position(0), Position { line: 1, column: 1 });
        let b = "x\nä𝄞".len() as u32;
        assert_eq!(file.position(b), Position { line: 2, column: 3 });
        assert_eq!(file.position_utf16(b), (1, 3));
        assert_eq!(file.line(2), "ä𝄞b");
        let second = sources.files()[1].span();
        assert_eq!(sources.file_of(second).name(), "b");
        assert_eq!(sources.text(second), "second");
        assert_eq!(sources.line(second), 1);
    }

    #[test]
    fn columns_far_inside_a_line_are_the_same_as_counted_from_its_start() {
        let mut sources = Sources::new();
        sources.add("a", format!("first\n{}\nlast", "aä→𝄞".repeat(STRETCH / 3))).unwrap();
        let file = &sources.files()[0];
        let line = file.line(2);
        for (column, (at, _)) in line.char_indices().enumerate().step_by(997) {
            let expected = Position { line: 2, column: column as u32 + 1 };
            assert_eq!(file.position("first\n".len() as u32 + at as u32), expected);
        }
        assert_eq!(file.line(3), "last");
    }
}
