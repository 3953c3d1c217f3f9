//! Passwords in plain text: in a URL, a header, an environment variable.

use super::super::embedded::LATER;
use super::super::mistake;
use super::super::names::Entity;
use super::super::scenario::{Argued, Argument};
use super::super::state::Checker;
use super::super::walk::visit_tells;
use crate::lang::signature::Accepts;
use crate::source::Span;

/// Where a password stands, and what that is.
type Place = (Span, &'static str);

/// Headers that carry a password or a token.
const SECRET_HEADERS: &[&str] =
    &["authorization", "proxy-authorization", "x-api-key", "api-key", "x-auth-token", "cookie"];

/// How a variable's name ends that holds a secret; `TOKEN_TTL` and `PASSWORD_FILE` hold none.
const SECRET_VARIABLES: &[&str] = &[
    "PASSWORD",
    "PASSWD",
    "SECRET",
    "TOKEN",
    "API_KEY",
    "APIKEY",
    "PRIVATE_KEY",
    "SECRET_KEY",
    "ACCESS_KEY",
];

impl Checker<'_> {
    pub(super) fn password_lint(&mut self) {
        let mut places: Vec<Place> = Vec::new();
        for target in &self.scenario.targets {
            target.settings.iter().for_each(|setting| self.plain_password(setting, &mut places));
        }
        visit_tells(&self.scenario, &mut |tell| {
            tell.arguments.iter().for_each(|argument| self.plain_password(argument, &mut places));
        });
        for (span, place) in places {
            // A secret is declared, and its name stands there instead of it.
            let named = self.secret_named_in(span);
            if let Some((name, _)) = &named {
                self.used_entity(name, span);
            }
            let better = named.map(|(_, better)| better);
            self.report(mistake::lint::plain_password(span, place, better.as_deref()));
        }
    }

    /// The secret whose name is a word of a text, and the text with its value in that place.
    fn secret_named_in(&self, place: Span) -> Option<(String, String)> {
        let written = self.sources.text(place);
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let mut words = written.split(|c| !is_part(c)).filter(|word| !word.is_empty());
        let name = words.find(|word| {
            matches!(self.symbols.peek(word).map(|symbol| symbol.entity), Some(Entity::Secret(_)))
        })?;
        let at = written.match_indices(name).find(|(at, _)| {
            !written[..*at].ends_with(is_part) && !written[at + name.len()..].starts_with(is_part)
        })?;
        let (before, behind) = (&written[..at.0], &written[at.0 + name.len()..]);
        Some((name.to_string(), format!("{before}{{{name}}}{behind}").replace('\'', "\"")))
    }

    fn plain_password(&self, argument: &Argument, places: &mut Vec<Place>) {
        for (accepts, value) in argument.parameter.values.iter().zip(&argument.values) {
            let (Accepts::Url(_), Argued::Value(expr)) = (accepts, value) else { continue };
            if has_password(&self.sketch(expr)) {
                places.push((expr.span, "a URL"));
            }
        }
        let [name, Argued::Value(value)] = argument.values.as_slice() else { return };
        let name = match name {
            Argued::Word(word) => word.clone(),
            Argued::Value(expr) => self.sketch(expr),
            _ => return,
        };
        let (place, secret) = match argument.parameter.name {
            "header" => ("a header", SECRET_HEADERS.contains(&name.to_lowercase().as_str())),
            "env" => {
                let upper = name.to_uppercase();
                ("an environment variable", SECRET_VARIABLES.iter().any(|end| upper.ends_with(end)))
            }
            _ => return,
        };
        // Whatever is put in from elsewhere may be the secret itself.
        let text = self.sketch(value);
        let known = value.ty != crate::lang::types::Type::Unknown;
        let plain = argument.parameter.name == "env" && is_setting(&text);
        if secret && known && !text.is_empty() && !text.contains(LATER) && !plain {
            places.push((value.span, place));
        }
    }
}

/// Whether a value is no secret by its form: a path, a URL, a number, a time, a switch.
fn is_setting(text: &str) -> bool {
    let switch = ["on", "off", "yes", "no", "true", "false", "none"];
    text.starts_with(['/', '.', '~'])
        || text.contains("://")
        || crate::lang::unit::parse(text).is_ok()
        || switch.contains(&text.to_lowercase().as_str())
}

/// Whether a URL has a password of its own.
fn has_password(url: &str) -> bool {
    let Some((_, rest)) = url.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or("");
    let Some((user, _)) = authority.rsplit_once('@') else { return false };
    user.split_once(':').is_some_and(|(_, password)| !password.is_empty() && !password.contains(LATER))
}
