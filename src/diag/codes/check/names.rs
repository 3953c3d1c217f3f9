//! E02xx: names, and where they stand.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0201",
        title: "an unknown name",
        explanation: "Every name is declared in the file or in one that it includes, bound by a `for each` or a sequence, or captured in the same action. The nearest one is proposed.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wfi off 2s"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi off 2s"#,
    },
    Code {
        code: "E0202",
        title: "an unknown kind",
        explanation: "A target is declared as one of the kinds that `soak kinds` lists. `machine` is always there and is not declared.",
        bad: r#"proces app { run "app" }"#,
        good: r#"process app { run "app" }"#,
    },
    Code {
        code: "E0203",
        title: "an unknown verb",
        explanation: "Each kind of target knows its own verbs; `soak kinds NAME` lists them with their values.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app slay"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app kill"#,
    },
    Code {
        code: "E0204",
        title: "an unknown setting",
        explanation: "Each kind of target has its own settings; `soak kinds NAME` lists them.",
        bad: r#"process app { rnu "app" }"#,
        good: r#"process app { run "app" }"#,
    },
    Code {
        code: "E0205",
        title: "an unknown part",
        explanation: "Behind a dot stands a reading of a target, an action or a ledger, a capture, or a column of a table.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect app.memory < 1GB"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect app.rss < 1GB"#,
    },
    Code {
        code: "E0206",
        title: "declared twice",
        explanation: "All declarations of a scenario and its includes share one space of names, whatever they declare.",
        bad: r#"let home = "a"
let home = "b"
note "{home}""#,
        good: r#"let home = "a"
let work = "b"
note "{home} {work}""#,
    },
    Code {
        code: "E0207",
        title: "a name that is taken",
        explanation: "Some words mean something wherever they stand, some in every action (`user`, `seq`, `status`, `body`); a capture cannot have the name of a reading of its action. None of them can be declared.",
        bad: r#"let user = "bob"
note "{user}""#,
        good: r#"let login = "bob"
note "{login}""#,
    },
    Code {
        code: "E0208",
        title: "the wrong sort of name",
        explanation: "The name is declared, as something that does not belong here: a target has readings but no value, a load runs actions and mixes, only targets are told anything.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
load app at 10/s for 1m"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
load get at 10/s for 1m"#,
    },
    Code {
        code: "E0209",
        title: "defined by itself",
        explanation: "A constant or a metric that needs its own value has none.",
        bad: r#"let a = b
let b = a
note "{a}""#,
        good: r#"let a = 1
let b = a
note "{b}""#,
    },
    Code {
        code: "E0210",
        title: "a sequence that calls itself",
        explanation: "The whole plan is known before the run, so a sequence cannot call itself, not through another one either.",
        bad: r#"sequence again { wait 1s; do again() }
do again()"#,
        good: r#"sequence once_more { wait 1s }
repeat 3 { do once_more() }"#,
    },
    Code {
        code: "E0211",
        title: "an include that cannot be read",
        explanation: "The file is not there, cannot be read, or includes itself. Its path starts at the folder of the file that includes it.",
        bad: r#"include "nowhere.soak""#,
        good: r#"include "common.soak"
do flap(times = 2)"#,
    },
    Code {
        code: "E0212",
        title: "a statement out of place",
        explanation: "Declarations stand at the top of a file; included files only declare; `scenario` comes first and once; `check`, `capture` and `think` stand in actions.",
        bad: r#"phase "Peak" { let limit = 3 }"#,
        good: r#"let limit = 3
phase "Peak" { wait 1s * limit }"#,
    },
    Code {
        code: "E0213",
        title: "an unknown phase",
        explanation: r#"`in "Phase"` names a phase of the story. A name that interpolates is compared with what the rows of its loop give."#,
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Baseline" 1m {}
expect mean(app.cpu) < 2 * mean(app.cpu in "Basline")"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Baseline" 1m {}
expect mean(app.cpu) < 2 * mean(app.cpu in "Baseline")"#,
    },
    Code {
        code: "E0214",
        title: "an unknown function",
        explanation: "The functions are those that reduce a reading (`p95`, `mean`), those that make a value (`uuid`, `random`) and the sources of metrics (`lines`, `json`).",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect avg(app.cpu) < 50%"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
expect mean(app.cpu) < 50%"#,
    },
    Code {
        code: "E0215",
        title: "a dataset that cannot be read",
        explanation: "Checking reads the first line of a dataset, which names its columns.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
dataset people { file "poeple.csv" }
action get { api get "/{people.id}" }
load get at 10/s for 10s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
dataset people { file "people.csv" }
action get { api get "/{people.id}" }
load get at 10/s for 10s"#,
    },
];
