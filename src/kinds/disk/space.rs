//! How full a file system is, as an ordinary user's programs see it.

use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::sys::statvfs::{Statvfs, fstatvfs, statvfs};

/// What can be read of the file system under a folder, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// In use, by whomever.
    pub used: u64,
    /// Free for an unprivileged user.
    pub free: u64,
    /// Space is given out in pieces of this size.
    pub block: u64,
}

impl Space {
    /// Of the file system that a path lies on.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn of(path: &Path) -> io::Result<Space> {
        Ok(Space::from(&statvfs(path)?))
    }

    /// Of the file system that an open file lies on.
    ///
    /// # Errors
    /// What the kernel says.
    pub fn under(file: impl AsFd) -> io::Result<Space> {
        Ok(Space::from(&fstatvfs(file)?))
    }

    /// The share in use: what `df` tells.
    pub fn share(self) -> f64 {
        self.used as f64 / (self.used + self.free).max(1) as f64
    }

    /// How many bytes are free when a share is in use.
    pub fn free_at(self, share: f64) -> u64 {
        let whole = (self.used + self.free) as f64;
        (whole * (1.0 - share)).max(0.0).floor() as u64
    }
}

impl From<&Statvfs> for Space {
    fn from(status: &Statvfs) -> Space {
        let block = status.fragment_size().max(1);
        Space {
            used: status.blocks().saturating_sub(status.blocks_free()) * block,
            free: status.blocks_available() * block,
            block,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_what_an_ordinary_user_could_use() {
        let space = Space { used: 600, free: 400, block: 1 };
        assert_eq!((space.share(), space.free_at(0.9), space.free_at(1.0)), (0.6, 99, 0));
        assert_eq!(Space { used: 0, free: 0, block: 1 }.share(), 0.0);
    }
}
