//! Readings of the whole machine, from /proc and from the file systems.

use super::ticks::Ticks;
use crate::kinds::stretch::Stretch;
use nix::sys::statvfs::statvfs;
use procfs::{Current, LoadAverage, Meminfo};
use std::io;
use std::time::Instant;

/// A sector of /proc/diskstats, in bytes, whatever the disk's own are (kernel documentation, iostats).
const SECTOR: f64 = 512.0;

/// Takes readings of the machine. CPU is measured from one sample to the next, so each series wants its own.
#[derive(Debug, Default)]
pub struct MachineSampler {
    ticks: Stretch<Ticks>,
}

impl MachineSampler {
    /// The reading of a name, `path` being what `disk` asks about; `None` where there is nothing to say yet.
    ///
    /// # Errors
    /// When /proc or the path cannot be read.
    pub fn sample(&mut self, reading: &str, path: Option<&str>) -> io::Result<Option<f64>> {
        let value = match reading {
            "cpu" => return self.cpu(),
            "memory" => {
                let memory = Meminfo::current().map_err(io::Error::other)?;
                let available = memory.mem_available.unwrap_or(memory.mem_free);
                1.0 - available as f64 / memory.mem_total.max(1) as f64
            }
            "load" => f64::from(LoadAverage::current().map_err(io::Error::other)?.one),
            "disk" => {
                let status = statvfs(path.unwrap_or("/"))?;
                let used = status.blocks() - status.blocks_free();
                used as f64 / (used + status.blocks_available()).max(1) as f64
            }
            "read" => disks()?.0,
            "written" => disks()?.1,
            "sent" => network()?.0,
            "received" => network()?.1,
            _ => return Ok(None),
        };
        Ok(Some(value))
    }

    fn cpu(&mut self) -> io::Result<Option<f64>> {
        let now = Ticks::now()?;
        Ok(self.ticks.since(Instant::now(), now).and_then(|(_, before)| now.busy_since(before)))
    }
}

/// Bytes read from and written to whole disks; partitions and what is stacked on other disks would count twice.
fn disks() -> io::Result<(f64, f64)> {
    let mut totals = (0.0, 0.0);
    for disk in procfs::diskstats().map_err(io::Error::other)? {
        let device = format!("/sys/block/{}/device", disk.name.replace('/', "!"));
        if std::path::Path::new(&device).exists() {
            totals.0 += disk.sectors_read as f64 * SECTOR;
            totals.1 += disk.sectors_written as f64 * SECTOR;
        }
    }
    Ok(totals)
}

/// Bytes sent and received on all networks but loopback.
fn network() -> io::Result<(f64, f64)> {
    let devices = procfs::net::dev_status().map_err(io::Error::other)?;
    let outside = devices.values().filter(|device| device.name != "lo");
    Ok(outside.fold((0.0, 0.0), |(sent, received), device| {
        (sent + device.sent_bytes as f64, received + device.recv_bytes as f64)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reading_that_is_declared_has_a_value_in_its_range() {
        let mut sampler = MachineSampler::default();
        assert_eq!(sampler.sample("cpu", None).unwrap(), None);
        for reading in crate::kinds::machine::signature::KIND.readings {
            let mut value = None;
            // CPU is told of a stretch of some length only.
            for _ in 0..1_000 {
                value = sampler.sample(reading.name, Some("/")).unwrap();
                if value.is_some() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            let value = value.unwrap_or_else(|| panic!("{} has no value", reading.name));
            assert!(value >= 0.0, "{}: {value}", reading.name);
            if matches!(reading.name, "cpu" | "memory" | "disk") {
                assert!(value <= 1.0, "{}: {value}", reading.name);
            }
        }
    }
}
