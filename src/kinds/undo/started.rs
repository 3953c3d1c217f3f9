//! A process soak started: undone by killing it and all it started.

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

    pub(super) fn describe(&self) -> String {
        format!("process `{}` (pid {})", self.name, self.tree.root.pid)
    }
}
