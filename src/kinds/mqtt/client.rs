//! The MQTT client: messages of all users over one connection or a few, subscriptions each over its own.

use super::connection::Connection;
use super::subscription::Subscription;
use super::{opening, packets};
use crate::kinds::buffered::Buffered;
use crate::kinds::client::{Around, ClientError};
use crate::kinds::pattern::Patterns;
use crate::kinds::payload;
use crate::kinds::place::{Place, Schemes};
use crate::kinds::pool::Pool;
use crate::kinds::request::{Answer, Conversation, Listening, RequestError, Requester};
use crate::kinds::socket::DEFAULT_TIMEOUT;
use crate::kinds::stream::Endpoint;
use crate::kinds::talk::Talk;
use crate::kinds::tcp::client::within;
use crate::lang::call::{Arguments, Call};
use futures_util::future::LocalBoxFuture;
use rumqttc::mqttbytes::v4::Publish;
use rumqttc::mqttbytes::{QoS, valid_topic};
use std::cell::Cell;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

const SCHEMES: Schemes = Schemes { plain: ("mqtt", 1883), encrypted: ("mqtts", 8883) };

/// A declared `mqtt` target.
pub struct MqttClient {
    place: Place,
    endpoint: Endpoint,
    timeout: Duration,
    pool: Pool<Connection>,
    patterns: Rc<Patterns>,
    /// In front of the number of each connection: brokers allow a client's name once.
    name: String,
    opened: Cell<u64>,
}

impl MqttClient {
    /// From the settings `url`, `timeout`, `connections`, `own` and `tls`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<MqttClient, ClientError> {
        let place = Place::parse(settings.text("url").unwrap_or_default(), &SCHEMES)?;
        Ok(MqttClient {
            endpoint: place.endpoint(&SCHEMES, settings, around)?,
            place,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            pool: Pool::new(settings, 1),
            patterns: Rc::default(),
            name: around.unique(),
            opened: Cell::new(0),
        })
    }

    async fn connect(&self) -> Result<Buffered, RequestError> {
        self.opened.set(self.opened.get() + 1);
        let name = format!("{}-{}", self.name, self.opened.get());
        opening::open(&self.endpoint, &self.place, name, self.timeout).await
    }

    async fn open(&self) -> Result<Connection, RequestError> {
        self.connect().await.map(Connection::new)
    }

    async fn publish(&self, user: u64, arguments: &Arguments) -> Result<Answer, RequestError> {
        let topic = arguments.text("topic").unwrap_or_default();
        if topic.is_empty() || !valid_topic(topic) {
            return Err(RequestError::Invalid("the topic is none that MQTT can publish to".into()));
        }
        let message = payload::message(arguments)?;
        let sent = message.as_bytes();
        let mut publish = Publish::new(topic, packets::quality(arguments.number("qos"))?, sent);
        publish.retain = arguments.has("retain");
        self.pool.get(user, || self.open()).await?.publish(publish).await?;
        Ok(Answer { bytes: sent.len() as u64, ..Answer::default() })
    }

    async fn subscribe(&self, topic: &str, quality: QoS) -> Result<Subscription, RequestError> {
        let connection = self.connect().await?;
        Subscription::open(connection, topic, quality).await
    }
}

impl Requester for MqttClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        Box::pin(async move {
            if call.verb == "subscribe" {
                self.converse(user, call).await?.close().await?;
                return Ok(Answer::default());
            }
            let timeout = call.arguments.duration("timeout").unwrap_or(self.timeout);
            within(timeout, self.publish(user, &call.arguments)).await?
        })
    }

    fn converse<'a>(
        &'a self,
        _user: u64,
        call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Conversation>, RequestError>> {
        Box::pin(async move {
            let quality = packets::quality(call.arguments.number("qos"))?;
            let topic = call.arguments.text("topic").unwrap_or_default();
            let subscription = within(self.timeout, self.subscribe(topic, quality)).await??;
            let talk = Talk::new(subscription, self.timeout, Rc::clone(&self.patterns));
            Ok(Box::new(talk) as Box<dyn Conversation>)
        })
    }

    /// Each message at the quality of service that it was published with.
    fn listen<'a>(&'a self, topic: &'a str) -> LocalBoxFuture<'a, Result<Box<dyn Listening>, RequestError>> {
        Box::pin(async move {
            let subscription = within(self.timeout, self.subscribe(topic, QoS::ExactlyOnce)).await??;
            Ok(Box::new(subscription.without_retained()) as Box<dyn Listening>)
        })
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            // What did not open in time is told by the request that needs it.
            let _ = within(self.timeout, self.pool.warm_up(users, || self.open())).await;
        })
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.pool.release(&users);
    }
}
