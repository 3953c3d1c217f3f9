//! Packets of MQTT 3.1.1 in and out of buffers.

use crate::kinds::buffered::{Buffered, MAX_CAME};
use crate::kinds::request::RequestError;
use bytes::BytesMut;
use rumqttc::mqttbytes::v4::Packet;
use rumqttc::mqttbytes::{Error, QoS};

const MALFORMED: RequestError = RequestError::Malformed("MQTT");

/// Takes a packet off the front of what has come; `None` where it is not whole yet.
pub(super) fn take(came: &mut BytesMut) -> Result<Option<Packet>, RequestError> {
    match Packet::read(came, MAX_CAME) {
        Ok(packet) => Ok(Some(packet)),
        Err(Error::InsufficientBytes(_)) => Ok(None),
        Err(Error::PayloadSizeLimitExceeded(_)) => Err(RequestError::TooLarge(MAX_CAME)),
        Err(_) => Err(MALFORMED),
    }
}

/// Writes a packet.
pub(super) fn write(packet: &Packet, out: &mut BytesMut) -> Result<(), RequestError> {
    let written = packet.write(out, MAX_CAME);
    written.map(drop).map_err(|_| RequestError::Invalid("the message is larger than MQTT carries".into()))
}

/// The next packet. Dropping the future loses nothing.
pub(super) async fn hear(connection: &mut Buffered) -> Result<Packet, RequestError> {
    loop {
        match take(&mut connection.came)? {
            Some(packet) => return Ok(packet),
            None => connection.more().await?,
        }
    }
}

/// The quality of service that a number is.
pub(super) fn quality(number: Option<f64>) -> Result<QoS, RequestError> {
    match number {
        None | Some(0.0) => Ok(QoS::AtMostOnce),
        Some(1.0) => Ok(QoS::AtLeastOnce),
        Some(2.0) => Ok(QoS::ExactlyOnce),
        Some(_) => Err(RequestError::Invalid("`qos` is 0, 1 or 2".into())),
    }
}
