//! How declarations are written down: short forms of the structures in `signature`, so that a kind's file
//! reads as a list of what it knows.
//!
//! Everything starts out optional, harmless and ready; the methods say what is otherwise.

use super::quantity::Dimension;
use super::signature::{
    Accepts, Body, Form, Given, GivenResult, Nature, Parameter, Reading, ReadingResult, Rule, Support, Verb,
};
use super::types::Shape;

/// A parameter that is told by its place.
pub const fn positional(name: &'static str, values: &'static [Accepts], about: &'static str) -> Parameter {
    parameter(name, Form::Positional, values, about)
}

/// A word with values behind it.
pub const fn keyword(name: &'static str, values: &'static [Accepts], about: &'static str) -> Parameter {
    parameter(name, Form::Keyword, values, about)
}

/// A word alone.
pub const fn flag(name: &'static str, about: &'static str) -> Parameter {
    parameter(name, Form::Flag, &[], about)
}

const fn parameter(
    name: &'static str,
    form: Form,
    values: &'static [Accepts],
    about: &'static str,
) -> Parameter {
    Parameter {
        name,
        form,
        values,
        required: false,
        repeated: false,
        more: &[],
        default: None,
        about,
        support: Support::Ready,
    }
}

impl Parameter {
    /// It must be given.
    pub const fn required(self) -> Parameter {
        Parameter { required: true, ..self }
    }

    /// It may be given more than once.
    pub const fn repeated(self) -> Parameter {
        Parameter { repeated: true, ..self }
    }

    /// What may follow behind its values.
    pub const fn more(self, more: &'static [Parameter]) -> Parameter {
        Parameter { more, ..self }
    }

    /// What holds where it is not given.
    pub const fn default(self, default: &'static str) -> Parameter {
        Parameter { default: Some(default), ..self }
    }

    /// The runner cannot do it yet.
    pub const fn not_yet(self) -> Parameter {
        Parameter { support: Support::NotYet, ..self }
    }
}

/// A verb that lasts and is undone.
pub const fn state(
    name: &'static str,
    property: &'static str,
    about: &'static str,
    example: &'static str,
) -> Verb {
    verb(name, Nature::State { property }, about, example)
}

/// A verb that happens once.
pub const fn act(name: &'static str, about: &'static str, example: &'static str) -> Verb {
    verb(name, Nature::Act { held: false }, about, example)
}

/// A verb that happens once and can be kept up for a duration.
pub const fn held_act(name: &'static str, about: &'static str, example: &'static str) -> Verb {
    verb(name, Nature::Act { held: true }, about, example)
}

/// A verb that can stand in an action.
pub const fn request(name: &'static str, about: &'static str, example: &'static str) -> Verb {
    verb(name, Nature::Request, about, example)
}

const fn verb(name: &'static str, nature: Nature, about: &'static str, example: &'static str) -> Verb {
    Verb {
        name,
        nature,
        parameters: &[],
        one_of: &[],
        rules: &[],
        body: Body::None,
        gives: &[],
        fault: false,
        about,
        example,
        support: Support::Ready,
    }
}

impl Verb {
    /// Its parameters.
    pub const fn takes(self, parameters: &'static [Parameter]) -> Verb {
        Verb { parameters, ..self }
    }

    /// Groups of parameters of which exactly one must be given.
    pub const fn one_of(self, one_of: &'static [&'static [&'static str]]) -> Verb {
        Verb { one_of, ..self }
    }

    /// How its parameters go together.
    pub const fn rules(self, rules: &'static [Rule]) -> Verb {
        Verb { rules, ..self }
    }

    /// What may stand in braces behind it.
    pub const fn body(self, body: Body) -> Verb {
        Verb { body, ..self }
    }

    /// What its answer brings.
    pub const fn gives(self, gives: &'static [Given]) -> Verb {
        Verb { gives, ..self }
    }

    /// It does harm.
    pub const fn fault(self) -> Verb {
        Verb { fault: true, ..self }
    }

    /// The runner cannot do it yet.
    pub const fn not_yet(self) -> Verb {
        Verb { support: Support::NotYet, ..self }
    }
}

/// A part of an answer.
pub const fn given(name: &'static str, result: GivenResult, about: &'static str) -> Given {
    Given { name, result, about }
}

/// A series that can be read of a target.
pub const fn series(name: &'static str, shape: Shape, dimension: Dimension, about: &'static str) -> Reading {
    reading(name, ReadingResult::Series { shape, dimension, percent: false }, about)
}

/// A gauge of a share, shown as a percentage.
pub const fn share(name: &'static str, about: &'static str) -> Reading {
    let result = ReadingResult::Series { shape: Shape::Gauge, dimension: Dimension::NONE, percent: true };
    reading(name, result, about)
}

/// Anything that can be read.
pub const fn reading(name: &'static str, result: ReadingResult, about: &'static str) -> Reading {
    Reading { name, result, parameters: &[], about, support: Support::Ready }
}

impl Reading {
    /// It takes arguments, as `machine.disk("/")` does.
    pub const fn of(self, parameters: &'static [Accepts]) -> Reading {
        Reading { parameters, ..self }
    }

    /// The runner cannot do it yet.
    pub const fn not_yet(self) -> Reading {
        Reading { support: Support::NotYet, ..self }
    }
}
