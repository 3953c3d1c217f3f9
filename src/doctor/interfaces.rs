//! Real network interfaces, which take privileges and two programs.

use super::{Backend, Found, declares};
use crate::kinds::link::interface::{self, Prefix, Tool};

pub(super) const BACKEND: Backend = Backend {
    name: "interfaces",
    about: "links that are real interfaces (nft, tc)",
    look,
    needed: |scenario| declares(scenario, "link", &["interface"]),
};

fn look() -> Found {
    let missing: Vec<_> = [Tool::NFT, Tool::TC].into_iter().filter(|tool| tool.find().is_none()).collect();
    if !missing.is_empty() {
        let programs: Vec<_> = missing.iter().map(|tool| format!("`{}`", tool.program)).collect();
        let packages: Vec<_> = missing.iter().map(|tool| tool.package).collect();
        return Found::missing(
            format!("not installed: {}", programs.join(", ")),
            format!(
                "install them with `sudo apt install {}` or what your system has for it",
                packages.join(" ")
            ),
        );
    }
    if let Err(error) = interface::try_rules() {
        return Found::missing(
            format!("the kernel does not take rules of nft for all protocols of the Internet ({error})"),
            "as root, `modprobe -a nf_tables nft_numgen nft_reject_inet` loads what it has of them; a proxy or a link `between` hosts does without",
        );
    }
    match Tool::NFT.ask(&Prefix::default(), &["list", "tables"]) {
        Ok(_) => Found::good("nft and tc are there, and this user may set their rules"),
        Err(error) => Found::missing(
            format!("rules on interfaces are kept from this user ({error})"),
            "run soak as root, or with CAP_NET_ADMIN and CAP_NET_RAW",
        ),
    }
}
