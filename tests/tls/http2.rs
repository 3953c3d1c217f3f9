//! HTTP/2 over TLS, redirects from plain HTTP to TLS, and what a proxy only passes on.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;

use crate::http::server;
use crate::run::{run, soak};
use crate::served::{Served, Wants, listen};

/// Speaks HTTP/2 and nothing else, whatever was agreed on.
fn http2_server(wants: Wants<'_>) -> Served {
    wants.serve(|stream| async move {
        let service = service_fn(|request: Request<Incoming>| async move {
            let scheme = request.uri().scheme_str().unwrap_or_default().to_string();
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from(scheme))))
        });
        let builder = http2::Builder::new(TokioExecutor::new());
        let _ = builder.serve_connection(TokioIo::new(stream), service).await;
    })
}

/// Reads a request's head and hands it on with the connection.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => break,
        }
    }
    String::from_utf8(head).unwrap()
}

#[test]
fn http2_is_agreed_on_or_it_is_an_error() {
    let soak = soak();
    let folder = soak.path();
    let agreeing = http2_server(Wants { protocols: &["http/1.1", "h2"], ..Wants::of(folder, "server") });
    let old = server(Wants::of(folder, "server"));
    let refusing = server(Wants { protocols: &["http/1.1"], ..Wants::of(folder, "server") });
    let mut scenario = String::new();
    for (name, port) in [("two", agreeing.port()), ("old", old.port()), ("refusing", refusing.port())] {
        scenario.push_str(&format!(
            "http {name}_api {{ base \"https://127.0.0.1:{port}\"; http2; tls ca \"ca.pem\" }}\n\
             action {name} {{ {name}_api get \"/\" {{ check body == \"https\" }} }}\n\
             load {name} with 10 users 20 times\n"
        ));
    }
    let ran = run(soak, &(scenario + "expect \"Answers\": two.success == 100%")).passes();
    assert_eq!(ran.errors("two"), []);
    assert_eq!(agreeing.handshakes(), (1, 0));
    ran.fails_of("old", 20, "the server does not speak HTTP/2");
    let causes = ran.errors("refusing");
    assert!(matches!(causes.as_slice(), [(cause, 20)] if cause.contains("protocol")), "{causes:?}");
}

#[test]
fn a_redirect_leads_to_tls_and_a_proxy_passes_it_on() {
    let soak = soak();
    let secure = server(Wants::of(soak.path(), "server"));
    let port = secure.port();
    let redirecting = listen(move |mut stream| async move {
        head(&mut stream).await;
        let answer = format!(
            "HTTP/1.1 301 Moved\r\nlocation: https://127.0.0.1:{port}/there\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        );
        let _ = stream.write_all(answer.as_bytes()).await;
    });
    let proxy = listen(|mut stream| async move {
        let head = head(&mut stream).await;
        let to = head.split(' ').nth(1).unwrap().to_string();
        let Ok(mut other) = TcpStream::connect(&to).await else { return };
        if head.starts_with("CONNECT") {
            let _ = stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await;
            let _ = copy_bidirectional(&mut stream, &mut other).await;
        }
    });
    let scenario = format!(
        "http moved_api {{ base \"http://{redirecting}\"; redirects 1; tls ca \"ca.pem\" }}\n\
         action moved {{ moved_api get \"/\" {{ check status == 200 }} }}\n\
         http doubting_api {{ base \"http://{redirecting}\"; redirects 1 }}\n\
         action doubting {{ doubting_api get \"/\" }}\n\
         http passed_api {{ base \"https://127.0.0.1:{port}\"; proxy \"http://{proxy}\"; tls ca \"ca.pem\" }}\n\
         action passed {{ passed_api get \"/\" {{ check status == 200 }} }}\n\
         load moved 4 times\nload doubting 4 times\nload passed 4 times\n\
         expect \"Moved\": moved.success == 100%\nexpect \"Passed\": passed.success == 100%"
    );
    let ran = run(soak, &scenario).passes();
    ran.fails_of("doubting", 4, "the server's certificate is from an unknown issuer");
}
