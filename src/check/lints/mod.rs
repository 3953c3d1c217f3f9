//! Findings about a scenario that is otherwise good: it runs, but it does not say what was probably meant.

mod beside;
mod braces;
mod counted;
mod decided;
mod effectless;
mod endless;
mod gapless;
mod missed;
mod nothing;
mod outside;
mod password;
mod pools;
mod share;
mod shared;
mod sides;
mod still;
mod stopped;
mod twice;
mod unjoined;
mod unloaded;
mod unseen;
mod unused;
mod weaker;
mod windows;
mod written;

pub(super) use windows::is_sampled;

use super::state::Checker;

impl Checker<'_> {
    /// All lints. Those that need the whole scenario to be right are left out where it is not `clean`.
    pub fn check_lints(&mut self, clean: bool) {
        self.share_lint();
        self.password_lint();
        self.weaker_lint();
        self.twice_lint();
        if clean {
            self.unseen_lint();
            self.window_lint();
            self.unloaded_lint();
            self.pool_lint();
            self.unused_lint();
            self.missed_lint();
            self.stopped_lint();
            self.outside_lint();
            self.still_lint();
            self.shared_lint();
            self.sides_lint();
            self.counted_lint();
            self.decided_lint();
            self.effectless_lint();
            self.unjoined_lint();
            self.endless_lint();
            self.gapless_lint();
            self.beside_lint();
            self.nothing_lint();
        }
    }
}
