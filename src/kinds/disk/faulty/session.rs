//! The talk with the kernel: what is agreed on at its beginning, and the threads that take requests.

use std::io;
use std::sync::Arc;

use nix::errno::Errno;

use super::served::Served;
use super::wire::{Answer, MOST, ROOM, Request, answer, init, opcode};

/// So many requests are answered at once.
const WORKERS: usize = 4;
/// So many may wait in the kernel that nobody waits for, and so many until it holds back.
const BACKGROUND: u16 = 64;
const CONGESTED: u16 = 48;
/// Pages of a request that is as long as one may be.
const PAGES: u16 = (MOST / 4096) as u16;
/// The version from which on there is a second word of flags.
const WITH_MORE_FLAGS: u32 = 36;

/// Answers the kernel's first request.
///
/// # Errors
/// When it speaks another protocol, or takes the disk away.
pub(super) fn begin(served: &Served) -> io::Result<()> {
    let mut buffer = vec![0; ROOM];
    let length = read(served, &mut buffer)?;
    let cut_short = || io::Error::other("the kernel's first request is cut short");
    let request = Request::read(&buffer[..length]).ok_or_else(cut_short)?;
    if request.opcode != opcode::INIT {
        return Err(io::Error::other("the kernel begins with something else"));
    }
    let agreed = agree(served, &request);
    let result = agreed.as_ref().map(drop).map_err(|error| io::Error::from(*error));
    answer(&served.device, request.unique, agreed);
    result
}

fn agree(served: &Served, request: &Request<'_>) -> Result<Answer, Errno> {
    let mut body = request.body;
    let (major, minor, ahead, offered) = (body.u32()?, body.u32()?, body.u32()?, body.u32()?);
    if major != init::MAJOR {
        return Err(Errno::EPROTO);
    }
    let more = if minor >= WITH_MORE_FLAGS { body.u32()? & init::DIRECT_IO_MMAP } else { 0 };
    let wanted =
        init::ASYNC_READ | init::BIG_WRITES | init::PARALLEL_DIROPS | init::MAX_PAGES | init::MORE_FLAGS;
    if more != 0 {
        served.come_past_the_cache();
    }
    let answer = Answer::default()
        .u32(init::MAJOR)
        .u32(minor.min(init::MINOR))
        .u32(ahead)
        .u32(offered & wanted)
        .bytes(&BACKGROUND.to_ne_bytes())
        .bytes(&CONGESTED.to_ne_bytes())
        .u32(MOST as u32)
        // Times are as exact as a nanosecond.
        .u32(1)
        .bytes(&PAGES.to_ne_bytes())
        .bytes(&[0; 2])
        .u32(more)
        .bytes(&[0; 28]);
    Ok(answer)
}

/// Starts the threads that answer everything further. They end with the process.
///
/// # Errors
/// When they cannot be started.
pub(super) fn go_on(served: &Arc<Served>) -> io::Result<()> {
    for _ in 0..WORKERS {
        let served = Arc::clone(served);
        std::thread::Builder::new().name("disk".into()).spawn(move || {
            let mut buffer = vec![0; ROOM];
            while let Ok(length) = read(&served, &mut buffer) {
                if let Some(request) = Request::read(&buffer[..length]) {
                    served.take(&request);
                }
            }
        })?;
    }
    let served = Arc::clone(served);
    std::thread::Builder::new().name("late".into()).spawn(move || served.late.run())?;
    Ok(())
}

/// Waits for a request.
fn read(served: &Served, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match nix::unistd::read(&served.device, buffer) {
            Ok(length) => return Ok(length),
            // One that was taken back meanwhile is none.
            Err(Errno::EINTR | Errno::EAGAIN | Errno::ENOENT) => {}
            Err(error) => return Err(error.into()),
        }
    }
}
