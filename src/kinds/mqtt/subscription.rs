//! A subscription with a connection of its own, which conversations are held on.

use super::packets::{hear, write};
use crate::kinds::buffered::Buffered;
use crate::kinds::request::RequestError;
use crate::kinds::talk::Channel;
use crate::lang::call::Message;
use bytes::Bytes;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubAck, PubComp, PubRec, Publish, Subscribe, SubscribeReasonCode};
use rumqttc::mqttbytes::{has_wildcards, valid_filter};
use std::collections::HashSet;

/// The number of the one subscription.
const SUBSCRIPTION: u16 = 1;

/// What a connection subscribed to.
pub(super) struct Subscription {
    connection: Buffered,
    topic: String,
    /// Messages to be delivered once that came already, and whose release has yet to come.
    once: HashSet<u16>,
    /// Whether what the broker kept from before is passed over.
    passes_retained: bool,
    closed: bool,
}

impl Subscription {
    /// Subscribes and waits until the broker has agreed.
    pub async fn open(
        mut connection: Buffered,
        topic: &str,
        quality: QoS,
    ) -> Result<Subscription, RequestError> {
        if !valid_filter(topic) {
            return Err(RequestError::Invalid("the topic is none that MQTT can subscribe to".into()));
        }
        let mut subscribe = Subscribe::new(topic, quality);
        subscribe.pkid = SUBSCRIPTION;
        write(&Packet::Subscribe(subscribe), &mut connection.out)?;
        let answer = hear(&mut connection).await?;
        let Packet::SubAck(answer) = answer else { return Err(RequestError::Malformed("MQTT")) };
        if answer.return_codes.contains(&SubscribeReasonCode::Failure) {
            return Err(RequestError::Failed("the broker refused the subscription".into()));
        }
        Ok(Subscription {
            connection,
            topic: topic.to_string(),
            once: HashSet::new(),
            passes_retained: false,
            closed: false,
        })
    }

    /// The same, without what the broker has kept for those who subscribe later.
    pub fn without_retained(mut self) -> Subscription {
        self.passes_retained = true;
        self
    }

    fn answer(&mut self, packet: &Packet) -> Result<(), RequestError> {
        write(packet, &mut self.connection.out)
    }
}

impl Channel for Subscription {
    /// Publishes to the topic that is subscribed to.
    async fn send(&mut self, message: &Message) -> Result<(), RequestError> {
        if has_wildcards(&self.topic) {
            let why = "`send` publishes to the topic of the subscription, which must have no wildcards then";
            return Err(RequestError::Invalid(why.into()));
        }
        let message = Publish::new(&self.topic, QoS::AtMostOnce, message.as_bytes());
        self.answer(&Packet::Publish(message))?;
        self.connection.flush().await
    }

    async fn next(&mut self) -> Result<Bytes, RequestError> {
        loop {
            match hear(&mut self.connection).await? {
                Packet::Publish(message) => {
                    match message.qos {
                        QoS::AtMostOnce => {}
                        QoS::AtLeastOnce => self.answer(&Packet::PubAck(PubAck::new(message.pkid)))?,
                        QoS::ExactlyOnce => {
                            self.answer(&Packet::PubRec(PubRec::new(message.pkid)))?;
                            if !self.once.insert(message.pkid) {
                                continue;
                            }
                        }
                    }
                    if message.retain && self.passes_retained {
                        continue;
                    }
                    return Ok(message.payload);
                }
                Packet::PubRel(release) => {
                    self.once.remove(&release.pkid);
                    self.answer(&Packet::PubComp(PubComp::new(release.pkid)))?;
                }
                Packet::PingResp => {}
                _ => return Err(RequestError::Malformed("MQTT")),
            }
        }
    }

    async fn close(&mut self) -> Result<(), RequestError> {
        self.closed = true;
        self.answer(&Packet::Disconnect)?;
        self.connection.flush().await
    }
}

impl Drop for Subscription {
    /// One that was cut says so too, lest the broker take it for a client that has failed.
    fn drop(&mut self) {
        if !self.closed && self.answer(&Packet::Disconnect).is_ok() {
            self.connection.flush_now();
        }
    }
}
