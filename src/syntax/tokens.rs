//! A plain cut of one statement into words, numbers, texts and marks, for the second look at what could not be read.

use std::ops::Range;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Word,
    Number,
    Text,
    Mark,
}

/// A token with its place in the file.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub range: Range<usize>,
    /// How many brackets are open around it.
    pub depth: usize,
}

/// Marks of two characters.
const PAIRS: [&str; 9] = ["==", "!=", "<=", ">=", "&&", "||", "->", "..", "=>"];

/// Cuts `text[within]` into tokens. Texts were checked by the layout, so each ends on its line.
pub(super) fn tokens(text: &str, within: Range<usize>) -> Vec<Token<'_>> {
    first_tokens(text, within, usize::MAX)
}

/// What a statement says, whatever stands between its words and marks: two that differ only in that are the same.
pub fn said(text: &str) -> String {
    let tokens = tokens(text, 0..text.len());
    let kept = tokens.iter().enumerate().filter(|(at, token)| {
        // A comma before the end of a list says nothing.
        let ends = tokens.get(at + 1).is_some_and(|next| matches!(next.text, ")" | "]" | "}"));
        token.text != "," || !ends
    });
    kept.map(|(_, token)| token.text).collect::<Vec<_>>().join(" ")
}

/// The first of them, so many at most: a statement may be as long as a file.
pub(super) fn first_tokens(text: &str, within: Range<usize>, most: usize) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut at = within.start;
    let mut depth = 0usize;
    while at < within.end && tokens.len() < most {
        let rest = &text[at..within.end];
        let Some(first) = rest.chars().next() else { break };
        if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        }
        let (kind, length) = match first {
            'a'..='z' | 'A'..='Z' | '_' => (Kind::Word, run(rest, |c| c.is_ascii_alphanumeric() || c == '_')),
            '0'..='9' => (Kind::Number, number(rest)),
            '"' | '\'' => (Kind::Text, quoted(rest)),
            _ if rest.get(..2).is_some_and(|pair| PAIRS.contains(&pair)) => (Kind::Mark, 2),
            _ => (Kind::Mark, first.len_utf8()),
        };
        if matches!(first, ')' | ']' | '}') {
            depth = depth.saturating_sub(1);
        }
        tokens.push(Token { kind, text: &rest[..length], range: at..at + length, depth });
        if matches!(first, '(' | '[' | '{') {
            depth += 1;
        }
        at += length;
    }
    tokens
}

fn run(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn number(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut end = 0;
    while let Some(byte) = bytes.get(end) {
        let fraction = *byte == b'.' && bytes.get(end + 1).is_some_and(u8::is_ascii_digit);
        let rate = *byte == b'/' && bytes.get(end + 1).is_some_and(u8::is_ascii_alphabetic);
        if !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'%') || fraction || rate) {
            break;
        }
        end += 1;
    }
    end
}

/// The length of a text: to the quote that closes it, interpolations skipped, or to the end.
fn quoted(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (quote, raw) = (bytes[0], bytes[0] == b'\'');
    let mut open = 0usize;
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if !raw => at += 1,
            b'{' if !raw => open += 1,
            b'}' if !raw => open = open.saturating_sub(1),
            byte if byte == quote && (open == 0 || raw) => return at + 1,
            _ => {}
        }
        at += 1;
    }
    // Braces that do not match: the first quote ends it.
    let simple = text[1..].find(quote as char);
    simple.map_or(text.len(), |index| index + 2)
}
