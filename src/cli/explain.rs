//! `soak explain`: what a code means.

use super::{Exit, output};
use crate::diag::codes::{self, Code};
use clap::Args;
use std::fmt::Write;

#[derive(Debug, Args)]
pub struct ExplainArguments {
    /// Such as E0203, or the beginning of some, such as E02. Without one, all codes are listed.
    code: Option<String>,
}

/// Explains a code, or lists them.
pub fn explain(arguments: &ExplainArguments) -> Exit {
    let Some(name) = &arguments.code else {
        return output::data(list(|_| true).as_bytes(), Exit::Good);
    };
    if let Some(code) = codes::find(name) {
        return output::data(codes::page(code).as_bytes(), Exit::Good);
    }
    let beginning = name.to_ascii_uppercase();
    let some = list(|code| code.code.starts_with(&beginning));
    if !some.is_empty() {
        return output::data(some.as_bytes(), Exit::Good);
    }
    let nearest = codes::codes()
        .map(|code| (strsim::damerau_levenshtein(code.code, &beginning), code.code))
        .min()
        .filter(|(distance, _)| *distance == 1)
        .map_or_else(String::new, |(_, code)| format!("did you mean `{code}`? "));
    output::say(&format!("there is no code `{name}`; {nearest}`soak explain` lists them"));
    Exit::Wrong
}

/// The codes that are wanted, below what they are about.
fn list(wanted: impl Fn(&Code) -> bool) -> String {
    let mut list = String::new();
    for (title, codes) in codes::parts() {
        let mut codes = codes.iter().filter(|code| wanted(code)).peekable();
        if codes.peek().is_some() {
            let gap = if list.is_empty() { "" } else { "\n" };
            let _ = writeln!(list, "{gap}{title}");
        }
        for code in codes {
            let _ = writeln!(list, "  {}  {}", code.code, code.title);
        }
    }
    list
}
