//! The names of signals.

use super::super::mistake;
use super::super::names::nearest;
use super::super::state::Checker;
use crate::syntax::ast::Name;

/// The signals of Linux that are no real-time ones, by their numbers on most machines.
const SIGNALS: &[(u8, &str)] = &[
    (1, "HUP"),
    (2, "INT"),
    (3, "QUIT"),
    (4, "ILL"),
    (5, "TRAP"),
    (6, "ABRT"),
    (7, "BUS"),
    (8, "FPE"),
    (9, "KILL"),
    (10, "USR1"),
    (11, "SEGV"),
    (12, "USR2"),
    (13, "PIPE"),
    (14, "ALRM"),
    (15, "TERM"),
    (16, "STKFLT"),
    (17, "CHLD"),
    (18, "CONT"),
    (19, "STOP"),
    (20, "TSTP"),
    (21, "TTIN"),
    (22, "TTOU"),
    (23, "URG"),
    (24, "XCPU"),
    (25, "XFSZ"),
    (26, "VTALRM"),
    (27, "PROF"),
    (28, "WINCH"),
    (29, "IO"),
    (30, "PWR"),
    (31, "SYS"),
];

impl Checker<'_> {
    /// Whether there is a signal of this name, with or without `SIG`; where not, says so.
    pub(super) fn known_signal(&mut self, name: &Name) -> bool {
        let upper = name.text.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        if SIGNALS.iter().any(|(_, signal)| *signal == bare) && name.text == upper {
            return true;
        }
        let by_number = SIGNALS.iter().find(|(number, _)| name.text.parse() == Ok(*number));
        let meant = match by_number {
            Some((_, signal)) => Some(*signal),
            None => SIGNALS.iter().map(|(_, signal)| *signal).find(|signal| *signal == bare),
        };
        let meant = meant.or_else(|| nearest(bare, SIGNALS.iter().map(|(_, signal)| *signal)));
        let meant = meant.map(|signal| format!("SIG{signal}"));
        self.report(mistake::words::unknown_signal(name.span, &name.text, meant.as_deref()));
        false
    }
}
