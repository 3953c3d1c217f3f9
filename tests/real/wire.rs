//! A network interface of a case's own: one end of a wire, in a network namespace that only the program is in, with
//! another machine at its other end.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The address of the program's end, and that of the other one.
const ENDS: [&str; 2] = ["10.9.0.1/24", "10.9.0.2/24"];

/// Where ip-netns(8) keeps the namespaces that have a name.
const NAMED: &str = "/run/netns";

/// Two namespaces with a wire between them, there until it is dropped.
pub struct Wire {
    here: String,
    /// The network namespace of the other end.
    pub there: PathBuf,
}

impl Wire {
    /// Makes it; the interface at either end has that name.
    pub fn new(name: &str) -> Wire {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let own = format!("soak-real-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let wire = Wire { here: format!("{own}-here"), there: Path::new(NAMED).join(format!("{own}-there")) };
        let (here, there) = (&wire.here, wire.there_name());
        for namespace in [here, there] {
            ip(&format!("netns add {namespace}"));
            ip(&format!("-n {namespace} link set lo up"));
        }
        ip(&format!("link add {name} netns {here} type veth peer name {name} netns {there}"));
        for (namespace, address) in [here, there].into_iter().zip(ENDS) {
            ip(&format!("-n {namespace} address add {address} dev {name}"));
            ip(&format!("-n {namespace} link set {name} up"));
        }
        // Neighbours that know each other, as machines do that have been up for a while.
        assert!(
            wire.here("ping")
                .args(["-c", "1", "-W", "2", "-q", "10.9.0.2"])
                .output()
                .unwrap()
                .status
                .success()
        );
        wire
    }

    fn there_name(&self) -> &str {
        self.there.file_name().unwrap().to_str().unwrap()
    }

    /// A program in the namespace of this end.
    pub fn here(&self, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.here, program]);
        command
    }

    /// What of a run's is still on the interface, or beside it.
    pub fn left(&self) -> Vec<String> {
        let lines = |program: &str, arguments: &[&str]| {
            let output = self.here(program).args(arguments).output().unwrap();
            assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
            String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let tables = lines("nft", &["list", "tables"]);
        let devices = lines("ip", &["-o", "link", "show"]).into_iter().filter(|line| line.contains(": soak"));
        let queues = lines("tc", &["qdisc", "show"]).into_iter().filter(|line| !line.contains(" 0: "));
        tables.into_iter().chain(devices).chain(queues).collect()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        for namespace in [&self.here, self.there_name()] {
            let _ = Command::new("ip").args(["netns", "del", namespace]).output();
        }
    }
}

fn ip(words: &str) {
    let output = Command::new("ip").args(words.split(' ')).output().unwrap();
    assert!(output.status.success(), "ip {words}: {}", String::from_utf8_lossy(&output.stderr));
}
