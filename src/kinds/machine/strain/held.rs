//! The run's side: a helper that strains the machine for as long as this is held.

use super::{Begun, SUBCOMMAND, Strain, Strained};
use crate::kinds::helper::{self, Helper, HelperError};
use crate::kinds::undo::{Recorder, RunId};
use serde::de::DeserializeOwned;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::process::Stdio;
use std::sync::Arc;
use thiserror::Error;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

/// Why the machine could not be strained, or why nothing is known of it.
#[derive(Debug, Error)]
pub enum StrainError {
    #[error("the process that strains the machine could not be started: {0}")]
    Start(#[from] HelperError),
    #[error("the machine cannot be strained so: {0}")]
    Refused(String),
    /// Without having told anything.
    #[error("the process that strained the machine was ended, most likely because memory was short")]
    Ended,
}

impl From<io::Error> for StrainError {
    fn from(error: io::Error) -> StrainError {
        HelperError::Start(error).into()
    }
}

/// Dropped, the helper is ended.
pub struct Held {
    control: BufReader<UnixStream>,
    _helper: Helper,
}

impl Held {
    /// Begins.
    ///
    /// # Errors
    /// When the helper cannot be started, or cannot do it, or the journal cannot be written.
    pub async fn begin(
        strain: &Strain,
        (run, recorder): (&RunId, &Arc<dyn Recorder>),
    ) -> Result<Held, StrainError> {
        let (ours, theirs) = StdUnixStream::pair()?;
        ours.set_nonblocking(true)?;
        let stdio = [OwnedFd::from(theirs).into(), Stdio::null(), Stdio::null()];
        let helper = Helper::start((SUBCOMMAND, "strain of the machine"), (run, recorder), stdio)?;
        let mut held = Held { control: BufReader::new(UnixStream::from_std(ours)?), _helper: helper };
        held.control.write_all(&helper::line(strain)?).await?;
        match held.told().await? {
            Begun::Well => Ok(held),
            Begun::Failed(reason) => Err(StrainError::Refused(reason)),
        }
    }

    /// Ends it and gives what came of it.
    ///
    /// # Errors
    /// When the helper had been ended by somebody else.
    pub async fn end(mut self) -> Result<Strained, StrainError> {
        // One that is gone hears nothing, and says nothing below.
        let _ = self.control.shutdown().await;
        self.told().await
    }

    async fn told<Told: DeserializeOwned>(&mut self) -> Result<Told, StrainError> {
        let mut line = String::new();
        // Nothing was said where it has ended.
        let _ = self.control.read_line(&mut line).await;
        serde_json::from_str(&line).map_err(|_| StrainError::Ended)
    }
}
