//! The HTTP client: over HTTP/1.1 one connection an outstanding request, kept for the next one; over HTTP/2 all on one.
//! Loads and the story use the same.

use super::body::Desk;
use super::connection::Outgoing;
use super::cookies::Jars;
use super::route::Route;
use super::settings::{Origin, Settings};
use super::template::{Template, Unwritten, Written};
use super::upload::Files;
use crate::kinds::client::Around;
use crate::kinds::deadlines::Deadlines;
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
    pub(super) settings: Settings,
    /// To where the base is.
    pub(super) base: Route,
    /// To where redirects have led.
    pub(super) places: RefCell<Vec<(Origin, Rc<Route>)>>,
    pub(super) jars: Jars,
    pub(super) desk: Desk,
    files: Rc<Files>,
    /// Whether a request is one exchange of bytes and nothing else.
    plain: bool,
    deadlines: Deadlines,
    /// Buffers that no request uses at the moment.
    spare: RefCell<Vec<Written>>,
}

/// What a client has to know of a request beside its bytes.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// Whether it is a HEAD request, whose answer has no body.
    pub is_head: bool,
    /// Whether it says itself which cookies go with it.
    pub tells_cookies: bool,
    pub wanted: Wanted,
}

impl HttpClient {
    /// From the settings of its target.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<HttpClient, HttpTargetError> {
        let settings = Settings::read(settings, around)?;
        Ok(HttpClient {
            base: Route::new(&settings, &settings.origin)?,
            places: RefCell::default(),
            plain: settings.redirects == 0 && !settings.cookies && !settings.compress,
            settings,
            jars: Jars::default(),
            desk: Desk::new(),
            files: Rc::default(),
            deadlines: Deadlines::default(),
            spare: RefCell::default(),
        })
    }

    /// Sends a request and waits for its answer, for no longer than it may take.
    async fn perform(&self, user: u64, request: &Written, asked: Asked) -> Result<Answer, RequestError> {
        let timeout = request.timeout.unwrap_or(self.settings.timeout);
        let outcome = if self.plain {
            self.deadlines.within(timeout, self.exchange(user, request, asked)).await
        } else {
            // Aside, so that a plain request is not as large as this.
            self.deadlines.within(timeout, Box::pin(self.travel(user, request, asked))).await
        };
        outcome.unwrap_or(Err(RequestError::TimedOut(timeout)))
    }

    async fn exchange(&self, user: u64, request: &Written, asked: Asked) -> Result<Answer, RequestError> {
        let upload = request.upload.as_ref();
        let Asked { is_head, wanted, .. } = asked;
        let outgoing = Outgoing { bytes: &request.bytes, upload, is_head, wanted };
        let incoming = self.base.exchange(user, outgoing, &self.desk).await?;
        Ok(Answer {
            status: Some(incoming.status),
            headers: incoming.headers,
            body: incoming.body,
            bytes: incoming.received + request.body,
            ..Answer::default()
        })
    }

    fn take_buffer(&self) -> Written {
        self.spare.borrow_mut().pop().unwrap_or_default()
    }

    fn give_buffer(&self, mut buffer: Written) {
        // Its file is closed.
        buffer.upload = None;
        let mut spare = self.spare.borrow_mut();
        if spare.len() < KEPT && buffer.bytes.capacity() <= LARGEST_KEPT {
            spare.push(buffer);
        }
    }

    async fn call(&self, user: u64, call: &Call) -> Result<Answer, RequestError> {
        let constant = |value: &Value| Expr::known(value.clone());
        let given: Vec<(&'static str, Vec<Expr>)> = call
            .arguments
            .iter()
            .map(|(name, values)| (name, values.iter().map(constant).collect()))
            .collect();
        let arguments = given.iter().map(|(name, values)| (*name, values.iter().collect()));
        let draft = Draft { verb: call.verb, arguments: arguments.collect(), wanted: Wanted::ALL };
        let mut written = Written::default();
        let template = Template::new(&self.settings, &self.files, &draft).and_then(|template| {
            template.write(&mut Nothing, &mut written)?;
            Ok(template)
        });
        match template {
            Ok(template) => self.perform(user, &written, template.asked(Wanted::ALL)).await,
            Err(Unwritten::Invalid(error)) => Err(error),
            Err(Unwritten::NoValue(missing)) => Err(RequestError::Invalid(missing.to_string())),
        }
    }
}

impl Requester for HttpClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> Asking<'a> {
        Box::pin(self.call(user, call))
    }

    fn prepare(self: Rc<Self>, draft: &Draft<'_>) -> Option<Rc<dyn Prepared>> {
        // What cannot be written down is told each time the request is made.
        let template = Template::new(&self.settings, &self.files, draft).ok()?;
        let fixed = template.is_fixed().then(|| {
            let mut written = Written::default();
            template.write(&mut Nothing, &mut written).ok().map(|()| written)
        });
        let asked = template.asked(draft.wanted);
        Some(Rc::new(PreparedRequest { client: self, template, fixed: fixed.flatten(), asked }))
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(self.base.warm_up(users))
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.jars.release(&users);
        self.base.release(&users);
        self.places.borrow().iter().for_each(|(_, route)| route.release(&users));
    }
}

/// A request of an action.
struct PreparedRequest {
    client: Rc<HttpClient>,
    template: Template,
    /// The whole of it, where it is the same each time.
    fixed: Option<Written>,
    asked: Asked,
}

impl Prepared for PreparedRequest {
    fn send<'a>(&'a self, user: u64, around: &mut dyn Surroundings) -> Result<Asking<'a>, NoValue> {
        let client = &*self.client;
        if let Some(fixed) = &self.fixed {
            return Ok(Box::pin(client.perform(user, fixed, self.asked)));
        }
        let mut buffer = client.take_buffer();
        match self.template.write(around, &mut buffer) {
            Ok(()) => Ok(Box::pin(async move {
                let outcome = client.perform(user, &buffer, self.asked).await;
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
