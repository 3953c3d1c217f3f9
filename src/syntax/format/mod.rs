//! The one form of a scenario: two spaces a level, one statement a line, comments where they were, at most one blank
//! line, like lines aligned.
//!
//! What is kept as it was written: the spelling of literals, whether a block or a bracket is on one line (where it
//! fits), `< >` around a loop that fits on one line and compares nothing. A statement with a comment within its
//! brackets is left as it stands.

mod expression;
mod head;
mod inline;
mod lines;
mod table;

use super::Parsed;
use super::ast::{Block, Comment, Statement, StatementKind};
use crate::source::{SourceFile, Span};
use head::Body;
use lines::{Group, Line};

/// The widest line that a loop in `< >` may make, and an expectation with its `show`.
const MAX_LOOP_WIDTH: usize = 100;
/// The widest line that a block written on one line may make.
const MAX_LINE_WIDTH: usize = 128;

/// Writes a file in its one form. `None` when it has mistakes: what could not be read would be lost.
pub fn format(file: &SourceFile, parsed: &Parsed) -> Option<String> {
    if parsed.has_errors() {
        return None;
    }
    let mut writer = Writer {
        text: file.text(),
        base: file.base(),
        comments: &parsed.file.comments,
        next_comment: 0,
        lines: Vec::new(),
        last_end: file.base(),
        fresh: true,
    };
    for statement in &parsed.file.items {
        writer.statement(statement, 0, "", false);
    }
    writer.comments_before(file.span().end + 1, 0);
    Some(lines::join(writer.lines))
}

struct Writer<'a> {
    text: &'a str,
    base: u32,
    comments: &'a [Comment],
    next_comment: usize,
    lines: Vec<Line<'a>>,
    /// Where in the file what was written last ends.
    last_end: u32,
    /// Nothing was written yet in this block: no blank line comes first.
    fresh: bool,
}

impl<'a> Writer<'a> {
    fn source(&self, span: Span) -> &'a str {
        let range = (span.start - self.base) as usize..(span.end - self.base) as usize;
        self.text.get(range).unwrap_or("")
    }

    fn between(&self, start: u32, end: u32) -> &'a str {
        if start < end { self.source(Span::new(start, end)) } else { "" }
    }

    fn has_comment(&self, span: Span) -> bool {
        let first = self.comments.partition_point(|comment| comment.span.start < span.start);
        self.comments.get(first).is_some_and(|comment| comment.span.start < span.end)
    }

    /// Writes the comments that stand before `position`, and a blank line where one was before it.
    fn comments_before(&mut self, position: u32, indent: usize) {
        while let Some(comment) = self.comments.get(self.next_comment) {
            if comment.span.start >= position {
                break;
            }
            self.next_comment += 1;
            self.blank_before(comment.span.start);
            let text = self.source(comment.span).trim_end();
            self.push(Line::plain(indent, text), comment.span.end);
        }
    }

    fn blank_before(&mut self, position: u32) {
        let newlines = self.between(self.last_end, position).matches('\n').count();
        if newlines > 1 && !self.fresh {
            self.lines.push(Line::blank());
        }
    }

    /// Adds a line for what ends at `end` in the file, with the comment that stands behind it.
    fn push(&mut self, mut line: Line<'a>, end: u32) {
        self.fresh = false;
        self.last_end = end;
        if let Some(comment) = self.comments.get(self.next_comment)
            && !comment.own_line
            && comment.span.start >= end
            && self.between(end, comment.span.start).chars().all(|c| matches!(c, ' ' | '\t' | ';' | '\r'))
        {
            line.comment = Some(self.source(comment.span).trim_end());
            self.last_end = comment.span.end;
            self.next_comment += 1;
        }
        self.lines.push(line);
    }

    /// Writes one statement; `prefix` is the weight before it in a `choose`, `setting` that it stands in the
    /// declaration of a target.
    fn statement(&mut self, statement: &Statement, indent: usize, prefix: &str, setting: bool) {
        let start = statement.span.start;
        if prefix.is_empty() {
            self.comments_before(start, indent);
            self.blank_before(start);
        }
        let body = head::body(statement);
        let head_end = body.as_ref().map_or(statement.span.end, |body| body.span().start);
        if let StatementKind::ForEach { source: super::ast::EachSource::Table(table), variable, body } =
            &statement.kind
        {
            let head = format!("{prefix}for each {} in", variable.text);
            return self.for_each_table(&head, table, body, indent);
        }
        if self.has_comment(Span::new(start, head_end)) {
            return self.verbatim(Span::new(start, head_end), body, indent, prefix);
        }
        if let Some(line) = self.on_one_line(statement, indent, prefix, setting) {
            return self.push(line, statement.span.end);
        }
        let cells = self.head(statement, indent, setting);
        match body {
            None => {
                let line = Line::cells(indent, prefix, cells);
                self.push(line, statement.span.end);
            }
            Some(body) => self.with_body(format!("{prefix}{}", cells.text()), body, indent),
        }
    }

    /// A statement that is left as it was written up to its block, because of the comments in it.
    fn verbatim(&mut self, head: Span, body: Option<Body<'_>>, indent: usize, prefix: &str) {
        let skipped = self.comments.partition_point(|comment| comment.span.start < head.end);
        self.next_comment = self.next_comment.max(skipped);
        let written: Vec<&str> = self.source(head).trim_end().lines().map(str::trim_end).collect();
        let text = format!("{prefix}{}", written.join("\n"));
        match body {
            Some(body) => self.with_body(text, body, indent),
            None => self.push(Line::plain(indent, text), head.end),
        }
    }

    /// A head with its block below it.
    fn with_body(&mut self, head: String, body: Body<'_>, indent: usize) {
        let span = body.span();
        let space = if head.is_empty() { "" } else { " " };
        if body.is_empty() && !self.has_comment(span) {
            return self.push(Line::plain(indent, format!("{head}{space}{{}}")), span.end);
        }
        self.push(Line::plain(indent, format!("{head}{space}{{")), span.start + 1);
        self.fresh = true;
        self.body(body, indent + 1);
        self.comments_before(span.end - 1, indent + 1);
        self.push(Line::plain(indent, "}"), span.end);
    }

    fn body(&mut self, body: Body<'_>, indent: usize) {
        match body {
            Body::Block(block, setting) => self.statements(block, indent, setting),
            Body::Settings(settings, _) => {
                for statement in settings {
                    self.statement(statement, indent, "", true);
                }
            }
            Body::Mix(parts, _) => {
                for part in parts {
                    let cells = vec![self.expression(&part.weight, indent), part.action.text.clone()];
                    self.grouped(part.weight.span.to(part.action.span), Group::Mix, cells, indent);
                }
            }
            Body::Ledger(ledger) => {
                let sent = ledger.sent.iter().map(|line| ("sent", line));
                let received = ledger.received.iter().map(|line| ("received", line));
                let mut both: Vec<_> = sent.chain(received).collect();
                both.sort_by_key(|(_, line)| line.span.start);
                for (word, line) in both {
                    if self.has_comment(line.span) {
                        self.comments_before(line.span.start, indent);
                        self.blank_before(line.span.start);
                        self.verbatim(line.span, None, indent, "");
                    } else {
                        let cells = vec![word.to_string(), self.ledger_line(line, indent)];
                        self.grouped(line.span, Group::Ledger, cells, indent);
                    }
                }
            }
            Body::Curve(table, _) => self.table(table, indent),
            Body::Choose(branches, _) => {
                for branch in branches {
                    self.comments_before(branch.weight.span.start, indent);
                    self.blank_before(branch.weight.span.start);
                    let prefix = format!("{}: ", self.expression(&branch.weight, indent));
                    self.statement(&branch.statement, indent, &prefix, false);
                }
            }
        }
    }

    fn statements(&mut self, block: &Block, indent: usize, setting: bool) {
        for statement in &block.statements {
            self.statement(statement, indent, "", setting);
        }
    }

    fn grouped(&mut self, span: Span, group: Group, cells: Vec<String>, indent: usize) {
        self.comments_before(span.start, indent);
        self.blank_before(span.start);
        self.push(Line::cells(indent, "", head::Cells { cells, group }), span.end);
    }
}
