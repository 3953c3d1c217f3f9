//! Findings for people: the lines they are about, with what is said there, in colour where that is wanted.

use super::format::{Examined, Format, Setting, once};
use super::{Diagnostic, Severity};
use crate::source::{SourceFile, Sources, Span};
use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode,
    SourceSpan, SpanContents, ThemeCharacters, ThemeStyles,
};
use std::borrow::Cow;
use std::fmt;

/// A longer line, in bytes, is not drawn: only its place is told.
const MAX_DRAWN_LINE: usize = 1_000;
/// A place that covers more lines is not drawn either.
const MAX_DRAWN_LINES: u32 = 50;

/// So many findings are drawn. Whoever has more mends some of them first; a program asks for a form that has them all.
const MAX_DRAWN: usize = 250;

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
    capped(once(examined).into_iter().map(|(one, found)| (&one.sources, found)), setting.style)
}

/// Draws these findings, a blank line between two; of very many the first only.
pub fn render<'d>(
    sources: &Sources,
    diagnostics: impl IntoIterator<Item = &'d Diagnostic>,
    style: Style,
) -> String {
    capped([(sources, diagnostics.into_iter().collect())], style)
}

fn capped<'d>(groups: impl IntoIterator<Item = (&'d Sources, Vec<&'d Diagnostic>)>, style: Style) -> String {
    let mut room = MAX_DRAWN;
    let (mut drawn, mut left) = (String::new(), 0);
    for (sources, found) in groups {
        let shown = found.len().min(room);
        drawn += &draw(sources, &found[..shown], style);
        (room, left) = (room - shown, left + found.len() - shown);
    }
    drawn + &rest(left)
}

/// What is said of findings that are not drawn.
fn rest(left: usize) -> String {
    match left {
        0 => String::new(),
        _ => format!("... and {left} more; `soak check --format concise` tells all of them\n\n"),
    }
}

fn draw(sources: &Sources, diagnostics: &[&Diagnostic], style: Style) -> String {
    let handler = GraphicalReportHandler::new_themed(style.theme()).with_width(style.width).with_links(false);
    if diagnostics.is_empty() {
        return String::new();
    }
    let excerpts: Vec<Excerpt> = sources.files().iter().map(Excerpt::new).collect();
    let mut drawn = String::new();
    for diagnostic in diagnostics {
        let report = Report::new(sources, &excerpts, diagnostic);
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
struct Report<'s> {
    message: String,
    code: Option<&'static str>,
    severity: miette::Severity,
    source: Option<&'s Excerpt<'s>>,
    labels: Vec<LabeledSpan>,
    help: Option<String>,
    related: Vec<Report<'s>>,
}

impl<'s> Report<'s> {
    fn new(sources: &'s Sources, excerpts: &'s [Excerpt<'s>], diagnostic: &Diagnostic) -> Report<'s> {
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
        let excerpt = |file: &SourceFile| excerpts.iter().find(|excerpt| std::ptr::eq(excerpt.file, file));
        report.source = excerpt(own);
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
                    source: excerpt(file),
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

/// A file as miette reads it. Only the lines around a place are looked at, so that many findings in a long file are drawn
/// in a time that grows with their number alone.
#[derive(Debug)]
struct Excerpt<'s> {
    file: &'s SourceFile,
    /// Its text at the same length, without what a terminal would obey.
    text: Cow<'s, str>,
}

impl<'s> Excerpt<'s> {
    fn new(file: &'s SourceFile) -> Excerpt<'s> {
        let text = file.text();
        let obeyed = |c: char| obeyed_as(c).is_some();
        let text = match text.contains(obeyed) {
            false => Cow::Borrowed(text),
            true => Cow::Owned(harmless(text)),
        };
        Excerpt { file, text }
    }
}

fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match obeyed_as(c) {
            Some(instead) => shown.push_str(instead),
            None => shown.push(c),
        }
    }
    shown
}

/// What is shown, at the same length, in place of a character that a terminal obeys: one that moves, colours or erases,
/// or turns the direction of writing.
fn obeyed_as(c: char) -> Option<&'static str> {
    match c {
        '\t' | '\n' | '\r' => None,
        '\0'..'\u{20}' | '\u{7f}' => Some("?"),
        '\u{80}'..'\u{a0}' => Some("??"),
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => Some("\u{fffd}"),
        _ => None,
    }
}

impl SourceCode for Excerpt<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        before: usize,
        after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        let file = self.file;
        let at = |offset: usize| file.base() + offset.min(file.text().len()) as u32;
        // One line more on either side than is asked for, so that the ends of the lines are seen too.
        let first = (file.line_of(at(span.offset())) as usize).saturating_sub(before + 1).max(1);
        let last = file.line_of(at(span.offset() + span.len())) as usize + after + 1;
        let start = file.line_start(first as u32);
        let lines = &self.text[start..file.line_start(last as u32 + 1)];
        let shifted = SourceSpan::from((span.offset().saturating_sub(start), span.len()));
        let read = lines.read_span(&shifted, before, after)?;
        let place = SourceSpan::from((read.span().offset() + start, read.span().len()));
        let (above, name) = (first - 1, file.name().to_string());
        let (line, count) = (read.line() + above, read.line_count() + above);
        Ok(Box::new(MietteSpanContents::new_named(name, read.data(), place, line, read.column(), count)))
    }
}

/// A span as offset and length in its own file.
fn local(file: &SourceFile, span: Span) -> (usize, usize) {
    let start = (span.start.saturating_sub(file.base()) as usize).min(file.text().len());
    (start, span.len().min(file.text().len() - start))
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
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
        self.source.map(|source| source as &dyn SourceCode)
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
