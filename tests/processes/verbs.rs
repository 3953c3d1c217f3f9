//! Each verb, and what follows it.

use std::time::Duration;

use nix::sys::signal::Signal;
use soak::kinds::process::error::ProcessError;
use soak::kinds::process::probe::Probe;
use soak::kinds::process::state::{Exit, ProcessState};
use tokio::time::{sleep, timeout};

use crate::bench::*;

#[tokio::test]
async fn start_and_stop() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    assert_eq!(process.state(), ProcessState::default());
    process.start().await.unwrap();
    let state = process.state();
    assert!(state.up && state.ready);
    assert_eq!(bench.living(), [state.pid().unwrap()]);
    process.start().await.unwrap();
    assert_eq!(process.state().pid(), state.pid());
    process.stop().await.unwrap();
    let state = process.state();
    assert!(!state.up && !state.ready);
    assert_eq!((state.exit, state.exit_code(), state.pid()), (Some(Exit::Signal(15)), Some(143), None));
    process.stop().await.unwrap();
    bench.end(process).await;
}

#[tokio::test]
async fn stop_kills_what_ignores_it_after_the_grace() {
    let bench = Bench::new();
    let process = bench.with("sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.05; done'", |options| {
        options.stop_grace = Duration::from_millis(300);
        options.ready = Some(Probe::Line(regex::Regex::new("^deaf$").unwrap()));
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    process.stop().await.unwrap();
    assert_eq!(process.state().exit, Some(Exit::Signal(9)));
    bench.end(process).await;
}

#[tokio::test]
async fn a_kill_overtakes_a_stop() {
    let bench = Bench::new();
    let process = bench.with("sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.05; done'", |options| {
        options.stop_grace = Duration::from_secs(3600);
        options.ready = Some(Probe::Line(regex::Regex::new("^deaf$").unwrap()));
        options.restart_after = Some(Duration::ZERO);
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    let both = async { tokio::join!(process.stop(), process.kill()) };
    let (stopped, killed) = timeout(PATIENCE, both).await.unwrap();
    stopped.unwrap();
    killed.unwrap();
    assert!(!process.state().up && !process.state().restarting, "restarted after a stop");
    bench.end(process).await;
}

#[tokio::test]
async fn held_down_until_released() {
    let bench = Bench::new();
    let process = bench.with("sleep 100", |options| options.restart_after = Some(Duration::ZERO));
    process.start().await.unwrap();
    process.hold_down().await.unwrap();
    process.hold_down().await.unwrap();
    sleep(Duration::from_millis(150)).await;
    assert!(!process.state().up && process.state().held);
    assert!(matches!(process.start().await, Err(ProcessError::HeldDown { .. })));
    process.release().await.unwrap();
    assert!(!process.state().up);
    process.release().await.unwrap();
    assert!(process.state().up && !process.state().held);
    process.hold_down().await.unwrap();
    process.stop().await.unwrap();
    process.release().await.unwrap();
    assert!(!process.state().up, "a stop during the hold is forgotten");
    bench.end(process).await;
}

#[tokio::test]
async fn the_restart_policy_follows_exits_and_kills_but_not_stops() {
    let bench = Bench::new();
    let process = bench.with("sleep 100", |options| options.restart_after = Some(Duration::from_millis(50)));
    process.start().await.unwrap();
    let first = process.state().pid();
    process.kill().await.unwrap();
    let state = until_state(&process, |state| state.up).await;
    assert_eq!(state.restarts, 1);
    assert_ne!(state.pid(), first);
    process.signal(Signal::SIGTERM).await.unwrap();
    until_state(&process, |state| state.restarts == 2).await;
    process.stop().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    assert!(!process.state().up);
    process.start().await.unwrap();
    process.restart().await.unwrap();
    assert_eq!(process.state().restarts, 2, "what was asked for does not count");
    bench.end(process).await;
}

#[tokio::test]
async fn pause_stops_the_whole_tree_and_resume_lets_it_go_on() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & sleep 100 & wait'");
    process.start().await.unwrap();
    bench.until_living(3).await;
    let before = bench.recorder.journal.owed();
    process.pause().await.unwrap();
    process.pause().await.unwrap();
    until("a stopped tree", || bench.letters() == "TTT").await;
    assert_eq!(bench.recorder.journal.owed(), before + 1);
    assert!(process.state().up && process.state().paused);
    process.resume().await.unwrap();
    until("a running tree", || bench.letters() == "SSS").await;
    assert_eq!(bench.recorder.journal.owed(), before);
    process.pause().await.unwrap();
    timeout(PATIENCE, process.stop()).await.unwrap().unwrap();
    assert_eq!(process.state().exit, Some(Exit::Signal(15)), "a paused process takes its stop signal");
    assert!(matches!(process.pause().await, Err(ProcessError::NotRunning { .. })));
    process.resume().await.unwrap();
    bench.end(process).await;
}

#[tokio::test]
async fn a_pause_ends_with_the_process() {
    let bench = Bench::new();
    let process = bench.process("sleep 100");
    process.start().await.unwrap();
    process.pause().await.unwrap();
    process.kill().await.unwrap();
    assert!(!process.state().paused);
    bench.end(process).await;
}
