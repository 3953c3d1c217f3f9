//! What went wrong where hyper carries HTTP/2, by its cause.

use crate::kinds::request::RequestError;
use crate::kinds::socket::stream_error;
use std::error::Error as _;
use std::io;

/// The cause of an error as requests tell it.
pub(in crate::kinds) fn http_error(error: &hyper::Error) -> RequestError {
    if error.is_parse() {
        return RequestError::Garbled;
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(error) = cause.downcast_ref::<io::Error>() {
            return match error.kind() {
                io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => RequestError::Garbled,
                _ => stream_error(error),
            };
        }
        source = cause.source();
    }
    RequestError::Closed
}
