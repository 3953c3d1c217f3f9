//! Descendants: found, measured and ended with their process.

use std::time::Duration;

use soak::kinds::process::error::ProcessError;
use soak::kinds::process::probe::Probe;
use soak::kinds::process::state::Exit;
use soak::kinds::undo::ProcessTable;
use tokio::time::sleep;

use crate::bench::*;

#[tokio::test]
async fn a_kill_reaches_double_forkers_and_pipelines() {
    let bench = Bench::new();
    let tree = "sh -c '(setsid sleep 100 &) ; env -i setsid sleep 100 & sleep 100 | sleep 100 & wait'";
    let process = bench.process(tree);
    process.start().await.unwrap();
    bench.until_living(5).await;
    process.kill().await.unwrap();
    assert_eq!(bench.living(), [0; 0]);
    assert_eq!(process.state().exit, Some(Exit::Signal(9)));
    assert!(matches!(process.kill().await, Err(ProcessError::NotRunning { .. })));
    bench.end(process).await;
}

#[tokio::test]
async fn a_daemon_left_behind_is_ended_with_the_process() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & exit 3'");
    process.start().await.unwrap();
    let state = until_state(&process, |state| state.exit.is_some()).await;
    assert_eq!((state.up, state.exit_code()), (false, Some(3)));
    bench.until_living(1).await;
    let first = state.since;
    process.start().await.unwrap();
    until_state(&process, |state| state.since > first && !state.up).await;
    bench.until_living(1).await;
    bench.end(process).await;
}

#[tokio::test]
async fn readings_cover_the_tree() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & sh -c \"while :; do :; done\" & wait'");
    let mut sampler = process.sampler();
    assert_eq!(sampler.sample().await, None);
    process.start().await.unwrap();
    bench.until_living(3).await;
    let first = sampler.sample().await.unwrap();
    assert_eq!((first.cpu, first.threads), (None, 3));
    assert!(first.rss > 100_000 && first.files >= 9, "{first:?}");
    let mut cpu = 0.0;
    for _ in 0..100 {
        sleep(Duration::from_millis(100)).await;
        // Not told of a stretch shorter than a fifth of a second.
        cpu = sampler.sample().await.unwrap().cpu.unwrap_or(cpu);
        if cpu > 0.1 {
            break;
        }
    }
    assert!(cpu > 0.1 && cpu < 1.9, "{cpu}");
    bench.end(process).await;
}

#[tokio::test]
async fn orphans_that_end_are_reaped() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'for n in 1 2 3; do (setsid true &); done; sleep 100'");
    process.start().await.unwrap();
    let own = nix::unistd::getpid().as_raw();
    sleep(Duration::from_millis(300)).await;
    let zombies = || {
        let table = ProcessTable::read().unwrap();
        table.iter().filter(|entry| entry.parent == own && entry.is_zombie()).count()
    };
    until("an end of zombies", || zombies() == 0).await;
    bench.end(process).await;
}

#[tokio::test]
async fn a_dropped_handle_takes_its_process_along() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'setsid sleep 100 & wait'");
    process.start().await.unwrap();
    bench.until_living(2).await;
    drop(process);
    bench.until_living(0).await;
    until("a settled journal", || bench.recorder.journal.owed() == 1).await;
    bench.supervision.end().await.unwrap();
    bench.recorder.journal.finish().unwrap();
}

#[tokio::test]
async fn orphans_without_mark_session_and_parents_end_with_the_run() {
    let bench = Bench::new();
    let process = bench.process("sh -c 'env -i setsid sleep 101 & exit'");
    process.start().await.unwrap();
    until_state(&process, |state| state.exit.is_some()).await;
    let alive = || {
        let table = ProcessTable::read().unwrap();
        let orphans = soak::kinds::process::reaper::orphans(&table);
        orphans.iter().filter(|entry| !entry.is_zombie() && !soak::kinds::undo::is_marked(entry.pid)).count()
    };
    until("an orphan", || alive() == 1).await;
    bench.end(process).await;
    assert_eq!(alive(), 0);
}

#[tokio::test]
async fn a_descendant_seen_once_is_not_lost_when_its_parent_ends() {
    let bench = Bench::new();
    let daemon = "trap \"\" TERM; echo ready; while :; do /bin/sleep 0.05; done";
    let process = bench.with(&format!("sh -c 'env -i setsid sh -c \"$0\" & wait' '{daemon}'"), |options| {
        options.stop_grace = Duration::from_millis(300);
        options.ready = Some(Probe::Line(regex::Regex::new("^ready$").unwrap()));
    });
    process.start().await.unwrap();
    process.wait_ready().await.unwrap();
    process.stop().await.unwrap();
    assert_eq!(process.state().exit, Some(Exit::Signal(15)));
    let table = ProcessTable::read().unwrap();
    let left = soak::kinds::process::reaper::orphans(&table);
    assert!(left.iter().all(|entry| entry.is_zombie()), "{left:?}");
    bench.end(process).await;
}
