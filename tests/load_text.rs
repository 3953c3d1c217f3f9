//! Loads of actions as a scenario's text says them.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::{Server, answer};
use load_support::{Run, open, order, read};
use soak::lang::expr::MixId;
use soak::load::order::Plan;
use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SCENARIO: &str = r#"scenario "jobs"
http api { base "BASE" header "X-Token" "hush" timeout 5s }
disk data { path "FOLDER" }
action create {
  api post "/jobs" json { key: uuid(), part: "a/{seq}", size: random(1..9) } {
    check status == 201
    capture id = body.job.id
  }
  think 1ms..2ms
}
action claim {
  api post "/jobs/{take(create.id)}/claim" json { bot: "bot-{user}" } {
    check status in [200, 204]
    capture by = body.by
  }
}
action list {
  api get "/jobs" header "X-Token" "other" { check body.count >= 0 and latency < 10s }
}
action write {
  data write "in/{seq}.log" size 1KB..2KB
}
mix traffic { 35% list; 65% create }
ledger jobs { sent create.id; received lines("FOLDER/none.log", '(\d+)') }
ledger files { sent write.path; received files("FOLDER/**/*.log", '/(in/.+)$') }
load traffic at 100/s for 1s
load claim 30 times
load write 3 times
expect "Claimed by": count(claim.by) == 30 at end
expect "Nothing lost": jobs.lost == 0 and files.lost == 0
"#;

#[test]
fn actions_do_what_their_text_says() {
    let jobs = Mutex::new(0);
    let claimed = Arc::new(Mutex::new(Vec::new()));
    let claims = Arc::clone(&claimed);
    let server = Server::start(move |request| {
        let token = request.headers["x-token"].to_str().unwrap().to_string();
        match request.line.as_str() {
            "GET /jobs" if token == "other" => answer(200, "{\"count\": 3}"),
            "POST /jobs" if token == "hush" => {
                let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
                let whole = body["key"].as_str().is_some_and(|key| key.len() == 36)
                    && body["part"].as_str().is_some_and(|part| part.starts_with("a/"))
                    && body["size"].as_i64().is_some_and(|size| (1..=9).contains(&size));
                let mut jobs = jobs.lock().unwrap();
                *jobs += 1;
                answer(if whole { 201 } else { 400 }, format!("{{\"job\": {{\"id\": {jobs}}}}}"))
            }
            line => {
                claims.lock().unwrap().push(line.to_string());
                assert_eq!(&request.body[..], b"{\"bot\":\"bot-1\"}");
                answer(200, "{\"by\": 1}")
            }
        }
    });
    let home = tempfile::tempdir().unwrap();
    let text = SCENARIO.replace("BASE", &server.base()).replace("FOLDER", home.path().to_str().unwrap());
    let builder = read(&text);
    let [create, claim, list, write] = ["create", "claim", "list", "write"].map(|name| builder.named(name));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, MixId(0), open(100, None), None, Some(Duration::from_secs(1)))).await;
        run.load(order(&run, claim, Plan::Sequential, Some(30), None)).await;
        run.load(order(&run, write, Plan::Sequential, Some(3), None)).await;
        for name in ["create", "claim", "list", "write"] {
            assert_eq!(run.causes(name).await, [], "{name}");
        }
        let made = run.seen.of(create).succeeded;
        assert_eq!(made + run.seen.of(list).succeeded, 100);
        assert!((45..85).contains(&made), "{made}");
        assert_eq!(run.seen.of(claim).succeeded, 30);
        assert_eq!(
            claimed.lock().unwrap().iter().collect::<HashSet<_>>().len(),
            30,
            "each job is taken once"
        );
        let keys = |ledger: u32| {
            run.seen.sent.iter().filter(move |item| item.ledger.0 == ledger).map(|item| item.key.clone())
        };
        assert_eq!(keys(0).collect::<HashSet<_>>().len() as u64, made);
        assert_eq!(keys(1).collect::<Vec<_>>(), ["in/1.log", "in/2.log", "in/3.log"]);
        let size = std::fs::metadata(home.path().join("in/3.log")).unwrap().len();
        assert!((1000..=2000).contains(&size), "{size}");
        assert!(
            run.seen.captures.iter().all(|(action, ..)| *action == claim),
            "the only one that is measured"
        );
        assert_eq!(run.seen.captures.len(), 30);
    });
}
