//! Expressions: the grammar reads them flat, precedence is given to them here.
//!
//! From loose to tight: `or`, `and`, `not`, comparisons and `in`, `+ -`, `* /`, a sign, `over` and `in "phase"`.

use super::{Head, Lower, parts};
use crate::diag::Diagnostic;
use crate::lang::unit;
use crate::source::Span;
use crate::syntax::ast::{Argument, BinaryOperator, Expr, ExprKind, Name, UnaryOperator};
use crate::syntax::grammar::Rule;
use crate::syntax::{mistake, vocabulary};
use pest::iterators::Pair;
use std::collections::VecDeque;

/// How many operators, fields and windows one outermost expression may have: the tree is at most so much deeper than
/// its brackets.
pub const MAX_OPERATORS: usize = 500;

const COMPARISON: u8 = 4;

enum Token {
    Prefix(UnaryOperator, Span),
    Infix(BinaryOperator, Span),
    Operand(Expr),
}

fn precedence(operator: BinaryOperator) -> u8 {
    use BinaryOperator::*;
    match operator {
        Or => 1,
        And => 2,
        Equal | NotEqual | Less | LessOrEqual | Greater | GreaterOrEqual | In | NotIn => COMPARISON,
        Add | Subtract => 5,
        Multiply | Divide => 6,
    }
}

impl<'a> Lower<'a> {
    /// What stands for an expression that is not there.
    pub(super) fn nothing(&self, head: Head) -> Expr {
        Expr { kind: ExprKind::Bad, span: self.between(head.end, head.end) }
    }

    /// The expression within a rule that has only one.
    pub(super) fn only_expression(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let inner = parts(pair).next();
        self.maybe_expression(inner)
    }

    pub(super) fn maybe_expression(&mut self, pair: Option<Pair<'a, Rule>>) -> Expr {
        match pair {
            Some(pair) => self.expression(pair),
            None => self.nothing(Head { start: self.offset, end: self.offset }),
        }
    }

    /// Counts operators; says no when there are too many, and reports that once a statement.
    fn room_for(&mut self, more: usize, span: Span) -> bool {
        self.operators += more;
        if self.operators <= MAX_OPERATORS {
            return true;
        }
        if !std::mem::replace(&mut self.too_long, true) {
            let message = format!("an expression has at most {MAX_OPERATORS} operators");
            let found = Diagnostic::error("E0120", message, Span::new(span.start, span.start + 1));
            self.report(
                found.here("this one has more").help("give parts of it names with `let` or `metric`"),
            );
        }
        false
    }

    /// An `expression` or an `arithmetic`.
    pub(super) fn expression(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let pairs = pair.into_inner();
        let count = pairs.len();
        if count > 1 && !self.room_for(count - 1, span) {
            return Expr { kind: ExprKind::Bad, span };
        }
        let mut tokens = VecDeque::with_capacity(count);
        for pair in pairs {
            let span = self.span(&pair);
            tokens.push_back(match pair.as_rule() {
                Rule::minus => Token::Prefix(UnaryOperator::Minus, span),
                Rule::prefix if pair.as_str() == "-" => Token::Prefix(UnaryOperator::Minus, span),
                Rule::prefix => Token::Prefix(UnaryOperator::Not, span),
                Rule::operand => Token::Operand(self.operand(pair)),
                _ => Token::Infix(operator(pair.as_str()), span),
            });
        }
        self.climb(&mut tokens, 0, span)
    }

    fn climb(&mut self, tokens: &mut VecDeque<Token>, loosest: u8, whole: Span) -> Expr {
        let mut left = match tokens.pop_front() {
            Some(Token::Operand(operand)) => operand,
            Some(Token::Prefix(operator, span)) => {
                let tightness = if operator == UnaryOperator::Not { COMPARISON } else { 7 };
                let operand = self.climb(tokens, tightness, whole);
                signed(operator, span, operand)
            }
            _ => Expr { kind: ExprKind::Bad, span: whole },
        };
        let mut compared = false;
        while let Some(Token::Infix(operator, at)) = tokens.front() {
            let (operator, at, tightness) = (*operator, *at, precedence(*operator));
            if tightness < loosest {
                break;
            }
            if tightness == COMPARISON && std::mem::replace(&mut compared, true) {
                let middle = match &left.kind {
                    ExprKind::Binary { right, .. } => right.span,
                    _ => left.span,
                };
                let text = |span: Span| {
                    &self.text[(span.start - self.base) as usize..(span.end - self.base) as usize]
                };
                let found = mistake::chained(at, text(left.span), text(middle));
                self.report(found);
                // What both comparisons say is not known, and nothing more is told of it.
                left = Expr { kind: ExprKind::Bad, span: left.span };
            }
            tokens.pop_front();
            let right = self.climb(tokens, tightness + 1, whole);
            let span = left.span.to(right.span);
            let (left_box, right) = (Box::new(left), Box::new(right));
            left = Expr { kind: ExprKind::Binary { operator, left: left_box, right }, span };
        }
        left
    }

    fn operand(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let mut windows = Vec::new();
        let mut pieces = Vec::new();
        for inner in pair.into_inner() {
            match inner.as_rule() {
                Rule::over | Rule::in_phase => windows.push(inner),
                _ => pieces.push(inner),
            }
        }
        let mut base = self.ranged(pieces.into_iter());
        for window in windows {
            let (rule, end) = (window.as_rule(), self.span(&window).end);
            let span = Span::new(base.span.start, end);
            if !self.room_for(1, span) {
                return Expr { kind: ExprKind::Bad, span };
            }
            let Some(inner) = window.into_inner().next() else { continue };
            let kind = if rule == Rule::over {
                ExprKind::Over { base: Box::new(base), window: Box::new(self.primary(inner)) }
            } else {
                ExprKind::InPhase { base: Box::new(base), phase: self.text(inner) }
            };
            base = Expr { kind, span };
        }
        base
    }

    /// A primary value, or a range of two.
    pub(super) fn ranged(&mut self, mut pieces: impl Iterator<Item = Pair<'a, Rule>>) -> Expr {
        let Some(first) = pieces.next() else { return self.maybe_expression(None) };
        let low = self.primary(first);
        let Some(end) = pieces.next() else { return low };
        let mut high = None;
        let mut minus = None;
        for inner in end.into_inner() {
            match inner.as_rule() {
                Rule::minus => minus = Some(self.span(&inner)),
                _ => high = Some(self.primary(inner)),
            }
        }
        let Some(mut high) = high else { return low };
        if let Some(sign) = minus {
            let span = sign.to(high.span);
            let kind = ExprKind::Unary { operator: UnaryOperator::Minus, operand: Box::new(high) };
            high = Expr { kind, span };
        }
        let span = low.span.to(high.span);
        Expr { kind: ExprKind::Range { low: Box::new(low), high: Box::new(high) }, span }
    }

    fn primary(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::quantity => match unit::parse(pair.as_str()) {
                Ok(quantity) => ExprKind::Quantity(quantity),
                Err(error) => {
                    self.report(mistake::literal(pair.as_str(), &error, span));
                    ExprKind::Bad
                }
            },
            Rule::text => ExprKind::Text(self.text(pair)),
            Rule::list => ExprKind::List(parts(pair).map(|item| self.expression(item)).collect()),
            Rule::object => ExprKind::Object(parts(pair).filter_map(|entry| self.entry(entry)).collect()),
            Rule::parenthesis => ExprKind::Parenthesis(Box::new(self.only_expression(pair))),
            Rule::path => return self.path(pair),
            _ => ExprKind::Bad,
        };
        Expr { kind, span }
    }

    fn entry(&mut self, pair: Pair<'a, Rule>) -> Option<(Name, Expr)> {
        let mut parts = parts(pair);
        let key = parts.next()?;
        let name = match key.as_rule() {
            Rule::text => {
                let text = self.text(key);
                let literal = text.literal();
                if literal.is_none() {
                    let found = Diagnostic::error("E0127", "a key is known before the run", text.span);
                    self.report(found.here("nothing can be interpolated here"));
                }
                Name { text: literal.unwrap_or_default(), span: text.span }
            }
            _ => self.name(&key),
        };
        let value = self.maybe_expression(parts.next());
        Some((name, value))
    }

    fn path(&mut self, pair: Pair<'a, Rule>) -> Expr {
        let span = self.span(&pair);
        let mut steps = pair.into_inner().peekable();
        let mut base: Option<Expr> = None;
        while let Some(step) = steps.next() {
            let mut step_span = self.span(&step);
            let word = match step.as_rule() {
                // A place in a list is a part like any other, named by its number.
                Rule::index => Name { text: step.as_str().trim_matches(['[', ']']).into(), span: step_span },
                _ => self.name(&step),
            };
            let called = steps.next_if(|next| next.as_rule() == Rule::arguments);
            let arguments = called.map(|pair| {
                step_span = step_span.to(self.span(&pair));
                self.arguments(pair)
            });
            if base.is_some() && !self.room_for(1, span) {
                return Expr { kind: ExprKind::Bad, span };
            }
            base = Some(match (base, arguments) {
                (None, Some(arguments)) => {
                    Expr { kind: ExprKind::Call { function: word, arguments }, span: step_span }
                }
                (None, None) if vocabulary::is_no_value(&word.text) => {
                    self.report(mistake::no_value(&word.text, step_span));
                    Expr { kind: ExprKind::Bad, span: step_span }
                }
                (None, None) => Expr { kind: plain_name(word.text), span: step_span },
                (Some(base), arguments) => {
                    let span = base.span.to(step_span);
                    let base = Box::new(base);
                    let kind = match arguments {
                        Some(arguments) => ExprKind::FieldCall { base, field: word, arguments },
                        None => ExprKind::Field { base, field: word },
                    };
                    Expr { kind, span }
                }
            });
        }
        base.unwrap_or(Expr { kind: ExprKind::Bad, span })
    }

    pub(super) fn arguments(&mut self, pair: Pair<'a, Rule>) -> Vec<Argument> {
        let mut arguments = Vec::new();
        for named in parts(pair) {
            let mut name = None;
            let mut value = None;
            for part in parts(named) {
                match part.as_rule() {
                    Rule::word => name = Some(self.name(&part)),
                    _ => value = Some(self.expression(part)),
                }
            }
            if let Some(value) = value {
                arguments.push(Argument { name, value });
            }
        }
        arguments
    }
}

/// A sign or `not` before an operand; the sign of a range belongs to its lower end.
pub(super) fn signed(operator: UnaryOperator, at: Span, operand: Expr) -> Expr {
    let span = at.to(operand.span);
    let kind = match operand.kind {
        ExprKind::Range { low, high } if operator == UnaryOperator::Minus => {
            ExprKind::Range { low: Box::new(signed(operator, at, *low)), high }
        }
        kind => {
            let operand = Box::new(Expr { kind, span: operand.span });
            ExprKind::Unary { operator, operand }
        }
    };
    Expr { kind, span }
}

fn plain_name(text: String) -> ExprKind {
    match text.as_str() {
        "true" => ExprKind::True,
        "false" => ExprKind::False,
        _ => ExprKind::Name(text),
    }
}

fn operator(written: &str) -> BinaryOperator {
    match written {
        "or" => BinaryOperator::Or,
        "and" => BinaryOperator::And,
        "==" => BinaryOperator::Equal,
        "!=" => BinaryOperator::NotEqual,
        "<" => BinaryOperator::Less,
        "<=" => BinaryOperator::LessOrEqual,
        ">" => BinaryOperator::Greater,
        ">=" => BinaryOperator::GreaterOrEqual,
        "in" => BinaryOperator::In,
        "+" => BinaryOperator::Add,
        "-" => BinaryOperator::Subtract,
        "*" => BinaryOperator::Multiply,
        "/" => BinaryOperator::Divide,
        _ => BinaryOperator::NotIn,
    }
}
