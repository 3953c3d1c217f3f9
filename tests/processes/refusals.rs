//! What is refused, and that nothing is done then.

use std::fs;
use std::sync::atomic::Ordering;

use soak::kinds::process::command::split_command;
use soak::kinds::process::error::ProcessError;
use soak::kinds::process::options::ProcessOptions;

use crate::bench::*;

#[tokio::test]
async fn what_is_missing_is_told_before_anything_starts() {
    let bench = Bench::new();
    let make = |command: &str, folder: Option<&str>| {
        let mut options = ProcessOptions::new("subject", split_command(command).unwrap());
        options.folder = folder.map(Into::into);
        bench.supervision.process(options)
    };
    assert!(matches!(make("no-such-program-anywhere", None), Err(ProcessError::ProgramMissing { .. })));
    fs::write(bench.path().join("plain"), "").unwrap();
    assert!(matches!(make("./plain", None), Err(ProcessError::NotExecutable { .. })));
    assert!(matches!(make("true", Some("plain")), Err(ProcessError::NoFolder { .. })));
    let process = make("true", Some("not-yet")).unwrap();
    assert!(matches!(process.start().await, Err(ProcessError::Start { .. })));
    assert!(!process.state().up);
    bench.end(process).await;
}

#[tokio::test]
async fn a_journal_that_cannot_be_written_stops_start_and_pause() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    bench.recorder.full.store(true, Ordering::Relaxed);
    let error = process.start().await.unwrap_err();
    assert!(error.to_string().starts_with("cannot write the undo journal"), "{error}");
    assert!(!process.state().up);
    assert_eq!(bench.living(), [0; 0]);
    bench.recorder.full.store(false, Ordering::Relaxed);
    process.start().await.unwrap();
    bench.recorder.full.store(true, Ordering::Relaxed);
    assert!(matches!(process.pause().await, Err(ProcessError::Journal(_))));
    until("a sleeping process, which a paused one never is", || bench.letters() == "S").await;
    bench.recorder.full.store(false, Ordering::Relaxed);
    bench.end(process).await;
}

#[tokio::test]
async fn a_process_that_does_not_read_is_told() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    process.start().await.unwrap();
    let line = "x".repeat(60_000);
    process.send(&line).await.unwrap();
    assert!(matches!(process.send(&line).await, Err(ProcessError::InputFull { .. })));
    let long = "x".repeat(2_000_000);
    assert!(matches!(process.send(&long).await, Err(ProcessError::LineTooLong { .. })));
    bench.end(process).await;
}
