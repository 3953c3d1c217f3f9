//! E07xx: permits and secrets.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0701",
        title: "load to another machine without a permit",
        explanation: "A run talks to this machine and to its own hosts. Any other destination stands in the file, where a reviewer sees it.",
        bad: r#"http api { base "https://staging.example.com" }
api get "/""#,
        good: r#"permit load to "staging.example.com"
http api { base "https://staging.example.com" }
api get "/""#,
    },
    Code {
        code: "E0702",
        title: "a fault without a permit",
        explanation: "A fault on something that soak did not make (a database, a real interface, a real disk, a process that runs anyway, the machine) stands in the file, where a reviewer sees it.",
        bad: r#"database db { url "postgres://app@127.0.0.1/app" }
db disconnect 20%"#,
        good: r#"permit fault on db
database db { url "postgres://app@127.0.0.1/app" }
db disconnect 20%"#,
    },
    Code {
        code: "E0703",
        title: "a secret where it would be seen",
        explanation: "Every user of a machine can read command lines, and every reader of a report names, notes, paths and conditions.",
        bad: r#"secret token from env "TOKEN"
process app { run "app --token {token}" }"#,
        good: r#"secret token from env "TOKEN"
process app { run "app"; env TOKEN token }"#,
    },
    Code {
        code: "E0704",
        title: "a permit of nothing",
        explanation: "`permit load to` names a host, `permit fault on` a target.",
        bad: r#"permit load to "https://example.com/api""#,
        good: r#"permit load to "example.com"
http api { base "https://example.com/api" }
action browse { api get "/" }
load browse at 1/s for 1m
expect browse.success > 99%"#,
    },
    Code {
        code: "E0790",
        title: "what soak cannot run yet",
        explanation: "The scenario is checked and planned, and `soak run` refuses it before anything starts, so that nothing is silently left out.",
        bad: r#"websocket events { url "ws://127.0.0.1:8080" }"#,
        good: r#"http api { base "http://127.0.0.1:8080" }"#,
    },
];
