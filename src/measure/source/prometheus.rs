//! `prometheus`: the sum of the samples that a selector finds in an exposition (Prometheus text format 0.0.4, and
//! OpenMetrics where it is the same).
//!
//! A series whose `TYPE` is a counter, or which belongs to a histogram or a summary, only grows: where it falls, its
//! process has begun anew, and what it had counted before is added. So `delta` and `growth` go on across a restart.

use std::collections::HashMap;
use std::time::Duration;

use super::document::MOST_BYTES;
use super::http::{self, Url};
use super::selector::{Selector, quoted};
use super::{NoValue, Sample};

/// Series that are told apart.
const MOST_SERIES: usize = 100_000;

/// A selector over what a URL exposes.
#[derive(Debug)]
pub struct PrometheusSource {
    url: Url,
    timeout: Duration,
    selector: Selector,
    /// Of each series that only grows: its last value, and what it had counted before it began anew.
    totals: HashMap<String, (f64, f64)>,
}

impl PrometheusSource {
    /// A source that has not looked yet.
    pub fn new(url: Url, timeout: Duration, selector: Selector) -> PrometheusSource {
        PrometheusSource { url, timeout, selector, totals: HashMap::new() }
    }

    /// Looks once.
    pub async fn sample(&mut self) -> Sample {
        let answer = match http::get(&self.url, self.timeout, MOST_BYTES as usize).await {
            Ok(answer) => answer,
            Err(reason) => return Sample::None(reason),
        };
        let name = self.url.to_string();
        if !(200..300).contains(&answer.status) {
            return Sample::None(NoValue::BadStatus(name, answer.status));
        }
        self.sum(&String::from_utf8_lossy(&answer.body), name).into()
    }

    fn sum(&mut self, exposition: &str, name: String) -> Result<Sample, NoValue> {
        let mut types: HashMap<&str, &str> = HashMap::new();
        let (mut sum, mut found) = (0.0, 0usize);
        for (number, line) in (1..).zip(exposition.lines()) {
            let line = line.trim();
            if let Some(comment) = line.strip_prefix('#') {
                if let ["TYPE", series, kind] = comment.split_whitespace().collect::<Vec<_>>()[..] {
                    types.insert(series, kind);
                }
                continue;
            }
            if line.is_empty() {
                continue;
            }
            let Some(sample) = parse(line) else {
                return Err(NoValue::NoExposition(name, number));
            };
            if !self.selector.matches(sample.name, &sample.labels) || sample.value.is_nan() {
                continue;
            }
            found += 1;
            sum += match only_grows(&types, sample.name) {
                true => self.total(sample.series, sample.value),
                false => sample.value,
            };
        }
        match found {
            0 => Err(NoValue::NoMatch(name)),
            _ if !sum.is_finite() => Err(NoValue::NotSingle(name, "an infinite number")),
            _ => Ok(Sample::Number(sum)),
        }
    }

    fn total(&mut self, series: &str, value: f64) -> f64 {
        if self.totals.len() >= MOST_SERIES && !self.totals.contains_key(series) {
            return value;
        }
        let (last, before) = self.totals.entry(series.to_owned()).or_insert((value, 0.0));
        if value < *last {
            *before += *last;
        }
        *last = value;
        *before + value
    }
}

/// Whether what a series is of is declared as something that counts.
fn only_grows(types: &HashMap<&str, &str>, name: &str) -> bool {
    let kind = |name: &str| types.get(name).copied();
    let of = |ending: &str| name.strip_suffix(ending).and_then(kind);
    // OpenMetrics declares a counter without the ending that its samples have.
    let counter = kind(name) == Some("counter") || of("_total") == Some("counter");
    let part = ["_bucket", "_count", "_sum"]
        .iter()
        .any(|ending| matches!(of(ending), Some("histogram" | "summary")));
    counter || part
}

/// One line of an exposition.
struct Line<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
    /// Name and labels as they stand.
    series: &'a str,
}

fn parse(line: &str) -> Option<Line<'_>> {
    let end = line.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(line.len());
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside.trim_start();
        while !rest.starts_with('}') {
            let (label, behind) = rest.split_once('=')?;
            let (value, behind) = quoted(behind.trim_start().strip_prefix('"')?, '"')?;
            labels.push((label.trim(), value));
            rest = behind.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        rest = &rest[1..];
    }
    let series = line[..line.len() - rest.len()].trim_end();
    let value = match rest.split_whitespace().next()? {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        number => number.parse().ok()?,
    };
    (!name.is_empty()).then_some(Line { name, labels, value, series })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXPOSITION: &str = r#"
# HELP http_requests_total The total number of HTTP requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400"}    3 1395066363000
http_requests_total{method="get",code="200",} 10
# TYPE temperature gauge
temperature -3.5
msdos_file_access_time_seconds{path="C:\\DIR\\FILE.TXT",error="Cannot find file:\n\"FILE.TXT\""} 1.458255915e9
metric_without_timestamp_and_labels 12.47
something_weird{problem="division by zero"} +Inf -3982045
not_a_number NaN
# TYPE http_request_duration_seconds histogram
http_request_duration_seconds_bucket{le="0.05"} 24054
http_request_duration_seconds_bucket{le="+Inf"} 144320
http_request_duration_seconds_sum 53423
http_request_duration_seconds_count 144320 # {trace_id="a"} 0.5
# TYPE rpc_duration_seconds summary
rpc_duration_seconds{quantile="0.99"} 76656
"#;

    fn source(selector: &str) -> PrometheusSource {
        let url = "http://localhost/metrics".parse().unwrap();
        PrometheusSource::new(url, Duration::from_secs(1), selector.parse().unwrap())
    }

    fn sum(source: &mut PrometheusSource, exposition: &str) -> Result<f64, String> {
        match source.sum(exposition, "there".to_owned()) {
            Ok(Sample::Number(number)) => Ok(number),
            Ok(other) => panic!("{other:?}"),
            Err(reason) => Err(reason.to_string()),
        }
    }

    #[test]
    fn selectors_find_their_samples() {
        // selector, sum
        let table: &[(&str, Result<f64, &str>)] = &[
            ("http_requests_total", Ok(1040.0)),
            ("http_requests_total{code=\"200\"}", Ok(1037.0)),
            ("http_requests_total{ code = '200' , method != \"get\" }", Ok(1027.0)),
            ("http_requests_total{code=~\"4..\"}", Ok(3.0)),
            ("http_requests_total{code!~\"4..|2\"}", Ok(1037.0)),
            ("http_requests_total{region=\"\"}", Ok(1040.0)),
            ("http_requests_total{region!=\"\"}", Err("nothing in there matches")),
            ("{__name__=~\"http_requests.*\",code=\"400\"}", Ok(3.0)),
            ("temperature", Ok(-3.5)),
            ("msdos_file_access_time_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\"}", Ok(1.458255915e9)),
            ("http_request_duration_seconds_bucket{le=\"0.05\"}", Ok(24054.0)),
            ("http_request_duration_seconds_count", Ok(144320.0)),
            ("rpc_duration_seconds{quantile=\"0.99\"}", Ok(76656.0)),
            ("something_weird", Err("what matches in there is an infinite number, which is no single value")),
            ("not_a_number", Err("nothing in there matches")),
            ("absent", Err("nothing in there matches")),
        ];
        for (selector, wanted) in table {
            let seen = sum(&mut source(selector), EXPOSITION);
            assert_eq!(seen, wanted.map_err(str::to_owned), "{selector}");
        }
    }

    #[test]
    fn a_counter_goes_on_across_a_restart_and_a_gauge_does_not() {
        let exposition = |kind: &str, values: [u32; 2]| {
            format!("# TYPE x {kind}\nx{{a=\"1\"}} {}\nx{{a=\"2\"}} {}\n", values[0], values[1])
        };
        // Of a counter, the second series begins anew and then the first.
        for (kind, wanted) in [("counter", [30.0, 45.0, 51.0]), ("gauge", [30.0, 25.0, 16.0])] {
            let mut source = source("x");
            let seen =
                [[10, 20], [15, 10], [1, 15]].map(|values| sum(&mut source, &exposition(kind, values)));
            assert_eq!(seen, wanted.map(Ok), "{kind}");
        }
    }

    #[test]
    fn what_is_no_exposition_is_told_with_its_line() {
        for text in ["<html>", "a{b=\"c\" 1", "a one", "a{b=c} 1", "ok 1\n{\"json\": true}"] {
            let said = sum(&mut source("a"), text).unwrap_err();
            assert!(said.contains("no Prometheus exposition: line"), "{text}: {said}");
        }
    }
}
