//! Operators: their types, and their values where the file fixes both sides.

use super::super::mistake;
use super::super::names::Entity;
use super::super::state::{Checker, Progress, unknown};
use super::constant_quantity;
use super::likely::{Meant, likely_literal};
use crate::diag::Diagnostic;
use crate::kinds::grpc::signature::STATUSES;
use crate::lang::eval;
use crate::lang::expr::{BinaryOperator, Expr, ExprKind, IterationWord, UnaryOperator};
use crate::lang::function::Aggregate;
use crate::lang::quantity::Dimension;
use crate::lang::types::Type;
use crate::lang::value::Value;
use crate::source::Span;
use crate::syntax::ast;

impl Checker<'_> {
    pub(super) fn unary(&mut self, operator: UnaryOperator, operand: &ast::Expr, span: Span) -> Expr {
        let operand = self.value(operand);
        let ty = match (operator, &operand.ty) {
            (_, Type::Unknown) => return unknown(span),
            (UnaryOperator::Minus, Type::Quantity { .. } | Type::Range(_)) => operand.ty.clone(),
            (UnaryOperator::Minus, Type::Json) => Type::NUMBER,
            (UnaryOperator::Not, Type::Bool | Type::Json) => Type::Bool,
            _ => {
                let wanted = if operator == UnaryOperator::Not { "a condition" } else { "a number" };
                self.report(mistake::types::wrong(&operand, wanted, None));
                return unknown(span);
            }
        };
        let folded = operand.constant().and_then(|value| eval::unary(operator, value.clone()).ok());
        let kind = match folded {
            Some(value) => ExprKind::Constant(value),
            None => ExprKind::Unary(operator, Box::new(operand)),
        };
        Expr { kind, ty, span }
    }

    pub(super) fn binary(
        &mut self,
        operator: BinaryOperator,
        left: &ast::Expr,
        right: &ast::Expr,
        span: Span,
    ) -> Expr {
        if let Some((place, better)) = self.name_with_dash(operator, left, right) {
            self.report(mistake::parts::header_with_dash(place, &better));
            return unknown(span);
        }
        let (left, right) = (self.value(left), self.right_side(operator, left, right));
        let Some(ty) = self.operator_type(operator, &left, &right, span) else { return unknown(span) };
        if left.ty == Type::Unknown || right.ty == Type::Unknown {
            return unknown(span);
        }
        let fixed = |expr: &Expr| match expr.constant() {
            Some(Value::Range(..)) | None => None,
            Some(value) => Some(value.clone()),
        };
        if operator == BinaryOperator::Divide
            && constant_quantity(&right).is_some_and(|by| by.to_f64() == 0.0)
        {
            self.report(mistake::values::division_by_zero(right.span));
            return unknown(span);
        }
        let folded = fixed(&left).zip(fixed(&right));
        let folded = folded.and_then(|(left, right)| eval::apply(operator, left, right).ok());
        let kind = match folded {
            Some(value) => ExprKind::Constant(value),
            None => ExprKind::Binary(operator, Box::new(left), Box::new(right)),
        };
        Expr { kind, ty, span }
    }

    /// The type of the result; `None` where the two do not go together, which has been said.
    fn operator_type(
        &mut self,
        operator: BinaryOperator,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Type> {
        use BinaryOperator as B;
        match operator {
            B::And | B::Or => {
                for side in [left, right] {
                    if !matches!(side.ty, Type::Bool | Type::Json | Type::Unknown) {
                        let other = if std::ptr::eq(side, left) { right } else { left };
                        self.report(mistake::types::not_a_condition(
                            side,
                            operator.symbol(),
                            self.sources.text(side.span),
                            (self.sources.text(other.span), other.span),
                        ));
                        return None;
                    }
                }
                Some(Type::Bool)
            }
            B::In | B::NotIn => self.membership_type(left, right),
            B::Equal | B::NotEqual | B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual => {
                self.comparison_type(operator, left, right)
            }
            B::Add | B::Subtract | B::Multiply | B::Divide => {
                self.arithmetic_type(operator, left, right, span)
            }
        }
    }

    fn membership_type(&mut self, left: &Expr, right: &Expr) -> Option<Type> {
        let goes = match &right.ty {
            Type::List(element) => compatible(&left.ty, element),
            Type::Range(dimension) => compatible(&left.ty, &Type::quantity(*dimension)),
            Type::Json | Type::Unknown => true,
            _ => {
                self.report(mistake::types::wrong(right, "a list or a range", None));
                return None;
            }
        };
        if !goes && left.ty != Type::Unknown {
            self.report(mistake::types::never_a_member(left, right));
            return None;
        }
        Some(Type::Bool)
    }

    fn comparison_type(&mut self, operator: BinaryOperator, left: &Expr, right: &Expr) -> Option<Type> {
        for side in [left, right] {
            if matches!(side.ty, Type::Range(_)) {
                self.report(mistake::types::compared_with_range(side));
                return None;
            }
        }
        if let Some(found) = grpc_status(left, right).or_else(|| grpc_status(right, left)) {
            self.report(found);
            return None;
        }
        let is_rows = |side: &Expr| matches!(side.kind, ExprKind::Iteration(IterationWord::Rows));
        let is_number = |side: &Expr| matches!(side.ty, Type::Quantity { .. });
        if is_rows(left) && is_number(right) || is_rows(right) && is_number(left) {
            let (rows, number) = if is_rows(left) { (left, right) } else { (right, left) };
            self.report(mistake::types::rows_with_number(
                rows.span,
                number.span,
                self.sources.text(number.span),
            ));
            return None;
        }
        if !compatible(&left.ty, &right.ty) {
            let likely = self.growth_literal(left, right).or_else(|| self.either_literal(left, right));
            let finding = mistake::types::not_comparable(left, right, self.sources.text(left.span), likely);
            let finding = self.blame_constant(finding, left, &right.ty, Meant::Compared);
            let finding = self.blame_constant(finding, right, &left.ty, Meant::Compared);
            self.report(finding);
            return None;
        }
        let ordered = !matches!(operator, BinaryOperator::Equal | BinaryOperator::NotEqual);
        let orderable = |ty: &Type| !matches!(ty, Type::Bool | Type::List(_) | Type::Row(_));
        if ordered && !(orderable(&left.ty) && orderable(&right.ty)) {
            self.report(mistake::types::no_order(left, operator.symbol()));
            return None;
        }
        Some(Type::Bool)
    }

    fn arithmetic_type(
        &mut self,
        operator: BinaryOperator,
        left: &Expr,
        right: &Expr,
        span: Span,
    ) -> Option<Type> {
        let numeric = |ty: &Type| match ty {
            Type::Quantity { dimension, percent } => Some((*dimension, *percent)),
            Type::Range(dimension) => Some((*dimension, false)),
            Type::Json | Type::Unknown => Some((Dimension::NONE, false)),
            _ => None,
        };
        if left.ty == Type::Unknown || right.ty == Type::Unknown {
            return Some(Type::Unknown);
        }
        let (Some(a), Some(b)) = (numeric(&left.ty), numeric(&right.ty)) else {
            let wrong = if numeric(&left.ty).is_none() { left } else { right };
            self.report(mistake::types::no_arithmetic(wrong, operator.symbol()));
            return None;
        };
        let (dimension, percent) = match operator {
            // Of `1 - errors` people want to see a percentage, as its value says.
            BinaryOperator::Add | BinaryOperator::Subtract if a.0 == b.0 => (Some(a.0), a.1 || b.1),
            BinaryOperator::Add | BinaryOperator::Subtract => {
                let likely = self.either_literal(left, right);
                let finding = mistake::types::not_addable(left, right, operator.symbol(), likely);
                let finding = self.blame_constant(finding, left, &right.ty, Meant::Compared);
                let finding = self.blame_constant(finding, right, &left.ty, Meant::Compared);
                self.report(finding);
                return None;
            }
            BinaryOperator::Multiply => (a.0.times(b.0), a.1 && b.1),
            _ => (a.0.per(b.0), a.1 && !b.1 && b.0 == Dimension::NONE),
        };
        let Some(dimension) = dimension else {
            self.report(mistake::types::absurd_dimension(span));
            return None;
        };
        Some(Type::Quantity { dimension, percent })
    }

    /// Whether an expression has the type wanted; where not, says so.
    pub fn expect_type(&mut self, expr: &Expr, wanted: &Type, what: &str) -> bool {
        if expr.ty == Type::Unknown {
            return false;
        }
        let fits = match (&expr.ty, wanted) {
            (Type::Quantity { dimension, .. }, Type::Quantity { dimension: other, .. }) => dimension == other,
            (Type::Json, Type::Quantity { dimension: Dimension::NONE, .. } | Type::Bool | Type::Text) => true,
            (left, right) => left == right,
        };
        if !fits {
            let likely = self.written_literal(expr, wanted, Meant::of(what));
            let finding = mistake::types::wrong_for(expr, what, wanted, likely);
            let finding = self.blame_constant(finding, expr, wanted, Meant::of(what));
            let finding = self.blame_call(finding, expr);
            let finding = self.blame_values(finding, expr, wanted);
            self.report(self.column_for(finding, expr, wanted));
        }
        fits
    }

    /// A variable of a loop whose values have no unit where they stand.
    fn blame_values(&self, finding: Diagnostic, expr: &Expr, wanted: &Type) -> Diagnostic {
        let of_loop = match &expr.kind {
            ExprKind::Variable(_) => true,
            ExprKind::Field(base, _) => matches!(base.kind, ExprKind::Variable(_)),
            _ => false,
        };
        let Type::Quantity { dimension, percent: false } = wanted else { return finding };
        if !of_loop || expr.ty != Type::NUMBER || finding.help.is_some() {
            return finding;
        }
        let sample = match *dimension {
            Dimension::RATE => "10/s",
            Dimension::TIME => "10s",
            Dimension::SIZE => "10MB",
            Dimension::BYTE_RATE => "10MB/s",
            _ => return finding,
        };
        finding.help(format!("give its values their unit where they stand, as in `{sample}`"))
    }

    /// `headers.Content-Type`, which is read as a difference.
    fn name_with_dash(
        &self,
        operator: BinaryOperator,
        left: &ast::Expr,
        right: &ast::Expr,
    ) -> Option<(Span, String)> {
        let place = left.span.to(right.span);
        let written = self.sources.text(place);
        let rest = written.strip_prefix("headers.")?;
        let ast::ExprKind::Name(name) = &right.kind else { return None };
        let dashed = rest.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let meant = operator == BinaryOperator::Subtract && dashed && !self.is_value_name(name);
        meant.then(|| (place, format!("headers.{}", rest.to_ascii_lowercase().replace('-', "_"))))
    }

    /// Names the column that was meant where a whole row of a table stands.
    fn column_for(&self, finding: Diagnostic, expr: &Expr, wanted: &Type) -> Diagnostic {
        let Type::Row(columns) = &expr.ty else { return finding };
        let fits = |ty: &Type| match (ty, wanted) {
            (Type::Quantity { dimension, .. }, Type::Quantity { dimension: other, .. }) => dimension == other,
            (ty, wanted) => ty == wanted,
        };
        let mut fitting = columns.iter().filter(|(_, ty)| fits(ty));
        let Some((column, _)) = fitting.next() else { return finding };
        let better = format!("{}.{column}", self.sources.text(expr.span));
        match fitting.next() {
            None => finding.help(format!("write `{better}`")).fix(expr.span, better, false),
            Some(_) => finding.help(format!("name the column that is meant, as in `{better}`")),
        }
    }

    /// The literal that one of two was probably meant to be.
    fn either_literal(&self, left: &Expr, right: &Expr) -> Option<String> {
        let meant = if self.grows(left) || self.grows(right) { Meant::Growth } else { Meant::Compared };
        let right_side = self.written_literal(right, &left.ty, meant);
        right_side.or_else(|| self.written_literal(left, &right.ty, meant))
    }

    /// The literal that was probably meant, where a literal stands there and not what comes to a number.
    fn written_literal(&self, expr: &Expr, wanted: &Type, meant: Meant) -> Option<String> {
        let text = self.sources.text(expr.span);
        let literal = text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '"' | '\''))
            && (text.starts_with(['"', '\'']) || !text[1..].contains([' ', '*', '/', '+', '-', '(']));
        // A rate is one literal, with its `/`.
        let rate = text.split_once('/').is_some_and(|(_, period)| matches!(period, "s" | "min" | "h" | "d"));
        if !literal && !rate {
            return None;
        }
        match wanted {
            Type::Text if literal && !text.contains(['"', '\'', '-']) => Some(format!("\"{text}\"")),
            // As it is written, with the period that is missing.
            Type::Quantity { dimension, .. } if self.lacks_period(expr, *dimension) => {
                Some(format!("{text}/{}", if meant == Meant::Growth { "h" } else { "s" }))
            }
            _ => likely_literal(expr, wanted, meant),
        }
    }

    /// Whether a quantity is one of this dimension but for the time that it is per.
    fn lacks_period(&self, expr: &Expr, dimension: Dimension) -> bool {
        constant_quantity(expr).is_some_and(|given| {
            given.dimension != Dimension::NONE
                && given.dimension != Dimension::TIME
                && given.dimension.per(Dimension::TIME) == Some(dimension)
        })
    }

    /// Whether a side of a comparison is a slope.
    fn grows(&self, expr: &Expr) -> bool {
        let mut grows = false;
        expr.walk(&mut |part| {
            grows |= matches!(&part.kind, ExprKind::Measure { aggregate: Aggregate::Growth, .. });
        });
        grows
    }

    /// `10ms/min` beside the growth of a duration, which is a time per time and so a plain number.
    fn growth_literal(&self, left: &Expr, right: &Expr) -> Option<String> {
        let mut grows = false;
        left.walk(&mut |part| {
            if let ExprKind::Measure { series, aggregate: Aggregate::Growth, .. } = &part.kind {
                grows |= self.scenario.series(*series).dimension == Dimension::TIME;
            }
        });
        let duration = constant_quantity(right).is_some_and(|right| right.dimension == Dimension::TIME);
        (grows && duration).then(|| format!("{}/min", self.sources.text(right.span)))
    }

    /// Where an expression comes to a plain number because one name in it is declared without a unit, or to a text because
    /// it is declared in quotes, points at that.
    fn blame_constant(&self, finding: Diagnostic, expr: &Expr, wanted: &Type, meant: Meant) -> Diagnostic {
        let Type::Quantity { dimension, .. } = wanted else { return finding };
        let bare = expr.ty == Type::NUMBER && *dimension != Dimension::NONE;
        let quoted = expr.ty == Type::Text;
        if !bare && !quoted || expr.constant().is_none() {
            return finding;
        }
        let text = self.sources.text(expr.span);
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        let mut blamed = words.filter_map(|word| match self.symbols.peek(word)?.entity {
            Entity::Constant(index) => Some(&self.constants[index]),
            _ => None,
        });
        let (Some(constant), None) = (blamed.next(), blamed.next()) else { return finding };
        let Progress::Done(value) = &constant.state else { return finding };
        let finding = finding.also(constant.name.span, format!("declared as {}", value.ty.describe()));
        let sort = if constant.param.is_some() { "param" } else { "let" };
        let name = &constant.name.text;
        match likely_literal(value, wanted, meant) {
            Some(literal) if quoted => {
                finding.help(format!("declare it without quotes: `{sort} {name} = {literal}`"))
            }
            Some(literal) if finding.help.is_none() => {
                finding.help(format!("declare it with a unit: `{sort} {name} = {literal}`"))
            }
            _ => finding,
        }
    }

    /// Where a parameter of a sequence is wrong, points at the call that gives it.
    fn blame_call(&self, finding: Diagnostic, expr: &Expr) -> Diagnostic {
        let name = self.sources.text(expr.span);
        match self.calls.last() {
            Some((_, call)) if self.local(name).is_some() => {
                let finding = finding.also(*call, format!("`{name}` is given here"));
                if finding.help.is_none() {
                    finding.help(
                        "mend it in the call: a value there has its unit, as in `30s`, `50/s` or `64MB`",
                    )
                } else {
                    finding
                }
            }
            _ => finding,
        }
    }

    /// Like [`Checker::expect_type`], where a range is taken too.
    pub fn expect_quantity(&mut self, expr: &Expr, dimension: Dimension, what: &str) -> bool {
        matches!(&expr.ty, Type::Range(range) if *range == dimension)
            || self.expect_type(expr, &Type::quantity(dimension), what)
    }

    /// Whether an expression is a duration (or a range of them) that is not negative.
    pub fn expect_duration(&mut self, expr: &Expr, what: &str) -> bool {
        if !self.expect_quantity(expr, Dimension::TIME, what) {
            return false;
        }
        let low = match expr.constant() {
            Some(Value::Range(low, _)) | Some(Value::Quantity(low)) => low.to_f64(),
            _ => return true,
        };
        if low < 0.0 {
            self.report(mistake::values::negative(expr, what, self.sources.text(expr.span)));
        }
        low >= 0.0
    }
}

/// Whether two values can be compared for equality.
fn compatible(left: &Type, right: &Type) -> bool {
    match (left, right) {
        (Type::Unknown | Type::Json, _) | (_, Type::Unknown | Type::Json) => true,
        (Type::Quantity { dimension, .. }, Type::Quantity { dimension: other, .. }) => dimension == other,
        (Type::List(left), Type::List(right)) => compatible(left, right),
        _ => left == right,
    }
}

/// A status of gRPC, which is a name, beside its code or what is no such name.
fn grpc_status(status: &Expr, other: &Expr) -> Option<Diagnostic> {
    if !matches!(status.kind, ExprKind::Iteration(IterationWord::Status)) || status.ty != Type::Text {
        return None;
    }
    match other.constant()? {
        Value::Text(name) if !STATUSES.contains(&name.as_str()) => {
            let meant =
                STATUSES.into_iter().find(|known| known.eq_ignore_ascii_case(&name.replace(['-', ' '], "_")));
            Some(mistake::worded::unknown_status(other.span, name, meant))
        }
        value => {
            let code = value.as_quantity()?.to_f64();
            let meant = STATUSES.get(code as usize).filter(|_| code >= 0.0 && code.fract() == 0.0);
            Some(mistake::worded::unknown_status(other.span, &value.to_string(), meant.copied()))
        }
    }
}
