//! E06xx: metrics, ledgers, expectations.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0601",
        title: "a ledger without keys",
        explanation: "A ledger accounts for each item by its key: it says which capture is the key of what is sent, and which group of an expression is the key of what arrives.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
ledger items { sent get.id }
load get at 10/s for 10s
expect items.lost == 0"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
ledger items {
  sent get.id
  received files("out/*", '([^/]+)$')
}
load get at 10/s for 10s
expect items.lost == 0"#,
    },
    Code {
        code: "E0602",
        title: "a wrong line of a ledger",
        explanation: "What is sent is told by a capture, `seq` or `path` of an action; what arrives comes from `files`, `lines`, `sql`, `json` or `messages`.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
ledger items {
  sent 5
  received files("out/*", '([^/]+)$')
}
load get at 10/s for 10s
expect items.lost == 0"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
ledger items {
  sent get.seq
  received files("out/*", '([^/]+)$')
}
load get at 10/s for 10s
expect items.lost == 0"#,
    },
    Code {
        code: "E0603",
        title: "an expression without the groups it needs",
        explanation: "The first group of the expression is the key or the value that is captured; of a ledger with a value, the second group is that value.",
        bad: r#"metric depth = capture("a.log", 'depth=\d+')
expect max(depth) < 10"#,
        good: r#"metric depth = capture("a.log", 'depth=(\d+)')
expect max(depth) < 10"#,
    },
    Code {
        code: "E0604",
        title: "a capture that nothing makes",
        explanation: "`recent`, `take` and ledgers speak of what an action captures.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
action drop { api delete "/{take(get.key)}" }
load get at 10/s for 10s
load drop at 1/s for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
action drop { api delete "/{take(get.id)}" }
load get at 10/s for 10s
load drop at 1/s for 10s"#,
    },
    Code {
        code: "E0605",
        title: "a metric of nothing",
        explanation: "A metric is sampled: a source, a reading, or a composition of them that is a number, or true or false.",
        bad: r#"metric limit = 5
expect limit < 10"#,
        good: r#"let limit = 5
expect limit < 10"#,
    },
    Code {
        code: "E0606",
        title: "a qualifier out of place",
        explanation: "`tolerate` goes with `always`; `show` takes a query.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect app.up tolerate 10s"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect app.up always tolerate 10s
wait 1m"#,
    },
];
