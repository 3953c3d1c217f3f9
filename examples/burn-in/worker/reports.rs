//! What the core is told of jobs that are done, and what becomes of it when the core is away.

use crate::shared::home::Home;
use std::fs;
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::Duration;

/// How long the core may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);
const ENDING: &str = ".failed_notify.txt";

pub struct Reports {
    home: Home,
    core: String,
}

impl Reports {
    pub fn new(home: Home, core: String) -> Reports {
        Reports { home, core }
    }

    /// Tells the core that a job is done, or keeps it for later.
    pub fn send(&self, id: &str) -> io::Result<()> {
        match self.tell(id) {
            Ok(()) => Ok(()),
            Err(error) => self.keep(id, &error.to_string()),
        }
    }

    /// Keeps a report for later.
    pub fn keep(&self, id: &str, reason: &str) -> io::Result<()> {
        Home::put(&self.home.unsent(), &format!("{id}{ENDING}"), reason.as_bytes())
    }

    /// Sends what was kept, as far as the core hears it.
    pub fn send_again(&self) -> io::Result<()> {
        for entry in fs::read_dir(self.home.unsent())? {
            let entry = entry?;
            let name = entry.file_name();
            let id = name
                .to_str()
                .filter(|name| !name.starts_with('.'))
                .and_then(|name| name.strip_suffix(ENDING));
            let Some(id) = id else { continue };
            if self.tell(id).is_err() {
                return Ok(());
            }
            fs::remove_file(entry.path())?;
            self.home.log("worker.log", &format!("INFO {id}: the core has heard of it now"))?;
        }
        Ok(())
    }

    fn tell(&self, id: &str) -> io::Result<()> {
        let nowhere = || io::Error::other(format!("{} is no address", self.core));
        let address = self.core.to_socket_addrs()?.next().ok_or_else(nowhere)?;
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let request = format!(
            "POST /api/missions/{id}/done HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.core
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        match answer.starts_with("HTTP/1.1 200 ") {
            true => Ok(()),
            false => Err(io::Error::other(format!(
                "the core said: {}",
                answer.lines().next().unwrap_or("nothing")
            ))),
        }
    }
}
