//! Colours and marks, where they are wanted.

use super::Style;
use crate::event::Verdict;

/// A colour of the terminal's own sixteen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    Red = 31,
    Green = 32,
    Yellow = 33,
    Magenta = 35,
    Gray = 90,
}

/// The text in a colour.
pub fn colored(style: Style, color: Color, text: &str) -> String {
    if style.color { format!("\x1b[{}m{text}\x1b[0m", color as u8) } else { text.to_owned() }
}

/// The colour of a verdict.
pub fn color(verdict: Verdict) -> Color {
    match verdict {
        Verdict::Pass => Color::Green,
        Verdict::Warn => Color::Yellow,
        Verdict::Inconclusive => Color::Magenta,
        Verdict::Fail => Color::Red,
    }
}

/// The mark of a verdict, one column wide.
pub fn mark(style: Style, verdict: Verdict) -> &'static str {
    match (verdict, style.unicode) {
        (Verdict::Pass, true) => "✓",
        (Verdict::Pass, false) => "+",
        (Verdict::Warn, _) => "!",
        (Verdict::Inconclusive, _) => "?",
        (Verdict::Fail, true) => "✗",
        (Verdict::Fail, false) => "x",
    }
}

/// What stands where a text was cut off.
pub fn ellipsis(style: Style) -> &'static str {
    if style.unicode { "…" } else { "..." }
}

/// The text on one line and without anything that would steer the terminal.
pub fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

/// As much of a text as fits into so many columns.
pub fn clip(style: Style, text: &str, columns: usize) -> String {
    use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};
    if text.width() <= columns {
        return text.to_owned();
    }
    let ellipsis = ellipsis(style);
    let room = columns.saturating_sub(ellipsis.width());
    let mut used = 0;
    let fits = |character: &char| {
        used += character.width().unwrap_or(0);
        used <= room
    };
    let mut clipped: String = text.chars().take_while(fits).collect();
    clipped.push_str(ellipsis);
    clipped
}
