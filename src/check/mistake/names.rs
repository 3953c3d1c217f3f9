//! E02xx: names, what they stand for, and what was meant by those that stand for nothing.

use super::{article, list, propose};
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::long_unit;

/// How many phases a help names.
const MOST_PHASES: usize = 6;

pub fn unknown(span: Span, name: &str, wanted: &str, meant: Option<&str>) -> Diagnostic {
    unknown_beside(span, name, wanted, meant, &[])
}

/// The same behind a request, whose answer brings these, or where there is none.
pub(super) fn unknown_beside(
    span: Span,
    name: &str,
    wanted: &str,
    meant: Option<&str>,
    answer: &[&str],
) -> Diagnostic {
    let message = format!("there is no {wanted} `{name}`");
    let finding = Diagnostic::error("E0201", message, span).here("nothing of this name is declared");
    let better = match name {
        "forever" | "infinite" | "infinity" | "endless" | "always" => {
            return finding.help(
                "a loop has an end: write `repeat 1000 { … }`, `repeat for 10m { … }` or `repeat until CONDITION { … }`",
            );
        }
        "True" | "TRUE" | "yes" | "Yes" => Some("true"),
        "False" | "FALSE" | "no" | "No" => Some("false"),
        _ => None,
    };
    if matches!(name, "null" | "nil" | "None" | "undefined") {
        return finding.help("nothing is compared with what is not there: `capture name = body.id` keeps nothing where it is missing, and a `check` of it fails");
    }
    if let Some(unit) = long_unit(name) {
        return finding.help(format!("a unit stands behind its number, without a space: `10{unit}`"));
    }
    if better.or(meant).is_none() && wanted == "sequence" {
        return finding.help(format!("declare it: `sequence {name}() {{ … }}`, with statements of your own"));
    }
    if better.or(meant).is_none() && wanted == "host" {
        return finding.help(format!(
            "declare it: `host {name} {{ address \"10.30.0.1\" }}`; without `on` it is this machine"
        ));
    }
    if better.or(meant).is_none() && wanted == "action" {
        return finding
            .help(format!("declare it: `action {name} {{ api get \"/\" }}`, with requests of your own"));
    }
    if better.or(meant).is_none() && !answer.is_empty() {
        return part_of_answer(finding.here("nothing of this name"), span, name, answer);
    }
    let of_environment = name.len() > 1
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && name.bytes().any(|b| b.is_ascii_uppercase());
    if better.or(meant).is_none() && wanted == "name" && of_environment {
        let own = name.to_lowercase();
        return finding.help(format!(
            "a variable of the environment is declared before it is used: `secret {own} from env \"{name}\"`, and `{{{own}}}` in a text"
        ));
    }
    if better.or(meant).is_none() && wanted == "name" && matches!(name, "env" | "environ" | "process" | "os")
    {
        return finding.help(
            "a variable of the environment is declared before it is used: `secret token from env \"TOKEN\"`, and `{token}` in a text",
        );
    }
    if better.or(meant).is_none() && wanted == "name" {
        return finding.help(format!(
            "what is measured is declared as `metric {name} = …`, what is given as `param {name} = …` or `let {name} = …`, and what an answer brings is kept by `capture {name} = …`"
        ));
    }
    propose(finding, span, better.or(meant), &[])
}

fn part_of_answer(finding: Diagnostic, span: Span, name: &str, answer: &[&str]) -> Diagnostic {
    let brings = format!("this answer brings {}", list(answer, "and"));
    if answer.contains(&"rows") {
        let better = format!("rows[0].{name}");
        return finding
            .help(format!("{brings}: a column of its first row is `{better}`"))
            .fix(span, better, false);
    }
    if answer.contains(&"body") {
        return finding.help(format!("{brings}: a field of its body is `body.{name}`")).fix(
            span,
            format!("body.{name}"),
            false,
        );
    }
    finding.help(brings)
}

/// `lines(app.log, ERROR)`
pub fn text_without_quotes(span: Span, text: &str, quote: char) -> Diagnostic {
    let better = format!("{quote}{text}{quote}");
    Diagnostic::error("E0201", format!("there is no name `{text}`, and a text stands in quotes"), span)
        .here("nothing of this name is declared")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

pub fn unknown_param(span: Span, name: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0201", format!("there is no parameter `{name}`"), span)
        .here("given on the command line");
    match meant {
        Some(meant) => finding.help(format!("did you mean `--param {meant}=…`?")),
        None if all.is_empty() => finding.help("the scenario declares no `param`"),
        None => finding.help(format!("the scenario has {}", list(all, "and"))),
    }
}

pub fn param_given_twice(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("the parameter `{name}` is given twice on the command line"), span)
        .here("the second")
}

pub fn unknown_kind(span: Span, name: &str, meant: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0202", format!("there is no kind `{name}`"), span).here("no kind of target");
    match meant {
        Some(_) => propose(finding, span, meant, &[]),
        None => finding.help("`soak kinds` lists them"),
    }
}

pub fn built_in_kind(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0202", format!("`{name}` is always there and cannot be declared"), span)
        .here("built in")
        .help(format!("tell it what to do without declaring it: `{name} burn cpu 80% for 1m`"))
}

pub fn unknown_setting(span: Span, kind: &str, word: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0204", format!("{} has no setting `{word}`", article(kind)), span)
        .here("no setting of its kind");
    let note = SETTINGS_ELSEWHERE.iter().find(|(of, words, _)| *of == kind && words.contains(&word));
    match note {
        Some((.., note)) => finding.help(*note),
        None => propose(finding, span, meant, all),
    }
}

/// What other tools set, by the kind that it is set of, and what soak has in its stead.
const SETTINGS_ELSEWHERE: &[(&str, &[&str], &str)] = &[
    (
        "process",
        &["image", "build", "dockerfile"],
        "soak starts commands, as in `run \"docker run --rm shop:latest\"`, and finds containers that run by `container \"name\"`",
    ),
    (
        "process",
        &["ports", "port", "expose", "listen"],
        "a process opens its ports itself: say them in its command, as in `run \"shop --port 8080\"`",
    ),
    (
        "process",
        &["depends_on", "depends", "after", "requires", "needs", "links"],
        "processes start in the order of the file, each when the one before it is ready: put what it needs above it",
    ),
    (
        "process",
        &["replicas", "instances", "scale", "count"],
        "each process is declared on its own, under a name of its own",
    ),
    (
        "process",
        &["volumes", "volume", "mounts"],
        "a process sees the files of this machine; `disk name { path \"…\" }` declares what is done to them",
    ),
    (
        "process",
        &["args", "arguments", "argv", "options", "flags", "params"],
        "arguments stand in the command: `run \"app --port 80\"`",
    ),
    (
        "process",
        &["user", "group", "uid"],
        "a process runs as who runs soak; `run \"sudo -u name …\"` starts it as another",
    ),
    (
        "process",
        &["retries", "timeout", "start_period"],
        "how long it may take stands behind the probe: `ready http(\"…\") within 20s`",
    ),
    (
        "process",
        &["autostart", "auto_start", "enabled", "manual", "lazy", "disabled"],
        "a process is started before the story, in the order of the file; `start later` leaves it to the story",
    ),
    (
        "link",
        &["from", "hosts", "endpoints", "ends", "source", "connect", "connects", "joins"],
        "`between car, cloud` joins two hosts; a proxy has `listen \"127.0.0.1:8081\"` and `to \"127.0.0.1:8080\"`",
    ),
    (
        "database",
        &[
            "host",
            "user",
            "username",
            "password",
            "port",
            "dbname",
            "database",
            "name",
            "driver",
            "type",
            "address",
            "dsn",
            "connection",
        ],
        "all of that stands in its URL: `url \"postgres://app:{password}@127.0.0.1:5432/shop\"`",
    ),
    (
        "redis",
        &["address", "host", "port", "password", "db"],
        "all of that stands in its URL: `url \"redis://127.0.0.1:6379\"`",
    ),
    (
        "mqtt",
        &["address", "host", "port", "broker", "server"],
        "its place stands in its URL: `url \"mqtt://127.0.0.1:1883\"`",
    ),
    (
        "nats",
        &["address", "host", "port", "server", "servers"],
        "its place stands in its URL: `url \"nats://127.0.0.1:4222\"`",
    ),
    (
        "grpc",
        &["proto", "protos", "proto_file", "protofile"],
        "soak reads what `protoc --descriptor_set_out=hello.bin --include_imports hello.proto` writes: `descriptor \"hello.bin\"`, or asks the server: `reflection`",
    ),
    (
        "http",
        &["retries", "retry", "max_retries"],
        "a request is sent once, so that every failure is counted; what must work in the end is `expect … within 30s`",
    ),
    (
        "http",
        &["auth", "token", "bearer", "authorization"],
        "write `header \"Authorization\" \"Bearer {token}\"`, with a `secret token from env \"TOKEN\"`",
    ),
    (
        "http",
        &["vus", "rps", "rate", "users", "connections"],
        "how much is asked stands with the load: `load name at 50/s` or `load name with 20 users`",
    ),
];

/// The name of a declaration in quotes.
pub fn quoted(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0127", "a name has no quotes", span)
        .here("a text, not a name")
        .help(format!("write `{name}`"))
        .fix(span, name, false)
}

pub fn declared_twice(span: Span, name: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0206", format!("`{name}` is declared twice"), span)
        .here("the second")
        .also(first, "the first stands here")
        .help("rename one of them")
}

pub fn reserved(span: Span, name: &str) -> Diagnostic {
    Diagnostic::error("E0207", format!("`{name}` means something already and cannot be a name"), span)
        .here("taken by the language")
        .help(format!("choose another name, such as `my_{name}`"))
}

pub fn not_a_value(span: Span, name: &str, sort: &str, help: Option<String>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0208", format!("`{name}` is {} and has no value by itself", article(sort)), span)
            .here("not a value");
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// `p95(traffic)`: a function of an action or a mix, which is many readings.
pub fn of_an_action(span: Span, name: &str, sort: &str, function: &str) -> Diagnostic {
    let reading = if function == "rate" { "count" } else { "latency" };
    let better = format!("{name}.{reading}");
    Diagnostic::error("E0208", format!("`{name}` is {} and has no value by itself", article(sort)), span)
        .here("which reading of it?")
        .help(format!("write `{function}({better})`"))
        .fix(span, better, false)
}

/// What a load runs is none of what it can run, which are `able`.
pub fn not_loaded(span: Span, name: &str, sort: &str, able: &[&str]) -> Diagnostic {
    let finding = wrong_sort(span, name, sort, &["action", "mix"]);
    match able {
        [] => finding.help("declare what one iteration does, as in `action browse { … }`, and load that"),
        _ => finding.help(format!("load an action or a mix: {}", list(able, "or"))),
    }
}

pub fn wrong_sort(span: Span, name: &str, sort: &str, wanted: &[&str]) -> Diagnostic {
    let what = if sort == "a value" { sort.to_string() } else { article(sort) };
    Diagnostic::error(
        "E0208",
        format!(
            "`{name}` is {what}, not {} {}",
            if wanted.len() == 1 { "the name of" } else { "one of" },
            list(wanted, "or")
        ),
        span,
    )
    .here(format!("{} is wanted here", list(wanted, "or")))
}

/// What stands where a host is wanted.
pub fn hosts_there_are(hosts: &[&str]) -> String {
    match hosts {
        [] => "declare hosts, as in `host car { address \"10.30.0.1\" }`, and put processes `on` them".into(),
        _ => format!("name the hosts that they run on: there is {}", list(hosts, "and")),
    }
}

pub fn defined_by_itself(span: Span, name: &str, declared: Span) -> Diagnostic {
    Diagnostic::error("E0209", format!("`{name}` is defined by itself"), span)
        .here("used for its own value")
        .also(declared, "declared here")
}

pub fn calls_itself(span: Span, name: &str, declared: Span, between: &[Span]) -> Diagnostic {
    let message = match between {
        [] => format!("the sequence `{name}` calls itself"),
        _ => format!("the sequence `{name}` calls itself through another one"),
    };
    let finding = Diagnostic::error("E0210", message, span)
        .here("called while it runs")
        .also(declared, "declared here");
    let all = between.iter().fold(finding, |finding, place| finding.also(*place, "on the way to it"));
    all.help("the whole plan is known before the run, so nothing calls itself: use `repeat`")
}

/// `all` are the phases there are.
pub fn unknown_phase(span: Span, name: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0213", format!("there is no phase \"{name}\""), span)
        .here("no phase has this name");
    match meant {
        Some(meant) => {
            finding.help(format!("did you mean \"{meant}\"?")).fix(span, format!("\"{meant}\""), false)
        }
        None if all.is_empty() => finding,
        None => {
            let shown: Vec<String> =
                all.iter().take(MOST_PHASES).map(|phase| format!("\"{phase}\"")).collect();
            let more = if all.len() > MOST_PHASES { " and others" } else { "" };
            finding.help(format!("there is {}{more}", shown.join(", ")))
        }
    }
}

pub fn unknown_function(span: Span, name: &str, meant: Option<&str>) -> Diagnostic {
    propose(
        Diagnostic::error("E0214", format!("there is no function `{name}`"), span).here("unknown"),
        span,
        meant,
        &[],
    )
}

/// What is no name of an environment variable; `better` is what is left of it without the marks of a shell.
pub fn not_a_variable(span: Span, written: &str, wrong: char, better: &str) -> Diagnostic {
    let message = format!("the name of an environment variable has no `{wrong}` in it");
    let finding = Diagnostic::error("E0127", message, span).here("no variable has this name");
    let good = better != written
        && !better.is_empty()
        && better.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if good {
        finding.help(format!("write `\"{better}\"`")).fix(span, format!("\"{better}\""), false)
    } else {
        finding
    }
}

/// `all` are the actions that there are.
pub fn unknown_action(span: Span, name: &str, all: &[&str]) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no action `{name}`"), span)
        .here("nothing of this name is declared")
        .help(format!(
            "there is {}; another one is declared as `action {name} {{ api get \"/\" }}`",
            list(all, "and")
        ))
}
