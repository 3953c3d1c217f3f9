//! Messages by their descriptors: from JSON to what goes over the wire, and back.

use crate::kinds::client::ClientError;
use crate::kinds::http::client::MAX_BODY;
use crate::kinds::request::RequestError;
use bytes::{Buf, BufMut, Bytes, BytesMut};
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions};
use std::path::Path;

/// In front of each message: whether it is compressed, and its length.
const PREFIX: usize = 5;

const COMPRESSED: &str = "the answer is compressed, which was not asked for";

const MALFORMED: RequestError = RequestError::Malformed("gRPC");

/// The descriptors of a file that `protoc --include_imports --descriptor_set_out` has written.
///
/// # Errors
/// Where it cannot be read, or is none.
pub(super) fn descriptors(path: &Path) -> Result<DescriptorPool, ClientError> {
    let bytes = std::fs::read(path)
        .map_err(|error| ClientError::new(format!("`{}` cannot be read: {error}", path.display())))?;
    DescriptorPool::decode(&bytes[..]).map_err(|_| {
        ClientError::new(format!(
            "`{}` is no descriptor set: write it with `protoc --include_imports --descriptor_set_out`",
            path.display()
        ))
    })
}

/// The method that `package.Service/Method` names.
pub(super) fn method(pool: &DescriptorPool, name: &str) -> Result<MethodDescriptor, RequestError> {
    let missing = || RequestError::Invalid(format!("the descriptors know no method `{name}`"));
    let (service, method) = name.trim_start_matches('/').split_once('/').ok_or_else(missing)?;
    let service = pool.get_service_by_name(service).ok_or_else(missing)?;
    service.methods().find(|one| one.name() == method).ok_or_else(missing)
}

/// A message of JSON as it goes over the wire.
pub(super) fn encode(kind: MessageDescriptor, json: serde_json::Value) -> Result<Bytes, RequestError> {
    let message = DynamicMessage::deserialize(kind, json).map_err(|_| {
        RequestError::Invalid("the JSON does not fit the message that the method takes".into())
    })?;
    framed(&message.encode_to_vec())
}

/// A message with its prefix.
pub(super) fn framed(message: &[u8]) -> Result<Bytes, RequestError> {
    let mut out = BytesMut::with_capacity(PREFIX + message.len());
    out.put_u8(0);
    out.put_u32(u32::try_from(message.len()).map_err(|_| RequestError::TooLarge(u32::MAX as usize))?);
    out.extend_from_slice(message);
    Ok(out.freeze())
}

/// Takes a message off the front of what has come; `None` where it is not whole yet.
pub(super) fn take(came: &mut BytesMut) -> Result<Option<Bytes>, RequestError> {
    let Some(prefix) = came.get(..PREFIX) else { return Ok(None) };
    if prefix[0] != 0 {
        return Err(RequestError::Failed(COMPRESSED.into()));
    }
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if length > MAX_BODY {
        return Err(RequestError::TooLarge(MAX_BODY));
    }
    if came.len() < PREFIX + length {
        return Ok(None);
    }
    came.advance(PREFIX);
    Ok(Some(came.split_to(length).freeze()))
}

/// The one message of an answer, as JSON with all of its fields.
pub(super) fn decode(kind: MessageDescriptor, body: &[u8]) -> Result<serde_json::Value, RequestError> {
    let (prefix, message) = body.split_at_checked(PREFIX).ok_or(MALFORMED)?;
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if prefix[0] != 0 {
        return Err(RequestError::Failed(COMPRESSED.into()));
    }
    if message.len() != length {
        return Err(MALFORMED);
    }
    json(kind, message)
}

/// A message as JSON with all of its fields.
pub(super) fn json(kind: MessageDescriptor, message: &[u8]) -> Result<serde_json::Value, RequestError> {
    let message = DynamicMessage::decode(kind, message).map_err(|_| MALFORMED)?;
    let options = SerializeOptions::new().skip_default_fields(false).stringify_64_bit_integers(false);
    message.serialize_with_options(serde_json::value::Serializer, &options).map_err(|_| MALFORMED)
}
