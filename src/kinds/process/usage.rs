//! The processor time of a tree, by the clocks that the kernel keeps of each of its processes.

use std::collections::{BTreeSet, HashMap};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_getcpuclockid};
use nix::unistd::Pid;

use crate::kinds::undo::{Member, ProcessTable, Tree};

/// How often it is looked for members.
const LOOK: Duration = Duration::from_millis(100);

/// Who is in a tree, and what each had used when it was last looked at.
pub(super) struct Usage<'a> {
    tree: &'a Tree,
    pub members: BTreeSet<Member>,
    clocks: HashMap<Member, (ClockId, Duration)>,
    looked: Option<Instant>,
}

impl Usage<'_> {
    pub fn of(tree: &Tree) -> Usage<'_> {
        Usage { tree, members: BTreeSet::new(), clocks: HashMap::new(), looked: None }
    }

    /// What was used since the last time.
    pub fn since_last(&mut self, now: Instant) -> Duration {
        if self.looked.is_none_or(|looked| now.duration_since(looked) >= LOOK) {
            self.looked = Some(now);
            self.find();
        }
        let mut used = Duration::ZERO;
        for (clock, before) in self.clocks.values_mut() {
            // One that has ended has no clock any more, until the next look for members.
            let Ok(now) = clock.now().map(Duration::from) else { continue };
            used += now.saturating_sub(*before);
            *before = now;
        }
        used
    }

    fn find(&mut self) {
        // A table that cannot be read hides nobody who was known.
        let Ok(table) = ProcessTable::read() else { return };
        let found: BTreeSet<Member> = self.tree.members_of_subreaper(&table).into_iter().collect();
        self.clocks.retain(|member, _| found.contains(member));
        for member in found.difference(&self.members) {
            let clock = clock_getcpuclockid(Pid::from_raw(member.pid));
            if let Ok((clock, now)) = clock.and_then(|clock| Ok((clock, clock.now()?))) {
                self.clocks.insert(*member, (clock, now.into()));
            }
        }
        self.members = found;
    }
}
