//! What is wrong with a scenario, as a value: every finding has a code, a place, and where possible a remedy.
//!
//! The rooms that find mistakes build [`Diagnostic`]s; the renderers beside this file show them.

pub mod codes;
pub mod concise;
pub mod fix;
pub mod format;
mod github;
pub mod human;
pub mod json;
mod junit;
mod sarif;

use crate::source::Span;

/// How much of a sentence is told, in bytes: a name or a literal in it may be as long as a file.
const MAX_SENTENCE: usize = 2_000;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The scenario can run, but it probably does not say what was meant.
    Warning,
    /// The scenario cannot run.
    Error,
}

/// A place that a finding talks about, with what is to be said there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is wrong there, in a few words; may be empty.
    pub text: String,
}

/// A change to the text that would mend a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// What is replaced; an empty span inserts.
    pub span: Span,
    /// What stands there afterwards.
    pub replacement: String,
    /// Whether it may be applied without a person looking: it cannot change what the scenario means.
    pub safe: bool,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `E0203` or `W0102`; a key of the table in [`codes`].
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One sentence, without a final stop.
    pub message: String,
    /// The places; the first is the one that the finding is about.
    pub labels: Vec<Label>,
    /// What to do, in a form that can be pasted where one exists.
    pub help: Option<String>,
    /// Edits that together mend it.
    pub fixes: Vec<Fix>,
}

impl Diagnostic {
    /// An error at `span`. The code's first letter must be `E`.
    pub fn error(code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(code, Severity::Error, message.into(), span)
    }

    /// A warning at `span`. The code's first letter must be `W`.
    pub fn warning(code: &'static str, message: impl Into<String>, span: Span) -> Diagnostic {
        Diagnostic::new(code, Severity::Warning, message.into(), span)
    }

    fn new(code: &'static str, severity: Severity, message: String, span: Span) -> Diagnostic {
        let message = told(message);
        let labels = vec![Label { span, text: String::new() }];
        Diagnostic { code, severity, message, labels, help: None, fixes: Vec::new() }
    }

    /// Says `text` at the primary place.
    pub fn here(mut self, text: impl Into<String>) -> Diagnostic {
        self.labels[0].text = told(text.into());
        self
    }

    /// Adds a second place.
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push(Label { span, text: told(text.into()) });
        self
    }

    /// Says what to do.
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(told(text.into()));
        self
    }

    /// Adds an edit; `safe` when it cannot change what the scenario means.
    pub fn fix(mut self, span: Span, replacement: impl Into<String>, safe: bool) -> Diagnostic {
        self.fixes.push(Fix { span, replacement: replacement.into(), safe });
        self
    }

    /// The place that the finding is about.
    pub fn span(&self) -> Span {
        self.labels[0].span
    }

    /// Whether the scenario cannot run because of it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// A sentence, with `…` for the middle of one that nobody would read to its end.
fn told(mut sentence: String) -> String {
    if sentence.len() > MAX_SENTENCE {
        let mut start = MAX_SENTENCE / 2;
        while !sentence.is_char_boundary(start) {
            start -= 1;
        }
        let mut end = sentence.len() - MAX_SENTENCE / 2;
        while !sentence.is_char_boundary(end) {
            end += 1;
        }
        sentence.replace_range(start..end, "…");
    }
    sentence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_does_not_repeat_a_word_as_long_as_a_file() {
        let name = "ä".repeat(1_000_000);
        let found = Diagnostic::error("E0201", format!("there is no target `{name}`"), Span::at(0));
        assert!(found.message.len() <= MAX_SENTENCE + "…".len());
        assert!(found.message.starts_with("there is no target `ä") && found.message.ends_with("ä`"));
    }
}
