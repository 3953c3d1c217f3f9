//! Databases: asked and changed by statements, and disturbed.

use crate::kinds::host::signature::ON;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{act, given, keyword, positional, request, series, state};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, Given, GivenResult, Kind, Parameter, Support, Verb};
use crate::lang::types::Shape::{Gauge, State};

/// A database.
pub static KIND: Kind = Kind {
    name: "database",
    about: "A database: PostgreSQL, MySQL, MariaDB or SQLite.",
    settings: SETTINGS,
    one_of: &[],
    verbs: VERBS,
    readings: &[
        series("connections", Gauge, Dimension::NONE, "How many connections it has, without soak's own."),
        series("up", State, Dimension::NONE, "Whether it answers within 5 s."),
    ],
    example: EXAMPLE,
    built_in: false,
    rules: tls::RULES,
    support: Support::Ready,
};

const SETTINGS: &[Parameter] = &[
    keyword(
        "url",
        &[Accepts::Url(&["postgres", "postgresql", "mysql", "mariadb", "sqlite"])],
        "Where it is, and as whom soak connects.",
    )
    .required(),
    keyword(
        "pool",
        &[Accepts::Count],
        "How many connections loads may open, each for one statement at a time; the story and the measurements open \
         as many of their own when they need them.",
    )
    .default("16"),
    keyword(
        "timeout",
        &[Accepts::Quantity(Dimension::TIME)],
        "How long a statement may take, with the wait for a connection, before it is cancelled at the server too.",
    )
    .default("30s"),
    TLS,
    ON,
];

const ROWS: &[Given] = &[
    given("rows", GivenResult::Json, "The rows, as a list of objects."),
    given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
];

const STATEMENT: &[Parameter] = &[positional(
    "statement",
    &[Accepts::Sql],
    "One statement of SQL, beside which what is interpolated is sent as a value, in quotes (`'{…}'`) as the text there; only a \
     `param` or a `let` becomes part of it.",
)
.required()];

const VERBS: &[Verb] = &[
    request("query", "Asks it.", "db query \"select count(*) from jobs\"")
        .takes(STATEMENT)
        .body(Body::Answer)
        .gives(ROWS),
    request("execute", "Changes it.", "db execute \"delete from jobs\"")
        .takes(STATEMENT)
        .body(Body::Answer)
        .gives(ROWS),
    act(
        "disconnect",
        "Ends a share of its connections, at least one and never soak's own.",
        "db disconnect 20%",
    )
    .takes(&[positional("share", &[Accepts::Share], "How many of them.").required()])
    .fault(),
    state(
        "lock",
        "lock",
        "Keeps everybody else out of a table; of SQLite, out of the whole file.",
        "db lock \"jobs\" for 5s",
    )
    .takes(&[positional("table", &[Accepts::Text], "The table.").required()])
    .fault(),
    state("hog", "hog", "Uses up what others need.", "db hog connections 50 for 10s")
        .takes(&[keyword("connections", &[Accepts::Count], "How many connections it opens and leaves idle.")
            .required()])
        .fault(),
];

const EXAMPLE: &str = r#"database db {
  url     "postgres://app@127.0.0.1:5432/app"
  pool    32
  timeout 5s
}
permit fault on db
db execute "insert into jobs (status) values ('pending')"
db query "select count(*) as jobs from jobs" { check rows[0].jobs > 0 }
action work {
  db query "select id from jobs where owner = {user}" { capture job = rows[0].id }
  db execute "update jobs set status = 'done' where id = {job}"
}
load work with 10 users for 10s
expect "Fast": p95(work.latency) < 100ms
db lock "jobs" for 5s
db hog connections 50 for 10s
db disconnect 20%
expect "Reconnects": db.up and db.connections > 0 within 30s
"#;
