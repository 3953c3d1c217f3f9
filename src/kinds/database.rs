//! Databases: asked and changed by statements, and disturbed.

use crate::lang::declare::{act, given, keyword, positional, request, series, state};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, Given, GivenResult, Kind, Support, Verb};
use crate::lang::types::Shape::{Gauge, State};

/// A database.
pub static KIND: Kind = Kind {
    name: "database",
    about: "A database: PostgreSQL, MySQL, MariaDB or SQLite.",
    settings: &[keyword(
        "url",
        &[Accepts::Url(&["postgres", "postgresql", "mysql", "mariadb", "sqlite"])],
        "Where it is, and as whom soak connects.",
    )
    .required()
    .not_yet()],
    one_of: &[],
    verbs: VERBS,
    readings: &[
        series("connections", Gauge, Dimension::NONE, "How many connections it has, without soak's own.")
            .not_yet(),
        series("up", State, Dimension::NONE, "Whether it answers.").not_yet(),
    ],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::NotYet,
};

const ROWS: &[Given] = &[
    given("rows", GivenResult::Json, "The rows, as a list of objects."),
    given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
];

const VERBS: &[Verb] = &[
    request("query", "Asks it.", "db query \"select count(*) from jobs\"")
        .takes(&[positional("statement", &[Accepts::Text], "One statement of SQL.").required().not_yet()])
        .body(Body::Answer)
        .gives(ROWS)
        .not_yet(),
    request("execute", "Changes it.", "db execute \"delete from jobs\"")
        .takes(&[positional("statement", &[Accepts::Text], "One statement of SQL.").required().not_yet()])
        .body(Body::Answer)
        .gives(ROWS)
        .not_yet(),
    act(
        "disconnect",
        "Ends a share of its connections, at least one and never soak's own.",
        "db disconnect 20%",
    )
    .takes(&[positional("share", &[Accepts::Share], "How many of them.").required().not_yet()])
    .fault()
    .not_yet(),
    state("lock", "lock", "Keeps everybody else out of a table.", "db lock \"jobs\" for 5s")
        .takes(&[positional("table", &[Accepts::Text], "The table.").required().not_yet()])
        .fault()
        .not_yet(),
    state("hog", "hog", "Uses up what others need.", "db hog connections 50 for 10s")
        .takes(&[keyword("connections", &[Accepts::Count], "How many connections it opens and leaves idle.")
            .required()
            .not_yet()])
        .fault()
        .not_yet(),
];

const EXAMPLE: &str = r#"database db { url "postgres://app@127.0.0.1:5432/app" }
permit fault on db
db execute "insert into jobs (status) values ('pending')"
db query "select count(*) from jobs" { check rows != [] }
db lock "jobs" for 5s
db hog connections 50 for 10s
db disconnect 20%
expect "Reconnects": db.up and db.connections > 0 within 30s
"#;
