//! How a connection to a NATS server begins.

use super::protocol::{self, Heard};
use crate::kinds::buffered::Buffered;
use crate::kinds::client::{Around, ClientError};
use crate::kinds::place::{Place, Schemes};
use crate::kinds::request::RequestError;
use crate::kinds::stream::Stream;
use crate::kinds::tls::{Tls, TlsFailure};
use crate::lang::call::Arguments;
use std::time::Duration;

const SCHEMES: Schemes = Schemes { plain: ("nats", 4222), encrypted: ("tls", 4222) };

/// Where a server is, and as whom soak comes to it.
pub(super) struct Opening {
    place: Place,
    /// Whether TLS is wanted; where not, it is still spoken with a server that wants it.
    encrypted: bool,
    tls: Option<Tls>,
}

impl Opening {
    /// From the settings `url` and `tls`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn read(settings: &Arguments, around: &Around) -> Result<Opening, ClientError> {
        let mut place = Place::parse(settings.text("url").unwrap_or_default(), &SCHEMES)?;
        place.peer = place.peer.asked(settings, around);
        let encrypted = place.encrypted || settings.has("tls");
        let tls = match Tls::read(settings, &around.folder) {
            Ok(tls) => Some(tls),
            Err(error) if encrypted => return Err(ClientError::new(error)),
            // It may not be needed; a server that wants it is told of then.
            Err(_) => None,
        };
        Ok(Opening { place, encrypted, tls })
    }

    /// Connects, says who asks, and waits until the server has agreed. TLS begins behind the server's first words.
    pub async fn open(&self, timeout: Duration) -> Result<Buffered, RequestError> {
        let stream = Stream::Plain(self.place.peer.connect(timeout, 0).await?);
        let mut connection = Buffered::new(stream);
        let Heard::Info(info) = hear(&mut connection).await? else {
            return Err(RequestError::Malformed("NATS"));
        };
        let info: serde_json::Value =
            serde_json::from_slice(&info).map_err(|_| RequestError::Malformed("NATS"))?;
        if self.encrypted || info["tls_required"] == true {
            connection = self.encrypt(connection, &info).await?;
        }
        connection.out.extend_from_slice(format!("CONNECT {}\r\n", self.who()).as_bytes());
        settled(&mut connection).await?;
        Ok(connection)
    }

    async fn encrypt(
        &self,
        connection: Buffered,
        info: &serde_json::Value,
    ) -> Result<Buffered, RequestError> {
        if info["tls_required"] != true && info["tls_available"] != true {
            return Err(RequestError::Tls(TlsFailure::NotTls));
        }
        let tls = self.tls.as_ref().ok_or_else(|| {
            RequestError::Failed("the server wants TLS, and this machine has no certificates to trust".into())
        })?;
        let (stream, came) = connection.into_parts();
        // What anybody said before nobody can listen in is not taken for what the server says.
        if !came.is_empty() {
            return Err(RequestError::Malformed("NATS"));
        }
        Ok(Buffered::new(stream.encrypt(tls, &self.place.peer.host).await?))
    }

    fn who(&self) -> serde_json::Value {
        let mut who = serde_json::json!({
            "verbose": false,
            "pedantic": false,
            "name": "soak",
            "lang": "rust",
            "version": env!("CARGO_PKG_VERSION"),
            "protocol": 1,
            "headers": true,
            "no_responders": true,
        });
        match (&self.place.user, &self.place.password) {
            (Some(user), Some(password)) => {
                who["user"] = user.as_str().into();
                who["pass"] = password.as_str().into();
            }
            (Some(token), None) => who["auth_token"] = token.as_str().into(),
            (None, _) => {}
        }
        who
    }
}

/// Waits until the server has taken in all that was said so far.
pub(super) async fn settled(connection: &mut Buffered) -> Result<(), RequestError> {
    connection.out.extend_from_slice(b"PING\r\n");
    loop {
        match hear(connection).await? {
            Heard::Pong => return Ok(()),
            Heard::Error(error) => return Err(protocol::named(&error)),
            Heard::Ping => connection.out.extend_from_slice(b"PONG\r\n"),
            Heard::Info(_) | Heard::Ok | Heard::Message(_) => {}
        }
    }
}

/// The next thing the server says. Dropping the future loses nothing.
pub(super) async fn hear(connection: &mut Buffered) -> Result<Heard, RequestError> {
    loop {
        match protocol::take(&mut connection.came)? {
            Some(heard) => return Ok(heard),
            None => connection.more().await?,
        }
    }
}
