//! A process stopped with SIGSTOP: undone by letting it, and all it started, go on.

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use super::tree::Tree;
use super::{Outcome, UndoError};

/// A stopped process under the name the scenario gives it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PausedTree {
    pub name: String,
    pub tree: Tree,
}

impl PausedTree {
    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        self.tree.signal(Signal::SIGCONT)
    }

    pub(super) fn describe(&self) -> String {
        format!("the pause of `{}` (pid {})", self.name, self.tree.root.pid)
    }
}
