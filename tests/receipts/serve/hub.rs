//! A WebSocket that hands the messages of all on to those who have subscribed.

use futures_util::{SinkExt, StreamExt};
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Message;

type Subscribers = Arc<Mutex<Vec<UnboundedSender<Message>>>>;

pub fn serve(address: &str) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.unwrap();
        println!("serving");
        let subscribers = Subscribers::default();
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(converse(stream, Arc::clone(&subscribers)));
        }
    });
}

async fn converse(stream: TcpStream, subscribers: Subscribers) {
    let Ok(socket) = accept_async(stream).await else { return };
    let (mut out, mut incoming) = socket.split();
    let (sender, mut messages) = unbounded_channel();
    tokio::spawn(async move {
        while let Some(message) = messages.recv().await {
            if out.send(message).await.is_err() {
                return;
            }
        }
    });
    while let Some(Ok(message)) = incoming.next().await {
        match message.to_text() {
            Ok("subscribe") => subscribers.lock().unwrap().push(sender.clone()),
            _ if message.is_text() => {
                subscribers.lock().unwrap().retain(|one| one.send(message.clone()).is_ok());
                // Whoever sends is told that it was heard.
                let _ = sender.send("heard".into());
            }
            _ => {}
        }
    }
}
