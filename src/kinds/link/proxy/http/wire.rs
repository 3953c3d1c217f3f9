//! The server's end of a connection, with an exchange before it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Buf;
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::exchange::{Admitted, Closing, Exchange};
use super::tally::Http;
use crate::kinds::link::proxy::connection::Close;
use crate::kinds::link::proxy::pump::PIECE_GAP;
use crate::kinds::link::proxy::setting::Asked;
use crate::kinds::link::proxy::wire::Wire;
use crate::lang::wakeup::{Sleep, Wakeups};

/// What passes and is shorter is gathered with what stands before it; what is longer is not copied.
const SHORT: usize = 16 << 10;

/// A connection to the server that speaks HTTP.
pub(in crate::kinds::link::proxy) struct HttpWire {
    server: TcpStream,
    settings: watch::Receiver<Arc<Asked>>,
    wakeups: Wakeups,
    state: Mutex<State>,
}

struct State {
    exchange: Exchange,
    /// Set for when something is to be done without anybody's bytes.
    sleep: Option<Sleep>,
    /// When the next piece may be written, while data pass in pieces.
    next_piece: Option<Instant>,
    /// Who waits for an answer to come, before more is taken from the client.
    waits: Option<Waker>,
    /// The server takes nothing any more.
    broken: bool,
    /// The server was told that nothing more comes.
    finished: bool,
}

impl HttpWire {
    pub fn new(
        server: TcpStream,
        http: &Arc<Http>,
        settings: watch::Receiver<Arc<Asked>>,
        wakeups: &Wakeups,
    ) -> HttpWire {
        let state = State {
            exchange: Exchange::new(Arc::clone(http)),
            sleep: None,
            next_piece: None,
            waits: None,
            broken: false,
            finished: false,
        };
        HttpWire { server, settings, wakeups: wakeups.clone(), state: Mutex::new(state) }
    }

    pub fn into_server(self) -> TcpStream {
        self.server
    }

    fn asked(&self) -> Arc<Asked> {
        Arc::clone(&self.settings.borrow())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what is due, and writes what waits for the server. With a context it is called again when more is due or can
    /// be written.
    fn move_on(&self, state: &mut State, asked: &Asked, mut context: Option<&mut Context<'_>>) {
        state.exchange.let_go(&asked.disturbance, Instant::now());
        if let (Some(until), Some(context)) =
            (state.exchange.held_until(&asked.disturbance), context.as_deref_mut())
        {
            self.sleep(state, until, context);
        }
        while !state.broken && !state.exchange.to_server.is_empty() {
            let waiting = state.exchange.to_server.len();
            let count = asked.slice.map_or(waiting, |size| size.min(waiting));
            if let Some(next) =
                state.next_piece.filter(|next| asked.slice.is_some() && Instant::now() < *next)
            {
                if let Some(context) = context.as_deref_mut() {
                    self.sleep(state, next, context);
                }
                return;
            }
            if let Some(context) = context.as_deref_mut()
                && self.server.poll_write_ready(context).is_pending()
            {
                return;
            }
            match self.write(state, asked, count) {
                Ok(written) => state.exchange.to_server.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if context.is_none() {
                        return;
                    }
                }
                Err(_) => {
                    state.broken = true;
                    state.exchange.to_server.clear();
                }
            }
        }
        if state.exchange.ends_up() && !state.finished {
            state.finished = true;
            Wire::finish(&self.server);
        }
    }

    /// Writes what is first of that which waits for the server.
    fn write(&self, state: &mut State, asked: &Asked, count: usize) -> io::Result<usize> {
        let bytes = &state.exchange.to_server[..count];
        if asked.slice.is_none() {
            return self.server.try_write(bytes);
        }
        let written = self.server.try_write_piece(bytes)?;
        state.next_piece = Some(Instant::now() + PIECE_GAP);
        Ok(written)
    }

    fn sleep(&self, state: &mut State, deadline: Instant, context: &mut Context<'_>) {
        let sleep = match &mut state.sleep {
            Some(sleep) if sleep.deadline() == deadline => sleep,
            other => other.insert(self.wakeups.sleep_until(deadline)),
        };
        if Pin::new(sleep).poll(context).is_ready() {
            state.sleep = None;
            context.waker().wake_by_ref();
        }
    }

    /// Takes in bytes of the client, and says how many.
    fn take(&self, bytes: &[u8]) -> io::Result<usize> {
        let asked = self.asked();
        let mut state = self.state();
        let state = &mut *state;
        if state.broken {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut taken = 0;
        while taken < bytes.len() {
            let rest = &bytes[taken..];
            match state.exchange.admit(rest, &asked.disturbance, Instant::now()) {
                Admitted::Blocked => break,
                Admitted::Taken(count) => taken += count,
                Admitted::Passing(count) if count < SHORT => {
                    state.exchange.to_server.extend_from_slice(&rest[..count]);
                    state.exchange.pass(&rest[..count]);
                    taken += count;
                }
                Admitted::Passing(count) => {
                    self.move_on(state, &asked, None);
                    if !state.exchange.to_server.is_empty() || state.broken {
                        break;
                    }
                    let count = asked.slice.map_or(count, |size| size.min(count));
                    let written = match self.server.try_write(&rest[..count]) {
                        Ok(written) => written,
                        Err(error) if taken == 0 => return Err(error),
                        Err(_) => break,
                    };
                    state.exchange.pass(&rest[..written]);
                    taken += written;
                    if written < count {
                        break;
                    }
                }
            }
        }
        state.exchange.take_turns();
        self.move_on(state, &asked, None);
        match taken {
            0 if state.broken => Err(io::ErrorKind::BrokenPipe.into()),
            0 => Err(io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        }
    }
}

impl Wire for HttpWire {
    fn poll_readable(&self, context: &mut Context<'_>) -> Poll<()> {
        let state = self.state();
        let exchange = &state.exchange;
        if !exchange.to_client.is_empty() || exchange.closing().is_some() {
            return Poll::Ready(());
        }
        match exchange.server_ended {
            true if exchange.withholds_end() => Poll::Pending,
            true => Poll::Ready(()),
            false => self.server.poll_readable(context),
        }
    }

    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let asked = self.asked();
        let mut state = self.state();
        loop {
            let exchange = &mut state.exchange;
            if !exchange.to_client.is_empty() {
                let count = buffer.len().min(exchange.to_client.len());
                exchange.to_client.copy_to_slice(&mut buffer[..count]);
                return Ok(count);
            }
            match exchange.closing() {
                Some(Closing::End) => return Ok(0),
                Some(Closing::Reset) => return Err(io::ErrorKind::ConnectionReset.into()),
                None => {}
            }
            if !exchange.server_ended {
                let count = self.server.try_read(buffer)?;
                exchange.server_ended = count == 0;
                let untouched = exchange.respond(&buffer[..count], &asked.disturbance);
                if !exchange.is_full()
                    && let Some(waker) = state.waits.take()
                {
                    waker.wake();
                }
                if untouched > 0 {
                    return Ok(untouched);
                }
            } else if exchange.withholds_end() {
                return Err(io::ErrorKind::WouldBlock.into());
            } else {
                return Ok(0);
            }
        }
    }

    fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let asked = self.asked();
        let mut state = self.state();
        let state = &mut *state;
        self.move_on(state, &asked, Some(context));
        if state.broken {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if state.exchange.is_full() {
            state.waits = Some(context.waker().clone());
        }
        match state.exchange.takes_bytes() {
            Some(true) => Poll::Ready(Ok(())),
            Some(false) if state.exchange.to_server.is_empty() => self.server.poll_write_ready(context),
            _ => Poll::Pending,
        }
    }

    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes)
    }

    fn try_write_piece(&self, bytes: &[u8]) -> io::Result<usize> {
        self.take(bytes)
    }

    fn poll_flush(&self, context: &mut Context<'_>) {
        let asked = self.asked();
        self.move_on(&mut self.state(), &asked, Some(context));
    }

    fn finish(&self) {
        let asked = self.asked();
        let mut state = self.state();
        state.exchange.end_client();
        self.move_on(&mut state, &asked, None);
    }

    fn closes(&self) -> Option<Close> {
        match self.state().exchange.closing()? {
            Closing::End => Some(Close::Cut),
            Closing::Reset => Some(Close::Reset),
        }
    }
}
