//! The HTTP/1.1 client: one connection an outstanding request, kept for the next one, redirects not followed. Loads
//! and the story use the same.

use super::body::Desk;
use super::connection::{Failure, Outgoing};
use super::connections::Connections;
use super::settings::Settings;
use super::template::{Template, Unwritten, Written};
use crate::kinds::deadlines::Deadlines;
use crate::kinds::host::stand::Stand;
use crate::kinds::request::{Answer, Asking, Draft, Prepared, RequestError, Requester, Wanted};
use crate::lang::call::{Arguments, Call};
use crate::lang::eval::{NoValue, Surroundings};
use crate::lang::expr::Expr;
use crate::lang::value::Value;
use futures_util::future::LocalBoxFuture;
use rand::RngCore;
use std::cell::RefCell;
use std::ops::RangeInclusive;
use std::rc::Rc;

pub use super::body::{MAX_BODY, MAX_HELD};
pub(in crate::kinds) use super::hyper_error::http_error;
pub use super::settings::HttpTargetError;
pub(in crate::kinds) use super::settings::header;

/// So many buffers of requests are kept for later ones.
const KEPT: usize = 256;
/// One that has grown larger is not.
const LARGEST_KEPT: usize = 64 << 10;

/// A declared `http` target, ready to be asked.
pub struct HttpClient {
    settings: Settings,
    connections: Connections,
    desk: Desk,
    deadlines: Deadlines,
    /// Buffers that no request uses at the moment.
    spare: RefCell<Vec<Written>>,
}

impl HttpClient {
    /// From the settings of its target.
    pub fn new(settings: &Arguments) -> Result<HttpClient, HttpTargetError> {
        let settings = Settings::read(settings)?;
        Ok(HttpClient {
            connections: Connections::new(settings.peer.clone(), settings.timeout),
            settings,
            desk: Desk::new(),
            deadlines: Deadlines::default(),
            spare: RefCell::default(),
        })
    }

    /// The same, asked from there.
    pub(in crate::kinds) fn from(mut self, stand: Stand) -> HttpClient {
        let peer = self.settings.peer.clone().from(stand);
        self.connections = Connections::new(peer, self.settings.timeout);
        self
    }

    /// Sends a request and waits for its answer, for no longer than it may take.
    async fn perform(
        &self,
        request: &Written,
        is_head: bool,
        wanted: Wanted,
    ) -> Result<Answer, RequestError> {
        let timeout = request.timeout.unwrap_or(self.settings.timeout);
        let outgoing = Outgoing { bytes: &request.bytes, is_head, wanted };
        let outcome = self.deadlines.within(timeout, self.exchange(outgoing)).await;
        let mut answer = outcome.unwrap_or(Err(RequestError::TimedOut(timeout)))?;
        answer.bytes += request.body;
        Ok(answer)
    }

    async fn exchange(&self, outgoing: Outgoing<'_>) -> Result<Answer, RequestError> {
        loop {
            let mut connection = self.connections.take().await?;
            let incoming = match connection.exchange(outgoing, &self.desk).await {
                Ok(incoming) => incoming,
                Err(Failure::Unsent) => continue,
                Err(Failure::Failed(error)) => return Err(error),
            };
            if incoming.reusable {
                self.connections.give(connection);
            }
            return Ok(Answer {
                status: Some(incoming.status),
                headers: incoming.headers,
                body: incoming.body,
                bytes: incoming.received,
                ..Answer::default()
            });
        }
    }

    fn take_buffer(&self) -> Written {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    fn give_buffer(&self, buffer: Written) {
        let mut spare = self.spare.borrow_mut();
        if spare.len() < KEPT && buffer.bytes.capacity() <= LARGEST_KEPT {
            spare.push(buffer);
        }
    }

    async fn call(&self, call: &Call) -> Result<Answer, RequestError> {
        let constant = |value: &Value| Expr::known(value.clone());
        let given: Vec<(&'static str, Vec<Expr>)> = call
            .arguments
            .iter()
            .map(|(name, values)| (name, values.iter().map(constant).collect()))
            .collect();
        let arguments = given.iter().map(|(name, values)| (*name, values.iter().collect()));
        let draft = Draft { verb: call.verb, arguments: arguments.collect(), wanted: Wanted::ALL };
        let mut written = Written::default();
        let template = Template::new(&self.settings, &draft).and_then(|template| {
            template.write(&mut Nothing, &mut written)?;
            Ok(template)
        });
        match template {
            Ok(template) => self.perform(&written, template.is_head, Wanted::ALL).await,
            Err(Unwritten::Invalid(error)) => Err(error),
            Err(Unwritten::NoValue(missing)) => Err(RequestError::Invalid(missing.to_string())),
        }
    }
}

impl Requester for HttpClient {
    fn request<'a>(&'a self, _user: u64, call: &'a Call) -> Asking<'a> {
        Box::pin(self.call(call))
    }

    fn prepare(self: Rc<Self>, draft: &Draft<'_>) -> Option<Rc<dyn Prepared>> {
        // What cannot be written down is told each time the request is made.
        let template = Template::new(&self.settings, draft).ok()?;
        let fixed = template.is_fixed().then(|| {
            let mut written = Written::default();
            template.write(&mut Nothing, &mut written).ok().map(|()| written)
        });
        Some(Rc::new(PreparedRequest {
            client: self,
            template,
            fixed: fixed.flatten(),
            wanted: draft.wanted,
        }))
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.connections.warm_up(users.count()))
    }
}

/// A request of an action.
struct PreparedRequest {
    client: Rc<HttpClient>,
    template: Template,
    /// The whole of it, where it is the same each time.
    fixed: Option<Written>,
    wanted: Wanted,
}

impl Prepared for PreparedRequest {
    fn send<'a>(&'a self, _user: u64, around: &mut dyn Surroundings) -> Result<Asking<'a>, NoValue> {
        let client = &*self.client;
        if let Some(fixed) = &self.fixed {
            return Ok(Box::pin(client.perform(fixed, self.template.is_head, self.wanted)));
        }
        let mut buffer = client.take_buffer();
        match self.template.write(around, &mut buffer) {
            Ok(()) => Ok(Box::pin(async move {
                let outcome = client.perform(&buffer, self.template.is_head, self.wanted).await;
                client.give_buffer(buffer);
                outcome
            })),
            Err(unwritten) => {
                client.give_buffer(buffer);
                match unwritten {
                    Unwritten::NoValue(missing) => Err(missing),
                    Unwritten::Invalid(error) => Ok(Box::pin(std::future::ready(Err(error)))),
                }
            }
        }
    }
}

/// What is known around constants: nothing needs to be.
struct Nothing;

impl Surroundings for Nothing {
    fn random(&mut self) -> &mut dyn RngCore {
        unreachable!("nothing is drawn from a constant")
    }
}
