//! Cookies (RFC 6265): each user of a load has a jar of its own, as a browser has.

use cookie_store::{CookieStore, RawCookie};
use hyper::HeaderMap;
use hyper::header::SET_COOKIE;
use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::RangeInclusive;
use url::Url;

/// What a jar takes; more is not kept. Browsers keep as many of one site.
const MOST: usize = 180;
/// A longer cookie is not kept either.
const LONGEST: usize = 4096;

/// The jars of all users.
#[derive(Default)]
pub(super) struct Jars {
    jars: RefCell<HashMap<u64, CookieStore>>,
}

impl Jars {
    /// Keeps what an answer sets.
    pub fn keep(&self, user: u64, headers: &HeaderMap, url: &Url) {
        let mut set = headers.get_all(SET_COOKIE).iter().peekable();
        if set.peek().is_none() {
            return;
        }
        let mut jars = self.jars.borrow_mut();
        let jar = jars.entry(user).or_default();
        let texts = set.filter_map(|value| value.to_str().ok()).filter(|text| text.len() <= LONGEST);
        for cookie in texts.filter_map(|text| RawCookie::parse(text.to_string()).ok()) {
            let known = jar.iter_any().any(|kept| kept.name() == cookie.name());
            if known || jar.iter_any().count() < MOST {
                // One that is of another site, or has run out already, is not taken.
                let _ = jar.insert_raw(&cookie, url);
            }
        }
    }

    /// The value of `Cookie` for a request, where it has one.
    pub fn of_request(&self, user: u64, url: &Url) -> Option<String> {
        let jars = self.jars.borrow();
        let pairs = jars.get(&user)?.get_request_values(url);
        let value = pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ");
        (!value.is_empty()).then_some(value)
    }

    /// These users ask no more.
    pub fn release(&self, users: &RangeInclusive<u64>) {
        self.jars.borrow_mut().retain(|user, _| !users.contains(user));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn keep(jars: &Jars, user: u64, from: &str, cookies: &[&str]) {
        let mut headers = HeaderMap::new();
        for cookie in cookies {
            headers.append(SET_COOKIE, HeaderValue::from_str(cookie).unwrap());
        }
        jars.keep(user, &headers, &url(from));
    }

    #[test]
    fn each_user_has_a_jar_and_cookies_go_where_they_belong() {
        let jars = Jars::default();
        let from = "http://a.example:8080/app/login";
        keep(
            &jars,
            1,
            from,
            &["id=one; Path=/app; HttpOnly", "deep=1; Path=/app/deep", "other=1; Domain=b.example"],
        );
        keep(&jars, 1, from, &["safe=1; Secure", "gone=1; Max-Age=0", "wide=1; Domain=example; Path=/"]);
        keep(&jars, 2, from, &["id=two; Path=/app"]);
        let of = |user, to: &str| jars.of_request(user, &url(to));
        assert_eq!(
            of(1, "http://a.example/app/x").unwrap().split("; ").filter(|pair| *pair == "id=one").count(),
            1
        );
        assert!(!of(1, "http://a.example/app/x").unwrap().contains("safe"));
        assert!(of(1, "https://a.example/app/x").unwrap().contains("safe=1"));
        assert!(of(1, "http://a.example/app/deep").unwrap().contains("deep=1"));
        assert!(!of(1, "http://b.example/app/").unwrap_or_default().contains("other"));
        assert_eq!(of(2, "http://a.example/app/").as_deref(), Some("id=two"));
        keep(&jars, 2, from, &["id=; Path=/app; Expires=Thu, 01 Jan 1970 00:00:00 GMT"]);
        assert_eq!(of(2, "http://a.example/app/"), None);
        jars.release(&(0..=1));
        assert_eq!(of(1, "http://a.example/app/x"), None);
    }

    #[test]
    fn a_jar_is_bounded() {
        let jars = Jars::default();
        for number in 0..2 * MOST {
            keep(&jars, 1, "http://a.example/", &[&format!("c{number}=x")]);
        }
        keep(&jars, 1, "http://a.example/", &["c0=changed", &format!("long={}", "x".repeat(LONGEST))]);
        let cookies = jars.of_request(1, &url("http://a.example/")).unwrap();
        assert_eq!(cookies.split("; ").count(), MOST);
        assert!(cookies.contains("c0=changed") && !cookies.contains("long"));
    }
}
