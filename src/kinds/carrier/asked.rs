//! Arguments on their way to a carrier and back into what they were.

use super::message::{Given, GivenValue};
use crate::lang::call::Arguments;
use crate::lang::quantity::{Dimension, Quantity};
use crate::lang::signature::Parameter;
use crate::lang::value::Value;
use std::time::Duration;

/// Arguments as they are sent.
pub(super) fn given(arguments: &Arguments) -> Vec<Given> {
    let value = |value: &Value| match value {
        Value::Quantity(quantity) => match quantity.to_duration() {
            Some(duration) if quantity.dimension == Dimension::TIME => {
                GivenValue::Seconds(duration.as_secs_f64())
            }
            _ => GivenValue::Number(quantity.to_f64()),
        },
        Value::Text(text) => GivenValue::Text(text.clone()),
        other => GivenValue::Json(other.to_json()),
    };
    let one = |(name, values): (&str, &[Value])| Given {
        name: name.to_string(),
        values: values.iter().map(value).collect(),
    };
    arguments.iter().map(one).collect()
}

/// Arguments as they were; those that no parameter declares are left out.
pub(super) fn arguments<'a>(given: Vec<Given>, declared: impl Iterator<Item = &'a Parameter>) -> Arguments {
    let value = |value: GivenValue| match value {
        GivenValue::Text(text) => Value::Text(text),
        GivenValue::Seconds(seconds) => {
            Value::Quantity(Quantity::duration(Duration::try_from_secs_f64(seconds).unwrap_or_default()))
        }
        GivenValue::Number(number) => Value::number(number),
        GivenValue::Json(json) => Value::from_json(json),
    };
    let declared: Vec<&Parameter> = declared.collect();
    let mut arguments = Arguments::default();
    for one in given {
        if let Some(parameter) = declared.iter().find(|parameter| parameter.name == one.name) {
            arguments.push(parameter.name, one.values.into_iter().map(value).collect());
        }
    }
    arguments
}
