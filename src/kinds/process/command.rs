//! A command line split into words, without a shell: quotes and backslashes, no variables, no globs.

use thiserror::Error;

/// More words than any command line needs.
pub const WORD_LIMIT: usize = 4096;

/// A stretch of a command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandPiece {
    /// As it stands in the scenario: blanks, quotes and backslashes mean something.
    Literal(String),
    /// The value of an interpolation: belongs to one word as it is, whatever it holds.
    Interpolated(String),
}

/// Why a text is no command line. `piece` and `offset` (bytes into that piece) say where.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommandError {
    #[error("the command is empty")]
    Empty,
    #[error("the quote {quote} is never closed")]
    OpenQuote { quote: char, piece: usize, offset: usize },
    #[error("nothing follows the last backslash")]
    TrailingBackslash { piece: usize, offset: usize },
    #[error("a command cannot hold a zero byte")]
    ZeroByte { piece: usize, offset: usize },
    #[error("the command has more than {WORD_LIMIT} words")]
    TooManyWords,
}

/// Splits a text without interpolations.
///
/// # Errors
/// When it is empty or a quote stays open.
pub fn split_command(text: &str) -> Result<Vec<String>, CommandError> {
    split_pieces(&[CommandPiece::Literal(text.to_owned())])
}

/// Splits a text of several pieces. Words end at blanks outside quotes. `'…'` keeps everything, `"…"` everything but
/// `\"` and `\\`; elsewhere a backslash keeps the character behind it.
///
/// # Errors
/// When there is no word or a quote stays open.
pub fn split_pieces(pieces: &[CommandPiece]) -> Result<Vec<String>, CommandError> {
    let mut splitter = Splitter::default();
    for (piece, stretch) in pieces.iter().enumerate() {
        match stretch {
            CommandPiece::Literal(text) => splitter.literal(piece, text)?,
            CommandPiece::Interpolated(text) => splitter.interpolated(piece, text)?,
        }
    }
    splitter.finish()
}

#[derive(Default)]
struct Splitter {
    words: Vec<String>,
    /// The word being read; `None` between words, so that `''` is a word and a blank is not.
    word: Option<String>,
    /// The open quote and where it was opened.
    quote: Option<(char, usize, usize)>,
    /// Where a backslash waits for its character.
    backslash: Option<(usize, usize)>,
}

impl Splitter {
    fn literal(&mut self, piece: usize, text: &str) -> Result<(), CommandError> {
        for (offset, letter) in text.char_indices() {
            if letter == '\0' {
                return Err(CommandError::ZeroByte { piece, offset });
            }
            let quote = self.quote.map(|(quote, ..)| quote);
            if self.backslash.take().is_some() {
                if quote == Some('"') && !matches!(letter, '"' | '\\') {
                    self.push('\\');
                }
                self.push(letter);
                continue;
            }
            match (quote, letter) {
                (None | Some('"'), '\\') => self.backslash = Some((piece, offset)),
                (None, '\'' | '"') => {
                    self.word.get_or_insert_default();
                    self.quote = Some((letter, piece, offset));
                }
                (Some(open), letter) if open == letter => self.quote = None,
                (None, letter) if letter.is_whitespace() => self.end_word()?,
                (_, letter) => self.push(letter),
            }
        }
        Ok(())
    }

    fn interpolated(&mut self, piece: usize, text: &str) -> Result<(), CommandError> {
        if let Some(offset) = text.find('\0') {
            return Err(CommandError::ZeroByte { piece, offset });
        }
        if self.backslash.take().is_some() {
            self.push('\\');
        }
        self.word.get_or_insert_default().push_str(text);
        Ok(())
    }

    fn push(&mut self, letter: char) {
        self.word.get_or_insert_default().push(letter);
    }

    fn end_word(&mut self) -> Result<(), CommandError> {
        if self.words.len() == WORD_LIMIT {
            return Err(CommandError::TooManyWords);
        }
        self.words.extend(self.word.take());
        Ok(())
    }

    fn finish(mut self) -> Result<Vec<String>, CommandError> {
        if let Some((piece, offset)) = self.backslash {
            return Err(CommandError::TrailingBackslash { piece, offset });
        }
        if let Some((quote, piece, offset)) = self.quote {
            return Err(CommandError::OpenQuote { quote, piece, offset });
        }
        self.end_word()?;
        if self.words.is_empty() { Err(CommandError::Empty) } else { Ok(self.words) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_at_blanks_outside_quotes() {
        let cases: &[(&str, &[&str])] = &[
            ("a b  c", &["a", "b", "c"]),
            ("  a\tb\n", &["a", "b"]),
            ("sh -c 'sleep 1; echo \"x\"'", &["sh", "-c", "sleep 1; echo \"x\""]),
            (r#"a"b c"d"#, &["ab cd"]),
            (r#""a \" \\ \n""#, &[r#"a " \ \n"#]),
            (r"a\ b \'", &["a b", "'"]),
            ("'' x", &["", "x"]),
            ("$HOME *.rs", &["$HOME", "*.rs"]),
        ];
        for (text, words) in cases {
            assert_eq!(split_command(text).unwrap(), *words, "{text}");
        }
    }

    #[test]
    fn an_interpolation_stays_one_word() {
        let pieces = [
            CommandPiece::Literal("cat --file=".into()),
            CommandPiece::Interpolated("a 'b c".into()),
            CommandPiece::Literal(" \"x ".into()),
            CommandPiece::Interpolated("\" y".into()),
            CommandPiece::Literal("\" ".into()),
            CommandPiece::Interpolated(String::new()),
        ];
        assert_eq!(split_pieces(&pieces).unwrap(), ["cat", "--file=a 'b c", "x \" y", ""]);
    }

    #[test]
    fn mistakes_are_pointed_at() {
        let cases = [
            ("", CommandError::Empty),
            ("  ", CommandError::Empty),
            ("ab 'c", CommandError::OpenQuote { quote: '\'', piece: 0, offset: 3 }),
            ("ab\\", CommandError::TrailingBackslash { piece: 0, offset: 2 }),
            ("a\0", CommandError::ZeroByte { piece: 0, offset: 1 }),
        ];
        for (text, error) in cases {
            assert_eq!(split_command(text).unwrap_err(), error, "{text:?}");
        }
        assert_eq!(split_command(&"a ".repeat(WORD_LIMIT + 1)), Err(CommandError::TooManyWords));
    }
}
