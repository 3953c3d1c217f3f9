//! Talk that nobody has to listen to: a terminal that takes nothing for a while (Ctrl-S, a connection that hangs, a
//! pager that is not turned) must hold up neither the run nor its record. What there is no room for is left out, and
//! said to be.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// How many pieces may wait to be taken.
const MAX_WAITING: usize = 1_024;
/// How long the end waits for what has been said to be taken.
const LAST_WORDS: Duration = Duration::from_secs(2);

enum Piece {
    Text(Vec<u8>),
    /// Answered when everything before it has been taken.
    Taken(SyncSender<()>),
}

/// One who talks; what is written goes on its way when it is flushed.
pub struct Aside {
    pieces: SyncSender<Piece>,
    left_out: Arc<AtomicU64>,
    unfinished: Vec<u8>,
}

impl Aside {
    /// Talks to `out`, which may block as long as it likes.
    pub fn to(out: impl Write + Send + 'static) -> Aside {
        let (pieces, said) = sync_channel(MAX_WAITING);
        let left_out = Arc::new(AtomicU64::new(0));
        let missing = Arc::clone(&left_out);
        // The thread is left behind where `out` never comes back.
        thread::spawn(move || pass_on(&said, &missing, out));
        Aside { pieces, left_out, unfinished: Vec::new() }
    }
}

impl Clone for Aside {
    fn clone(&self) -> Aside {
        let (pieces, left_out) = (self.pieces.clone(), Arc::clone(&self.left_out));
        Aside { pieces, left_out, unfinished: Vec::new() }
    }
}

impl Write for Aside {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.unfinished.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let text = mem::take(&mut self.unfinished);
        if !text.is_empty() && self.pieces.try_send(Piece::Text(text)).is_err() {
            self.left_out.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        let _ = self.flush();
        let (taken, heard) = sync_channel(1);
        if self.pieces.try_send(Piece::Taken(taken)).is_ok() {
            // Whoever has not listened by then does not want to.
            let _ = heard.recv_timeout(LAST_WORDS);
        }
    }
}

fn pass_on(said: &Receiver<Piece>, missing: &AtomicU64, mut out: impl Write) {
    for piece in said {
        // Nobody may be there any more; the run goes on.
        match piece {
            Piece::Text(text) => {
                let _ = out.write_all(&text).and_then(|()| out.flush());
            }
            Piece::Taken(taken) => {
                let _ = taken.send(());
            }
        }
        let left_out = missing.swap(0, Ordering::Relaxed);
        if left_out > 0 {
            let _ = writeln!(out, "soak: {left_out} messages were left out here; events.jsonl has them all");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::Sender;

    /// Takes nothing until it is let go, and hands on what it then takes.
    struct Stuck(Receiver<()>, Sender<Vec<u8>>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // An error means that it has been let go for good.
            let _ = self.0.recv();
            let _ = self.1.send(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn who_does_not_listen_holds_nobody_up_and_hears_what_was_left_out() {
        let (let_go, stuck) = std::sync::mpsc::channel();
        let (taken, heard) = std::sync::mpsc::channel();
        let mut aside = Aside::to(Stuck(stuck, taken));
        for number in 0..3 * MAX_WAITING {
            writeln!(aside, "message {number}").and_then(|()| aside.flush()).unwrap();
        }
        drop(let_go);
        drop(aside);
        let all: Vec<u8> = heard.iter().flatten().collect();
        let all = String::from_utf8(all).unwrap();
        assert!(all.starts_with("message 0\n"), "{all:.100}");
        let told = all.lines().filter(|line| line.starts_with("message ")).count();
        let left_out: usize = all
            .lines()
            .filter_map(|line| line.strip_prefix("soak: ")?.split(' ').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!(told + left_out, 3 * MAX_WAITING);
        assert!(left_out >= MAX_WAITING, "{left_out}");
    }
}
