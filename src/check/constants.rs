//! `param` and `let`: values that the file fixes, and those that the command line gives in their stead.

use super::mistake;
use super::names::nearest;
use super::scenario::Param;
use super::state::{Checker, Place, Progress, unknown};
use crate::diag::Diagnostic;
use crate::lang::expr::Expr;
use crate::lang::types::Type;
use crate::source::{Sources, Span};
use crate::syntax::ast;

/// A value given on the command line, as it was read.
pub(super) struct Given {
    name: String,
    /// As the pseudo file `--param name` spells it.
    file: ast::File,
    span: Span,
    /// Taken as it stands where the parameter is a text and this is no text literal.
    text: String,
    broken: Vec<Diagnostic>,
}

/// Reads the values given on the command line; each gets a file of its own, so that what is wrong in it has a place.
pub(super) fn parse_given(
    sources: &mut Sources,
    params: &[(String, String)],
    found: &mut Vec<Diagnostic>,
) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    for (name, text) in params {
        let spelt = format!("let value = {text}");
        let Ok(index) = sources.add(format!("--param {name}"), spelt) else { continue };
        let file = &sources.files()[index];
        let start = file.base() + "let value = ".len() as u32;
        let span = Span::new(start, file.span().end);
        let parsed = crate::syntax::parse(file);
        if given.iter().any(|other| other.name == *name) {
            found.push(mistake::names::param_given_twice(span, name));
            continue;
        }
        given.push(Given {
            name: name.clone(),
            file: parsed.file,
            span,
            text: text.clone(),
            broken: parsed.diagnostics,
        });
    }
    given
}

impl Given {
    /// The value as written, where it could be read.
    fn written(&self) -> Option<&ast::Expr> {
        match self.file.items.as_slice() {
            [ast::Statement { kind: ast::StatementKind::Let { value, .. }, .. }]
                if self.broken.is_empty() =>
            {
                Some(value)
            }
            _ => None,
        }
    }
}

impl<'a> Checker<'a> {
    /// Puts the values of the command line in the place of the defaults.
    pub fn override_params(&mut self, given: &'a [Given]) {
        for given in given {
            let Some(index) = self
                .constants
                .iter()
                .position(|constant| constant.param.is_some() && constant.name.text == given.name)
            else {
                let names: Vec<&str> = self
                    .constants
                    .iter()
                    .filter(|c| c.param.is_some())
                    .map(|c| c.name.text.as_str())
                    .collect();
                let finding = mistake::names::unknown_param(
                    given.span,
                    &given.name,
                    nearest(&given.name, names.iter().copied()),
                    &names,
                );
                self.report(finding);
                continue;
            };
            let default =
                self.at_place(Place::Fixed, |checker| checker.value(checker.constants[index].written));
            let value = match given.written() {
                _ if default.ty == Type::Text && !given.text.trim_start().starts_with(['"', '\'']) => {
                    let value = crate::lang::value::Value::Text(given.text.clone());
                    Expr {
                        kind: crate::lang::expr::ExprKind::Constant(value),
                        ty: Type::Text,
                        span: given.span,
                    }
                }
                Some(written) => self.at_place(Place::Fixed, |checker| checker.value(written)),
                None => {
                    self.found.extend(given.broken.iter().cloned());
                    self.constants[index].state = Progress::Done(unknown(given.span));
                    continue;
                }
            };
            let fits = match (&default.ty, &value.ty) {
                (Type::Quantity { dimension, .. }, Type::Range(other)) => dimension == other,
                (Type::Range(dimension), Type::Quantity { dimension: other, .. }) => dimension == other,
                (default, value) => super::infer::unify(default, value).is_some(),
            };
            if !fits {
                let likely = super::infer::likely_literal(&value, &default.ty, super::infer::Meant::Lasting);
                let place = self.constants[index].name.span;
                self.report(mistake::types::param_type(&value, &given.name, &default.ty, place, likely));
            }
            if let Some(param) = self.constants[index].param {
                self.scenario.params[param].overridden = true;
            }
            let value = if fits { value } else { unknown(given.span) };
            self.constants[index].state = Progress::Done(value);
        }
    }

    /// Gives every constant its value.
    pub fn resolve_constants(&mut self) {
        for index in 0..self.constants.len() {
            let span = self.constants[index].name.span;
            let value = self.constant(index, span);
            if let Some(param) = self.constants[index].param {
                // The report shows every parameter with its value.
                self.no_secret(&value, "a parameter");
                self.scenario.params[param].value = value;
            }
        }
    }

    /// The value of a constant, as it stands at `span`.
    pub fn constant(&mut self, index: usize, span: Span) -> Expr {
        match std::mem::replace(&mut self.constants[index].state, Progress::Busy) {
            Progress::Done(value) => {
                let here = Expr { span, ..value.clone() };
                self.constants[index].state = Progress::Done(value);
                here
            }
            Progress::Busy => {
                let name = self.constants[index].name;
                self.report(mistake::names::defined_by_itself(span, &name.text, name.span));
                unknown(span)
            }
            Progress::Waiting => {
                let written = self.constants[index].written;
                let locals = std::mem::take(&mut self.locals);
                let iteration = self.iteration.take();
                let value = self.at_place(Place::Fixed, |checker| checker.value(written));
                self.locals = locals;
                self.iteration = iteration;
                let here = Expr { span, ..value.clone() };
                self.constants[index].state = Progress::Done(value);
                here
            }
        }
    }
}

/// A parameter before its value is known.
pub(super) fn param(name: &ast::Name, about: &Option<ast::Text>) -> Param {
    Param {
        name: name.text.clone(),
        value: unknown(name.span),
        about: about.as_ref().and_then(ast::Text::literal),
        overridden: false,
        span: name.span,
    }
}
