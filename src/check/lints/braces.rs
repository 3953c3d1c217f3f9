//! Braces in texts that do not do what they seem to: `'{home}'`, which is not interpolated, and `"${home}"`, which
//! keeps its `$`; and `"/items/:id"`, which is sent as it stands.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::Checker;
use crate::lang::function::MAKERS;
use crate::syntax::ast;

impl Checker<'_> {
    /// Looks at a text as it is written.
    pub fn braces_lint(&mut self, written: &ast::Text) {
        let mut pieces = written.pieces.iter().peekable();
        while let Some(piece) = pieces.next() {
            let ast::Piece::Literal { text, span } = piece else { continue };
            if written.raw {
                if let Some(name) = self.known_in_braces(text) {
                    self.report(mistake::lint::raw_braces(written.span, name));
                }
            } else if text.ends_with('$')
                && let Some(ast::Piece::Value(value)) = pieces.peek()
            {
                let dollar = crate::source::Span::new(span.end - 1, span.end);
                let expression = self.sources.text(value.span).to_string();
                self.report(mistake::lint::dollar_before_braces(dollar, &expression));
            } else if self.iteration.is_some()
                && let Some((at, name)) = placeholder_in_path(text)
                && span.len() == text.len()
            {
                let start = span.start + at as u32;
                let place = crate::source::Span::new(start, start + 1 + name.len() as u32);
                self.report(mistake::lint::colon_before_name(place, name, self.is_known(name)));
            } else if text.contains('%')
                && let Some((at, name)) = self.known_between_percents(text)
                && span.len() == text.len()
            {
                let start = span.start + at as u32;
                let place = crate::source::Span::new(start, start + 2 + name.len() as u32);
                self.report(mistake::lint::dollar_before_name(place, name));
            } else if text.contains('$')
                && let Some((at, name)) = self.known_behind_dollar(text)
                && span.len() == text.len()
            {
                let start = span.start + at as u32;
                let place = crate::source::Span::new(start, start + 1 + name.len() as u32);
                self.report(mistake::lint::dollar_before_name(place, name));
            }
        }
    }

    /// The first `$name` whose name is that of a value, with its place.
    fn known_behind_dollar<'t>(&self, text: &'t str) -> Option<(usize, &'t str)> {
        text.match_indices('$').find_map(|(at, _)| {
            let rest = &text[at + 1..];
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            let name = &rest[..end];
            let behind = rest[end..].strip_prefix('.').unwrap_or("");
            let part = behind.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(behind.len());
            match self.symbols.peek(name).map(|symbol| symbol.entity) {
                Some(Entity::Action(_) | Entity::Mix(_) | Entity::Ledger(_) | Entity::Target(_))
                    if part > 0 =>
                {
                    Some((at, &rest[..end + 1 + part]))
                }
                Some(Entity::Metric(_)) => Some((at, name)),
                _ => self.is_known(name).then_some((at, name)),
            }
        })
    }

    /// The first `%name%` whose name is that of a value, with its place.
    fn known_between_percents<'t>(&self, text: &'t str) -> Option<(usize, &'t str)> {
        text.match_indices('%').find_map(|(at, _)| {
            let (name, _) = text[at + 1..].split_once('%')?;
            let word = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            (word && self.is_known(name)).then_some((at, name))
        })
    }

    /// The first `{name}` whose name is that of a value.
    fn known_in_braces<'t>(&self, text: &'t str) -> Option<&'t str> {
        let inner = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let mut names = inner.map(|(name, _)| name);
        names.find(|name| self.is_known(name))
    }

    /// Whether something stands for a value where a text is written.
    fn is_known(&self, name: &str) -> bool {
        let (owner, part) = name.split_once('.').unwrap_or((name, ""));
        let entity = self.symbols.peek(owner).map(|symbol| symbol.entity);
        let in_action = self.iteration.is_some() && matches!(name, "seq" | "user" | "uuid()" | "now()");
        let made = self.iteration.is_some()
            && MAKERS
                .iter()
                .any(|(_, maker, ..)| name.strip_prefix(maker).is_some_and(|rest| rest.starts_with('(')));
        name == "scratch"
            || in_action
            || made
            || self.local(owner).is_some()
            || self.is_captured(owner)
            || match entity {
                Some(Entity::Constant(_) | Entity::Secret(_)) => true,
                Some(Entity::Dataset(dataset)) => {
                    self.scenario.datasets[dataset.index()].columns.iter().any(|column| column == part)
                }
                _ => false,
            }
    }
}

/// The first `:name` that is a whole part of a path, as routes are written elsewhere, with its place.
fn placeholder_in_path(text: &str) -> Option<(usize, &str)> {
    if !text.starts_with('/') {
        return None;
    }
    text.match_indices("/:").find_map(|(at, _)| {
        let rest = &text[at + 2..];
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let name = &rest[..end];
        let word = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        word.then_some((at + 1, name))
    })
}
