//! The hosts of a run as whatever starts programs and opens sockets knows them.

use std::ffi::CString;
use std::fmt;
use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use nix::sys::time::{TimeVal, TimeValLike};

use super::message::PlannedHost;
use super::namespace;
use super::passing::{self, SocketKind, Wanted};
use super::stand::Stand;

/// How long the helper may take to open a socket.
const PATIENCE: Duration = Duration::from_secs(5);

/// All hosts of a run. Shared by all threads that need them.
pub struct Hosts {
    list: Vec<PlannedHost>,
    /// To the helper: one question at a time.
    channel: Mutex<OwnedFd>,
    user: Option<OwnedFd>,
    mount: OwnedFd,
    networks: Vec<OwnedFd>,
}

impl Hosts {
    /// Asks the helper for the namespaces of hosts that are there.
    pub(super) fn open(channel: OwnedFd, list: Vec<PlannedHost>) -> io::Result<Hosts> {
        let patience = TimeVal::seconds(PATIENCE.as_secs() as i64);
        setsockopt(&channel, sockopt::ReceiveTimeout, &patience)?;
        let (with_user, mut shared) = passing::ask(&channel, Wanted::Shared)?;
        let missing = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let mount = shared.pop().ok_or_else(missing)?;
        let user = if with_user == 1 { Some(shared.pop().ok_or_else(missing)?) } else { None };
        let mut networks = Vec::with_capacity(list.len());
        for host in 0..list.len() {
            let (_, mut network) = passing::ask(&channel, Wanted::Network(host as u32))?;
            networks.push(network.pop().ok_or_else(missing)?);
        }
        Ok(Hosts { list, channel: Mutex::new(channel), user, mount, networks })
    }

    /// The host that has this name or address.
    pub fn find(&self, name: &str) -> Option<usize> {
        let address: Option<IpAddr> = name.trim_matches(['[', ']']).parse().ok();
        self.list
            .iter()
            .position(|host| host.name.eq_ignore_ascii_case(name) || Some(host.address) == address)
    }

    /// The address of the host of this name.
    pub fn address(&self, name: &str) -> Option<IpAddr> {
        self.list.iter().find(|host| host.name.eq_ignore_ascii_case(name)).map(|host| host.address)
    }

    /// Opens a socket in the network of a host; it does not block.
    ///
    /// # Errors
    /// What the kernel said, or that the helper does not answer.
    pub fn socket(&self, host: usize, kind: SocketKind) -> io::Result<OwnedFd> {
        let channel = self.channel.lock().unwrap_or_else(PoisonError::into_inner);
        let (_, mut sockets) = passing::ask(&channel, Wanted::Socket(host as u32, kind))?;
        sockets.pop().ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hosts").field("list", &self.list).finish_non_exhaustive()
    }
}

/// A host on which programs are started.
#[derive(Clone, Debug)]
pub struct Place {
    pub hosts: Arc<Hosts>,
    pub host: usize,
}

impl Place {
    /// From there, for soak itself.
    pub fn stand(&self) -> Stand {
        Stand::on(&self.hosts, self.host)
    }

    /// What a process has to do between fork and exec to be there, in this folder.
    ///
    /// # Errors
    /// Where the folder's name holds a zero byte.
    pub fn entrance(
        &self,
        folder: &Path,
    ) -> io::Result<impl FnMut() -> io::Result<()> + Send + Sync + use<>> {
        let folder = CString::new(folder.as_os_str().as_encoded_bytes())?;
        let place = self.clone();
        Ok(move || {
            let hosts = &place.hosts;
            namespace::stand_in(hosts.user.as_ref(), &hosts.networks[place.host], &hosts.mount)?;
            namespace::go_to(&folder)
        })
    }
}
