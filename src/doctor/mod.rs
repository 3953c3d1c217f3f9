//! What this machine and this user let soak do. Each backend is tried, not guessed at: one file, and an entry in
//! [`BACKENDS`].

mod containers;
mod control_groups;
mod descriptors;
mod fuse;
mod interface_queues;
mod interfaces;
mod journal;
mod nameless;
mod netem;
mod network;
mod own_disks;
mod ports;
mod signals;
mod units;
mod waiting_disks;

use crate::check::scenario::Scenario;
use crate::check::walk::visit_tells;
use crate::source::Span;

/// Something of the machine that soak builds on.
pub struct Backend {
    /// A short name.
    pub name: &'static str,
    /// What it is there for.
    pub about: &'static str,
    /// Tries it. Nothing stays of that.
    pub look: fn() -> Found,
    /// Whether a scenario cannot run without it, and where it says so.
    pub needed: fn(&Scenario) -> Need,
}

/// How much a scenario needs a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Not at all, or it can be done without.
    None,
    /// As every run does.
    Always,
    /// Because of what stands here.
    Because(Span),
}

/// How a backend stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// All of it can be had.
    Good,
    /// It can be done without, or is less than usual.
    Less,
    /// It cannot be had.
    Missing,
}

/// What a look at a backend found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub standing: Standing,
    /// What there is, or why it is not.
    pub detail: String,
    /// What to do about it, as a sentence.
    pub remedy: Option<String>,
}

impl Found {
    fn good(detail: impl Into<String>) -> Found {
        Found { standing: Standing::Good, detail: detail.into(), remedy: None }
    }

    fn less(detail: impl Into<String>, remedy: impl Into<String>) -> Found {
        Found { standing: Standing::Less, detail: detail.into(), remedy: Some(remedy.into()) }
    }

    fn missing(detail: impl Into<String>, remedy: impl Into<String>) -> Found {
        Found { standing: Standing::Missing, detail: detail.into(), remedy: Some(remedy.into()) }
    }
}

/// All backends, in the order in which they are told.
pub static BACKENDS: &[Backend] = &[
    journal::BACKEND,
    signals::BACKEND,
    network::BACKEND,
    nameless::BACKEND,
    own_disks::BACKEND,
    control_groups::BACKEND,
    fuse::BACKEND,
    waiting_disks::BACKEND,
    interfaces::BACKEND,
    interface_queues::BACKEND,
    netem::BACKEND,
    units::BACKEND,
    containers::BACKEND,
    descriptors::BACKEND,
    ports::BACKEND,
];

/// Why a scenario cannot run here, by the first backend that it needs and that is not there: a sentence, and the place
/// that needs it.
pub fn refuses(scenario: &Scenario) -> Option<(String, Option<Span>)> {
    BACKENDS.iter().find_map(|backend| {
        let place = match (backend.needed)(scenario) {
            Need::None => return None,
            Need::Always => None,
            Need::Because(span) => Some(span),
        };
        let found = (backend.look)();
        let remedy = found.remedy.filter(|_| found.standing == Standing::Missing)?;
        Some((format!("{}: {}; {remedy}", backend.name, found.detail), place))
    })
}

/// Needed by the first target of a kind, with one of these settings where there are any.
fn declares(scenario: &Scenario, kind: &str, settings: &[&str]) -> Need {
    let found = scenario.targets.iter().filter(|target| target.kind.name == kind).find(|target| {
        settings.is_empty() || settings.iter().any(|setting| target.setting(setting).is_some())
    });
    found.map_or(Need::None, |target| Need::Because(target.span))
}

/// Needed by the first target of a kind that is told so.
fn tells(scenario: &Scenario, kind: &str, verb: &str) -> Need {
    let mut need = Need::None;
    visit_tells(scenario, &mut |tell| {
        if need == Need::None && tell.verb.name == verb && scenario.target(tell.target).kind.name == kind {
            need = Need::Because(tell.span);
        }
    });
    need
}

/// Needed by the first degradation of a real interface that asks for one of these.
fn degrades_interface(scenario: &Scenario, words: &[&str]) -> Need {
    let mut need = Need::None;
    visit_tells(scenario, &mut |tell| {
        let real = scenario.target(tell.target).setting("interface").is_some();
        if need == Need::None && real && words.iter().any(|word| tell.says(word)) {
            need = Need::Because(tell.span);
        }
    });
    need
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_lacks_something_is_told_what_to_do() {
        for backend in BACKENDS {
            let found = (backend.look)();
            assert_eq!(
                found.standing == Standing::Good,
                found.remedy.is_none(),
                "{}: {found:?}",
                backend.name
            );
            assert!(!found.detail.is_empty() && !found.detail.ends_with('.'), "{}", backend.name);
        }
    }
}
