//! A request that is more than one exchange of bytes: with cookies, behind redirects, with an answer that is compressed.

use super::client::{Asked, HttpClient};
use super::coding;
use super::connection::{Incoming, Outgoing};
use super::route::Route;
use super::settings::Origin;
use super::template::{Written, line};
use super::writing::{Moved, Parsed};
use crate::kinds::request::{Answer, RequestError, Wanted};
use crate::kinds::socket::Peer;
use hyper::header::{COOKIE, LOCATION};
use std::borrow::Cow;
use std::rc::Rc;
use url::Url;

/// Places that redirects have led to; beyond it those are forgotten whose connections are gone soonest.
const MOST_PLACES: usize = 64;

/// One request on its way.
struct Leg<'a> {
    origin: Cow<'a, Origin>,
    url: Url,
    written: Cow<'a, Written>,
    is_head: bool,
}

impl HttpClient {
    /// Sends a request, follows where it leads, and takes its answer out of its form.
    pub(super) async fn travel(
        &self,
        user: u64,
        written: &Written,
        asked: Asked,
    ) -> Result<Answer, RequestError> {
        let settings = &self.settings;
        let mut leg = self.first(written, asked.is_head)?;
        let mut redirects = 0;
        let mut bytes = 0;
        loop {
            let incoming = self.carry(user, &leg, asked).await?;
            bytes += incoming.received + leg.written.body;
            if settings.cookies {
                self.jars.keep(user, &incoming.headers, &leg.url);
            }
            if settings.redirects > 0
                && let Some(next) = self.next(&leg, &incoming)?
            {
                redirects += 1;
                if redirects > settings.redirects {
                    return Err(RequestError::TooManyRedirects(settings.redirects));
                }
                leg = next;
                continue;
            }
            let body = match settings.compress && asked.wanted.body {
                true => coding::decoded(&incoming.headers, incoming.body).await?,
                false => incoming.body,
            };
            let (status, headers) = (Some(incoming.status), incoming.headers);
            return Ok(Answer { status, headers, body, bytes, ..Answer::default() });
        }
    }

    fn first<'a>(&'a self, written: &'a Written, is_head: bool) -> Result<Leg<'a>, RequestError> {
        let origin = &self.settings.origin;
        let target = written.bytes.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let target = String::from_utf8_lossy(target);
        let url = if target.starts_with('/') { origin.base() + &target } else { target.into_owned() };
        let url = Url::parse(&url);
        let url = url.map_err(|_| RequestError::Invalid("the path is not one that a URL can hold".into()))?;
        Ok(Leg { origin: Cow::Borrowed(origin), url, written: Cow::Borrowed(written), is_head })
    }

    /// One exchange of bytes.
    async fn carry(&self, user: u64, leg: &Leg<'_>, asked: Asked) -> Result<Incoming, RequestError> {
        let settings = &self.settings;
        let known;
        let route = match &leg.origin {
            Cow::Borrowed(_) => &self.base,
            Cow::Owned(origin) => {
                known = self.route(origin)?;
                &*known
            }
        };
        let mut bytes = Cow::Borrowed(leg.written.bytes.as_slice());
        if settings.cookies
            && !asked.tells_cookies
            && let Some(cookies) = self.jars.of_request(user, &leg.url)
        {
            let (head, rest) = bytes.split_at(leg.written.head);
            let mut more = head.to_vec();
            line(&mut more, &COOKIE, cookies.as_bytes());
            more.extend_from_slice(rest);
            bytes = Cow::Owned(more);
        }
        let headers = asked.wanted.headers
            || settings.redirects > 0
            || settings.cookies
            || (settings.compress && asked.wanted.body);
        let outgoing = Outgoing {
            bytes: &bytes,
            upload: leg.written.upload.as_ref(),
            is_head: leg.is_head,
            wanted: Wanted { headers, body: asked.wanted.body },
        };
        route.exchange(user, outgoing, &self.desk).await
    }

    /// The connections to another place than the base.
    fn route(&self, origin: &Origin) -> Result<Rc<Route>, RequestError> {
        let mut places = self.places.borrow_mut();
        if let Some((_, route)) = places.iter().find(|(place, _)| place == origin) {
            return Ok(Rc::clone(route));
        }
        let route = Route::new(&self.settings, origin);
        let route = Rc::new(route.map_err(|error| RequestError::Failed(error.to_string()))?);
        if places.len() >= MOST_PLACES {
            places.remove(0);
        }
        places.push((origin.clone(), Rc::clone(&route)));
        Ok(route)
    }

    /// Where an answer says that the request is to go (RFC 9110, section 15.4).
    fn next<'a>(&'a self, leg: &Leg<'_>, incoming: &Incoming) -> Result<Option<Leg<'a>>, RequestError> {
        let settings = &self.settings;
        let location = match incoming.status {
            301 | 302 | 303 | 307 | 308 => incoming.headers.get(LOCATION),
            _ => None,
        };
        let Some(location) = location else { return Ok(None) };
        let location = location.to_str().map_err(|_| RequestError::RedirectNowhere)?;
        let url = leg.url.join(location).map_err(|_| RequestError::RedirectNowhere)?;
        let origin = self.origin(&url)?;
        let parsed = Parsed::read(&leg.written.bytes)?;
        let is_post = parsed.method == b"POST";
        let becomes_get = match incoming.status {
            303 => !matches!(parsed.method, b"GET" | b"HEAD"),
            301 | 302 => is_post,
            _ => false,
        };
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let asks_proxy = settings.asks_proxy(&origin);
        let target = if asks_proxy { origin.base() + path } else { path.to_string() };
        let proxy = settings.proxy.as_ref().filter(|_| asks_proxy);
        let mut written = parsed.moved(&Moved {
            target: &target,
            host: &origin.authority,
            becomes_get,
            elsewhere: !same_host(&leg.origin, &origin),
            authorization: proxy.and_then(|proxy| proxy.authorization.as_ref()),
        });
        if !becomes_get {
            (written.body, written.upload) = (leg.written.body, leg.written.upload.clone());
        }
        let origin = match origin == settings.origin {
            true => Cow::Borrowed(&settings.origin),
            false => Cow::Owned(origin),
        };
        Ok(Some(Leg { origin, url, written: Cow::Owned(written), is_head: leg.is_head }))
    }

    /// The place of a URL, where it may be asked.
    fn origin(&self, url: &Url) -> Result<Origin, RequestError> {
        let settings = &self.settings;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(RequestError::RedirectNowhere);
        };
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(RequestError::RedirectNowhere),
        };
        if !settings.reach.allows(host) {
            return Err(RequestError::RedirectRefused(host.to_string()));
        }
        let authority = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let base = &settings.origin;
        // What is known of the base's name is known of it here too.
        let peer = Peer::new(host, port);
        let peer = if peer == base.peer { base.peer.clone() } else { peer.asked_like(&base.peer) };
        Ok(Origin { secure, peer, authority: authority.to_string() })
    }
}

/// Whether what is meant for one place is meant for the other too: the same host and port, or the same host once it
/// is asked over TLS.
fn same_host(from: &Origin, to: &Origin) -> bool {
    let safer = !from.secure && to.secure && (from.peer.port, to.peer.port) == (80, 443);
    from.peer.host.eq_ignore_ascii_case(&to.peer.host)
        && (safer || (from.secure == to.secure && from.peer.port == to.peer.port))
}
