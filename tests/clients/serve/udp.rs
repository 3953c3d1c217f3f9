//! Datagrams: echoed, but for those that say otherwise.

use std::net::UdpSocket;
use std::time::Duration;

pub fn serve(address: &str) {
    let socket = UdpSocket::bind(address).unwrap();
    println!("serving");
    let mut buffer = [0; 65_535];
    loop {
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        let datagram = &buffer[..length];
        let text = String::from_utf8_lossy(datagram);
        match text.split_once(' ').unwrap_or((&text, "")) {
            ("drop", _) => {}
            ("late", rest) => {
                std::thread::sleep(Duration::from_millis(300));
                let _ = socket.send_to(rest.as_bytes(), from);
            }
            ("noise", rest) => {
                for datagram in ["one", "two", rest] {
                    let _ = socket.send_to(datagram.as_bytes(), from);
                }
            }
            ("length", _) => {
                let _ = socket.send_to(length.to_string().as_bytes(), from);
            }
            // Whoever asked may be gone.
            _ => drop(socket.send_to(datagram, from)),
        }
    }
}
