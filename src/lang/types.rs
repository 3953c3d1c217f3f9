//! What the checker knows of an expression before it has a value.

use super::quantity::Dimension;

/// How a measured series is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// Bare: its latest value.
    Gauge,
    /// Bare: what it grew by in the window.
    Counter,
    /// Bare: nothing; it needs a function such as `p95`.
    Distribution,
    /// Bare: true or false; its `mean` is the share of time it was true.
    State,
}

/// The type of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    /// A number of some dimension; `percent` only says how people want to see it.
    Quantity { dimension: Dimension, percent: bool },
    /// True or false.
    Bool,
    /// A text.
    Text,
    /// A list of one type of element.
    List(Box<Type>),
    /// An object, or what an answer brings: its parts are known at run time only.
    Json,
    /// Two ends of one dimension, between which one is drawn each time.
    Range(Dimension),
    /// A row of a table: its columns.
    Row(Vec<(String, Type)>),
    /// A series of measurements, before a function or a bare use reduces it to a value.
    Series { shape: Shape, dimension: Dimension, percent: bool },
    /// The output of a process, as `lines` and `capture` take it.
    Log,
    /// Already reported; goes with everything, so that one mistake is told once.
    Unknown,
}

impl Type {
    /// A plain number.
    pub const NUMBER: Type = Type::Quantity { dimension: Dimension::NONE, percent: false };
    /// A share, shown as a percentage.
    pub const SHARE: Type = Type::Quantity { dimension: Dimension::NONE, percent: true };
    /// A duration.
    pub const DURATION: Type = Type::Quantity { dimension: Dimension::TIME, percent: false };
    /// A size in bytes.
    pub const SIZE: Type = Type::Quantity { dimension: Dimension::SIZE, percent: false };

    /// A quantity of a dimension.
    pub fn quantity(dimension: Dimension) -> Type {
        Type::Quantity { dimension, percent: false }
    }

    /// What people call it.
    pub fn describe(&self) -> String {
        match self {
            Type::Quantity { dimension: Dimension::NONE, percent: true } => "a percentage".into(),
            Type::Quantity { dimension, .. } => dimension.describe(),
            Type::Bool => "true or false".into(),
            Type::Text => "a text".into(),
            Type::List(element) => format!("a list ({} each)", element.describe()),
            Type::Json => "a JSON value".into(),
            Type::Range(dimension) => format!("a range of which each end is {}", dimension.describe()),
            Type::Row(_) => "a row of a table".into(),
            Type::Series { shape: Shape::Distribution, dimension, .. } => {
                format!("a distribution, each value {}", dimension.describe())
            }
            Type::Series { shape: Shape::State, .. } => "a state (true or false over time)".into(),
            Type::Series { dimension, .. } => dimension.describe(),
            Type::Log => "the output of a process".into(),
            Type::Unknown => "unknown".into(),
        }
    }
}
