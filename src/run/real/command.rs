//! Commands of the story: run once, their output kept, ended at their timeout with all they started.

use super::Shared;
use super::command_output::{self, Printed, Streams};
use crate::kinds::descriptors;
use crate::kinds::process::program::resolve_program;
use crate::kinds::process::reaper;
use crate::kinds::undo::Marker;
use crate::run::world::{Answer, Ticket};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::process::{ExitStatus, Stdio};
use std::rc::Rc;
use std::time::Duration;
use tokio::process::Child;

/// Kills a command's process group when it is dropped, unless its leader has been waited for.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // Should it have ended just now, there is nothing left to kill.
            let _ = killpg(leader, Signal::SIGKILL);
        }
    }
}

/// Runs a command and answers with its exit code.
pub(super) fn run(shared: &Rc<Shared>, ticket: Ticket, words: Vec<String>, timeout: Duration) {
    let this = Rc::clone(shared);
    let task = tokio::task::spawn_local(async move {
        let answer = match tokio::time::timeout(timeout, exit_code(&this, &words)).await {
            Ok(code) => code.map(Answer::Exited),
            Err(_) => {
                let limit = crate::lang::unit::format_duration(timeout);
                Err(format!("it had not exited after {limit} and was killed"))
            }
        };
        this.commands.borrow_mut().remove(&ticket);
        this.answer(ticket, answer);
    });
    shared.commands.borrow_mut().insert(ticket, task.abort_handle());
}

async fn exit_code(shared: &Shared, words: &[String]) -> Result<Option<i32>, String> {
    let setup = &shared.setup;
    let first = words.first().ok_or("the command is empty")?;
    let program = resolve_program(first, None, &setup.folder).map_err(|error| error.to_string())?;
    let marker = Marker { run: setup.run.clone(), process: None };
    let entries = marker.entries();
    let environment = entries.iter().filter_map(|entry| entry.split_once('='));
    let Streams { standard, errors, printed } =
        command_output::open(&setup.output, &setup.mask).map_err(told)?;
    let mut running = tokio::process::Command::new(program);
    running
        .args(&words[1..])
        .current_dir(&setup.folder)
        .envs(environment)
        .stdin(Stdio::null())
        .stdout(standard)
        .stderr(errors)
        .process_group(0)
        .kill_on_drop(true);
    // SAFETY: what is given back is one call of the system, and nothing is allocated between fork and exec.
    unsafe { running.pre_exec(descriptors::give_back()) };
    let mut child = running.spawn().map_err(told)?;
    // The run's reaper must leave this child's exit to who waits for it.
    let _claim = child.id().map(reaper::claim);
    let leader = child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw);
    let mut group = Group(leader);
    let status = match printed {
        None => child.wait().await,
        Some(printed) => wait_and_follow(&mut child, printed).await,
    };
    let status = status.map_err(told)?;
    group.0 = None;
    Ok(status.code())
}

/// Waits for a command's exit while it prints. What it left behind in the background may go on printing.
async fn wait_and_follow(child: &mut Child, mut printed: Printed) -> std::io::Result<ExitStatus> {
    let mut ended = false;
    let status = loop {
        tokio::select! {
            biased;
            () = printed.follow(), if !ended => ended = true,
            status = child.wait() => break status,
        }
    };
    if !ended && !printed.take() {
        tokio::task::spawn_local(async move { printed.follow().await });
    }
    status
}

fn told(error: std::io::Error) -> String {
    format!("it could not be run: {error}")
}
