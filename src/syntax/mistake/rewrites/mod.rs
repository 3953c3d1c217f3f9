//! Forms that people bring along, each as a pattern and what soak has in its stead, filled with what was written.
//!
//! A rewrite is proposed where the statement can be read once it is made, so that nobody is sent from one mistake to the
//! next; only where none mends the whole statement, one that mends its own place.

mod conditions;
mod declarations;
mod story;

use super::Scene;
use crate::diag::Diagnostic;
use crate::syntax::grammar::{Grammar, Rule};
use crate::syntax::tokens::{Kind, Token};
use crate::syntax::vocabulary;
use pest::Parser;
use pest::error::InputLocation;
use std::ops::Range;

/// One form and its remedy.
///
/// A pattern is a list of elements with spaces between them: `N` is a bare number, `D` a duration, `R` a rate, `Q` any
/// number, `W` a word that is none of the language's, `P` a path such as `body.id`, `T` a text, `V` any one of these, `*`
/// the rest of the statement, `END` its end; anything else is itself, with `|` between several. In the remedy `$1` is what
/// the first element stands for, `$1'` the same without its quotes, `$1_` that with `_` for each `-`, `$1~` that in small letters, and `$1^` the same in capitals.
struct Rewrite {
    pattern: &'static str,
    better: &'static str,
    message: &'static str,
}

const fn rewrite(pattern: &'static str, better: &'static str, message: &'static str) -> Rewrite {
    Rewrite { pattern, better, message }
}

/// The rewrites of one sort of statements.
struct Group {
    /// The statements; all where none is named.
    rules: &'static [Rule],
    rewrites: &'static [Rewrite],
}

const GROUPS: &[Group] = &[
    Group { rules: &[Rule::load], rewrites: story::LOADS },
    Group { rules: &[Rule::wait, Rule::think], rewrites: story::PAUSES },
    Group {
        rules: &[Rule::phase, Rule::repeat, Rule::for_each, Rule::at, Rule::every],
        rewrites: story::BLOCKS,
    },
    Group { rules: &[Rule::call_sequence], rewrites: story::CALLS },
    Group { rules: &[Rule::expect], rewrites: conditions::EXPECTATIONS },
    Group {
        rules: &[Rule::expect, Rule::check, Rule::wait, Rule::repeat, Rule::metric],
        rewrites: conditions::COMPARISONS,
    },
    Group { rules: &[Rule::capture, Rule::check], rewrites: declarations::ANSWERS },
    Group { rules: &[Rule::param, Rule::constant, Rule::metric], rewrites: declarations::VALUES },
    Group { rules: &[Rule::secret], rewrites: declarations::SECRETS },
    Group { rules: &[Rule::permit], rewrites: declarations::PERMITS },
    Group { rules: &[], rewrites: declarations::ANYWHERE },
    Group { rules: &[Rule::words, Rule::run], rewrites: declarations::WORDS },
];

/// Longer statements are no slips of the pen.
const MAX_TOKENS: usize = 200;

/// The first rewrite that makes the statement one that can be read.
pub(super) fn whole(scene: &Scene<'_>) -> Option<Diagnostic> {
    fitting(scene).find(|remedy| remedy.reads_to.is_none()).map(|remedy| remedy.told(scene))
}

/// The first rewrite that mends its own place, where something else is wrong behind it.
pub(super) fn partly(scene: &Scene<'_>) -> Option<Diagnostic> {
    let mends = |remedy: &Remedy| {
        let end = remedy.range.start - scene.head.start + remedy.better.len();
        remedy.reads_to.is_some_and(|reads_to| reads_to >= end)
    };
    fitting(scene).find(mends).map(|remedy| remedy.told(scene))
}

/// A rewrite where it fits.
struct Remedy {
    message: &'static str,
    range: Range<usize>,
    better: String,
    /// How far the statement can be read with it, from its start; `None` is to the end.
    reads_to: Option<usize>,
}

impl Remedy {
    fn told(self, scene: &Scene<'_>) -> Diagnostic {
        let span = scene.span(&self.range);
        let found = Diagnostic::error("E0101", self.message, span).here("not written like this");
        let help = match self.better.as_str() {
            "" => format!("leave `{}` out", &scene.text[self.range.clone()]),
            better => format!("write `{better}`"),
        };
        found.help(help).fix(span, self.better, false)
    }
}

/// How far a statement can be read, by the rule that its first word chooses; `None` is to the end.
fn reads_to(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let rule = match &text[..end] {
        "param" => Rule::param,
        "let" => Rule::constant,
        "secret" => Rule::secret,
        "permit" => Rule::permit,
        "metric" => Rule::metric,
        "phase" => Rule::phase,
        "repeat" => Rule::repeat,
        "for" => Rule::for_each,
        "every" => Rule::every,
        "at" => Rule::at,
        "do" => Rule::call_sequence,
        "wait" => Rule::wait,
        "run" => Rule::run,
        "note" => Rule::note,
        "check" => Rule::check,
        "capture" => Rule::capture,
        "think" => Rule::think,
        "want" | "expect" | "require" => Rule::expect,
        "load" => Rule::load,
        "scenario" => Rule::scenario,
        "include" => Rule::include,
        "sequence" => Rule::sequence,
        "sent" | "received" => Rule::ledger_line,
        "action" => Rule::action,
        "mix" => Rule::mix,
        "curve" => Rule::curve,
        "dataset" => Rule::dataset,
        "ledger" => Rule::ledger,
        _ => Rule::words,
    };
    Grammar::parse(rule, text).err().map(|error| match error.location {
        InputLocation::Pos(at) | InputLocation::Span((at, _)) => at,
    })
}

fn fitting<'s>(scene: &'s Scene<'_>) -> impl Iterator<Item = Remedy> + 's {
    let groups = GROUPS.iter().filter(|group| group.rules.is_empty() || group.rules.contains(&scene.rule));
    let rewrites = groups.flat_map(|group| group.rewrites).filter(|_| scene.tokens.len() <= MAX_TOKENS);
    rewrites.filter_map(|rewrite| {
        (0..scene.tokens.len()).find_map(|start| {
            let elements = matched(scene, rewrite.pattern, start)?;
            let range = elements.first()?.start..elements.last()?.end;
            let better = filled(scene.text, rewrite.better, &elements);
            let (head, text) = (&scene.head, scene.text);
            let after = [&text[head.start..range.start], &better, &text[range.end..head.end]].concat();
            Some(Remedy { message: rewrite.message, range, better, reads_to: reads_to(after.trim_end()) })
        })
    })
}

/// The places of a pattern's elements, where it fits the tokens from `start` on.
fn matched(scene: &Scene<'_>, pattern: &str, start: usize) -> Option<Vec<Range<usize>>> {
    let tokens = &scene.tokens;
    let mut at = start;
    let mut places = Vec::new();
    for element in pattern.split(' ') {
        if element == "END" {
            return (at == tokens.len()).then_some(places);
        }
        let first = tokens.get(at)?;
        let length = match element {
            "*" => tokens.len() - at,
            "P" => path_length(&tokens[at..]),
            _ => usize::from(fits(element, first)),
        };
        if length == 0 {
            return None;
        }
        places.push(first.range.start..tokens[at + length - 1].range.end);
        at += length;
    }
    Some(places)
}

fn fits(element: &str, token: &Token<'_>) -> bool {
    let unit = || token.text.ends_with(|c: char| c.is_ascii_alphabetic());
    match element {
        "N" => is_number(token) && token.text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'_')),
        "D" => is_number(token) && unit() && !token.text.contains('/'),
        "R" => is_number(token) && token.text.contains('/'),
        "Q" => is_number(token),
        "W" => token.kind == Kind::Word && !vocabulary::is_reserved(token.text),
        "T" => token.kind == Kind::Text,
        "V" => ["Q", "W", "T"].iter().any(|one| fits(one, token)),
        "|" => token.text == "|",
        _ => element.split('|').any(|word| word == token.text),
    }
}

fn is_number(token: &Token<'_>) -> bool {
    token.kind == Kind::Number
}

/// How many tokens at the front make a path: `body.items[0].id`.
fn path_length(tokens: &[Token<'_>]) -> usize {
    if !fits("W", &tokens[0]) {
        return 0;
    }
    let mut length = 1;
    loop {
        length += match &tokens[length..] {
            [dot, word, ..] if dot.text == "." && word.kind == Kind::Word => 2,
            [open, index, close, ..] if open.text == "[" && is_number(index) && close.text == "]" => 3,
            _ => return length,
        };
    }
}

/// The remedy, with what stands at the places of its elements.
fn filled(text: &str, better: &str, places: &[Range<usize>]) -> String {
    let mut filled = String::new();
    let mut pieces = better.split('$');
    filled.push_str(pieces.next().unwrap_or(""));
    for piece in pieces {
        let digits = piece.bytes().take_while(u8::is_ascii_digit).count();
        let index = piece[..digits].parse::<usize>().unwrap_or(0);
        let place = index.checked_sub(1).and_then(|index| places.get(index)).cloned();
        let written = place.map_or("", |place| &text[place]);
        let rest = &piece[digits..];
        let bare = written.trim_matches(['"', '\'']);
        let (written, rest) = match rest.chars().next() {
            Some('\'') => (bare.to_string(), &rest[1..]),
            Some('_') => (bare.replace('-', "_"), &rest[1..]),
            Some('~') => (bare.replace('-', "_").to_ascii_lowercase(), &rest[1..]),
            Some('^') => (written.to_ascii_uppercase(), &rest[1..]),
            _ => (written.to_string(), rest),
        };
        filled.push_str(&written);
        filled.push_str(rest);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remedy_names_only_elements_of_its_pattern() {
        for rewrite in GROUPS.iter().flat_map(|group| group.rewrites) {
            let elements = rewrite.pattern.split(' ').filter(|element| *element != "END").count();
            let named = rewrite.better.split('$').skip(1);
            for piece in named {
                let index: usize =
                    piece.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
                assert!((1..=elements).contains(&index), "{}: {}", rewrite.pattern, rewrite.better);
            }
        }
    }
}
