//! E08xx: what cannot happen in the time there is.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0801",
        title: "what does not fit",
        explanation: "A timed block is cut at its end. What takes longer, at its very shortest, can never run whole.",
        bad: r#"phase "Peak" 1m { wait 2m }"#,
        good: r#"phase "Peak" 3m { wait 2m }"#,
    },
    Code {
        code: "E0802",
        title: "a deadline beyond its block",
        explanation: "An expectation that is still open at its block's end is missed, and a command or a wait that goes on is ended there, so a longer deadline says something that is not so. `cleanup` is a block of 5 minutes.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Peak" 1m { expect app.up within 5m }"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Peak" 5m { expect app.up within 5m }"#,
    },
    Code {
        code: "E0803",
        title: "a time that is past",
        explanation: "`at 10m` waits until ten minutes after its block began. Where what stands above takes longer, it runs late on every run.",
        bad: r#"wait 20m
at 10m { note "now" }"#,
        good: r#"wait 5m
at 10m { note "now" }"#,
    },
    Code {
        code: "E0804",
        title: "an expectation that can never be judged",
        explanation: "`always` and `sometimes` look ahead to the end of the block, so something that takes time follows. What no load runs has no value, nor has what is judged before its load began, or at the very moment that it begins. A reading without a window covers its own block, and has no value in one that its load is no part of.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
wait 1m
expect app.up always"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect app.up always
wait 1m"#,
    },
    Code {
        code: "E0805",
        title: "a phase that has not run yet",
        explanation: r#"`in "Phase"` is the last pass of that phase that ran to its end. Above the phase, and within it, there is none yet, so what is read of it has no value and the expectation is inconclusive on every run."#,
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect mean(app.cpu in "Baseline") < 50%
phase "Baseline" 1m {}"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Baseline" 1m {}
expect mean(app.cpu in "Baseline") < 50%"#,
    },
];
