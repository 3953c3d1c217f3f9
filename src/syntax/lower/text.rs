//! Texts: escapes resolved, interpolations lowered.

use super::Lower;
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::ast::{Piece, Text};
use crate::syntax::grammar::Rule;
use pest::iterators::Pair;

impl<'a> Lower<'a> {
    pub(super) fn text(&mut self, pair: Pair<'a, Rule>) -> Text {
        let mut text = Text { pieces: Vec::new(), span: self.span(&pair), raw: false };
        let raw = as_raw_text(pair.as_str());
        if let Some(raw) = &raw {
            self.regex_with_escapes(text.span, raw);
        }
        for piece in pair.into_inner() {
            let span = self.span(&piece);
            match piece.as_rule() {
                Rule::raw_text => {
                    text.raw = true;
                    let written = piece.as_str();
                    let inner = written.get(1..written.len() - 1).unwrap_or("");
                    if !inner.is_empty() {
                        text.pieces.push(Piece::Literal {
                            text: inner.to_string(),
                            span: Span::new(span.start + 1, span.end - 1),
                        });
                    }
                }
                Rule::interpolation => {
                    let value = self.only_expression(piece);
                    text.pieces.push(Piece::Value(Box::new(value)));
                }
                Rule::escape => {
                    let written = piece.as_str();
                    let resolved =
                        if raw.is_some() { written.to_string() } else { self.escape(written, span) };
                    append(&mut text.pieces, &resolved, span);
                }
                _ => append(&mut text.pieces, piece.as_str(), span),
            }
        }
        text
    }

    fn regex_with_escapes(&mut self, span: Span, raw: &str) {
        let found = Diagnostic::error("E0121", "a text has no escapes of regular expressions", span)
            .here("a backslash begins an escape here")
            .help(format!("in a raw text a backslash is itself: write `{raw}`"));
        self.report(found.fix(span, raw, false));
    }

    fn escape(&mut self, written: &str, span: Span) -> String {
        match &written[1..] {
            "n" => "\n".into(),
            "t" => "\t".into(),
            "r" => "\r".into(),
            known @ ("\"" | "\\" | "{" | "}") => known.into(),
            other => {
                let message = format!("a text has no escape `\\{other}`");
                let found = Diagnostic::error("E0121", message, span).here("unknown");
                let help = match other {
                    _ if is_of_regex(other) => {
                        "a regular expression is a raw text: write it in `'…'`, where a backslash is itself"
                    }
                    _ => "write `\\n`, `\\r`, `\\t`, `\\\"`, `\\\\` or `\\{`; a raw text '…' has no escapes",
                };
                self.report(found.help(help).fix(span, format!("\\\\{other}"), false));
                other.into()
            }
        }
    }
}

/// Whether something behind a backslash is an escape of regular expressions.
fn is_of_regex(escaped: &str) -> bool {
    matches!(
        escaped,
        "d" | "D"
            | "w"
            | "W"
            | "s"
            | "S"
            | "b"
            | "B"
            | "."
            | "("
            | ")"
            | "["
            | "]"
            | "*"
            | "+"
            | "?"
            | "|"
            | "$"
            | "^"
            | "/"
            | "-"
    )
}

/// A text with escapes of regular expressions, as the raw text that was meant; none where anything else in it would be
/// read in another way then.
fn as_raw_text(written: &str) -> Option<String> {
    let inner = written.strip_prefix('"')?.strip_suffix('"').filter(|inner| inner.contains('\\'))?;
    let mut of_regex = false;
    let mut characters = inner.char_indices();
    while let Some((_, character)) = characters.next() {
        match character {
            '\\' => {
                let (at, next) = characters.next()?;
                if !is_of_regex(&inner[at..at + next.len_utf8()]) {
                    return None;
                }
                of_regex = true;
            }
            '{' | '\'' => return None,
            _ => {}
        }
    }
    of_regex.then(|| format!("'{inner}'"))
}

/// Adds to the literal at the end, or begins one.
fn append(pieces: &mut Vec<Piece>, more: &str, place: Span) {
    if let Some(Piece::Literal { text, span }) = pieces.last_mut() {
        text.push_str(more);
        *span = span.to(place);
    } else {
        pieces.push(Piece::Literal { text: more.to_string(), span: place });
    }
}
