//! How requests to one place are carried: one at a time on a connection, or as streams of one.

use super::body::Desk;
use super::connection::{Incoming, Outgoing};
use super::connections::Connections;
use super::settings::{Origin, Settings, Version};
use super::streams::Streams;
use crate::kinds::request::RequestError;
use crate::kinds::tls::TlsError;
use std::ops::RangeInclusive;

/// All connections to one place.
pub(super) enum Route {
    One(Connections),
    Two(Box<Streams>),
}

impl Route {
    /// To a place, as the settings have it.
    ///
    /// # Errors
    /// Where TLS cannot be set up for it.
    pub fn new(settings: &Settings, origin: &Origin) -> Result<Route, TlsError> {
        let way = settings.way(origin)?;
        Ok(match settings.version {
            Version::One => Route::One(Connections::new(way, settings.timeout, settings.keeping)),
            Version::Two => {
                Route::Two(Box::new(Streams::new(way, origin.secure, settings.timeout, settings.keeping)))
            }
        })
    }

    /// Sends a request of a user and reads its answer.
    pub async fn exchange(
        &self,
        user: u64,
        outgoing: Outgoing<'_>,
        desk: &Desk,
    ) -> Result<Incoming, RequestError> {
        match self {
            Route::One(connections) => connections.exchange(user, outgoing, desk).await,
            // Aside, so that a request over HTTP/1.1 is not as large as this.
            Route::Two(streams) => Box::pin(streams.exchange(user, outgoing, desk)).await,
        }
    }

    /// Opens what these users will need. What cannot be opened now is told by the request that needs it.
    pub async fn warm_up(&self, users: RangeInclusive<u64>) {
        match self {
            Route::One(connections) => connections.warm_up(users).await,
            Route::Two(streams) => streams.warm_up(users).await,
        }
    }

    /// These users ask no more.
    pub fn release(&self, users: &RangeInclusive<u64>) {
        match self {
            Route::One(connections) => connections.release(users),
            Route::Two(streams) => streams.release(users),
        }
    }
}
