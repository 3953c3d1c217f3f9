//! How a connection to an MQTT broker begins.

use super::packets::{hear, write};
use crate::kinds::buffered::Buffered;
use crate::kinds::place::Place;
use crate::kinds::request::RequestError;
use crate::kinds::stream::Endpoint;
use rumqttc::mqttbytes::v4::{Connect, ConnectReturnCode, Login, Packet};
use std::time::Duration;

/// Connects as a client of that name with a clean session, and waits until the broker has agreed.
pub(super) async fn open(
    endpoint: &Endpoint,
    place: &Place,
    client: String,
    timeout: Duration,
) -> Result<Buffered, RequestError> {
    let mut connection = Buffered::new(endpoint.connect(timeout, 0).await?);
    let mut connect = Connect::new(client);
    // A connection over which nothing goes stays open; that it is gone shows when it is used.
    connect.keep_alive = 0;
    if let Some(user) = &place.user {
        connect.login = Some(Login::new(user, place.password.as_deref().unwrap_or_default()));
    }
    write(&Packet::Connect(connect), &mut connection.out)?;
    match hear(&mut connection).await? {
        Packet::ConnAck(answer) if answer.code == ConnectReturnCode::Success => Ok(connection),
        Packet::ConnAck(answer) => Err(RequestError::Failed(refusal(answer.code).into())),
        _ => Err(RequestError::Malformed("MQTT")),
    }
}

/// Why a broker takes no connection (MQTT 3.1.1, section 3.2.2.3).
fn refusal(code: ConnectReturnCode) -> &'static str {
    match code {
        ConnectReturnCode::Success => "the broker agreed",
        ConnectReturnCode::RefusedProtocolVersion => "the broker does not speak MQTT 3.1.1",
        ConnectReturnCode::BadClientId => "the broker refused the client's name",
        ConnectReturnCode::ServiceUnavailable => "the broker is not available",
        ConnectReturnCode::BadUserNamePassword => "the broker knows no such user or password",
        ConnectReturnCode::NotAuthorized => "the broker did not authorize the connection",
    }
}
