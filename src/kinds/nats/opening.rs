//! How a connection to a NATS server begins.

use super::protocol::{self, Heard};
use crate::kinds::buffered::Buffered;
use crate::kinds::place::Place;
use crate::kinds::request::RequestError;
use std::time::Duration;

/// Connects, says who asks, and waits until the server has agreed.
pub(super) async fn open(place: &Place, timeout: Duration) -> Result<Buffered, RequestError> {
    let mut connection = Buffered::new(place.peer.connect(timeout, 0).await?);
    let Heard::Info(info) = hear(&mut connection).await? else {
        return Err(RequestError::Malformed("NATS"));
    };
    let info: serde_json::Value =
        serde_json::from_slice(&info).map_err(|_| RequestError::Malformed("NATS"))?;
    if info["tls_required"] == true {
        return Err(RequestError::Failed("the server wants TLS, which soak does not speak yet".into()));
    }
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
    match (&place.user, &place.password) {
        (Some(user), Some(password)) => {
            who["user"] = user.as_str().into();
            who["pass"] = password.as_str().into();
        }
        (Some(token), None) => who["auth_token"] = token.as_str().into(),
        (None, _) => {}
    }
    connection.out.extend_from_slice(format!("CONNECT {who}\r\n").as_bytes());
    settled(&mut connection).await?;
    Ok(connection)
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
