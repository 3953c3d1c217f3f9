//! A mistake in soak itself: one task that is no more would leave the run waiting for an answer that never comes.

use crate::cli::Exit;
use crate::cli::output;
use nix::libc;
use std::panic::PanicHookInfo;

/// From here on a panic of any thread ends the run at once: the guardian then undoes what was done.
pub fn ends_the_run() {
    std::panic::set_hook(Box::new(|panic| {
        output::say(&sentence(panic));
        // SAFETY: nothing of this process runs behind it; what is to be undone stands in the journal.
        unsafe { libc::_exit(i32::from(Exit::Impossible.code())) }
    }));
}

/// The place only: the text of a panic may hold what must not be seen.
fn sentence(panic: &PanicHookInfo) -> String {
    let place = panic.location().map_or_else(String::new, |at| format!(" ({}:{})", at.file(), at.line()));
    format!(
        "a mistake in soak itself ended the run{place}, and what the run did is undone; please report it with the scenario, \
         `soak report` shows what had been recorded"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Set for the process that is mistaken.
    const MISTAKEN: &str = "SOAK_TEST_MISTAKEN";

    /// Not a test of its own, but the process that the other one starts.
    #[test]
    fn role() {
        if std::env::var_os(MISTAKEN).is_some() {
            ends_the_run();
            let thread = std::thread::spawn(|| panic!("the word hunter2 must not be seen"));
            let _ = thread.join();
            std::thread::park();
        }
    }

    #[test]
    fn a_panic_of_any_thread_ends_the_run_and_tells_where_and_not_what() {
        let own = std::env::current_exe().unwrap();
        let mut command = std::process::Command::new(own);
        command.args(["--exact", "cli::run::mistake::tests::role", "--nocapture"]).env(MISTAKEN, "yes");
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("a mistake in soak itself ended the run (src/cli/run/mistake.rs:"), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
