//! Where a URL of a setting leads: its peer, its path, and the user and password in front of its host. What is said of
//! a URL that cannot be used repeats nothing of it but its scheme, for it may hold a password.

use super::client::{Around, ClientError};
use super::socket::Peer;
use super::stream::Endpoint;
use crate::lang::call::Arguments;
use hyper::Uri;

/// The schemes of a protocol, and the ports where a URL names none.
pub struct Schemes {
    /// Without TLS.
    pub plain: (&'static str, u16),
    /// With it.
    pub encrypted: (&'static str, u16),
}

/// A URL, taken apart.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    /// Host and port.
    pub peer: Peer,
    /// Whether its scheme is the one with TLS.
    pub encrypted: bool,
    /// The path with its query, which begins with `/` where there is one.
    pub path: String,
    /// Who asks, decoded; empty where only a password is given.
    pub user: Option<String>,
    /// The password, decoded.
    pub password: Option<String>,
}

impl Place {
    /// From a URL of one of these schemes.
    ///
    /// # Errors
    /// Where it is none.
    pub fn parse(url: &str, schemes: &Schemes) -> Result<Place, ClientError> {
        let (scheme, port) = schemes.plain;
        let refuse = || {
            ClientError::new(format!(
                "`url` is not one of {scheme}: write one like \"{scheme}://127.0.0.1:{port}\", what is not a letter or a digit in a user or password as %XX"
            ))
        };
        let uri: Uri = url.parse().map_err(|_| refuse())?;
        let (encrypted, port) = match uri.scheme_str() {
            Some(found) if found == scheme => (false, port),
            Some(found) if found == schemes.encrypted.0 => (true, schemes.encrypted.1),
            _ => return Err(refuse()),
        };
        let authority = uri.authority().ok_or_else(refuse)?.as_str();
        let (credentials, address) = match authority.rsplit_once('@') {
            Some((credentials, address)) => (Some(credentials), address),
            None => (None, authority),
        };
        let (user, password) = match credentials.map(|text| text.split_once(':').unwrap_or((text, ""))) {
            None => (None, None),
            Some((user, password)) => (
                Some(decoded(user).ok_or_else(refuse)?),
                Some(decoded(password).ok_or_else(refuse)?).filter(|password| !password.is_empty()),
            ),
        };
        let peer = Peer::parse(address, Some(port)).ok_or_else(refuse)?;
        let path = uri.path_and_query().map_or_else(String::new, |path| path.as_str().to_string());
        Ok(Place { peer, encrypted, path, user, password })
    }

    /// Where it leads, with TLS where its scheme says so and as the setting `tls` has it, asked as its target is declared.
    ///
    /// # Errors
    /// Where TLS cannot be set up, or is set and the scheme is the one without.
    pub fn endpoint(
        &self,
        schemes: &Schemes,
        settings: &Arguments,
        around: &Around,
    ) -> Result<Endpoint, ClientError> {
        let peer = self.peer.clone().asked(settings, around);
        Endpoint::of_url(peer, self.encrypted, schemes.encrypted.0, settings, around)
    }
}

/// A part of a URL without its `%XX` (RFC 3986, section 2.1).
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16);
        bytes.push(if byte == b'%' { u8::try_from(digit()? * 16 + digit()?).ok()? } else { byte });
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Place, Schemes};

    const SCHEMES: Schemes = Schemes { plain: ("redis", 6379), encrypted: ("rediss", 6380) };

    fn parse(url: &str) -> Result<Place, String> {
        Place::parse(url, &SCHEMES).map_err(|error| error.to_string())
    }

    #[test]
    fn a_url_is_taken_apart() {
        let place = parse("redis://me:p%40ss%3A@127.0.0.1/3").ok().unwrap();
        assert_eq!((place.peer.host.as_str(), place.peer.port), ("127.0.0.1", 6379));
        assert_eq!((place.user.as_deref(), place.password.as_deref()), (Some("me"), Some("p@ss:")));
        assert_eq!(place.path, "/3");
        let place = parse("redis://:only@[::1]:7").ok().unwrap();
        assert_eq!((place.user.as_deref(), place.password.as_deref()), (Some(""), Some("only")));
        assert_eq!(place.peer.to_string(), "[::1]:7");
        let place = parse("redis://127.0.0.1").ok().unwrap();
        assert!(place.user.is_none() && !place.encrypted);
        let place = parse("rediss://127.0.0.1").ok().unwrap();
        assert_eq!((place.peer.port, place.encrypted), (6380, true));
    }

    #[test]
    fn what_is_none_is_refused_without_repeating_it() {
        for url in ["redis://a:hunter2%zz@127.0.0.1", "http://a:hunter2@127.0.0.1", "redis://", "hunter2"] {
            let reason = parse(url).err().unwrap();
            assert!(reason.contains("redis://127.0.0.1:6379") && !reason.contains("hunter2"), "{reason}");
        }
    }
}
