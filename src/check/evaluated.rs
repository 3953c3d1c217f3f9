//! The arguments of a verb, the settings of a target and command lines, evaluated.

use super::scenario::{Argued, Argument, Scenario};
use crate::kinds::process::command::{CommandPiece, split_pieces};
use crate::lang::call::Arguments;
use crate::lang::eval::{NoValue, Surroundings, evaluate_drawn};
use crate::lang::expr::{Expr, ExprKind, Piece};
use crate::lang::signature::Accepts;
use crate::lang::value::Value;

/// Evaluates arguments in the order written, drawing once from each range. A word stands for itself, a target for its
/// name, a probe for its name and what it takes; a command is a list of its words, a statement of SQL in which something
/// is interpolated a list of its texts with the values between them.
///
/// # Errors
/// Where one of them has no value.
pub fn arguments(
    scenario: &Scenario,
    given: &[Argument],
    around: &mut dyn Surroundings,
) -> Result<Arguments, NoValue> {
    let mut arguments = Arguments::default();
    for argument in given {
        let mut values = Vec::with_capacity(argument.values.len());
        for (index, argued) in argument.values.iter().enumerate() {
            match argued {
                Argued::Value(expr) if argument.parameter.values.get(index) == Some(&Accepts::Command) => {
                    values.push(command(expr, around)?);
                }
                Argued::Value(expr) if argument.parameter.values.get(index) == Some(&Accepts::Sql) => {
                    values.push(statement(expr, around)?);
                }
                Argued::Value(expr) => values.push(evaluate_drawn(expr, around)?),
                Argued::Word(word) => values.push(Value::Text(word.clone())),
                Argued::Target(target) => values.push(Value::Text(scenario.target(*target).name.clone())),
                Argued::Probe("succeeds", expr) => {
                    values.extend([Value::Text("succeeds".into()), command(expr, around)?]);
                }
                Argued::Probe(name, expr) => {
                    values.extend([Value::Text((*name).to_owned()), evaluate_drawn(expr, around)?]);
                }
            }
        }
        arguments.push(argument.parameter.name, values);
    }
    Ok(arguments)
}

fn command(expr: &Expr, around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    Ok(Value::List(words(expr, around)?.into_iter().map(Value::Text).collect()))
}

/// A statement of SQL: a text, or a list that begins and ends with a text and has a value between each two.
fn statement(expr: &Expr, around: &mut dyn Surroundings) -> Result<Value, NoValue> {
    let ExprKind::Text(pieces) = &expr.kind else { return evaluate_drawn(expr, around) };
    let mut parts = Vec::with_capacity(pieces.len() + 1);
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Value(value) => {
                parts.push(Value::Text(std::mem::take(&mut text)));
                parts.push(evaluate_drawn(value, around)?);
            }
        }
    }
    parts.push(Value::Text(text));
    Ok(Value::List(parts))
}

/// The words of a command line; each interpolation stays part of one word whatever it contains.
///
/// # Errors
/// Where a part of it has no value, or the whole is no command line.
pub fn words(expr: &Expr, around: &mut dyn Surroundings) -> Result<Vec<String>, NoValue> {
    let pieces = match &expr.kind {
        ExprKind::Text(pieces) => pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Ok(CommandPiece::Literal(text.clone())),
                Piece::Value(value) => {
                    evaluate_drawn(value, around).map(|value| CommandPiece::Interpolated(value.to_string()))
                }
            })
            .collect::<Result<_, _>>()?,
        _ => vec![CommandPiece::Literal(evaluate_drawn(expr, around)?.to_string())],
    };
    split_pieces(&pieces).map_err(|error| NoValue::Mismatch(error.to_string()))
}
