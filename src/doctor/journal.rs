//! Where a run writes down what has to be undone.

use super::{Backend, Found, Need};
use crate::store::state_folder::StateFolder;

pub(super) const BACKEND: Backend = Backend {
    name: "journal",
    about: "what has to be undone is written down before it is done",
    look,
    needed: |_| Need::Always,
};

fn look() -> Found {
    match StateFolder::open() {
        Ok(folder) => Found::good(format!("`{}` can be written", folder.path().display())),
        Err(error) => Found::missing(
            error.to_string(),
            "set XDG_STATE_HOME to a folder of your own that can be written",
        ),
    }
}
