//! Elements of a drawing, with their texts escaped.

use std::fmt::Write;

/// The longest text in a tooltip, in characters.
const LONGEST_HINT: usize = 300;

/// The drawing as it grows.
pub(super) struct Paper(String);

impl Paper {
    pub fn new() -> Paper {
        Paper(String::new())
    }

    pub fn finish(self) -> String {
        self.0
    }

    /// Adds markup as it is.
    pub fn raw(&mut self, markup: &str) {
        self.0.push_str(markup);
    }

    pub fn text(&mut self, x: f64, y: f64, class: &str, text: &str) {
        let text = escaped(text);
        let _ =
            writeln!(self.0, "<text x=\"{}\" y=\"{}\" class=\"{class}\">{text}</text>", short(x), short(y));
    }

    /// A text that ends at `x`, or is centred on it.
    pub fn anchored(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        let text = escaped(text);
        let _ = writeln!(
            self.0,
            "<text x=\"{}\" y=\"{}\" class=\"{class}\" text-anchor=\"{anchor}\">{text}</text>",
            short(x),
            short(y)
        );
    }

    pub fn rect(&mut self, at: (f64, f64), size: (f64, f64), class: &str, hint: &str) {
        let _ = writeln!(
            self.0,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"2\" class=\"{class}\"{}",
            short(at.0),
            short(at.1),
            short(size.0),
            short(size.1),
            closed("rect", hint)
        );
    }

    /// A rectangle in a pattern.
    pub fn filled(&mut self, at: (f64, f64), size: (f64, f64), pattern: &str, hint: &str) {
        let _ = writeln!(
            self.0,
            "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"url(#{pattern})\"{}",
            short(at.0),
            short(at.1),
            short(size.0),
            short(size.1),
            closed("rect", hint)
        );
    }

    pub fn path(&mut self, class: &str, d: &str, hint: &str) {
        let _ = writeln!(self.0, "<path class=\"{class}\" d=\"{d}\"{}", closed("path", hint));
    }

    pub fn diamond(&mut self, x: f64, y: f64, hint: &str) {
        self.path("mark", &format!("M{} {}l4 4-4 4-4-4z", short(x), short(y - 4.0)), hint);
    }
}

/// The end of an element, with what is told where it is pointed at.
fn closed(name: &str, hint: &str) -> String {
    if hint.is_empty() {
        return "/>".into();
    }
    format!("><title>{}</title></{name}>", escaped(&clipped(hint, LONGEST_HINT)))
}

/// A number with no more digits than can be seen.
pub(super) fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

/// As much of a text as fits into so many characters.
pub(super) fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut clipped: String = text.chars().take(most.saturating_sub(1)).collect();
    clipped.push('…');
    clipped
}

/// A text as XML has it: without what XML cannot hold, and without what would turn the text after it around.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    escaped
}
