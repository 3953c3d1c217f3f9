//! How long what a target is told takes, and what one iteration takes.

use super::amount::Time;
use super::known::Known;
use crate::check::scenario::{Argued, Argument, ConversationStep, IterationStep, LoadSubject, Target, Tell};
use crate::lang::signature::Nature;
use crate::lang::unit;

/// The time of a setting, its default where it is not given; `None` where the kind has no such setting.
pub(super) fn setting(known: &Known, target: &Target, name: &str) -> Option<Time> {
    argument(known, &target.settings, name).or_else(|| {
        let parameter = target.kind.all_settings().find(|parameter| parameter.name == name)?;
        let default = unit::parse(parameter.default?).ok()?.to_duration()?;
        Some(Time::exactly(u64::try_from(default.as_nanos()).unwrap_or(u64::MAX)))
    })
}

fn argument(known: &Known, arguments: &[Argument], name: &str) -> Option<Time> {
    let given = arguments.iter().find(|argument| argument.parameter.name == name)?;
    match given.values.first()? {
        Argued::Value(value) => Some(known.time(value)),
        _ => None,
    }
}

/// How long a process may take to become ready after its start; no time where nothing tells that it is.
pub(super) fn until_ready(known: &Known, target: &Target) -> Time {
    if target.setting("ready").is_none() {
        return Time::ZERO;
    }
    Time::up_to(setting(known, target, "within").and_then(|within| within.most))
}

/// How long a process may take to exit once it was asked to.
pub(super) fn until_exit(known: &Known, target: &Target) -> Time {
    Time::up_to(setting(known, target, "grace").and_then(|grace| grace.most))
}

/// How long a statement of the story takes that tells a target something. `None`: it lasts until its block ends.
pub(super) fn in_story(known: &Known, tell: &Tell) -> Option<Time> {
    if let Some(duration) = &tell.duration {
        return Some(known.time(duration));
    }
    let target = known.scenario.target(tell.target);
    Some(match (tell.verb.nature, tell.verb.name) {
        (Nature::State { .. }, _) => return None,
        (Nature::Request, _) => request(known, tell),
        (Nature::Act { .. }, "stop") => until_exit(known, target),
        (Nature::Act { .. }, "restart") => until_exit(known, target).plus(until_ready(known, target)),
        (Nature::Act { .. }, _) => Time::ZERO,
    })
}

/// How long a request takes: nothing, up to its timeout. What has none is unbounded, but for files and lines, which
/// are taken for done at once.
fn request(known: &Known, tell: &Tell) -> Time {
    let target = known.scenario.target(tell.target);
    let mut held = Time::ZERO;
    for step in &tell.conversation {
        if let ConversationStep::Hold(duration) = step {
            held = held.plus(known.time(duration));
        }
    }
    let timeout = argument(known, &tell.arguments, "timeout").or_else(|| setting(known, target, "timeout"));
    let asked = match timeout {
        Some(timeout) => Time::up_to(timeout.most),
        None if matches!(target.kind.name, "process" | "disk") => Time::ZERO,
        None => Time::up_to(None),
    };
    held.plus(asked)
}

/// How long one iteration takes.
pub(super) fn iteration(known: &Known, subject: LoadSubject) -> Time {
    if let Some(time) = known.iterations.borrow().get(&subject) {
        return *time;
    }
    let time = one_iteration(known, subject);
    known.iterations.borrow_mut().insert(subject, time);
    time
}

fn one_iteration(known: &Known, subject: LoadSubject) -> Time {
    let action = |index: usize| steps(known, &known.scenario.actions[index].steps);
    match subject {
        LoadSubject::Action(id) => action(id.index()),
        LoadSubject::Mix(mix) => {
            let parts = known.scenario.mixes[mix.index()].parts.iter();
            parts.map(|(_, id)| action(id.index())).reduce(Time::either).unwrap_or_default()
        }
    }
}

fn steps(known: &Known, steps: &[IterationStep]) -> Time {
    let times = steps.iter().map(|step| match step {
        IterationStep::Tell { tell, .. } => request(known, tell),
        IterationStep::Think { duration, .. } => known.time(duration),
        IterationStep::Check { .. } | IterationStep::Capture { .. } => Time::ZERO,
    });
    times.fold(Time::ZERO, Time::plus)
}
