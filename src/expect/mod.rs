//! Expectations over windows, and the verdicts they come to.
