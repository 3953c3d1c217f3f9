//! A server, a proxy before it, and what a client may find.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use soak::kinds::link::proxy::{Direction, Proxy, ProxyError, ProxyOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Far longer than anything here takes; running into it is a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);
/// How long silence is listened to before it counts as such.
pub const SILENCE: Duration = Duration::from_millis(150);

/// Starts a server that sends everything back; says where it is.
pub async fn echo_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reader, mut writer) = stream.split();
                let _ = tokio::io::copy(&mut reader, &mut writer).await;
                let _ = writer.shutdown().await;
            });
        }
    });
    address
}

pub async fn proxy_to(to: SocketAddr) -> Proxy {
    proxy_at("127.0.0.1:0", to.to_string()).await.unwrap()
}

pub async fn proxy_at(listen: &str, to: String) -> Result<Proxy, ProxyError> {
    Proxy::start(ProxyOptions { listen: listen.to_string(), to, seed: 7, http: false }).await
}

pub async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.local_address()).await.unwrap()
}

/// A client and the server's end of its connection, without an echo between them.
pub async fn pair(proxy: &Proxy, server: &TcpListener) -> (TcpStream, TcpStream) {
    let mut client = connect(proxy).await;
    let mut served = within(server.accept()).await.unwrap().0;
    // The kernel connects before the proxy knows; a byte that came through has been through a whole connection.
    client.write_all(b"!").await.unwrap();
    within(served.read_exact(&mut [0])).await.unwrap();
    (client, served)
}

pub async fn within<Output>(future: impl Future<Output = Output>) -> Output {
    timeout(PATIENCE, future).await.expect("took too long")
}

pub async fn ask(stream: &mut TcpStream, question: &[u8]) {
    stream.write_all(question).await.unwrap();
    let mut answer = vec![0; question.len()];
    within(stream.read_exact(&mut answer)).await.unwrap();
    assert_eq!(answer, question);
}

pub async fn assert_silent(stream: &mut TcpStream) {
    let heard = timeout(SILENCE, stream.read(&mut [0; 16])).await;
    assert!(heard.is_err(), "heard {heard:?}");
}

pub async fn assert_ended(stream: &mut TcpStream) {
    assert_eq!(within(stream.read(&mut [0; 16])).await.unwrap(), 0);
}

pub async fn assert_reset(stream: &mut TcpStream) {
    let error = within(stream.read(&mut [0; 16])).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

pub fn latency(milliseconds: u64) -> Direction {
    Direction { latency: Duration::from_millis(milliseconds), ..Direction::default() }
}

/// Bytes in which a loss, a repetition and a swap can all be seen.
pub fn pattern(length: usize, salt: usize) -> Vec<u8> {
    (0..length).map(|place| ((place * 31 + place / 251 + salt) % 256) as u8).collect()
}
