//! gRPC over TLS.

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};

use crate::greeter::answer;
use crate::http;
use crate::run::{run, soak};
use crate::served::{Served, Wants};

fn server(wants: Wants<'_>) -> Served {
    Wants { protocols: &["h2"], ..wants }.serve(|stream| async move {
        let connection = http2::Builder::new(TokioExecutor::new());
        let _ = connection.serve_connection(TokioIo::new(stream), service_fn(answer)).await;
    })
}

#[test]
fn calls_are_answered_and_failures_have_names() {
    let soak = soak().file("hello.bin", include_bytes!("../clients/hello.bin"));
    let good = server(Wants::of(soak.path(), "server"));
    let expired = server(Wants::of(soak.path(), "expired"));
    let mutual = server(Wants { client: true, ..Wants::of(soak.path(), "server") });
    let old = Wants { protocols: &["http/1.1"], ..Wants::of(soak.path(), "server") };
    let old = http::server(old);
    let scenario = format!(
        r#"
        grpc greeter {{ address "localhost:{}"; descriptor "hello.bin"; tls ca "ca.pem" }}
        grpc past {{ address "localhost:{}"; descriptor "hello.bin"; tls ca "ca.pem" }}
        grpc nobody {{ address "localhost:{mutual}"; descriptor "hello.bin"; tls ca "ca.pem" }}
        grpc known {{ address "localhost:{mutual}"; descriptor "hello.bin"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        grpc old {{ address "localhost:{}"; descriptor "hello.bin"; tls ca "ca.pem" }}
        grpc clear {{ address "localhost:{}"; descriptor "hello.bin"; tls insecure }}
        action greet {{
          greeter call "hello.Greeter/Say" json {{ name: "one" }} {{ check status == "OK" and body.greeting == "hello one" }}
        }}
        action late {{ past call "hello.Greeter/Say" }}
        action unknown {{ nobody call "hello.Greeter/Say" }}
        action in_old {{ old call "hello.Greeter/Say" }}
        action in_clear {{ clear call "hello.Greeter/Say" }}
        known call "hello.Greeter/Say" {{ check status == "OK" }}
        load late 2 times
        load unknown 2 times
        load in_old 2 times
        load in_clear 2 times
        load greet with 5 users 100 times
        expect "All": greet.count == 100 and greet.success == 100%
        "#,
        good.port(),
        expired.port(),
        old.port(),
        http::plain(),
        mutual = mutual.port(),
    );
    let run = run(soak, &scenario).passes();
    run.fails_of("late", 2, "the server's certificate has expired");
    run.fails_of("unknown", 2, "the server wants a client certificate");
    run.fails_of("in_old", 2, "no protocol in common with the server");
    run.fails_of("in_clear", 2, "the server does not speak TLS");
    assert_eq!(good.handshakes(), (1, 0), "one connection is shared");
}
