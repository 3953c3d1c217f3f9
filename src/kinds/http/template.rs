//! A request as it goes over the wire, all that does not change written down once, and the rest written in its place
//! each time it is made.
//!
//! Arguments are evaluated in the order written, so that what is drawn does not depend on the order of the wire: the
//! body, which is behind the headers there, is written aside first.

use super::client::Asked;
use super::form::form;
use super::settings::{HttpTargetError, Settings};
use super::upload::{Files, Found, Upload};
use crate::kinds::request::{Draft, RequestError, Wanted};
use crate::lang::eval::{NoValue, Surroundings, append, evaluate_drawn};
use crate::lang::expr::{Expr, ExprKind, Piece};
use crate::lang::json::Escaped;
use crate::lang::value::Value;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderName, TRANSFER_ENCODING};
use std::fmt;
use std::io::Write as _;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// Why a request cannot be written down.
#[derive(Debug)]
pub(super) enum Unwritten {
    /// An argument has no value.
    NoValue(NoValue),
    /// HTTP does not allow it.
    Invalid(RequestError),
}

impl From<NoValue> for Unwritten {
    fn from(missing: NoValue) -> Unwritten {
        Unwritten::NoValue(missing)
    }
}

fn invalid(text: impl Into<String>) -> Unwritten {
    Unwritten::Invalid(RequestError::Invalid(text.into()))
}

/// A request as bytes, ready to be sent.
#[derive(Clone, Debug, Default)]
pub(super) struct Written {
    pub bytes: Vec<u8>,
    /// Where in them further headers can be put in.
    pub head: usize,
    /// How long the body is.
    pub body: u64,
    /// The part of the body that does not stand in `bytes`.
    pub upload: Option<Upload>,
    /// How long it may take, where the request says so.
    pub timeout: Option<Duration>,
    /// The body while it is written aside.
    aside: Vec<u8>,
}

/// A request with places in it.
#[derive(Debug)]
pub(super) struct Template {
    is_head: bool,
    /// Whether it says itself which cookies go with it.
    tells_cookies: bool,
    /// Where files are found, and kept.
    folder: PathBuf,
    files: Rc<Files>,
    /// The method, a space, and the base's own path.
    start: Vec<u8>,
    /// The version, and the headers that stay the same, each with its line's end.
    headers: Vec<u8>,
    /// Whether a length is told even of no body: servers expect one with these methods.
    tells_length: bool,
    /// In the order written; the path comes first.
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Path(Expr),
    Header { name: HeaderName, value: Expr },
    Json(Json),
    Form(Expr),
    Text(Expr),
    File(Expr),
    Timeout(Expr),
}

impl Template {
    /// From a request as the scenario writes it.
    pub fn new(settings: &Settings, files: &Rc<Files>, draft: &Draft<'_>) -> Result<Template, Unwritten> {
        let method = method(draft.verb)?;
        let mut fixed = settings.headers.clone();
        let mut parts = Vec::new();
        let mut content_type = None;
        for (name, values) in &draft.arguments {
            let Some(value) = values.first().copied() else { continue };
            match *name {
                "path" => parts.insert(0, Part::Path(value.clone())),
                "header" => {
                    let (name, value) = named(values)?;
                    fixed.remove(&name);
                    parts.retain(|part| !matches!(part, Part::Header { name: other, .. } if *other == name));
                    parts.push(Part::Header { name, value });
                }
                "json" => {
                    content_type = Some("application/json");
                    parts.push(Part::Json(Json::new(value)));
                }
                "form" => {
                    content_type = Some("application/x-www-form-urlencoded");
                    parts.push(Part::Form(value.clone()));
                }
                "text" => {
                    content_type = Some("text/plain; charset=utf-8");
                    parts.push(Part::Text(value.clone()));
                }
                "file" => {
                    content_type = Some("application/octet-stream");
                    parts.push(Part::File(value.clone()));
                }
                "timeout" => parts.push(Part::Timeout(value.clone())),
                other => return Err(invalid(format!("an HTTP request takes no `{other}`"))),
            }
        }
        // How the body is delimited is said by what it is, not by what the scenario says of it.
        for name in [CONTENT_LENGTH, TRANSFER_ENCODING] {
            if tells(&parts, &name) || fixed.contains_key(&name) {
                return Err(invalid(format!("the header `{name}` is set by soak")));
            }
        }
        let content_type =
            content_type.filter(|_| !fixed.contains_key(CONTENT_TYPE) && !tells(&parts, &CONTENT_TYPE));
        let mut headers = b" HTTP/1.1\r\n".to_vec();
        for (name, value) in &fixed {
            line(&mut headers, name, value.as_bytes());
        }
        if let Some(content_type) = content_type {
            line(&mut headers, &CONTENT_TYPE, content_type.as_bytes());
        }
        Ok(Template {
            is_head: method == "HEAD",
            tells_cookies: tells(&parts, &COOKIE) || fixed.contains_key(COOKIE),
            folder: settings.folder.clone(),
            files: Rc::clone(files),
            start: [method, " ", &settings.prefix].concat().into_bytes(),
            headers,
            tells_length: matches!(method, "POST" | "PUT" | "PATCH"),
            parts,
        })
    }

    /// What a client has to know of it, where so much of its answer is looked at.
    pub fn asked(&self, wanted: Wanted) -> Asked {
        Asked { is_head: self.is_head, tells_cookies: self.tells_cookies, wanted }
    }

    /// Whether it is the same each time.
    pub fn is_fixed(&self) -> bool {
        let constant =
            |expr: &Expr| matches!(expr.constant(), Some(value) if !matches!(value, Value::Range(..)));
        self.parts.iter().all(|part| match part {
            Part::Path(expr) | Part::Form(expr) | Part::Text(expr) | Part::Timeout(expr) => constant(expr),
            Part::Header { value, .. } => constant(value),
            Part::Json(json) => json.is_fixed(),
            // It may be another one the next time.
            Part::File(_) => false,
        })
    }

    /// Writes the request down in place of what `written` held.
    pub fn write(&self, around: &mut dyn Surroundings, written: &mut Written) -> Result<(), Unwritten> {
        let Written { bytes, head, body, upload, timeout, aside } = written;
        bytes.clear();
        aside.clear();
        (*upload, *timeout) = (None, None);
        bytes.extend_from_slice(&self.start);
        if !matches!(self.parts.first(), Some(Part::Path(_))) {
            bytes.push(b'/');
            bytes.extend_from_slice(&self.headers);
        }
        for part in &self.parts {
            match part {
                Part::Path(path) => {
                    write_path(path, around, bytes)?;
                    bytes.extend_from_slice(&self.headers);
                }
                Part::Header { name, value } => write_header(name, value, around, bytes)?,
                Part::Json(json) => json.write(around, aside)?,
                Part::Form(object) => {
                    aside.extend_from_slice(form(&evaluate_drawn(object, around)?.to_json()).as_bytes());
                }
                Part::Text(text) => append(text, around, &mut Bytes(aside))?,
                Part::File(path) => {
                    let path = self.folder.join(evaluate_drawn(path, around)?.to_string());
                    match self.files.find(&path).map_err(Unwritten::Invalid)? {
                        Found::Whole(content) => aside.extend_from_slice(&content),
                        Found::Large(file) => *upload = Some(file),
                    }
                }
                Part::Timeout(time) => {
                    *timeout =
                        evaluate_drawn(time, around)?.as_quantity().and_then(|time| time.to_duration());
                }
            }
        }
        *body = aside.len() as u64 + upload.as_ref().map_or(0, |file| file.length);
        if self.tells_length || *body > 0 {
            let _ = write!(bytes, "content-length: {body}\r\n");
        }
        *head = bytes.len();
        bytes.extend_from_slice(b"\r\n");
        bytes.extend_from_slice(aside);
        Ok(())
    }
}

/// Whether one of these is a header of that name.
fn tells(parts: &[Part], wanted: &HeaderName) -> bool {
    parts.iter().any(|part| matches!(part, Part::Header { name, .. } if name == wanted))
}

/// The method of a verb's name.
fn method(verb: &str) -> Result<&'static str, Unwritten> {
    Ok(match verb {
        "get" => "GET",
        "post" => "POST",
        "put" => "PUT",
        "patch" => "PATCH",
        "delete" => "DELETE",
        "head" => "HEAD",
        other => return Err(invalid(format!("there is no HTTP method `{other}`"))),
    })
}

/// The name of a header, which the file fixes, and its value.
fn named(values: &[&Expr]) -> Result<(HeaderName, Expr), Unwritten> {
    let [name, value, ..] = values else { return Err(invalid("a header has a name and a value")) };
    let text =
        name.constant().map(Value::to_string).ok_or_else(|| invalid("a header's name cannot change"))?;
    let name = HeaderName::from_bytes(text.as_bytes()).map_err(|_| not_allowed(&text))?;
    Ok((name, (*value).clone()))
}

fn not_allowed(header: &str) -> Unwritten {
    invalid(HttpTargetError::Header(header.to_string()).to_string())
}

/// Writes a header's line.
pub(super) fn line(headers: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    headers.extend_from_slice(name.as_str().as_bytes());
    headers.extend_from_slice(b": ");
    headers.extend_from_slice(value);
    headers.extend_from_slice(b"\r\n");
}

fn write_header(
    name: &HeaderName,
    value: &Expr,
    around: &mut dyn Surroundings,
    bytes: &mut Vec<u8>,
) -> Result<(), Unwritten> {
    bytes.extend_from_slice(name.as_str().as_bytes());
    bytes.extend_from_slice(b": ");
    let start = bytes.len();
    append(value, around, &mut Bytes(bytes))?;
    let allowed = |byte: &u8| matches!(byte, b'\t' | b' '..=b'~');
    if !bytes[start..].iter().all(allowed) {
        return Err(not_allowed(name.as_str()));
    }
    bytes.extend_from_slice(b"\r\n");
    Ok(())
}

/// A path as it stands in a request: it begins with a slash, holds no fragment, and letters beyond ASCII are encoded.
fn write_path(path: &Expr, around: &mut dyn Surroundings, bytes: &mut Vec<u8>) -> Result<(), Unwritten> {
    let start = bytes.len();
    append(path, around, &mut Bytes(bytes))?;
    if !matches!(bytes.get(start), Some(b'/')) {
        bytes.insert(start, b'/');
    }
    if bytes[start..].iter().all(|byte| matches!(byte, b'!'..=b'"' | b'$'..=b'~')) {
        return Ok(());
    }
    let written = bytes.split_off(start);
    let before_fragment = written.split(|byte| *byte == b'#').next().unwrap_or_default();
    for byte in before_fragment {
        match byte {
            b'!'..=b'~' => bytes.push(*byte),
            0x80.. => {
                let _ = write!(bytes, "%{byte:02X}");
            }
            _ => return Err(invalid("the path is not one that a URL can hold")),
        }
    }
    Ok(())
}

/// A body of JSON: what stays the same, and the values between.
#[derive(Debug)]
struct Json {
    pieces: Vec<JsonPiece>,
}

#[derive(Debug)]
enum JsonPiece {
    Literal(String),
    /// A value of any kind.
    Value(Expr),
    /// A part of a text, between quotes that are part of the literals around it.
    Text(Expr),
}

impl Json {
    fn new(expr: &Expr) -> Json {
        let mut json = Json { pieces: Vec::new() };
        json.add(expr);
        json
    }

    fn literal(&mut self, text: &str) {
        match self.pieces.last_mut() {
            Some(JsonPiece::Literal(last)) => last.push_str(text),
            _ => self.pieces.push(JsonPiece::Literal(text.to_string())),
        }
    }

    fn add(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::Constant(value) if !matches!(value, Value::Range(..)) => {
                self.literal(&value.to_json().to_string());
            }
            // Of members of one name the last one counts, which only a tree knows.
            ExprKind::Object(members) if !repeats(members) => {
                for (index, (name, value)) in members.iter().enumerate() {
                    let before = if index == 0 { "{" } else { "," };
                    self.literal(&format!("{before}{}:", serde_json::Value::from(name.as_str())));
                    self.add(value);
                }
                self.literal(if members.is_empty() { "{}" } else { "}" });
            }
            ExprKind::Text(pieces) => {
                self.literal("\"");
                for piece in pieces {
                    match piece {
                        Piece::Literal(text) => {
                            let mut escaped = String::new();
                            // A text in memory takes everything.
                            let _ = fmt::Write::write_str(&mut Escaped(&mut escaped), text);
                            self.literal(&escaped);
                        }
                        Piece::Value(value) => self.pieces.push(JsonPiece::Text(value.clone())),
                    }
                }
                self.literal("\"");
            }
            _ => self.pieces.push(JsonPiece::Value(expr.clone())),
        }
    }

    fn is_fixed(&self) -> bool {
        self.pieces.iter().all(|piece| matches!(piece, JsonPiece::Literal(_)))
    }

    fn write(&self, around: &mut dyn Surroundings, bytes: &mut Vec<u8>) -> Result<(), Unwritten> {
        for piece in &self.pieces {
            match piece {
                JsonPiece::Literal(text) => bytes.extend_from_slice(text.as_bytes()),
                JsonPiece::Text(part) => append(part, around, &mut Escaped(&mut Bytes(bytes)))?,
                JsonPiece::Value(value) => write_value(&evaluate_drawn(value, around)?, bytes),
            }
        }
        Ok(())
    }
}

fn repeats(members: &[(String, Expr)]) -> bool {
    members
        .iter()
        .enumerate()
        .any(|(index, (name, _))| members[..index].iter().any(|(other, _)| other == name))
}

fn write_value(value: &Value, bytes: &mut Vec<u8>) {
    // Memory takes everything, and nothing here is a map whose keys are no texts.
    let _ = match value {
        Value::Text(text) => serde_json::to_writer(bytes, text),
        Value::Json(json) => serde_json::to_writer(bytes, json),
        other => serde_json::to_writer(bytes, &other.to_json()),
    };
}

/// Bytes as a place for text.
struct Bytes<'a>(&'a mut Vec<u8>);

impl fmt::Write for Bytes<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
