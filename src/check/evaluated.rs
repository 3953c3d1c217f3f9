//! The arguments of a verb or the settings of a target, evaluated.

use super::scenario::{Argued, Argument};
use crate::lang::call::Arguments;
use crate::lang::eval::{NoValue, Surroundings, evaluate_drawn};
use crate::lang::value::Value;

/// Evaluates arguments in the order written, drawing once from each range. A word stands for itself, a
/// target for its number; how readiness is told is left to who starts the process.
pub fn arguments(arguments: &[Argument], around: &mut dyn Surroundings) -> Result<Arguments, NoValue> {
    let mut evaluated = Arguments::default();
    for argument in arguments {
        let values = argument.values.iter().map(|value| match value {
            Argued::Value(expr) | Argued::Probe(_, expr) => evaluate_drawn(expr, around),
            Argued::Word(word) => Ok(Value::Text(word.clone())),
            Argued::Target(target) => Ok(Value::number(target.0.into())),
        });
        evaluated.push(argument.parameter.name, values.collect::<Result<_, _>>()?);
    }
    Ok(evaluated)
}
