//! The languages inside texts: regular expressions, JSONPath, URLs, addresses, globs. What is wrong in one is
//! pointed at inside the text where that can be told.

use super::mistake;
use super::state::Checker;
use crate::lang::expr::{Expr, ExprKind, Piece};
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::ast;

/// Stands for a piece of a text that is known at run time only; it cannot be written in a scenario.
pub(super) const LATER: char = '\u{1}';

impl Checker<'_> {
    /// The text that an expression comes to, with [`LATER`] where the file does not fix it.
    pub fn sketch(&self, expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Constant(value) => value.to_string(),
            ExprKind::Text(pieces) => pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(text) => text.clone(),
                    Piece::Value(_) => LATER.to_string(),
                })
                .collect(),
            _ => LATER.to_string(),
        }
    }

    /// What a text begins with, as far as the file fixes it.
    pub fn fixed_start(&self, expr: &Expr) -> String {
        self.sketch(expr).split(LATER).next().unwrap_or("").to_string()
    }

    /// The place of a part of a text, where the text is written out at this very place; else the whole.
    pub fn inside(&self, written: &ast::Expr, from: usize, to: usize) -> Span {
        if let ast::ExprKind::Text(text) = &written.kind
            && let [ast::Piece::Literal { text, span }] = text.pieces.as_slice()
            && span.len() == text.len()
        {
            let at = |offset: usize| span.start + offset.min(text.len()) as u32;
            return Span::new(at(from), at(to.max(from + 1)).max(at(from)));
        }
        written.span
    }

    /// Whether a regular expression, where the file fixes it, is one; where not, says so.
    pub fn regex(&mut self, written: &ast::Expr, expr: &Expr) -> bool {
        let Some(Value::Text(pattern)) = expr.constant() else { return true };
        match groups(pattern) {
            Ok(_) => true,
            Err(error) => {
                let (from, to, why) = regex_error(pattern, &error);
                let span = self.inside(written, from, to);
                self.report(mistake::embedded::bad_regex(span, &why, pattern, from));
                false
            }
        }
    }

    /// Whether a regular expression has as many groups as are taken from it; where not, says so.
    pub fn expect_groups(
        &mut self,
        written: &ast::Expr,
        value: &super::scenario::SourceValue,
        wanted: usize,
        what: &str,
    ) -> bool {
        let super::scenario::SourceValue::Value(expr) = value else { return true };
        let Some(pattern) = expr.constant().and_then(Value::as_text) else { return true };
        // One that does not compile was told when it was read.
        let Ok(groups) = groups(pattern) else { return false };
        if groups < wanted {
            self.report(mistake::measure::groups_missing(written.span, groups, wanted, what, pattern));
        }
        groups >= wanted
    }

    /// Whether a JSONPath is one; where not, says so.
    pub fn json_path(&mut self, written: &ast::Expr, expr: &Expr) -> bool {
        let Some(Value::Text(path)) = expr.constant() else { return true };
        if let Some(at) = too_deep(path) {
            let span = self.inside(written, at, at + 1);
            self.report(mistake::embedded::bad_json_path(span, "filters stand too deep in each other", path));
            return false;
        }
        match serde_json_path::JsonPath::parse(path) {
            Ok(_) => true,
            Err(error) => {
                let from = error.position().saturating_sub(1);
                let span = self.inside(written, from, path.len());
                self.report(mistake::embedded::bad_json_path(span, error.message(), path));
                false
            }
        }
    }

    /// Whether the brackets of a glob are closed; where not, says so.
    pub fn glob(&mut self, written: &ast::Expr, expr: &Expr) -> bool {
        let sketch = self.sketch(expr);
        if sketch.is_empty() {
            self.report(mistake::embedded::empty_text(written.span, "path"));
            return false;
        }
        match glob_error(&sketch) {
            None => true,
            Some((at, why)) => {
                let span = self.inside(written, at, at + 1);
                self.report(mistake::embedded::bad_glob(span, why));
                false
            }
        }
    }

    /// Whether a text is a URL of one of these schemes, as far as the file fixes it; where not, says so.
    pub fn url(&mut self, written: &ast::Expr, expr: &Expr, schemes: &[&str]) -> bool {
        let sketch = self.sketch(expr);
        // That a `$` before braces stays is told of every text.
        if sketch.contains('$') && self.sources.text(written.span).contains("${") {
            return true;
        }
        let fixed = sketch.split(LATER).next().unwrap_or("");
        if fixed.is_empty() && !sketch.is_empty() {
            return true;
        }
        // A file needs no host, and SQLite's own URLs have one colon and no slashes.
        if schemes.contains(&"sqlite") && fixed.strip_prefix("sqlite:").is_some_and(|path| !path.is_empty()) {
            return true;
        }
        let (at, end, why) = match fixed.split_once("://") {
            None if sketch.contains(LATER) && !fixed.contains(['/', ' ']) => return true,
            None => (0, fixed.len(), UrlMistake::NoScheme),
            Some((scheme, _)) if !schemes.contains(&scheme) => (0, scheme.len(), UrlMistake::Scheme),
            Some((scheme, rest)) => {
                let start = scheme.len() + 3;
                let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
                let whole = authority.len() < rest.len() || !sketch.contains(LATER);
                match authority_error(authority, whole && scheme != "sqlite") {
                    None if rest.contains(char::is_whitespace) => {
                        let at = start + rest.find(char::is_whitespace).unwrap_or(0);
                        (at, at + 1, UrlMistake::Space)
                    }
                    None => return true,
                    Some((from, to, why)) => (start + from, start + to, why),
                }
            }
        };
        let span = self.inside(written, at, end);
        let place = self.sources.text(span);
        self.report(mistake::embedded::bad_url(span, why, schemes, fixed, place));
        false
    }

    /// Whether a text is `host:port` (or a host alone); where not, says so.
    pub fn address(&mut self, written: &ast::Expr, expr: &Expr, port: bool) -> bool {
        let sketch = self.sketch(expr);
        // That a `$` before braces stays is told of every text.
        if sketch.contains(LATER) || sketch.contains('$') && self.sources.text(written.span).contains("${") {
            return true;
        }
        if sketch.contains("://") {
            self.report(mistake::embedded::bad_address(written.span, &sketch, port));
            return false;
        }
        let good = match host_and_port(&sketch) {
            Some((host, given)) => {
                let number = host.bytes().all(|byte| byte.is_ascii_digit());
                let host_good = !number && !host.contains(char::is_whitespace) && !host.contains('/');
                host_good && if port { given.is_some_and(|port| port > 0) } else { given.is_none() }
            }
            None => false,
        };
        if !good {
            self.report(mistake::embedded::bad_address(written.span, &sketch, port));
        }
        good
    }
}

/// What is wrong with a URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UrlMistake {
    NoScheme,
    Scheme,
    NoHost,
    Port,
    Space,
}

/// Where an authority is wrong, from and to, if it is whole.
fn authority_error(authority: &str, whole: bool) -> Option<(usize, usize, UrlMistake)> {
    let host_start = authority.rfind('@').map_or(0, |at| at + 1);
    let rest = &authority[host_start..];
    if let Some(at) = rest.find(char::is_whitespace) {
        return Some((host_start + at, host_start + at + 1, UrlMistake::Space));
    }
    let host_end = if rest.starts_with('[') { rest.find(']').map_or(rest.len(), |at| at + 1) } else { 0 };
    let colon = rest[host_end..].find(':').map(|at| host_end + at);
    let host = &rest[..colon.unwrap_or(rest.len())];
    if !whole {
        return None;
    }
    if host.is_empty() {
        return Some((host_start, authority.len(), UrlMistake::NoHost));
    }
    let colon = colon?;
    let digits = &rest[colon + 1..];
    let good = digits.parse::<u16>().is_ok_and(|port| port > 0);
    (!good).then_some((host_start + colon + 1, authority.len(), UrlMistake::Port))
}

/// The host and the port of an address; `None` where the port is none.
pub(super) fn host_and_port(address: &str) -> Option<(&str, Option<u16>)> {
    if let Some(rest) = address.strip_prefix('[') {
        let (host, rest) = rest.split_once(']')?;
        return match rest.strip_prefix(':') {
            Some(port) => Some((host, Some(port.parse().ok()?))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match address.matches(':').count() {
        0 => Some((address, None)),
        1 => {
            let (host, port) = address.split_once(':')?;
            Some((host, Some(port.parse().ok()?)))
        }
        // A bare IPv6 address.
        _ => Some((address, None)),
    }
}

/// The host that a URL names, where the file fixes it: `None` where it is known later only or there is none.
pub(super) fn url_host(sketch: &str) -> Option<&str> {
    let host = super::asked::authority(sketch)?;
    if host.split(':').next().is_none_or(|name| name.contains(LATER)) {
        return None;
    }
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => host.split(':').next()?,
    };
    (!host.is_empty()).then_some(host)
}

/// A pattern of this length, in bytes, without counted repetitions cannot be too large once it is compiled.
const MAX_UNCOMPILED: usize = 1_000;

/// How many groups a regular expression has. It is compiled only where it may turn out to be too large: reading it
/// takes a hundredth of the time, and a scenario may have thousands.
fn groups(pattern: &str) -> Result<usize, regex::Error> {
    if pattern.len() <= MAX_UNCOMPILED
        && !pattern.contains('{')
        && let Ok(read) = regex_syntax::parse(pattern)
    {
        return Ok(read.properties().explicit_captures_len());
    }
    Ok(regex::Regex::new(pattern)?.captures_len() - 1)
}

/// How deep the brackets of a JSONPath may stand in each other.
const MAX_PATH_NESTING: usize = 16;

/// Where the brackets of a JSONPath stand deeper in each other than is read: its parser calls itself for each and would
/// run out of stack.
fn too_deep(path: &str) -> Option<usize> {
    let mut depth = 0usize;
    path.bytes().position(|byte| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_PATH_NESTING
    })
}

/// The place and the reason of a wrong regular expression, out of what the parser shows: the pattern on a line of
/// its own, carets below it, the reason behind `error: `.
fn regex_error(pattern: &str, error: &regex::Error) -> (usize, usize, String) {
    let shown = error.to_string();
    let why = shown.lines().find_map(|line| line.strip_prefix("error: ")).unwrap_or("it cannot be compiled");
    let carets = shown
        .lines()
        .find(|line| line.trim_start().starts_with('^') && line.trim().chars().all(|c| c == '^' || c == ' '));
    let place = carets.filter(|_| !pattern.contains('\n')).and_then(|line| {
        let from = line.find('^')?.checked_sub(4)?;
        let to = line.rfind('^')?.checked_sub(4)? + 1;
        let byte = |index: usize| pattern.char_indices().nth(index).map_or(pattern.len(), |(at, _)| at);
        Some((byte(from), byte(to)))
    });
    let (from, to) = place.unwrap_or((0, pattern.len()));
    (from, to, why.to_string())
}

/// Where the brackets of a glob do not close.
fn glob_error(glob: &str) -> Option<(usize, &'static str)> {
    let mut braces: Vec<usize> = Vec::new();
    let mut chars = glob.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => {
                chars.next();
            }
            '[' => {
                // A `]` right behind the opening (or its negation) is a member.
                if chars.peek().is_some_and(|(_, next)| matches!(next, '!' | '^')) {
                    chars.next();
                }
                let first = chars.next();
                if first.is_none() || !chars.any(|(_, c)| c == ']') {
                    return Some((at, "this `[` is never closed"));
                }
            }
            '{' => braces.push(at),
            '}' if braces.pop().is_none() => return Some((at, "this `}` closes nothing")),
            _ => {}
        }
    }
    braces.first().map(|at| (*at, "this `{` is never closed"))
}

#[cfg(test)]
mod tests {
    use super::{glob_error, groups, host_and_port, regex_error, too_deep, url_host};

    #[test]
    fn places_inside_texts_are_exact() {
        let pattern = r"ok (\d+";
        let (from, _, why) = regex_error(pattern, &regex::Regex::new(pattern).unwrap_err());
        assert_eq!((from, why.as_str()), (3, "unclosed group"));
        assert_eq!(groups(pattern), regex::Regex::new(pattern).map(|_| 0));
        assert_eq!(groups("(a)(?<name>b)(?:c)[(]"), Ok(2));
        assert!(groups("((a{1000}){1000}){1000}").is_err());
        assert_eq!(too_deep(&format!("${}", "[?(@".repeat(100_000))), Some(1 + 8 * 4));
        assert_eq!(too_deep(&"$['a'][?(@.b[0] > 1)]".repeat(100)), None);
        assert_eq!(glob_error("a/[bc").map(|(at, _)| at), Some(2));
        assert_eq!(glob_error("a/{b,c}/[!x]/**"), None);
    }

    #[test]
    fn hosts_are_found() {
        assert_eq!(url_host("http://user:pw@example.com:80/x"), Some("example.com"));
        assert_eq!(url_host("http://[::1]:80/x"), Some("::1"));
        assert_eq!(url_host("http://\u{1}/x"), None);
        assert_eq!(host_and_port("10.0.0.1:80"), Some(("10.0.0.1", Some(80))));
        assert_eq!(host_and_port("[::1]:80"), Some(("::1", Some(80))));
        assert_eq!(host_and_port("host:eighty"), None);
    }
}
