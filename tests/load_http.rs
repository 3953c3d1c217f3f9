//! Servers that do something wrong: each is a named, counted error, and the load goes on.

#![cfg(target_os = "linux")]

mod load_support;

use load_support::server::{Server, answer, raw, read_head};
use load_support::{Builder, Run, around, field, open, order, text, word};
use soak::kinds::http::client::HttpClient;
use soak::lang::call::Arguments;
use soak::lang::expr::{ActionId, IterationWord};
use soak::lang::value::Value;
use soak::load::order::Plan;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn test(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
}

fn asking(base: &str, timeout: Duration) -> (Builder, ActionId) {
    let mut builder = Builder::default();
    let target = builder.http(base, timeout);
    let step = builder.get(target, "/");
    let action = builder.action("ask", &[], vec![step]);
    (builder, action)
}

/// A server that reads a request and then does `what` with the connection.
fn after_request(what: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static) -> SocketAddr {
    raw(move |mut stream, _| while read_head(&mut stream) && what(&mut stream).is_ok() {})
}

/// Writes the same bytes until the other end has had enough.
fn forever(stream: &mut TcpStream, first: &str, bytes: &[u8]) -> std::io::Result<()> {
    stream.write_all(first.as_bytes())?;
    loop {
        stream.write_all(bytes)?;
    }
}

fn closed_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Makes closing the connection a reset.
fn reset(stream: &mut TcpStream) -> std::io::Result<()> {
    let linger = nix::libc::linger { l_onoff: 1, l_linger: 0 };
    nix::sys::socket::setsockopt(&stream.as_fd(), nix::sys::socket::sockopt::Linger, &linger)?;
    Err(std::io::ErrorKind::ConnectionReset.into())
}

#[test]
fn every_way_to_go_wrong_has_its_name() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let end = || Err(std::io::ErrorKind::ConnectionAborted.into());
    let servers: Vec<(&str, SocketAddr, &str)> = vec![
        ("nothing listens", closed_port(), "connection refused"),
        ("resets", after_request(reset), "connection reset"),
        ("closes", after_request(move |_| end()), "connection closed before the answer"),
        (
            "speaks something else",
            after_request(|stream| stream.write_all(b"220 mail.example ESMTP\r\n")),
            "the answer is not valid HTTP",
        ),
        (
            "ends in the middle of a body",
            after_request(move |stream| {
                stream.write_all(format!("{ok}content-length: 10\r\n\r\nhalf").as_bytes())?;
                end()
            }),
            "connection closed before the answer",
        ),
        (
            "lies about its chunks",
            after_request(move |stream| {
                stream.write_all(format!("{ok}transfer-encoding: chunked\r\n\r\nxyz\r\n").as_bytes())
            }),
            "the answer is not valid HTTP",
        ),
        (
            "sends headers for ever",
            after_request(move |stream| forever(stream, ok, b"x-more: of the same\r\n")),
            "the answer is not valid HTTP",
        ),
        (
            "sends one header for ever",
            after_request(move |stream| forever(stream, "HTTP/1.1 200 OK\r\nx-long: ", &[b'x'; 4096])),
            "the answer is not valid HTTP",
        ),
        (
            "sends a body for ever",
            after_request(move |stream| forever(stream, "HTTP/1.1 200 OK\r\n\r\n", &[0; 1 << 16])),
            "no answer within 3s",
        ),
        (
            "never answers",
            after_request(|_| {
                thread::sleep(10 * SECOND);
                Ok(())
            }),
            "no answer within 3s",
        ),
        (
            "drips",
            after_request(move |stream| {
                stream.write_all(format!("{ok}content-length: 1000\r\n\r\n").as_bytes())?;
                loop {
                    thread::sleep(Duration::from_millis(100));
                    stream.write_all(b"x")?;
                }
            }),
            "no answer within 3s",
        ),
        (
            "interrupts with an upgrade",
            after_request(|stream| {
                stream.write_all(
                    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
                )
            }),
            "check status == 200 (answered 101)",
        ),
    ];
    test(async {
        let mut builder = Builder::default();
        let mut actions = Vec::new();
        for (name, address, _) in &servers {
            let target = builder.http(&format!("http://{address}"), 3 * SECOND);
            let step = builder.get(target, "/");
            actions.push(builder.action(name, &[], vec![step]));
        }
        let target = builder.http("http://no-such-name.invalid", 30 * SECOND);
        let step = builder.get(target, "/");
        let unknown = builder.action("unknown", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        let mut ids = Vec::new();
        for action in actions.iter().chain([&unknown]) {
            let order = order(&run, *action, Plan::Users { from: 2, to: 2 }, Some(4), None);
            ids.push(order.id);
            run.engine.begin(order);
        }
        for id in ids {
            run.ended(id).await;
        }
        for ((name, _, cause), action) in servers.iter().zip(&actions) {
            assert_eq!(run.causes(name).await, [(cause.to_string(), 4)], "{name}");
            let seen = run.seen.of(*action);
            assert_eq!((seen.failed, seen.succeeded, seen.cut), (4, 0, 0), "{name}");
        }
        let cause = "the name `no-such-name.invalid` has no address";
        assert_eq!(run.causes("unknown").await, [(cause.to_string(), 4)]);
    });
}

#[test]
fn a_kept_connection_that_the_server_closed_is_no_error() {
    // Without a word after each answer, at once or later: what is due meanwhile goes out on another connection.
    for pause in [0, 5] {
        let address = raw(move |mut stream, _| {
            if read_head(&mut stream) {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
                thread::sleep(Duration::from_millis(pause));
                let _ = stream.shutdown(Shutdown::Both);
            }
        });
        test(async move {
            let (builder, action) = asking(&format!("http://{address}"), 30 * SECOND);
            let mut run = Run::start(builder, 1);
            // Far enough apart that none is sent at the very moment of a close, which nobody can tell in time.
            run.load(order(&run, action, open(4, None), None, Some(3 * SECOND))).await;
            assert_eq!(run.causes("ask").await, [], "closing after {pause} ms");
            assert_eq!(run.seen.of(action).succeeded, 12);
        });
    }
}

#[test]
fn a_connection_whose_answer_came_too_late_is_not_used_again() {
    let (closed, told) = mpsc::channel();
    let address = raw(move |mut stream, number| {
        while read_head(&mut stream) {
            if number == 1 {
                thread::sleep(SECOND);
            }
            let body = format!("{{\"from\":{number}}}");
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(answer.as_bytes()).is_err() {
                break;
            }
        }
        let _ = closed.send(number);
    });
    test(async {
        let mut builder = Builder::default();
        let target = builder.http(&format!("http://{address}"), Duration::from_millis(300));
        let keep = builder.capture(0, field(word(IterationWord::Body), "from"));
        let from = builder.tell(target, "get", text("/"), vec![], vec![keep]);
        let path = load_support::texts("/{}", vec![load_support::number(1)]);
        let again = builder.tell(target, "get", path, vec![], vec![]);
        let fine = load_support::binary(
            soak::lang::operator::BinaryOperator::Equal,
            field(word(IterationWord::Body), "from"),
            load_support::number(2),
        );
        let check = builder.check("check body.from == 2", fine);
        let action = builder.action("ask", &["from"], vec![from, again, check]);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(4), None)).await;
        assert_eq!(run.causes("ask").await, [("no answer within 300ms".to_string(), 1)]);
        assert_eq!(run.seen.of(action).succeeded, 3);
        // The connection was given up there and then, not kept until the end of the run.
        assert_eq!(told.recv_timeout(5 * SECOND), Ok(1));
    });
}

#[test]
fn a_server_that_answers_before_it_has_read_is_answered_all_the_same() {
    // The request is larger than what the kernel holds, and the server never reads its body.
    let address = raw(|mut stream, _| {
        if read_head(&mut stream) {
            let _ = stream.write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
            thread::sleep(3 * SECOND);
            let mut rest = Vec::new();
            let _ = stream.take(1 << 20).read_to_end(&mut rest);
        }
    });
    test(async {
        let mut builder = Builder::default();
        let target = builder.http(&format!("http://{address}"), 2 * SECOND);
        let large = "x".repeat(16 << 20);
        let step = builder.tell(target, "post", text("/"), vec![("text", text(&large))], vec![]);
        let action = builder.action("ask", &[], vec![step]);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(2), None)).await;
        assert_eq!(run.causes("ask").await, []);
        assert_eq!(run.seen.of(action).succeeded, 2);
    });
}

#[test]
fn addresses_of_version_six_and_a_path_in_the_base_work() {
    test(async {
        let server = Server::at("[::1]:0", |request| {
            let host = request.headers["host"].to_str().unwrap().to_string();
            let token = request.headers["x-token"].to_str().unwrap();
            let fine = request.line == "GET /api/v1/" && host.starts_with("[::1]:") && token == "hush";
            answer(if fine { 200 } else { 400 }, "")
        });
        let (builder, action) = asking(&format!("{}/api/v1/", server.base()), 30 * SECOND);
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Sequential, Some(3), None)).await;
        assert_eq!(run.causes("ask").await, []);
        assert_eq!(run.seen.of(action).succeeded, 3);
        assert_eq!(server.connections(), 1);
    });
}

#[test]
fn many_answers_in_turn_need_no_more_connections_than_users() {
    test(async {
        // Empty, short, and longer than one read: after each the connection is good for the next request.
        let server = Server::start(|request| {
            let size = match request.line.as_str() {
                "GET /0" => 0,
                "GET /1" => 100,
                _ => 300_000,
            };
            answer(200, vec![b'x'; size])
        });
        let mut builder = Builder::default();
        let target = builder.http(&server.base(), 30 * SECOND);
        let steps = ["/0", "/1", "/2"].map(|path| builder.get(target, path));
        let action = builder.action("ask", &[], steps.into());
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: 8, to: 8 }, Some(200), None)).await;
        assert_eq!(run.seen.of(action).succeeded, 200);
        assert_eq!(run.seen.of(action).bytes, 200 * 300_100);
        assert!(server.connections() <= 8, "{}", server.connections());
    });
}

#[test]
fn a_base_that_cannot_be_used_is_refused_without_its_secrets() {
    let refuse = |base: &str, header: &str| {
        let mut settings = Arguments::default();
        settings.push("base", vec![Value::Text(base.into())]);
        settings.push("header", vec![Value::Text("X-Token".into()), Value::Text(header.into())]);
        HttpClient::new(&settings, &around()).err().map(|error| error.to_string())
    };
    assert_eq!(refuse("http://127.0.0.1:80/x", "fine"), None);
    for (base, header) in [
        ("http://user:hush@127.0.0.1", "fine"),
        ("http://127.0.0.1", "hush\nfine"),
        ("http://127.0.0.1?x=1", "fine"),
        ("127.0.0.1", "fine"),
        ("ftp://127.0.0.1", "fine"),
        ("", "fine"),
    ] {
        let error = refuse(base, header).unwrap_or_else(|| panic!("{base} is accepted"));
        assert!(!error.contains("hush"), "{error}");
    }
}
