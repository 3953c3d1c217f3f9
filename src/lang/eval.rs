//! Evaluation: an expression and what is known around it come to a value, or to the reason why there is none.

use super::expr::{
    ActionId, DatasetId, Expr, ExprKind, IterationWord, Piece, SecretId, SeriesId, VariableId, Window,
};
use super::function::{Aggregate, Maker};
use super::operator::{BinaryOperator, UnaryOperator};
use super::quantity::{Amount, Dimension, Quantity};
use super::search;
use super::value::Value;
use num_rational::Ratio;
use rand::{Rng, RngCore};
use std::borrow::Cow;
use std::fmt::Write;
use std::time::Duration;

/// Why an expression has no value now. `within` and `sometimes` go on waiting for one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoValue {
    /// The measurement has none: an empty window, a missing file, nothing ended yet.
    #[error("{0}")]
    NotMeasured(String),
    /// `0/0`, or anything else over 0.
    #[error("a division by zero")]
    DivisionByZero,
    /// A part of a JSON value that is not there.
    #[error("there is no `{0}`")]
    Missing(String),
    /// A pool or a list from which nothing can be drawn.
    #[error("there is nothing to draw from")]
    Empty,
    /// Two values that cannot be put together, which only JSON from outside can bring about.
    #[error("{0}")]
    Mismatch(String),
    /// A word used where it means nothing; the checker refuses this.
    #[error("`{0}` is not known here")]
    NotHere(&'static str),
}

/// What is known around an expression. Each method answers for one sort of name; the defaults know nothing.
pub trait Surroundings {
    /// The generator that this place draws from.
    fn random(&mut self) -> &mut dyn RngCore;

    /// The value a block bound.
    fn variable(&mut self, _variable: VariableId) -> Result<Value, NoValue> {
        Err(NoValue::NotHere("a variable"))
    }

    /// The folder of this run's own.
    fn scratch(&mut self) -> Result<String, NoValue> {
        Err(NoValue::NotHere("scratch"))
    }

    /// A secret's text.
    fn secret(&mut self, _secret: SecretId) -> Result<String, NoValue> {
        Err(NoValue::NotHere("a secret"))
    }

    /// A word of an iteration.
    fn iteration(&mut self, _word: IterationWord) -> Result<Value, NoValue> {
        Err(NoValue::NotHere("a word of an iteration"))
    }

    /// The JSON behind a word of an iteration, so that a part of it can be read without copying the whole.
    fn document(&mut self, _word: IterationWord) -> Option<&serde_json::Value> {
        None
    }

    /// A part of such a JSON, read without making the whole; `None` where only the whole is to be had.
    fn part(&mut self, _word: IterationWord, _path: &[&str]) -> Option<Result<serde_json::Value, NoValue>> {
        None
    }

    /// A capture of this iteration.
    fn captured(&mut self, _capture: usize) -> Result<Value, NoValue> {
        Err(NoValue::NotHere("a capture"))
    }

    /// One of an action's pool.
    fn pool(&mut self, _action: ActionId, _capture: usize, _take: bool) -> Result<Value, NoValue> {
        Err(NoValue::NotHere("a pool"))
    }

    /// A column of this iteration's row.
    fn column(&mut self, _dataset: DatasetId, _column: &str) -> Result<Value, NoValue> {
        Err(NoValue::NotHere("a dataset"))
    }

    /// A reading over a window, whose length or phase has been evaluated.
    fn measure(
        &mut self,
        _series: SeriesId,
        _aggregate: Aggregate,
        _window: MeasureWindow,
    ) -> Result<Value, NoValue> {
        Err(NoValue::NotHere("a measurement"))
    }

    /// The time since the innermost block began.
    fn elapsed(&mut self) -> Result<Duration, NoValue> {
        Err(NoValue::NotHere("elapsed"))
    }

    /// The wall clock, as (RFC 3339 text, date).
    fn wall_clock(&mut self) -> (String, String) {
        let now = jiff::Timestamp::now();
        (now.to_string(), now.strftime("%Y-%m-%d").to_string())
    }
}

/// A [`Window`] with its value known.
#[derive(Clone, Debug, PartialEq)]
pub enum MeasureWindow {
    /// The innermost block so far.
    Block,
    /// The last so-long.
    Over(Duration),
    /// The last whole pass of that phase.
    Phase(String),
}

/// Evaluates an expression.
pub fn evaluate(expr: &Expr, around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    match &expr.kind {
        ExprKind::Constant(value) => Ok(value.clone()),
        ExprKind::Text(pieces) => text(pieces, around).map(Value::Text),
        ExprKind::Scratch => around.scratch().map(Value::Text),
        ExprKind::Secret(secret) => around.secret(*secret).map(Value::Text),
        ExprKind::Variable(variable) => around.variable(*variable),
        ExprKind::Field(base, field) => {
            let mut path = Vec::new();
            if let Some(word) = word_of(expr, &mut path)
                && let Some(part) = around.part(word, &path)
            {
                return part.map(Value::from_json);
            }
            match part(expr, around) {
                Some(part) => part.map(|part| Value::from_json(part.clone())),
                None => self::field(evaluate(base, around)?, field),
            }
        }
        ExprKind::List(items) => {
            items.iter().map(|item| evaluate(item, around)).collect::<Result<_, _>>().map(Value::List)
        }
        ExprKind::Object(members) => {
            let mut object = serde_json::Map::new();
            for (name, value) in members {
                object.insert(name.clone(), evaluate_drawn(value, around)?.to_json());
            }
            Ok(Value::Json(object.into()))
        }
        ExprKind::Range(low, high) => {
            Ok(Value::Range(quantity(evaluate(low, around)?)?, quantity(evaluate(high, around)?)?))
        }
        ExprKind::Unary(operator, operand) => unary(*operator, evaluate(operand, around)?),
        ExprKind::Binary(operator, left, right) => binary(*operator, left, right, around),
        ExprKind::Make(maker, arguments) => make(*maker, arguments, around),
        ExprKind::Iteration(word) => around.iteration(*word),
        ExprKind::Captured(capture) => around.captured(*capture),
        ExprKind::Pool { action, capture, take } => around.pool(*action, *capture, *take),
        ExprKind::Column(dataset, column) => around.column(*dataset, column),
        ExprKind::Measure { series, aggregate, window } => {
            let window = match window {
                Window::Block => MeasureWindow::Block,
                Window::Over(length) => {
                    let length = drawn(evaluate(length, around)?, around)?;
                    let length = quantity(length)?.to_duration();
                    MeasureWindow::Over(length.ok_or(NoValue::NotHere("a window of less than no time"))?)
                }
                Window::Phase(name) => MeasureWindow::Phase(evaluate(name, around)?.to_string()),
            };
            around.measure(*series, *aggregate, window)
        }
        ExprKind::Elapsed => around.elapsed().map(|elapsed| Value::Quantity(Quantity::duration(elapsed))),
    }
}

/// The word of which an expression is a part, and the path to that part.
fn word_of<'e>(expr: &'e Expr, path: &mut Vec<&'e str>) -> Option<IterationWord> {
    match &expr.kind {
        ExprKind::Field(base, field) => {
            let word = word_of(base, path)?;
            path.push(field);
            Some(word)
        }
        ExprKind::Iteration(word) => Some(*word),
        _ => None,
    }
}

/// A document that is at hand, or the part of it that an expression names; `None` of any other expression.
fn part<'a>(expr: &Expr, around: &'a mut dyn Surroundings) -> Option<Result<&'a serde_json::Value, NoValue>> {
    match &expr.kind {
        ExprKind::Field(base, field) => {
            let whole = part(base, around)?;
            Some(whole.and_then(|whole| member(whole, field).ok_or_else(|| NoValue::Missing(field.clone()))))
        }
        ExprKind::Iteration(word) => around.document(*word).map(Ok),
        _ => None,
    }
}

/// Evaluates an expression, and draws from it where it comes to a range.
pub fn evaluate_drawn(expr: &Expr, around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    let value = evaluate(expr, around)?;
    drawn(value, around)
}

fn drawn(value: Value, around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    match value {
        Value::Range(low, high) => draw(low, high, around.random()).map(Value::Quantity),
        other => Ok(other),
    }
}

/// Draws evenly between two ends, both included; whole where both are whole plain numbers, to the nanosecond
/// where they are durations, to the byte where they are sizes.
pub fn draw(low: Quantity, high: Quantity, random: &mut dyn RngCore) -> Result<Quantity, NoValue> {
    if low.dimension != high.dimension {
        return Err(NoValue::Mismatch("the two ends of a range have different dimensions".into()));
    }
    let grain: i128 = match low.dimension {
        Dimension::NONE | Dimension::SIZE => 1,
        Dimension::TIME => 1_000_000_000,
        _ => 0,
    };
    let steps = |end: Quantity| {
        let scaled = end.to_ratio()?.checked_scale(grain)?;
        (grain > 0 && scaled.is_integer()).then(|| i64::try_from(scaled.to_integer()).ok()).flatten()
    };
    if let (Some(from), Some(to)) = (steps(low), steps(high)) {
        let step = random.random_range(from.min(to)..=from.max(to));
        let amount = Amount::Exact(Ratio::new(i128::from(step), grain));
        return Ok(Quantity { amount, ..low });
    }
    let (from, to) = (low.to_f64(), high.to_f64());
    let share: f64 = random.random();
    Ok(Quantity { amount: Amount::Float(from + (to - from) * share), ..low })
}

/// Multiplication of a fraction by a whole number, `None` where it does not fit.
trait CheckedScale: Sized {
    fn checked_scale(&self, by: i128) -> Option<Self>;
}

impl CheckedScale for Ratio<i128> {
    fn checked_scale(&self, by: i128) -> Option<Self> {
        num_traits::CheckedMul::checked_mul(self, &Ratio::from_integer(by))
    }
}

/// Puts a text together.
pub fn text(pieces: &[Piece], around: &mut dyn Surroundings) -> Result<String, NoValue> {
    let mut whole = String::new();
    append_pieces(pieces, around, &mut whole)?;
    Ok(whole)
}

/// Writes what an expression comes to as it stands in a text, drawn from where it is a range. What takes the text must
/// take every text.
pub fn append(expr: &Expr, around: &mut dyn Surroundings, whole: &mut dyn Write) -> Result<(), NoValue> {
    let written = match &expr.kind {
        ExprKind::Text(pieces) => return append_pieces(pieces, around, whole),
        ExprKind::Constant(Value::Text(text)) => whole.write_str(text),
        ExprKind::Make(Maker::Uuid, _) => {
            let mut letters = [0; uuid::fmt::Hyphenated::LENGTH];
            whole.write_str(uuid(around).hyphenated().encode_lower(&mut letters))
        }
        _ => {
            let value = evaluate_drawn(expr, around)?;
            write!(whole, "{value}")
        }
    };
    written.map_err(|_| NoValue::Mismatch("a text that cannot be written".into()))
}

fn append_pieces(
    pieces: &[Piece],
    around: &mut dyn Surroundings,
    whole: &mut dyn Write,
) -> Result<(), NoValue> {
    for piece in pieces {
        match piece {
            Piece::Literal(text) => whole
                .write_str(text)
                .map_err(|_| NoValue::Mismatch("a text that cannot be written".into()))?,
            Piece::Value(value) => append(value, around, whole)?,
        }
    }
    Ok(())
}

fn uuid(around: &mut dyn Surroundings) -> uuid::Uuid {
    let mut bytes = [0; 16];
    around.random().fill_bytes(&mut bytes);
    uuid::Builder::from_random_bytes(bytes).into_uuid()
}

/// A member of an object by its name, or of a list by its place, from 0.
fn member<'a>(whole: &'a serde_json::Value, field: &str) -> Option<&'a serde_json::Value> {
    match whole {
        serde_json::Value::Array(items) => items.get(field.parse::<usize>().ok()?),
        serde_json::Value::Object(members) => members.get(key_of(members, field)?),
        _ => None,
    }
}

/// The key that a field means: itself, or one that has `-` where the field has `_`, for no name in a scenario has a `-`.
fn key_of<'m>(members: &'m serde_json::Map<String, serde_json::Value>, field: &str) -> Option<&'m str> {
    if let Some((key, _)) = members.get_key_value(field) {
        return Some(key);
    }
    let means = |key: &&String| key.contains('-') && key.replace('-', "_") == field;
    field.contains('_').then(|| members.keys().find(means).map(String::as_str)).flatten()
}

/// A part of a JSON value by its name, or of a list by its place.
pub fn field(base: Value, field: &str) -> Result<Value, NoValue> {
    let missing = || NoValue::Missing(field.to_string());
    match base {
        Value::Json(serde_json::Value::Object(mut members)) => {
            let key = key_of(&members, field).map(str::to_string).ok_or_else(missing)?;
            members.remove(&key).map(Value::from_json).ok_or_else(missing)
        }
        Value::Json(serde_json::Value::Array(mut items)) => match field.parse() {
            Ok(place) if items.len() > place => Ok(Value::from_json(items.swap_remove(place))),
            _ => Err(missing()),
        },
        Value::Row(cells) => {
            cells.into_iter().find(|(name, _)| name == field).map(|(_, cell)| cell).ok_or_else(missing)
        }
        _ => Err(missing()),
    }
}

fn quantity(value: Value) -> Result<Quantity, NoValue> {
    match value {
        Value::Quantity(quantity) => Ok(quantity),
        other => Err(NoValue::Mismatch(format!("`{other}` is not a number"))),
    }
}

fn truth(value: Value) -> Result<bool, NoValue> {
    match value {
        Value::Bool(value) => Ok(value),
        other => Err(NoValue::Mismatch(format!("`{other}` is neither true nor false"))),
    }
}

/// Applies an operator to one value.
pub fn unary(operator: UnaryOperator, operand: Value) -> Result<Value, NoValue> {
    match (operator, operand) {
        (UnaryOperator::Minus, Value::Range(low, high)) => Ok(Value::Range(high.negated(), low.negated())),
        (UnaryOperator::Minus, value) => Ok(Value::Quantity(quantity(value)?.negated())),
        (UnaryOperator::Not, value) => Ok(Value::Bool(!truth(value)?)),
    }
}

/// `and` and `or` are decided by one side where that suffices, even when the other has no value.
fn binary(
    operator: BinaryOperator,
    left: &Expr,
    right: &Expr,
    around: &mut dyn Surroundings,
) -> Result<Value, NoValue> {
    if matches!(operator, BinaryOperator::And | BinaryOperator::Or) {
        let decisive = operator == BinaryOperator::Or;
        let first = evaluate(left, around).and_then(truth);
        if first == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        let second = evaluate(right, around).and_then(truth)?;
        return if second == decisive { Ok(Value::Bool(decisive)) } else { first.map(Value::Bool) };
    }
    let (left, right) = (evaluate_drawn(left, around)?, evaluate_drawn(right, around)?);
    apply(operator, left, right)
}

/// Applies an operator to two values.
pub fn apply(operator: BinaryOperator, left: Value, right: Value) -> Result<Value, NoValue> {
    use BinaryOperator as B;
    let mismatch =
        |left: &Value, right: &Value| NoValue::Mismatch(format!("`{left}` and `{right}` do not go together"));
    match operator {
        B::Equal => Ok(Value::Bool(left.same(&right))),
        B::NotEqual => Ok(Value::Bool(!left.same(&right))),
        B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual => {
            let order = left.compare(&right).ok_or_else(|| mismatch(&left, &right))?;
            Ok(Value::Bool(match operator {
                B::Less => order.is_lt(),
                B::LessOrEqual => order.is_le(),
                B::Greater => order.is_gt(),
                _ => order.is_ge(),
            }))
        }
        B::In | B::NotIn => {
            let found = contains(&right, &left).ok_or_else(|| mismatch(&left, &right))?;
            Ok(Value::Bool(found == (operator == B::In)))
        }
        B::And | B::Or => {
            let (left, right) = (truth(left)?, truth(right)?);
            Ok(Value::Bool(if operator == B::And { left && right } else { left || right }))
        }
        B::Add | B::Subtract | B::Multiply | B::Divide => {
            let (a, b) = match (&left, &right) {
                (Value::Quantity(a), Value::Quantity(b)) => (*a, *b),
                _ => return Err(mismatch(&left, &right)),
            };
            let result = match operator {
                B::Add => a.plus(b),
                B::Subtract => a.minus(b),
                B::Multiply => a.times(b),
                _ if b.to_f64() == 0.0 => return Err(NoValue::DivisionByZero),
                _ => a.per(b),
            };
            result.map(Value::Quantity).ok_or_else(|| mismatch(&left, &right))
        }
    }
}

fn contains(list: &Value, item: &Value) -> Option<bool> {
    match list {
        Value::List(items) => Some(items.iter().any(|member| member.same(item))),
        Value::Json(serde_json::Value::Array(items)) => Some(items.contains(&item.to_json())),
        Value::Range(low, high) => {
            let item = item.as_quantity()?;
            Some(item.compare(*low)?.is_ge() && item.compare(*high)?.is_le())
        }
        _ => None,
    }
}

/// A text that is searched, and the expression that is searched for. Answers are long: nothing is copied that is a text
/// already.
fn searched<'e>(
    arguments: &'e [Expr],
    around: &mut dyn Surroundings,
) -> Result<(String, Cow<'e, str>), NoValue> {
    let [text, pattern] = arguments else { return Err(NoValue::NotHere("a search")) };
    let as_text = |value: Value| match value {
        Value::Text(text) => text,
        other => other.to_string(),
    };
    let text = as_text(evaluate(text, around)?);
    let pattern = match pattern.constant().and_then(Value::as_text) {
        Some(fixed) => Cow::Borrowed(fixed),
        None => Cow::Owned(as_text(evaluate(pattern, around)?)),
    };
    Ok((text, pattern))
}

fn make(maker: Maker, arguments: &[Expr], around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    match maker {
        Maker::Uuid => Ok(Value::Text(uuid(around).to_string())),
        Maker::Now => Ok(Value::Text(around.wall_clock().0)),
        Maker::Date => Ok(Value::Text(around.wall_clock().1)),
        Maker::Random => {
            let range = arguments.first().ok_or(NoValue::Empty)?;
            evaluate_drawn(range, around)
        }
        Maker::Pick => {
            let list = evaluate(arguments.first().ok_or(NoValue::Empty)?, around)?;
            let items = match list {
                Value::List(items) => items,
                Value::Json(serde_json::Value::Array(items)) => {
                    items.into_iter().map(Value::from_json).collect()
                }
                other => return Err(NoValue::Mismatch(format!("`{other}` is not a list"))),
            };
            if items.is_empty() {
                return Err(NoValue::Empty);
            }
            let index = around.random().random_range(0..items.len());
            Ok(items[index].clone())
        }
        Maker::Matches => {
            let (text, pattern) = searched(arguments, around)?;
            search::matches(&text, &pattern).map(Value::Bool)
        }
        Maker::Find => {
            let (text, pattern) = searched(arguments, around)?;
            search::find(&text, &pattern).map(Value::Text)
        }
        // The checker turns these two into `ExprKind::Pool`.
        Maker::Recent | Maker::Take => Err(NoValue::NotHere("a pool")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_hyphens_is_meant_by_one_with_underscores_where_there_is_none() {
        let read = |json: serde_json::Value, name: &str| {
            field(Value::Json(json), name).map(|value| value.to_string())
        };
        let both = serde_json::json!({ "user-id": 7, "user_id": 8 });
        assert_eq!(read(both, "user_id").unwrap(), "8");
        let headers = serde_json::json!({ "content-type": "text/html" });
        assert_eq!(read(headers.clone(), "content_type").unwrap(), "text/html");
        assert!(read(headers, "content").is_err());
        let nested = serde_json::json!({ "a-b": { "c-d": 1 } });
        assert_eq!(member(member(&nested, "a_b").unwrap(), "c_d").unwrap(), 1);
    }
}
