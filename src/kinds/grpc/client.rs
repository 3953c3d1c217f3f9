//! The gRPC client: calls with one message there and one back, and streams, JSON on this side, over shared HTTP/2 connections
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use super::connection::Connection;
use super::descriptors::Descriptors;
use super::frames::{Frames, is_grpc, status_of};
use super::outgoing::Outgoing;
use super::stream::Stream;
use super::{message, reflection, status};
use crate::kinds::client::{Around, ClientError};
use crate::kinds::http::client::{MAX_BODY, header, http_error};
use crate::kinds::pattern::Patterns;
use crate::kinds::pool::Pool;
use crate::kinds::request::{Answer, Conversation, RequestError, Requester};
use crate::kinds::socket::DEFAULT_TIMEOUT;
use crate::kinds::stream::Endpoint;
use crate::kinds::talk::Talk;
use crate::kinds::tcp::client::{address, within};
use crate::lang::call::{Arguments, Call};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName, HeaderValue, TE};
use hyper::{Method, Request, Response, Uri};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::Duration;

/// How long the other end may take.
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// The protocol allows no more digits.
const LONGEST: u128 = 99_999_999;

/// A declared `grpc` target.
pub struct GrpcClient {
    endpoint: Endpoint,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    pool: Pool<Connection>,
    descriptors: Descriptors,
    patterns: Rc<Patterns>,
}

impl GrpcClient {
    /// From the settings `address`, `descriptor` or `reflection`, `header`, `timeout`, `connections`, `own` and `tls`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<GrpcClient, ClientError> {
        let headers: Result<Vec<_>, _> = settings.all("header").map(header).collect();
        let descriptor = settings.text("descriptor").map(|path| around.folder.join(path));
        Ok(GrpcClient {
            // Servers that speak several protocols over TLS are told which one is meant.
            endpoint: Endpoint::of_address(address(settings, around)?, settings, around)?.offering(&["h2"]),
            headers: headers.map_err(ClientError::new)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            pool: Pool::new(settings, 1),
            descriptors: Descriptors::new(descriptor.as_deref())?,
            patterns: Rc::default(),
        })
    }

    async fn method(&self, user: u64, name: &str) -> Result<MethodDescriptor, RequestError> {
        self.descriptors.method(name, |service| self.reflected(user, service)).await
    }

    /// Asks the service for its descriptors, by the newer protocol and then by the older one.
    async fn reflected(&self, user: u64, service: String) -> Result<DescriptorPool, RequestError> {
        for path in reflection::METHODS {
            let request = self.head(path, &Arguments::default(), None)?;
            let mut frames = Frames::open(self.connection(user).await?, request).await?;
            if let Some(pool) = reflection::ask(&mut frames, &service).await? {
                return Ok(pool);
            }
        }
        Err(RequestError::Failed(
            "the server does not tell of its descriptors: name a file of them with `descriptor`".into(),
        ))
    }

    async fn connection(&self, user: u64) -> Result<Rc<Connection>, RequestError> {
        self.pool.get(user, || Connection::open(&self.endpoint, self.timeout)).await
    }

    /// A request without its messages.
    fn head(
        &self,
        path: &str,
        arguments: &Arguments,
        timeout: Option<Duration>,
    ) -> Result<Request<()>, RequestError> {
        let mut request = Request::new(());
        *request.method_mut() = Method::POST;
        let scheme = if self.endpoint.tls.is_some() { "https" } else { "http" };
        *request.uri_mut() = Uri::try_from(format!("{scheme}://{}/{path}", self.endpoint.peer))
            .map_err(|_| RequestError::Invalid("the method's name is none that a path can hold".into()))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        if let Some(timeout) = timeout {
            let left = format!("{}m", timeout.as_millis().clamp(1, LONGEST));
            headers.extend(HeaderValue::from_str(&left).map(|left| (TIMEOUT, left)));
        }
        headers.extend(self.headers.iter().cloned());
        for own in arguments.all("header") {
            headers.extend([header(own).map_err(|error| RequestError::Invalid(error.to_string()))?]);
        }
        Ok(request)
    }

    async fn call(
        &self,
        user: u64,
        arguments: &Arguments,
        timeout: Duration,
    ) -> Result<Answer, RequestError> {
        let method = self.method(user, arguments.text("method").unwrap_or_default()).await?;
        if method.is_client_streaming() || method.is_server_streaming() {
            let why = "the method is one of streams: talk over it with `stream`";
            return Err(RequestError::Invalid(why.into()));
        }
        let json = arguments.value("json").map_or_else(|| serde_json::json!({}), |json| json.to_json());
        let message = message::encode(method.input(), json)?;
        let sent = message.len();
        let request = self.head(&path(&method), arguments, Some(timeout))?;
        let connection = self.connection(user).await?;
        let mut requests = connection.requests();
        requests.ready().await.map_err(|error| connection.told(&error))?;
        let response = requests.send_request(request.map(|()| Outgoing::One(Some(message)))).await;
        let (status, body) = answer(response.map_err(|error| connection.told(&error))?).await?;
        let bytes = (sent + body.len()) as u64;
        let document = match status::is_ok(status) {
            true => message::decode(method.output(), &body)?,
            // What came beside a failure is no answer.
            false => serde_json::Value::Null,
        };
        Ok(Answer { status_name: Some(status), document: Some(document), bytes, ..Answer::default() })
    }

    async fn stream(&self, user: u64, arguments: &Arguments) -> Result<Stream, RequestError> {
        let method = self.method(user, arguments.text("method").unwrap_or_default()).await?;
        let request = self.head(&path(&method), arguments, None)?;
        let frames = Frames::open(self.connection(user).await?, request).await?;
        Ok(Stream::new(frames, method, self.timeout))
    }
}

/// A method as the path of its calls.
fn path(method: &MethodDescriptor) -> String {
    format!("{}/{}", method.parent_service().full_name(), method.name())
}

/// Reads an answer to its end: the name of its status, and the message in front of it.
async fn answer(response: Response<Incoming>) -> Result<(&'static str, Bytes), RequestError> {
    is_grpc(&response)?;
    let (head, mut incoming) = response.into_parts();
    let mut status = status_of(&head.headers);
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(|error| http_error(&error))?.into_data() {
            Ok(data) => body.extend_from_slice(&data),
            Err(other) => status = other.trailers_ref().and_then(status_of).or(status),
        }
        if body.len() > MAX_BODY {
            return Err(RequestError::TooLarge(MAX_BODY));
        }
    }
    // Without a status the answer was torn.
    Ok((status.ok_or(RequestError::Closed)?, body.freeze()))
}

impl Requester for GrpcClient {
    fn request<'a>(&'a self, user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Answer, RequestError>> {
        let timeout = call.arguments.duration("timeout").unwrap_or(self.timeout);
        Box::pin(async move {
            if call.verb == "stream" {
                self.converse(user, call).await?.close().await?;
                return Ok(Answer::default());
            }
            within(timeout, self.call(user, &call.arguments, timeout)).await?
        })
    }

    fn converse<'a>(
        &'a self,
        user: u64,
        call: &'a Call,
    ) -> LocalBoxFuture<'a, Result<Box<dyn Conversation>, RequestError>> {
        Box::pin(async move {
            let stream = within(self.timeout, self.stream(user, &call.arguments)).await??;
            let talk = Talk::new(stream, self.timeout, Rc::clone(&self.patterns));
            Ok(Box::new(talk) as Box<dyn Conversation>)
        })
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            // What did not open in time is told by the request that needs it.
            let open = || Connection::open(&self.endpoint, self.timeout);
            let _ = within(self.timeout, self.pool.warm_up(users, open)).await;
        })
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.pool.release(&users);
    }
}
