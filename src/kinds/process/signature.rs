//! What a process is declared with, told and asked.

use crate::lang::declare::{
    act, flag, held_act, keyword, positional, reading, request, series, share, state,
};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Kind, Parameter, Reading, ReadingResult, Rule, Support, Verb};
use crate::lang::types::Shape::{Counter, Gauge, State};

/// A program under test.
pub static KIND: Kind = Kind {
    name: "process",
    about: "A program under test: soak starts it before the story and stops it afterwards, or takes one that runs.",
    settings: SETTINGS,
    one_of: &[&["run", "unit", "pidfile", "match", "container"]],
    verbs: VERBS,
    readings: READINGS,
    example: EXAMPLE,
    built_in: false,
    rules: &[
        Rule::Needs { name: "on", other: "run" },
        Rule::Needs { name: "env", other: "run" },
        Rule::Needs { name: "dir", other: "run" },
        Rule::Needs { name: "restart", other: "run" },
        Rule::Needs { name: "start", other: "run" },
        Rule::Needs { name: "stop", other: "run" },
    ],
    support: Support::Ready,
};

const SETTINGS: &[Parameter] = &[
    keyword("run", &[Accepts::Command], "The command line that starts it, split into words without a shell."),
    keyword("unit", &[Accepts::Text], "The systemd unit of a process that runs already."),
    keyword("pidfile", &[Accepts::Path], "The pid file of a process that runs already."),
    keyword("match", &[Accepts::Regex], "What the command line of the one process that is meant matches."),
    keyword("container", &[Accepts::Text], "The container whose main process is meant, of Docker or Podman."),
    keyword("on", &[Accepts::Target(&["host"])], "The host on whose network it runs."),
    keyword(
        "env",
        &[Accepts::Name, Accepts::Text],
        "An environment variable, beside those that soak itself was started with; secrets may stand in it.",
    )
    .repeated(),
    keyword("dir", &[Accepts::Path], "The folder it runs in; the scenario's own where none is given."),
    keyword("ready", &[Accepts::Probe], "How to tell that it is ready, probed from its start to its end.")
        .more(&[keyword(
            "within",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long it may take to become ready after each start.",
        )
        .default("30s")]),
    keyword("restart", &[], "What soak does when it exits without having been told to stop.").more(&[
        keyword("after", &[Accepts::Quantity(Dimension::TIME)], "Starts it again that long after its exit.")
            .required(),
    ]),
    keyword("start", &[], "When it is started, if not before the story.").more(&[flag(
        "later",
        "Leaves its start to the story.",
    )
    .required()]),
    keyword("stop", &[], "How it is stopped.").more(&[
        keyword("signal", &[Accepts::Name], "The signal that asks it to stop.").default("SIGTERM"),
        keyword(
            "grace",
            &[Accepts::Quantity(Dimension::TIME)],
            "How long it may take to exit before it gets SIGKILL.",
        )
        .default("10s"),
    ]),
    keyword(
        "log",
        &[Accepts::Glob],
        "Files it logs to, whose new lines are read as its output along with what it prints.",
    ),
];

const VERBS: &[Verb] = &[
    act("start", "Starts it; nothing happens where it runs already.", "app stop\napp start"),
    held_act(
        "stop",
        "Asks it to exit and waits until it has; with a duration it is kept down that long and then started.",
        "app stop 10s",
    )
    .fault(),
    held_act(
        "kill",
        "Ends it at once with SIGKILL; with a duration it is kept down that long and then started.",
        "app kill 30s",
    )
    .fault(),
    act("restart", "Stops it, starts it and waits until it is ready.", "app restart").fault(),
    state(
        "pause",
        "running",
        "Freezes it with SIGSTOP; its connections stay open and silent.",
        "app pause 5s",
    )
    .fault(),
    act("signal", "Sends it a signal.", "app signal SIGHUP")
        .takes(
            &[positional("signal", &[Accepts::Name], "The signal's name, with or without SIG.").required()],
        )
        .fault(),
    state("throttle", "throttle", "Gives it less of the machine.", "app throttle cpu 20% for 1m")
        .takes(&[keyword("cpu", &[Accepts::Share], "How much of one core it may use.").required()])
        .fault(),
    state(
        "limit",
        "limit",
        "Gives it an upper limit, beyond which it is refused.",
        "app limit memory 200MB for 1m",
    )
    .takes(&[
        keyword("memory", &[Accepts::Quantity(Dimension::SIZE)], "How much memory it may hold."),
        keyword("files", &[Accepts::Count], "How many files and sockets it may have open."),
    ])
    .rules(&[Rule::AtLeastOne(&["memory", "files"])])
    .fault(),
    state("skew", "clock", "Makes its wall clock wrong.", "app skew ahead 2h for 1m")
        .takes(&[
            keyword("ahead", &[Accepts::Quantity(Dimension::TIME)], "How far its clock is fast."),
            keyword("behind", &[Accepts::Quantity(Dimension::TIME)], "How far its clock is slow."),
        ])
        .one_of(&[&["ahead", "behind"]])
        .fault(),
    request(
        "send",
        "Writes one line to its standard input.",
        "app send \"reload\"\napp send json { reload: true }",
    )
    .takes(&[
        positional("line", &[Accepts::Text], "The line, without its end."),
        keyword("json", &[Accepts::Json], "What to send as one line of JSON."),
    ])
    .one_of(&[&["line", "json"]]),
];

const READINGS: &[Reading] = &[
    series("up", State, Dimension::NONE, "Whether it runs."),
    series("ready", State, Dimension::NONE, "Whether its probe succeeds; without a probe, whether it runs."),
    series("restarts", Counter, Dimension::NONE, "How often `restart after` brought it back."),
    series("exit_code", Gauge, Dimension::NONE, "What it exited with last; of a signal, 128 and its number."),
    share("cpu", "How much of one core it and its children use; of two cores 200%."),
    series("rss", Gauge, Dimension::SIZE, "The memory that it and its children hold, in bytes."),
    series("files", Gauge, Dimension::NONE, "How many files and sockets it has open."),
    series("threads", Gauge, Dimension::NONE, "How many threads it has."),
    series("read", Counter, Dimension::SIZE, "What it read from disks, in bytes."),
    series("written", Counter, Dimension::SIZE, "What it wrote to disks, in bytes."),
    reading("log", ReadingResult::Log, "The lines it prints, for `lines` and `capture`."),
];

const EXAMPLE: &str = r#"process app {
  run     "app --listen 127.0.0.1:8080"
  env     LOG_LEVEL "info"
  ready   http("http://127.0.0.1:8080/health") within 1m
  restart after 5s
  stop    signal SIGINT grace 30s
}
expect "Stays up": app.up always tolerate 1m
app send "reload"
app signal SIGHUP
app pause 2s
app throttle cpu 20% for 2s
app limit memory 512MB for 2s
app skew ahead 2h for 2s
app kill
expect "Crash recovery": app.ready within 30s
app restart
app stop
expect "Clean exit": app.exit_code == 0
app start
"#;
