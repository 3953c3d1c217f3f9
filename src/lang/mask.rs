//! Keeping secrets out of what is written down, also in the forms in which other programs give them back.

use std::fmt;
use std::fmt::Write as _;
use std::sync::Arc;

/// What stands in place of a secret.
pub const MASKED: &str = "***";
/// A line of a secret that is several lines long is hidden by itself from this length on, in bytes.
const LEAST_LINE: usize = 4;
/// What stays as it is where everything else is percent-encoded, RFC 3986 section 2.3.
const UNRESERVED: &str = "-._~";
/// What may stay as it is in a path as well, RFC 3986 section 3.3.
const IN_A_PATH: &str = "-._~/:@!$&'()*+,;=";

/// The secrets of a run, as they may stand in a text.
#[derive(Clone, Default)]
pub struct Mask {
    /// Longest first, so that a secret that is part of another leaves nothing of the other behind.
    hidden: Arc<[String]>,
}

/// Never shown, by accident neither.
impl fmt::Debug for Mask {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Mask({})", self.hidden.len())
    }
}

impl Mask {
    /// A mask for these values; an empty one hides nothing.
    pub fn new(secrets: impl IntoIterator<Item = String>) -> Mask {
        let mut hidden: Vec<String> = secrets.into_iter().flat_map(|secret| forms(&secret)).collect();
        hidden.retain(|form| !form.is_empty());
        hidden.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        hidden.dedup();
        Mask { hidden: hidden.into() }
    }

    /// Whether there is nothing to hide.
    pub fn is_empty(&self) -> bool {
        self.hidden.is_empty()
    }

    /// The text without any secret.
    pub fn text(&self, text: &str) -> String {
        self.hidden.iter().fold(text.to_owned(), |text, hidden| text.replace(hidden, MASKED))
    }

    /// The bytes without any secret.
    pub fn bytes(&self, bytes: Vec<u8>) -> Vec<u8> {
        self.hidden.iter().fold(bytes, |bytes, hidden| replace(bytes, hidden.as_bytes()))
    }

    /// The length of the longest text that is hidden, in bytes.
    fn longest(&self) -> usize {
        self.hidden.first().map_or(0, String::len)
    }
}

/// How a secret may come back: as it is, in a URL, in JSON and in JSON within JSON, as a program in Rust or Python
/// quotes it, and line by line.
fn forms(secret: &str) -> Vec<String> {
    let quoted = |text: &str| {
        let whole = serde_json::Value::from(text).to_string();
        whole[1..whole.len() - 1].to_owned()
    };
    let json = quoted(secret);
    let mut forms =
        vec![secret.to_owned(), ascii(&json), quoted(&json), secret.escape_debug().to_string(), json];
    for kept in [UNRESERVED, IN_A_PATH] {
        for upper in [true, false] {
            let encoded = percent(secret, kept, upper);
            forms.push(encoded.replace("%20", "+"));
            forms.push(encoded);
        }
    }
    let lines = secret.lines().map(str::trim).filter(|line| line.len() >= LEAST_LINE && *line != secret);
    forms.extend(lines.map(str::to_owned));
    forms
}

fn percent(text: &str, kept: &str, upper: bool) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        let stays = byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte);
        // Writing to a text cannot fail.
        let _ = match (stays, upper) {
            (true, _) => write!(encoded, "{}", char::from(byte)),
            (false, true) => write!(encoded, "%{byte:02X}"),
            (false, false) => write!(encoded, "%{byte:02x}"),
        };
    }
    encoded
}

/// JSON with everything beyond ASCII escaped, as UTF-16 has it.
fn ascii(json: &str) -> String {
    let mut escaped = String::new();
    for character in json.chars() {
        if character.is_ascii() {
            escaped.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a text cannot fail.
            let _ = write!(escaped, "\\u{unit:04x}");
        }
    }
    escaped
}

fn replace(bytes: Vec<u8>, hidden: &[u8]) -> Vec<u8> {
    let Some(mut at) = find(&bytes, hidden) else { return bytes };
    let mut rest = &bytes[..];
    let mut clean = Vec::with_capacity(bytes.len());
    loop {
        clean.extend_from_slice(&rest[..at]);
        clean.extend_from_slice(MASKED.as_bytes());
        rest = &rest[at + hidden.len()..];
        match find(rest, hidden) {
            Some(next) => at = next,
            None => break,
        }
    }
    clean.extend_from_slice(rest);
    clean
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let first = wanted.first()?;
    let mut from = 0;
    while let Some(ahead) = bytes[from..].iter().position(|byte| byte == first) {
        let at = from + ahead;
        if bytes[at..].starts_with(wanted) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

/// A stream on its way to a file: whole lines, so that streams that share the file do not tear each other's, and no
/// secret in them. A line too long to wait for goes there in parts.
#[derive(Debug)]
pub struct MaskedLines {
    mask: Mask,
    limit: usize,
    waiting: Vec<u8>,
}

impl MaskedLines {
    /// Lines of which at most about `limit` bytes wait for their end.
    pub fn new(mask: Mask, limit: usize) -> MaskedLines {
        MaskedLines { mask, limit, waiting: Vec::new() }
    }

    /// What can be written now that `bytes` have come.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.waiting.extend_from_slice(bytes);
        let whole = match self.waiting.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => end + 1,
            None if self.waiting.len() >= self.limit + self.mask.longest() => {
                self.waiting = self.mask.bytes(std::mem::take(&mut self.waiting));
                // Whatever of a secret has come without its end stays.
                self.waiting.len().saturating_sub(self.mask.longest())
            }
            None => 0,
        };
        let rest = self.waiting.split_off(whole);
        self.mask.bytes(std::mem::replace(&mut self.waiting, rest))
    }

    /// What is left at the end of the stream.
    pub fn rest(&mut self) -> Vec<u8> {
        self.mask.bytes(std::mem::take(&mut self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "p/ä\"ss wörd";

    #[test]
    fn every_form_of_a_secret_is_hidden() {
        let mask = Mask::new([SECRET.to_owned(), "first line\n  second".to_owned()]);
        let cases = [
            "p/ä\"ss wörd",
            "p%2F%C3%A4%22ss%20w%C3%B6rd",
            "p%2f%c3%a4%22ss%20w%c3%b6rd",
            "p/%C3%A4%22ss%20w%C3%B6rd",
            "p%2F%C3%A4%22ss+w%C3%B6rd",
            "p/ä\\\"ss wörd",
            "p/\\u00e4\\\"ss w\\u00f6rd",
            "p/ä\\\\\\\"ss wörd",
            "first line\\n  second",
            "first line",
            "second",
        ];
        for case in cases {
            assert_eq!(mask.text(&format!("<{case}>")), "<***>", "{case}");
            assert_eq!(mask.bytes(format!("\u{1}{case}{case}").into()), b"\x01******", "{case}");
        }
        assert_eq!(format!("{mask:?}").find("ss"), None);
    }

    #[test]
    fn bytes_that_are_no_text_keep_their_place() {
        let mask = Mask::new(["aab".to_owned()]);
        assert_eq!(mask.bytes(b"\xff\xfeaaab\xff".to_vec()), b"\xff\xfea***\xff");
        assert_eq!(Mask::default().bytes(b"aab".to_vec()), b"aab");
    }

    #[test]
    fn a_secret_is_hidden_in_whatever_pieces_it_comes() {
        let mask = Mask::new(["needle".to_owned()]);
        for (line_end, limit) in [("\n", 100), ("", 4)] {
            for piece in 1..12 {
                let mut lines = MaskedLines::new(mask.clone(), limit);
                let text = format!("some hay needle more needleneedle{line_end}");
                let mut written: Vec<u8> =
                    text.as_bytes().chunks(piece).flat_map(|piece| lines.push(piece)).collect();
                written.extend(lines.rest());
                let written = String::from_utf8(written).unwrap();
                assert_eq!(written, format!("some hay *** more ******{line_end}"), "{piece} bytes at once");
            }
        }
    }
}
