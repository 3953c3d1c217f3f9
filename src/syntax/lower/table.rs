//! Tables, a row at a time, so that a mistake in one row leaves the others; and `for each`, which may have one.

use super::{Head, Lower, parts};
use crate::diag::Diagnostic;
use crate::syntax::ast::{Block, EachSource, Expr, ExprKind, Name, Row, StatementKind, Table};
use crate::syntax::grammar::Rule;
use crate::syntax::layout::BlockItem;
use crate::syntax::mistake;

impl<'a> Lower<'a> {
    pub(super) fn for_each(&mut self, head: Head, block: Option<&BlockItem>) -> StatementKind {
        let text = &self.text[head.start..head.end];
        let first_line = text.find('\n').unwrap_or(text.len());
        let line = Head { start: head.start, end: head.start + text[..first_line].trim_end().len() };
        let Some(pair) = self.read(Rule::for_each, line) else { return self.bad(head, block) };
        let mut parts = parts(pair);
        let Some(word) = parts.next() else { return self.bad(head, block) };
        let variable = self.checked_name(&word);
        let list = parts.next().map(|pair| self.expression(pair));
        let rows = Head { start: head.start + first_line, end: head.end };
        let has_rows = rows.start < rows.end;
        let source = match list {
            Some(list) if !has_rows => EachSource::List(list),
            None if has_rows => EachSource::Table(self.table(rows, false)),
            list => {
                let place = list.map_or(self.between(line.end, line.end), |list| list.span);
                let message = "`for each` goes over a list or over a table";
                let found = Diagnostic::error("E0126", message, place);
                let label = if has_rows { "this and a table" } else { "neither stands here" };
                let help =
                    "write `for each level in [5/s, 10/s] { … }`, or rows between `|` on the next lines";
                self.report(found.here(label).help(help));
                return self.bad(head, block);
            }
        };
        let Some(block) = self.needed(head, block, "for") else { return StatementKind::unreadable(None) };
        let body: Block = self.block(block);
        StatementKind::ForEach { variable, source, body }
    }

    pub(super) fn curve_table(&mut self, block: &BlockItem) -> Table {
        let empty = Table { header: Vec::new(), rows: Vec::new(), span: self.block_span(block) };
        let (mut table, mut strays) = (None, Vec::new());
        for item in &block.items {
            let is_table = self.text[item.start..item.end].starts_with('|');
            if item.broken {
                continue;
            } else if is_table && table.is_none() {
                table = Some(self.table(Head { start: item.start, end: item.end }, true));
            } else {
                strays.push(item);
            }
        }
        let none_at_all = table.is_none() && block.items.iter().all(|item| !item.broken);
        if (none_at_all || !strays.is_empty()) && !self.damaged {
            let place = match strays.first() {
                Some(item) => self.between(item.start, item.end.max(item.start + 1)),
                None => self.block_span(block),
            };
            let found = Diagnostic::error("E0126", "a curve is one table", place).here("no table");
            self.report(found.help("write rows between `|`, the first `| at | level |`"));
        }
        table.unwrap_or(empty)
    }

    fn table(&mut self, rows: Head, curve: bool) -> Table {
        let text = &self.text[rows.start..rows.end];
        let mut at = rows.start;
        let mut table: Option<Table> = None;
        let (mut bad_header, mut has_rows) = (false, false);
        for line in text.split('\n') {
            let start = at + (line.len() - line.trim_start().len());
            let head = Head { start, end: at + line.trim_end().len() };
            at += line.len() + 1;
            if line.trim().is_empty() || bad_header {
                continue;
            }
            match &mut table {
                None => match self.header(head) {
                    Some(header) => {
                        let span = self.between(head.start, head.end);
                        table = Some(Table { header, rows: Vec::new(), span });
                    }
                    None => bad_header = true,
                },
                Some(table) => {
                    has_rows = true;
                    table.span = table.span.to(self.between(head.start, head.end));
                    let width = table.header.len();
                    if let Some(row) = self.row(head, width, curve, table.span.start) {
                        table.rows.push(row);
                    }
                }
            }
        }
        let span = self.between(rows.start, rows.end);
        let table = table.unwrap_or(Table { header: Vec::new(), rows: Vec::new(), span });
        if !has_rows && !bad_header {
            let found = Diagnostic::error("E0126", "this table has no rows", table.span);
            self.report(found.here("only the names of its columns").help("add rows below it"));
        }
        table
    }

    fn header(&mut self, head: Head) -> Option<Vec<Name>> {
        let pair = self.read(Rule::header, head)?;
        let mut names: Vec<Name> = Vec::new();
        for word in parts(pair) {
            let name = self.name(&word);
            if let Some(earlier) = names.iter().find(|earlier| earlier.text == name.text) {
                let message = format!("two columns are called `{}`", name.text);
                let found = Diagnostic::error("E0126", message, name.span).here("the second");
                let found = found.also(earlier.span, "the first");
                self.report(found);
            }
            names.push(name);
        }
        Some(names)
    }

    fn row(&mut self, head: Head, width: usize, curve: bool, table_start: u32) -> Option<Row> {
        let pair = self.read(Rule::row, head)?;
        let cells: Vec<Expr> = parts(pair).map(|cell| self.cell(cell, curve)).collect();
        let span = self.between(head.start, head.end);
        if cells.len() != width {
            let message = format!("this row has {}, the table {width}", columns(cells.len()));
            let found = Diagnostic::error("E0115", message, span);
            let label = if cells.len() < width { "too few" } else { "too many" };
            let header = crate::source::Span::new(table_start, table_start + 1);
            let found = found.here(label).also(header, "the columns are named here");
            self.report(found.help("a column without a value needs one too"));
            return None;
        }
        Some(Row { cells, span })
    }

    fn cell(&mut self, cell: pest::iterators::Pair<'a, Rule>, curve: bool) -> Expr {
        let span = self.span(&cell);
        match parts(cell).next() {
            Some(pair) if pair.as_rule() == Rule::time_of_day => {
                let span = self.span(&pair);
                let (hours, minutes) = pair.as_str().split_once(':').unwrap_or(("", ""));
                let number = |text: &str| text.parse::<u32>().unwrap_or(99);
                let seconds = number(hours) * 3_600 + number(minutes) * 60;
                if !curve {
                    self.report(mistake::time_of_day(seconds, span));
                } else if number(minutes) > 59 || seconds > 24 * 3_600 {
                    let found = Diagnostic::error("E0122", "there is no such time of day", span);
                    self.report(found.here("from 00:00 to 24:00"));
                }
                Expr { kind: ExprKind::TimeOfDay(seconds), span }
            }
            Some(pair) => self.expression(pair),
            None => Expr { kind: ExprKind::Bad, span },
        }
    }
}

fn columns(count: usize) -> String {
    format!("{count} {}", if count == 1 { "column" } else { "columns" })
}
