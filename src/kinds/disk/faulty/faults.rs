//! The faults in force, and what they have done.

use super::message::{Fault, Sort, Tally};
use nix::errno::Errno;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What is to become of a read or a write.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Fate {
    /// It is done so much later.
    pub later: Option<Duration>,
    /// It fails.
    pub fails: Option<Errno>,
}

/// All faults of a disk.
pub(super) struct Faults(Mutex<State>);

struct State {
    slow: Option<Duration>,
    fail: Option<f64>,
    readonly: bool,
    /// Of each sort, by its place.
    tallies: [Tally; 3],
    random: ChaCha8Rng,
}

impl Faults {
    pub fn new(seed: u64) -> Faults {
        let random = ChaCha8Rng::seed_from_u64(seed);
        let tallies = Default::default();
        Faults(Mutex::new(State { slow: None, fail: None, readonly: false, tallies, random }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a fault in the place of the one before; gives what that one did.
    pub fn set(&self, sort: Sort, fault: Option<Fault>) -> Tally {
        let mut state = self.state();
        match sort {
            Sort::Slow => {
                state.slow = fault.and_then(|fault| if let Fault::Slow(by) = fault { Some(by) } else { None })
            }
            Sort::Fail => {
                state.fail =
                    fault.and_then(|fault| if let Fault::Fail(share) = fault { Some(share) } else { None });
            }
            Sort::Readonly => state.readonly = fault.is_some(),
        }
        std::mem::take(&mut state.tallies[sort as usize])
    }

    /// What becomes of a read, or of a write.
    pub fn fate(&self, writes: bool) -> Fate {
        let mut state = self.state();
        if writes && state.readonly {
            state.meets(Sort::Readonly, true);
            return Fate { later: None, fails: Some(Errno::EROFS) };
        }
        let later = state.slow;
        if later.is_some() {
            state.meets(Sort::Slow, false);
        }
        let fails = state.fail.is_some_and(|share| state.random.random_bool(share));
        if state.fail.is_some() {
            state.meets(Sort::Fail, fails);
        }
        Fate { later, fails: fails.then_some(Errno::EIO) }
    }

    /// A read or a write was done so much later.
    pub fn was_late(&self, by: Duration) {
        let tally = &mut self.state().tallies[Sort::Slow as usize];
        tally.done += 1;
        tally.longer += by;
    }

    /// Refuses what would write, where nothing can be written.
    ///
    /// # Errors
    /// That the disk is read-only.
    pub fn allow_change(&self) -> Result<(), Errno> {
        let mut state = self.state();
        if !state.readonly {
            return Ok(());
        }
        state.meets(Sort::Readonly, true);
        Err(Errno::EROFS)
    }
}

impl State {
    fn meets(&mut self, sort: Sort, done: bool) {
        let tally = &mut self.tallies[sort as usize];
        tally.met += 1;
        tally.done += u64::from(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_reads_and_writes_fails_and_the_rest_does_not() {
        let faults = Faults::new(1);
        faults.set(Sort::Fail, Some(Fault::Fail(0.25)));
        let failed = (0..1000).filter(|turn| faults.fate(turn % 2 == 0).fails.is_some()).count() as u64;
        let tally = faults.set(Sort::Fail, None);
        assert_eq!(tally, Tally { met: 1000, done: failed, ..Tally::default() });
        assert!((150..350).contains(&failed), "{failed}");
        assert_eq!(faults.fate(true), Fate { later: None, fails: None });
    }

    #[test]
    fn what_cannot_be_written_is_read() {
        let faults = Faults::new(1);
        faults.set(Sort::Readonly, Some(Fault::Readonly));
        assert_eq!((faults.fate(true).fails, faults.fate(false).fails), (Some(Errno::EROFS), None));
        assert_eq!(faults.allow_change(), Err(Errno::EROFS));
        let tally = faults.set(Sort::Readonly, None);
        assert_eq!(tally, Tally { met: 2, done: 2, ..Tally::default() });
        assert_eq!(faults.allow_change(), Ok(()));
    }
}
