//! E04xx: settings, verbs and what they take.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "E0401",
        title: "something is missing",
        explanation: "A setting or a value that must be given is not there, or an action is empty.",
        bad: r#"http api { timeout 5s }"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
api get "/""#,
    },
    Code {
        code: "E0402",
        title: "something that is not taken",
        explanation: "The verb or the setting takes no such word or value.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade latncy 500ms for 30s"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade latency 500ms for 30s"#,
    },
    Code {
        code: "E0403",
        title: "given twice",
        explanation: "What can be given once stands there twice.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade latency 1s latency 2s for 30s"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade latency 1s for 30s"#,
    },
    Code {
        code: "E0404",
        title: "what does not go together",
        explanation: "Some settings exclude each other, some need another one; of some exactly one must be given.",
        bad: r#"process app { run "app"; unit "app.service" }"#,
        good: r#"process app { run "app" }"#,
    },
    Code {
        code: "E0405",
        title: "a wrong word",
        explanation: "One of a few words, a probe, or the name of a target belongs here.",
        bad: r#"process app { run "app"; ready https("https://127.0.0.1/") }"#,
        good: r#"process app { run "app"; ready http("https://127.0.0.1/") }"#,
    },
    Code {
        code: "E0406",
        title: "a duration without `for`",
        explanation: "A verb that takes values of its own puts `for` before its duration, so that the two are not mixed up.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade latency 500ms 30s"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade latency 500ms for 30s"#,
    },
    Code {
        code: "E0407",
        title: "a duration where nothing lasts",
        explanation: "States last and are undone; an act happens once. Only an act whose effect can be held takes a duration, as `kill 30s` does.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app restart 10s"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app restart
wait 10s"#,
    },
    Code {
        code: "E0408",
        title: "braces where none belong",
        explanation: "Only a request that waits for one has an answer to check, and only a connection a conversation.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app kill { check status == 200 }"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app kill"#,
    },
    Code {
        code: "E0409",
        title: "what a target cannot do as it is declared",
        explanation: "The verb is known, and this target cannot do it: a TCP proxy loses no packets, a disk that is not `faulty` does not fail, a process that soak only observes is not started by it.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
wifi degrade loss 10% for 30s"#,
        good: r#"host near { address "10.30.0.1" }
host far { address "10.30.0.2" }
link wifi { between near, far }
wifi degrade loss 10% for 30s"#,
    },
    Code {
        code: "E0410",
        title: "a fault in an action",
        explanation: "Hundreds of iterations of an action run at once. What is done and undone belongs to the story.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
action crash { app kill }
load crash at 1/min for 5m"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
every 1m { app kill }
wait 5m"#,
    },
    Code {
        code: "E0412",
        title: "a wrong regular expression",
        explanation: "The expression does not compile. The mark stands at the place inside it.",
        bad: r#"metric errors = lines("a.log", 'ERROR (')
expect errors == 0"#,
        good: r#"metric errors = lines("a.log", 'ERROR \(')
expect errors == 0"#,
    },
    Code {
        code: "E0413",
        title: "a wrong JSONPath",
        explanation: "The path is not one of RFC 9535. The mark stands at the place inside it.",
        bad: r#"metric queue = json_count("q.json", '$.pending[')
expect queue == 0"#,
        good: r#"metric queue = json_count("q.json", '$.pending[*]')
expect queue == 0"#,
    },
    Code {
        code: "E0414",
        title: "a wrong URL or address",
        explanation: "A URL has a scheme, a host and perhaps a port; an address is `host:port`.",
        bad: r#"http api { base "127.0.0.1:8080" }
api get "/""#,
        good: r#"http api { base "http://127.0.0.1:8080" }
api get "/""#,
    },
    Code {
        code: "E0415",
        title: "a wrong pattern of paths",
        explanation: "A bracket of the pattern is not closed.",
        bad: r#"metric logs = files("logs/[ab.log")
expect logs > 0"#,
        good: r#"metric logs = files("logs/[ab].log")
expect logs > 0"#,
    },
    Code {
        code: "E0417",
        title: "a command, a path or a selector that means nothing",
        explanation: "A command is split into words without a shell; its quotes are closed, and it is not empty. A selector names samples of Prometheus: nothing is computed in it.",
        bad: r#"run "echo 'hello""#,
        good: r#"run "echo 'hello'""#,
    },
    Code {
        code: "E0419",
        title: "a whole URL where a path belongs",
        explanation: "A request of an `http` goes to a path behind its `base`. What asks another server is another `http`.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action look { api get "http://127.0.0.1:8080/items" }
load look at 5/s for 1m"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action look { api get "/items" }
load look at 5/s for 1m"#,
    },
    Code {
        code: "E0420",
        title: "several statements of SQL in one",
        explanation: "A database is asked one statement at a time, as its protocol has it for statements with values: the second one in a text is refused.",
        bad: r#"database db { url "postgres://app@127.0.0.1:5432/app" }
db execute "delete from jobs; delete from bots""#,
        good: r#"database db { url "postgres://app@127.0.0.1:5432/app" }
db execute "delete from jobs"
db execute "delete from bots""#,
    },
    Code {
        code: "E0418",
        title: "hosts and links that are no network",
        explanation: "Each host has an IP address of its own, which it has on all of its links. A link joins two of them, which no other link does, and both have an address of one family.",
        bad: r#"host near { address "10.30.0.1" }
host far { address "10.30.0.1" }
link wifi { between near, far }
wifi off 2s"#,
        good: r#"host near { address "10.30.0.1" }
host far { address "10.30.0.2" }
link wifi { between near, far }
wifi off 2s"#,
    },
];
