//! Tables: columns as wide as their widest cell, comments between and behind the rows.

use super::Writer;
use super::lines::Line;
use crate::source::Span;
use crate::syntax::ast::{Block, Table};
use unicode_width::UnicodeWidthStr;

impl<'a> Writer<'a> {
    pub(super) fn for_each_table(&mut self, head: &str, table: &Table, body: &Block, indent: usize) {
        let before = self.between(self.base, table.span.start).rfind('\n').unwrap_or(0);
        // The head's line ends where its comment begins, or with its last word.
        let mut end = self.base + before as u32;
        let comment = self.comments.get(self.next_comment).filter(|comment| !comment.own_line);
        if let Some(comment) = comment.filter(|comment| comment.span.start < table.span.start) {
            end = comment.span.start;
        }
        self.push(Line::plain(indent, head.to_string()), end);
        self.fresh = true;
        self.table(table, indent + 1);
        self.comments_before(body.span.start, indent + 1);
        self.with_body(String::new(), super::head::Body::Block(body, false), indent);
    }

    pub(super) fn table(&mut self, table: &Table, indent: usize) {
        let header: Vec<String> = table.header.iter().map(|name| name.text.clone()).collect();
        let mut rows: Vec<(Span, Vec<String>)> = vec![(table.span, header)];
        for row in &table.rows {
            let cells = row.cells.iter().map(|cell| self.expression(cell, indent)).collect();
            rows.push((row.span, cells));
        }
        let width = |column: usize| {
            rows.iter().filter_map(|(_, cells)| cells.get(column)).map(|cell| cell.width()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..table.header.len()).map(width).collect();
        for (index, (span, cells)) in rows.iter().enumerate() {
            let mut text = String::from("|");
            for (cell, width) in cells.iter().zip(&widths) {
                let gap = " ".repeat(width.saturating_sub(cell.width()));
                text.push_str(&format!(" {cell}{gap} |"));
            }
            self.comments_before(span.start, indent);
            self.blank_before(span.start);
            // The header has no span of its own: its line ends behind its last `|`.
            let end = if index == 0 { self.row_end(span.start) } else { span.end };
            self.push(Line::plain(indent, text), end);
        }
    }

    fn row_end(&self, start: u32) -> u32 {
        let rest = self.between(start, self.base + self.text.len() as u32);
        let line = rest.split(['\n', '#']).next().unwrap_or("");
        start + line.rfind('|').map_or(line.len(), |index| index + 1) as u32
    }
}
