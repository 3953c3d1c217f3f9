//! The interpreter: scopes and overrides, schedule, events, cancellation.
