//! What a host is declared with.

use crate::lang::declare::keyword;
use crate::lang::signature::{Accepts, Kind, Parameter, Support};

/// From where a client asks.
pub const ON: Parameter = keyword(
    "on",
    &[Accepts::Target(&["host"])],
    "The host from which it is asked; where none is given, a host that is asked is asked from there itself.",
);

/// A network of its own, with one address.
pub static KIND: Kind = Kind {
    name: "host",
    about: "A network of its own on this machine, on which processes and loads stand and which only links leave.",
    settings: &[keyword("address", &[Accepts::Address { port: false }], "Its IP address.").required()],
    one_of: &[],
    verbs: &[],
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[],
    support: Support::Ready,
};

const EXAMPLE: &str = r#"host near { address "10.30.0.1" }
host far  { address "10.30.0.2" }
link path { between near, far }
process app {
  on  far
  run "app --listen 10.30.0.2:8080"
}
path off 2s
expect "Survives": app.up
"#;
