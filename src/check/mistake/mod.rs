//! The wording of everything that the checker finds. One file a subject; nowhere else is a message written.

pub mod allow;
pub mod arguments;
pub mod embedded;
pub mod hosts;
pub mod lint;
pub mod load;
pub mod measure;
pub mod names;
pub mod parts;
pub mod passed;
pub mod place;
pub mod safety;
pub mod sampled;
pub mod shares;
pub mod stopped;
pub mod time;
pub mod told;
pub mod types;
pub mod values;
pub mod worded;
pub mod words;

use crate::diag::Diagnostic;
use crate::source::Span;

/// Proposes the word that was probably meant, or lists what there is.
fn propose(finding: Diagnostic, span: Span, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    match meant {
        Some(meant) => finding.help(format!("did you mean `{meant}`?")).fix(span, meant, false),
        None if all.is_empty() => finding,
        None => finding.help(format!("there is {}", list(all, "and"))),
    }
}

/// `a`, `b` and `c`
fn list(words: &[&str], joint: &str) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [most @ .., last] => format!("{} {joint} {last}", most.join(", ")),
    }
}

/// `a process`, `an action`
fn article(noun: &str) -> String {
    // Spoken as its letters: an h, an m, an n.
    let spelt = matches!(noun, "http" | "mqtt");
    let vowel = spelt || noun.starts_with(['a', 'e', 'i', 'o']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}
