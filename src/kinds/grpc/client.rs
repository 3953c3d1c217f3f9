//! The gRPC client: calls with one message there and one back, JSON on this side, over shared HTTP/2 connections
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>).

use super::connection::Connection;
use super::{message, status};
use crate::kinds::client::{Around, ClientError};
use crate::kinds::http::client::{MAX_BODY, header, http_error};
use crate::kinds::pool::Pool;
use crate::kinds::request::{Answer, RequestError, Requester};
use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer};
use crate::kinds::tcp::client::{address, within};
use crate::lang::call::{Arguments, Call};
use bytes::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, TE};
use hyper::{Method, Request, Response, Uri};
use prost_reflect::{DescriptorPool, MethodDescriptor};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::time::Duration;

/// What gRPC says of a call.
const STATUS: HeaderName = HeaderName::from_static("grpc-status");
const TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
/// The protocol allows no more digits.
const LONGEST: u128 = 99_999_999;

/// A declared `grpc` target.
pub struct GrpcClient {
    peer: Peer,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    pool: Pool<Connection>,
    descriptors: DescriptorPool,
    /// Those that were called already; as many as the descriptors know at most.
    methods: RefCell<HashMap<String, MethodDescriptor>>,
}

impl GrpcClient {
    /// From the settings `address`, `descriptor`, `header`, `timeout`, `connections` and `own`.
    ///
    /// # Errors
    /// Where one of them cannot be used.
    pub fn new(settings: &Arguments, around: &Around) -> Result<GrpcClient, ClientError> {
        let headers: Result<Vec<_>, _> = settings.all("header").map(header).collect();
        let descriptor = around.folder.join(settings.text("descriptor").unwrap_or_default());
        Ok(GrpcClient {
            peer: address(settings, around)?,
            headers: headers.map_err(ClientError::new)?,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            pool: Pool::new(settings, 1),
            descriptors: message::descriptors(&descriptor)?,
            methods: RefCell::default(),
        })
    }

    fn method(&self, name: &str) -> Result<MethodDescriptor, RequestError> {
        if let Some(method) = self.methods.borrow().get(name) {
            return Ok(method.clone());
        }
        let method = message::method(&self.descriptors, name)?;
        self.methods.borrow_mut().insert(name.to_string(), method.clone());
        Ok(method)
    }

    async fn call(
        &self,
        user: u64,
        arguments: &Arguments,
        timeout: Duration,
    ) -> Result<Answer, RequestError> {
        let method = self.method(arguments.text("method").unwrap_or_default())?;
        let json = arguments.value("json").map_or_else(|| serde_json::json!({}), |json| json.to_json());
        let message = message::encode(method.input(), json)?;
        let sent = message.len();
        let mut request = Request::new(Full::new(message));
        *request.method_mut() = Method::POST;
        let path = format!("http://{}/{}/{}", self.peer, method.parent_service().full_name(), method.name());
        *request.uri_mut() = Uri::try_from(path)
            .map_err(|_| RequestError::Invalid("the method's name is none that a path can hold".into()))?;
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
        headers.insert(TE, HeaderValue::from_static("trailers"));
        let left = format!("{}m", timeout.as_millis().clamp(1, LONGEST));
        headers.extend(HeaderValue::from_str(&left).map(|left| (TIMEOUT, left)));
        headers.extend(self.headers.iter().cloned());
        for own in arguments.all("header") {
            headers.extend([header(own).map_err(|error| RequestError::Invalid(error.to_string()))?]);
        }
        let connection = self.pool.get(user, || Connection::open(&self.peer, self.timeout)).await?;
        let mut requests = connection.requests();
        requests.ready().await.map_err(|error| http_error(&error))?;
        let response = requests.send_request(request).await.map_err(|error| http_error(&error))?;
        let (status, body) = answer(response).await?;
        let bytes = (sent + body.len()) as u64;
        let document = match status::is_ok(status) {
            true => message::decode(method.output(), &body)?,
            // What came beside a failure is no answer.
            false => serde_json::Value::Null,
        };
        Ok(Answer { status_name: Some(status), document: Some(document), bytes, ..Answer::default() })
    }
}

/// Reads an answer to its end: the name of its status, and the message in front of it.
async fn answer(response: Response<Incoming>) -> Result<(&'static str, Bytes), RequestError> {
    let (head, mut incoming) = response.into_parts();
    if !head.status.is_success() {
        return Err(RequestError::Failed(format!(
            "the server answered HTTP {} and no gRPC",
            head.status.as_u16()
        )));
    }
    let is_grpc = |value: &HeaderValue| value.as_bytes().starts_with(b"application/grpc");
    if !head.headers.get(CONTENT_TYPE).is_some_and(is_grpc) {
        return Err(RequestError::Malformed("gRPC"));
    }
    let named = |headers: &HeaderMap| headers.get(STATUS).map(|code| status::name(code.as_bytes()));
    let mut status = named(&head.headers);
    let mut body = BytesMut::new();
    while let Some(frame) = incoming.frame().await {
        match frame.map_err(|error| http_error(&error))?.into_data() {
            Ok(data) => body.extend_from_slice(&data),
            Err(other) => status = other.trailers_ref().and_then(named).or(status),
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
        Box::pin(async move { within(timeout, self.call(user, &call.arguments, timeout)).await? })
    }

    fn warm_up(&self, users: RangeInclusive<u64>) -> LocalBoxFuture<'_, ()> {
        Box::pin(async move {
            // What did not open in time is told by the request that needs it.
            let open = || Connection::open(&self.peer, self.timeout);
            let _ = within(self.timeout, self.pool.warm_up(users, open)).await;
        })
    }

    fn release(&self, users: RangeInclusive<u64>) {
        self.pool.release(&users);
    }
}
