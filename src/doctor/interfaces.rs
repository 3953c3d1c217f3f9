//! Real network interfaces, which take privileges and two programs.

use std::path::PathBuf;

use super::{Backend, Found, declares};

pub(super) const BACKEND: Backend = Backend {
    name: "interfaces",
    about: "links that are real interfaces (nft, tc)",
    look,
    needed: |scenario| declares(scenario, "link", &["interface"]),
};

/// The programs, and the Debian packages that bring them.
const PROGRAMS: [(&str, &str); 2] = [("nft", "nftables"), ("tc", "iproute2")];

fn look() -> Found {
    let missing: Vec<_> = PROGRAMS.iter().filter(|(program, _)| find(program).is_none()).collect();
    if !missing.is_empty() {
        let programs: Vec<_> = missing.iter().map(|(program, _)| format!("`{program}`")).collect();
        let packages: Vec<_> = missing.iter().map(|(_, package)| *package).collect();
        return Found::missing(
            format!("not installed: {}", programs.join(", ")),
            format!(
                "install them with `sudo apt install {}` or what your system has for it",
                packages.join(" ")
            ),
        );
    }
    if nix::unistd::geteuid().is_root() {
        return Found::good("nft and tc are there, and soak runs as root");
    }
    Found::missing("rules on interfaces are kept from this user", "run soak as root, or with CAP_NET_ADMIN")
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // An ordinary user's path leaves out where these two are.
    let folders = std::env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    folders.map(|folder| folder.join(program)).find(|file| file.is_file())
}
