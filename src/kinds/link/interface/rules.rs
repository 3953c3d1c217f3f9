//! What nft is told: the rules of a condition, all in one transaction, so that one replaces the other at once.
//!
//! They stand in tables of soak's own. Everything that is not of the interface, and the sessions to be left alone, is accepted
//! before anything else is asked. What packets met is counted by name, for each condition anew: what one counted can be read
//! when the next is in force already.

use super::names::Names;
use super::queue::CLASS_EXEMPT;
use super::session::Session;
use super::tools::{Prefix, Tool, ToolError};
use crate::kinds::link::emulator::{Condition, Degraded, Impairment, Passage, Side};
use std::fmt::Write;
use std::net::IpAddr;

/// What is counted for each direction.
pub(super) const COUNTED: [&str; 4] = ["passed", "lost", "silenced", "refused"];
/// What chance draws from.
const DRAWN_FROM: u32 = 100_000_000;

/// The way that what comes in takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Intake {
    /// The kernel's, and it never was another one.
    Untouched,
    /// The kernel's again.
    Direct,
    /// Through the device that has a queue.
    Queued,
}

/// The rules for one interface.
pub(super) struct Rules<'a> {
    pub names: &'a Names,
    /// Left alone whatever is asked.
    pub sessions: &'a [Session],
    pub condition: &'a Condition,
    /// Which condition it is, counted from the first.
    pub generation: u64,
    pub intake: Intake,
}

/// The name of a counter.
pub(super) fn counter(side: Side, what: &str, generation: u64) -> String {
    let side = match side {
        Side::Up => "up",
        Side::Down => "down",
    };
    format!("{side}_{what}_{generation}")
}

/// Every chain of the table: its name, its hook, and its priority, as in netfilter_ipv4.h. What arrives is met before connections are
/// tracked, what leaves behind everything but the translation of addresses.
const CHAINS: [(&str, &str, i32); 5] = [
    ("arriving", "prerouting", -300),
    ("receiving", "input", -5),
    ("forwarding", "forward", -5),
    ("sending", "output", 145),
    ("leaving", "postrouting", 145),
];

impl Rules<'_> {
    pub fn text(&self) -> String {
        let mut text = String::new();
        self.write(&mut text).expect("a String takes everything");
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        let table = format!("inet {}", self.names.table);
        writeln!(text, "add table {table}")?;
        for side in [Side::Up, Side::Down] {
            for what in COUNTED {
                writeln!(text, "add counter {table} {}", counter(side, what, self.generation))?;
                // No rule has counted with it since the condition before.
                if let Some(old) = self.generation.checked_sub(2) {
                    writeln!(text, "delete counter {table} {}", counter(side, what, old))?;
                }
            }
        }
        for (chain, hook, priority) in CHAINS {
            writeln!(
                text,
                "add chain {table} {chain} {{ type filter hook {hook} priority {priority}; policy accept; }}"
            )?;
            writeln!(text, "flush chain {table} {chain}")?;
            for rule in self.of_chain(chain) {
                writeln!(text, "add rule {table} {chain} {rule}")?;
            }
        }
        self.intake(text)
    }

    fn of_chain(&self, chain: &str) -> Vec<String> {
        let device = &self.names.interface;
        let (up, down) = (self.condition.passage(Side::Up), self.condition.passage(Side::Down));
        let mut rules = match chain {
            "arriving" | "receiving" => vec![format!("iifname != \"{device}\" accept")],
            "sending" | "leaving" => vec![format!("oifname != \"{device}\" accept")],
            _ => vec![],
        };
        rules.extend(self.exempt(chain));
        match chain {
            "arriving" => rules.extend(self.passing(Side::Down, down)),
            "leaving" => rules.extend(self.passing(Side::Up, up)),
            "receiving" if down == Passage::Refusing => rules.extend(self.refusing(Side::Down, "")),
            "sending" if up == Passage::Refusing => {
                rules.extend(REFUSALS.map(str::to_owned));
                rules.extend(self.refusing(Side::Up, ""));
            }
            "forwarding" if up == Passage::Refusing => {
                rules.extend(self.refusing(Side::Down, &format!("iifname \"{device}\" ")));
                rules.extend(self.refusing(Side::Up, &format!("oifname \"{device}\" ")));
            }
            // Nothing is asked here.
            _ => return vec![],
        }
        rules
    }

    /// The sessions, and what finds their next hop, where that is not ARP, which no rule here sees.
    fn exempt(&self, chain: &str) -> Vec<String> {
        let leaves = matches!(chain, "sending" | "leaving");
        let first = match chain {
            "forwarding" => return vec![],
            // They are taken past the queue.
            "leaving" => format!("meta priority set {:x}:{CLASS_EXEMPT:x} accept", self.names.handle),
            _ => "accept".to_owned(),
        };
        let mut rules: Vec<String> =
            self.sessions.iter().map(|one| format!("{} {first}", of_session(*one, leaves))).collect();
        if self.sessions.iter().any(|one| one.from.is_ipv6()) {
            rules.push(
                "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept".into(),
            );
        }
        rules
    }

    fn counts(&self, side: Side, what: &str) -> String {
        format!("counter name \"{}\"", counter(side, what, self.generation))
    }

    fn passing(&self, side: Side, passage: Passage) -> Vec<String> {
        let passed = self.counts(side, "passed");
        match passage {
            Passage::Clear => vec![passed],
            Passage::Silent => vec![format!("{} drop", self.counts(side, "silenced"))],
            // What comes is refused where it would be taken, and what leaves where it is sent.
            Passage::Refusing if side == Side::Down => vec![],
            Passage::Refusing => {
                let rest = format!("{} drop", self.counts(side, "refused"));
                REFUSALS.map(str::to_owned).into_iter().chain([rest]).collect()
            }
            Passage::Impaired(asked) => {
                let drawn = (asked.loss * f64::from(DRAWN_FROM)).round() as u32;
                let loses = drawn > 0 && asked.burst.is_none();
                let lost = self.counts(side, "lost");
                let lost = format!("numgen random mod {DRAWN_FROM} < {drawn} {lost} drop");
                loses.then_some(lost).into_iter().chain([passed]).collect()
            }
        }
    }

    fn refusing(&self, side: Side, of: &str) -> [String; 2] {
        let counts = self.counts(side, "refused");
        [
            format!("{of}meta l4proto tcp {counts} reject with tcp reset"),
            format!("{of}{counts} reject with icmpx type port-unreachable"),
        ]
    }

    fn intake(&self, text: &mut String) -> std::fmt::Result {
        let table = format!("netdev {}", self.names.table);
        let (device, queue) = (&self.names.interface, &self.names.intake);
        match self.intake {
            Intake::Untouched => Ok(()),
            // Adding what is there already changes nothing, and what is not there cannot be deleted.
            Intake::Direct => writeln!(text, "add table {table}\ndelete table {table}"),
            Intake::Queued => {
                writeln!(text, "add table {table}")?;
                writeln!(
                    text,
                    "add chain {table} intake {{ type filter hook ingress device \"{device}\" priority 0; }}"
                )?;
                writeln!(text, "flush chain {table} intake")?;
                for session in self.sessions {
                    writeln!(text, "add rule {table} intake {} accept", of_session(*session, false))?;
                }
                writeln!(text, "add rule {table} intake meta protocol {{ ip, ip6 }} fwd to \"{queue}\"")
            }
        }
    }
}

/// What a host says that refuses: it goes out all the same.
const REFUSALS: [&str; 3] = [
    "tcp flags & rst == rst accept",
    "icmp type destination-unreachable accept",
    "icmpv6 type destination-unreachable accept",
];

fn of_session(session: Session, leaves: bool) -> String {
    let (whom, port) = if leaves { ("daddr", "sport") } else { ("saddr", "dport") };
    let family = match session.from {
        IpAddr::V4(_) => "ip",
        IpAddr::V6(_) => "ip6",
    };
    format!("{family} {whom} {} tcp {port} {}", session.from, session.port)
}

/// Tries the rules of each sort of condition, where nobody is.
///
/// # Errors
/// When the kernel or the user has not what they take.
pub fn try_rules() -> Result<(), ToolError> {
    let names = Names { interface: "lo".into(), table: "soak".into(), intake: "soak0".into(), handle: 1 };
    let lossy = Impairment { loss: 0.5, ..Impairment::default() };
    let degraded = Condition::Degrade(Box::new(Degraded { up: Some(lossy), down: Some(lossy) }));
    for condition in [Condition::Refuse, degraded] {
        let rules = Rules {
            names: &names,
            sessions: &[],
            condition: &condition,
            generation: 0,
            intake: Intake::Untouched,
        };
        Tool::NFT.batch(&Prefix::fresh(), &rules.text())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        Names {
            interface: "wlan0".into(),
            table: "soak_test_0".into(),
            intake: "soak0".into(),
            handle: 0x5123,
        }
    }

    /// The rules, without what is the same everywhere.
    fn rules(condition: &Condition, sessions: &[Session], intake: Intake) -> Vec<String> {
        let text = Rules { names: &names(), sessions, condition, generation: 3, intake }.text();
        let short = |line: &str| {
            let rule = line
                .strip_prefix("add rule inet soak_test_0 ")
                .or(line.strip_prefix("add rule netdev soak_test_0 "))?;
            (!rule.ends_with(" != \"wlan0\" accept")).then(|| rule.to_owned())
        };
        text.lines().filter_map(short).collect()
    }

    const FROM: &str = "ip saddr 10.0.0.7 tcp dport 22";
    const TO: &str = "ip daddr 10.0.0.7 tcp sport 22";
    const TOO: &str = "icmpv6 type { nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept";

    #[test]
    fn each_condition_has_its_rules() {
        let four = Session { from: "10.0.0.7".parse().unwrap(), port: 22 };
        let six = Session { from: "fd00::7".parse().unwrap(), port: 22 };
        let lossy = Impairment { loss: 0.05, ..Impairment::default() };
        let degraded = Condition::Degrade(Box::new(Degraded { up: Some(lossy), down: None }));
        let counts = |what: &str| format!("counter name \"{what}_3\"");
        let on = [format!("arriving {}", counts("down_passed")), format!("leaving {}", counts("up_passed"))];
        assert_eq!(rules(&Condition::On, &[], Intake::Untouched), on);
        let off = [
            format!("arriving {FROM} accept"),
            "arriving ip6 saddr fd00::7 tcp dport 22 accept".into(),
            format!("arriving {TOO}"),
            format!("arriving {} drop", counts("down_silenced")),
            format!("leaving {TO} meta priority set 5123:1 accept"),
            "leaving ip6 daddr fd00::7 tcp sport 22 meta priority set 5123:1 accept".into(),
            format!("leaving {TOO}"),
            format!("leaving {} drop", counts("up_silenced")),
        ];
        assert_eq!(rules(&Condition::Off, &[four, six], Intake::Direct), off);
        let down = counts("down_refused");
        let refuse = rules(&Condition::Refuse, &[four], Intake::Untouched);
        let is_there = |rule: String| assert!(refuse.contains(&rule), "{rule} is not among {refuse:#?}");
        is_there(format!("receiving {FROM} accept"));
        is_there(format!("receiving meta l4proto tcp {down} reject with tcp reset"));
        is_there(format!("forwarding iifname \"wlan0\" {down} reject with icmpx type port-unreachable"));
        is_there("sending tcp flags & rst == rst accept".into());
        is_there(format!("leaving {} drop", counts("up_refused")));
        let queued = [
            format!("arriving {FROM} accept"),
            format!("arriving {}", counts("down_passed")),
            format!("leaving {TO} meta priority set 5123:1 accept"),
            format!("leaving numgen random mod 100000000 < 5000000 {} drop", counts("up_lost")),
            format!("leaving {}", counts("up_passed")),
            format!("intake {FROM} accept"),
            "intake meta protocol { ip, ip6 } fwd to \"soak0\"".into(),
        ];
        assert_eq!(rules(&degraded, &[four], Intake::Queued), queued);
    }

    #[test]
    fn counters_go_when_nobody_reads_them_any_more() {
        let text = |generation| {
            Rules {
                names: &names(),
                sessions: &[],
                condition: &Condition::On,
                generation,
                intake: Intake::Untouched,
            }
            .text()
        };
        assert!(!text(1).contains("delete counter"));
        assert_eq!(text(2).matches("delete counter inet soak_test_0 down_passed_0").count(), 1);
    }
}
