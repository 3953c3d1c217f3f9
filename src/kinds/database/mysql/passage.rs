//! The way to a server on a host, for a library that opens its connections itself and from the machine's own network.
//!
//! Soak connects from the host, and hands the library a socket of its own that leads there: one without a name in any folder, which
//! takes one connection, of this process only.

use crate::kinds::host::stand::Stand;
use std::io;
use tokio::net::{TcpStream, UnixListener};

/// A connection that waits to be taken.
pub(super) struct Passage {
    server: TcpStream,
    listener: UnixListener,
    name: String,
}

impl Passage {
    /// Connects to a server.
    ///
    /// # Errors
    /// What the kernel said.
    pub async fn to(stand: &Stand, host: &str, port: u16) -> io::Result<Passage> {
        let server = stand.connect(host, port).await?;
        server.set_nodelay(true)?;
        // The byte before it keeps it out of the file system, unix(7).
        let name = format!("\0soak-{}", uuid()?);
        Ok(Passage { server, listener: UnixListener::bind(&name)?, name })
    }

    /// What the library has to connect to.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Carries what goes either way, until both have ended.
    pub async fn carry(self) {
        let Passage { mut server, listener, .. } = self;
        let own = std::process::id();
        let mut client = loop {
            let Ok((client, _)) = listener.accept().await else { return };
            let from = client.peer_cred().ok().and_then(|found| found.pid());
            if from.is_some_and(|pid| u32::try_from(pid) == Ok(own)) {
                break client;
            }
        };
        drop(listener);
        // How it ends, the library sees by itself.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}

fn uuid() -> io::Result<String> {
    let text = std::fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    Ok(text.trim().to_owned())
}
