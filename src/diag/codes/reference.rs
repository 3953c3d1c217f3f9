//! The explanation of a code for a terminal, and the page of all codes as Markdown.

use super::{Code, parts};
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The widest line of prose on a terminal, in columns.
const WIDTH: usize = 90;
/// A longer line of an example is cut on the page; what matters of it is how long it is.
const MAX_LINE: usize = 120;

const HEAD: &str = "\
# Codes

Written from the table in `src/diag/codes/`; do not edit.
After a change there, renew it with `SOAK_UPDATE=1 cargo nextest run generated`.

What begins with E is an error: the scenario does not run. W is a warning: it runs, and `soak check --strict` fails.
R is what a run found out. `soak explain E0203` shows the same on a terminal.
";

/// A code for a terminal: what it means, the mistake, and the same without it.
pub fn page(code: &Code) -> String {
    let mut page = format!("{}: {}\n", code.code, code.title);
    for paragraph in code.explanation.split("\n\n") {
        let _ = writeln!(page, "\n{}", wrapped(paragraph));
    }
    for (title, example) in [("The mistake", code.bad), ("Without it", code.good)] {
        if example.is_empty() {
            continue;
        }
        let _ = writeln!(page, "\n{title}:\n");
        for line in example.lines() {
            let _ = writeln!(page, "{}", format!("    {line}").trim_end());
        }
    }
    page
}

/// The page of all codes.
pub fn reference() -> String {
    let mut page = String::from(HEAD);
    for (title, codes) in parts() {
        let _ = writeln!(page, "\n- {title}:");
        let links: Vec<String> = codes
            .iter()
            .map(|code| format!("[{}](#{})", code.code, code.code.to_ascii_lowercase()))
            .collect();
        for line in links.chunks(8) {
            let _ = writeln!(page, "  {}", line.join(" "));
        }
    }
    for (title, codes) in parts() {
        let _ = write!(page, "\n## {title}\n");
        for code in codes {
            let _ = write!(page, "\n### {}\n\n{}", code.code, section(code));
        }
    }
    page
}

/// What a code means, as Markdown without its heading.
pub fn section(code: &Code) -> String {
    let mut section = format!("**{}.** {}\n", capitalized(code.title), code.explanation);
    for (title, example) in [("The mistake:", code.bad), ("Without it:", code.good)] {
        if example.is_empty() {
            continue;
        }
        let _ = write!(section, "\n{title}\n\n```soak\n");
        for line in example.lines() {
            match line.char_indices().nth(MAX_LINE) {
                Some((end, _)) => {
                    let _ = writeln!(section, "{} …", &line[..end]);
                }
                None => {
                    let _ = writeln!(section, "{}", visible(line));
                }
            }
        }
        section.push_str("```\n");
    }
    section
}

/// A line in which control characters can be seen.
fn visible(line: &str) -> String {
    let shown = |c: char| match c {
        '\t' => c.to_string(),
        c if c.is_control() => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    line.chars().map(shown).collect()
}

fn capitalized(title: &str) -> String {
    let mut characters = title.chars();
    characters.next().map_or_else(String::new, |first| first.to_uppercase().to_string() + characters.as_str())
}

/// Prose in lines that are no wider than can be read.
fn wrapped(prose: &str) -> String {
    let mut text = String::new();
    let mut column = 0;
    for word in prose.split_whitespace() {
        let wide = word.width();
        if column > 0 && column + 1 + wide > WIDTH {
            text.push('\n');
            column = 0;
        } else if column > 0 {
            text.push(' ');
            column += 1;
        }
        text.push_str(word);
        column += wide;
    }
    text
}
