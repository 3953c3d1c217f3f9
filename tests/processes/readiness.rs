//! Probes.

use std::fs;
use std::time::Duration;

use soak::kinds::process::command::split_command;
use soak::kinds::process::probe::{HttpAddress, Probe};

use crate::bench::*;

#[tokio::test]
async fn each_probe_makes_a_process_ready() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers = tokio::spawn(async move {
        loop {
            let (mut peer, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                use tokio::io::{AsyncReadExt, AsyncWriteExt};
                let mut buffer = [0; 1024];
                let length = peer.read(&mut buffer).await.unwrap_or(0);
                let good = buffer[..length].starts_with(b"GET /good");
                let status = if good { "204 No Content" } else { "503 Unavailable" };
                let text = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = peer.write_all(text.as_bytes()).await;
            });
        }
    });
    let http = |path: &str| Probe::Http(HttpAddress::parse(&format!("http://{address}{path}")).unwrap());
    let cases = [
        ("http", http("/good"), true),
        ("http with an error", http("/bad"), false),
        ("tcp", Probe::Tcp(address.to_string()), true),
        ("tcp to nobody", Probe::Tcp("127.0.0.1:1".into()), false),
        ("line", Probe::Line(regex::Regex::new("^up [0-9]+$").unwrap()), true),
        ("another line", Probe::Line(regex::Regex::new("never").unwrap()), false),
        ("file", Probe::File("touched".into()), true),
        ("an untouched file", Probe::File("old".into()), false),
        ("succeeds", Probe::Succeeds(vec!["test".into(), "-f".into(), "touched".into()]), true),
        ("fails", Probe::Succeeds(vec!["false".into()]), false),
    ];
    for (name, probe, ready) in cases {
        let bench = Bench::new();
        fs::write(bench.path().join("old"), "").unwrap();
        let process = bench.with("sh -c 'sleep 0.1; echo >touched; echo up 1; exec sleep 100'", |options| {
            options.ready = Some(probe);
            options.within = if ready { PATIENCE } else { Duration::from_millis(700) };
        });
        process.start().await.unwrap();
        let found = process.wait_ready().await;
        assert_eq!(found.is_ok(), ready, "{name}: {found:?}");
        assert_eq!(process.state().ready, ready, "{name}");
        process.kill().await.unwrap();
        assert!(!process.state().ready, "{name}");
        bench.end(process).await;
    }
    answers.abort();
    for refused in ["ftp://localhost/", "localhost", "http://"] {
        assert!(HttpAddress::parse(refused).is_err(), "{refused}");
    }
}

#[tokio::test]
async fn readiness_is_probed_throughout() {
    let bench = Bench::new();
    let process = bench.with("sh -c 'sleep 0.1; echo >alive; exec sleep 100'", |options| {
        options.ready = Some(Probe::File("alive".into()));
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    fs::remove_file(bench.path().join("alive")).unwrap();
    let state = until_state(&process, |state| !state.ready).await;
    assert!(state.up);
    bench.end(process).await;
}

#[tokio::test]
async fn an_exit_before_ready_is_told_at_once() {
    let bench = Bench::new();
    let process =
        bench.with("sh -c 'exit 7'", |options| options.ready = Some(Probe::Tcp("127.0.0.1:1".into())));
    process.start().await.unwrap();
    let error = process.wait_ready().await.unwrap_err();
    assert_eq!(error.to_string(), "`subject` ended before it was ready (exit code 7)");
    bench.end(process).await;
}

#[tokio::test]
async fn a_probing_command_is_no_part_of_the_process_and_ends_with_it() {
    let bench = Bench::new();
    let process = bench.with("sleep 100", |options| {
        options.ready = Some(Probe::Succeeds(split_command("sh -c 'sleep 100 & wait'").unwrap()));
    });
    let mut sampler = process.sampler();
    process.start().await.unwrap();
    bench.until_living(3).await;
    assert_eq!(sampler.sample().await.unwrap().threads, 1);
    process.stop().await.unwrap();
    bench.until_living(0).await;
    bench.end(process).await;
}
