//! Which files of HOME/data have been uploaded, so that none is uploaded twice.
//!
//! A path is the identity of a log file, which is written once. A path whose file is no longer there needs no
//! entry, so the registry is as long as there are files on the disk.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::document;

#[derive(Default)]
pub struct Registry {
    uploaded: BTreeSet<String>,
}

impl Registry {
    /// The registry that an earlier process left, without what is no longer on the disk.
    pub fn restore(document: Option<&Value>, data: &Path) -> Self {
        Self {
            uploaded: document::texts(document, "uploaded").filter(|path| data.join(path).exists()).collect(),
        }
    }

    pub fn contains(&self, path: &str) -> bool {
        self.uploaded.contains(path)
    }

    pub fn add(&mut self, path: String) {
        self.uploaded.insert(path);
    }

    pub fn remove(&mut self, path: &str) {
        self.uploaded.remove(path);
    }

    pub fn len(&self) -> usize {
        self.uploaded.len()
    }

    pub fn paths(&self) -> Vec<String> {
        self.uploaded.iter().cloned().collect()
    }

    pub fn to_json(&self) -> Vec<u8> {
        json!({ "uploaded": self.uploaded }).to_string().into_bytes()
    }
}
