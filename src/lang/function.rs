//! The functions of the language: those that reduce a series, those that make values, the sources of
//! metrics, and the probes of readiness. One table each.

use super::quantity::Dimension;
use super::signature::{Accepts, Support};
use super::types::Shape;

/// A function that reduces a series of measurements to one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Aggregate {
    /// The bare use of a gauge or a state.
    Latest,
    Min,
    Max,
    Mean,
    Sum,
    Count,
    Distinct,
    P50,
    P90,
    P95,
    P99,
    P999,
    Rate,
    Growth,
    /// The bare use of a counter, too.
    Delta,
    First,
    Last,
}

impl Aggregate {
    /// The share of the values at or below the answer, for the quantiles.
    pub fn quantile(self) -> Option<f64> {
        match self {
            Aggregate::P50 => Some(0.5),
            Aggregate::P90 => Some(0.9),
            Aggregate::P95 => Some(0.95),
            Aggregate::P99 => Some(0.99),
            Aggregate::P999 => Some(0.999),
            _ => None,
        }
    }
}

/// The dimension of what an aggregate gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultDimension {
    /// That of the series.
    Same,
    /// That of the series per time.
    PerTime,
    /// A plain number.
    Number,
}

/// What is known of an aggregate.
#[derive(Debug)]
pub struct AggregateSignature {
    /// Which one.
    pub aggregate: Aggregate,
    /// As it is written.
    pub name: &'static str,
    /// The shapes it can reduce.
    pub shapes: &'static [Shape],
    /// The dimension of the result.
    pub result: ResultDimension,
    /// What it says, one sentence.
    pub about: &'static str,
}

use Shape::{Counter, Distribution, Gauge, State};

const fn aggregate(
    aggregate: Aggregate,
    name: &'static str,
    shapes: &'static [Shape],
    result: ResultDimension,
    about: &'static str,
) -> AggregateSignature {
    AggregateSignature { aggregate, name, shapes, result, about }
}

/// The aggregates that can be written.
pub const AGGREGATES: &[AggregateSignature] = {
    use Aggregate::*;
    use ResultDimension::*;
    &[
        aggregate(Min, "min", &[Gauge, Distribution], Same, "The smallest value in the window."),
        aggregate(Max, "max", &[Gauge, Distribution], Same, "The largest value in the window."),
        aggregate(
            Mean,
            "mean",
            &[Gauge, Distribution, State],
            Same,
            "The mean in the window; of a state, the share of the time it was true.",
        ),
        aggregate(Sum, "sum", &[Gauge, Distribution], Same, "The sum of all values in the window."),
        aggregate(
            Count,
            "count",
            &[Gauge, Counter, Distribution, State],
            Number,
            "How many there were in the window: samples, or what a counter counted.",
        ),
        aggregate(Distinct, "distinct", &[Distribution], Number, "How many different values there were."),
        aggregate(P50, "p50", &[Gauge, Distribution], Same, "The median in the window."),
        aggregate(P90, "p90", &[Gauge, Distribution], Same, "The value that 90 % do not exceed."),
        aggregate(P95, "p95", &[Gauge, Distribution], Same, "The value that 95 % do not exceed."),
        aggregate(P99, "p99", &[Gauge, Distribution], Same, "The value that 99 % do not exceed."),
        aggregate(P999, "p999", &[Gauge, Distribution], Same, "The value that 99.9 % do not exceed."),
        aggregate(
            Rate,
            "rate",
            &[Gauge, Counter, Distribution],
            PerTime,
            "What was counted, per time; of a gauge what it rose by.",
        ),
        aggregate(
            Growth,
            "growth",
            &[Gauge, Counter, Distribution],
            PerTime,
            "The robust slope over the window (Theil–Sen), so that a leak shows and a spike does not.",
        ),
        aggregate(Delta, "delta", &[Gauge, Counter], Same, "The last value less the first."),
        aggregate(First, "first", &[Gauge, Counter, Distribution], Same, "The first value in the window."),
        aggregate(Last, "last", &[Gauge, Counter, Distribution], Same, "The last value in the window."),
    ]
};

/// The aggregate of a name.
pub fn find_aggregate(name: &str) -> Option<&'static AggregateSignature> {
    AGGREGATES.iter().find(|signature| signature.name == name)
}

/// A function that makes a value, in an action or in the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Maker {
    Uuid,
    Now,
    Date,
    Random,
    Pick,
    Recent,
    Take,
    Matches,
    Find,
}

/// What is known of a [`Maker`]: name, what it takes in words, what it does.
pub const MAKERS: &[(Maker, &str, &str, &str)] = &[
    (Maker::Uuid, "uuid", "uuid()", "A new random UUID."),
    (Maker::Now, "now", "now()", "The time now, as RFC 3339 text."),
    (Maker::Date, "date", "date()", "The date now in UTC, as YYYY-MM-DD."),
    (Maker::Random, "random", "random(a..b)", "A random value between two; whole where both are."),
    (Maker::Pick, "pick", "pick(list)", "One of a list, at random."),
    (Maker::Recent, "recent", "recent(action.capture)", "One of the last 10,000 captures, at random."),
    (
        Maker::Matches,
        "matches",
        "matches(text, regex)",
        "Whether an expression matches anywhere in a text, such as the body of an answer.",
    ),
    (
        Maker::Find,
        "find",
        "find(text, regex)",
        "The first match of an expression in a text: its first group, where it has one.",
    ),
    (Maker::Take, "take", "take(action.capture)", "One of the last 10,000 captures, which is then gone."),
];

/// Where a metric's samples come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SourceKind {
    Lines,
    Capture,
    Json,
    JsonCount,
    Files,
    Bytes,
    Age,
    ValidJson,
    ValidJsonLines,
    Duplicates,
    Sql,
    Http,
    Tcp,
    Prometheus,
    Output,
    Succeeds,
}

/// What a source takes as one argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceArgument {
    /// A plain parameter.
    Value(Accepts),
    /// A glob, or the output of a process (`uploader.log`).
    GlobOrLog,
    /// A path or a URL.
    FileOrUrl,
    /// A JSONPath (RFC 9535).
    JsonPath,
}

/// What is known of a source.
#[derive(Debug)]
pub struct SourceSignature {
    /// Which one.
    pub source: SourceKind,
    /// As it is written.
    pub name: &'static str,
    /// What it takes.
    pub arguments: &'static [SourceArgument],
    /// How many of them must be given.
    pub required: usize,
    /// The shape of what it gives.
    pub shape: Shape,
    /// Its dimension.
    pub dimension: Dimension,
    /// Whether it starts a command, which `plan` lists and `--deny run` stops.
    pub command: bool,
    /// What it gives, one sentence.
    pub about: &'static str,
    /// Whether the runner can do it yet.
    pub support: Support,
}

const fn source(
    source: SourceKind,
    name: &'static str,
    arguments: &'static [SourceArgument],
    shape: Shape,
    about: &'static str,
) -> SourceSignature {
    SourceSignature {
        source,
        name,
        arguments,
        required: arguments.len(),
        shape,
        dimension: Dimension::NONE,
        command: false,
        about,
        support: Support::Ready,
    }
}

/// The sources of metrics.
pub const SOURCES: &[SourceSignature] = {
    use Accepts as A;
    use SourceArgument::*;
    use SourceKind::*;
    const HTTP: Accepts = Accepts::Url(&["http", "https"]);
    &[
        SourceSignature {
            required: 1,
            ..source(
                Lines,
                "lines",
                &[GlobOrLog, Value(A::Regex)],
                Counter,
                "Counts new whole lines, all or those that match.",
            )
        },
        source(
            Capture,
            "capture",
            &[GlobOrLog, Value(A::Regex)],
            Distribution,
            "Each match in a new line is a value: the first group of the expression.",
        ),
        source(Json, "json", &[FileOrUrl, JsonPath], Gauge, "The value at a JSONPath."),
        source(JsonCount, "json_count", &[FileOrUrl, JsonPath], Gauge, "How many nodes match a JSONPath."),
        source(Files, "files", &[Value(A::Glob)], Gauge, "How many files match."),
        SourceSignature {
            dimension: Dimension::SIZE,
            ..source(Bytes, "bytes", &[Value(A::Glob)], Gauge, "The size of all files that match.")
        },
        SourceSignature {
            dimension: Dimension::TIME,
            ..source(
                Age,
                "age",
                &[Value(A::Glob)],
                Gauge,
                "The time since the newest file that matches changed.",
            )
        },
        source(
            ValidJson,
            "valid_json",
            &[Value(A::Path)],
            State,
            "Whether a file is one valid JSON document.",
        ),
        source(
            ValidJsonLines,
            "valid_json_lines",
            &[Value(A::Path)],
            State,
            "Whether every whole line of a file is valid JSON.",
        ),
        source(
            Duplicates,
            "duplicates",
            &[Value(A::Glob), Value(A::Regex)],
            Gauge,
            "How many matches repeat an earlier one.",
        ),
        source(
            Sql,
            "sql",
            &[Value(A::Target(&["database"])), Value(A::Sql)],
            Gauge,
            "The first column of the first row that a query gives; none where that is NULL.",
        ),
        source(Http, "http", &[Value(HTTP)], State, "Whether a URL answers with a status below 400."),
        source(
            Tcp,
            "tcp",
            &[Value(A::Address { port: true })],
            State,
            "Whether an address accepts connections.",
        ),
        source(
            Prometheus,
            "prometheus",
            &[Value(HTTP), Value(A::Text)],
            Gauge,
            "The sum of the samples that a selector finds in a Prometheus exposition.",
        ),
        SourceSignature {
            command: true,
            ..source(Output, "output", &[Value(A::Command)], Gauge, "The first number a command prints.")
        },
        SourceSignature {
            command: true,
            ..source(Succeeds, "succeeds", &[Value(A::Command)], State, "Whether a command exits with 0.")
        },
    ]
};

/// The source of a name.
pub fn find_source(name: &str) -> Option<&'static SourceSignature> {
    SOURCES.iter().find(|signature| signature.name == name)
}

/// The probes of readiness: name, what each takes, and what it tells.
pub const PROBES: &[(&str, Accepts, &str)] = &[
    ("http", Accepts::Url(&["http", "https"]), "The URL answers with a status below 400."),
    ("tcp", Accepts::Address { port: true }, "The address accepts connections."),
    ("line", Accepts::Regex, "A line of the process's own output matches, since its last start."),
    ("file", Accepts::Path, "The file exists and was written since the last start."),
    ("succeeds", Accepts::Command, "The command exits with 0."),
];
