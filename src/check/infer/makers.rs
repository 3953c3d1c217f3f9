//! Calls of the functions that make a value, in an action or in the story.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::{Checker, Place, unknown};
use crate::lang::expr::{Expr, ExprKind, IterationWord};
use crate::lang::function::Maker;
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast::{self, Argument};

impl Checker<'_> {
    /// `uuid()`, `pick(list)` and the like.
    pub(super) fn make(
        &mut self,
        maker: Maker,
        usage: &'static str,
        arguments: &[Argument],
        span: Span,
    ) -> Expr {
        let wanted = match maker {
            Maker::Uuid | Maker::Now | Maker::Date => 0,
            Maker::Matches | Maker::Find => 2,
            _ => 1,
        };
        if arguments.len() != wanted {
            let found = mistake::types::argument_count(span, usage, "", arguments.len());
            let range = match (maker, arguments) {
                (Maker::Random, [low, high]) => Some(format!(
                    "random({}..{})",
                    self.sources.text(low.value.span),
                    self.sources.text(high.value.span)
                )),
                _ => None,
            };
            self.report(match range {
                Some(better) => found.help(format!("write `{better}`")).fix(span, better, false),
                None => found,
            });
            return unknown(span);
        }
        if matches!(self.place, Place::Fixed | Place::Metric) {
            self.report(mistake::types::not_fixed(span, usage));
            return unknown(span);
        }
        match (maker, arguments) {
            (Maker::Recent | Maker::Take, [argument]) => self.pool(maker, &argument.value, usage, span),
            (Maker::Random, [argument]) => {
                let range = self.value(&argument.value);
                let ty = match &range.ty {
                    Type::Range(dimension) => Type::quantity(*dimension),
                    Type::Unknown => return unknown(span),
                    _ => {
                        self.report(mistake::types::wrong(&range, "a range, as in `random(1..6)`", None));
                        return unknown(span);
                    }
                };
                Expr { kind: ExprKind::Make(maker, vec![range]), ty, span }
            }
            (Maker::Pick, [argument]) => {
                let list = self.value(&argument.value);
                let ty = match &list.ty {
                    Type::List(element) => (**element).clone(),
                    Type::Json => Type::Json,
                    Type::Unknown => return unknown(span),
                    _ => {
                        self.report(mistake::types::wrong(
                            &list,
                            "a list, as in `pick([\"a\", \"b\"])`",
                            None,
                        ));
                        return unknown(span);
                    }
                };
                Expr { kind: ExprKind::Make(maker, vec![list]), ty, span }
            }
            (_, [text, pattern]) => self.search(maker, (&text.value, &pattern.value), span),
            _ => Expr { kind: ExprKind::Make(maker, Vec::new()), ty: Type::Text, span },
        }
    }

    /// `matches(body, '…')`, `find(body, '…')`
    fn search(&mut self, maker: Maker, (text, pattern): (&ast::Expr, &ast::Expr), span: Span) -> Expr {
        let searched = self.value(text);
        let expression = self.value(pattern);
        let is_text = match searched.ty {
            Type::Json => true,
            _ => self.expect_type(&searched, &Type::Text, "what is searched"),
        };
        let is_regex = self.expect_type(&expression, &Type::Text, "what is searched for")
            && self.no_secret(&expression, "a regular expression")
            && self.regex(pattern, &expression);
        if !is_text || !is_regex {
            return unknown(span);
        }
        // JSON is searched as it came.
        let kind = match searched.kind {
            ExprKind::Iteration(IterationWord::Body) => ExprKind::Iteration(IterationWord::BodyText),
            other => other,
        };
        let ty = if maker == Maker::Matches { Type::Bool } else { Type::Text };
        Expr { kind: ExprKind::Make(maker, vec![Expr { kind, ..searched }, expression]), ty, span }
    }

    /// `recent(create.id)`, `take(create.id)`
    fn pool(&mut self, maker: Maker, argument: &ast::Expr, usage: &'static str, span: Span) -> Expr {
        if self.iteration.as_ref().is_none_or(|iteration| iteration.action.is_none()) {
            self.report(mistake::types::not_here(span, usage, "in an action"));
            return unknown(span);
        }
        let ast::ExprKind::Field { base, field } = &argument.kind else {
            self.report(mistake::measure::not_a_pool(argument.span, usage));
            return unknown(span);
        };
        let action = match &base.kind {
            ast::ExprKind::Name(name) => match self.used_entity(name, base.span) {
                Some(Entity::Action(action)) => Some(action),
                Some(Entity::Unknown) => return unknown(span),
                None => {
                    let meant = self.nearest_name(name, "name").map(str::to_string);
                    self.report(mistake::names::unknown(base.span, name, "action", meant.as_deref()));
                    return unknown(span);
                }
                _ => None,
            },
            _ => None,
        };
        let Some(action) = action else {
            self.report(mistake::measure::not_a_pool(argument.span, usage));
            return unknown(span);
        };
        let captures = self.scenario.action(action).captures.clone();
        let Some(capture) = captures.iter().position(|capture| *capture == field.text) else {
            if self.actions[action.index()].unreadable {
                return unknown(span);
            }
            let owner = self.scenario.action(action).name.clone();
            let elsewhere = self.captured_elsewhere(&field.text);
            self.report(mistake::measure::no_capture(
                field.span,
                (&owner, base.span),
                &field.text,
                &captures,
                elsewhere,
            ));
            return unknown(span);
        };
        self.note_capture(field.span, base.span.to(field.span), action, capture);
        let take = maker == Maker::Take;
        self.pools.push((action, span, take));
        Expr { kind: ExprKind::Pool { action, capture, take }, ty: Type::Json, span }
    }
}
