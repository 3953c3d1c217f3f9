//! Signals become requests to stop. SIGHUP and SIGTSTP are heard and left alone: a run outlives its terminal, and one
//! that stood still would leave its faults in force.
//!
//! Handlers are used, not masks or "ignore": those would be inherited by every process that a run starts.

use crate::event::control::{Controller, Signal};
use nix::libc::SIGTSTP;
use std::thread;
use tokio::signal::unix::{SignalKind, signal};

/// Hands signals on from now until the process ends.
pub fn listen(controller: Controller) {
    let (ready, listening) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
        runtime.block_on(async {
            let interrupt = signal(SignalKind::interrupt());
            let terminate = signal(SignalKind::terminate());
            let hangup = signal(SignalKind::hangup());
            let suspend = signal(SignalKind::from_raw(SIGTSTP));
            let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else { return };
            let (Ok(mut hangup), Ok(mut suspend)) = (hangup, suspend) else { return };
            let _ = ready.send(());
            loop {
                tokio::select! {
                    _ = interrupt.recv() => controller.send(Signal::Interrupt),
                    _ = terminate.recv() => controller.send(Signal::Terminate),
                    _ = suspend.recv() => tracing::info!("SIGTSTP: a run cannot be suspended, and goes on"),
                    _ = hangup.recv() => tracing::info!("SIGHUP: the terminal is gone, the run goes on"),
                }
            }
        });
    });
    // The run must not begin before it can be stopped; where nothing can listen, signals end it as ever and the
    // guardian undoes.
    let _ = listening.recv();
}
