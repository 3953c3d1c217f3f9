//! A ledger at length: so many items sent and received, ten lost, ten doubled, ten altered, with dense numbers and with
//! UUIDs as keys. What it says must be exact, and name each of the thirty.
//!
//! `cargo bench --bench ledger -- 100000000` (without a number, two million); each case is a process of its own.

#[cfg(target_os = "linux")]
fn main() {
    measure::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {}

#[cfg(target_os = "linux")]
mod measure {
    use soak::lang::moment::Moment;
    use soak::measure::ledger::Ledger;
    use soak::measure::window::Window;
    use std::collections::BTreeSet;
    use std::process::Command;
    use std::time::Instant;

    const ITEMS: u64 = 2_000_000;
    /// Items between the sending of one and its arrival.
    const UNDER_WAY: u64 = 10_000;
    /// Sent in a second of the ledger's time.
    const A_SECOND: u64 = 50_000;
    /// Of each kind of mishap.
    const MISHAPS: u64 = 10;

    pub fn main() {
        let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
        if let [case, count] = words.as_slice() {
            return run(case, count.parse().expect("how many items"));
        }
        let count = words.first().map_or(ITEMS, |count| count.parse().expect("how many items"));
        println!("{count} items sent and received, 10 lost, 10 doubled, 10 altered\n");
        println!("| keys    | items/s | most memory | exact, all 30 named |");
        println!("|---------|---------|-------------|---------------------|");
        for case in ["numbers", "uuids"] {
            let status = Command::new(std::env::current_exe().expect("this program"))
                .args([case, &count.to_string()])
                .status()
                .expect("the case runs");
            assert!(status.success(), "{case}");
        }
    }

    /// The key of an item. A UUID of version 4 is a random number; this one can be made again.
    fn key(case: &str, item: u64, text: &mut String) {
        use std::fmt::Write;
        text.clear();
        let written = match case {
            "numbers" => write!(text, "{item}"),
            _ => {
                let high = (item + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
                let low = (high ^ high >> 29).wrapping_mul(0xBF58_476D_1CE4_E5B9);
                let id = uuid::Builder::from_random_bytes(
                    (u128::from(high) << 64 | u128::from(low)).to_ne_bytes(),
                );
                write!(text, "{}", id.into_uuid().hyphenated())
            }
        };
        written.expect("a text takes everything");
    }

    fn run(case: &str, count: u64) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut ledger = Ledger::new(folder.path());
        let mishap = |item: u64, kind: u64| item % (count / MISHAPS) == 1 + kind;
        let at = |item: u64| Moment(item * 1_000_000_000 / A_SECOND);
        let (mut text, mut lost, mut doubled, mut altered) = (String::new(), vec![], vec![], vec![]);
        let begun = Instant::now();
        for item in 0..count + UNDER_WAY {
            if item < count {
                key(case, item, &mut text);
                ledger.sent(&text, Some("100.25"), at(item));
            }
            let Some(arrived) = item.checked_sub(UNDER_WAY) else { continue };
            key(case, arrived, &mut text);
            if mishap(arrived, 0) {
                lost.push(text.clone());
                continue;
            }
            let value = if mishap(arrived, 2) { "100.26" } else { "100.25" };
            ledger.received(&text, Some(value), at(item));
            if mishap(arrived, 1) {
                doubled.push(text.clone());
                ledger.received(&text, Some(value), at(item));
            }
            if mishap(arrived, 2) {
                altered.push(text.clone());
            }
        }
        let took = begun.elapsed().as_secs_f64();
        let counts = ledger.counts(Window { start: Moment::START, end: Moment::NEVER });
        let counts = counts.unwrap_or_else(|| panic!("{}", ledger.trouble().expect("a reason")));
        let keys = ledger.first_keys().expect("keys");
        let same = |named: &[String], true_ones: &[String]| {
            BTreeSet::from_iter(named) == BTreeSet::from_iter(true_ones) && true_ones.len() as u64 == MISHAPS
        };
        let exact = counts.sent == count
            && counts.received == count - MISHAPS
            && counts.lost == Some(MISHAPS)
            && (counts.duplicated, counts.altered, counts.unexpected) == (MISHAPS, MISHAPS, 0)
            && same(&keys.lost, &lost)
            && same(&keys.duplicated, &doubled)
            && same(&keys.altered, &altered);
        println!(
            "| {case:<7} | {:>7.0} | {:>7} MiB | {:<19} |",
            count as f64 / took,
            most_memory() / 1024,
            if exact { "yes" } else { "NO" },
        );
        assert!(exact, "{counts:?} {keys:?}");
    }

    /// The most that this process had in memory, in KiB.
    fn most_memory() -> u64 {
        let status = std::fs::read_to_string("/proc/self/status").expect("the status of this process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its most memory");
        line.trim().trim_end_matches(" kB").parse().expect("a number")
    }
}
