//! Windows of a load as an HdrHistogram interval log (`.hlog`), which the tools of HdrHistogram read.
//!
//! The format is that of the reference implementation, version 1.3 (Gil Tene): a head of comments, a legend, and a line
//! a histogram with its tag, the start and the length of its window in seconds, its largest value in milliseconds, and
//! its counts, compressed with DEFLATE (encoding V2) and written as Base64. Values are nanoseconds.

use super::kept::Times;
use super::recorder::Ended;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hdrhistogram::serialization::{Serializer, V2DeflateSerializer};
use std::io::{self, Write};
use std::time::Duration;

/// Nanoseconds in the milliseconds in which the largest value is told.
const MILLISECOND: f64 = 1e6;

/// The lines in front of the first window of a run that began at a wall-clock time (since 1970).
pub fn head(began: Duration) -> String {
    let seconds = began.as_secs_f64();
    format!(
        "#[Histogram log format version 1.3]\n\
         #[StartTime: {seconds:.3} (seconds since epoch)]\n\
         #[BaseTime: {seconds:.3} (seconds since epoch)]\n\
         \"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n"
    )
}

/// Writes the lines of one window of the action or mix `name`: of its latency, its service time and its lateness.
pub fn write(log: &mut dyn Write, name: &str, ended: &Ended) -> io::Result<()> {
    let mut serializer = V2DeflateSerializer::new();
    let readings = [
        ("latency", &ended.times.latency),
        ("service_time", &ended.times.service_time),
        ("lateness", &ended.times.lateness),
    ];
    for (reading, times) in readings {
        let text = encoded(&mut serializer, times)?;
        let (start, length) = (ended.from.seconds(), ended.until.since(ended.from).as_secs_f64());
        let largest = times.max() as f64 / MILLISECOND;
        writeln!(log, "Tag={name}.{reading},{start:.3},{length:.3},{largest:.3},{text}")?;
    }
    Ok(())
}

fn encoded(serializer: &mut V2DeflateSerializer, times: &Times) -> io::Result<String> {
    let mut bytes = Vec::new();
    serializer.serialize(times, &mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(STANDARD.encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::scenario::LoadSubject;
    use crate::lang::expr::ActionId;
    use crate::lang::moment::Moment;
    use crate::load::kept::ThreeTimes;
    use hdrhistogram::serialization::Deserializer;
    use hdrhistogram::serialization::interval_log::{IntervalLogIterator, LogEntry};

    #[test]
    fn a_log_reads_back_as_what_was_recorded() {
        let mut times = Box::new(ThreeTimes::new());
        for value in 1..=1_000u64 {
            times.latency.record(value * 1_000_000).unwrap();
            times.service_time.record(value * 1_000).unwrap();
        }
        let moment = |seconds| Moment::START.after(Duration::from_secs(seconds));
        let subject = LoadSubject::Action(ActionId(0));
        let ended = Ended { subject, from: moment(10), until: moment(20), times };
        let mut log = head(Duration::from_millis(1_700_000_000_123)).into_bytes();
        write(&mut log, "claim", &ended).unwrap();
        let mut read = Vec::new();
        for entry in IntervalLogIterator::new(&log).map(Result::unwrap) {
            match entry {
                LogEntry::StartTime(time) => assert_eq!(time, Duration::from_millis(1_700_000_000_123)),
                // Starts of windows count from here.
                LogEntry::BaseTime(time) => assert_eq!(time, Duration::from_millis(1_700_000_000_123)),
                LogEntry::Interval(interval) => {
                    let window = (interval.start_timestamp(), interval.duration());
                    assert_eq!(window, (Duration::from_secs(10), Duration::from_secs(10)));
                    let bytes = STANDARD.decode(interval.encoded_histogram()).unwrap();
                    let histogram: Times = Deserializer::new().deserialize(&mut bytes.as_slice()).unwrap();
                    read.push((interval.tag().unwrap().as_str().to_string(), interval.max(), histogram));
                }
            }
        }
        let tags: Vec<&str> = read.iter().map(|(tag, ..)| tag.as_str()).collect();
        assert_eq!(tags, ["claim.latency", "claim.service_time", "claim.lateness"]);
        assert_eq!(read[0].2, ended.times.latency);
        assert!((read[0].1 - 1_000.0).abs() < 1.0, "{}", read[0].1);
        assert_eq!((read[0].2.len(), read[2].2.len()), (1_000, 0));
    }
}
