//! Containers, for processes that soak did not start.

use super::{Backend, Found, declares};
use crate::kinds::undo::{CONTAINER_TOOLS, output_of};

pub(super) const BACKEND: Backend = Backend {
    name: "containers",
    about: "processes in containers (docker, podman)",
    look,
    needed: |scenario| declares(scenario, "process", &["container"]),
};

fn look() -> Found {
    let lists = |tool: &&str| output_of(&[tool, "ps", "--quiet"]);
    let tried: Vec<_> = CONTAINER_TOOLS.into_iter().map(|tool| (tool, lists(&tool))).collect();
    match tried.iter().find(|(_, listed)| listed.is_ok()) {
        Some((tool, _)) => Found::good(format!("{tool} lists them")),
        None => {
            let why: Vec<_> = tried.iter().filter_map(|(_, listed)| listed.as_ref().err()).collect();
            let why = why.iter().map(|why| why.as_str()).collect::<Vec<_>>().join(", ");
            Found::missing(
                format!("no containers can be listed: {why}"),
                "install docker or podman, and let this user use it (`sudo usermod -aG docker $USER`)",
            )
        }
    }
}
