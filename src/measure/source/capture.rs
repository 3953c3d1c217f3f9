//! `capture`, and what a ledger receives: what an expression finds in lines or in the paths of files.

use regex::Regex;

use crate::lang::moment::Moment;
use crate::measure::follow::{FileFollower, FileHappening, LineFollower};

/// One match.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Captured {
    /// When the line arrived or the file was finished.
    pub at: Moment,
    /// The first group; the whole match where the expression has none.
    pub text: String,
    /// The second group, where there is one and it took part.
    pub value: Option<String>,
}

impl Captured {
    /// Its text as a number.
    pub fn number(&self) -> Option<f64> {
        self.text.trim().parse().ok().filter(|number: &f64| number.is_finite())
    }
}

/// Matches as they arrive.
#[derive(Debug)]
pub struct Captures {
    from: From,
    expression: Regex,
}

#[derive(Debug)]
enum From {
    Lines(LineFollower),
    Files(FileFollower),
}

impl Captures {
    /// Every match in every line.
    pub fn in_lines(follower: LineFollower, expression: Regex) -> Captures {
        Captures { from: From::Lines(follower), expression }
    }

    /// Every match in the path of every file that is finished.
    pub fn in_paths(follower: FileFollower, expression: Regex) -> Captures {
        Captures { from: From::Files(follower), expression }
    }

    /// The matches of what arrived next; at least one. None once following has ended. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Vec<Captured>> {
        loop {
            let mut found = Vec::new();
            match &mut self.from {
                From::Lines(follower) => {
                    let batch = follower.next().await?;
                    for line in &batch.lines {
                        capture(&self.expression, line, batch.at, &mut found);
                    }
                }
                From::Files(follower) => {
                    let event = follower.next().await?;
                    if event.happening != FileHappening::Gone {
                        capture(&self.expression, &event.path.to_string_lossy(), event.at, &mut found);
                    }
                }
            }
            if !found.is_empty() {
                return Some(found);
            }
        }
    }
}

/// Every match in one text. A first group that took no part is no match.
pub fn capture(expression: &Regex, text: &str, at: Moment, found: &mut Vec<Captured>) {
    let group = usize::from(expression.captures_len() > 1);
    for captures in expression.captures_iter(text) {
        if let Some(key) = captures.get(group) {
            let value = captures.get(2).map(|value| value.as_str().to_owned());
            found.push(Captured { at, text: key.as_str().to_owned(), value });
        }
    }
}
