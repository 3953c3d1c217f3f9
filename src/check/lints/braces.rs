//! Braces in texts that do not do what they seem to: `'{home}'`, which is not interpolated, and `"${home}"`, which
//! keeps its `$`.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::Checker;
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
            }
        }
    }

    /// The first `{name}` whose name is that of a value.
    fn known_in_braces<'t>(&self, text: &'t str) -> Option<&'t str> {
        let inner = text.split('{').skip(1).filter_map(|rest| rest.split_once('}'));
        let mut names = inner.map(|(name, _)| name);
        names.find(|name| {
            let (owner, part) = name.split_once('.').unwrap_or((name, ""));
            let entity = self.symbols.peek(owner).map(|symbol| symbol.entity);
            let in_action = self.iteration.is_some() && matches!(*name, "seq" | "user" | "uuid()" | "now()");
            *name == "scratch"
                || in_action
                || self.local(owner).is_some()
                || match entity {
                    Some(Entity::Constant(_) | Entity::Secret(_)) => true,
                    Some(Entity::Dataset(dataset)) => {
                        self.scenario.datasets[dataset.index()].columns.iter().any(|column| column == part)
                    }
                    _ => false,
                }
        })
    }
}
