//! An answer of the link's own.

use bytes::BytesMut;
use hyper::StatusCode;

use super::super::head::{Method, Request};

/// An answer that the link gives, and how far its request has come.
#[derive(Debug)]
pub(super) struct Own {
    status: u16,
    request: Request,
    /// All of the request has come.
    ready: bool,
    /// The client was told to go on with its body.
    told: bool,
}

impl Own {
    pub fn new(status: u16, request: Request) -> Own {
        Own { status, request, ready: request.body.is_none(), told: false }
    }

    pub fn is_ready(&self) -> bool {
        self.ready
    }

    /// All of the request has come.
    pub fn complete(&mut self) {
        self.ready = true;
    }

    /// The connection is to be ended behind it.
    pub fn close(&mut self) {
        self.request.closes = true;
    }

    /// Whether the connection is ended behind it.
    pub fn closes(&self) -> bool {
        self.request.closes
    }

    /// A client that waits before it sends its body is told to send it, so that the connection can be kept.
    pub fn go_on(&mut self, out: &mut BytesMut) {
        if self.request.expects && !self.told {
            self.told = true;
            out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
    }

    pub fn write(&self, out: &mut BytesMut) {
        let reason = StatusCode::from_u16(self.status).ok().and_then(|status| status.canonical_reason());
        let reason = reason.unwrap_or("Answered");
        let mut text = format!("HTTP/1.1 {} {reason}\r\nServer: soak\r\n", self.status);
        if self.request.closes {
            text.push_str("Connection: close\r\n");
        } else if self.request.asks_to_stay {
            text.push_str("Connection: keep-alive\r\n");
        }
        let body = format!("{} {reason}\n", self.status);
        if !matches!(self.status, 204 | 304) {
            text.push_str(&format!("Content-Type: text/plain\r\nContent-Length: {}\r\n", body.len()));
        }
        text.push_str("\r\n");
        out.extend_from_slice(text.as_bytes());
        if self.request.method != Method::Head && !matches!(self.status, 204 | 304) {
            out.extend_from_slice(body.as_bytes());
        }
    }
}
