//! E02xx: names, and where declarations and statements may stand.

use super::{article, list, propose};
use crate::diag::Diagnostic;
use crate::source::Span;
use crate::syntax::long_unit;

pub fn unknown(span: Span, name: &str, wanted: &str, meant: Option<&str>) -> Diagnostic {
    unknown_beside(span, name, wanted, meant, &[])
}

/// The same behind a request, whose answer brings these, or where there is none.
fn unknown_beside(span: Span, name: &str, wanted: &str, meant: Option<&str>, answer: &[&str]) -> Diagnostic {
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
        return finding.help("nothing is compared with what is not there: `capture name = body.id` fails the iteration where it is missing");
    }
    if let Some(unit) = long_unit(name) {
        return finding.help(format!("a unit stands behind its number, without a space: `10{unit}`"));
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

/// A name behind a request, whose answer brings these.
pub fn unknown_in_answer(span: Span, name: &str, answer: &[&str]) -> Diagnostic {
    unknown_beside(span, name, "name", None, answer)
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

/// `kill shop`; `whole` is what `better` stands for.
pub fn verb_first(span: Span, whole: Span, verb: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no target `{verb}`"), span)
        .here("the other way round")
        .help(format!("a target stands before what it is told: write `{better}`"))
        .fix(whole, better, false)
}

/// `http api "http://…"`
pub fn target_without_block(span: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0208", "a target is declared with its settings in braces", span)
        .here("no braces")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// `stop browse`, of an action.
pub fn load_is_not_stopped(span: Span, subject: &str) -> Diagnostic {
    Diagnostic::error("E0201", "a load is not told to stop: it ends when its time is over", span)
        .here("nothing is told to an action")
        .help(format!(
            "write how long it lasts where it begins, as in `load {subject} at 50/s for 10m`, or put it into a phase of that length"
        ))
}

/// `lines(app.log, ERROR)`
pub fn text_without_quotes(span: Span, text: &str, quote: char) -> Diagnostic {
    let better = format!("{quote}{text}{quote}");
    Diagnostic::error("E0201", format!("there is no name `{text}`, and a text stands in quotes"), span)
        .here("nothing of this name is declared")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

/// A verb of other tools.
pub fn verb_elsewhere(span: Span, kind: &str, verb: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{verb}`", article(kind)), span)
        .here("no verb of its kind")
        .help(help)
}

/// What other tools have a statement for.
pub fn statement_elsewhere(span: Span, word: &str, help: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no target `{word}`, and no statement"), span)
        .here("nothing of this name")
        .help(help)
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

pub fn unknown_verb(span: Span, kind: &str, word: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let message = format!("{} cannot be told to `{word}`", article(kind));
    let finding = Diagnostic::error("E0203", message, span).here("no verb of its kind");
    if all.is_empty() {
        return finding.help(format!("{} is only declared, and told nothing", article(kind)));
    }
    propose(finding, span, meant, all)
}

/// A fault of the link that leaves a host, told to the host, whose name stands in `place`.
pub fn verb_of_link(span: Span, place: Span, (kind, word): (&str, &str), link: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("no verb of its kind")
        .help(format!("ask it of the link that leaves it: write `{link}` in its place"))
        .fix(place, link, false)
}

/// A word of a verb, or another tool's word for it, in the place of the verb; `better` is what stands in `place`.
pub fn verb_in_other_words(span: Span, place: Span, kind: &str, word: &str, better: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("no verb of its kind")
        .help(format!("write `{better}`"))
        .fix(place, better, false)
}

pub fn verb_missing(span: Span, name: &str, verbs: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0203", format!("`{name}` is not told what to do"), span)
        .here("a verb belongs behind it");
    if verbs.is_empty() { finding } else { finding.help(format!("it knows {}", list(verbs, "and"))) }
}

/// A step of a conversation that stands by itself.
pub fn in_a_conversation(span: Span, (kind, name): (&str, &str), word: &str, verb: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("{} cannot be told to `{word}`", article(kind)), span)
        .here("a step of a conversation")
        .help(format!("it stands in the braces of one: `{name} {verb} {{ {word} … }}`"))
}

/// What is paused goes on when that ends.
pub fn goes_on_by_itself(span: Span, name: &str, word: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("a process cannot be told to `{word}`"), span)
        .here("no verb of its kind")
        .help(format!("it goes on by itself when its pause ends: write `{name} pause 5s`"))
}

/// `db "select 1"`
pub fn query_without_verb(span: Span, name: &str, query: &str) -> Diagnostic {
    Diagnostic::error("E0203", format!("`{name}` is not told what to do"), span)
        .here("a verb belongs behind it")
        .help(format!("write `{name} query {query}`"))
        .fix(Span::at(span.end), " query", false)
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

pub fn no_part(span: Span, owner: &str, part: &str, meant: Option<&str>, all: &[&str]) -> Diagnostic {
    let finding = Diagnostic::error("E0205", format!("{owner} has no `{part}`"), span)
        .here("nothing of this name can be read of it");
    propose(finding, span, meant, all)
}

pub fn verb_as_reading(span: Span, name: &str, verb: &str) -> Diagnostic {
    Diagnostic::error("E0205", format!("`{verb}` is something that `{name}` is told, not read of it"), span)
        .here("a verb")
        .help(format!("a statement tells it: `{name} {verb}`"))
}

pub fn has_no_parts(span: Span, what: &str, part: &str) -> Diagnostic {
    Diagnostic::error("E0205", format!("{what} has no parts, so no `{part}` either"), span)
        .here("nothing stands behind the dot")
}

/// `api.latency`: what is measured of those who ask.
pub fn of_the_action(span: Span, whole: Span, name: &str, field: &str, better: &str) -> Diagnostic {
    Diagnostic::error(
        "E0205",
        format!("`{name}` has no `{field}`: what answers take is measured of the action that asks"),
        span,
    )
    .here("nothing of this name can be read of it")
    .help(format!("did you mean `{better}`?"))
    .fix(whole, better, false)
}

/// `shop.rss.max`: a function in the place of a part; `of` is what it is of.
pub fn function_behind(span: Span, what: &str, function: &str, of: &str) -> Diagnostic {
    let better = format!("{function}({of})");
    Diagnostic::error("E0205", format!("{what} has no parts, so no `{function}` either"), span)
        .here("a function stands before what it is of")
        .help(format!("write `{better}`"))
        .fix(span, better, false)
}

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

/// `res.status`: `better` is what the answer brings, at its place.
pub fn answer_meant(name: Span, written: &str, whole: Span, better: &str) -> Diagnostic {
    Diagnostic::error("E0201", format!("there is no name `{written}`: an answer is looked at as it is"), name)
        .here("no name for the answer")
        .help(format!("its parts stand by themselves: write `{better}` without `{written}.` before it"))
        .fix(whole, better, false)
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

/// A sequence that stands like a target; `call` is the whole statement.
pub fn call_of_sequence(span: Span, name: &str, call: &str) -> Diagnostic {
    Diagnostic::error("E0208", format!("`{name}` is a sequence, and a sequence is called with `do`"), span)
        .here("not a target")
        .help(format!("write `do {call}`"))
        .fix(Span::at(span.start), "do ", false)
}

/// A verb without the target that is told it.
pub fn target_missing(span: Span, verb: &str, target: &str, rest: &str) -> Diagnostic {
    let better = format!("{target} {verb}{}{rest}", if rest.is_empty() { "" } else { " " });
    Diagnostic::error("E0201", format!("`{verb}` does not say who is told it"), span)
        .here("a target stands before this")
        .help(format!("write `{better}`"))
        .fix(Span::at(span.start), format!("{target} "), false)
}

pub fn not_a_target(span: Span, name: &str, sort: &str) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0208",
        format!("`{name}` is {} and cannot be told anything", article(sort)),
        span,
    )
    .here("not a target");
    match sort {
        "action" | "mix" => finding.help(format!(
            "run it with `load {name} at 10/s`, or `load {name} once` as `load {name} 1 times`"
        )),
        "sequence" => finding.help(format!("call it with `do {name}()`")),
        "metric" => finding.help(format!("judge it with `expect \"name\": {name} < 10`")),
        _ => finding,
    }
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

pub fn include_unreadable(span: Span, path: &str, why: &str) -> Diagnostic {
    Diagnostic::error("E0211", format!("`{path}` cannot be read: {why}"), span)
        .here("included here")
        .help("a relative path starts at the folder of the file that includes")
}

pub fn include_circle(span: Span, path: &str) -> Diagnostic {
    Diagnostic::error("E0211", format!("`{path}` includes itself"), span)
        .here("this closes a circle of includes")
}

pub fn include_is_interpolated(span: Span) -> Diagnostic {
    Diagnostic::error("E0211", "the path of an include is written out", span)
        .here("nothing is interpolated here")
}

pub fn too_many_includes(span: Span, most: usize) -> Diagnostic {
    Diagnostic::error("E0211", format!("a scenario includes {most} files at most"), span).here("one too many")
}

pub fn story_in_include(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "an included file only declares", span)
        .here("this belongs to a story")
        .help("put it into a `sequence` and call that with `do`")
}

pub fn scenario_in_include(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "an included file is no scenario of its own", span)
        .here("the title stands in the file that includes")
}

pub fn second_scenario(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error("E0212", "a file holds one scenario", span)
        .here("the second")
        .also(first, "the first stands here")
}

pub fn scenario_not_first(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "`scenario` is the first statement of its file", span)
        .here("something stands before it")
}

pub fn title_interpolates(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "the title of a scenario is written out", span)
        .here("nothing is interpolated here")
}

pub fn declared_in_block(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "declarations stand at the top of the file, not in a block", span)
        .here("declared inside a block")
        .help("move it out of the block, above the story")
}

pub fn only_at_top(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "`setup` and `cleanup` stand at the top of the file, not in a block", span)
        .here("inside a block")
}

pub fn only_in_action(span: Span) -> Diagnostic {
    Diagnostic::error("E0212", "this stands in an action", span)
        .here("not a statement of the story")
        .help("in the story use `expect` for what must hold and `wait` for a pause")
}

/// `pause` is the duration of a `wait`, as it is written.
pub fn not_in_action(span: Span, pause: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0212", "an action holds requests, `check`, `capture` and `think`", span)
            .here("this belongs to the story");
    match pause {
        Some(pause) => {
            finding.help(format!("write `think {pause}`")).fix(span, format!("think {pause}"), false)
        }
        None => finding.help("put it into the story, beside the `load` that runs this action"),
    }
}

/// `action get { api get "/"; expect status == 200 }`
pub fn expect_in_action(span: Span, condition: &str) -> Diagnostic {
    Diagnostic::error("E0212", "an action holds requests, `check`, `capture` and `think`", span)
        .here("this belongs to the story")
        .help(format!("an answer is looked at in braces behind its request: `{{ check {condition} }}`"))
}

/// `written` is the statement that stands there.
pub fn only_checks_here(span: Span, written: &str) -> Diagnostic {
    let finding = Diagnostic::error("E0212", "the braces behind a request hold `check` and `capture`", span)
        .here("neither of them");
    let (word, rest) = written.split_once(' ').unwrap_or((written, ""));
    let better = match word {
        "expect" | "require" | "want" => {
            format!("check {}", rest.split_once("\": ").map_or(rest, |(_, rest)| rest))
        }
        "let" | "param" | "metric" => format!("capture {rest}"),
        "retry" | "retries" => {
            return finding.help("a request is sent once, so that every failure is counted; `expect … within 30s` waits until it works");
        }
        _ => return finding.help("as in `check status == 200` and `capture id = body.id`"),
    };
    finding.help(format!("write `{better}`")).fix(span, better, false)
}

pub fn capture_in_story(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0212",
        "`capture` stands in an action, whose captures are measured and drawn from",
        span,
    )
    .here("not in the story")
    .help("put the request into an `action` and run it with `load … 1 times`")
}

/// What stands in a conversation and is none of its words.
pub enum Stray<'s> {
    /// So long is waited.
    Pause(&'s str),
    /// A message is awaited, in other words.
    Awaits(&'s str),
    /// A message is looked at as it comes, in other words.
    Handles,
    Else,
}

pub fn not_in_conversation(span: Span, stray: Stray<'_>) -> Diagnostic {
    let finding = Diagnostic::error(
        "E0212",
        "a conversation is made of `send`, `receive`, `hold`, `check` and `capture`",
        span,
    )
    .here("none of them");
    let better = match stray {
        Stray::Pause(pause) => format!("hold {pause}"),
        Stray::Awaits("") => "receive".to_string(),
        Stray::Awaits(message) => format!("receive {message}"),
        Stray::Handles => {
            return finding.help(
                "the next message is waited for by `receive`, and `check` and `capture` behind it look at it",
            );
        }
        Stray::Else => return finding,
    };
    finding.help(format!("write `{better}`")).fix(span, better, false)
}

pub fn unknown_phase(span: Span, name: &str, meant: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error("E0213", format!("there is no phase \"{name}\""), span)
        .here("no phase has this name");
    match meant {
        Some(meant) => {
            finding.help(format!("did you mean \"{meant}\"?")).fix(span, format!("\"{meant}\""), false)
        }
        None => finding,
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
