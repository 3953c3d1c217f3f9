//! E05xx: loads and what they run.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0501",
        title: "clauses that contradict each other",
        explanation: "A load is open (a rate), closed (users), a barrier (`at once`) or a number of times. What belongs to one of them means nothing in another.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s with 5 users for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s max 5 users for 10s"#,
    },
    Code {
        code: "E0502",
        title: "a load without an amount",
        explanation: "A load says how much: a rate, a number of users, or how many times.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 5/s for 10s"#,
    },
    Code {
        code: "E0503",
        title: "a ramp or a curve without an end",
        explanation: "A ramp and a curve without `for` span the rest of their block, which therefore has a duration of its own.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 1/s -> 10/s
wait 1m"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
phase "Ramp" 1m { load get at 1/s -> 10/s }"#,
    },
    Code {
        code: "E0504",
        title: "a mix that is not 100%",
        explanation: "The shares of a mix add up to 100%.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
mix all { 60% get }
load all at 10/s for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
mix all { 100% get }
load all at 10/s for 10s"#,
    },
    Code {
        code: "E0505",
        title: "a wrong table",
        explanation: "A curve has the columns `at` and `level`, goes from 00:00 to 24:00 and never back; a row has as many cells as the header.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
curve day {
  | at | level |
  | 00:00 | 10% |
  | 12:00 | 90% |
}
load get at 10/s shaped day for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
curve day {
  | at | level |
  | 00:00 | 10% |
  | 24:00 | 90% |
}
load get at 10/s shaped day for 10s"#,
    },
    Code {
        code: "E0506",
        title: "a capture that is used before it is made",
        explanation: "An action runs from top to bottom.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get {
  api get "/{id}"
  capture id = uuid()
}
load get at 10/s for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get {
  capture id = uuid()
  api get "/{id}"
}
load get at 10/s for 10s"#,
    },
    Code {
        code: "E0508",
        title: "a wrong weight",
        explanation: "`choose` picks by weight: plain numbers above 0.",
        bad: r#"choose { 0: wait 1s; 1: wait 2s }"#,
        good: r#"choose { 2: wait 1s; 1: wait 2s }"#,
    },
];
