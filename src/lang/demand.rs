//! How much an expectation matters.

/// The severity of an expectation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Demand {
    /// Missed: a warning.
    Want,
    /// Missed: the run fails, and goes on.
    Expect,
    /// Missed: the run fails, and stops.
    Require,
}

impl Demand {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Demand::Want => "want",
            Demand::Expect => "expect",
            Demand::Require => "require",
        }
    }
}
