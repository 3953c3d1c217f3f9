//! What an `http` target is declared with, read once.

use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer};
use crate::lang::call::Arguments;
use crate::lang::value::Value;
use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;

/// The settings of one target.
pub(super) struct Settings {
    pub peer: Peer,
    /// The base's own path, without a slash at its end.
    pub prefix: String,
    /// Of every request; the host is among them.
    pub headers: HeaderMap,
    pub timeout: Duration,
}

/// Why a target cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum HttpTargetError {
    /// Not a URL that this client speaks.
    #[error("`{0}` is not a base address: write one like \"http://127.0.0.1:8080\"")]
    Base(String),
    /// A user and a password, which are not repeated here.
    #[error("a base address holds no user or password: send them as a header")]
    Credentials,
    /// Encrypted connections are not there yet.
    #[error("`{0}` asks for TLS, which soak does not speak yet")]
    Tls(String),
    /// A header that HTTP does not allow. Its value is not repeated here: it may be a secret.
    #[error("the header `{0}` has a name or a value that HTTP does not allow")]
    Header(String),
}

impl Settings {
    /// From the settings `base`, `header` and `timeout`.
    pub fn read(settings: &Arguments) -> Result<Settings, HttpTargetError> {
        let base = settings.text("base").unwrap_or_default();
        if base.split(['/', '?']).nth(2).is_some_and(|authority| authority.contains('@')) {
            return Err(HttpTargetError::Credentials);
        }
        let refuse = || HttpTargetError::Base(base.to_string());
        let uri: Uri = base.parse().map_err(|_| refuse())?;
        match uri.scheme_str() {
            Some("http") if uri.query().is_none() => {}
            Some("https") => return Err(HttpTargetError::Tls(base.to_string())),
            _ => return Err(refuse()),
        }
        let authority = uri.authority().ok_or_else(refuse)?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).map_err(|_| refuse())?);
        for values in settings.all("header") {
            let (name, value) = header(values)?;
            headers.insert(name, value);
        }
        Ok(Settings {
            peer: Peer::parse(authority.as_str(), Some(80)).ok_or_else(refuse)?,
            prefix: uri.path().trim_end_matches('/').to_string(),
            headers,
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
        })
    }
}

/// A header from its name and its value.
pub(in crate::kinds) fn header(values: &[Value]) -> Result<(HeaderName, HeaderValue), HttpTargetError> {
    let name = values.first().map(Value::to_string).unwrap_or_default();
    let value = values.get(1).map(Value::to_string).unwrap_or_default();
    let refuse = || HttpTargetError::Header(name.clone());
    let header_value = HeaderValue::from_str(&value).map_err(|_| refuse())?;
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?, header_value))
}
