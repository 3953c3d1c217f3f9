//! The opening handshake of a WebSocket (RFC 6455, section 4.1), made of the library's own parts.
//!
//! What the answer was read into is let go afterwards. The library's handshake keeps it, 4 KiB a connection: as much as
//! everything else that a connection needs which is only held.

use crate::kinds::stream::Stream;
use hyper::StatusCode;
use hyper::header::{
    CONNECTION, HeaderMap, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError, SubProtocolError};
use tokio_tungstenite::tungstenite::handshake::client::{Request, Response, generate_request};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::handshake::machine::TryParse;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

/// What is read at once; most answers are shorter.
const READ: usize = 1 << 10;
/// A longer answer is none.
const MAX_ANSWER: usize = 64 << 10;

/// Asks for a WebSocket over an open stream.
///
/// # Errors
/// As the library's own handshake has them.
pub(super) async fn shake_hands(
    mut stream: Stream,
    request: Request,
    config: WebSocketConfig,
) -> Result<WebSocketStream<Stream>, Error> {
    let protocols = request.headers().get(SEC_WEBSOCKET_PROTOCOL).cloned();
    let (asked, key) = generate_request(request)?;
    stream.write_all(&asked).await?;
    stream.flush().await?;
    let mut read = Vec::with_capacity(READ);
    let (length, response) = loop {
        if let Some(answered) = Response::try_parse(&read)? {
            break answered;
        }
        if read.len() > MAX_ANSWER {
            return Err(CapacityError::TooManyHeaders.into());
        }
        if stream.read_buf(&mut read).await? == 0 {
            return Err(ProtocolError::HandshakeIncomplete.into());
        }
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(Error::Http(response.into()));
    }
    let headers = response.headers();
    verify(headers, &derive_accept_key(key.as_bytes()))?;
    let wanted = protocols.as_ref().and_then(|value| value.to_str().ok());
    verify_protocol(wanted, text(headers, SEC_WEBSOCKET_PROTOCOL))?;
    // A server may begin to talk in the same breath.
    let behind = read[length..].to_vec();
    Ok(WebSocketStream::from_partially_read(stream, behind, Role::Client, Some(config)).await)
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn verify(headers: &HeaderMap, accept: &str) -> Result<(), ProtocolError> {
    let names = |name, token: &str| {
        text(headers, name)
            .is_some_and(|value| value.split(',').any(|one| one.trim().eq_ignore_ascii_case(token)))
    };
    if !names(UPGRADE, "websocket") {
        return Err(ProtocolError::MissingUpgradeWebSocketHeader);
    }
    if !names(CONNECTION, "upgrade") {
        return Err(ProtocolError::MissingConnectionUpgradeHeader);
    }
    match text(headers, SEC_WEBSOCKET_ACCEPT) == Some(accept) {
        true => Ok(()),
        false => Err(ProtocolError::SecWebSocketAcceptKeyMismatch),
    }
}

/// A server chooses one of the protocols that it is offered, where it is offered any.
fn verify_protocol(wanted: Option<&str>, chosen: Option<&str>) -> Result<(), ProtocolError> {
    let wrong = match (wanted, chosen) {
        (None, None) => return Ok(()),
        (Some(wanted), Some(chosen)) if wanted.split(',').any(|one| one.trim() == chosen) => return Ok(()),
        (Some(_), Some(_)) => SubProtocolError::InvalidSubProtocol,
        (Some(_), None) => SubProtocolError::NoSubProtocol,
        (None, Some(_)) => SubProtocolError::ServerSentSubProtocolNoneRequested,
    };
    Err(ProtocolError::SecWebSocketSubProtocolError(wrong))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    #[test]
    fn an_answer_is_verified_in_every_part() {
        let good =
            [(UPGRADE, "WebSocket"), (CONNECTION, "keep-alive, Upgrade"), (SEC_WEBSOCKET_ACCEPT, "key")];
        let headers = |without: Option<usize>| -> HeaderMap {
            let kept = good.iter().enumerate().filter(|(index, _)| Some(*index) != without);
            kept.map(|(_, (name, value))| (name.clone(), HeaderValue::from_static(value))).collect()
        };
        assert!(verify(&headers(None), "key").is_ok());
        assert!(verify(&headers(None), "other").is_err());
        assert!((0..good.len()).all(|without| verify(&headers(Some(without)), "key").is_err()));
    }

    #[test]
    fn a_protocol_is_one_of_those_that_were_offered() {
        // offered, chosen, whether that is right
        let cases = [
            (None, None, true),
            (Some("a, b"), Some("b"), true),
            (Some("a, b"), Some("c"), false),
            (Some("a"), None, false),
            (None, Some("a"), false),
        ];
        for (offered, chosen, right) in cases {
            assert_eq!(verify_protocol(offered, chosen).is_ok(), right, "{offered:?} {chosen:?}");
        }
    }
}
