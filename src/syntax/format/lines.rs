//! Lines before they are joined: cells that are aligned with those of like lines around them, comments likewise.

use super::head::Cells;
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// The name of an expectation that is so much wider than the next narrower one is left out of the alignment.
const OUTLIER: usize = 7;

/// Lines of one group are aligned where they follow each other directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    None,
    Constant,
    Secret,
    Metric,
    Expect,
    Setting,
    Declaration,
    Action,
    Mix,
    Ledger,
}

pub(super) struct Line<'a> {
    indent: usize,
    content: Content<'a>,
    group: Group,
    /// What stands behind it.
    pub comment: Option<&'a str>,
}

enum Content<'a> {
    Blank,
    /// As it stands; what was written so in the file, comments above all, is not copied.
    Text(Cow<'a, str>),
    /// What is aligned with the lines around it.
    Cells(Vec<String>),
}

impl<'a> Line<'a> {
    pub(super) fn plain(indent: usize, text: impl Into<Cow<'a, str>>) -> Line<'a> {
        Line { indent, content: Content::Text(text.into()), group: Group::None, comment: None }
    }

    pub(super) fn blank() -> Line<'a> {
        Line { content: Content::Blank, ..Line::plain(0, "") }
    }

    pub(super) fn cells(indent: usize, prefix: &str, cells: Cells) -> Line<'a> {
        let Cells { mut cells, group } = cells;
        let whole = !prefix.is_empty() || cells.iter().any(|cell| cell.contains('\n'));
        let alone = prefix.is_empty() && cells.len() == 1;
        if alone && (whole || group == Group::None) {
            return Line::plain(indent, cells.remove(0));
        }
        if whole {
            return Line::plain(indent, format!("{prefix}{}", cells.join(" ")));
        }
        Line { indent, content: Content::Cells(cells), group, comment: None }
    }

    fn is_blank(&self) -> bool {
        matches!(self.content, Content::Blank)
    }

    /// One of its cells.
    fn column(&self, column: usize) -> Option<&str> {
        match &self.content {
            Content::Cells(cells) => cells.get(column).map(String::as_str),
            _ => None,
        }
    }

    fn columns(&self) -> usize {
        if let Content::Cells(cells) = &self.content { cells.len() } else { 0 }
    }

    /// Puts its text in the place of its cells, each but the last filled up to a width.
    fn join(&mut self, widths: &[usize]) {
        let Content::Cells(cells) = &mut self.content else { return };
        let mut text = String::new();
        for (column, cell) in cells.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < cells.len() {
                let gap = widths.get(column).map_or(1, |wide| wide.saturating_sub(width(cell)) + 1);
                text.extend(std::iter::repeat_n(' ', gap));
            }
        }
        self.content = Content::Text(text.into());
    }

    fn text(&self) -> &str {
        if let Content::Text(text) = &self.content { text } else { "" }
    }
}

/// Joins lines into a text, aligned.
pub(super) fn join(mut lines: Vec<Line<'_>>) -> String {
    for run in lines.chunk_by_mut(|a, b| a.group == b.group && a.group != Group::None && a.indent == b.indent)
    {
        align(run);
    }
    let length =
        |line: &Line| line.text().len() + 2 * line.indent + line.comment.map_or(0, |text| text.len() + 2) + 1;
    let mut joined = String::with_capacity(lines.iter().map(length).sum());
    let like = |a: &Line, b: &Line| {
        a.comment.is_some() == b.comment.is_some() && a.indent == b.indent && !a.is_blank() && !b.is_blank()
    };
    for run in lines.chunk_by(like) {
        // Only where comments stand behind the lines is their width asked for.
        let commented = run.iter().filter(|line| line.comment.is_some());
        let width = commented.map(|line| last_line_width(line.text())).max().unwrap_or(0);
        for line in run {
            if !line.is_blank() {
                indent(&mut joined, line.indent);
                joined.push_str(line.text());
            }
            if let Some(comment) = line.comment {
                let gap = width - last_line_width(line.text()) + 2;
                joined.extend(std::iter::repeat_n(' ', gap));
                joined.push_str(comment);
            }
            joined.push('\n');
        }
    }
    joined
}

fn indent(joined: &mut String, levels: usize) {
    for _ in 0..levels {
        joined.push_str("  ");
    }
}

/// How many columns a text takes; of one that is plain ASCII, as most are, as many as it has bytes.
fn width(text: &str) -> usize {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain { text.len() } else { text.width() }
}

fn last_line_width(text: &str) -> usize {
    width(text.rsplit('\n').next().unwrap_or(""))
}

/// Joins the cells of a run of like lines; one that stands alone has single spaces.
fn align(run: &mut [Line<'_>]) {
    if let [line] = run {
        return line.join(&[]);
    }
    let columns = run.iter().map(Line::columns).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(|column| column_width(run, column)).collect();
    for line in run {
        line.join(&widths);
    }
}

/// The width of a column over the lines that go on behind it; of expectations without those far wider than the others.
fn column_width(run: &[Line<'_>], column: usize) -> usize {
    let goes_on = run.iter().filter(|line| line.columns() > column + 1);
    let mut widths: Vec<usize> = goes_on.filter_map(|line| line.column(column)).map(width).collect();
    widths.sort_unstable();
    let mut widest = widths.first().copied().unwrap_or(0);
    for width in widths {
        if run[0].group == Group::Expect && width > widest + OUTLIER {
            break;
        }
        widest = width;
    }
    widest
}
