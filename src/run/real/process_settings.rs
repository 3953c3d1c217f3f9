//! Processes as they are declared: those that soak starts, and those that run already.

use super::Setup;
use super::process::ProcessTarget;
use super::settings::{Fixed, SetupError, given, place};
use crate::check::scenario::{Argued, Target};
use crate::check::walk::tells_of;
use crate::kinds::host::hosts::Place;
use crate::kinds::host::stand::Stand;
use crate::kinds::process::found::{FoundOptions, Whereabouts};
use crate::kinds::process::options::{ProcessOptions, READY_WITHIN, signal_named};
use crate::kinds::process::probe::{HttpAddress, Probe};
use crate::kinds::process::program::resolve_program;
use crate::kinds::process::skew::{Clock, reachable};
use crate::kinds::process::supervision::Supervision;
use crate::lang::call::Arguments;
use crate::lang::expr::{Expr, TargetId};
use std::path::PathBuf;
use std::sync::Arc;

/// A declared process, made ready to be started or found.
pub(super) fn target(
    setup: &Setup,
    supervision: &Supervision,
    target: &Target,
    settings: &Arguments,
) -> Result<ProcessTarget, SetupError> {
    if given(target, "run").is_none() {
        let process = supervision.found(found(setup, target, settings)?);
        return Ok(ProcessTarget::new(process, false, None, Stand::default()));
    }
    let mut options = started(setup, target, settings)?;
    let clock = clock(setup, target, &mut options)?;
    let address = options.ready.as_ref().and_then(Probe::address).map(str::to_owned);
    let stand = options.place.as_ref().map(Place::stand).unwrap_or_default();
    let process =
        supervision.process(options).map_err(|error| SetupError::at(place(target, "run"), error))?;
    Ok(ProcessTarget::new(process, settings.has("later"), address, stand).with_clock(clock))
}

/// The clock of a process that is skewed somewhere: it has to be loaded when the process starts.
fn clock(setup: &Setup, target: &Target, options: &mut ProcessOptions) -> Result<Option<Clock>, SetupError> {
    let place_of = setup.scenario.targets.iter().position(|one| std::ptr::eq(one, target));
    let told = tells_of(&setup.scenario, TargetId(place_of.unwrap_or_default() as u32));
    let Some(skew) = told.into_iter().find(|tell| tell.verb.name == "skew") else { return Ok(None) };
    let refused = |why: String| {
        SetupError::at(skew.span, format!("the clock of `{}` cannot be skewed: {why}", target.name))
    };
    // One that is not found is told when it is started.
    let path =
        options.environment.iter().rev().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_str());
    let program = options.command.first().map(|program| resolve_program(program, path, &setup.folder));
    let program = program.and_then(Result::ok);
    if let Some(program) = program {
        reachable(&program).map_err(|error| refused(error.to_string()))?;
    }
    let clock = Clock::make(&setup.run, &setup.recorder, &target.name);
    let clock = clock.map_err(|error| refused(error.to_string()))?;
    let has = |name: &str| {
        let own =
            options.environment.iter().rev().find(|(own, _)| own == name).map(|(_, value)| value.clone());
        own.or_else(|| std::env::var(name).ok())
    };
    let environment = clock.environment(has);
    options.environment.extend(environment);
    Ok(Some(clock))
}

fn started(setup: &Setup, target: &Target, settings: &Arguments) -> Result<ProcessOptions, SetupError> {
    let mut fixed = Fixed::new(setup, target.span);
    let command = match given(target, "run").map(|run| run.values.as_slice()) {
        Some([Argued::Value(command), ..]) => fixed.words(command)?,
        _ => return Err(SetupError::at(target.span, "soak cannot take over a running process yet")),
    };
    let mut options = ProcessOptions::new(&target.name, command);
    for values in settings.all("env") {
        if let [name, value, ..] = values {
            options.environment.push((name.to_string(), value.to_string()));
        }
    }
    options.folder = settings.text("dir").map(PathBuf::from);
    if let Some([Argued::Probe(probe, what), ..]) =
        given(target, "ready").map(|ready| ready.values.as_slice())
    {
        options.ready = Some(self::probe(&mut fixed, probe, what)?);
    }
    options.within = settings.duration("within").unwrap_or(options.within);
    options.restart_after = settings.duration("after");
    options.stop_grace = settings.duration("grace").unwrap_or(options.stop_grace);
    if let (Some(hosts), Some(on)) = (&setup.hosts, settings.text("on")) {
        options.place = hosts.find(on).map(|host| Place { hosts: Arc::clone(hosts), host });
    }
    if let Some(signal) = settings.text("signal") {
        options.stop_signal =
            signal_named(signal).map_err(|error| SetupError::at(place(target, "signal"), error))?;
    }
    Ok(options)
}

/// A process that somebody else has started.
fn found(setup: &Setup, target: &Target, settings: &Arguments) -> Result<FoundOptions, SetupError> {
    let mut fixed = Fixed::new(setup, target.span);
    let first = |name: &str| match given(target, name).map(|given| given.values.as_slice()) {
        Some([Argued::Value(value), ..]) => Some(value.clone()),
        _ => None,
    };
    let whereabouts = if let Some(path) = first("pidfile") {
        Whereabouts::PidFile(fixed.path(&path)?)
    } else if let Some(pattern) = first("match") {
        Whereabouts::Match(fixed.regex(&pattern)?)
    } else if let Some(name) = settings.text("unit") {
        Whereabouts::Unit(name.to_owned())
    } else {
        Whereabouts::Container(settings.text("container").unwrap_or_default().to_owned())
    };
    let ready = match given(target, "ready").map(|ready| ready.values.as_slice()) {
        Some([Argued::Probe("line", _), ..]) => {
            let message =
                "soak does not see the output of a process that it did not start: use another probe";
            return Err(SetupError::at(place(target, "ready"), message));
        }
        Some([Argued::Probe(probe, what), ..]) => Some(self::probe(&mut fixed, probe, what)?),
        _ => None,
    };
    let within = settings.duration("within").unwrap_or(READY_WITHIN);
    Ok(FoundOptions { name: target.name.clone(), whereabouts, ready, within })
}

fn probe(fixed: &mut Fixed<'_>, probe: &str, what: &Expr) -> Result<Probe, SetupError> {
    match probe {
        "http" => HttpAddress::parse(&fixed.text(what)?)
            .map(Probe::Http)
            .map_err(|error| SetupError::at(what.span, error)),
        "tcp" => Ok(Probe::Tcp(fixed.text(what)?)),
        "line" => Ok(Probe::Line(fixed.regex(what)?)),
        "file" => Ok(Probe::File(fixed.path(what)?)),
        _ => Ok(Probe::Succeeds(fixed.words(what)?)),
    }
}
