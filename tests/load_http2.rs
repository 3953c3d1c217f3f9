//! Loads over HTTP/2: many requests on one connection, and what goes wrong with streams and connections by its name.

#![cfg(target_os = "linux")]

mod load_support;

use h2::Reason;
use load_support::http2::{Http2Server, Manners, PATIENT, Reply, answer};
use load_support::server::raw;
use load_support::{Run, open, order, read};
use soak::load::order::Plan;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn test(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
}

/// A scenario with one `http` target that speaks HTTP/2 and one action.
fn asking(base: &str, settings: &str, steps: &str) -> load_support::Builder {
    read(&format!(
        "scenario \"two\"\nhttp api {{ base \"{base}\"; http2; {settings} }}\n\
         action ask {{\n{steps}\n}}\nload ask 1 times\nexpect \"all\": count(ask.latency) == 1 at end\n"
    ))
}

#[test]
fn requests_share_a_connection_and_are_written_as_the_scenario_says() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let list = Arc::clone(&asked);
    let server = Http2Server::start(PATIENT, move |request| {
        let header = |name: &str| request.headers.get(name).map_or("-", |value| value.to_str().unwrap());
        let names = ["x-token", "host", "content-length"].map(header).join(" | ");
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        list.lock().unwrap().push(format!("{} | {names} | {body}", request.line));
        Box::pin(async { answer(201, "{\"id\": \"seven\"}") })
    });
    let steps = "api post \"/items?q=é\" json { n: seq } header \"X-Token\" \"t-{user}\" {\n\
                 check status == 201\ncapture id = body.id\n}\n\
                 api get \"/items/{id}\" { check body.id == \"seven\" and headers.none == \"\" or true }";
    let builder = asking(&format!("{}/v1/", server.base()), "", steps);
    let action = builder.named("ask");
    test(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: 50, to: 50 }, Some(200), None)).await;
        assert_eq!(run.causes("ask").await, []);
        let seen = run.seen.of(action);
        assert_eq!((seen.succeeded, seen.bytes > 200 * 30), (200, true));
    });
    assert_eq!(server.connections(), 1);
    let asked = asked.lock().unwrap();
    let host = server.address.to_string();
    let first = format!("POST http://{host}/v1/items?q=%C3%A9 | t-1 | - | 7 | {{\"n\":1}}");
    assert!(asked.contains(&first), "{:?}", &asked[..3]);
    assert!(asked.contains(&format!("GET http://{host}/v1/items/seven | - | - | - | ")));
}

#[test]
fn no_more_streams_are_open_than_the_server_takes() {
    let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let server = Http2Server::start(Manners { streams: 4, ..PATIENT }, move |_| {
        let counted = Arc::clone(&counted);
        peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            counted.fetch_sub(1, Ordering::SeqCst);
            answer(200, "ok")
        })
    });
    let builder = asking(&server.base(), "", "api get \"/\" { check status == 200 }");
    let action = builder.named("ask");
    test(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: 1, to: 1 }, Some(1), None)).await;
        run.load(order(&run, action, Plan::Users { from: 40, to: 40 }, Some(200), None)).await;
        assert_eq!(run.causes("ask").await, []);
    });
    assert_eq!((server.connections(), most.load(Ordering::SeqCst)), (1, 4));
}

#[test]
fn connections_are_as_many_as_the_settings_say() {
    for (settings, connections) in [("connections 3", 3), ("own", 10), ("reuse never", 40)] {
        let server = Http2Server::start(PATIENT, |_| Box::pin(async { answer(200, "ok") }));
        let builder = asking(&server.base(), settings, "api get \"/\"");
        let action = builder.named("ask");
        test(async {
            let mut run = Run::start(builder, 1);
            run.load(order(&run, action, Plan::Users { from: 10, to: 10 }, Some(40), None)).await;
            assert_eq!(run.causes("ask").await, []);
        });
        assert_eq!(server.connections(), connections, "{settings}");
    }
}

#[test]
fn a_server_that_says_goodbye_is_asked_over_another_connection() {
    let server = Http2Server::start(Manners { goodbye_after: 5, ..PATIENT }, |request| {
        assert!(request.number < 100);
        Box::pin(async { answer(200, "ok") })
    });
    let builder = asking(&server.base(), "", "api get \"/\"");
    let action = builder.named("ask");
    test(async {
        let mut run = Run::start(builder, 1);
        // Far enough apart that none is under way when the goodbye comes.
        run.load(order(&run, action, open(20, None), None, Some(SECOND))).await;
        // And with many under way: what the server has not heard of goes out on another connection.
        run.load(order(&run, action, Plan::Users { from: 20, to: 20 }, Some(400), None)).await;
        assert_eq!(run.causes("ask").await, []);
        assert_eq!(run.seen.of(action).succeeded, 420);
    });
    assert!(server.connections() >= 20, "{}", server.connections());
}

#[test]
fn every_way_to_go_wrong_has_its_name() {
    let replying =
        |reply: fn() -> Reply| Http2Server::start(PATIENT, move |_| Box::pin(async move { reply() })).base();
    let old = raw(|mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n");
        thread::sleep(SECOND);
    });
    let closing = raw(|mut stream, _| {
        let _ = stream.read(&mut [0; 4096]);
    });
    let garbage = raw(|mut stream, _| {
        let _ = stream.write_all(&[0xff; 4096]);
        let _ = stream.read(&mut [0; 4096]);
        thread::sleep(SECOND);
    });
    let silent = raw(|stream, _| {
        thread::sleep(30 * SECOND);
        drop(stream);
    });
    let refusing = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let cases = [
        (
            "resets",
            replying(|| Reply::Reset(Reason::ENHANCE_YOUR_CALM)),
            "the stream was reset (ENHANCE_YOUR_CALM)",
        ),
        (
            "refuses streams",
            replying(|| Reply::Reset(Reason::REFUSED_STREAM)),
            "the stream was reset (REFUSED_STREAM)",
        ),
        ("tears", replying(|| Reply::Torn(Reason::INTERNAL_ERROR)), "the stream was reset (INTERNAL_ERROR)"),
        (
            "goes away",
            replying(|| Reply::GoAway(Reason::INADEQUATE_SECURITY)),
            "the connection was ended by GOAWAY (INADEQUATE_SECURITY)",
        ),
        ("never answers", replying(|| Reply::Never), "no answer within 2s"),
        ("speaks HTTP/1.1", format!("http://{old}"), "what came is not valid HTTP/2"),
        ("closes", format!("http://{closing}"), "connection closed before the answer"),
        ("speaks something else", format!("http://{garbage}"), "what came is not valid HTTP/2"),
        ("says nothing", format!("http://{silent}"), "no answer within 2s"),
        ("nothing listens", format!("http://{refusing}"), "connection refused"),
        (
            "sends too much",
            replying(|| answer(200, vec![b'x'; (64 << 20) + 1])),
            "the answer is larger than 64 MiB",
        ),
    ];
    for (name, base, cause) in cases {
        let timeout = if cause.contains("2s") { "2s" } else { "30s" };
        let step = format!("api get \"/\" timeout {timeout} {{ check status == 200 and body != \"\" }}");
        let builder = asking(&base, "", &step);
        let action = builder.named("ask");
        test(async {
            let mut run = Run::start(builder, 1);
            run.load(order(&run, action, Plan::Users { from: 2, to: 2 }, Some(4), None)).await;
            assert_eq!(run.causes("ask").await, [(cause.to_string(), 4)], "{name}");
        });
    }
}

#[test]
fn large_bodies_go_both_ways() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large");
    std::fs::write(&path, vec![b'u'; 3_000_000]).unwrap();
    let server = Http2Server::start(PATIENT, |request| {
        let fine = request.body.iter().all(|byte| *byte == b'u');
        let length = request.headers.get("content-length").map(|length| length.to_str().unwrap().to_string());
        let fine = fine && length == Some(request.body.len().to_string());
        Box::pin(async move { answer(if fine { 200 } else { 400 }, vec![b'd'; 5_000_000]) })
    });
    let steps = format!("api put \"/\" file \"{}\" {{ check status == 200 }}", path.display());
    let builder = asking(&server.base(), "timeout 20s", &steps);
    let action = builder.named("ask");
    test(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: 4, to: 4 }, Some(8), None)).await;
        assert_eq!(run.causes("ask").await, []);
        assert_eq!(run.seen.of(action).bytes, 8 * 8_000_000);
    });
    assert_eq!(server.connections(), 1);
}
