//! Where frames come from and go to, as the thread of a link sees it.

use std::os::fd::RawFd;

use super::clock::Nanos;
use super::segment::Head;

/// A frame that was taken in.
pub(in crate::kinds::link) struct Came<'a> {
    pub head: Head,
    pub frame: &'a [u8],
    /// When it came, where that was asked for.
    pub stamp: Option<Nanos>,
}

/// One end of a link.
pub(in crate::kinds::link) trait End: Send {
    /// What becomes readable when frames have come.
    fn descriptor(&self) -> RawFd;

    /// Whether it is to be noted when frames came.
    fn stamp(&mut self, wanted: bool);

    /// Takes in what has come; returns how many frames that is, to be had by [`End::came`].
    fn receive(&mut self) -> usize;

    /// A frame that [`End::receive`] took in; nothing where it is too short to be one.
    fn came(&self, place: usize) -> Option<Came<'_>>;

    /// Sends a frame, at once or with the next [`End::flush`].
    fn send(&mut self, head: &Head, frame: &[u8]);

    /// Sends what was gathered.
    fn flush(&mut self);

    /// Frames that came and were not taken in, since the last look, because the machine was too busy.
    fn overrun(&mut self) -> u64;

    /// Frames that were to be sent and were not taken, since the last look.
    fn not_taken(&mut self) -> u64;

    /// Nobody is to listen here, or somebody again.
    fn refuse(&mut self, _refuses: bool) {}

    /// What is known of who talks over this end; nothing where only the frames tell.
    fn talkers(&self) -> Talkers {
        Talkers::default()
    }
}

/// Who talks over a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::kinds::link) struct Talkers {
    pub open: usize,
    /// Datagrams that were not taken because there was no room for their senders.
    pub turned_away: u64,
    /// A datagram of soak's own was refused.
    pub refusing: bool,
}
