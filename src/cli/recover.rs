//! `soak recover`: what runs that died have left behind.

use super::{Exit, output};

/// Undoes what dead runs left, and tells what that was.
#[cfg(target_os = "linux")]
pub fn recover() -> Exit {
    use crate::store::recover::recover_stale;
    let mut exit = Exit::Good;
    let mut page = String::new();
    for result in recover_stale() {
        match result {
            Ok(recovered) => {
                if !recovered.failed.is_empty() || recovered.unreadable > 0 {
                    exit = Exit::Impossible;
                }
                page.push_str(&format!("{recovered}\n"));
            }
            Err(error) => {
                output::say(&error.to_string());
                exit = Exit::Impossible;
            }
        }
    }
    if page.is_empty() && exit == Exit::Good {
        output::say("no run has left anything behind");
    }
    output::data(page.as_bytes(), exit)
}

/// Undoes what dead runs left before another one begins, which would meet it. What cannot be undone keeps nobody from running.
#[cfg(target_os = "linux")]
pub fn before_a_run() {
    for result in crate::store::recover::recover_stale() {
        match result {
            Ok(recovered) => output::say(&recovered.to_string()),
            Err(error) => output::say(&error.to_string()),
        }
    }
}

/// Elsewhere nothing runs, so nothing is left behind.
#[cfg(not(target_os = "linux"))]
pub fn recover() -> Exit {
    output::say("soak runs scenarios on Linux only, so there is nothing here to undo");
    Exit::Good
}
