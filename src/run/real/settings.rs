//! The declared targets, with their settings evaluated, made ready to be started.

use super::database::DatabaseTarget;
use super::disk::DiskTarget;
use super::link::LinkTarget;
use super::machine::MachineTarget;
use super::network;
use super::packet_link::PacketLink;
use super::process_settings;
use super::{Live, Setup};
use crate::check::evaluated;
use crate::check::scenario::{Argument, Target};
use crate::kinds::client;
use crate::kinds::database::client::DatabaseClient;
use crate::kinds::disk::faulty::FaultyDisk;
use crate::kinds::disk::folder::Folder;
use crate::kinds::disk::own;
use crate::kinds::disk::reserve::memory_to_spare;
use crate::kinds::host::network::Network;
use crate::kinds::process::error::ProcessError;
use crate::kinds::process::supervision::Supervision;
use crate::lang::call::Arguments;
use crate::lang::eval::{NoValue, Surroundings, evaluate_drawn};
use crate::lang::expr::{Expr, SecretId};
use crate::lang::unit::format_size;
use crate::source::{Sources, Span};
use rand::{RngCore, SeedableRng};
use rand_chacha::ChaCha8Rng;
use regex::Regex;
use std::collections::HashMap;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

/// Why a run cannot be carried out, with the place in the scenario where there is one.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SetupError {
    /// One sentence.
    pub message: String,
    /// What it is about.
    pub span: Option<Span>,
}

/// For the places that answer the interpreter, which is told sentences.
impl From<SetupError> for String {
    fn from(error: SetupError) -> String {
        error.message
    }
}

impl SetupError {
    pub(super) fn at(span: Span, message: impl Display) -> SetupError {
        SetupError { message: message.to_string(), span: Some(span) }
    }

    /// The sentence, with the place in the scenario that it is about.
    pub fn at_its_line(&self, sources: &Sources) -> String {
        match self.span {
            Some(span) => {
                let position = sources.position(span);
                format!("{} ({}:{position})", self.message, sources.file_of(span).name())
            }
            None => self.message.clone(),
        }
    }

    pub(super) fn supervision(error: ProcessError) -> SetupError {
        SetupError { message: error.to_string(), span: None }
    }

    pub(super) fn system(error: std::io::Error) -> SetupError {
        SetupError { message: format!("this machine does not let soak run: {error}"), span: None }
    }
}

/// What is known before the story begins: constants, the scratch folder, secrets.
pub(super) struct Fixed<'a> {
    setup: &'a Setup,
    random: ChaCha8Rng,
}

impl<'a> Fixed<'a> {
    pub fn new(setup: &'a Setup, span: Span) -> Fixed<'a> {
        Fixed { setup, random: ChaCha8Rng::seed_from_u64(setup.seed ^ u64::from(span.start)) }
    }

    /// A text.
    pub fn text(&mut self, expr: &Expr) -> Result<String, SetupError> {
        let value = evaluate_drawn(expr, self).map_err(|missing| SetupError::at(expr.span, missing))?;
        Ok(value.to_string())
    }

    /// The words of a command line; each interpolation stays one word.
    pub fn words(&mut self, expr: &Expr) -> Result<Vec<String>, SetupError> {
        evaluated::words(expr, self).map_err(|error| SetupError::at(expr.span, error))
    }

    /// A path; a relative one starts at the scenario's folder.
    pub fn path(&mut self, expr: &Expr) -> Result<PathBuf, SetupError> {
        Ok(self.setup.folder.join(self.text(expr)?))
    }

    /// A regular expression.
    pub fn regex(&mut self, expr: &Expr) -> Result<Regex, SetupError> {
        Regex::new(&self.text(expr)?).map_err(|error| SetupError::at(expr.span, error))
    }
}

impl Surroundings for Fixed<'_> {
    fn random(&mut self) -> &mut dyn RngCore {
        &mut self.random
    }

    fn scratch(&mut self) -> Result<String, NoValue> {
        Ok(self.setup.scratch.display().to_string())
    }

    fn secret(&mut self, secret: SecretId) -> Result<String, NoValue> {
        self.setup.secrets.get(secret.index()).cloned().ok_or(NoValue::NotHere("a secret"))
    }
}

/// The settings of a target, evaluated.
pub(super) fn settings(setup: &Setup, target: &Target) -> Result<Arguments, SetupError> {
    evaluated::arguments(&setup.scenario, &target.settings, &mut Fixed::new(setup, target.span))
        .map_err(|missing| SetupError::at(target.span, missing))
}

/// Every target, ready to be started.
pub(super) fn targets(
    setup: &Setup,
    supervision: &Supervision,
    network: Option<&Rc<Network>>,
    disks: &OwnDisks,
) -> Result<Vec<Live>, SetupError> {
    setup.scenario.targets.iter().map(|target| live(setup, supervision, network, disks, target)).collect()
}

/// The faulty disks of a run, by the names of their targets.
pub(super) type OwnDisks = HashMap<String, Arc<FaultyDisk>>;

/// Makes the disks of the run's own, where the scenario declares some.
pub(super) fn own_disks(setup: &Setup) -> Result<OwnDisks, SetupError> {
    let mut faulty = OwnDisks::new();
    let disks = setup.scenario.targets.iter().filter(|target| target.kind.name == "disk");
    let own = |target: &&Target| target.setting("size").is_some() || target.setting("faulty").is_some();
    for target in disks.filter(own) {
        let settings = settings(setup, target)?;
        let path = setup.folder.join(settings.text("path").unwrap_or_default());
        // Only what is the run's own is made, for the rest nobody would remove.
        if path.starts_with(&setup.scratch) {
            let made = std::fs::create_dir_all(&path);
            made.map_err(|error| cannot_make(target, &path, &error))?;
        } else if !path.is_dir() {
            let message = format!(
                "there is no folder `{}` for the disk to be put at: make it, or choose one below {{scratch}}",
                path.display()
            );
            return Err(SetupError::at(place(target, "path"), message));
        }
        if let Some(size) = settings.number("size") {
            in_memory(target, &path, size.max(0.0) as u64)?;
        }
        if settings.has("faulty") {
            let disk = FaultyDisk::put(&path, setup.seed, (&setup.run, &setup.recorder));
            let disk = disk.map_err(|error| {
                SetupError::at(place(target, "faulty"), format!("the faulty disk cannot be made: {error}"))
            })?;
            faulty.insert(target.name.clone(), Arc::new(disk));
        }
    }
    Ok(faulty)
}

/// Puts a disk in memory at a folder.
fn in_memory(target: &Target, path: &Path, size: u64) -> Result<(), SetupError> {
    if let Some(spare) = memory_to_spare().filter(|spare| *spare < size) {
        let (size, spare) = (format_size(size as f64), format_size(spare as f64));
        let message = format!("a disk of {size} lies in memory, of which this machine has {spare} to spare");
        return Err(SetupError::at(place(target, "size"), message));
    }
    own::put(path, size)
        .map_err(|error| SetupError::at(place(target, "size"), format!("the disk cannot be made: {error}")))
}

fn cannot_make(target: &Target, path: &Path, error: &std::io::Error) -> SetupError {
    SetupError::at(place(target, "path"), format!("the folder `{}` cannot be made: {error}", path.display()))
}

fn live(
    setup: &Setup,
    supervision: &Supervision,
    network: Option<&Rc<Network>>,
    disks: &OwnDisks,
    target: &Target,
) -> Result<Live, SetupError> {
    let settings = settings(setup, target)?;
    match target.kind.name {
        "process" => {
            let process = process_settings::target(setup, supervision, target, &settings)?;
            Ok(Live::Process(Rc::new(process)))
        }
        "host" => Ok(Live::Host),
        "link" => Ok(match (network, network::place_of(setup, target)) {
            (Some(network), Some(place)) => {
                Live::PacketLink(Rc::new(PacketLink::between_hosts(network, place)))
            }
            _ if settings.has("udp") => {
                Live::PacketLink(Rc::new(PacketLink::of_datagrams(setup, &target.name, &settings)))
            }
            _ if settings.has("interface") => {
                let place = setup.scenario.targets.iter().position(|one| std::ptr::eq(one, target));
                Live::PacketLink(Rc::new(PacketLink::of_interface(
                    setup,
                    place.unwrap_or_default(),
                    &settings,
                )))
            }
            _ => Live::Link(Rc::new(LinkTarget::new(setup, &settings))),
        }),
        "disk" => {
            let path = setup.folder.join(settings.text("path").unwrap_or_default());
            let faulty = disks.get(&target.name).cloned();
            let folder = Folder::on(&path, setup.seed, faulty);
            let folder = folder.map_err(|error| cannot_make(target, &path, &error))?;
            Ok(Live::Disk(Rc::new(DiskTarget::new(setup, folder))))
        }
        "database" => {
            let around = setup.around();
            DatabaseClient::new(&settings, &around)
                .map(|client| Live::Database(Rc::new(DatabaseTarget::new(client)), around))
                .map_err(|error| SetupError::at(place(target, "url"), error))
        }
        "machine" => Ok(Live::Machine(Rc::new(MachineTarget::new(setup)))),
        kind => {
            let make = client::of_kind(kind)
                .ok_or_else(|| SetupError::at(target.span, format!("soak cannot run a `{kind}` yet")))?;
            let around = setup.around();
            let client = make(&settings, &around).map(|client| Live::Client(client, around));
            client.map_err(|error| SetupError::at(target.span, error))
        }
    }
}

/// Where a setting stands; the target's name where it is not given.
pub(super) fn place(target: &Target, setting: &str) -> Span {
    given(target, setting).map_or(target.span, |argument| argument.span)
}

pub(super) fn given<'a>(target: &'a Target, setting: &str) -> Option<&'a Argument> {
    target.settings.iter().find(|argument| argument.parameter.name == setting)
}
