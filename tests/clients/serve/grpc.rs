//! A gRPC server of one method, whose question's name says what becomes of it.

use bytes::{BufMut, Bytes, BytesMut};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::header::{HeaderMap, HeaderValue};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use prost_reflect::prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage};
use std::convert::Infallible;
use std::time::Duration;

type Frames = StreamBody<futures_util::stream::Iter<std::vec::IntoIter<Result<Frame<Bytes>, Infallible>>>>;

pub fn serve(address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        println!("serving");
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service_fn(answer));
            // One that is gone is no reason to end.
            tokio::spawn(async move { drop(connection.await) });
        }
    });
}

pub async fn answer(request: Request<Incoming>) -> Result<Response<Frames>, Infallible> {
    let pool = DescriptorPool::decode(&include_bytes!("../hello.bin")[..]).unwrap();
    let method = pool.get_service_by_name("hello.Greeter").unwrap().methods().next().unwrap();
    let header =
        |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("").to_string();
    let (token, left) = (header("x-token"), header("grpc-timeout"));
    let path = request.uri().path().to_string();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let question = DynamicMessage::decode(method.input(), &body[5..]).unwrap();
    let name = question.get_field_by_name("name").unwrap().as_str().unwrap().to_string();
    let mut reply = DynamicMessage::new(method.output());
    let greeting = format!("hello {name} {token}").trim_end().to_string();
    reply.set_field_by_name("greeting", prost_reflect::Value::String(greeting));
    let count = question.get_field_by_name("count").unwrap().as_i64().unwrap();
    reply.set_field_by_name("count", prost_reflect::Value::I64(count));
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
        _ if path != "/hello.Greeter/Say" => "12",
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
    let body = StreamBody::new(futures_util::stream::iter(frames));
    Ok(Response::builder().status(code).header("content-type", kind).body(body).unwrap())
}
