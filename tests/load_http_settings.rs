//! The settings of an `http` target: redirects, cookies, compressed answers, proxies, how connections are kept, files as
//! bodies.

#![cfg(target_os = "linux")]

mod load_support;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::Full;
use hyper::Response;
use load_support::server::{Server, answer, raw, read_head};
use load_support::{Builder, Run, open, order, read};
use soak::load::order::Plan;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn test(run: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run);
}

/// A scenario with one `http` target and one action.
fn asking(base: &str, settings: &str, steps: &str) -> Builder {
    read(&format!(
        "scenario \"settings\"\nhttp api {{ base \"{base}\"; {settings} }}\n\
         action ask {{\n{steps}\n}}\nload ask 1 times\nexpect \"all\": count(ask.latency) == 1 at end\n"
    ))
}

/// Runs so many iterations by so many users; what went wrong, and the bytes that were counted.
fn ask(builder: Builder, users: u64, times: u64) -> (Vec<(String, u64)>, u64) {
    let action = builder.named("ask");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, Plan::Users { from: users, to: users }, Some(times), None)).await;
        (run.causes("ask").await, run.seen.of(action).bytes)
    })
}

fn redirect(status: u16, to: impl AsRef<str>) -> Response<Full<Bytes>> {
    Response::builder().status(status).header("location", to.as_ref()).body(Full::default()).unwrap()
}

#[test]
fn redirects_are_followed_as_far_as_the_settings_say() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let elsewhere = {
        let list = Arc::clone(&asked);
        Server::start(move |request| {
            let told =
                request.headers.contains_key("x-token") || request.headers.contains_key("authorization");
            list.lock().unwrap().push(format!("elsewhere {} {told}", request.line));
            answer(200, "elsewhere")
        })
    };
    let list = Arc::clone(&asked);
    let other = elsewhere.base();
    let server = Server::start(move |request| {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        let token = request.headers.contains_key("x-token");
        list.lock().unwrap().push(format!("{} {body:?} {token}", request.line));
        match request.line.split(' ').nth(1).unwrap() {
            "/moved" => redirect(301, "there?x=1#part"),
            "/see" => redirect(303, "/there"),
            "/keep" => redirect(307, "/there"),
            "/out" => redirect(302, format!("{other}/out")),
            "/loop" => redirect(302, "/loop"),
            "/far" => redirect(302, "http://elsewhere.example/"),
            "/odd" => redirect(302, "ftp://127.0.0.1/"),
            "/nowhere" => redirect(302, "http://"),
            "/bare" => Response::builder().status(302).body(Full::default()).unwrap(),
            _ => answer(200, "there"),
        }
    });
    let settings = "redirects 3; header \"X-Token\" \"hush\" header \"Authorization\" \"hush\""
        .replace(" header", "; header");
    let one = |step: &str| {
        asked.lock().unwrap().clear();
        let (causes, bytes) = ask(asking(&server.base(), &settings, step), 1, 1);
        let causes: Vec<String> = causes.into_iter().map(|(cause, _)| cause).collect();
        (causes, asked.lock().unwrap().clone(), bytes)
    };
    let fine = |step: &str, requests: &[&str]| {
        let (causes, asked, _) = one(step);
        assert_eq!((causes, asked), (vec![], requests.iter().map(ToString::to_string).collect()), "{step}");
    };
    fine(
        "api get \"/moved\" { check body == \"there\" }",
        &["GET /moved \"\" true", "GET /there?x=1 \"\" true"],
    );
    fine("api post \"/moved\" text \"b\"", &["POST /moved \"b\" true", "GET /there?x=1 \"\" true"]);
    fine("api put \"/moved\" text \"b\"", &["PUT /moved \"b\" true", "PUT /there?x=1 \"b\" true"]);
    fine("api put \"/see\" text \"b\"", &["PUT /see \"b\" true", "GET /there \"\" true"]);
    fine("api post \"/keep\" text \"b\"", &["POST /keep \"b\" true", "POST /there \"b\" true"]);
    fine("api head \"/see\"", &["HEAD /see \"\" true", "HEAD /there \"\" true"]);
    // What is meant for one host is not told to another.
    fine(
        "api get \"/out\" { check body == \"elsewhere\" }",
        &["GET /out \"\" true", "elsewhere GET /out false"],
    );
    fine("api get \"/bare\" { check status == 302 }", &["GET /bare \"\" true"]);
    for (path, cause, requests) in [
        ("/loop", "more than 3 redirects", 4),
        ("/far", "a redirect to `elsewhere.example`, which the scenario does not permit", 1),
        ("/odd", "a redirect to no address that HTTP knows", 1),
        ("/nowhere", "a redirect to no address that HTTP knows", 1),
    ] {
        let (causes, asked, _) = one(&format!("api get \"{path}\""));
        assert_eq!((causes, asked.len()), (vec![cause.to_string()], requests), "{path}");
    }
    // Bytes of all requests count.
    assert_eq!(one("api post \"/keep\" text \"four\"").2, 4 + 4 + 5);
    let (causes, _) = ask(asking(&server.base(), "", "api get \"/moved\" { check status == 301 }"), 1, 1);
    assert_eq!(causes, []);
}

#[test]
fn each_user_has_its_own_cookies() {
    let next = AtomicU64::new(1);
    let server = Server::start(move |request| {
        let cookie = request.headers.get("cookie").map(|value| value.to_str().unwrap().to_string());
        match request.line.as_str() {
            "GET /login" => {
                let id = next.fetch_add(1, Ordering::SeqCst);
                let answer = Response::builder().header("set-cookie", format!("id={id}; Path=/; HttpOnly"));
                answer.body(Full::from(format!("{{\"id\": {id}}}"))).unwrap()
            }
            "GET /from" => Response::builder()
                .status(302)
                .header("location", "/me")
                .header("set-cookie", "hop=1")
                .body(Full::default())
                .unwrap(),
            _ => answer(200, format!("{{\"cookie\": {}}}", serde_json::json!(cookie.unwrap_or_default()))),
        }
    });
    let steps = "api get \"/me\" { check body.cookie == \"\" }\n\
                 api get \"/login\" { capture id = body.id }\n\
                 api get \"/me\" { check body.cookie == \"id={id}\" }\n\
                 api get \"/me\" header \"Cookie\" \"own=1\" { check body.cookie == \"own=1\" }\n\
                 api get \"/from\" { check body.cookie == \"id={id}; hop=1\" or body.cookie == \"hop=1; id={id}\" }";
    assert_eq!(ask(asking(&server.base(), "cookies; redirects 1", steps), 20, 20).0, []);
    // Without the setting nothing is kept.
    let steps = "api get \"/login\"\napi get \"/me\" { check body.cookie == \"\" }";
    assert_eq!(ask(asking(&server.base(), "", steps), 2, 4).0, []);
}

#[test]
fn compressed_answers_are_asked_for_and_read() {
    let gzip = |body: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let (small, bomb) = (gzip(b"{\"fine\": true}"), gzip(&vec![b'0'; (64 << 20) + 1]));
    let length = small.len() as u64;
    let server = Server::start(move |request| {
        let wanted =
            request.headers.get("accept-encoding").is_some_and(|value| value == "gzip, deflate, br, zstd");
        let answer = Response::builder().status(if wanted { 200 } else { 406 });
        match request.line.as_str() {
            "GET /bomb" => answer.header("content-encoding", "gzip").body(bomb.clone().into()),
            "GET /lie" => answer.header("content-encoding", "gzip").body("plain".into()),
            "GET /other" => answer.header("content-encoding", "rot13").body("cynva".into()),
            _ => answer.header("content-encoding", "gzip").body(small.clone().into()),
        }
        .unwrap()
    });
    let one = |settings: &str, step: &str| {
        let (causes, bytes) = ask(asking(&server.base(), settings, step), 1, 1);
        (causes.into_iter().map(|(cause, _)| cause).collect::<Vec<_>>().join(", "), bytes)
    };
    assert_eq!(one("compress", "api get \"/\" { check body.fine }"), (String::new(), length));
    // What nobody looks at is not unpacked.
    assert_eq!(one("compress", "api get \"/lie\" { check status == 200 }").0, "");
    assert_eq!(one("compress", "api get \"/lie\" { check body != 1 }").0, "what came is not valid gzip");
    let other = "the answer is compressed in a way that was not asked for";
    assert_eq!(one("compress", "api get \"/other\" { check body != 1 }").0, other);
    assert_eq!(
        one("compress", "api get \"/bomb\" { check body != 1 }").0,
        "the answer is larger than 64 MiB"
    );
    assert_eq!(one("", "api get \"/\" { check status == 406 }").0, "");
}

/// A proxy that notes what it is asked and passes on what comes.
fn proxy(asked: &Arc<Mutex<Vec<String>>>, to: SocketAddr, answer: &'static str) -> SocketAddr {
    let asked = Arc::clone(asked);
    raw(move |mut stream, _| {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            match stream.read(&mut byte) {
                Ok(1) => head.push(byte[0]),
                _ => return,
            }
        }
        let text = String::from_utf8(head.clone()).unwrap();
        asked.lock().unwrap().push(text.clone());
        let mut server = TcpStream::connect(to).unwrap();
        if text.starts_with("CONNECT") {
            let _ = stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes());
        } else {
            let path = text.split(' ').nth(1).unwrap();
            let short = path.splitn(4, '/').nth(3).unwrap();
            let _ = server.write_all(text.replacen(path, &format!("/{short}"), 1).as_bytes());
        }
        let (mut back, mut forth) = (server.try_clone().unwrap(), stream.try_clone().unwrap());
        thread::spawn(move || std::io::copy(&mut back, &mut forth));
        let _ = std::io::copy(&mut stream, &mut server);
    })
}

#[test]
fn a_proxy_is_asked_for_whole_urls() {
    let server = Server::start(|request| {
        answer(if request.headers.contains_key("proxy-authorization") { 200 } else { 407 }, request.line)
    });
    let asked = Arc::new(Mutex::new(Vec::new()));
    let address = proxy(&asked, server.address, "200 OK");
    let settings = format!("proxy \"http://me:pass@{address}\"");
    let base = server.base() + "/v1";
    let (causes, _) = ask(asking(&base, &settings, "api get \"/x\" { check status == 200 }"), 1, 3);
    assert_eq!(causes, []);
    let head = asked.lock().unwrap().remove(0);
    assert!(head.starts_with(&format!("GET {base}/x HTTP/1.1\r\n")), "{head}");
    assert!(head.contains(&format!("host: {}\r\n", server.address)), "{head}");
    assert!(head.contains("proxy-authorization: Basic bWU6cGFzcw==\r\n"), "{head}");
}

#[test]
fn a_proxy_connects_on_for_what_it_cannot_understand() {
    use load_support::http2::{Http2Server, PATIENT, answer};
    let server = Http2Server::start(PATIENT, |_| Box::pin(async { answer(200, "ok") }));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let address = proxy(&asked, server.address, "200 Connection established");
    let settings = format!("http2; proxy \"http://{address}\"");
    let (causes, _) = ask(asking(&server.base(), &settings, "api get \"/x\" { check status == 200 }"), 4, 8);
    assert_eq!(causes, []);
    assert_eq!(asked.lock().unwrap().len(), 1);
    assert!(asked.lock().unwrap()[0].starts_with(&format!("CONNECT {} HTTP/1.1\r\n", server.address)));
    let refusing = proxy(&asked, server.address, "407 Proxy Authentication Required");
    let settings = format!("http2; proxy \"http://{refusing}\"");
    let (causes, _) = ask(asking(&server.base(), &settings, "api get \"/x\""), 2, 4);
    assert_eq!(causes, [("the proxy answered 407".to_string(), 4)]);
}

/// A server that answers after a while, over as many connections as come; how many there were at once, and in all.
struct Slow {
    base: String,
    most: Arc<AtomicU64>,
    all: Arc<AtomicU64>,
}

fn slow(pause: Duration) -> Slow {
    let (now, most, all) = (AtomicU64::new(0), Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (peak, count) = (Arc::clone(&most), Arc::clone(&all));
    let address = raw(move |mut stream, number| {
        count.fetch_max(number, Ordering::SeqCst);
        peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        while read_head(&mut stream) {
            thread::sleep(pause);
            if stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").is_err() {
                break;
            }
        }
        now.fetch_sub(1, Ordering::SeqCst);
    });
    Slow { base: format!("http://{address}"), most, all }
}

#[test]
fn there_are_no_more_connections_than_the_setting_says() {
    let server = slow(Duration::from_millis(10));
    let builder = asking(&server.base, "connections 3", "api get \"/\" { check status == 200 }");
    assert_eq!(ask(builder, 20, 60).0, []);
    assert_eq!((server.most.load(Ordering::SeqCst), server.all.load(Ordering::SeqCst)), (3, 3));
    // One that is lost with its request makes room for the next one.
    let server = slow(Duration::from_millis(300));
    let builder = asking(&server.base, "connections 2", "api get \"/\" timeout 100ms");
    let (causes, _) = ask(builder, 4, 12);
    assert_eq!(causes, [("no answer within 100ms".to_string(), 12)]);
    assert!(server.all.load(Ordering::SeqCst) >= 4, "{}", server.all.load(Ordering::SeqCst));
}

#[test]
fn connections_are_kept_as_the_settings_say() {
    for (settings, all) in [("own", 10), ("reuse never", 60), ("connections 4; reuse never", 60)] {
        let server = slow(Duration::from_millis(1));
        let (causes, _) =
            ask(asking(&server.base, settings, "api get \"/\" { check status == 200 }"), 10, 60);
        assert_eq!(causes, [], "{settings}");
        assert_eq!(server.all.load(Ordering::SeqCst), all, "{settings}");
    }
    // Idle for longer than it may be, a connection is not used again.
    let server = slow(Duration::from_millis(1));
    let builder = asking(&server.base, "idle 100ms", "api get \"/\"");
    let action = builder.named("ask");
    test(async {
        let mut run = Run::start(builder, 1);
        run.load(order(&run, action, open(2, None), None, Some(2 * SECOND))).await;
        assert_eq!(run.causes("ask").await, []);
    });
    assert_eq!(server.all.load(Ordering::SeqCst), 4);
}

#[test]
fn a_body_may_be_a_file() {
    let folder = tempfile::tempdir().unwrap();
    for (name, size) in [("small", 1000), ("large", 40 << 20)] {
        std::fs::write(folder.path().join(name), vec![b'f'; size]).unwrap();
    }
    let server = Server::start(|request| {
        let fine = request.body.iter().all(|byte| *byte == b'f');
        let kind = request.headers["content-type"].to_str().unwrap().to_string();
        answer(
            if fine { 200 } else { 400 },
            format!("{{\"length\": {}, \"type\": \"{kind}\"}}", request.body.len()),
        )
    });
    let path = folder.path().display();
    let steps = format!(
        "api put \"/\" file \"{path}/small\" {{ check body.length == 1000 and body.type == \"application/octet-stream\" }}\n\
         api put \"/\" file \"{path}/large\" header \"Content-Type\" \"text/x\" {{ check body.length == {} and body.type == \"text/x\" }}\n\
         api get \"/\" header \"Content-Type\" \"none\" {{ check body.length == 0 }}",
        40 << 20
    );
    assert_eq!(ask(asking(&server.base(), "", &steps), 2, 4).0, []);
    let missing = format!("api put \"/\" file \"{path}/none\"");
    let cause = "a file to be sent cannot be read: entity not found".to_string();
    assert_eq!(ask(asking(&server.base(), "", &missing), 1, 2).0, [(cause, 2)]);
}

#[test]
fn an_answer_that_nobody_looks_at_may_be_of_any_length() {
    const LENGTH: u64 = 1 << 30;
    let address = raw(|mut stream, _| {
        if read_head(&mut stream) {
            let _ =
                stream.write_all(format!("HTTP/1.1 200 OK\r\ncontent-length: {LENGTH}\r\n\r\n").as_bytes());
            let block = vec![0; 1 << 20];
            for _ in 0..LENGTH >> 20 {
                if stream.write_all(&block).is_err() {
                    return;
                }
            }
        }
    });
    let builder =
        asking(&format!("http://{address}"), "timeout 60s", "api get \"/\" { check status == 200 }");
    let before = memory();
    assert_eq!(ask(builder, 1, 1), (vec![], LENGTH));
    assert!(memory() < before + (256 << 20), "{} {}", before, memory());
}

/// The most memory that this process has had.
fn memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() << 10
}
