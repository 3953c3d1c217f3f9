//! `soak explain`: what a code means.

use super::{Exit, output};
use crate::diag::codes::{self, Code};
use clap::Args;
use std::fmt::Write;
use unicode_width::UnicodeWidthStr;

/// The widest line of prose.
const WIDTH: usize = 90;

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Such as E0203. Without one, all codes are listed.
    code: Option<String>,
}

/// Explains a code, or lists them.
pub fn explain(arguments: &ExplainArguments) -> Exit {
    let Some(name) = &arguments.code else { return output::data(list().as_bytes(), Exit::Good) };
    match codes::find(name) {
        Some(code) => output::data(page(code).as_bytes(), Exit::Good),
        None => {
            output::say(&format!("there is no code `{name}`; `soak explain` lists them"));
            Exit::Wrong
        }
    }
}

fn list() -> String {
    codes::codes().fold(String::new(), |mut list, code| {
        let _ = writeln!(list, "{}  {}", code.code, code.title);
        list
    })
}

fn page(code: &Code) -> String {
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
