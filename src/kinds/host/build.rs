//! Making a virtual network: a namespace for each host, a pair of cards for each end of each link, and the ways.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::OwnedFd;

use nix::net::if_::if_nametoindex;

use super::error::NetworkError;
use super::message::{Plan, PlannedLink};
use super::namespace::{self, Shared};
use super::netlink::{self, Card, Mac, Netlink};
use super::routes;
use crate::kinds::link::emulator::Emulator;

/// The largest IP packet on a link.
const MTU: u32 = 1500;
/// The longest name of a network card, without the zero behind it.
const LONGEST_NAME: usize = 15;

/// A virtual network.
pub(super) struct Built {
    pub shared: Shared,
    /// Of the hosts.
    pub networks: Vec<OwnedFd>,
    pub links: Vec<Emulator>,
    /// What could not be had and can be done without, in sentences.
    pub lacks: Vec<String>,
}

/// Makes it. The calling process must have one thread only.
pub(super) fn build(plan: &Plan) -> Result<Built, NetworkError> {
    let shared = namespace::enter()?;
    let mut lacks = Vec::new();
    let names: Vec<_> = plan.hosts.iter().map(|host| (host.name.clone(), host.address)).collect();
    if let Err(error) = namespace::name(&names, &plan.scratch) {
        lacks.push(format!("programs on hosts cannot look up names of hosts, only addresses: {error}"));
    }
    let home = namespace::network().map_err(NetworkError::make("opening a network namespace"))?;
    let mut builder = Builder { plan, home, networks: Vec::new(), lacks };
    for host in &plan.hosts {
        let network = namespace::new_network();
        builder.networks.push(network.map_err(NetworkError::make(format!("a network for `{}`", host.name)))?);
    }
    builder.at_home()?;
    for (place, link) in plan.links.iter().enumerate() {
        builder.wire(place).map_err(NetworkError::make(format!("network cards for `{}`", link.name)))?;
    }
    for (place, host) in plan.hosts.iter().enumerate() {
        builder.furnish(place).map_err(NetworkError::make(format!("the network of `{}`", host.name)))?;
    }
    builder.at_home()?;
    let mut links = Vec::new();
    for (place, link) in plan.links.iter().enumerate() {
        let started = builder.join(place, link);
        links.push(started.map_err(NetworkError::make(format!("the link `{}`", link.name)))?);
    }
    Ok(Built { shared, networks: builder.networks, links, lacks: builder.lacks })
}

struct Builder<'a> {
    plan: &'a Plan,
    /// Where the emulator stands.
    home: OwnedFd,
    networks: Vec<OwnedFd>,
    lacks: Vec<String>,
}

impl Builder<'_> {
    fn at_home(&self) -> Result<(), NetworkError> {
        namespace::enter_network(&self.home).map_err(NetworkError::make("entering a network namespace"))
    }

    /// Makes both pairs of cards of a link: of each one here, and one on the host.
    fn wire(&self, place: usize) -> io::Result<()> {
        let mut netlink = Netlink::open()?;
        let link = &self.plan.links[place];
        for (end, host) in [link.between.0, link.between.1].into_iter().enumerate() {
            let here = here(place, end);
            let here = Card { name: &here, mac: mac(place, end, true), mtu: MTU };
            let there = there(place, link);
            let there = Card { name: &there, mac: mac(place, end, false), mtu: MTU };
            netlink.pair(&here, &there, &self.networks[host])?;
            let card = if_nametoindex(here.name)?;
            keep_quiet(&mut netlink, card)?;
            netlink.up(card)?;
        }
        Ok(())
    }

    /// Gives a host its address on all of its links, and its ways to the others.
    fn furnish(&mut self, host: usize) -> io::Result<()> {
        namespace::enter_network(&self.networks[host])?;
        let mut netlink = Netlink::open()?;
        let loopback = if_nametoindex("lo")?;
        netlink.up(loopback)?;
        let own = self.plan.hosts[host].address;
        let mut first = None;
        let mut cards = vec![0; self.plan.links.len()];
        for (place, link) in self.plan.links.iter().enumerate() {
            let (one, other) = link.between;
            if one != host && other != host {
                continue;
            }
            let card = if_nametoindex(there(place, link).as_str())?;
            keep_quiet(&mut netlink, card)?;
            netlink.address(card, own)?;
            netlink.up(card)?;
            let (far, end) = if one == host { (other, 1) } else { (one, 0) };
            netlink.neighbour(card, self.plan.hosts[far].address, mac(place, end, false))?;
            first.get_or_insert(card);
            cards[place] = card;
        }
        if first.is_none() {
            netlink.address(loopback, own)?;
        }
        self.ways(&mut netlink, host, &cards)?;
        if let Some(card) = first {
            to_everybody(&mut netlink, card, own);
        }
        self.allow(host);
        Ok(())
    }

    fn ways(&self, netlink: &mut Netlink, host: usize, cards: &[u32]) -> io::Result<()> {
        let own = self.plan.hosts[host].address;
        let links: Vec<_> = self.plan.links.iter().map(|link| link.between).collect();
        let ways = routes::from(host, self.plan.hosts.len(), &links);
        let same = |address: &IpAddr| address.is_ipv4() == own.is_ipv4();
        // Neighbours first: the ways beyond lead by them.
        let (near, far): (Vec<_>, Vec<_>) = ways.into_iter().partition(|way| way.next == way.to);
        for way in near.into_iter().chain(far) {
            let (to, by) = (self.plan.hosts[way.to].address, self.plan.hosts[way.next].address);
            if same(&to) && same(&by) {
                let by = (way.next != way.to).then_some(by);
                netlink.route((to, netlink::length(to)), cards[way.link], by, own)?;
            }
        }
        Ok(())
    }

    /// Lets the host do what an ordinary user could not: pass packets on, listen on low ports, ping.
    fn allow(&mut self, host: usize) {
        let set = |name: &str, value: &str| fs::write(format!("/proc/sys/net/{name}"), value);
        let links = self.plan.links.iter();
        let passes_on = links.filter(|link| link.between.0 == host || link.between.1 == host).count() > 1;
        if passes_on {
            let passed = set("ipv4/ip_forward", "1");
            // Where there is no IPv6 there is nothing to pass on.
            let _ = set("ipv6/conf/all/forwarding", "1");
            if let Err(error) = passed {
                let name = &self.plan.hosts[host].name;
                self.lacks.push(format!("`{name}` does not pass packets on between its links: {error}"));
            }
        }
        let group = nix::unistd::getegid();
        // Both are a convenience; where a container forbids them, a program that needs them says so.
        let _ = set("ipv4/ip_unprivileged_port_start", "0");
        let _ = set("ipv4/ping_group_range", &format!("{group} {group}"));
    }

    fn join(&self, place: usize, link: &PlannedLink) -> io::Result<Emulator> {
        let card = |end: usize| if_nametoindex(here(place, end).as_str());
        // Links differ in what chance does to them, and the same run has the same chances.
        let seed = self.plan.seed ^ (place as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Emulator::start(&link.name, (card(0)?, card(1)?), seed)
    }
}

/// What is sent to everybody goes over the first link.
fn to_everybody(netlink: &mut Netlink, card: u32, own: IpAddr) {
    let ways: &[(IpAddr, u8)] = match own {
        IpAddr::V4(_) => {
            &[(IpAddr::V4(Ipv4Addr::new(224, 0, 0, 0)), 4), (IpAddr::V4(Ipv4Addr::BROADCAST), 32)]
        }
        IpAddr::V6(_) => &[(IpAddr::V6(Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0)), 8)],
    };
    for way in ways {
        // The kernel may have such a way of its own.
        let _ = netlink.route(*way, card, None, own);
    }
}

/// Where there is no IPv6, nothing has to be kept quiet.
fn keep_quiet(netlink: &mut Netlink, card: u32) -> io::Result<()> {
    if fs::exists("/proc/sys/net/ipv6").unwrap_or(false) { netlink.quiet(card) } else { Ok(()) }
}

/// The name of a card at the emulator.
fn here(place: usize, end: usize) -> String {
    format!("{}{place}", if end == 0 { "a" } else { "b" })
}

/// The name of a card on a host: that of its link, where it can be one.
fn there(place: usize, link: &PlannedLink) -> String {
    let usable = link.name.len() <= LONGEST_NAME && link.name.is_ascii() && link.name != "lo";
    if usable { link.name.clone() } else { format!("link{place}") }
}

/// The address of a card; the second bit of the first byte says that nobody has registered it.
fn mac(place: usize, end: usize, here: bool) -> Mac {
    let [.., high, low] = (place as u32).to_be_bytes();
    [0x02, 0x50, u8::from(here), high, low, end as u8]
}
