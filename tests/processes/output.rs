//! Lines to a process and from it.

use std::fs;
use std::time::Duration;

use soak::kinds::process::error::ProcessError;
use soak::kinds::process::output::Stream;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};

use crate::bench::*;

#[tokio::test]
async fn lines_go_in_and_come_out() {
    let bench = Bench::new();
    let process = bench
        .process("sh -c 'while read line; do echo \"got $line\"; echo \"saw $line\" >&2; done; printf last'");
    let mut lines = process.lines();
    process.start().await.unwrap();
    process.send("one").await.unwrap();
    let (mut out, mut err) = (None, None);
    while out.is_none() || err.is_none() {
        let line = timeout(PATIENCE, lines.recv()).await.unwrap().unwrap();
        let place = if line.stream == Stream::Output { &mut out } else { &mut err };
        *place = Some(line.text.to_string());
    }
    assert_eq!((out.as_deref(), err.as_deref()), (Some("got one"), Some("saw one")));
    process.stop().await.unwrap();
    assert!(matches!(process.send("two").await, Err(ProcessError::NotRunning { .. })));
    let log = process.log().unwrap().to_owned();
    bench_end_keeping(bench, process, |_| {
        let mut text: Vec<String> = fs::read_to_string(&log).unwrap().lines().map(String::from).collect();
        text.sort();
        assert_eq!(text, ["got one", "saw one"]);
    })
    .await;
}

/// Listeners see the line as it is, since a probe or a capture may be about it; what stays on the disk does not show it.
#[tokio::test]
async fn what_is_secret_does_not_stay_in_the_log() {
    let bench = Bench::new();
    let process = bench.process(&format!("sh -c 'echo it is {HIDDEN}.; printf {HIDDEN}'"));
    let mut lines = process.lines();
    process.start().await.unwrap();
    let line = timeout(PATIENCE, lines.recv()).await.unwrap().unwrap();
    assert_eq!(line.text.as_ref(), format!("it is {HIDDEN}."));
    timeout(PATIENCE, lines.recv()).await.unwrap().unwrap();
    let log = process.log().unwrap().to_owned();
    bench_end_keeping(bench, process, |_| {
        assert_eq!(fs::read_to_string(&log).unwrap(), "it is ***.\n***\n");
    })
    .await;
}

#[tokio::test]
async fn a_flood_of_output_is_bounded_and_counted() {
    let bench = Bench::new();
    let process =
        bench.process("sh -c 'seq 1 200000; head -c 100000 /dev/zero | tr \"\\\\0\" x; echo; echo end'");
    let mut lines = process.lines();
    process.start().await.unwrap();
    until_state(&process, |state| state.exit.is_some()).await;
    sleep(Duration::from_millis(50)).await;
    let (mut seen, mut missed, mut cut) = (0, 0, 0);
    loop {
        match timeout(PATIENCE, lines.recv()).await.unwrap() {
            Ok(line) => {
                seen += 1;
                cut += usize::from(line.cut);
                if &*line.text == "end" {
                    break;
                }
            }
            Err(RecvError::Lagged(count)) => missed += count,
            Err(RecvError::Closed) => panic!("the end never came"),
        }
    }
    assert_eq!((seen + missed, cut), (200_002, 1));
    assert!(missed > 0);
    let log = process.log().unwrap().to_owned();
    bench_end_keeping(bench, process, |_| {
        let text = fs::read_to_string(&log).unwrap();
        assert_eq!(text.lines().count(), 200_002);
        assert!(text.ends_with("x\nend\n"));
    })
    .await;
}
