//! HTTP over TLS.

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::CONNECTION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::run::{refused, run, soak};
use crate::served::{Served, Wants, listen};

async fn serve(stream: TlsStream<TcpStream>, closes: bool) {
    let service = service_fn(move |_: Request<Incoming>| async move {
        let mut answer = Response::new(Full::new(Bytes::from("x".repeat(100_000))));
        if closes {
            answer.headers_mut().insert(CONNECTION, "close".parse().unwrap());
        }
        Ok::<_, Infallible>(answer)
    });
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

pub fn server(wants: Wants<'_>) -> Served {
    wants.serve(|stream| serve(stream, false))
}

/// Answers what was said to it in the clear, and closes.
pub fn plain() -> u16 {
    let address = listen(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    });
    address.port()
}

/// Whom is asked with success.
const GOOD: [&str; 5] = ["good", "renamed", "own", "lax", "known"];

#[test]
fn each_failure_is_counted_under_its_name_while_the_rest_goes_on() {
    let soak = soak();
    let folder = soak.path();
    let port = |certificate: &str| server(Wants::of(folder, certificate)).port();
    let good = server(Wants::of(folder, "server"));
    let mutual = server(Wants { client: true, ..Wants::of(folder, "server") }).port();
    let h2_only = server(Wants { protocols: &["h2"], ..Wants::of(folder, "server") }).port();
    let closing = listen(|mut stream| async move { drop(stream.read(&mut [0; 1024]).await) }).port();
    let silent = listen(|stream| async move {
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(stream);
    });
    let (other, own) = (port("other"), port("own"));
    let targets = [
        ("expired", port("expired"), "tls ca \"ca.pem\"", "the server's certificate has expired"),
        ("early", port("early"), "tls ca \"ca.pem\"", "the server's certificate is not valid yet"),
        (
            "unknown",
            port("stranger"),
            "tls ca \"ca.pem\"",
            "the server's certificate is from an unknown issuer",
        ),
        ("usual", good.port(), "", "the server's certificate is from an unknown issuer"),
        ("named", other, "tls ca \"ca.pem\"", "the server's certificate is for another name"),
        (
            "itself",
            own,
            "tls ca \"ca.pem\"",
            "the server's certificate is an authority's own (CA:TRUE), and not among those of `tls ca`",
        ),
        (
            "misnamed",
            own,
            "tls ca \"own.pem\" name \"other.example\"",
            "the server's certificate is for another name",
        ),
        ("nobody", mutual, "tls ca \"ca.pem\"", "the server wants a client certificate"),
        (
            "foreign",
            mutual,
            "tls ca \"ca.pem\" certificate \"stranger.pem\" key \"stranger.key\"",
            "the server does not take the client certificate",
        ),
        ("clear", plain(), "tls insecure", "the server does not speak TLS"),
        ("closing", closing, "tls insecure", "connection closed in the TLS handshake"),
        ("silent", silent.port(), "tls insecure", "no answer within 300ms"),
        ("protocol", h2_only, "tls ca \"ca.pem\"", "no protocol in common with the server"),
    ];
    let mut scenario = format!(
        "http good {{ base \"https://localhost:{}\"; tls ca \"ca.pem\" }}\n\
         http renamed {{ base \"https://127.0.0.1:{other}\"; tls ca \"ca.pem\" name \"other.example\" }}\n\
         http own {{ base \"https://127.0.0.1:{own}\"; tls ca \"own.pem\" }}\n\
         http lax {{ base \"https://127.0.0.1:{other}\"; tls insecure }}\n\
         http known {{ base \"https://127.0.0.1:{mutual}\"\n\
         tls ca \"ca.pem\" certificate \"client.pem\" key \"client.key\" }}\n",
        good.port()
    );
    for name in GOOD {
        scenario += &format!("action ask_{name} {{ {name} get \"/\" {{ check status == 200 }} }}\n");
    }
    for (name, port, tls, _) in targets {
        let timeout = if name == "silent" { "timeout 300ms" } else { "" };
        scenario += &format!("http {name} {{ base \"https://127.0.0.1:{port}\"; {tls}\n{timeout}\n }}\n");
        scenario += &format!("action ask_{name} {{ {name} get \"/\" }}\n");
    }
    for (name, ..) in targets {
        scenario += &format!("load ask_{name} 3 times\n");
    }
    scenario += "parallel {\n";
    for name in GOOD {
        scenario += &format!("load ask_{name} with 3 users 30 times\n");
    }
    scenario += "}\n";
    for name in GOOD {
        scenario += &format!(
            "expect \"{name}\": ask_{name}.success == 100% and ask_{name}.count == 30 and ask_{name}.bytes > 2MB\n"
        );
    }
    scenario += "good get \"/\" { check status == 200 and latency < 5s }\n";
    let run = run(soak, &scenario).passes();
    for (name, _, _, cause) in targets {
        run.fails_of(&format!("ask_{name}"), 3, cause);
    }
    // The story has a client of its own.
    let (whole, resumed) = good.handshakes();
    assert!(whole >= 1 && whole + resumed <= 4, "{whole} and {resumed} handshakes of 3 users and the story");
}

#[test]
fn a_kept_connection_greets_once_and_a_new_one_goes_on_with_what_was_agreed() {
    let soak = soak();
    let kept = server(Wants::of(soak.path(), "server"));
    let closed = Wants::of(soak.path(), "server").serve(|stream| serve(stream, true));
    let scenario = format!(
        "http kept {{ base \"https://localhost:{}\"; tls ca \"ca.pem\" }}\n\
         http closed {{ base \"https://localhost:{}\"; tls ca \"ca.pem\" }}\n\
         action keep {{ kept get \"/\" }}\naction close {{ closed get \"/\" }}\n\
         load keep 20 times\nload close 20 times\n\
         expect \"All\": keep.success == 100% and close.success == 100%",
        kept.port(),
        closed.port()
    );
    run(soak, &scenario).passes();
    assert_eq!(kept.handshakes(), (1, 0));
    assert_eq!(closed.handshakes(), (1, 19));
}

#[test]
fn what_tls_is_set_up_from_is_looked_at_before_anything_starts() {
    let target = |base: &str, tls: &str| {
        format!("http api {{ base \"{base}\"; {tls} }}\naction ask {{ api get \"/\" }}\nload ask 1 times")
    };
    let secure = "https://127.0.0.1:1";
    let cases = [
        (target(secure, "tls ca \"missing.pem\""), "missing.pem` cannot be read: No such file"),
        (target(secure, "tls ca \".\""), "cannot be read: it is no ordinary file"),
        (target(secure, "tls ca \"a.soak\""), "a.soak` holds no certificate in PEM"),
        (target(secure, "tls ca \"server.key\""), "server.key` holds no certificate in PEM"),
        (
            target(secure, "tls certificate \"client.pem\" key \"client.pem\""),
            "client.pem` holds no private key in PEM",
        ),
        (
            target(secure, "tls certificate \"client.pem\" key \"server.key\""),
            "server.key` is not that of the certificate in `",
        ),
        (
            target(secure, "tls name \"not a name\""),
            "`not a name` is no name that a certificate could be for",
        ),
    ];
    for (scenario, reason) in cases {
        let said = refused(soak(), &scenario);
        assert!(said.contains(reason), "no {reason:?}:\n{said}");
    }
    let without = soak().with("SSL_CERT_FILE", "/nowhere").with("SSL_CERT_DIR", "/nowhere");
    let said = refused(without, &target(secure, ""));
    assert!(said.contains("this machine has no certificates to trust"), "{said}");
}

#[test]
fn what_follows_tls_goes_together() {
    for (scheme, tls, reason) in [
        ("https", "tls certificate \"client.pem\"", "`certificate` means nothing without `key`"),
        ("https", "tls key \"client.key\"", "`key` means nothing without `certificate`"),
        ("https", "tls insecure ca \"ca.pem\"", "at most one of `ca` and `insecure`"),
        ("http", "tls ca \"ca.pem\"", "begin the URL with `https://`"),
    ] {
        let scenario = format!(
            "scenario \"TLS\"\nhttp api {{ base \"{scheme}://127.0.0.1:1\"; {tls} }}\napi get \"/\"\n"
        );
        let soak = soak().file("a.soak", scenario);
        let ended = soak.run(&["check", "a.soak"]);
        let said = format!("{}{}", ended.out, ended.err);
        assert_eq!(ended.code, 2, "{said}");
        assert!(said.contains(reason), "{said}");
    }
}
