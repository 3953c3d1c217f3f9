//! TCP with the setting `tls`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::http::plain;
use crate::run::{run, soak, until};
use crate::served::{Served, Wants};

/// Says what it is told; counts the connections that ended as TLS has it.
fn echo(wants: Wants<'_>, ended: &Arc<AtomicU64>) -> Served {
    let ended = Arc::clone(ended);
    wants.serve(move |mut stream| {
        let ended = Arc::clone(&ended);
        async move {
            let mut said = vec![0; 1 << 16];
            while let Ok(length) = stream.read(&mut said).await {
                if length == 0 {
                    ended.fetch_add(1, Ordering::SeqCst);
                    break;
                }
                if stream.write_all(&said[..length]).await.is_err() || stream.flush().await.is_err() {
                    break;
                }
            }
        }
    })
}

#[test]
fn lines_go_there_and_back_and_failures_have_names() {
    let soak = soak();
    let (ended, others) = (Arc::default(), Arc::default());
    let good = echo(Wants::of(soak.path(), "server"), &ended);
    let other = echo(Wants::of(soak.path(), "other"), &others);
    let mutual = echo(Wants { client: true, ..Wants::of(soak.path(), "server") }, &others);
    let scenario = format!(
        r#"
        tcp echo {{ address "localhost:{}"; tls ca "ca.pem" }}
        tcp named {{ address "localhost:{}"; tls ca "ca.pem" }}
        tcp nobody {{ address "localhost:{mutual}"; tls ca "ca.pem" }}
        tcp known {{ address "localhost:{mutual}"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        tcp clear {{ address "localhost:{}"; tls insecure }}
        action ping {{
          echo send "ping {{seq}}\n"
          echo receive '^ping' timeout 5s {{ check body == "ping {{seq}}" }}
        }}
        action wrong {{ named send "x\n" }}
        action unknown {{ nobody send "x\n"; nobody receive timeout 5s }}
        action in_clear {{ clear send "x\n" }}
        known send "hello\n"
        known receive {{ check body == "hello" }}
        load wrong 2 times
        load unknown 2 times
        load in_clear 2 times
        load ping with 5 users 100 times
        expect "All": ping.count == 100 and ping.success == 100%
        "#,
        good.port(),
        other.port(),
        plain(),
        mutual = mutual.port(),
    );
    let run = run(soak, &scenario).passes();
    run.fails_of("wrong", 2, "the server's certificate is for another name");
    run.fails_of("unknown", 2, "the server wants a client certificate");
    run.fails_of("in_clear", 2, "the server does not speak TLS");
    let (whole, resumed) = good.handshakes();
    assert_eq!(whole + resumed, 5, "each user keeps one connection");
    until(&ended, 5, "and ends it as TLS has it");
}
