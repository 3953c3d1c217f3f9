//! Hosts, links and addresses that are no network, or not the one that was meant.

use crate::diag::Diagnostic;
use crate::source::Span;

/// `listen` is the whole setting.
pub fn link_to_itself(span: Span, listen: Span, address: &str) -> Diagnostic {
    let finding =
        Diagnostic::error("E0404", "a link that passes on to where it listens talks to itself", span)
            .here("the same address")
            .also(listen, "it listens here");
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
