//! Findings for people: the lines they are about, with what is said there, in colour where that is wanted.

use super::format::{Examined, Format, Setting, once};
use super::{Diagnostic, Severity};
use crate::source::{SourceFile, Sources, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode, ThemeCharacters,
    ThemeStyles,
};
use std::fmt;

/// A longer line, in bytes, is not drawn: only its place is told.
const MAX_DRAWN_LINE: usize = 1_000;
/// A place that covers more lines is not drawn either.
const MAX_DRAWN_LINES: u32 = 50;

/// How findings are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used.
    pub color: bool,
    /// Whether lines are drawn with more than ASCII.
    pub unicode: bool,
    /// How wide the text may be, in columns.
    pub width: usize,
}

impl Style {
    /// Without colour, in ASCII: for files and pipes.
    pub const PLAIN: Style = Style { color: false, unicode: false, width: 100 };

    /// The style for a stream, going by `NO_COLOR` (any value but the empty one means no colour), `TERM` and the locale.
    pub fn for_stream(is_terminal: bool, width: Option<usize>) -> Style {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .iter()
            .find_map(|name| std::env::var(name).ok().filter(|v| !v.is_empty()));
        let unicode =
            locale.is_some_and(|locale| locale.to_ascii_lowercase().replace('-', "").contains("utf8"));
        Style {
            color: is_terminal && !dumb && !set("NO_COLOR"),
            unicode: is_terminal && !dumb && unicode,
            width: width.unwrap_or(Style::PLAIN.width).clamp(40, 160),
        }
    }

    fn theme(self) -> GraphicalTheme {
        GraphicalTheme {
            characters: if self.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
            styles: if self.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
        }
    }
}

/// This form.
pub const FORMAT: Format =
    Format { name: "human", about: "For people: the lines they are about", render: all };

fn all(examined: &[Examined], setting: &Setting) -> String {
    once(examined).into_iter().map(|(one, found)| render(&one.sources, found, setting.style)).collect()
}

/// Draws these findings, a blank line between two.
pub fn render<'d>(
    sources: &Sources,
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    style: Style,
) -> String {
    let handler = GraphicalReportHandler::new_themed(style.theme()).with_width(style.width).with_links(false);
    let mut drawn = String::new();
    for diagnostic in diagnostics {
        let report = Report::new(sources, diagnostic);
        if handler.render_report(&mut drawn, &report).is_err() {
            // Drawing into a string fails only where a place lies in no file; the sentence is told all the same.
            drawn.push_str(&super::concise::line(sources, diagnostic));
        }
        drawn.push('\n');
    }
    drawn
}

/// One finding in the form that miette draws: all labels of a report lie in one file, so each further file with labels
/// becomes a related report.
#[derive(Debug)]
struct Report {
    message: String,
    code: Option<&'static str>,
    severity: miette::Severity,
    source: Option<NamedSource<String>>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
    related: Vec<Report>,
}

impl Report {
    fn new(sources: &Sources, diagnostic: &Diagnostic) -> Report {
        let severity = match diagnostic.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
        };
        let mut report = Report {
            message: diagnostic.message.clone(),
            code: Some(diagnostic.code),
            severity,
            source: None,
            labels: Vec::new(),
            help: diagnostic.help.clone(),
            related: Vec::new(),
        };
        if sources.files().is_empty() {
            return report;
        }
        let own = sources.file_of(diagnostic.span());
        if diagnostic.labels.iter().any(|label| too_wide(sources.file_of(label.span), label.span)) {
            let position = own.position(diagnostic.span().start);
            report.message = format!("{}:{position}: {}", own.name(), diagnostic.message);
            return report;
        }
        report.source = Some(named(own));
        for (index, label) in diagnostic.labels.iter().enumerate() {
            let file = sources.file_of(label.span);
            let text = Some(label.text.clone()).filter(|text| !text.is_empty());
            let place = local(file, label.span);
            if std::ptr::eq(file, own) {
                let span = if index == 0 {
                    LabeledSpan::new_primary_with_span(text, place)
                } else {
                    LabeledSpan::new_with_span(text, place)
                };
                report.labels.push(span);
            } else {
                report.related.push(Report {
                    message: text.unwrap_or_else(|| "see also".into()),
                    code: None,
                    severity: miette::Severity::Advice,
                    source: Some(named(file)),
                    labels: vec![LabeledSpan::new_with_span(None, place)],
                    help: None,
                    related: Vec::new(),
                });
            }
        }
        report
    }
}

/// Whether the lines that would be drawn around a place are too long to be read.
fn too_wide(file: &SourceFile, span: Span) -> bool {
    let (first, last) = (file.line_of(span.start), file.line_of(span.end));
    let edges = [first.saturating_sub(1), first, first + 1, last.saturating_sub(1), last, last + 1];
    edges.iter().any(|line| file.line(*line).len() > MAX_DRAWN_LINE) || last - first > MAX_DRAWN_LINES
}

fn named(file: &SourceFile) -> NamedSource<String> {
    NamedSource::new(file.name(), file.text().to_string())
}

/// A span as offset and length in its own file.
fn local(file: &SourceFile, span: Span) -> (usize, usize) {
    let start = (span.start.saturating_sub(file.base()) as usize).min(file.text().len());
    (start, span.len().min(file.text().len() - start))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report {}

impl miette::Diagnostic for Report {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.code.map(|code| Box::new(code) as Box<dyn fmt::Display>)
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(self.severity)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn miette::Diagnostic> + 'a>> {
        if self.related.is_empty() {
            return None;
        }
        Some(Box::new(self.related.iter().map(|report| report as &dyn miette::Diagnostic)))
    }
}
