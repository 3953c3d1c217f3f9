//! E03xx: types, dimensions, values.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0301",
        title: "units that do not go together",
        explanation: "Quantities carry their dimension (time, bytes, both or neither) through all arithmetic. Only quantities of one dimension are compared, added or subtracted; a bare number is not a duration.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect p95(get.latency) < 100"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect p95(get.latency) < 100ms"#,
    },
    Code {
        code: "E0302",
        title: "a value of the wrong type",
        explanation: "What is written here is not what is taken here. A bare number where a unit is wanted comes with the literal that was probably meant.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi off for 30"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi off for 30s"#,
    },
    Code {
        code: "E0303",
        title: "many values where one is wanted",
        explanation: "A distribution such as a latency has a value for each iteration, a log is lines. A function says how they become one value.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect get.latency < 100ms"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect p95(get.latency) < 100ms"#,
    },
    Code {
        code: "E0304",
        title: "a function that cannot take that",
        explanation: "Each function reduces some shapes of readings: a percentile needs many values, a rate something that is counted.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect p95(get.count) < 10"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect rate(get.count) > 9/s"#,
    },
    Code {
        code: "E0305",
        title: "a wrong number of values",
        explanation: "Functions, sources and readings take their values by place, as many as they say.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect mean(app.cpu, 5m) < 50%"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect mean(app.cpu over 5m) < 50%"#,
    },
    Code {
        code: "E0306",
        title: "not a condition",
        explanation: "What is expected, waited for, checked or joined by `and` and `or` is true or false.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect app.restarts"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080"); restart after 2s }
expect app.restarts == 0"#,
    },
    Code {
        code: "E0307",
        title: "a window of nothing",
        explanation: r#"`over 5m` and `in "Phase"` give a reading the time that it is read over; a reading has one window."#,
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
wait 5m
expect mean(app.cpu over 1m over 5m) < 50%"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
wait 5m
expect mean(app.cpu over 5m) < 50%"#,
    },
    Code {
        code: "E0308",
        title: "a value out of range",
        explanation: "A share lies between 0% and 100%, a count is whole, a duration is not negative, and the low end of a range stands first.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi cut 300%"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi cut 30%"#,
    },
    Code {
        code: "E0309",
        title: "a division by zero",
        explanation: "What is divided by zero has no value.",
        bad: r#"let none = 0
wait 10s / none"#,
        good: r#"let parts = 2
wait 10s / parts"#,
    },
    Code {
        code: "E0310",
        title: "a word that is not known here",
        explanation: "`seq` and `user` are known in an action, `status` and `body` in the answer to a request; readings stand in metrics and in the story; what differs each time cannot stand where the file fixes a value.",
        bad: r#"note "iteration {seq}""#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/{seq}" }
load get at 10/s for 10s"#,
    },
    Code {
        code: "E0311",
        title: "a source that is not fixed",
        explanation: "A source is read from the beginning of the run to its end, so its path or query cannot depend on what a block or an iteration binds.",
        bad: r#"for each name in ["a", "b"] { expect lines("{name}.log") == 0; wait 1s }"#,
        good: r#"expect lines("a.log") == 0
expect lines("b.log") == 0"#,
    },
    Code {
        code: "E0312",
        title: "more than the whole",
        explanation: "A share such as `errors` or `machine.cpu` is never above 100%, so the comparison is decided before anything is measured.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect get.success > 950%"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 10s
expect get.success > 95%"#,
    },
];
