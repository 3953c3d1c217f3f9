//! WebSockets: the path says what becomes of one.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message, WebSocket, accept_hdr};

pub fn serve(address: &str) {
    let listener = TcpListener::bind(address).unwrap();
    println!("serving");
    for connection in listener.incoming() {
        let connection = connection.unwrap();
        // One that is gone is no reason to end.
        std::thread::spawn(move || drop(converse(connection)));
    }
}

/// Says nothing more until the other end has closed, in whatever way.
fn until_closed(mut stream: TcpStream) -> Result<(), Error> {
    let _ = stream.read_to_end(&mut Vec::new());
    Ok(())
}

fn converse(mut stream: TcpStream) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let mut start = [0; 512];
    let length = stream.peek(&mut start)?;
    let start = String::from_utf8_lossy(&start[..length]).into_owned();
    let path = start.split(' ').nth(1).unwrap_or_default();
    match path {
        "/silent" => return until_closed(stream),
        "/plain" => {
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")?;
            return until_closed(stream);
        }
        "/nonsense" => return Ok(stream.write_all(b"220 mail.example ESMTP\r\n")?),
        _ => {}
    }
    let mut own = String::new();
    #[expect(clippy::result_large_err, reason = "the library asks for this type")]
    let headers = |request: &Request, response: Response| {
        let header =
            |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or("none");
        own = format!("{{\"always\": \"{}\", \"once\": \"{}\"}}", header("x-always"), header("x-once"));
        Ok(response)
    };
    let mut socket = accept_hdr(stream, headers).map_err(|_| Error::ConnectionClosed)?;
    match path {
        "/headers" => socket.send(own.into())?,
        "/ping" => ping(&mut socket)?,
        "/noise" => {
            for text in ["one", "two", "{\"id\": 3}"] {
                socket.send(text.into())?;
            }
        }
        "/torn" => {
            socket.send("one".into())?;
            std::thread::sleep(Duration::from_millis(100));
            return Ok(socket.get_ref().shutdown(std::net::Shutdown::Both)?);
        }
        "/going" => {
            let close = CloseFrame { code: 1011.into(), reason: "changes each time 17".into() };
            socket.close(Some(close))?;
        }
        // A reserved bit, which nobody has agreed on.
        "/bits" => socket.get_mut().write_all(&[0xf1, 0x01, b'x'])?,
        // The head of a frame of a gigabyte.
        "/huge" => socket.get_mut().write_all(&[0x82, 127, 0, 0, 0, 0, 0x40, 0, 0, 0])?,
        "/stays" => loop {
            // Closing is not answered.
            let mut rest = [0; 64];
            if socket.get_mut().read(&mut rest)? == 0 {
                return Ok(());
            }
        },
        _ => {}
    }
    loop {
        let message = socket.read()?;
        if message.is_text() || message.is_binary() {
            socket.send(message)?;
        }
    }
}

/// Says "ponged" once its ping was answered.
fn ping(socket: &mut WebSocket<TcpStream>) -> Result<(), Error> {
    socket.send(Message::Ping("17".into()))?;
    while socket.read()? != Message::Pong("17".into()) {}
    socket.send("ponged".into())
}
