//! What an `http` target is declared with, read once.

use super::connections::Keeping;
use super::way::{Proxy, Way};
use crate::kinds::client::Around;
use crate::kinds::reach::Reach;
use crate::kinds::socket::{DEFAULT_TIMEOUT, Peer};
use crate::kinds::tls::{Tls, TlsError};
use crate::lang::call::Arguments;
use crate::lang::value::Value;
use hyper::Uri;
use hyper::header::{
    ACCEPT_ENCODING, CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHORIZATION,
};
use std::cell::OnceCell;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Connections that all users share over HTTP/2, where the scenario does not say.
const SHARED_STREAMS: usize = 1;

/// The settings of one target.
pub(super) struct Settings {
    /// Where requests go.
    pub origin: Origin,
    /// What stands in front of the path of a request: the base's own path, without a slash at its end; for a proxy, the
    /// base.
    pub prefix: String,
    /// Of every request; the host is among them.
    pub headers: HeaderMap,
    pub timeout: Duration,
    pub version: Version,
    pub keeping: Keeping,
    pub proxy: Option<Proxy>,
    pub encryption: Encryption,
    /// So many are followed.
    pub redirects: usize,
    /// Whether users keep cookies.
    pub cookies: bool,
    /// Whether compressed answers are asked for.
    pub compress: bool,
    /// Where relative paths start.
    pub folder: PathBuf,
    pub reach: Arc<Reach>,
}

/// Which HTTP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    One,
    Two,
}

/// A scheme, a host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    /// Whether it is asked over TLS.
    pub secure: bool,
    pub peer: Peer,
    /// As `Host` tells it.
    pub authority: String,
}

impl Origin {
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// As it stands in front of a path.
    pub fn base(&self) -> String {
        format!("{}://{}", self.scheme(), self.authority)
    }
}

/// How TLS is spoken.
pub(super) struct Encryption {
    /// With the host of the base.
    of_base: Option<Tls>,
    /// With others, who are shown no certificate of soak's and have names of their own.
    elsewhere: OnceCell<Result<Tls, TlsError>>,
    trust: Arguments,
    folder: PathBuf,
    protocol: &'static str,
}

impl Encryption {
    fn read(
        settings: &Arguments,
        around: &Around,
        version: Version,
        secure: bool,
    ) -> Result<Encryption, TlsError> {
        let mut trust = Arguments::default();
        let of_trust = |name: &str| matches!(name, "tls" | "ca" | "insecure");
        for (name, values) in settings.iter().filter(|(name, _)| of_trust(name)) {
            trust.push(name, values.to_vec());
        }
        let protocol = if version == Version::Two { "h2" } else { "http/1.1" };
        let folder = around.folder.clone();
        let of_base = secure.then(|| Tls::read(settings, &folder)).transpose()?;
        let of_base = of_base.map(|tls| tls.offering(&[protocol]));
        let read = Encryption { of_base, elsewhere: OnceCell::new(), trust, folder, protocol };
        if settings.has("tls") && !secure {
            // What is wrong is told before anything starts.
            read.elsewhere()?;
        }
        Ok(read)
    }

    fn elsewhere(&self) -> Result<Tls, TlsError> {
        let read = || Ok(Tls::read(&self.trust, &self.folder)?.offering(&[self.protocol]));
        self.elsewhere.get_or_init(read).clone()
    }
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
    Tls(#[from] TlsError),
    /// A header that HTTP does not allow. Its value is not repeated here: it may be a secret.
    #[error("the header `{0}` has a name or a value that HTTP does not allow")]
    Header(String),
    /// A proxy's URL, which may hold a password.
    #[error("`proxy` is not one: write it like \"http://127.0.0.1:3128\"")]
    Proxy,
    /// A host that became known only now.
    #[error("`{0}` is another machine: the scenario needs `permit load to \"{0}\"`")]
    NotPermitted(String),
    /// A count of connections that is none.
    #[error("`connections` is 1 or more")]
    NoConnections,
}

impl Settings {
    /// From the settings of a target.
    pub fn read(settings: &Arguments, around: &Around) -> Result<Settings, HttpTargetError> {
        let base = settings.text("base").unwrap_or_default();
        if base.split(['/', '?']).nth(2).is_some_and(|authority| authority.contains('@')) {
            return Err(HttpTargetError::Credentials);
        }
        let refuse = || HttpTargetError::Base(base.to_string());
        let uri: Uri = base.parse().map_err(|_| refuse())?;
        let secure = match uri.scheme_str() {
            _ if uri.query().is_some() => return Err(refuse()),
            Some("http") => false,
            Some("https") => true,
            _ => return Err(refuse()),
        };
        let authority = uri.authority().ok_or_else(refuse)?.as_str();
        let port = if secure { 443 } else { 80 };
        let peer = Peer::parse(authority, Some(port)).ok_or_else(refuse)?.asked(settings, around);
        let origin = Origin { secure, peer, authority: authority.to_string() };
        let version = if settings.has("http2") { Version::Two } else { Version::One };
        let redirects = settings.number("redirects").map_or(0, |count| count.max(0.0) as usize);
        if !secure && redirects == 0 && settings.has("tls") {
            return Err(TlsError::NotAsked("https").into());
        }
        let encryption = Encryption::read(settings, around, version, secure)?;
        let proxy = settings.text("proxy").map(|url| Proxy::parse(url).ok_or(HttpTargetError::Proxy));
        let proxy = proxy.transpose()?.map(|proxy| proxy.asked(settings, around));
        for peer in [Some(&origin.peer), proxy.as_ref().map(|proxy| &proxy.peer)].into_iter().flatten() {
            if !around.reach.allows(&peer.host) {
                return Err(HttpTargetError::NotPermitted(peer.host.clone()));
            }
        }
        let keeping = keeping(settings, version)?;
        let mut read = Settings {
            prefix: uri.path().trim_end_matches('/').to_string(),
            headers: HeaderMap::new(),
            timeout: settings.duration("timeout").unwrap_or(DEFAULT_TIMEOUT),
            version,
            keeping,
            proxy,
            redirects,
            encryption,
            cookies: settings.has("cookies"),
            compress: settings.has("compress"),
            folder: around.folder.clone(),
            reach: Arc::clone(&around.reach),
            origin,
        };
        read.write_headers(settings).map_err(|wrong| wrong.unwrap_or_else(refuse))?;
        if read.asks_proxy(&read.origin) {
            read.prefix.insert_str(0, &read.origin.base());
        }
        Ok(read)
    }

    /// The headers of every request. Without a word of which one is wrong, it is the host.
    fn write_headers(&mut self, settings: &Arguments) -> Result<(), Option<HttpTargetError>> {
        let host = HeaderValue::from_str(&self.origin.authority).map_err(|_| None)?;
        self.headers.insert(HOST, host);
        if self.compress {
            self.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(super::coding::ASKED_FOR));
        }
        if !self.keeping.reuse && self.version == Version::One {
            // Who closes first waits for a minute with its port, and it is the server who has ports to spare.
            self.headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if self.asks_proxy(&self.origin)
            && let Some(authorization) = self.proxy.as_ref().and_then(|proxy| proxy.authorization.clone())
        {
            self.headers.insert(PROXY_AUTHORIZATION, authorization);
        }
        for values in settings.all("header") {
            let (name, value) = header(values)?;
            self.headers.insert(name, value);
        }
        Ok(())
    }

    /// Whether a request to this place is handed to a proxy whole, with the place in front of its path.
    pub fn asks_proxy(&self, origin: &Origin) -> bool {
        self.proxy.is_some() && !self.tunnels(origin)
    }

    /// Whether a proxy only passes bytes on: it can understand neither what is encrypted nor HTTP/2.
    fn tunnels(&self, origin: &Origin) -> bool {
        origin.secure || self.version == Version::Two
    }

    /// How a connection for requests to this place is opened.
    ///
    /// # Errors
    /// Where TLS cannot be set up for it.
    pub fn way(&self, origin: &Origin) -> Result<Way, TlsError> {
        let tls = match origin.secure {
            true if *origin == self.origin => self.encryption.of_base.clone(),
            true => Some(self.encryption.elsewhere()?),
            false => None,
        };
        Ok(match &self.proxy {
            None => Way::direct(&origin.peer, tls),
            Some(proxy) if self.tunnels(origin) => Way::tunnel(proxy, &origin.peer, tls),
            Some(proxy) => Way::direct(&proxy.peer, None),
        })
    }
}

fn keeping(settings: &Arguments, version: Version) -> Result<Keeping, HttpTargetError> {
    let most = settings.number("connections").map(|count| count as usize);
    if most == Some(0) {
        return Err(HttpTargetError::NoConnections);
    }
    let usual = if version == Version::Two { SHARED_STREAMS } else { usize::MAX };
    Ok(Keeping {
        most: most.unwrap_or(usual),
        own: settings.has("own"),
        reuse: !settings.has("reuse"),
        idle: settings.duration("idle"),
    })
}

/// A header from its name and its value.
pub(in crate::kinds) fn header(values: &[Value]) -> Result<(HeaderName, HeaderValue), HttpTargetError> {
    let name = values.first().map(Value::to_string).unwrap_or_default();
    let value = values.get(1).map(Value::to_string).unwrap_or_default();
    let refuse = || HttpTargetError::Header(name.clone());
    let header_value = HeaderValue::from_str(&value).map_err(|_| refuse())?;
    Ok((HeaderName::from_bytes(name.as_bytes()).map_err(|_| refuse())?, header_value))
}
