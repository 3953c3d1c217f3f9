//! The files and folders of a disk that the kernel knows, by their numbers and by their places.
//!
//! A node is found by where it lies, so that none costs a descriptor; one that has several names has several places.

use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, SFlag, fstatat};

use super::unsynced::Content;
use super::wire::ROOT;

/// What a file is below: its device and its number there.
type Identity = (u64, u64);
/// A name in a folder.
type Place = (u64, OsString);

/// All nodes.
pub(super) struct Tree {
    /// The folder that the disk lies over.
    below: OwnedFd,
    nodes: HashMap<u64, Node>,
    by_identity: HashMap<Identity, u64>,
    by_place: HashMap<Place, u64>,
    next: u64,
}

struct Node {
    identity: Identity,
    places: Vec<Place>,
    /// How often the kernel was told of it and has not forgotten it.
    lookups: u64,
    /// How many places are in it.
    children: u64,
    content: Arc<Content>,
}

impl Tree {
    /// With the folder alone.
    pub fn new(below: OwnedFd) -> Tree {
        let (by_identity, by_place) = (HashMap::new(), HashMap::new());
        let mut tree = Tree { below, nodes: HashMap::new(), by_identity, by_place, next: ROOT + 1 };
        let root =
            Node { identity: (0, 0), places: vec![], lookups: 1, children: 0, content: Arc::default() };
        tree.nodes.insert(ROOT, root);
        tree
    }

    /// The folder that the disk lies over.
    pub fn below(&self) -> &OwnedFd {
        &self.below
    }

    /// Where a node lies, as seen from [`Tree::below`].
    ///
    /// # Errors
    /// Where it has no name any more.
    pub fn path(&self, node: u64) -> Result<PathBuf, Errno> {
        let (mut names, mut at) = (Vec::new(), node);
        while at != ROOT {
            let (parent, name) =
                self.nodes.get(&at).and_then(|node| node.places.first()).ok_or(Errno::ESTALE)?;
            names.push(name.as_os_str());
            at = *parent;
        }
        if names.is_empty() {
            return Ok(PathBuf::from("."));
        }
        Ok(names.iter().rev().collect())
    }

    /// Where a name in a folder lies.
    ///
    /// # Errors
    /// As [`Tree::path`], and where the name leads elsewhere.
    pub fn path_in(&self, parent: u64, name: &OsStr) -> Result<PathBuf, Errno> {
        if Path::new(name).file_name() != Some(name) {
            return Err(Errno::EINVAL);
        }
        Ok(self.path(parent)?.join(name))
    }

    /// What lies at a path.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn look(&self, path: &Path) -> Result<FileStat, Errno> {
        fstatat(&self.below, path, AtFlags::AT_SYMLINK_NOFOLLOW)
    }

    /// What is in a node, as far as a power cut is concerned.
    pub fn content(&self, node: u64) -> Result<Arc<Content>, Errno> {
        self.nodes.get(&node).map(|node| Arc::clone(&node.content)).ok_or(Errno::ESTALE)
    }

    /// The same of what a name stands for, where the kernel knows that.
    pub fn content_at(&self, parent: u64, name: &OsStr) -> Option<Arc<Content>> {
        let node = self.by_place.get(&(parent, name.to_owned()))?;
        self.content(*node).ok()
    }

    /// The kernel is told of a name; gives its node.
    pub fn enter(&mut self, parent: u64, name: &OsStr, found: &FileStat) -> u64 {
        let identity = (found.st_dev, found.st_ino);
        let place = (parent, name.to_owned());
        let known = self.by_identity.get(&identity).copied().filter(|known| {
            // One with one name that lay elsewhere was taken away past the disk, and its number given to this one.
            let places = self.nodes.get(known).map_or(&[][..], |node| &node.places);
            !has_one_name(found) || places.is_empty() || places.contains(&place)
        });
        let node = match known {
            Some(node) => node,
            None => {
                let node = self.next;
                self.next += 1;
                let content = Arc::default();
                self.nodes.insert(node, Node { identity, places: vec![], lookups: 0, children: 0, content });
                self.by_identity.insert(identity, node);
                node
            }
        };
        self.put(node, place);
        if let Some(node) = self.nodes.get_mut(&node) {
            node.lookups += 1;
        }
        node
    }

    fn put(&mut self, node: u64, place: Place) {
        match self.by_place.insert(place.clone(), node) {
            Some(before) if before == node => return,
            // Something else lay there, and was taken away past the disk.
            Some(before) => self.displace(before, &place),
            None => {}
        }
        if let Some(parent) = self.nodes.get_mut(&place.0) {
            parent.children += 1;
        }
        if let Some(node) = self.nodes.get_mut(&node) {
            node.places.push(place);
        }
    }

    /// A name is gone; `last` where it was the only one of its file.
    pub fn removed(&mut self, parent: u64, name: &OsStr, last: bool) {
        let place = (parent, name.to_owned());
        let Some(node) = self.by_place.remove(&place) else { return };
        self.displace(node, &place);
        if last
            && let Some(found) = self.nodes.get(&node)
            && self.by_identity.get(&found.identity) == Some(&node)
        {
            // Below, its number may be used again from now on.
            self.by_identity.remove(&found.identity);
        }
        self.let_go_if_idle(node);
    }

    fn displace(&mut self, node: u64, place: &Place) {
        if let Some(node) = self.nodes.get_mut(&node) {
            node.places.retain(|known| known != place);
        }
        if let Some(parent) = self.nodes.get_mut(&place.0) {
            parent.children = parent.children.saturating_sub(1);
        }
    }

    /// A name has become another one; what had that is gone already.
    pub fn moved(&mut self, from: (u64, &OsStr), to: (u64, &OsStr)) {
        let (from, to) = ((from.0, from.1.to_owned()), (to.0, to.1.to_owned()));
        if let Some(node) = self.by_place.remove(&from) {
            self.displace(node, &from);
            self.put(node, to);
            self.let_go_if_idle(from.0);
        }
    }

    /// Two names have changed places.
    pub fn exchanged(&mut self, one: (u64, &OsStr), other: (u64, &OsStr)) {
        let (one, other) = ((one.0, one.1.to_owned()), (other.0, other.1.to_owned()));
        let (first, second) = (self.by_place.remove(&one), self.by_place.remove(&other));
        for (node, from, to) in [(first, &one, &other), (second, &other, &one)] {
            if let Some(node) = node {
                self.displace(node, from);
                self.put(node, to.clone());
            }
        }
    }

    /// The kernel forgets so many of the times that it was told of a node.
    pub fn forget(&mut self, node: u64, times: u64) {
        if let Some(found) = self.nodes.get_mut(&node) {
            found.lookups = found.lookups.saturating_sub(times);
        }
        self.let_go_if_idle(node);
    }

    /// Whether the kernel knows of a node.
    pub fn is_known(&self, node: u64) -> bool {
        self.nodes.get(&node).is_some_and(|node| node.lookups > 0)
    }

    /// Lets a node go that nobody needs any more, and the folders above that were kept for it.
    pub fn let_go_if_idle(&mut self, node: u64) {
        let mut next = vec![node];
        while let Some(node) = next.pop() {
            let idle = |node: &Node| node.lookups == 0 && node.children == 0 && !node.content.is_unsynced();
            if node == ROOT || !self.nodes.get(&node).is_some_and(idle) {
                continue;
            }
            let Some(gone) = self.nodes.remove(&node) else { continue };
            if self.by_identity.get(&gone.identity) == Some(&node) {
                self.by_identity.remove(&gone.identity);
            }
            for place in gone.places {
                self.by_place.remove(&place);
                if let Some(parent) = self.nodes.get_mut(&place.0) {
                    parent.children = parent.children.saturating_sub(1);
                }
                next.push(place.0);
            }
        }
    }
}

/// Whether a file has one name only. A folder always has.
pub(super) fn has_one_name(found: &FileStat) -> bool {
    found.st_nlink <= 1 || found.st_mode & SFlag::S_IFMT.bits() == SFlag::S_IFDIR.bits()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    struct Known {
        home: tempfile::TempDir,
        tree: Tree,
    }

    impl Known {
        fn new() -> Known {
            let home = tempfile::tempdir().unwrap();
            fs::create_dir(home.path().join("folder")).unwrap();
            fs::write(home.path().join("folder/one"), "1").unwrap();
            let tree = Tree::new(File::open(home.path()).unwrap().into());
            Known { home, tree }
        }

        fn find(&mut self, parent: u64, name: &str) -> u64 {
            let path = self.tree.path_in(parent, OsStr::new(name)).unwrap();
            let found = self.tree.look(&path).unwrap();
            self.tree.enter(parent, OsStr::new(name), &found)
        }
    }

    #[test]
    fn a_node_is_found_where_its_folder_has_gone_to() {
        let mut known = Known::new();
        let folder = known.find(ROOT, "folder");
        let one = known.find(folder, "one");
        assert_eq!(known.tree.path(one), Ok(PathBuf::from("folder/one")));
        fs::rename(known.home.path().join("folder"), known.home.path().join("other")).unwrap();
        known.tree.moved((ROOT, OsStr::new("folder")), (ROOT, OsStr::new("other")));
        assert_eq!(known.tree.path(one), Ok(PathBuf::from("other/one")));
        assert!(known.tree.path_in(ROOT, OsStr::new("..")).is_err());
        assert!(known.tree.path_in(ROOT, OsStr::new("a/b")).is_err());
    }

    #[test]
    fn a_file_with_two_names_is_one_node_until_both_are_gone() {
        let mut known = Known::new();
        let folder = known.find(ROOT, "folder");
        let one = known.find(folder, "one");
        fs::hard_link(known.home.path().join("folder/one"), known.home.path().join("two")).unwrap();
        assert_eq!(known.find(ROOT, "two"), one);
        known.tree.removed(folder, OsStr::new("one"), false);
        assert_eq!(known.tree.path(one), Ok(PathBuf::from("two")));
        known.tree.removed(ROOT, OsStr::new("two"), true);
        assert_eq!(known.tree.path(one), Err(Errno::ESTALE));
        assert_ne!(known.find(ROOT, "two"), one);
    }

    #[test]
    fn what_the_kernel_forgets_is_let_go_with_the_folders_above() {
        let mut known = Known::new();
        let folder = known.find(ROOT, "folder");
        let one = known.find(folder, "one");
        known.tree.forget(folder, 1);
        assert_eq!(known.tree.path(one), Ok(PathBuf::from("folder/one")));
        known.tree.forget(one, 1);
        assert_eq!(
            (known.tree.nodes.len(), known.tree.by_place.len(), known.tree.by_identity.len()),
            (1, 0, 0)
        );
    }
}
