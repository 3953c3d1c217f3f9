//! Load: when an iteration is due, what it does, how it is recorded.
