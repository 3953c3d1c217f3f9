//! What goes over the wire: how requests are written, and how answers of every shape are read.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::{Server, answer, raw, read_head};
use load_support::{Builder, Run, order, read, text, word};
use soak::check::scenario::{Origin, Series};
use soak::lang::expr::IterationWord;
use soak::lang::quantity::Dimension;
use soak::lang::types::Shape;
use soak::load::order::Plan;
use soak::source::Span;
use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn test(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
}

/// What a server says to each request, in pieces of a size, and whether it closes then.
#[derive(Clone, Copy)]
struct Said {
    text: &'static str,
    piece: usize,
    closes: bool,
}

/// Asks four times, one after the other; the bodies that came, over how many connections, and what went wrong.
async fn ask(verb: &str, said: Said) -> (Vec<String>, u64, Vec<(String, u64)>) {
    let connections = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&connections);
    let address = raw(move |mut stream, number| {
        count.fetch_max(number, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        while read_head(&mut stream) {
            if said.text.as_bytes().chunks(said.piece).any(|piece| stream.write_all(piece).is_err())
                || said.closes
            {
                return;
            }
        }
    });
    let mut builder = Builder::default();
    let target = builder.http(&format!("http://{address}"), 5 * SECOND);
    let keep = builder.capture(0, word(IterationWord::Body));
    let step = builder.tell(target, verb, text("/"), vec![], vec![keep]);
    let action = builder.action("ask", &["body"], vec![step]);
    builder.scenario.series.push(Series {
        name: "body".into(),
        origin: Origin::Capture { action, capture: 0 },
        shape: Shape::Gauge,
        dimension: Dimension::NONE,
        percent: false,
        every: SECOND,
        span: Span::default(),
    });
    let mut run = Run::start(builder, 1);
    run.load(order(&run, action, Plan::Sequential, Some(4), None)).await;
    let bodies = run.seen.captures.iter().map(|(.., value)| value.to_string()).collect();
    (bodies, connections.load(Ordering::SeqCst), run.causes("ask").await)
}

#[test]
fn answers_of_every_shape_are_read() {
    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n\
                           5;why=not\r\nhello\r\n0D\r\n, wide world!\r\n0\r\nx-sum: 1\r\nx-two: 2\r\n\r\n";
    const INTERIM: &str = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n\
                           HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
    let cases = [
        ("get", CHUNKED, false, "hello, wide world!", 1),
        ("get", INTERIM, false, "ok", 1),
        ("get", "HTTP/1.1 204 No Content\r\n\r\n", false, "", 1),
        ("get", "HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n", false, "", 1),
        ("head", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", false, "", 1),
        ("head", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", false, "", 1),
        ("get", "HTTP/1.1 200 OK\ncontent-length: 2\n\nok", false, "ok", 1),
        // The end of the connection is the end of the body.
        ("get", "HTTP/1.1 200 OK\r\n\r\nall of it", true, "all of it", 4),
        ("get", "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok", true, "ok", 4),
        // It says that it closes after each answer: no error, and the next request goes out on another connection.
        ("get", "HTTP/1.1 200 OK\r\nconnection: Close\r\ncontent-length: 2\r\n\r\nok", true, "ok", 4),
        ("get", "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok", false, "ok", 4),
        // Bytes behind an answer belong to none: the connection is not trusted again.
        ("get", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nokay", false, "ok", 4),
    ];
    test(async {
        for (verb, text, closes, body, connections) in cases {
            for piece in [text.len(), 1] {
                // In pieces, what is behind an answer may come when the next request is already out.
                if piece == 1 && text.ends_with("okay") {
                    continue;
                }
                let (bodies, used, causes) = ask(verb, Said { text, piece, closes }).await;
                assert_eq!(causes, [], "{text}");
                assert_eq!(bodies, [body; 4], "{text} in pieces of {piece}");
                assert_eq!(used, connections, "{text} in pieces of {piece}");
            }
        }
    });
}

#[test]
fn answers_that_are_none_have_a_name() {
    let garbled = "the answer is not valid HTTP";
    let cases = [
        ("HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nok", garbled),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok!", garbled),
        ("HTTP/1.1 20 OK\r\n\r\n", garbled),
        ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", garbled),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nokay\r\n", garbled),
        ("\u{0}\u{1}\u{2}\u{3}", garbled),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhe",
            "connection closed before the answer",
        ),
        ("HTTP/1.1 200 OK\r\ncontent-le", "connection closed before the answer"),
        ("HTTP/1.1 100 Continue\r\n\r\n", "connection closed before the answer"),
        ("HTTP/1.1 200 OK\r\ncontent-length: 67108865\r\n\r\n", "the answer is larger than 64 MiB"),
    ];
    test(async {
        for (text, cause) in cases {
            let (bodies, _, causes) = ask("get", Said { text, piece: text.len(), closes: true }).await;
            assert_eq!(causes, [(cause.to_string(), 4)], "{text}");
            assert!(bodies.is_empty(), "{text}");
        }
    });
}

const SCENARIO: &str = r#"scenario "wire"
http api { base "BASE/v1/" header "X-Token" "hush" header "Accept" "*/*" }
action ask {
  api post "items/{seq}?q=é#part" header "x-token" "other-{user}" \
    json { name: "a \"b\"\t{seq}", n: seq, list: ["1", "x"], deep: { id: uuid(), size: 2..2 } }
  api put "/t" text "plain {user} é"
  api patch "/f" form { a: "1 2", b: seq } header "Content-Type" "text/form"
  api delete "/d"
  api post "/empty"
}
load ask 2 times
expect "all": count(ask.latency) == 2 at end
"#;

#[test]
fn requests_are_written_as_the_scenario_says() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&asked);
    let server = Server::start(move |request| {
        let header =
            |name: &str| request.headers.get(name).map_or("-", |value| value.to_str().unwrap()).to_string();
        let names = ["x-token", "accept", "content-type", "content-length"];
        let headers = names.map(header).join(" | ");
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        list.lock().unwrap().push((request.line, headers, body));
        answer(200, "ok")
    });
    let builder = read(&SCENARIO.replace("BASE", &server.base()));
    let action = builder.named("ask");
    test(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(2), None)).await;
        assert_eq!(run.causes("ask").await, []);
    });
    let asked = asked.lock().unwrap();
    let mut ids = Vec::new();
    for (round, requests) in asked.chunks(5).enumerate() {
        let seq = round + 1;
        let (line, headers, body) = &requests[0];
        assert_eq!(line, &format!("POST /v1/items/{seq}?q=%C3%A9"));
        assert_eq!(headers, &format!("other-1 | */* | application/json | {}", body.len()));
        let json: serde_json::Value = serde_json::from_str(body).unwrap();
        let id = json["deep"]["id"].as_str().unwrap().to_string();
        let expected = serde_json::json!({
            "name": format!("a \"b\"\t{seq}"), "n": seq, "list": ["1", "x"], "deep": { "id": id, "size": 2 }
        });
        assert_eq!(json, expected);
        ids.push(id);
        let rest: Vec<(&str, &str, &str)> = requests[1..]
            .iter()
            .map(|(line, headers, body)| (line.as_str(), headers.as_str(), body.as_str()))
            .collect();
        let form = format!("a=1+2&b={seq}");
        assert_eq!(
            rest,
            [
                ("PUT /v1/t", "hush | */* | text/plain; charset=utf-8 | 10", "plain 1 é"),
                ("PATCH /v1/f", "hush | */* | text/form | 9", form.as_str()),
                ("DELETE /v1/d", "hush | */* | - | -", ""),
                ("POST /v1/empty", "hush | */* | - | 0", ""),
            ]
        );
    }
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn what_cannot_be_written_is_an_error_by_name_and_the_next_one_goes_out() {
    let server = Server::start(|_| answer(200, "{\"bad\": \"a b\\nc\", \"good\": \"a\"}"));
    let scenario = r#"scenario "unwritten"
http api { base "BASE" }
action first { api get "/" { capture bad = body.bad; capture good = body.good } }
action path { api get "/{recent(first.bad)}" }
action header { api get "/" header "X-One" "{recent(first.bad)}" }
action fine { api get "/{recent(first.good)}" header "X-One" "{recent(first.good)}" }
action length { api get "/" header "Content-Length" "5" }
load first 1 times
expect "all": count(first.latency) == 1 at end
"#;
    let builder = read(&scenario.replace("BASE", &server.base()));
    let actions = ["first", "path", "header", "fine", "length"].map(|name| (name, builder.named(name)));
    test(async {
        let mut run = Run::start(builder, 1);
        for (_, action) in actions {
            run.load(order(&run, action, Plan::Sequential, Some(1), None)).await;
        }
        let mut causes = Vec::new();
        for (name, _) in actions {
            causes
                .push((name, run.causes(name).await.into_iter().map(|(cause, _)| cause).collect::<Vec<_>>()));
        }
        let one = |cause: &str| vec![cause.to_string()];
        assert_eq!(
            causes,
            [
                ("first", vec![]),
                ("path", one("the path is not one that a URL can hold")),
                ("header", one("the header `x-one` has a name or a value that HTTP does not allow")),
                ("fine", vec![]),
                ("length", one("the header `content-length` is set by soak")),
            ]
        );
    });
}
