//! Lines sent to a process. A task of its own for each start, since a process that does not read holds the writer up.

use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::ChildStdin;
use tokio::sync::{mpsc, oneshot};

use super::error::ProcessError;

/// How long a process may leave a line unread once its pipe is full.
pub const SEND_PATIENCE: Duration = Duration::from_secs(5);
/// The longest line, in bytes.
pub const SEND_LIMIT: usize = 1024 * 1024;
/// Lines waiting behind one that is not being read.
pub(super) const SEND_QUEUE: usize = 64;

/// A line with its end, and who wants to know.
pub(super) struct Sent {
    pub line: Vec<u8>,
    pub reply: oneshot::Sender<Result<(), ProcessError>>,
}

/// Writes what comes until the process closes its input or ends.
pub(super) async fn write(name: String, mut pipe: ChildStdin, mut lines: mpsc::Receiver<Sent>) {
    // What the process took only a part of. The next line waits for its rest, or the two would run together.
    let mut rest: Vec<u8> = Vec::new();
    while let Some(Sent { line, reply }) = lines.recv().await {
        let started_at = rest.len();
        let whole = started_at + line.len();
        rest.extend(line);
        let written = tokio::time::timeout(SEND_PATIENCE, drain(&mut pipe, &mut rest)).await;
        let answer = match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(ProcessError::NotRunning { name: name.clone() }),
            Err(_) => {
                let untouched = whole - rest.len() <= started_at;
                if untouched {
                    rest.truncate(rest.len() - (whole - started_at));
                }
                Err(ProcessError::InputFull { name: name.clone() })
            }
        };
        // Who asked may have been cut off by the end of a block.
        let _ = reply.send(answer);
    }
}

/// Writes all of `rest`, taking away what is written, so that a timeout loses nothing.
async fn drain(pipe: &mut ChildStdin, rest: &mut Vec<u8>) -> std::io::Result<()> {
    while !rest.is_empty() {
        let taken = pipe.write(rest).await?;
        rest.drain(..taken);
    }
    Ok(())
}
