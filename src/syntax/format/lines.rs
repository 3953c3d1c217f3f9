//! Lines before they are joined: cells that are aligned with those of like lines around them, comments likewise.

use super::head::Cells;
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

pub(super) struct Line {
    indent: usize,
    cells: Vec<String>,
    group: Group,
    pub comment: Option<String>,
    blank: bool,
}

impl Line {
    pub(super) fn plain(indent: usize, text: String) -> Line {
        Line { indent, cells: vec![text], group: Group::None, comment: None, blank: false }
    }

    pub(super) fn blank() -> Line {
        Line { blank: true, ..Line::plain(0, String::new()) }
    }

    pub(super) fn cells(indent: usize, prefix: &str, cells: Cells) -> Line {
        let whole = !prefix.is_empty() || cells.cells.iter().any(|cell| cell.contains('\n'));
        if whole {
            return Line::plain(indent, format!("{prefix}{}", cells.text()));
        }
        Line { cells: cells.cells, group: cells.group, ..Line::plain(indent, String::new()) }
    }
}

/// Joins lines into a text, aligned.
pub(super) fn join(mut lines: Vec<Line>) -> String {
    let mut texts: Vec<String> = Vec::with_capacity(lines.len());
    for run in lines.chunk_by_mut(|a, b| a.group == b.group && a.group != Group::None && a.indent == b.indent)
    {
        aligned(run, &mut texts);
    }
    let mut joined = String::with_capacity(texts.iter().map(|text| text.len() + 1).sum());
    let mut at = 0;
    while at < lines.len() {
        let (indent, commented) = (lines[at].indent, lines[at].comment.is_some());
        let like = |line: &&Line| line.comment.is_some() == commented && line.indent == indent && !line.blank;
        let length = lines[at..].iter().take_while(like).count().max(1);
        let run = at..at + length;
        // Only where comments stand behind the lines is their width asked for.
        let widths = texts[run.clone()].iter().filter(|_| commented).map(|text| last_line_width(text));
        let width = widths.max().unwrap_or(0);
        for index in run {
            if let Some(comment) = &lines[index].comment {
                let gap = width - last_line_width(&texts[index]) + 2;
                texts[index].push_str(&" ".repeat(gap));
                texts[index].push_str(comment);
            }
            if !lines[index].blank {
                joined.push_str(&"  ".repeat(lines[index].indent));
                joined.push_str(&texts[index]);
            }
            joined.push('\n');
        }
        at += length;
    }
    joined
}

/// How many columns a text takes; of one that is plain ASCII, as most are, as many as it has bytes.
fn width(text: &str) -> usize {
    let plain = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    if plain { text.len() } else { text.width() }
}

fn last_line_width(text: &str) -> usize {
    width(text.rsplit('\n').next().unwrap_or(""))
}

/// Adds the texts of a run of like lines. The cells of a line that stands alone are used up.
fn aligned(run: &mut [Line], texts: &mut Vec<String>) {
    if let [line] = run {
        let mut cells = std::mem::take(&mut line.cells);
        return texts.push(if cells.len() == 1 { cells.remove(0) } else { cells.join(" ") });
    }
    let columns = run.iter().map(|line| line.cells.len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(|column| column_width(run, column)).collect();
    for line in run {
        let mut text = String::new();
        for (column, cell) in line.cells.iter().enumerate() {
            text.push_str(cell);
            if column + 1 < line.cells.len() {
                let gap = widths[column].saturating_sub(width(cell)) + 1;
                text.push_str(&" ".repeat(gap));
            }
        }
        texts.push(text);
    }
}

/// The width of a column over the lines that go on behind it; of expectations without those far wider than the others.
fn column_width(run: &[Line], column: usize) -> usize {
    let mut widths: Vec<usize> = run
        .iter()
        .filter(|line| line.cells.len() > column + 1)
        .map(|line| width(&line.cells[column]))
        .collect();
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
