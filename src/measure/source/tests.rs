//! Sources against real files, sockets and commands.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::capture::{Captured, Captures, capture};
use super::lines::LineCounter;
use super::*;
use crate::lang::moment::{Moment, Timeline};
use crate::measure::follow::{Hub, Pattern};

const PATIENCE: Duration = Duration::from_secs(10);

/// Asked for where nothing will come.
const SHORT: Duration = Duration::from_millis(200);

fn file(path: &Path) -> Document {
    Document::File(path.to_path_buf())
}

#[tokio::test]
async fn json_places_become_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.json");
    fs::write(&path, r#"{"n": 3.5, "on": true, "name": "x", "list": [1, 2], "gone": null}"#).unwrap();
    let name = path.display().to_string();
    let table = [
        ("$.n", Sample::Number(3.5)),
        ("$.on", Sample::Bool(true)),
        ("$.name", Sample::Text("x".to_owned())),
        ("$.list[1]", Sample::Number(2.0)),
        ("$.list", Sample::None(NoValue::NotSingle(name.clone(), "a list"))),
        ("$.gone", Sample::None(NoValue::NotSingle(name.clone(), "null"))),
        ("$.list[*]", Sample::None(NoValue::ManyMatches(name.clone(), 2))),
        ("$.other", Sample::None(NoValue::NoMatch(name.clone()))),
    ];
    for (place, wanted) in table {
        let mut source = JsonSource::value(file(&path), place.parse().unwrap());
        assert_eq!(source.sample().await, wanted, "{place}");
    }
    let mut count = JsonSource::count(file(&path), "$.list[*]".parse().unwrap());
    assert_eq!(count.sample().await, Sample::Number(2.0));
    let mut none = JsonSource::count(file(&path), "$.other[*]".parse().unwrap());
    assert_eq!(none.sample().await, Sample::Number(0.0), "a document without a match has none");
    fs::write(&path, "{").unwrap();
    assert!(matches!(count.sample().await, Sample::None(NoValue::NotJson(..))));
    fs::remove_file(&path).unwrap();
    assert_eq!(count.sample().await, Sample::None(NoValue::Missing(path)));
}

#[tokio::test]
async fn a_file_that_is_replaced_again_and_again_is_never_invalid() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("queue.json");
    let stop = Arc::new(AtomicBool::new(false));
    let (stopped, target) = (Arc::clone(&stop), path.clone());
    fs::write(&path, "[]").unwrap();
    let writer = std::thread::spawn(move || {
        let part = target.with_extension("part");
        for round in 0.. {
            let items: Vec<String> = (0..round % 3000).map(|item: u32| item.to_string()).collect();
            fs::write(&part, format!("[{}]", items.join(","))).unwrap();
            fs::rename(&part, &target).unwrap();
            if stopped.load(Ordering::Relaxed) {
                return;
            }
        }
    });
    let mut source = ValidJson::new(path.clone());
    for _ in 0..300 {
        assert_eq!(source.sample().await, Sample::Bool(true));
    }
    stop.store(true, Ordering::Relaxed);
    writer.join().unwrap();
    fs::write(&path, "[1,").unwrap();
    assert_eq!(source.sample().await, Sample::Bool(false));
    fs::remove_file(&path).unwrap();
    assert_eq!(source.sample().await, Sample::None(NoValue::Missing(path)));
}

#[tokio::test]
async fn json_lines_are_judged_once_they_are_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut source = ValidJsonLines::new(path.clone());
    let name = path.display().to_string();
    assert_eq!(source.sample().await, Sample::None(NoValue::Missing(path.clone())));
    let mut out = fs::File::create(&path).unwrap();
    let story = [
        ("", Sample::None(NoValue::NoWholeLine(name.clone()))),
        ("{\"a\":", Sample::None(NoValue::NoWholeLine(name))),
        ("1}\n", Sample::Bool(true)),
        ("[2]\n\"thr", Sample::Bool(true)),
        ("ee\"\n", Sample::Bool(true)),
        ("{\"a\": }\n", Sample::Bool(false)),
        ("{}\n", Sample::Bool(false)),
    ];
    for (text, wanted) in story {
        out.write_all(text.as_bytes()).unwrap();
        assert_eq!(source.sample().await, wanted, "after {text:?}");
    }
    let long = format!("\"{}\"\n{{}}\n", "x".repeat(3 << 20));
    fs::write(folder.path().join("new"), long).unwrap();
    fs::rename(folder.path().join("new"), &path).unwrap();
    assert_eq!(source.sample().await, Sample::Bool(true), "another file is judged anew");
}

#[tokio::test]
async fn files_are_counted_weighed_and_dated() {
    let folder = tempfile::tempdir().unwrap();
    let sample = |glob: &str, of| {
        let mut source = StatSource::new(Pattern::new(folder.path(), glob).unwrap(), of);
        async move { source.sample().await }
    };
    assert_eq!(sample("store/**/*.log", StatOf::Files).await, Sample::Number(0.0));
    assert_eq!(sample("store/*.log", StatOf::Bytes).await, Sample::Number(0.0));
    assert!(matches!(sample("one.log", StatOf::Bytes).await, Sample::None(NoValue::Missing(_))));
    assert!(matches!(sample("*.log", StatOf::Age).await, Sample::None(NoValue::Missing(_))));
    fs::create_dir_all(folder.path().join("store/a")).unwrap();
    fs::write(folder.path().join("store/1.log"), "12345").unwrap();
    fs::write(folder.path().join("store/a/2.log"), "123").unwrap();
    fs::write(folder.path().join("store/a/2.txt"), "123").unwrap();
    assert_eq!(sample("store/**/*.log", StatOf::Files).await, Sample::Number(2.0));
    assert_eq!(sample("store/**/*.log", StatOf::Bytes).await, Sample::Number(8.0));
    let Sample::Number(age) = sample("store/**/*.log", StatOf::Age).await else { panic!("there are files") };
    assert!((0.0..60.0).contains(&age), "{age}");
}

/// Answers one request after the other with the given bytes; an empty answer is silence.
async fn server(answers: &'static [&'static str]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await.unwrap();
            if answer.is_empty() {
                tokio::time::sleep(PATIENCE).await;
            }
            stream.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_url_answers_or_not() {
    let address = server(&[
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nshort",
        "nonsense\r\n\r\n",
        "",
    ])
    .await;
    let url = format!("http://{address}/health?x=1").parse().unwrap();
    let mut source = HttpSource::new(url, PATIENCE);
    for wanted in [true, true, false, false, false] {
        assert_eq!(source.sample().await, Sample::Bool(wanted));
    }
    let mut silent = HttpSource::new(format!("http://{address}").parse().unwrap(), SHORT);
    assert_eq!(silent.sample().await, Sample::Bool(false));
    assert!("https://a/".parse::<Url>().is_ok() && "https://".parse::<Url>().is_err());
    assert_eq!("ftp://a/".parse::<Url>(), Err(BadUrl::NotHttp("ftp://a/".to_owned())));
    assert!("http://".parse::<Url>().is_err() && "/x".parse::<Url>().is_err());
}

#[tokio::test]
async fn json_comes_from_a_url_too() {
    let address = server(&[
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n8\r\n{\"n\": 7}\r\n0\r\n\r\n",
        "HTTP/1.1 503 No\r\ncontent-length: 0\r\n\r\n",
    ])
    .await;
    let url = format!("http://{address}/");
    let document = Document::Url(url.parse().unwrap(), PATIENCE);
    let mut source = JsonSource::value(document, "$.n".parse().unwrap());
    assert_eq!(source.sample().await, Sample::Number(7.0));
    assert_eq!(source.sample().await, Sample::None(NoValue::BadStatus(url, 503)));
}

#[tokio::test]
async fn an_address_takes_connections_or_not() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut source = TcpSource::new(listener.local_addr().unwrap().to_string(), PATIENCE);
    assert_eq!(source.sample().await, Sample::Bool(true));
    drop(listener);
    assert_eq!(source.sample().await, Sample::Bool(false));
}

fn shell(script: &str, timeout: Duration) -> Command {
    Command {
        program: "sh".into(),
        arguments: vec!["-c".into(), script.into()],
        folder: std::env::temp_dir(),
        environment: vec![("SOAK_RUN".into(), "42".into())],
        timeout,
    }
}

#[tokio::test]
async fn commands_print_numbers_and_succeed_or_not() {
    let table = [
        ("echo load is 1.5e2 of 7", Wanted::Output, Sample::Number(150.0)),
        ("echo -- -3", Wanted::Output, Sample::Number(-3.0)),
        ("echo $SOAK_RUN", Wanted::Output, Sample::Number(42.0)),
        ("echo nothing", Wanted::Output, Sample::None(NoValue::NoNumber("sh".to_owned()))),
        ("echo 5; exit 3", Wanted::Output, {
            Sample::None(NoValue::Failed("sh".to_owned(), "exit status: 3".to_owned()))
        }),
        ("true", Wanted::Success, Sample::Bool(true)),
        ("exit 1", Wanted::Success, Sample::Bool(false)),
        ("kill -9 $$", Wanted::Success, Sample::Bool(false)),
        ("head -c 3000000 /dev/zero", Wanted::Success, Sample::Bool(true)),
    ];
    for (script, wanted, sample) in table {
        let mut source = CommandSource::new(shell(script, PATIENCE), wanted);
        assert_eq!(source.sample().await, sample, "{script}");
    }
    let missing = Command { program: "/nowhere/to/be/found".into(), ..shell("", PATIENCE) };
    let sample = CommandSource::new(missing, Wanted::Success).sample().await;
    assert!(matches!(sample, Sample::None(NoValue::CannotRun(..))), "{sample:?}");
}

#[tokio::test]
async fn a_command_is_killed_with_its_children_when_its_time_is_up() {
    let folder = tempfile::tempdir().unwrap();
    let pid = folder.path().join("pid");
    let script = format!("sleep 30 & echo $! > {}; wait", pid.display());
    let mut source = CommandSource::new(shell(&script, Duration::from_secs(1)), Wanted::Output);
    assert_eq!(source.sample().await, Sample::None(NoValue::Timeout(Duration::from_secs(1))));
    let child = fs::read_to_string(&pid).unwrap().trim().to_owned();
    let gone = async {
        loop {
            let status = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            if status.is_empty() || status.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the child is killed too");
}

#[tokio::test]
async fn lines_are_counted_and_captured_as_they_arrive() {
    let folder = tempfile::tempdir().unwrap();
    let (hub, handle) = Hub::new(Timeline::begin()).unwrap();
    tokio::spawn(hub.run());
    let pattern = |glob| Pattern::new(folder.path(), glob).unwrap();
    let expression = |text| Some(regex::Regex::new(text).unwrap());
    let mut errors = LineCounter::new(handle.lines(pattern("log")).await.unwrap(), expression("ERROR|CRIT"));
    let times = regex::Regex::new(r"took (\d+)ms(?: for (\w+))?").unwrap();
    let mut captures = Captures::in_lines(handle.lines(pattern("log")).await.unwrap(), times);
    let keys = regex::Regex::new("/store/(.+)$").unwrap();
    let mut stored = Captures::in_paths(handle.files(pattern("store/*")).await.unwrap(), keys);
    fs::write(folder.path().join("log"), "fine\nERROR took 3ms\nCRIT took 4ms for x, took 5ms\n").unwrap();
    fs::create_dir(folder.path().join("store")).unwrap();
    fs::write(folder.path().join("store/item 1"), "x").unwrap();
    let wait = |what| tokio::time::timeout(PATIENCE, what);
    assert_eq!(tokio::time::timeout(PATIENCE, errors.next()).await.unwrap().unwrap().1, 2);
    let seen = wait(captures.next()).await.unwrap().unwrap();
    let numbers: Vec<_> = seen.iter().map(Captured::number).collect();
    assert_eq!(numbers, [Some(3.0), Some(4.0), Some(5.0)]);
    assert_eq!(seen[1].value.as_deref(), Some("x"));
    assert_eq!(wait(stored.next()).await.unwrap().unwrap()[0].text, "item 1");
}

#[test]
fn an_expression_without_groups_captures_the_whole_match() {
    let mut found = Vec::new();
    capture(&regex::Regex::new(r"\d+").unwrap(), "1 and 22", Moment::START, &mut found);
    let texts: Vec<_> = found.iter().map(|captured| captured.text.as_str()).collect();
    assert_eq!(texts, ["1", "22"]);
}
