//! TLS for every kind whose client can speak it: one way to declare it, one way to open a connection with it, and one
//! set of names for what goes wrong.
//!
//! There is one provider of cryptography (ring), which is handed to whatever needs one: nothing is installed for the
//! whole process, so nothing depends on who installs first.

#[cfg(target_os = "linux")]
mod encrypted;
#[cfg(target_os = "linux")]
mod failure;
#[cfg(target_os = "linux")]
mod files;
#[cfg(target_os = "linux")]
mod settings;
pub mod signature;
#[cfg(target_os = "linux")]
mod verifier;
#[cfg(target_os = "linux")]
mod witness;

#[cfg(target_os = "linux")]
pub use encrypted::Encrypted;
#[cfg(target_os = "linux")]
pub use failure::{TlsFailure, named, named_within};
#[cfg(target_os = "linux")]
pub use files::machine_certificates;
#[cfg(target_os = "linux")]
pub use settings::{Tls, TlsError};
#[cfg(target_os = "linux")]
pub use witness::{Witness, Witnessed};
