//! Which series of a Prometheus exposition are meant: `name{label="value", other=~"a|b"}`, as in PromQL.

use std::str::FromStr;

use regex::Regex;

/// What is wrong with a selector.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSelector {
    #[error("a selector needs a name or a label: `http_requests_total{{code=\"500\"}}`")]
    Empty,
    #[error(
        "`{0}` is not understood here in the selector; a label stands as `code=\"500\"`, `!=`, `=~` or `!~`"
    )]
    Unexpected(String),
    #[error("a quote of the selector is never closed")]
    Unclosed,
    #[error("`{0}` is no regular expression: {1}")]
    NoRegex(String, String),
}

/// A selector.
#[derive(Clone, Debug)]
pub struct Selector(Vec<Matcher>);

#[derive(Clone, Debug)]
struct Matcher {
    label: String,
    wanted: Wanted,
    /// Whether it must not be so.
    not: bool,
}

#[derive(Clone, Debug)]
enum Wanted {
    Equal(String),
    Like(Regex),
}

/// The label that a series' name is.
const NAME: &str = "__name__";

impl Selector {
    /// Whether a series is meant. A label that it lacks is empty.
    pub fn matches(&self, name: &str, labels: &[(&str, String)]) -> bool {
        self.0.iter().all(|matcher| {
            let value = match matcher.label.as_str() {
                NAME => name,
                label => labels.iter().find(|(name, _)| *name == label).map_or("", |(_, value)| value),
            };
            let is = match &matcher.wanted {
                Wanted::Equal(wanted) => wanted == value,
                Wanted::Like(wanted) => wanted.is_match(value),
            };
            is != matcher.not
        })
    }
}

impl FromStr for Selector {
    type Err = BadSelector;

    fn from_str(text: &str) -> Result<Selector, BadSelector> {
        let (name, mut rest) = word(text.trim(), true);
        let mut matchers = Vec::new();
        if !name.is_empty() {
            let wanted = Wanted::Equal(name.to_owned());
            matchers.push(Matcher { label: NAME.to_owned(), wanted, not: false });
        }
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside.trim_start();
            while !rest.starts_with('}') {
                let (matcher, behind) = matcher(rest)?;
                matchers.push(matcher);
                rest = behind.trim_start();
                match rest.strip_prefix(',') {
                    Some(behind) => rest = behind.trim_start(),
                    None if rest.starts_with('}') => {}
                    None => return Err(BadSelector::Unexpected(rest.to_owned())),
                }
            }
            rest = rest[1..].trim_start();
        }
        match (rest, matchers.is_empty()) {
            ("", false) => Ok(Selector(matchers)),
            ("", true) => Err(BadSelector::Empty),
            (rest, _) => Err(BadSelector::Unexpected(rest.to_owned())),
        }
    }
}

/// A name at the front of a text, and what stands behind it.
fn word(text: &str, colons: bool) -> (&str, &str) {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    let end = text.find(|c| !part(c)).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_start())
}

fn matcher(text: &str) -> Result<(Matcher, &str), BadSelector> {
    let unexpected = || BadSelector::Unexpected(text.to_owned());
    let (label, rest) = word(text, false);
    let operators = [("=~", false, true), ("!~", true, true), ("!=", true, false), ("=", false, false)];
    let operator = operators.into_iter().find(|(operator, ..)| rest.starts_with(operator));
    let (operator, not, like) = operator.filter(|_| !label.is_empty()).ok_or_else(unexpected)?;
    let rest = rest[operator.len()..].trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or_else(unexpected)?;
    let (value, rest) = quoted(&rest[1..], quote).ok_or(BadSelector::Unclosed)?;
    let wanted = if like {
        // The whole value has to match, as Prometheus has it.
        let whole = Regex::new(&format!("^(?:{value})$"));
        Wanted::Like(whole.map_err(|error| BadSelector::NoRegex(value, error.to_string()))?)
    } else {
        Wanted::Equal(value)
    };
    Ok((Matcher { label: label.to_owned(), wanted, not }, rest))
}

/// A text up to its closing quote, its escapes undone, and what stands behind it.
pub fn quoted(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                other => value.push(other),
            },
            other if other == quote => return Some((value, &text[at + quote.len_utf8()..])),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_selectors_are_told_apart() {
        // selector, what is said
        let table = [
            ("", "needs a name"),
            ("{}", "needs a name"),
            ("up{code}", "`code}` is not understood"),
            ("up{code=500}", "`code=500}` is not understood"),
            ("up{code=\"500\"", "`` is not understood"),
            ("up{code=\"500}", "never closed"),
            ("up{a=\"1\" b=\"2\"}", "`b=\"2\"}` is not understood"),
            ("up{a=~\"(\"}", "no regular expression"),
            ("up[5m]", "`[5m]` is not understood"),
            ("sum(up)", "`(up)` is not understood"),
        ];
        for (selector, said) in table {
            let error = selector.parse::<Selector>().unwrap_err().to_string();
            assert!(error.contains(said), "{selector}: {error}");
        }
    }
}
