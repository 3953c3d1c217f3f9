//! What an `http` target is declared with, read once.

use crate::kinds::client::ClientError;
use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer};
use crate::kinds::stream::Endpoint;
use crate::lang::call::Arguments;
use crate::lang::value::Value;
use hyper::Uri;
use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use std::path::Path;
use std::time::Duration;

/// The settings of one target.
pub(super) struct Settings {
    pub endpoint: Endpoint,
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
    /// TLS cannot be set up as it says.
    #[error(transparent)]
    Tls(#[from] ClientError),
    /// A header that HTTP does not allow. Its value is not repeated here: it may be a secret.
    #[error("the header `{0}` has a name or a value that HTTP does not allow")]
    Header(String),
}

impl Settings {
    /// From the settings `base`, `header`, `timeout` and `tls`; relative paths start at `folder`.
    pub fn read(settings: &Arguments, folder: &Path) -> Result<Settings, HttpTargetError> {
        let base = settings.text("base").unwrap_or_default();
        if base.split(['/', '?']).nth(2).is_some_and(|authority| authority.contains('@')) {
            return Err(HttpTargetError::Credentials);
        }
        let refuse = || HttpTargetError::Base(base.to_string());
        let uri: Uri = base.parse().map_err(|_| refuse())?;
        let encrypted = match uri.scheme_str() {
            _ if uri.query().is_some() => return Err(refuse()),
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refuse()),
        };
        let authority = uri.authority().ok_or_else(refuse)?;
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_str(authority.as_str()).map_err(|_| refuse())?);
        for values in settings.all("header") {
            let (name, value) = header(values)?;
            headers.insert(name, value);
        }
        let port = if encrypted { 443 } else { 80 };
        let peer = Peer::parse(authority.as_str(), Some(port)).ok_or_else(refuse)?;
        let endpoint = Endpoint::of_url(peer, encrypted, "https", settings, folder)?;
        Ok(Settings {
            endpoint: endpoint.offering(&["http/1.1"]),
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
