//! One connection to an MQTT broker that publishes for many users at once.

use super::packets;
use crate::kinds::buffered::Buffered;
use crate::kinds::pool::Pooled;
use crate::kinds::request::RequestError;
use crate::kinds::wire::{Protocol, Wire};
use bytes::BytesMut;
use rumqttc::mqttbytes::QoS;
use rumqttc::mqttbytes::v4::{Packet, PubRel, Publish};
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use tokio::sync::{Notify, oneshot};

/// Who waits for a message to be acknowledged.
type Taken = oneshot::Sender<Result<(), RequestError>>;

/// An open connection.
pub(super) struct Connection {
    wire: Wire,
    unacknowledged: Rc<Unacknowledged>,
    last: Cell<u16>,
}

/// Messages on their way, by the numbers that the protocol gives them. One whose sender has given up keeps its number
/// until it is acknowledged.
#[derive(Default)]
struct Unacknowledged {
    waiting: RefCell<HashMap<u16, Taken>>,
    /// A number has become free.
    freed: Notify,
}

impl Unacknowledged {
    fn settle(&self, number: u16) {
        if let Some(waiting) = self.waiting.borrow_mut().remove(&number) {
            let _ = waiting.send(Ok(()));
        }
        self.freed.notify_one();
    }
}

impl Protocol for Unacknowledged {
    fn take(&self, came: &mut BytesMut, out: &mut BytesMut) -> Result<(), RequestError> {
        while let Some(packet) = packets::take(came)? {
            match packet {
                Packet::PubAck(taken) => self.settle(taken.pkid),
                Packet::PubRec(received) => packets::write(&Packet::PubRel(PubRel::new(received.pkid)), out)?,
                Packet::PubComp(taken) => self.settle(taken.pkid),
                Packet::PingResp => {}
                _ => return Err(RequestError::Malformed("MQTT")),
            }
        }
        Ok(())
    }

    fn ended(&self, why: &RequestError) {
        for (_, waiting) in self.waiting.borrow_mut().drain() {
            let _ = waiting.send(Err(why.clone()));
        }
        self.freed.notify_waiters();
    }
}

impl Connection {
    /// Over an opened connection.
    pub fn new(connection: Buffered) -> Connection {
        let unacknowledged = Rc::new(Unacknowledged::default());
        let protocol = Rc::clone(&unacknowledged) as Rc<dyn Protocol>;
        Connection { wire: Wire::start(connection, protocol), unacknowledged, last: Cell::new(0) }
    }

    /// Publishes a message and waits until it is acknowledged; one that is not to be, until it is on its way.
    pub async fn publish(&self, mut message: Publish) -> Result<(), RequestError> {
        if message.qos == QoS::AtMostOnce {
            let mark = self.wire.try_send(|out| packets::write(&Packet::Publish(message), out))?;
            return self.wire.written(mark).await;
        }
        message.pkid = self.free_number().await?;
        let (taken, waiting) = oneshot::channel();
        self.unacknowledged.waiting.borrow_mut().insert(message.pkid, taken);
        let number = message.pkid;
        if let Err(error) = self.wire.try_send(|out| packets::write(&Packet::Publish(message), out)) {
            self.unacknowledged.waiting.borrow_mut().remove(&number);
            return Err(error);
        }
        waiting.await.unwrap_or(Err(RequestError::Closed))
    }

    /// The next number after the last one given that no message on its way has.
    fn next_free_number(&self) -> Option<u16> {
        let waiting = self.unacknowledged.waiting.borrow();
        if waiting.len() >= usize::from(u16::MAX) {
            return None;
        }
        let mut number = self.last.get();
        loop {
            number = number.checked_add(1).unwrap_or(1);
            if !waiting.contains_key(&number) {
                self.last.set(number);
                return Some(number);
            }
        }
    }

    /// A number that no message on its way has; it is waited for where all 65,535 have one.
    async fn free_number(&self) -> Result<u16, RequestError> {
        loop {
            if !self.wire.is_open() {
                return Err(RequestError::Closed);
            }
            if let Some(number) = self.next_free_number() {
                return Ok(number);
            }
            self.unacknowledged.freed.notified().await;
        }
    }
}

impl Pooled for Connection {
    fn is_open(&self) -> bool {
        self.wire.is_open()
    }
}
