//! Where a group with a share of the processor can be made: found by what the kernel tells of its hierarchies, cgroups(7).

use std::fs;
use std::path::{Path, PathBuf};

/// What in a group of version 2 says what it hands out to those below it.
const HANDED_OUT: &str = "cgroup.subtree_control";

/// The two interfaces of the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// A hierarchy a resource.
    One,
    /// One hierarchy for all.
    Two,
}

/// A place for a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Site {
    /// The group that it is made in.
    pub parent: PathBuf,
    /// The group that soak is in, and so is what it starts.
    pub home: PathBuf,
    pub version: Version,
}

/// The place that there is for this process, if any; whether it may be used shows when it is.
pub(super) fn processor_site() -> Option<Site> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    version_one(&mounts, &groups).or_else(|| version_two(&mounts, &groups))
}

fn version_one(mounts: &str, groups: &str) -> Option<Site> {
    let has = |list: &str| list.split(',').any(|one| one == "cpu");
    let group = groups.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        has(controllers).then_some(path)
    })?;
    let mounted =
        mounts.lines().filter_map(Mount::read).find(|mount| mount.kind == "cgroup" && has(mount.options))?;
    let home = mounted.folder_of(group)?;
    Some(Site { parent: home.clone(), home, version: Version::One })
}

fn version_two(mounts: &str, groups: &str) -> Option<Site> {
    let group = groups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let mounted = mounts.lines().filter_map(Mount::read).find(|mount| mount.kind == "cgroup2")?;
    let home = mounted.folder_of(group)?;
    let top = Path::new(mounted.point);
    // Only the topmost group of all hands out while processes are in it.
    let from = if home == top { top } else { home.parent()? };
    // Who left a group that has limits would be free of them.
    let free = |group: &&Path| *group == top || !limits(group);
    if !free(&home.as_path()) {
        return None;
    }
    let mut above = from.ancestors().take_while(|group| group.starts_with(top));
    let parent = loop {
        let group = above.next()?;
        if hands_out(group) {
            break group.to_owned();
        }
        if !free(&group) {
            return None;
        }
    };
    Some(Site { parent, home, version: Version::Two })
}

fn hands_out(group: &Path) -> bool {
    let told = fs::read_to_string(group.join(HANDED_OUT)).unwrap_or_default();
    told.split_whitespace().any(|one| one == "cpu")
}

/// Whether a group keeps its members under a limit of processor time or memory.
fn limits(group: &Path) -> bool {
    ["cpu.max", "memory.max", "memory.high"].iter().any(|limit| {
        fs::read_to_string(group.join(limit)).is_ok_and(|told| !told.trim_start().starts_with("max"))
    })
}

/// A line of /proc/self/mountinfo, as far as it is needed (proc_pid_mountinfo(5)).
struct Mount<'a> {
    /// The group that is mounted, as the top of what is seen.
    root: &'a str,
    point: &'a str,
    kind: &'a str,
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn read(line: &'a str) -> Option<Mount<'a>> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(3);
        let mut after = after.split(' ');
        let (root, point) = (before.next()?, before.next()?);
        Some(Mount { root, point, kind: after.next()?, options: after.nth(1)? })
    }

    /// The folder of a group; none where it is not below what is mounted.
    fn folder_of(&self, group: &str) -> Option<PathBuf> {
        let below = Path::new(group).strip_prefix(self.root).ok()?;
        let folder = Path::new(self.point).join(below);
        // Blanks stand there as escapes, of which none is in a path that groups are usually mounted at.
        folder.is_dir().then_some(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A hierarchy in a folder, of groups that hand out so much and have such limits.
    fn hierarchy(groups: &[(&str, &str, &str)]) -> (tempfile::TempDir, String) {
        let top = tempfile::tempdir().unwrap();
        for (group, handed_out, memory) in groups {
            let folder = top.path().join(group);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(HANDED_OUT), handed_out).unwrap();
            fs::write(folder.join("memory.max"), memory).unwrap();
        }
        let mounts = format!(
            "41 31 0:38 / {} rw,relatime shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
            top.path().display()
        );
        (top, mounts)
    }

    fn found(groups: &[(&str, &str, &str)], own: &str) -> Option<String> {
        let (top, mounts) = hierarchy(groups);
        let site = version_two(&mounts, &format!("0::{own}\n"))?;
        assert_eq!(site.home, top.path().join(own.trim_start_matches('/')));
        Some(site.parent.strip_prefix(top.path()).unwrap().display().to_string())
    }

    #[test]
    fn a_group_of_version_two_is_made_beside_ones_own() {
        let groups = [("", "cpu memory", "max"), ("user", "cpu", "max"), ("user/one", "", "max")];
        assert_eq!(found(&groups, "/user/one").as_deref(), Some("user"));
        let closed = [("", "cpu memory", "max"), ("user", "memory", "max"), ("user/one", "", "max")];
        assert_eq!(found(&closed, "/user/one").as_deref(), Some(""));
        assert_eq!(found(&[("", "cpu", "max")], "/").as_deref(), Some(""));
        assert_eq!(found(&[("", "memory", "max")], "/"), None);
    }

    #[test]
    fn who_has_a_limit_does_not_leave_its_group() {
        let own = [("", "cpu", "max"), ("one", "", "1000000")];
        assert_eq!(found(&own, "/one"), None);
        let above = [("", "cpu", "max"), ("user", "memory", "1000000"), ("user/one", "", "max")];
        assert_eq!(found(&above, "/user/one"), None);
        // A limit above the place holds for who is in it too.
        let kept = [("", "cpu", "max"), ("user", "cpu", "1000000"), ("user/one", "", "max")];
        assert_eq!(found(&kept, "/user/one").as_deref(), Some("user"));
    }

    #[test]
    fn version_one_is_the_hierarchy_of_the_processor() {
        let top = tempfile::tempdir().unwrap();
        fs::create_dir_all(top.path().join("inner")).unwrap();
        let at = top.path().display();
        let mounts = format!(
            "33 31 0:30 / /elsewhere rw - cgroup cgroup rw,cpuacct\n32 31 0:29 /outer {at} rw - cgroup cgroup rw,cpu,cpuacct\n"
        );
        let site = |groups: &str| version_one(&mounts, groups);
        let inner = site("4:memory:/x\n1:cpu,cpuacct:/outer/inner\n0::/\n").unwrap();
        assert_eq!((inner.parent, inner.version), (top.path().join("inner"), Version::One));
        // What is not below what is mounted has no place, nor has one that is not told.
        assert_eq!(site("1:cpu,cpuacct:/other\n"), None);
        assert_eq!(site("1:cpuset:/outer\n"), None);
    }
}
