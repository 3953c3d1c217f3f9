//! Requests of the story, and lines that loads send to processes.

use super::Shared;
use super::process::{ProcessTarget, line};
use crate::kinds::request::{Answer as Reply, RequestError, Requester};
use crate::lang::call::{Call, Turn};
use crate::lang::expr::{IterationWord, TargetId};
use crate::lang::quantity::Quantity;
use crate::lang::value::Value;
use crate::run::world::{Answer, Ticket};
use futures_util::future::LocalBoxFuture;
use std::rc::Rc;
use tokio::sync::{mpsc, oneshot};

/// Lines on their way to one process; a load that is faster than the process waits.
const LINES_AT_ONCE: usize = 64;

/// The story asks as one user.
const STORY: u64 = 1;

/// Carries out one request of the story and answers with what came back.
pub(super) fn ask(shared: &Rc<Shared>, ticket: Ticket, target: TargetId, call: Call, turns: Vec<Turn>) {
    let Some(requester) = shared.requester(target) else {
        let reason = format!("`{}` cannot be asked", shared.name(target));
        return shared.answer(ticket, Err(reason));
    };
    let shared = Rc::clone(shared);
    tokio::task::spawn_local(async move {
        let answered = if turns.is_empty() {
            let begun = shared.now();
            requester.request(STORY, &call).await.map(|reply| {
                let took = shared.now().since(begun);
                let mut words = known(reply);
                words.push((IterationWord::Latency, Value::Quantity(Quantity::duration(took))));
                vec![words]
            })
        } else {
            talk(&*requester, &call, &turns).await
        };
        let answer = answered.map(Answer::Replied).map_err(|error| error.in_full());
        shared.answer(ticket, answer);
    });
}

/// Carries out a conversation; gives what each message brought that was waited for.
async fn talk(
    requester: &dyn Requester,
    call: &Call,
    turns: &[Turn],
) -> Result<Vec<Vec<(IterationWord, Value)>>, RequestError> {
    let mut conversation = requester.converse(STORY, call).await?;
    let mut received = Vec::new();
    for turn in turns {
        if let Some(body) = conversation.turn(turn).await? {
            received.push(known(Reply { body, ..Reply::default() }));
        }
    }
    conversation.close().await?;
    Ok(received)
}

/// What an answer brought, by the words of the language.
fn known(reply: Reply) -> Vec<(IterationWord, Value)> {
    let mut words = vec![
        (IterationWord::Body, Value::from_json(reply.body_json())),
        (IterationWord::BodyText, Value::Text(reply.body_text())),
    ];
    if let Some(status) = reply.status {
        words.push((IterationWord::Status, Value::Quantity(Quantity::number(status.into()))));
        words.push((IterationWord::Headers, Value::Json(reply.headers_json())));
    }
    words.extend(reply.status_name.map(|name| (IterationWord::Status, Value::Text(name.into()))));
    words.extend(reply.rows.map(|rows| (IterationWord::Rows, Value::Json(rows.to_json()))));
    words.extend(reply.path.map(|path| (IterationWord::Path, Value::Text(path))));
    words
}

/// A line for a process, and where to say what came of it.
pub(super) struct Line {
    text: String,
    sent: oneshot::Sender<Result<(), RequestError>>,
}

/// Takes lines from the load's thread and gives them to the process, one after the other.
pub(super) fn pass_on(shared: &Shared, process: &Rc<ProcessTarget>) -> mpsc::UnboundedSender<Line> {
    let (sender, mut lines) = mpsc::unbounded_channel::<Line>();
    let process = Rc::clone(process);
    shared.watch(tokio::task::spawn_local(async move {
        while let Some(line) = lines.recv().await {
            let sent = process.process().send(&line.text).await;
            let _ = line.sent.send(sent.map_err(|error| RequestError::Failed(error.to_string())));
        }
    }));
    sender
}

/// The engine's end of a process's standard input.
pub(super) struct Sender {
    lines: mpsc::UnboundedSender<Line>,
    places: tokio::sync::Semaphore,
}

impl Sender {
    pub fn new(lines: mpsc::UnboundedSender<Line>) -> Sender {
        Sender { lines, places: tokio::sync::Semaphore::new(LINES_AT_ONCE) }
    }
}

impl Requester for Sender {
    fn request<'a>(&'a self, _user: u64, call: &'a Call) -> LocalBoxFuture<'a, Result<Reply, RequestError>> {
        Box::pin(async move {
            let text = line(call);
            let bytes = text.len() as u64 + 1;
            let _place = self.places.acquire().await;
            let (sent, waiting) = oneshot::channel();
            let ended = || RequestError::Failed("the process is gone".into());
            self.lines.send(Line { text, sent }).map_err(|_| ended())?;
            waiting.await.map_err(|_| ended())??;
            Ok(Reply { bytes, ..Reply::default() })
        })
    }
}
