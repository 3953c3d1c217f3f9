//! What soak put on a network interface: known by names of its own, in the network namespace it was put in.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::identity::boot_id;
use super::{Outcome, UndoError};
use crate::kinds::link::interface::{Names, Prefix, Tool, ToolError};

/// Where named network namespaces are, ip-netns(8).
const NAMED: &str = "/run/netns";

/// Rules, a queue and a device of soak's own, of one interface.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedInterface {
    names: Names,
    /// The number of the interface: one that was made anew under its name is a stranger.
    index: u32,
    boot: String,
    /// The inode of the network namespace.
    namespace: u64,
}

impl TouchedInterface {
    /// What is about to be put on the interface of that number, in the caller's network namespace.
    pub fn plan(names: &Names, index: u32) -> TouchedInterface {
        let namespace = inode(Path::new("/proc/self/ns/net")).unwrap_or_default();
        TouchedInterface { names: names.clone(), index, boot: boot_id().to_owned(), namespace }
    }

    pub(super) fn carry_out(&self) -> Result<Outcome, UndoError> {
        // Rules and queues end with the kernel, and with their namespace.
        if self.boot != boot_id() {
            return Ok(Outcome::AlreadyGone);
        }
        let Some(prefix) = self.prefix() else { return Ok(Outcome::AlreadyGone) };
        self.take_away(&prefix).map_err(|reason| UndoError::Interface {
            interface: self.names.interface.clone(),
            table: self.names.table.clone(),
            reason,
        })
    }

    /// How its namespace is entered; nothing where it is gone.
    fn prefix(&self) -> Option<Prefix> {
        let is_it = |path: &PathBuf| inode(path) == Some(self.namespace);
        if is_it(&PathBuf::from("/proc/self/ns/net")) {
            return Some(Prefix::default());
        }
        let named = fs::read_dir(NAMED).into_iter().flatten().flatten().map(|entry| entry.path());
        let processes =
            fs::read_dir("/proc").into_iter().flatten().flatten().map(|entry| entry.path().join("ns/net"));
        let mut tried = HashSet::new();
        let found = named.chain(processes).filter(|path| tried.insert(path.clone())).find(is_it)?;
        Some(Prefix::within(&found))
    }

    /// Rules first: what they hand to the device must go its usual way before that is gone.
    fn take_away(&self, prefix: &Prefix) -> Result<Outcome, ToolError> {
        let Names { interface, table, intake, handle } = &self.names;
        let mut outcome = Outcome::AlreadyGone;
        let tables = Tool::NFT.ask(prefix, &["list", "tables"])?;
        for family in ["netdev", "inet"] {
            let ours = format!("{family} {table}");
            if tables.lines().any(|line| line.trim() == format!("table {ours}")) {
                Tool::NFT.batch(prefix, &format!("delete table {ours}\n"))?;
                outcome = Outcome::Undone;
            }
        }
        if index(prefix, interface)? == Some(self.index) && root_is(prefix, interface, *handle)? {
            Tool::TC.ask(prefix, &["qdisc", "del", "dev", interface, "root"])?;
            outcome = Outcome::Undone;
        }
        if index(prefix, intake)?.is_some() {
            Tool::IP.ask(prefix, &["link", "del", "dev", intake])?;
            outcome = Outcome::Undone;
        }
        Ok(outcome)
    }

    pub(super) fn describe(&self) -> String {
        format!("rules on the interface `{}`", self.names.interface)
    }
}

fn inode(path: &Path) -> Option<u64> {
    fs::metadata(path).ok().map(|found| found.ino())
}

/// The number of an interface, where there is one of that name.
fn index(prefix: &Prefix, interface: &str) -> Result<Option<u32>, ToolError> {
    let told: Value =
        serde_json::from_str(&Tool::IP.ask(prefix, &["-j", "link", "show"])?).unwrap_or_default();
    let found = told.as_array().into_iter().flatten().find(|link| link["ifname"] == interface);
    Ok(found.and_then(|link| link["ifindex"].as_u64()).map(|index| index as u32))
}

fn root_is(prefix: &Prefix, interface: &str, handle: u16) -> Result<bool, ToolError> {
    let told: Value =
        serde_json::from_str(&Tool::TC.ask(prefix, &["-j", "qdisc", "show", "dev", interface])?)
            .unwrap_or_default();
    let handle = format!("{handle:x}:");
    Ok(told
        .as_array()
        .into_iter()
        .flatten()
        .any(|queue| queue["root"] == true && queue["handle"] == handle.as_str()))
}
