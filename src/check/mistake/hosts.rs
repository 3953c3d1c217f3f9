//! Hosts, links and addresses that are no network, or not the one that was meant.

use crate::diag::Diagnostic;
use crate::source::Span;

/// `listen` is the whole setting.
/// `to` is where the only process answers that the file starts.
pub fn link_to_itself(span: Span, listen: Span, address: &str, to: Option<&str>) -> Diagnostic {
    let finding =
        Diagnostic::error("E0404", "a link that passes on to where it listens talks to itself", span)
            .here("the same address")
            .also(listen, "it listens here");
    if let Some(to) = to {
        let better = format!("to \"{to}\"");
        return finding
            .help(format!("write `{better}`, where the file's process answers"))
            .fix(span, better, false);
    }
    let port = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?)));
    match port.and_then(|(host, port)| Some(format!("listen \"{host}:{}\"", port.checked_add(1)?))) {
        Some(better) => finding
            .help(format!(
                "let it listen on a port of its own, `{better}`, and let those ask there who are to meet it"
            ))
            .fix(listen, better, false),
        None => {
            finding.help("let it listen on a port of its own, and let those ask there who are to meet it")
        }
    }
}

pub fn no_such_interface(span: Span, name: &str, why: &str, instead: &str) -> Diagnostic {
    Diagnostic::error("E0404", format!("`{name}` cannot be the interface of a link: {why}"), span)
        .here("this interface")
        .help(instead)
}

pub fn tls_in_vain(span: Span, url: Span, scheme: &str) -> Diagnostic {
    Diagnostic::error("E0404", "`tls` means nothing where the URL asks for no TLS", span)
        .here("these do not go together")
        .also(url, "without TLS")
        .help(format!("begin the URL with `{scheme}://`, or leave `tls` out"))
}

pub fn not_a_host_address(span: Span, text: &str, what: &str) -> Diagnostic {
    Diagnostic::error("E0418", format!("`{text}` is {what}"), span)
        .here("not an address of a host")
        .help("write one like `\"10.30.0.1\"`, each host its own")
}

/// `free` is an address beside it that no host has.
pub fn same_address(span: Span, first: Span, free: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::error("E0418", "two hosts cannot have the same address", span)
        .here("the same address")
        .also(first, "it is taken here");
    match free {
        Some(free) => finding.help(format!("write `\"{free}\"`")).fix(span, format!("\"{free}\""), false),
        None => finding.help("give each an address of its own"),
    }
}

pub fn same_door(span: Span, address: &str, first: Span) -> Diagnostic {
    Diagnostic::error("E0404", format!("two links listen on `{address}`"), span)
        .here("the second")
        .also(first, "the first")
        .help("give each a port of its own")
}

pub fn link_from_a_host_to_itself(span: Span) -> Diagnostic {
    Diagnostic::error("E0418", "a link joins two hosts, not one to itself", span)
        .here("the same host")
        .help("what stands on one host talks over its loopback")
}

pub fn joined_twice(span: Span, first: Span) -> Diagnostic {
    Diagnostic::error(
        "E0418",
        "these two hosts are joined already: nothing would go over a second link",
        span,
    )
    .here("the same two hosts")
    .also(first, "they are joined here")
}

pub fn two_families(span: Span) -> Diagnostic {
    Diagnostic::error(
        "E0418",
        "a host with an IPv4 address and one with an IPv6 address cannot talk to each other",
        span,
    )
    .here("of two families")
}

/// What goes to a proxy that does not speak so.
pub fn link_is_deaf(client: Span, link: Span, (name, proxy): (&str, &str), datagrams: bool) -> Diagnostic {
    let (sends, hears, help) = match datagrams {
        true => ("datagrams", "connections only", format!("add the setting `udp` to `{proxy}`")),
        false => ("over connections", "datagrams only", format!("take the setting `udp` out of `{proxy}`")),
    };
    Diagnostic::warning("W0920", format!("`{name}` sends {sends}, and `{proxy}` hears {hears}"), client)
        .here("nothing of it gets through")
        .also(link, "listens where this asks")
        .help(help)
}

/// A client on a host that asks the loopback of that host, where nothing of the file stands.
pub fn alone_on_host(place: Span, host: &str, better: Option<&str>) -> Diagnostic {
    let finding = Diagnostic::warning(
        "W0925",
        format!("`{host}` is a machine of its own, and nothing in this file stands on it to be asked there"),
        place,
    )
    .here(format!("`{host}` itself"));
    match better {
        Some(better) => finding.help(format!("write `{better}`")).fix(place, better, false),
        None => finding.help(format!("ask the address of another host, or put a process on it: `on {host}`")),
    }
}
