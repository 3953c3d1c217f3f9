//! Compressed bodies (RFC 9110, section 8.4): asked for, and taken out of their form where somebody looks at them.

use super::body::MAX_BODY;
use crate::kinds::request::RequestError;
use bytes::Bytes;
use flate2::bufread::{MultiGzDecoder, ZlibDecoder};
use hyper::HeaderMap;
use hyper::header::CONTENT_ENCODING;
use std::io::{self, Read};
use tokio::task::spawn_blocking;

/// What `Accept-Encoding` says.
pub(super) const ASKED_FOR: &str = "gzip, deflate, br, zstd";
/// A body that becomes no larger is decoded on the spot; for a larger one arrivals do not wait.
const AT_ONCE: usize = 256 << 10;
/// A body is not in more forms than this, one over the other.
const MOST: usize = 4;
/// So much is read at once of a body in brotli.
const PIECE: usize = 4 << 10;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstandard,
}

impl Coding {
    fn named(name: &str) -> Option<Coding> {
        Some(match name.to_ascii_lowercase().as_str() {
            "gzip" | "x-gzip" => Coding::Gzip,
            "deflate" => Coding::Deflate,
            "br" => Coding::Brotli,
            "zstd" => Coding::Zstandard,
            _ => return None,
        })
    }

    fn name(self) -> &'static str {
        match self {
            Coding::Gzip => "gzip",
            Coding::Deflate => "deflate",
            Coding::Brotli => "brotli",
            Coding::Zstandard => "zstd",
        }
    }

    /// The body without this form, as far as it is no larger than `limit`; `None` where it is.
    fn decode(self, body: &[u8], limit: usize) -> Result<Option<Bytes>, RequestError> {
        let malformed = |_: io::Error| RequestError::Malformed(self.name());
        let decoded = match self {
            Coding::Gzip => at_most(MultiGzDecoder::new(body), limit),
            Coding::Deflate => at_most(ZlibDecoder::new(body), limit),
            Coding::Brotli => at_most(brotli_decompressor::Decompressor::new(body, PIECE), limit),
            Coding::Zstandard => ruzstd::decoding::StreamingDecoder::new(body)
                .map_err(io::Error::other)
                .and_then(|decoder| at_most(decoder, limit)),
        };
        decoded.map_err(malformed)
    }
}

fn at_most(mut decoder: impl Read, limit: usize) -> io::Result<Option<Bytes>> {
    let mut decoded = Vec::new();
    decoder.by_ref().take(limit as u64 + 1).read_to_end(&mut decoded)?;
    Ok((decoded.len() <= limit).then(|| decoded.into()))
}

/// A body as it was before the other end compressed it.
///
/// # Errors
/// Where it is not what its headers say, or too large.
pub(super) async fn decoded(headers: &HeaderMap, body: Bytes) -> Result<Bytes, RequestError> {
    if body.is_empty() {
        return Ok(body);
    }
    let mut codings = Vec::new();
    for value in headers.get_all(CONTENT_ENCODING) {
        let value = value.to_str().map_err(|_| RequestError::UnknownCoding)?;
        let names = value.split(',').map(str::trim).filter(|name| !name.is_empty() && *name != "identity");
        for name in names {
            codings.push(Coding::named(name).ok_or(RequestError::UnknownCoding)?);
        }
    }
    if codings.len() > MOST {
        return Err(RequestError::UnknownCoding);
    }
    let mut body = body;
    // The last one was put on last.
    for coding in codings.into_iter().rev() {
        body = match coding.decode(&body, AT_ONCE)? {
            Some(decoded) => decoded,
            None => {
                let decoding = spawn_blocking(move || coding.decode(&body, MAX_BODY));
                let decoded = decoding.await.map_err(|_| RequestError::Malformed(coding.name()))?;
                decoded?.ok_or(RequestError::TooLarge(MAX_BODY))?
            }
        };
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};
    use hyper::header::HeaderValue;
    use std::io::Write;

    // "hello, wide world\n" as `brotli` and `zstd` write it.
    const BROTLI: &[u8] = b"\x8b\x08\x80hello, wide world\n\x03";
    const ZSTANDARD: &[u8] = b"\x28\xb5\x2f\xfd\x20\x12\x91\x00\x00hello, wide world\n";

    fn gzip(body: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    }

    async fn decode(coding: &str, body: &[u8]) -> Result<String, RequestError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
        let decoded = decoded(&headers, Bytes::copy_from_slice(body)).await?;
        Ok(String::from_utf8(decoded.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn each_form_that_is_asked_for_is_understood() {
        let text = "hello, wide world\n";
        let mut deflate = ZlibEncoder::new(Vec::new(), Compression::fast());
        deflate.write_all(text.as_bytes()).unwrap();
        let deflate = deflate.finish().unwrap();
        let gzip = gzip(text.as_bytes());
        let cases: [(&str, &[u8]); 6] = [
            ("gzip", &gzip),
            ("X-GZIP", &gzip),
            ("deflate", &deflate),
            ("br", BROTLI),
            ("zstd", ZSTANDARD),
            ("identity", text.as_bytes()),
        ];
        for (coding, body) in cases {
            assert_eq!(decode(coding, body).await.as_deref(), Ok(text), "{coding}");
        }
        assert_eq!(decode("deflate, gzip", &self::gzip(&deflate)).await.as_deref(), Ok(text));
    }

    #[tokio::test]
    async fn what_is_not_in_its_form_is_an_error_and_a_bomb_is_bounded() {
        for (coding, name) in [("gzip", "gzip"), ("deflate", "deflate"), ("br", "brotli"), ("zstd", "zstd")] {
            assert_eq!(decode(coding, b"\xff\xff plain").await, Err(RequestError::Malformed(name)));
        }
        let half = &gzip(&[b'x'; 1000])[..15];
        assert_eq!(decode("gzip", half).await, Err(RequestError::Malformed("gzip")));
        assert_eq!(decode("compress", b"x").await, Err(RequestError::UnknownCoding));
        assert_eq!(decode("gzip, gzip, gzip, gzip, gzip", b"x").await, Err(RequestError::UnknownCoding));
        let large = gzip(&vec![b'x'; 2 * AT_ONCE]);
        assert_eq!(decode("gzip", &large).await.unwrap().len(), 2 * AT_ONCE);
        let bomb = gzip(&vec![0; MAX_BODY + 1]);
        assert!(bomb.len() < MAX_BODY / 100);
        assert_eq!(decode("gzip", &bomb).await, Err(RequestError::TooLarge(MAX_BODY)));
    }
}
