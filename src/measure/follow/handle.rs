//! How the rest of a run talks to the hub: it asks for followers and receives what they hear.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::FollowError;
use super::files::FileEvent;
use super::lateness::LatenessSummary;
use super::lines::LineBatch;
use crate::lang::pattern::Pattern;

/// What the hub is asked.
pub(super) enum Command {
    Lines(Pattern, oneshot::Sender<Result<mpsc::Receiver<LineBatch>, FollowError>>),
    Files(Pattern, oneshot::Sender<Result<mpsc::Receiver<FileEvent>, FollowError>>),
    Health(oneshot::Sender<Health>),
}

/// How well following goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// How late the times of lines and of files moved into place were.
    pub lateness: LatenessSummary,
    /// Times at which the kernel dropped notifications and everything was looked at again.
    pub overflows: u64,
    /// Lines that were too long and are cut.
    pub cut: u64,
    /// Files that were found shorter than what had been read of them.
    pub truncations: u64,
    /// Files that could not be read, for want of permission or because there were too many.
    pub unread: u64,
    /// Directories that could not be watched.
    pub unwatched: u64,
    /// File events lost because their receiver was busy for too long.
    pub missed: u64,
    /// Directories watched now.
    pub folders: usize,
}

impl Health {
    /// What a report has to say of it, in sentences; nothing where nothing was followed.
    pub fn told(&self) -> Vec<String> {
        let mut told = Vec::new();
        let Health { lateness, .. } = self;
        if lateness.count > 0 {
            let shown = |time: Duration| format!("{:.1}ms", time.as_secs_f64() * 1e3);
            told.push(format!(
                "changes of files were heard {} times, {} after they were made at the median, {} at p99, {} at most",
                lateness.count,
                shown(lateness.p50),
                shown(lateness.p99),
                shown(lateness.max)
            ));
        }
        let troubles = [
            (self.overflows, "times the kernel dropped notifications; everything was looked at again"),
            (self.cut, "lines were too long and are cut"),
            (self.unread, "files could not be read, so their lines are missing: look at their permissions"),
            (self.unwatched, "folders could not be watched, so what is in them is missing"),
            (self.missed, "files were finished faster than they could be counted, and are missing"),
        ];
        told.extend(
            troubles.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")),
        );
        told
    }
}

/// Asks the hub for followers. The hub ends when the last handle and the last follower are dropped.
#[derive(Clone, Debug)]
pub struct HubHandle {
    pub(super) commands: mpsc::Sender<Command>,
}

/// Whole lines as they arrive.
#[derive(Debug)]
pub struct LineFollower {
    receiver: mpsc::Receiver<LineBatch>,
    hub: HubHandle,
}

impl LineFollower {
    /// The hub it belongs to.
    pub fn hub(&self) -> HubHandle {
        self.hub.clone()
    }

    /// The next lines; None once the hub has ended. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<LineBatch> {
        self.receiver.recv().await
    }
}

/// Files as they are finished, and as they go.
#[derive(Debug)]
pub struct FileFollower {
    receiver: mpsc::Receiver<FileEvent>,
    hub: HubHandle,
}

impl FileFollower {
    /// The hub it belongs to.
    pub fn hub(&self) -> HubHandle {
        self.hub.clone()
    }

    /// The next event; None once the hub has ended. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<FileEvent> {
        self.receiver.recv().await
    }
}

impl HubHandle {
    /// Follows the lines of all files that match, from now on.
    ///
    /// # Errors
    /// When a directory cannot be watched, or the hub has ended.
    pub async fn lines(&self, pattern: Pattern) -> Result<LineFollower, FollowError> {
        let receiver = self.ask(|answer| Command::Lines(pattern, answer)).await??;
        Ok(LineFollower { receiver, hub: self.clone() })
    }

    /// Follows all files that match, from now on.
    ///
    /// # Errors
    /// As [`HubHandle::lines`].
    pub async fn files(&self, pattern: Pattern) -> Result<FileFollower, FollowError> {
        let receiver = self.ask(|answer| Command::Files(pattern, answer)).await??;
        Ok(FileFollower { receiver, hub: self.clone() })
    }

    /// How well it goes.
    ///
    /// # Errors
    /// When the hub has ended.
    pub async fn health(&self) -> Result<Health, FollowError> {
        self.ask(Command::Health).await
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, FollowError> {
        let (answer, answered) = oneshot::channel();
        self.commands.send(command(answer)).await.map_err(|_| FollowError::Ended)?;
        answered.await.map_err(|_| FollowError::Ended)
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Command")
    }
}
