//! WebSockets over TLS.

use futures_util::{SinkExt, StreamExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_tungstenite::tungstenite::Message;

use crate::http::plain;
use crate::run::{run, run_with, soak, until};
use crate::served::{Served, Wants};

/// Says what it is told; counts those that were told "going away".
fn echo(wants: Wants<'_>, gone: Arc<AtomicU64>) -> Served {
    wants.serve(move |stream| {
        let gone = Arc::clone(&gone);
        async move {
            let Ok(mut socket) = tokio_tungstenite::accept_async(stream).await else { return };
            while let Some(Ok(message)) = socket.next().await {
                match message {
                    Message::Text(_) | Message::Binary(_) => drop(socket.send(message).await),
                    Message::Close(Some(frame)) if u16::from(frame.code) == 1001 => {
                        gone.fetch_add(1, Ordering::SeqCst);
                    }
                    _ => {}
                }
            }
        }
    })
}

const TALK: &str = r#"
action talk {
  echo connect {
    send json { id: seq }
    receive
    check body.id == seq
    send "after {seq}"
    receive '^after'
  }
}
load talk with 5 users 50 times
expect "All": talk.count == 50 and talk.success == 100%
"#;

#[test]
fn conversations_take_their_turns_and_failures_have_names() {
    let soak = soak();
    let gone = Arc::default();
    let good = echo(Wants::of(soak.path(), "server"), Arc::clone(&gone));
    let expired = echo(Wants::of(soak.path(), "expired"), Arc::default());
    let mutual = Wants { client: true, ..Wants::of(soak.path(), "server") };
    let mutual = echo(mutual, Arc::default());
    let scenario = format!(
        r#"
        websocket echo {{ url "wss://localhost:{}/x"; tls ca "ca.pem" }}
        websocket old {{ url "wss://localhost:{}/"; tls ca "ca.pem" }}
        websocket nobody {{ url "wss://localhost:{mutual}/"; tls ca "ca.pem" }}
        websocket known {{ url "wss://localhost:{mutual}/"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        websocket clear {{ url "wss://localhost:{}/"; tls insecure }}
        {TALK}
        action hold {{ echo connect {{ hold 1min }} }}
        action past {{ old connect }}
        action unknown {{ nobody connect }}
        action in_clear {{ clear connect }}
        load past 2 times
        load unknown 2 times
        load in_clear 2 times
        known connect {{ send "hello"; receive; check body == "hello" }}
        phase "Held" 6s {{
          load hold with 10 users
          expect "Open": echo.open == 10 within 5s
        }}
        "#,
        good.port(),
        expired.port(),
        plain(),
        mutual = mutual.port(),
    );
    let run = run(soak, &scenario).passes();
    run.fails_of("past", 2, "the server's certificate has expired");
    run.fails_of("unknown", 2, "the server wants a client certificate");
    run.fails_of("in_clear", 2, "the server does not speak TLS");
    until(&gone, 10, "those that were cut say that they go away");
}

#[test]
fn what_other_processes_hold_is_encrypted_too() {
    let soak = soak();
    let mutual = echo(Wants { client: true, ..Wants::of(soak.path(), "server") }, Arc::default());
    let expired = echo(Wants::of(soak.path(), "expired"), Arc::default());
    // Whether a conversation is this process's or another's, what it is told is the same.
    let scenario = format!(
        r#"
        websocket echo {{ url "wss://localhost:{}/"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        websocket past {{ url "wss://localhost:{}/"; tls ca "ca.pem" }}
        action watch {{ echo connect {{ send json {{ id: seq }}; receive; check body.id == seq; hold 3s }} }}
        action late {{ past connect }}
        load watch with 60 users at once
        load late with 60 users at once
        "#,
        mutual.port(),
        expired.port(),
    );
    let run = run_with(soak, &scenario, Some(128)).passes();
    run.succeeds("watch", 60);
    run.fails_of("late", 60, "the server's certificate has expired");
    let (whole, resumed) = mutual.handshakes();
    assert_eq!(whole + resumed, 60);
}
