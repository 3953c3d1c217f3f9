//! Small scenarios and what their plans must say: how long the shortest and the longest course take, and what is sent.

use super::planned;
use soak::lang::unit;
use soak::plan::json;

/// Stands before every story below: an action that takes no time, one with a timeout, one that thinks.
const WORLD: &str = r#"
scenario "small"
link path { listen "127.0.0.1:7001"; to "127.0.0.1:7002" }
http api { base "http://127.0.0.1:7001"; timeout 4s }
disk data { path "{scratch}/data" }
action put { data write "{seq}" size 1KB }
action ask { api get "/" { check status == 200 } }
action muse { data write "{seq}" size 1KB; think 1s..3s }
mix both { 75% put; 25% ask }
curve wave {
  | at    | level |
  | 00:00 | 0%    |
  | 12:00 | 100%  |
  | 24:00 | 0%    |
}
expect path.connections < 9
"#;

/// The story; the shortest course; the longest (`-`: unbounded); iterations (`-`: not known).
///
/// A load leaves 5 s of grace after the story on the longest course.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("wait 5s", "5s", "5s", "0"),
    ("wait 5s..8s", "5s", "8s", "0"),
    ("wait 2 * (1s..2s) + 1ns", "2000000001ns", "4000000001ns", "0"),
    ("path off 2s; path on 3s", "5s", "5s", "0"),
    ("path off; wait 1s", "1s", "1s", "0"),
    ("wait until path.connections > 0", "0s", "-", "0"),
    ("wait until path.connections > 0 max 3s", "0s", "3s", "0"),
    ("expect path.connections > 0 within 7s", "0s", "7s", "0"),
    ("expect path.connections > 0 for 7s", "7s", "7s", "0"),
    ("expect path.connections > 0 for 2s within 7s", "2s", "7s", "0"),
    ("expect path.connections > 0 always; wait 1s", "1s", "1s", "0"),
    ("run \"true\"", "0s", "-", "0"),
    ("run \"true\" timeout 9s", "0s", "9s", "0"),
    ("api get \"/\" { check status == 200 }", "0s", "4s", "0"),
    ("api get \"/\" timeout 1s { check status == 200 }", "0s", "1s", "0"),
    // Blocks.
    ("phase \"a\" 10s { wait 3s }", "10s", "10s", "0"),
    ("phase \"a\" { wait 3s; expect path.connections > 0 within 1s }", "3s", "4s", "0"),
    ("parallel { wait 3s; { wait 1s; wait 4s } }", "5s", "5s", "0"),
    ("choose { 1: wait 3s; 2: wait 5s }", "3s", "5s", "0"),
    // Braces are no block: what starts in them lasts as long as what stands around them.
    ("{ load put at 2/s; wait 1s }\nwait 4s", "5s", "10s", "10"),
    ("wait 1s; at 3s { wait 1s }", "4s", "4s", "0"),
    ("wait 1s..5s; at 3s { wait 1s }", "4s", "6s", "0"),
    ("phase \"a\" { wait 1s }\nphase \"b\" { at 2s { wait 1s } }", "4s", "4s", "0"),
    ("sequence twice(step) { wait step; wait step }\ndo twice(step = 2s)\ndo twice(1s..2s)", "6s", "8s", "0"),
    ("setup { run \"true\" timeout 2s; wait 1s }\nwait 1s\ncleanup { run \"true\" }", "2s", "304s", "0"),
    // Loops.
    ("repeat 100 < path off 2s..3s; path on 2s..3s >", "400s", "600s", "0"),
    ("repeat 2..4 < wait 1s >", "2s", "4s", "0"),
    ("repeat for 10s < wait 3s >", "10s", "10s", "0"),
    ("repeat until path.connections > 0 { wait 3s }", "0s", "-", "0"),
    ("repeat until path.connections > 0 max 1m { wait 3s }", "0s", "1m", "0"),
    ("for each pause in [1s, 2s, 4s] { wait pause }", "7s", "7s", "0"),
    (
        "for each row in\n | pause | times |\n | 1s | 3 |\n | 5s | 1 |\n{ repeat row.times < wait row.pause > }",
        "8s",
        "8s",
        "0",
    ),
    ("every 2s { path off 1s }\nwait 7s", "7s", "7s", "0"),
    // Open load: as many as the integral of the rate comes to, rounded up.
    ("load put at 10/s for 3s", "3s", "8s", "30"),
    ("load put at 10/min for 1m", "60s", "65s", "10"),
    ("load put at 10/s; wait 3s", "3s", "8s", "30"),
    ("load put at 7/min for 10s", "10s", "15s", "2"),
    ("load put at 10/s -> 20/s for 10s", "10s", "15s", "150"),
    ("phase \"a\" 10s { load put at 10/s -> 20/s }", "10s", "15s", "150"),
    ("phase \"a\" 10s { wait 5s; load put at 10/s -> 20/s }", "10s", "15s", "75"),
    ("load put at 10/s shaped wave for 10s", "10s", "15s", "50"),
    ("load put at 10/s shaped wave every 10s for 25s", "25s", "30s", "125"),
    ("load put at 10/s poisson for 3s", "3s", "8s", "30"),
    ("load put at 10/s..20/s for 3s", "3s", "8s", "-"),
    ("load put at 10/s for 3s..4s", "3s", "9s", "-"),
    ("phase \"a\" { load put at 1/s; wait 3s; expect path.connections > 0 within 2s }", "3s", "10s", "-"),
    ("load both at 10/s for 4s", "4s", "9s", "40"),
    // Numbers that outgrow 128 bits are not known, and nothing breaks.
    (
        "load put at 0.000000000000000000000000000001/s -> 0.0000000000000000000000000000000003/s for 7777777777ns",
        "7777777777ns",
        "12777777777ns",
        "-",
    ),
    ("repeat 10_000_000_000_000 < wait 1ns >", "10000s", "10000s", "0"),
    // So many in all: until the last has ended.
    ("load put at 20/s 50 times", "2450ms", "7450ms", "50"),
    ("load ask at 20/s 50 times", "2450ms", "11450ms", "50"),
    ("repeat for 1s { load put at 20/s 50 times }", "1s", "6s", "20"),
    ("load put 10 times", "0s", "5s", "10"),
    ("load muse 10 times", "10s", "35s", "10"),
    ("load ask 10 times", "0s", "45s", "10"),
    ("load ask with 50 users at once", "0s", "9s", "50"),
    ("load put with 4 users 10 times", "0s", "5s", "10"),
    ("load muse with 4 users 10 times", "3s", "35s", "10"),
    // Closed load: nobody knows.
    ("load put with 10 users for 5s", "5s", "10s", "-"),
    // Loops of loads.
    ("repeat 3 { load put at 10/s for 2s; wait 1s }", "9s", "14s", "60"),
    ("repeat for 10s { load put at 10/s for 2s; wait 1s }", "10s", "15s", "70"),
    ("repeat for 7s { load put at 10/s for 2s; wait 1s }", "7s", "12s", "50"),
    ("repeat until path.connections > 0 max 1m { load put 3 times }", "0s", "65s", "-"),
    ("every 10s { load put 3 times }\nwait 1m", "1m", "65s", "15"),
    // Never more often than a run does.
    ("every 1ns { load put 3 times }\nwait 1s", "1s", "6s", "297"),
    ("every 10s { load put at 1/s for 5s }\nwait 33s", "33s", "38s", "13"),
    ("every 2s { load put at 1/s for 3s }\nwait 11s", "11s", "16s", "7"),
    ("every 10s..20s { load put 3 times }\nwait 1m", "1m", "65s", "-"),
    ("choose { 1: load put 3 times; 1: load put 3 times }", "0s", "5s", "3"),
    ("choose { 1: load put 3 times; 1: load ask 3 times }", "0s", "17s", "-"),
    ("parallel { load put at 2/s; wait 5s }", "5s", "10s", "10"),
    (
        "for each rate in [5/s, 10/s, 25/s, 50/s] { phase \"{rate}\" 3m { load put at rate }\n wait 30s }",
        "14m",
        "845s",
        "16200",
    ),
];

#[test]
fn small_scenarios_take_and_send_what_they_must() {
    let mut wrong = Vec::new();
    for (story, shortest, longest, iterations) in CASES {
        let plan = planned("small.soak", &format!("{WORLD}{story}\n"), &[]);
        let told = (plan.duration, plan.duration_max, plan.sent.total.known());
        let time = |text: &str| (text != "-").then(|| unit::parse(text).unwrap().to_duration().unwrap());
        let asked =
            (time(shortest), time(longest), (*iterations != "-").then(|| iterations.parse().unwrap()));
        if told != asked {
            wrong.push(format!("{story}\n  {told:?}, not {asked:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Stands before every story below: processes and how long they may take.
const PROCESSES: &str = r#"
scenario "processes"
process app { run "app"; ready tcp("127.0.0.1:7001") within 7s; stop signal SIGINT grace 3s }
expect app.up
"#;

/// The story; the shortest course; the longest, of which 10 s are the start and the stop of `app`.
const PROCESS_CASES: &[(&str, &str, &str)] = &[
    ("wait 1s", "1s", "11s"),
    ("app kill; wait 1s", "1s", "11s"),
    ("app kill 30s", "30s", "40s"),
    ("app stop 30s", "30s", "40s"),
    ("app pause 2s", "2s", "12s"),
    ("app stop", "0s", "13s"),
    ("app restart", "0s", "20s"),
    ("app start", "0s", "10s"),
    ("app send \"reload\"", "0s", "10s"),
    (
        "process late { run \"late\"; ready tcp(\"127.0.0.1:7003\"); start later }\nexpect late.up within 1s",
        "0s",
        "21s",
    ),
    ("process mute { run \"mute\" }\nexpect mute.up", "0s", "20s"),
];

#[test]
fn processes_take_their_time_on_the_longest_course() {
    let mut wrong = Vec::new();
    for (story, shortest, longest) in PROCESS_CASES {
        let plan = planned("processes.soak", &format!("{PROCESSES}{story}\n"), &[]);
        let time = |text: &str| unit::parse(text).unwrap().to_duration();
        if (plan.duration, plan.duration_max) != (time(shortest), time(longest)) {
            wrong.push(format!("{story}\n  {:?} to {:?}", plan.duration, plan.duration_max));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_touched_is_told_without_what_is_secret() {
    let text = r#"
scenario "touches"
secret key from env "API_KEY"
permit load to "staging.example.com"
let home = scratch
host near { address "10.9.0.1" }
process app {
  on  near
  run "app --home {home} --port 8080"
  env KEY "{key}"
  ready succeeds("probe --quick")
}
disk data { path "{home}/data"; size 1GB }
link low { listen "127.0.0.1:81"; to "127.0.0.1:8080" }
http api { base "https://user@staging.example.com/v1/{key}"; header "Authorization" "Bearer {key}" }
action ask { api get "/{seq}" { check status == 200 } }
action put { data write "in/{seq}.txt" text "one" }
metric depth = json("{home}/state.json", '$.depth')
metric seen  = output("count --all")
run "prepare --now" timeout 1s
load ask 2 times
load put 2 times
low off 1s
low cut 10%
data delete "**/*.txt"
expect depth == 0 and seen == 0
"#;
    let plan = planned("touches.soak", text, &[]);
    let told = json(&plan);
    let all = |kind: &str| -> Vec<String> {
        let things = told["touches"][kind].as_array().unwrap();
        things.iter().map(|thing| thing["what"].as_str().unwrap().to_string()).collect()
    };
    assert_eq!(all("processes"), ["app --home {scratch} --port 8080"]);
    assert_eq!(all("commands"), ["probe --quick", "count --all", "prepare --now"]);
    assert_eq!(all("listens"), ["127.0.0.1:81"]);
    assert_eq!(all("connects"), ["127.0.0.1:8080", "staging.example.com:443"]);
    assert_eq!(all("writes"), ["{scratch}/data", "{scratch}/data/in/{seq}.txt", "{scratch}", "soak-runs"]);
    assert_eq!(all("reads"), ["{scratch}/state.json"]);
    assert_eq!(all("secrets"), ["key from the environment variable API_KEY"]);
    assert_eq!(all("permits"), ["load to staging.example.com"]);
    assert_eq!(all("privileges").len(), 3);
    let faults = told["touches"]["faults"].as_array().unwrap();
    let faults: Vec<(&str, &str)> = faults
        .iter()
        .map(|fault| (fault["text"].as_str().unwrap(), fault["undo"].as_str().unwrap()))
        .collect();
    assert_eq!(faults[0], ("low off 1s", "back on"));
    assert_eq!(
        faults.iter().map(|fault| fault.0).collect::<Vec<_>>()[1..],
        ["low cut 10%", "data delete \"**/*.txt\""]
    );
}

#[test]
fn a_mix_is_told_by_action_as_its_shares() {
    let plan = planned("small.soak", &format!("{WORLD}load both at 10/s for 4s\nload put 2 times\n"), &[]);
    let told = json(&plan);
    assert_eq!(told["iterations"]["loads"], serde_json::json!({ "both": 40, "put": 2 }));
    assert_eq!(told["iterations"]["actions"], serde_json::json!({ "put": 32, "ask": 10 }));
}

#[test]
fn a_load_may_stand_in_what_was_given_and_what_is_counted() {
    let story = "for each level in\n | users | time |\n | 3 | 1s |\n | 4 | 2s |\n{ phase \"p{level.users}\" level.time { load put with level.users users at once } }";
    let plan = planned("small.soak", &format!("{WORLD}{story}\n"), &[]);
    assert_eq!(plan.sent.total.known(), Some(7));
    let each = plan.steps.last().unwrap();
    assert_eq!(each.passes.and_then(|passes| passes.known()), Some(2));
    let names: Vec<&str> = each.steps.iter().map(|step| step.text.as_str()).collect();
    assert_eq!(names, ["p3", "p4"]);
    assert_eq!(each.steps[1].start.as_secs(), 1);
    assert_eq!(each.steps[1].end.as_secs(), 3);
}

#[test]
fn what_nobody_can_wait_for_ends_soon_and_says_so() {
    let list: Vec<String> = (0..40).map(|number| number.to_string()).collect();
    let head: String =
        (0..6).map(|depth| format!("for each v{depth} in [{}] {{ ", list.join(", "))).collect();
    let story = format!("{head} path off 1s {}", "}".repeat(6));
    let plan = planned("huge.soak", &format!("{WORLD}{story}\n"), &[]);
    assert_eq!((plan.duration, plan.duration_max), (None, None));
    assert_eq!(json(&plan)["duration"], serde_json::Value::Null);

    let mut calls = String::from("sequence s0() { path off 1s }\n");
    for depth in 1..40 {
        calls.push_str(&format!("sequence s{depth}() {{ do s{0}(); do s{0}() }}\n", depth - 1));
    }
    let plan = planned("huge.soak", &format!("{WORLD}{calls}do s39()\n"), &[]);
    assert_eq!(plan.duration, None);
}

#[test]
fn what_is_kept_of_a_long_story_is_bounded() {
    let list: Vec<String> = (0..1_000).map(|number| number.to_string()).collect();
    let story =
        format!("for each number in [{0}] {{ for each other in [{0}] < path off 1s > }}", list.join(", "));
    let plan = planned("long.soak", &format!("{WORLD}{story}\n"), &[]);
    assert!(plan.steps.len() < 10_100);
    let story = "wait 1s\n".repeat(12_000);
    let plan = planned("long.soak", &format!("{WORLD}{story}"), &[]);
    assert_eq!(plan.duration.unwrap().as_secs(), 12_000);
    assert_eq!(plan.steps.len() as u64 + plan.steps_left_out, 12_001);
    assert_eq!(plan.steps.len(), soak::plan::MAX_STEPS);
}

#[test]
fn sequences_that_call_each_other_deeply_are_followed_or_given_up() {
    for (deep, followed) in [(150, true), (190, true), (300, false)] {
        let mut calls = String::from("sequence s0() { wait 1s }\n");
        for depth in 1..deep {
            calls.push_str(&format!("sequence s{depth}() {{ do s{}() }}\n", depth - 1));
        }
        let plan = planned("deep.soak", &format!("{WORLD}{calls}do s{}()\n", deep - 1), &[]);
        assert_eq!(plan.duration.is_some(), followed, "{deep} deep");
    }
}
