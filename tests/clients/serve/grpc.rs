//! A gRPC server: the name in a question says what becomes of it. It tells of its descriptors too.

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_reflect::prost::Message;
use prost_reflect::prost::encoding::{bytes as field, decode_key, decode_varint, string};
use prost_reflect::prost_types::FileDescriptorSet;
use prost_reflect::{DescriptorPool, DynamicMessage, MethodDescriptor, Value};
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;

type Frames = UnsyncBoxBody<Bytes, Infallible>;

const DESCRIPTORS: &[u8] = include_bytes!("../hello.bin");

/// Serves; with `reflection`, the method of that path tells of the descriptors.
pub fn serve(address: &str, reflection: &'static str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        println!("serving");
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = move |request: Request<Incoming>| route(request, reflection);
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            // One that is gone is no reason to end.
            tokio::spawn(async move { drop(connection.await) });
        }
    });
}

async fn route(request: Request<Incoming>, reflection: &str) -> Result<Response<Frames>, Infallible> {
    let path = request.uri().path().to_string();
    if !reflection.is_empty() && path.trim_start_matches('/') == reflection {
        return Ok(streamed(request, reflect));
    }
    match path.as_str() {
        "/hello.Greeter/Watch" => Ok(streamed(request, watch)),
        "/hello.Greeter/Count" => Ok(streamed(request, count)),
        "/hello.Greeter/Chat" => Ok(streamed(request, chat)),
        "/hello.Greeter/Say" => answer(request).await,
        _ => Ok(streamed(request, |call| call.end("12"))),
    }
}

/// Both directions of a call.
struct Call {
    incoming: Incoming,
    came: BytesMut,
    out: mpsc::Sender<Frame<Bytes>>,
}

impl Call {
    /// The next message; `None` once the other end has sent all.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(prefix) = self.came.get(1..5) {
                let length = u32::from_be_bytes(prefix.try_into().unwrap()) as usize;
                if self.came.len() >= 5 + length {
                    self.came.advance(5);
                    return Some(self.came.split_to(length).freeze());
                }
            }
            let frame = self.incoming.frame().await?.ok()?;
            self.came.extend_from_slice(&frame.into_data().ok()?);
        }
    }

    async fn question(&mut self) -> Option<(String, i64)> {
        let message = self.next().await?;
        let question = DynamicMessage::decode(method("Say").input(), message).unwrap();
        let name = question.get_field_by_name("name").unwrap().as_str().unwrap().to_string();
        Some((name, question.get_field_by_name("count").unwrap().as_i64().unwrap()))
    }

    /// False once nobody wants it any more.
    async fn send(&self, message: &[u8]) -> bool {
        let mut data = BytesMut::new();
        data.put_u8(0);
        data.put_u32(message.len() as u32);
        data.extend_from_slice(message);
        self.out.send(Frame::data(data.freeze())).await.is_ok()
    }

    async fn reply(&self, greeting: &str, count: i64) -> bool {
        let mut reply = DynamicMessage::new(method("Say").output());
        reply.set_field_by_name("greeting", Value::String(greeting.to_string()));
        reply.set_field_by_name("count", Value::I64(count));
        self.send(&reply.encode_to_vec()).await
    }

    async fn end(self, status: &'static str) {
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static(status));
        let _ = self.out.send(Frame::trailers(trailers)).await;
    }
}

fn method(name: &str) -> MethodDescriptor {
    let pool = DescriptorPool::decode(DESCRIPTORS).unwrap();
    let service = pool.get_service_by_name("hello.Greeter").unwrap();
    service.methods().find(|method| method.name() == name).unwrap()
}

fn streamed<F: Future<Output = ()> + Send + 'static>(
    request: Request<Incoming>,
    course: impl FnOnce(Call) -> F,
) -> Response<Frames> {
    let (out, frames) = mpsc::channel(1);
    tokio::spawn(course(Call { incoming: request.into_body(), came: BytesMut::new(), out }));
    let frames = futures_util::stream::unfold(frames, |mut frames| async {
        let frame = frames.recv().await?;
        Some((Ok(frame), frames))
    });
    let body = BodyExt::boxed_unsync(StreamBody::new(frames));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

async fn watch(mut call: Call) {
    let Some((name, count)) = call.question().await else { return };
    match name.as_str() {
        "nobody" => return call.end("5").await,
        "forever" => {
            for number in 1.. {
                if !call.reply("again", number).await {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        "torn" => {
            call.reply("one", 1).await;
            return;
        }
        _ => {}
    }
    for number in 1..=count {
        call.reply(&format!("hello {name}"), number).await;
    }
    call.end("0").await;
}

async fn count(mut call: Call) {
    let mut names = Vec::new();
    while let Some((name, _)) = call.question().await {
        names.push(name);
    }
    call.reply(&names.join(" "), names.len() as i64).await;
    call.end("0").await;
}

async fn chat(mut call: Call) {
    while let Some((name, count)) = call.question().await {
        if name == "bye" {
            return call.end("9").await;
        }
        call.reply(&format!("hello {name}"), count).await;
    }
    call.end("0").await;
}

/// Gives one file for each question: the one that has the service, or the one of that name.
async fn reflect(mut call: Call) {
    while let Some(mut question) = call.next().await {
        let (number, _) = decode_key(&mut question).unwrap();
        let length = decode_varint(&mut question).unwrap() as usize;
        let name = String::from_utf8(question.split_to(length).to_vec()).unwrap();
        let files = FileDescriptorSet::decode(DESCRIPTORS).unwrap().file;
        let wanted = |file: &&prost_reflect::prost_types::FileDescriptorProto| match number {
            4 => file.service.iter().any(|service| format!("hello.{}", service.name()) == name),
            _ => file.name() == name,
        };
        let mut answer = BytesMut::new();
        match files.iter().find(wanted) {
            Some(file) => {
                let mut response = BytesMut::new();
                field::encode(1, &file.encode_to_vec(), &mut response);
                field::encode(4, &response.freeze(), &mut answer);
            }
            None => {
                let mut failure = BytesMut::new();
                string::encode(2, &"not found".to_string(), &mut failure);
                field::encode(7, &failure.freeze(), &mut answer);
            }
        }
        call.send(&answer).await;
    }
    call.end("0").await;
}

pub async fn answer(request: Request<Incoming>) -> Result<Response<Frames>, Infallible> {
    let method = method("Say");
    let header =
        |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_string();
    let (token, left) = (header("x-token"), header("grpc-timeout"));
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let question = DynamicMessage::decode(method.input(), &body[5..]).unwrap();
    let name = question.get_field_by_name("name").unwrap().as_str().unwrap().to_string();
    let mut reply = DynamicMessage::new(method.output());
    let greeting = format!("hello {name} {token}").trim_end().to_string();
    reply.set_field_by_name("greeting", Value::String(greeting));
    let count = question.get_field_by_name("count").unwrap().as_i64().unwrap();
    reply.set_field_by_name("count", Value::I64(count));
    if name == "slow" {
        assert!(left.ends_with('m'), "{left}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let mut data = BytesMut::new();
    data.put_u8(u8::from(name == "compressed"));
    data.put_u32(reply.encoded_len() as u32 + u32::from(name == "torn"));
    reply.encode(&mut data).unwrap();
    let status = match name.as_str() {
        "nobody" => "5",
        "odd" => "77",
        _ => "0",
    };
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static(status));
    let mut frames = vec![];
    if status == "0" {
        frames.push(Ok(Frame::data(data.freeze())));
    }
    if name != "unfinished" {
        frames.push(Ok(Frame::trailers(trailers)));
    }
    let kind = if name == "page" { "text/html" } else { "application/grpc" };
    let code = if name == "gateway" { 502 } else { 200 };
    let body = BodyExt::boxed_unsync(StreamBody::new(futures_util::stream::iter(frames)));
    Ok(Response::builder().status(code).header("content-type", kind).body(body).unwrap())
}
