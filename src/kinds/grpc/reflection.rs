//! Descriptors from the service itself, by server reflection
//! (<https://github.com/grpc/grpc/blob/master/doc/server-reflection.md>).
//!
//! Of the protocol's messages a few fields are needed, which are read and written here.

use super::frames::Frames;
use super::message;
use crate::kinds::request::RequestError;
use bytes::{Buf, Bytes, BytesMut};
use prost_reflect::DescriptorPool;
use prost_reflect::prost::Message;
use prost_reflect::prost::encoding::{
    DecodeContext, WireType, bytes as field, decode_key, decode_varint, skip_field, string,
};
use prost_reflect::prost_types::FileDescriptorProto;
use std::collections::{HashMap, VecDeque};

/// The methods that tell of descriptors, the newer one first.
pub(super) const METHODS: [&str; 2] = [
    "grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
    "grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
];

/// Fields of a question.
const FILE_BY_NAME: u32 = 3;
const FILE_OF_SYMBOL: u32 = 4;
/// Fields of an answer.
const FILES: u32 = 4;
const FAILURE: u32 = 7;
/// The field of files in a set of descriptors, and in [`FILES`].
const FILE: u32 = 1;
/// More files than this no service is made of.
const MOST_FILES: usize = 10_000;

const MALFORMED: RequestError = RequestError::Malformed("gRPC");

/// The descriptors of a service and of all that its messages are made of. `None` where the call ended instead of
/// answering, as it does where the method is not known.
pub(super) async fn ask(frames: &mut Frames, service: &str) -> Result<Option<DescriptorPool>, RequestError> {
    let mut files: HashMap<String, Bytes> = HashMap::new();
    let mut wanted = VecDeque::from([(FILE_OF_SYMBOL, service.to_owned())]);
    while let Some((by, name)) = wanted.pop_front() {
        if by == FILE_BY_NAME && files.contains_key(&name) {
            continue;
        }
        let mut question = BytesMut::new();
        string::encode(by, &name, &mut question);
        frames.send(message::framed(&question)?).await?;
        let Some(answer) = frames.next().await? else { return Ok(None) };
        for (number, content) in fields(answer)? {
            match number {
                FILES => {
                    for (_, file) in fields(content)?.into_iter().filter(|(number, _)| *number == FILE) {
                        let read = FileDescriptorProto::decode(file.clone()).map_err(|_| MALFORMED)?;
                        wanted.extend(read.dependency.iter().map(|name| (FILE_BY_NAME, name.clone())));
                        files.insert(read.name().to_owned(), file);
                    }
                }
                FAILURE => {
                    return Err(RequestError::Invalid(format!("the server's reflection knows no `{name}`")));
                }
                _ => {}
            }
        }
        if files.len() > MOST_FILES {
            return Err(RequestError::Failed("the server's reflection has no end of files".into()));
        }
    }
    let mut set = BytesMut::new();
    files.values().for_each(|file| field::encode(FILE, file, &mut set));
    DescriptorPool::decode(set.freeze()).map(Some).map_err(|_| {
        RequestError::Failed("the server's reflection gives descriptors that do not fit together".into())
    })
}

/// The fields of a message that have a length.
fn fields(mut message: Bytes) -> Result<Vec<(u32, Bytes)>, RequestError> {
    let mut fields = Vec::new();
    while message.has_remaining() {
        let (number, kind) = decode_key(&mut message).map_err(|_| MALFORMED)?;
        if kind == WireType::LengthDelimited {
            let length = decode_varint(&mut message).map_err(|_| MALFORMED)?;
            let length = usize::try_from(length).map_err(|_| MALFORMED)?;
            if length > message.len() {
                return Err(MALFORMED);
            }
            fields.push((number, message.split_to(length)));
        } else {
            skip_field(kind, number, &mut message, DecodeContext::default()).map_err(|_| MALFORMED)?;
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_fields_with_a_length_are_kept() {
        let message = Bytes::from_static(&[0x08, 0x05, 0x22, 0x02, b'a', b'b', 0x1a, 0x00]);
        let found = fields(message).unwrap();
        assert_eq!(found, [(4, Bytes::from_static(b"ab")), (3, Bytes::new())]);
        for torn in [&[0x22, 0x05, b'a'][..], &[0x22], &[0xff]] {
            assert_eq!(fields(Bytes::copy_from_slice(torn)), Err(MALFORMED), "{torn:?}");
        }
    }
}
