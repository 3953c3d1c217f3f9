//! The two programs of `examples/campus-vehicle/`, really run: the good agent loses and doubles nothing, and each
//! broken one has its bug.

#![cfg(target_os = "linux")]

#[path = "campus_programs/site.rs"]
mod site;

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use site::{Site, eventually, example, request};

#[test]
fn a_crash_in_mid_upload_loses_and_doubles_nothing() {
    let site = Site::new();
    let (paths, agent) = site.crash_mid_upload(&[]);
    site.until_stored(&paths);
    assert!(agent.line("was there already").is_some(), "no answer was lost, so this test shows nothing");
    let writes = site.writes();
    assert_eq!(writes.len(), paths.len());
    assert!(writes.values().all(|&times| times == 1), "{writes:?}");
}

#[test]
fn lost_on_crash_never_uploads_what_was_queued() {
    let site = Site::new();
    let (paths, _agent) = site.crash_mid_upload(&["--broken", "lost-on-crash"]);
    // What was in flight may have arrived: four of the thirty.
    assert!(site.missing(&paths) >= 20, "{} missing", site.missing(&paths));
}

#[test]
fn duplicate_writes_objects_again_after_a_crash() {
    let site = Site::new();
    let (paths, _agent) = site.crash_mid_upload(&["--broken", "duplicate"]);
    site.until_stored(&paths);
    eventually("objects written twice", || {
        (site.writes().values().filter(|&&times| times > 1).count() >= 10).then_some(())
    });
}

#[test]
fn duplicate_writes_objects_again_after_a_lost_answer() {
    for (mode, least) in [("none", 0), ("duplicate", 1)] {
        let site = Site::new();
        let agent = site.agent(&["--broken", mode, "--timeout", "300ms", "--backoff-cap", "200ms"]);
        site.store.signal(Signal::SIGSTOP);
        let paths = site.write_many("ros", 4, 1_000);
        eventually("a failed attempt", || agent.line("WARN upload failed ros/"));
        site.store.signal(Signal::SIGCONT);
        site.until_stored(&paths);
        eventually("an empty queue", || (site.queued() == 0).then_some(()));
        let doubled = site.writes().values().filter(|&&times| times > 1).count();
        assert!(if least == 0 { doubled == 0 } else { doubled >= least }, "{mode}: {doubled} written twice");
        assert_eq!(agent.count("ERROR"), 0);
    }
}

#[test]
fn only_leak_grows_with_each_upload() {
    for (mode, leaks) in [("none", false), ("leak", true)] {
        let site = Site::new();
        let agent = site.agent(&["--broken", mode]);
        site.until_stored(&site.write_many("ros/warm", 50, 30_000));
        let before = agent.rss();
        site.until_stored(&site.write_many("ros/work", 200, 30_000));
        eventually("an empty queue", || (site.queued() == 0).then_some(()));
        let grown = agent.rss().saturating_sub(before);
        assert_eq!(grown > 40_000_000, leaks, "{mode}: grew by {grown}");
        assert_eq!(grown > 5_000_000, leaks, "{mode}: grew by {grown}");
    }
}

#[test]
fn the_documents_are_whole_at_every_moment() {
    let site = Site::new();
    let mut agent = Some(site.agent(&[]));
    let paths = site.write_many("terminal", 300, 20_000);
    for round in 0u64.. {
        let end = Instant::now() + Duration::from_millis(40 + 7 * (round % 5));
        while Instant::now() < end {
            assert!(site.json("queue.json")["pending"].is_array());
            assert!(site.json("registry.json")["uploaded"].is_array());
        }
        if site.missing(&paths) == 0 && site.queued() == 0 {
            break;
        }
        assert!(round < 100, "{} still missing", site.missing(&paths));
        agent.take().unwrap().kill();
        site.json("queue.json");
        site.json("registry.json");
        agent = Some(site.agent(&[]));
    }
    assert_eq!(site.writes().len(), 300);
    assert!(site.writes().values().all(|&times| times == 1));
}

#[test]
fn documents_that_cannot_be_read_are_set_aside() {
    let site = Site::new();
    let agent = site.agent(&[]);
    let paths = site.write_many("ros2", 5, 100);
    site.until_stored(&paths);
    agent.kill();
    fs::write(site.home.path().join("queue.json"), "{\"pending\": [").unwrap();
    fs::write(site.home.path().join("registry.json"), [0, 159, 146]).unwrap();
    let agent = site.agent(&[]);
    assert_eq!(agent.count("ERROR"), 2);
    // All five are tried again, and none is written again.
    eventually("five answers", || (agent.count("was there already") == 5).then_some(()));
    assert!(site.writes().values().all(|&times| times == 1));
    assert!(site.home.path().join("registry.json.unreadable").exists());
}

#[test]
fn sigterm_saves_the_queue_and_exits_0() {
    let site = Site::new();
    let mut agent = site.agent(&[]);
    site.until_stored(&site.write_many("ros", 5, 100));
    site.store.signal(Signal::SIGSTOP);
    let paths = site.write_many("ros2", 20, 100);
    eventually("a full queue", || (site.queued() == 20).then_some(()));
    let (code, took) = agent.terminate();
    assert_eq!(code, Some(0));
    assert!(took < Duration::from_secs(10), "it took {took:?}");
    assert_eq!(site.queued(), 20);
    site.store.signal(Signal::SIGCONT);
    let _agent = site.agent(&[]);
    site.until_stored(&paths);
}

#[test]
fn emergency_cleanup_deletes_uploaded_files_only_oldest_first() {
    let site = Site::new();
    let agent = site.agent(&["--capacity", "1MB", "--timeout", "300ms", "--backoff-cap", "200ms"]);
    let oldest = site.write_many("ros/a", 4, 100_000);
    site.until_stored(&oldest);
    thread::sleep(Duration::from_millis(20));
    let newer = site.write_many("ros/b", 4, 100_000);
    site.until_stored(&newer);
    assert_eq!(agent.count("emergency cleanup"), 0);
    site.store.signal(Signal::SIGSTOP);
    let unsent = site.write_many("ros/c", 4, 100_000);
    eventually("the cleanup", || agent.line("emergency cleanup"));
    let there = |paths: &[String]| {
        paths.iter().filter(|path| site.home.path().join("data").join(path).exists()).count()
    };
    // 1.2 MB of files; below 800 kB means that seven are left.
    eventually("seven files", || {
        (there(&oldest) == 0 && there(&newer) == 3 && there(&unsent) == 4).then_some(())
    });
    site.store.signal(Signal::SIGCONT);
    site.until_stored(&[oldest, newer, unsent].concat());
    eventually("a registry without what is gone", || {
        (site.json("registry.json")["uploaded"].as_array().unwrap().len() == 7).then_some(())
    });
}

#[test]
fn a_file_is_taken_when_it_is_whole() {
    let site = Site::new();
    let agent = site.agent(&[]);
    let folder = site.home.path().join("data/terminal/deep/er");
    fs::create_dir_all(&folder).unwrap();
    let mut file = fs::File::create(folder.join("slow one.log")).unwrap();
    for _ in 0..20 {
        file.write_all(&[b'x'; 100]).unwrap();
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(agent.count("upload ok"), 0);
    drop(file);
    // Written under a name that is never taken, then moved into place.
    fs::write(folder.join("moved.log.tmp"), b"moved").unwrap();
    fs::rename(folder.join("moved.log.tmp"), folder.join("moved.log")).unwrap();
    let paths = ["slow one.log", "moved.log"].map(|name| format!("terminal/deep/er/{name}"));
    site.until_stored(&paths);
    assert_eq!(fs::metadata(site.object(&paths[0])).unwrap().len(), 2_000);
    eventually("both in the log", || (agent.count("upload ok") == 2).then_some(()));
    assert_eq!(site.writes().values().sum::<usize>(), 2);
}

#[test]
fn health_answers_with_the_length_of_the_queue() {
    let site = Site::new();
    let agent = site.agent(&[]);
    let answer = request(&agent.address, "GET", "/health", "", b"");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(answer.contains(r#""pending":0"#), "{answer}");
    assert!(request(&agent.address, "GET", "/", "", b"").starts_with("HTTP/1.1 404"));
}

#[test]
fn the_store_answers_as_it_should() {
    let site = Site::new();
    let cases: &[(&str, &str, &str, &str, &str)] = &[
        ("GET", "/health", "", "200", ""),
        ("GET", "/a/b.log", "", "404", ""),
        ("PUT", "/a/b.log", "", "201", ""),
        ("GET", "/a/b.log", "", "200", "body"),
        ("HEAD", "/a/b.log", "", "200", ""),
        ("PUT", "/a/b.log", "", "204", ""),
        ("PUT", "/a/b.log", "If-None-Match: *\r\n", "412", ""),
        ("PUT", "/a/with%20space.log", "If-None-Match: *\r\n", "201", ""),
        ("GET", "/a", "", "404", ""),
        ("POST", "/a/b.log", "", "405", ""),
        ("PUT", "/../outside", "", "400", ""),
        ("PUT", "/a/../../outside", "", "400", ""),
        ("PUT", "/a/%2e%2e/%2E%2E/outside", "", "400", ""),
        ("PUT", "/a%2f..%2f..%2foutside", "", "400", ""),
        ("GET", "//etc/passwd", "", "400", ""),
        ("PUT", "/.incoming/x", "", "400", ""),
        ("PUT", "/a/%zz", "", "400", ""),
        ("PUT", "/", "", "400", ""),
        ("DELETE", "/a/b.log", "", "204", ""),
        ("DELETE", "/a/b.log", "", "404", ""),
    ];
    for (method, path, headers, status, body) in cases {
        let sent: &[u8] = if *method == "PUT" { b"body" } else { b"" };
        let answer = request(&site.store.address, method, path, headers, sent);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{method} {path}: {answer}");
        assert!(answer.ends_with(body), "{method} {path}: {answer}");
    }
    assert!(!site.home.path().join("outside").exists());
    assert_eq!(fs::read_dir(site.home.path().join("store/.incoming")).unwrap().count(), 0);
}

#[test]
fn half_an_upload_is_no_object() {
    let site = Site::new();
    let mut stream = TcpStream::connect(&site.store.address).unwrap();
    stream.write_all(b"PUT /V1/half.log HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nhalf").unwrap();
    let incoming: &Path = &site.home.path().join("store/.incoming");
    eventually("its arrival", || (fs::read_dir(incoming).unwrap().count() == 1).then_some(()));
    drop(stream);
    eventually("its removal", || (fs::read_dir(incoming).unwrap().count() == 0).then_some(()));
    assert!(!site.object("half.log").exists());
}

#[test]
fn a_wrong_command_line_is_told_in_a_sentence() {
    let home = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let file = home.path().join("file");
    fs::write(&file, "").unwrap();
    let (home, file) = (home.path().to_str().unwrap(), file.to_str().unwrap());
    let cases: &[(i32, &[&str], &str)] = &[
        (2, &["--timeout", "5 parsecs"], "`parsecs` is no unit here"),
        (2, &["--timeout", "s"], "a number is missing"),
        (2, &["--capacity", "4Gb"], "`Gb` is no unit here"),
        (2, &["--broken", "badly"], "lost-on-crash"),
        (1, &["--endpoint", "127.0.0.1:9000"], "should be like http://"),
        (1, &["--listen", &taken], &taken),
        (1, &["--home", file], file),
        (
            1,
            &["--scan", "1m 30.5s", "--settle", "13ms333us", "--capacity", "1_000.5KiB", "--listen", "?"],
            "?",
        ),
    ];
    for (code, options, message) in cases {
        let default = [("--endpoint", "http://127.0.0.1:9"), ("--home", home), ("--vehicle", "V1")];
        let mut command = Command::new(example("uploader"));
        command.args(*options);
        for (option, value) in default.iter().filter(|(option, _)| !options.contains(option)) {
            command.args([option, value]);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(*code), "{options:?}: {told}");
        assert!(told.contains(message), "{options:?}: {told}");
    }
}
