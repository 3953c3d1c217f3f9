//! What a regular expression finds in a text: `matches(body, '…')` and `find(body, '…')`.
//!
//! The expressions of a scenario are few and are asked for many thousand times a second, so each thread keeps those that it
//! has compiled.

use super::eval::NoValue;
use regex::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

/// Compiled expressions that a thread keeps; beyond it they are compiled anew, which only texts that are made up in the run
/// can bring about.
const MOST_KEPT: usize = 256;

thread_local! {
    static KEPT: RefCell<HashMap<String, Regex>> = RefCell::default();
}

/// Whether an expression matches anywhere in a text.
///
/// # Errors
/// When it is no expression.
pub fn matches(text: &str, pattern: &str) -> Result<bool, NoValue> {
    with(pattern, |expression| expression.is_match(text))
}

/// The first match of an expression in a text: its first group, where it has one.
///
/// # Errors
/// When nothing matches, or it is no expression.
pub fn find(text: &str, pattern: &str) -> Result<String, NoValue> {
    let found = with(pattern, |expression| {
        let groups = expression.captures(text)?;
        let wanted = usize::from(expression.captures_len() > 1);
        groups.get(wanted).map(|found| found.as_str().to_string())
    })?;
    found.ok_or_else(|| NoValue::Missing(pattern.to_string()))
}

fn with<T>(pattern: &str, ask: impl FnOnce(&Regex) -> T) -> Result<T, NoValue> {
    KEPT.with_borrow_mut(|kept| {
        if let Some(expression) = kept.get(pattern) {
            return Ok(ask(expression));
        }
        let expression = Regex::new(pattern)
            .map_err(|_| NoValue::Mismatch(format!("`{pattern}` is no regular expression")))?;
        let answer = ask(&expression);
        if kept.len() < MOST_KEPT {
            kept.insert(pattern.to_string(), expression);
        }
        Ok(answer)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_is_found_or_the_whole_match() {
        assert_eq!(find("a=1 b=22", r"b=(\d+)").unwrap(), "22");
        assert_eq!(find("a=1 b=22", r"b=\d+").unwrap(), "b=22");
        assert_eq!(find("a=1", r"b=(\d+)"), Err(NoValue::Missing(r"b=(\d+)".into())));
        // A group that takes no part is not there.
        assert!(find("b", r"(a)?b").is_err());
        assert!(matches("welcome back", "welcome").unwrap());
        assert!(!matches("welcome back", "^back").unwrap());
        assert!(matches("x", "(").is_err());
    }

    #[test]
    fn more_expressions_than_are_kept_are_found_all_the_same() {
        for number in 0..2 * MOST_KEPT {
            assert!(matches(&format!("n{number};"), &format!("n{number};")).unwrap());
        }
    }
}
