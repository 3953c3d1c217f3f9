//! What an iteration does: draws, pools, checks, captures and what ledgers are told.

use crate::load_support::server::{Server, answer};
use crate::load_support::{
    Builder, Run, binary, field, list, number, open, order, pool, seq, text, texts, word,
};
use crate::{SECOND, drawn, measured, remembering, test, uuid};
use soak::check::scenario::{IterationStep, LedgerKey};
use soak::lang::expr::{ExprKind, IterationWord};
use soak::lang::operator::BinaryOperator;
use soak::load::order::Plan;
use std::collections::BTreeSet;

#[test]
fn the_same_seed_gives_the_same_requests() {
    let requests = |seed: u64, plan: Plan| {
        let (server, asked) = remembering();
        test(async {
            let mut builder = Builder::default();
            let target = builder.http(&server.base(), 30 * SECOND);
            let mut actions = Vec::new();
            for (name, share) in [("one", 0.3), ("two", 0.7)] {
                let mut body = number(0);
                body.kind = ExprKind::Object(vec![("id".into(), uuid()), ("n".into(), drawn(1, 1_000_000))]);
                let path = texts(&format!("/{name}/{{}}"), vec![seq()]);
                let step = builder.tell(target, "post", path, vec![("json", body)], vec![]);
                actions.push((share, builder.action(name, &[], vec![step])));
            }
            let mix = builder.mix(actions);
            let mut run = Run::start(builder, seed);
            let order = order(&run, mix, plan, Some(200), None);
            run.load(order).await;
        });
        let mut asked = asked.lock().unwrap().clone();
        asked.sort();
        asked
    };
    for plan in [open(2000, None), Plan::Sequential] {
        let first = requests(1, plan.clone());
        assert_eq!(first.len(), 200);
        let ones = first.iter().filter(|line| line.contains("/one/")).count();
        assert!((30..90).contains(&ones), "{ones}");
        assert_eq!(first, requests(1, plan.clone()));
        assert_ne!(first, requests(2, plan));
    }
}

#[test]
fn a_pool_gives_out_what_was_captured_and_an_empty_one_skips() {
    test(async {
        let (server, asked) = remembering();
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let keep = builder.capture(0, texts("id-{}", vec![seq()]));
        let make = builder.tell(target, "post", text("/make"), vec![], vec![keep]);
        let maker = builder.action("make", &["id"], vec![make]);
        let path = texts("/use/{}", vec![pool(maker, true)]);
        let step = builder.tell(target, "get", path, vec![], vec![]);
        let taker = builder.action("use", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, maker, Plan::Sequential, Some(20), None)).await;
        run.load(order(&run, taker, Plan::Sequential, Some(30), None)).await;
        let seen = run.seen.of(taker);
        assert_eq!((seen.succeeded, seen.skipped, seen.failed), (20, 10, 0));
        let used: BTreeSet<String> =
            asked.lock().unwrap().iter().filter(|line| line.contains("/use/")).cloned().collect();
        assert_eq!(used, (1..=20).map(|number| format!("GET /use/id-{number} ")).collect());
        assert!(run.seen.captures.is_empty(), "nothing measures them");
    });
}

#[test]
fn a_failed_check_is_an_error_by_name_and_parts_of_answers_are_captured() {
    test(async {
        let server = Server::start(|request| match request.line.as_str() {
            "GET /bad" => answer(500, "not JSON"),
            _ => answer(200, "{\"id\": 7, \"none\": null, \"part\": {\"name\": \"seven\"}}"),
        });
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let body = || word(IterationWord::Body);
        let good = builder.tell(
            target,
            "get",
            text("/good"),
            vec![],
            vec![
                builder.capture(0, field(body(), "id")),
                builder.capture(1, field(field(body(), "part"), "name")),
                builder.capture(2, field(body(), "missing")),
                builder.capture(2, field(body(), "none")),
                builder.capture(3, field(word(IterationWord::Headers), "content-length")),
            ],
        );
        let names = ["id", "name", "missing", "length"];
        let action = builder.action("good", &names, vec![good]);
        (0..names.len()).for_each(|capture| measured(&mut builder, action, capture));
        let fine =
            binary(BinaryOperator::In, word(IterationWord::Status), list(vec![number(200), number(204)]));
        let check = builder.check("check status in [200,\n    204]", fine);
        let steps: Vec<IterationStep> = vec![builder.tell(target, "get", text("/bad"), vec![], vec![check])];
        let bad = builder.action("bad", &[], steps);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(1), None)).await;
        run.load(order(&run, bad, Plan::Sequential, Some(3), None)).await;
        let captured: Vec<(usize, String)> =
            run.seen.captures.iter().map(|(_, capture, _, value)| (*capture, value.to_string())).collect();
        assert_eq!(captured, [(0, "7".into()), (1, "seven".into()), (3, "50".into())]);
        assert_eq!(run.seen.of(bad).failed, 3);
        assert_eq!(run.causes("bad").await, [("check status in [200, 204] (answered 500)".to_string(), 3)]);
    });
}

#[test]
fn a_ledger_has_what_was_sent_by_a_step_that_succeeded() {
    test(async {
        let home = tempfile::tempdir().unwrap();
        let server = Server::start(|request| match request.line.as_str() {
            "POST /3" => answer(500, ""),
            _ => answer(200, "{\"id\": 7}"),
        });
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let disk = builder.disk(home.path().to_str().unwrap());
        // Captured in front of the request that sends it: sent once that has succeeded.
        let price = builder.capture(0, texts("{}.50", vec![seq()]));
        let fine = binary(BinaryOperator::Equal, word(IterationWord::Status), number(200));
        let check = builder.check("check status == 200", fine);
        let post = builder.tell(target, "post", texts("/{}", vec![seq()]), vec![], vec![check]);
        let buy = builder.action("buy", &["price"], vec![price, post]);
        builder.ledger(buy, LedgerKey::Seq, Some(LedgerKey::Capture(0)));
        // Captured behind the write, out of braces.
        let write =
            builder.tell(disk, "write", texts("a/{}.log", vec![seq()]), vec![("text", text("x"))], vec![]);
        let path = builder.capture(0, word(IterationWord::Path));
        let produce = builder.action("produce", &["name"], vec![write, path]);
        builder.ledger(produce, LedgerKey::Capture(0), None);
        let mut run = Run::start(builder, 1);
        for action in [buy, produce] {
            run.load(order(&run, action, Plan::Sequential, Some(4), None)).await;
        }
        let sent: Vec<(u32, &str, Option<&str>)> = run
            .seen
            .sent
            .iter()
            .map(|item| (item.ledger.0, item.key.as_str(), item.value.as_deref()))
            .collect();
        assert_eq!(sent[..3], [(0, "1", Some("1.50")), (0, "2", Some("2.50")), (0, "4", Some("4.50"))]);
        assert_eq!(
            sent[3..],
            [(1, "a/1.log", None), (1, "a/2.log", None), (1, "a/3.log", None), (1, "a/4.log", None)]
        );
        assert_eq!(std::fs::read_to_string(home.path().join("a/4.log")).unwrap(), "x");
    });
}

#[test]
fn an_earlier_answer_is_not_taken_for_one_that_did_not_come() {
    test(async {
        let (server, _) = remembering();
        let mut builder = Builder::default();
        let good = builder.http(&server.base(), 30 * SECOND);
        let gone = builder.http("http://127.0.0.1:1", 30 * SECOND);
        let first = builder.get(good, "/");
        let second = builder.tell(gone, "get", text("/"), vec![], vec![]);
        let keep = builder.capture(0, field(word(IterationWord::Body), "id"));
        let action = builder.action("both", &["id"], vec![first, second, keep]);
        measured(&mut builder, action, 0);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(2), None)).await;
        assert!(run.seen.captures.is_empty());
        assert_eq!(run.causes("both").await, [("connection refused".to_string(), 2)]);
    });
}
