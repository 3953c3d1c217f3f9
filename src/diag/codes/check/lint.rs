//! W09xx: what runs, and probably is not what was meant.

use super::super::Code;

/// The codes of this part.
pub const CODES: &[Code] = &[
    Code {
        code: "W0901",
        title: "an unused declaration",
        explanation: "Nothing uses it. Either it is left over, or something that should use it does not.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
let limit = 5
expect app.up"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080"); restart after 2s }
let limit = 5
expect app.restarts < limit"#,
    },
    Code {
        code: "W0902",
        title: "a scenario that expects nothing",
        explanation: "Something is done and nothing judged, so the verdict is always a pass.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
app kill"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080"); restart after 2s }
app kill
expect app.ready within 30s"#,
    },
    Code {
        code: "W0903",
        title: "a `want` that is weaker than its `expect`",
        explanation: "A `want` is the yellow limit and an `expect` of the same name the red one. Where the yellow one is the looser of the two, it never shows.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
want "Memory": app.rss < 2GB
expect "Memory": app.rss < 1GB"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
want "Memory": app.rss < 1GB
expect "Memory": app.rss < 2GB"#,
    },
    Code {
        code: "W0904",
        title: "a password in plain text",
        explanation: "Whoever reads the file reads it. A `secret` comes from the environment and is never printed or stored.",
        bad: r#"database db { url "postgres://app:hunter2@127.0.0.1/app" }
expect db.up"#,
        good: r#"secret password from env "PASSWORD"
database db { url "postgres://app:{password}@127.0.0.1/app" }
expect db.up"#,
    },
    Code {
        code: "W0905",
        title: "a pool that nobody fills",
        explanation: "`take` and `recent` draw from what an action captured. Where no load runs it, each iteration is skipped.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
action drop { api delete "/{take(get.id)}" }
load drop at 1/s for 10s
expect drop.failed == 0"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" { capture id = body.id } }
action drop { api delete "/{take(get.id)}" }
load get at 10/s for 10s
load drop at 1/s for 10s
expect drop.failed == 0"#,
    },
    Code {
        code: "W0906",
        title: "a loop that is never due",
        explanation: "The first pass of `every` comes after one period, which is longer than what is left of its block.",
        bad: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Peak" 1m { every 5m { app kill } }
expect app.up"#,
        good: r#"process app { run "app"; ready tcp("127.0.0.1:8080") }
phase "Peak" 10m { every 5m { app kill } }
expect app.up"#,
    },
    Code {
        code: "W0907",
        title: "a state that is never in force",
        explanation: "A state without a duration lasts until its block ends: the file, a phase, each pass of a loop or of `every`, what stands in `at`. Where nothing that takes time follows it there, it is undone at once.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
phase "Flapping" 10m { every 30s { wifi off } }
expect wifi.connections > 0"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
phase "Flapping" 10m { every 30s { wifi off 10s } }
expect wifi.connections > 0"#,
    },
    Code {
        code: "W0908",
        title: "a state that another one hides",
        explanation: "The states of one property of a target lie on each other, and the newest wins: `on`, `off` and `degrade` of a link are one property. As long as this one lasts, a newer one lies on it, so it never shows.",
        bad: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
phase "Bad" 10m {
  wifi degrade latency 500ms
  wifi off
}
expect wifi.connections > 0"#,
        good: r#"link wifi { listen "127.0.0.1:9000"; to "127.0.0.1:9001" }
phase "Bad" 10m {
  wifi degrade latency 500ms for 5m
  wifi off
}
expect wifi.connections > 0"#,
    },
    Code {
        code: "W0909",
        title: "a window shorter than the sampling",
        explanation: "What is sampled has one value every second, or as often as `metric … every` says. A shorter window mostly holds none, and what it holds none of has no value; so it is with a block that is shorter and judges something `always`. A slope (`growth`) needs two.",
        bad: r#"metric stuck = files("stuck/*") every 30s
wait 5m
expect max(stuck over 10s) == 0"#,
        good: r#"metric stuck = files("stuck/*") every 5s
wait 5m
expect max(stuck over 10s) == 0"#,
    },
    Code {
        code: "W0910",
        title: "an `allow` that allows nothing",
        explanation: "The warning that the comment allows is not given there, or not any more. `# soak: allow(W0901)` at the end of a line speaks of the statement that ends there, or of the line where none does; alone on a line it speaks of the next statement of its block, with all that stands in that statement's own block.",
        bad: r#"# soak: allow(W0901)
let limit = 5
wait 1s * limit
expect elapsed < 1m"#,
        good: r#"# soak: allow(W0901)
let limit = 5
wait 1s
expect elapsed < 1m"#,
    },
    Code {
        code: "W0911",
        title: "an `allow` of an unknown code",
        explanation: "A comment to soak reads `# soak: allow(W0901)`, or with several codes `# soak: allow(W0901, W0905)`; what stands behind it is for people. The codes are those that `soak check` shows.",
        bad: r#"# soak: allow(W9001)
let limit = 5
wait 1s
expect elapsed < 1m"#,
        good: r#"# soak: allow(W0901)
let limit = 5
wait 1s
expect elapsed < 1m"#,
    },
    Code {
        code: "W0912",
        title: "an `allow` of what cannot be allowed",
        explanation: "Only a warning can be allowed. With an error nothing can run, whoever has looked at it; and what is wrong with such comments is mended by taking them out.",
        bad: r#"# soak: allow(E0302)
wait 30
expect elapsed < 1m"#,
        good: r#"wait 30s
expect elapsed < 1m"#,
    },
    Code {
        code: "W0913",
        title: "braces that do not do what they seem to",
        explanation: "`{ }` holds an expression in `\"…\"`, with no `$` before it; that would stay in the text. In a raw text, `'…'`, nothing is interpolated. A route's `:id` is no braces at all, and is sent as it stands.",
        bad: r#"let home = "/tmp/home"
process app { run "app --home ${home}" }
expect app.up"#,
        good: r#"let home = "/tmp/home"
process app { run "app --home {home}" }
expect app.up"#,
    },
    Code {
        code: "W0914",
        title: "a count compared with a percentage",
        explanation: "`failed`, `lost` and the like are numbers, and `1%` is 0.01: a single one is more than that. The share of what ended in failure is `errors`; of the items of a ledger it is `lost / sent`.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 10/s for 10s
wait 10s
expect browse.failed < 1%"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 10/s for 10s
wait 10s
expect browse.errors < 1%"#,
    },
    Code {
        code: "W0915",
        title: "a shell's mark in a command",
        explanation: "A command is split into words and started; no shell reads it. So `&&`, `|` and `>` are given to the program like any other word, and `cd` is no program. Where a shell is wanted, it is named: `sh -c '…'`. What a process writes is in its `log` anyway.",
        bad: r#"process app { run "app --verbose > out.log"; ready tcp("127.0.0.1:8080") }
expect app.up"#,
        good: r#"process app { run "sh -c 'app --verbose > out.log'"; ready tcp("127.0.0.1:8080") }
expect app.up"#,
    },
    Code {
        code: "W0916",
        title: "a rate drawn at random where a ramp was meant",
        explanation: "`10/s..100/s` is a range, from which one value is drawn. A load that rises from one rate to another is written with `->`.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 10/s..100/s for 5m
expect browse.errors < 1% at end"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 10/s -> 100/s for 5m
expect browse.errors < 1% at end"#,
    },
    Code {
        code: "W0917",
        title: "a difference where a range was meant",
        explanation: "`5s-1s` is 4 s, each time. A range, from which a time is drawn anew each time, is `1s..5s`.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/"; think 5s-1s }
load browse at 10/s for 5m
expect browse.errors < 1% at end"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/"; think 1s..5s }
load browse at 10/s for 5m
expect browse.errors < 1% at end"#,
    },
    Code {
        code: "W0918",
        title: "a ratio that only has to be below 1",
        explanation: "A ratio of two counts is 1 where they are equal, so `< 1` is met by 99%. Whoever means one in a hundred writes `1%`; whoever means the whole writes `100%`.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
metric lost = get.failed / get.count
load get at 10/s for 10s
expect lost < 1"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
metric lost = get.failed / get.count
load get at 10/s for 10s
expect lost < 1%"#,
    },
    Code {
        code: "W0919",
        title: "a window longer than the time before it",
        explanation: "The run, or what of it is over when this is judged, is always shorter than the window, which is never full: what was meant to be judged over so long a time is judged over less.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
load get at 10/s for 1m
expect p99(get.latency over 5m) < 100ms"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
load get at 10/s for 30m
expect p99(get.latency over 5m) < 100ms"#,
    },
    Code {
        code: "W0920",
        title: "a link that is gone past",
        explanation: "A link is met by what goes through it: by who asks where it listens. Here somebody asks where it leads to, and nothing in the file comes to the link itself, so that its faults meet nobody. Nor do they meet what comes to it in another way than it hears: a proxy hears connections, and with `udp` datagrams.",
        bad: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
phase "Flapping" 1m {
  load get at 10/s
  repeat 10 < path off 2s; path on 3s >
  expect get.success > 99% at end
}"#,
        good: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
http api { base "http://127.0.0.1:8081" }
action get { api get "/" }
phase "Flapping" 1m {
  load get at 10/s
  repeat 10 < path off 2s; path on 3s >
  expect get.success > 99% at end
}"#,
    },
    Code {
        code: "W0921",
        title: "the exit code of what still runs",
        explanation: "A process has an exit code when it has ended. One that is ready when it answers serves until it is told to stop, and nothing above tells it so.",
        bad: r#"process shop { run "shop"; ready http("http://127.0.0.1:8080/health") }
wait 1m
expect "Ends well": shop.exit_code == 0"#,
        good: r#"process shop { run "shop"; ready http("http://127.0.0.1:8080/health") }
wait 1m
shop stop
expect "Ends well": shop.exit_code == 0"#,
    },
    Code {
        code: "W0922",
        title: "a load that has ended before the fault",
        explanation: "A load with `for` takes its time before the next statement begins. A fault behind it meets no load: what is judged over the time of the fault has no value, and what is judged of all of the load says nothing of the fault.",
        bad: r#"process shop { run "shop"; restart after 1s }
http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
phase "Crash" {
  load get at 10/s for 1m
  shop kill 5s
  expect "Recovers": get.success over 2s > 99% within 30s
}"#,
        good: r#"process shop { run "shop"; restart after 1s }
http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
phase "Crash" 2m {
  load get at 10/s
  shop kill 5s
  expect "Recovers": get.success over 2s > 99% within 30s
}"#,
    },
    Code {
        code: "W0923",
        title: "a process that nothing starts",
        explanation: "What is declared with `start later` is started by the story alone, and what the story stops stays down: `restart after` brings back what crashes. `stop 10s` and `kill 10s` start it again after that time.",
        bad: r#"process shop { run "shop"; restart after 2s }
shop stop
expect "Back": shop.up within 30s"#,
        good: r#"process shop { run "shop"; restart after 2s }
shop stop 10s
expect "Back": shop.up within 30s"#,
    },
    Code {
        code: "W0924",
        title: "a start of what runs already",
        explanation: "Processes are started before the story, in the order of the file, and one with `restart after` is brought back whenever it ends. To start it again does nothing.",
        bad: r#"process shop { run "shop"; restart after 2s }
wait 5s
shop start
expect "Up": shop.up within 30s"#,
        good: r#"process shop { run "shop"; restart after 2s; start later }
wait 5s
shop start
expect "Up": shop.up within 30s"#,
    },
    Code {
        code: "W0925",
        title: "hosts that no link joins",
        explanation: "A host is a network of its own, which only links leave, each to one other host, and hosts pass on what is for those behind them. A client on one host that asks another one, to which no links lead, never gets an answer. Its own loopback is as much its own: nobody answers there but what stands on that host.",
        bad: r#"host car   { address "10.30.0.1" }
host depot { address "10.30.0.2" }
host cloud { address "10.30.0.3" }
link wifi  { between car, depot }
http store { base "http://10.30.0.3:9000"; on car }
action put { store put "/{seq}" text "x" }
phase "Away" 1m { load put at 5/s; wifi off 2s }
expect put.success > 99%"#,
        good: r#"host car   { address "10.30.0.1" }
host cloud { address "10.30.0.3" }
link wifi  { between car, cloud }
http store { base "http://10.30.0.3:9000"; on car }
action put { store put "/{seq}" text "x" }
phase "Away" 1m { load put at 5/s; wifi off 2s }
expect put.success > 99%"#,
    },
    Code {
        code: "W0926",
        title: "passes that are skipped or cut off",
        explanation: "A pass of `every` that is due while the one before it still goes on is skipped, so that what takes longer than its period is done every second or third time only. A `repeat for` whose first pass takes longer than the loop cuts that pass off, and never gets to its end; a curve that spans more time than its load is played as far as the load lasts.",
        bad: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
phase "Flapping" 5m {
  every 30s { path off 45s }
  expect elapsed < 10m
}"#,
        good: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
phase "Flapping" 5m {
  every 1m { path off 45s }
  expect elapsed < 10m
}"#,
    },
    Code {
        code: "W0927",
        title: "a load that ends as it begins",
        explanation: "A load that is given neither a duration nor a number of times goes on to the end of its block, beside what follows it there. Where nothing in the block takes time, that end is at once, and nothing is sent.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
phase "Steady" {
  load get at 10/s
}
expect get.success > 99%"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action get { api get "/" }
phase "Steady" 1m {
  load get at 10/s
}
expect get.success > 99%"#,
    },
    Code {
        code: "W0928",
        title: "a wait that nothing limits",
        explanation: "A wait for a condition ends when it comes true. Where that never happens the run never ends, unless the wait has a `max` or stands in a block that lasts as long as it says.",
        bad: r#"metric queue = files("queue/*")
wait until queue == 0
expect elapsed < 1h"#,
        good: r#"metric queue = files("queue/*")
wait until queue == 0 max 5m
expect elapsed < 1h"#,
    },
    Code {
        code: "W0929",
        title: "many values where one is taken",
        explanation: "`json` gives the value at a path that finds just one; where a path finds several or none, there is none. How many there are is `json_count`.",
        bad: r#"metric queue = json("queue.json", '$.pending[*]')
expect "Drained": queue == 0 within 3m"#,
        good: r#"metric queue = json_count("queue.json", '$.pending[*]')
expect "Drained": queue == 0 within 3m"#,
    },
    Code {
        code: "W0930",
        title: "a loop of a fault without a gap",
        explanation: "A state with a duration takes that time, and then the next pass begins at once: a loop of nothing else is one fault that lasts as long as all of them. What is to come and go needs a time without it. Acts such as `kill` take no time at all, so that a loop of nothing else does them all at one moment.",
        bad: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
repeat 10 < path off 2s >
expect elapsed < 1h"#,
        good: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
repeat 10 < path off 2s; path on 2s >
expect elapsed < 1h"#,
    },
    Code {
        code: "W0931",
        title: "JSON in a text",
        explanation: "Behind `json` stands the JSON itself, with names and values of the scenario in it. In quotes it is one text, which the other side finds as a text.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action order { api post "/orders" json '{"item": 3}' }
load order at 5/s for 1m
expect order.success > 99%"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action order { api post "/orders" json { item: 3 } }
load order at 5/s for 1m
expect order.success > 99%"#,
    },
    Code {
        code: "W0932",
        title: "a condition that is decided before the run",
        explanation: "What is counted is never below nothing and a share never above the whole, two limits may exclude each other, and no answer has a status of 2000: such a condition says nothing of the run. `elapsed` counts from the start of its block, and what stands above has its own length: a limit below that is missed on every run. In the same way a load with a rate begins no more than that rate makes, whatever the system does. So it is with what nothing in the file can bring about: restarts of a process that nothing starts again, items that arrive altered where no value is sent. A condition that never holds is judged as missed each time, and one that tolerates all of the time that it is judged for is never missed.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 5/s for 1m
expect "Busy": browse.count > 1000
expect "In time": elapsed < 30s"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 5/s for 1m
expect "Busy": browse.count > 200
expect "In time": elapsed < 2m"#,
    },
    Code {
        code: "W0933",
        title: "the same twice",
        explanation: "What is said twice in one place is judged, or loaded, twice: the second expectation adds nothing, and the second load doubles what is asked. Mostly one of them was to be another one. A probe that two processes share says of the second that it is ready when the first is.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
phase "Steady" 1m {
  load browse at 5/s
  load browse at 5/s
}
expect browse.success > 99%"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
phase "Steady" 1m {
  load browse at 10/s
}
expect browse.success > 99%"#,
    },
    Code {
        code: "W0934",
        title: "a process expected before it is back",
        explanation: "A process with `restart after` is started again when that time is over, and not before: what looks for it earlier finds it gone on every run. A condition without `within` is judged at once.",
        bad: r#"process shop { run "shop"; restart after 1m }
shop kill
expect "Back": shop.up within 30s"#,
        good: r#"process shop { run "shop"; restart after 1m }
shop kill
expect "Back": shop.up within 2m"#,
    },
    Code {
        code: "W0935",
        title: "a pause beside what it was to delay",
        explanation: "The branches of `parallel` begin together, and each statement in its braces is one. A pause among them delays nothing; statements of one branch stand in braces of their own.",
        bad: r#"process shop { run "shop"; restart after 1s }
parallel { shop kill; wait 5s; shop pause 2s }
expect elapsed < 1m"#,
        good: r#"process shop { run "shop"; restart after 1s }
parallel { shop kill; { wait 5s; shop pause 2s } }
expect elapsed < 1m"#,
    },
    Code {
        code: "W0936",
        title: "a load that its own users hold up",
        explanation: "A user is busy as long as its iteration takes, its `think` included. Where an open load has a limit of users, no more iterations are begun in a second than those users can end; what is due beyond is dropped, and its expectations are inconclusive. Where the load is over before its first iterations can be, none of them ends: they are cut off, and what is judged of them has no value.",
        bad: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/"; think 1s }
load browse at 1000/s max 10 users for 10m
expect browse.errors < 1%"#,
        good: r#"http api { base "http://127.0.0.1:8080" }
action browse { api get "/" }
load browse at 1000/s max 500 users for 10m
expect browse.errors < 1%"#,
    },
    Code {
        code: "W0937",
        title: "a fault that does nothing",
        explanation: "A latency of 0ms, a loss of 0% and the like leave everything as it is, though the report tells of a fault.",
        bad: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
path degrade latency 0ms for 1m
expect elapsed < 1h"#,
        good: r#"link path { listen "127.0.0.1:8081"; to "127.0.0.1:8080" }
path degrade latency 100ms for 1m
expect elapsed < 1h"#,
    },
    Code {
        code: "W0938",
        title: "a process asked when it does not run",
        explanation: "`setup` runs before the processes are started that soak runs itself, and `cleanup` when they have been stopped. What asks one of them there finds nobody.",
        bad: r#"process shop { run "shop"; ready http("http://127.0.0.1:8080/health") }
http api { base "http://127.0.0.1:8080" }
setup { api post "/seed" json { items: 3 } }
phase "Rest" 1m { expect "Up": shop.up always }"#,
        good: r#"process shop { run "shop"; ready http("http://127.0.0.1:8080/health") }
http api { base "http://127.0.0.1:8080" }
phase "Seed" { api post "/seed" json { items: 3 } }
phase "Rest" 1m { expect "Up": shop.up always }"#,
    },
    Code {
        code: "W0939",
        title: "judged on the wrong side of a fault",
        explanation: "A statement is judged where it stands. That a process is back holds at once while nothing has ended it, and that something is gone cannot hold behind a fault with a duration, which is undone when the next statement begins.",
        bad: r#"process shop { run "shop"; ready http("http://127.0.0.1:8080/health") }
phase "Crash" {
  expect "Back": shop.ready within 30s
  shop kill 10s
}"#,
        good: r#"process shop { run "shop"; ready http("http://127.0.0.1:8080/health") }
phase "Crash" {
  shop kill 10s
  expect "Back": shop.ready within 30s
}"#,
    },
    Code {
        code: "W0940",
        title: "a command for a connection of one's own",
        explanation: "A `redis` has a few connections for all its users. A transaction, a database that is selected, a subscription or a wait belongs to one connection, and gets mixed with what others ask over it.",
        bad: r#"redis cache { url "redis://127.0.0.1:6379" }
action count { cache send "MULTI"; cache send "INCR" "n"; cache send "EXEC" }
load count with 20 users for 1m
expect count.success > 99%"#,
        good: r#"redis cache { url "redis://127.0.0.1:6379"; own }
action count { cache send "MULTI"; cache send "INCR" "n"; cache send "EXEC" }
load count with 20 users for 1m
expect count.success > 99%"#,
    },
];
