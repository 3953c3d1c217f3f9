//! The secrets of a run: all of them are there, or nothing starts.

use crate::check::scenario::Scenario;
use std::env::{self, VarError};
use std::fmt;

/// A secret's name and text.
#[derive(Clone)]
pub struct SecretValue {
    pub name: String,
    pub text: String,
}

/// Never shown, by accident neither.
impl fmt::Debug for SecretValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SecretValue({})", self.name)
    }
}

/// A secret that is not there. The message does not hold its text.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error(
        "the secret `{name}` comes from the environment variable {variable}, which is not set; nothing was started"
    )]
    Unset { name: String, variable: String },
    #[error(
        "the secret `{name}` comes from the environment variable {variable}, which is empty; nothing was started"
    )]
    Empty { name: String, variable: String },
    #[error(
        "the secret `{name}` comes from the environment variable {variable}, which is no UTF-8 text; nothing was started"
    )]
    NoText { name: String, variable: String },
}

/// Reads all secrets of a scenario, in its order.
pub fn read(scenario: &Scenario) -> Result<Vec<SecretValue>, SecretError> {
    let one = |secret: &crate::check::scenario::Secret| {
        let (name, variable) = (secret.name.clone(), secret.variable.clone());
        match env::var(&variable) {
            Ok(text) if text.is_empty() => Err(SecretError::Empty { name, variable }),
            Ok(text) => Ok(SecretValue { name, text }),
            Err(VarError::NotPresent) => Err(SecretError::Unset { name, variable }),
            Err(VarError::NotUnicode(_)) => Err(SecretError::NoText { name, variable }),
        }
    };
    scenario.secrets.iter().map(one).collect()
}
