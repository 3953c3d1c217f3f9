//! `soak kinds`: what there is to test, and how it is told things.

use super::{Exit, output};
use crate::kinds::{self as vocabulary, show};
use clap::Args;

#[derive(Debug, Args)]
pub struct KindsArguments {
    /// Tell all of this kind.
    name: Option<String>,
}

/// Shows the kinds, or one.
pub fn kinds(arguments: &KindsArguments) -> Exit {
    let Some(name) = &arguments.name else { return output::data(show::overview().as_bytes(), Exit::Good) };
    if let Some(kind) = vocabulary::find(name) {
        return output::data(show::kind(kind).as_bytes(), Exit::Good);
    }
    let meant = vocabulary::nearest(name).map(|kind| format!("; did you mean `{}`?", kind.name));
    output::say(&format!(
        "there is no kind `{name}`{}",
        meant.unwrap_or_else(|| "; `soak kinds` lists them".into())
    ));
    Exit::Wrong
}
