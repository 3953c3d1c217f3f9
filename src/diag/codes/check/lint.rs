//! W09xx: what runs, and probably is not what was meant.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "W0901",
        title: "an unused declaration",
        explanation: "Nothing uses it. Either it is left over, or something that should use it does not.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
let limit = 5
expect app.up"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
let limit = 5
expect app.restarts < limit"#,
    },
    Code {
        code: "W0902",
        title: "a scenario that expects nothing",
        explanation: "Something is done and nothing judged, so the verdict is always a pass.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app kill"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app kill
expect app.ready within 30s"#,
    },
    Code {
        code: "W0903",
        title: "a `want` that is weaker than its `expect`",
        explanation: "A `want` is the yellow limit and an `expect` of the same name the red one. Where the yellow one is the looser of the two, it never shows.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
want "Memory": app.rss < 2GB
expect "Memory": app.rss < 1GB"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
want "Memory": app.rss < 1GB
expect "Memory": app.rss < 2GB"#,
    },
    Code {
        code: "W0904",
        title: "a password in plain text",
        explanation: "Whoever reads the file reads it. A `secret` comes from the environment and is never printed or stored.",
        bad: r#"database db { url "postgres://app:hunter2@127.0.0.1/app" }
expect db.up"#,
        good: r#"secret password from env "PASSWORD"
database db { url "postgres://app:{password}@127.0.0.1/app" }
expect db.up"#,
    },
    Code {
        code: "W0905",
        title: "a pool that nobody fills",
        explanation: "`take` and `recent` draw from what an action captured. Where no load runs it, each iteration is skipped.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
action drop { api delete "/{take(get.id)}" }
load drop at 1/s for 10s
expect drop.failed == 0"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
action drop { api delete "/{take(get.id)}" }
load get at 10/s for 10s
load drop at 1/s for 10s
expect drop.failed == 0"#,
    },
    Code {
        code: "W0906",
        title: "a loop that is never due",
        explanation: "The first pass of `every` comes after one period, which is longer than what is left of its block.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Peak" 1m { every 5m { app kill } }
expect app.up"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Peak" 10m { every 5m { app kill } }
expect app.up"#,
    },
];
