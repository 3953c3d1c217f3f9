//! A process soak started: undone by killing it and all it started.

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::tree::Tree;
use super::{Outcome, UndoError};

/// A started process under the name the scenario gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartedTree {
    pub name: String,
    pub tree: Tree,
}

impl StartedTree {
    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        self.tree.kill()
    }

    /// Sends SIGKILL to those of the tree that live, once. What that does not reach is left to carrying out.
    pub(super) fn strike(&self) -> Outcome {
        self.tree.signal(Signal::SIGKILL).unwrap_or(Outcome::AlreadyGone)
    }

    pub(super) fn describe(&self) -> String {
        format!("process `{}` (pid {})", self.name, self.tree.root.pid)
    }
}
