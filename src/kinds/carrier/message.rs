//! What is said between a run and its carriers: one JSON value a line.

use crate::lang::call::{Message, Turn};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::sync::mpsc;

/// So many bytes are written together, give or take a line.
const TOGETHER: usize = 1 << 16;

/// Names a conversation.
pub(super) type Id = u64;

/// What a carrier is told.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    /// The first of all: what it makes its client of, and how many connections to the same place others hold.
    Begin { kind: String, run: String, folder: String, settings: Vec<Given>, open: u64 },
    /// Opens a conversation.
    Open { id: Id, verb: String, arguments: Vec<Given> },
    /// Takes a turn.
    Turn { id: Id, turn: Turn },
    /// Closes it as its protocol wants it closed.
    Close { id: Id },
    /// Lets go of it, whatever it is doing.
    Drop { id: Id },
}

/// One argument, by the name of its parameter.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Given {
    pub name: String,
    pub values: Vec<GivenValue>,
}

/// A value of an argument.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum GivenValue {
    Text(String),
    Seconds(f64),
    Number(f64),
    Json(serde_json::Value),
}

/// What a carrier answers: once to each order, but for [`Order::Begin`] and [`Order::Drop`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Told {
    pub id: Id,
    /// Bytes sent and received so far, messages only.
    pub bytes: u64,
    /// The message that was waited for, or the name of what went wrong.
    pub outcome: Result<Option<Message>, String>,
}

/// Writes what is said, until nobody says anything any more or nobody reads it.
pub(super) async fn write_out<T: Serialize>(
    mut said: mpsc::UnboundedReceiver<T>,
    mut writer: impl AsyncWrite + Unpin,
) {
    let mut lines = Vec::new();
    while let Some(first) = said.recv().await {
        // What has gathered goes out together.
        let mut next = Some(first);
        while let Some(one) = next {
            // These are plain values, which always have a form in JSON.
            let _ = serde_json::to_writer(&mut lines, &one);
            lines.push(b'\n');
            next = if lines.len() < TOGETHER { said.try_recv().ok() } else { None };
        }
        if writer.write_all(&lines).await.is_err() {
            return;
        }
        lines.clear();
    }
}
