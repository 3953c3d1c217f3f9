//! Long series against keeping everything, and how much memory they take.

use crate::lang::function::Aggregate;
use std::time::Duration;

use hdrhistogram::Histogram;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn near(seen: Option<f64>, wanted: Option<f64>, relative: f64, what: &str) {
    match (seen, wanted) {
        (Some(seen), Some(wanted)) => {
            let allowed = relative * wanted.abs() + 1e-6;
            assert!((seen - wanted).abs() <= allowed, "{what}: {seen} instead of {wanted}");
        }
        (seen, wanted) => assert_eq!(seen, wanted, "{what}"),
    }
}

/// The values of a window, all kept: the plain way to say what the answers should be.
fn plain(samples: &[(Moment, f64)], window: Window, function: Aggregate) -> Option<f64> {
    let inside: Vec<f64> =
        samples.iter().filter(|(at, _)| window.contains(*at)).map(|(_, value)| *value).collect();
    let mut sorted = inside.clone();
    sorted.sort_by(f64::total_cmp);
    if let Some(share) = function.quantile() {
        let rank = (share * sorted.len() as f64 - 1e-9).ceil().max(1.0) as usize;
        return sorted.get(rank - 1).copied();
    }
    match function {
        Aggregate::First => inside.first().copied(),
        Aggregate::Last => inside.last().copied(),
        Aggregate::Min => sorted.first().copied(),
        Aggregate::Max => sorted.last().copied(),
        Aggregate::Count => (!inside.is_empty()).then_some(inside.len() as f64),
        Aggregate::Sum => (!inside.is_empty()).then(|| inside.iter().sum()),
        Aggregate::Mean => (!inside.is_empty()).then(|| inside.iter().sum::<f64>() / inside.len() as f64),
        _ => None,
    }
}

const PLAIN: [Aggregate; 7] = [
    Aggregate::First,
    Aggregate::Last,
    Aggregate::Min,
    Aggregate::Max,
    Aggregate::Count,
    Aggregate::Sum,
    Aggregate::Mean,
];
const QUANTILES: [Aggregate; 4] = [Aggregate::P50, Aggregate::P90, Aggregate::P99, Aggregate::P999];

#[test]
fn windows_between_pins_are_exact_however_old() {
    for seed in 0..3 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let (mut gauge, mut counter, mut values) =
            (Gauge::default(), Counter::followed(Moment::START), Distribution::default());
        let (mut samples, mut grown, mut pins) = (Vec::new(), Vec::new(), vec![Moment::START]);
        let mut now = Moment::START;
        for marks in [&mut gauge.marks, &mut counter.marks, &mut values.marks] {
            marks.pin(now).unwrap();
        }
        for _ in 0..12_000 {
            now = now.after(Duration::from_nanos(random.random_range(1..3 * SECOND)));
            if random.random_bool(0.004) {
                pins.push(now);
                for marks in [&mut gauge.marks, &mut counter.marks, &mut values.marks] {
                    marks.pin(now).unwrap();
                }
            }
            // A little late now and then, but not across an edge: that is another block's.
            let late =
                Moment(now.0.saturating_sub(random.random_range(0..SECOND))).max(*pins.last().unwrap());
            let when = if random.random_bool(0.05) { late } else { now };
            let value: f64 = random.random_range(1.0..50.0);
            gauge.record(now, value);
            samples.push((now, value));
            values.record(when, value);
            counter.add(when, 3.0);
            grown.push((when, value));
        }
        pins.push(now.after(Duration::from_nanos(1)));
        for _ in 0..20 {
            let (a, b) = (random.random_range(0..pins.len()), random.random_range(0..pins.len()));
            let window = Window::between(pins[a.min(b)], pins[a.max(b)]);
            for function in PLAIN {
                let wanted = plain(&samples, window, function);
                near(gauge.value(function, window), wanted, 1e-9, &format!("gauge {function:?} {window:?}"));
            }
            for function in QUANTILES {
                let wanted = plain(&samples, window, function);
                near(gauge.value(function, window), wanted, 0.03, &format!("gauge {function:?}"));
                let wanted = plain(&grown, window, function);
                near(values.value(function, window), wanted, 0.001, &format!("distribution {function:?}"));
            }
            for function in [Aggregate::Count, Aggregate::Min, Aggregate::Max, Aggregate::Mean] {
                let wanted = plain(&grown, window, function);
                near(values.value(function, window), wanted, 1e-9, &format!("distribution {function:?}"));
            }
            let wanted = plain(&grown, window, Aggregate::Count).map(|count| 3.0 * count);
            let seen = counter.value(Aggregate::Latest, window);
            near(seen, wanted.or(seen.map(|_| 0.0)), 1e-9, "counter");
        }
    }
}

#[test]
fn a_window_without_pins_is_off_by_a_small_share_of_its_age() {
    let mut gauge = Gauge::default();
    let mut counter = Counter::followed(Moment::START);
    for second in 0..200_000u64 {
        gauge.record(Moment(second * SECOND), second as f64);
        counter.add(Moment(second * SECOND), 1.0);
    }
    let end = Moment(200_000 * SECOND);
    for length in [60u64, 600, 3000, 10_000, 50_000, 150_000] {
        let window = Window::between(Moment(end.0 - length * SECOND), end);
        let off = if length <= 3000 { 1e-9 } else { 0.0126 };
        let counted = length as f64;
        near(gauge.value(Aggregate::Count, window), Some(counted), off, "gauge");
        near(counter.value(Aggregate::Latest, window), Some(counted), off, "counter");
        near(counter.value(Aggregate::Rate, window), Some(1.0), off, "rate");
    }
}

#[test]
fn a_state_keeps_its_share_of_time_however_long() {
    for seed in 0..4 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut state = State::default();
        let mut told: Vec<(Moment, Option<bool>)> = Vec::new();
        let mut pins = vec![Moment::START];
        let mut now = Moment::START;
        state.marks.pin(now).unwrap();
        for _ in 0..20_000 {
            now = now.after(Duration::from_nanos(random.random_range(0..2 * SECOND)));
            if random.random_bool(0.002) {
                state.marks.pin(now).unwrap();
                pins.push(now);
            }
            now = now.after(Duration::from_nanos(random.random_range(0..2 * SECOND)));
            let value = [Some(true), Some(true), Some(false), None][random.random_range(0..4)];
            state.set(now, value);
            told.push((now, value));
        }
        for _ in 0..40 {
            let (a, b) = (random.random_range(0..pins.len()), random.random_range(0..pins.len()));
            let window = Window::between(pins[a.min(b)], pins[a.max(b)]);
            let (mut truth, mut known) = (0.0, 0.0);
            for pair in told.windows(2) {
                let (from, upto) = (pair[0].0.max(window.start), pair[1].0.min(window.end));
                let length = upto.0.saturating_sub(from.0) as f64;
                if let Some(value) = pair[0].1 {
                    known += length;
                    truth += if value { length } else { 0.0 };
                }
            }
            near(state.value(Aggregate::Mean, window), (known > 0.0).then(|| truth / known), 1e-9, "mean");
        }
    }
}

#[test]
fn growth_of_a_slow_leak_shows_after_days_of_noise_and_restarts() {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut gauge = Series::Gauge(Gauge::default());
    let mut base = 50e6;
    for second in 0..259_200u64 {
        if second % 40_000 == 39_999 {
            gauge.mark_restart(Moment(second * SECOND));
            base = 50e6 - second as f64 * 100.0;
        }
        let spike = if random.random_bool(0.01) { 3e8 } else { 0.0 };
        let noise = random.random_range(-2e6..2e6);
        gauge.record(Moment(second * SECOND), base + second as f64 * 100.0 + noise + spike);
    }
    let window = Window::between(Moment::START, Moment(259_200 * SECOND));
    near(gauge.value(Aggregate::Growth, window), Some(100.0), 0.05, "growth");
}

#[test]
fn a_histogram_a_second_keeps_three_digits() {
    let mut random = ChaCha8Rng::seed_from_u64(8);
    let mut distribution = Distribution::default();
    let mut all: Vec<f64> = Vec::new();
    for second in 0..1000u64 {
        let mut histogram = Histogram::<u64>::new(3).unwrap();
        for _ in 0..40 {
            let nanos = (1e6 * 10f64.powf(random.random_range(0.0..2.5))) as u64;
            histogram.record(nanos).unwrap();
            all.push(nanos as f64 / 1e9);
        }
        distribution.merge(Moment(second * SECOND), &histogram, 1e-9);
    }
    let window = Window::between(Moment::START, Moment(1000 * SECOND));
    let all: Vec<(Moment, f64)> = all.into_iter().map(|value| (Moment::START, value)).collect();
    for function in QUANTILES {
        near(distribution.value(function, window), plain(&all, window, function), 0.001, "quantile");
    }
    assert_eq!(distribution.value(Aggregate::Count, window), Some(40_000.0));
    assert_eq!(distribution.value(Aggregate::Last, window), None, "a histogram does not know its order");
}

#[test]
fn seven_days_stay_small() {
    let mut random = ChaCha8Rng::seed_from_u64(9);
    let (mut gauge, mut counter, mut state, mut values) =
        (Gauge::default(), Counter::sampled(), State::default(), Distribution::default());
    let mut tick = Histogram::<u64>::new(3).unwrap();
    for _ in 0..200 {
        tick.record((1e6 * 10f64.powf(random.random_range(0.0..2.0))) as u64).unwrap();
    }
    let mut most = [0; 4];
    for second in 0..7 * 86_400u64 {
        let now = Moment(second * SECOND);
        gauge.record(now, random.random_range(0.01..1.0));
        counter.record(now, second as f64 * 3.0);
        state.set(now, Some(second % 3 == 0));
        if second % 60 == 0 {
            values.merge(now, &tick, 1e-9);
        }
        if second % 997 == 0 {
            let bytes = [gauge.bytes(), counter.bytes(), state.bytes(), values.bytes()];
            for (most, bytes) in most.iter_mut().zip(bytes) {
                *most = bytes.max(*most);
            }
        }
    }
    println!("most bytes: gauge, counter, state, distribution: {most:?}");
    assert!(most[..3].iter().all(|bytes| *bytes < 200_000), "{most:?}");
    assert!(most[3] < 1_300_000, "{most:?}");
}

#[test]
fn a_dense_load_stays_within_its_budget_and_keeps_its_digits() {
    let mut random = ChaCha8Rng::seed_from_u64(10);
    let mut distribution = Distribution::default();
    let mut ticks = Vec::new();
    for _ in 0..8 {
        let mut tick = Histogram::<u64>::new(3).unwrap();
        for _ in 0..4000 {
            tick.record((1e6 * 10f64.powf(random.random_range(0.0..2.0))) as u64).unwrap();
        }
        ticks.push(tick);
    }
    let mut most = 0;
    for second in 0..1600u64 {
        distribution.merge(Moment(second * SECOND), &ticks[second as usize % 8], 1e-9);
        most = distribution.bytes().max(most);
    }
    println!("most bytes: {most}");
    assert!(most < 2_000_000, "{most}");
    let mut whole = Histogram::<u64>::new(3).unwrap();
    ticks.iter().for_each(|tick| whole.add(tick).unwrap());
    let window = Window::between(Moment::START, Moment::NEVER);
    let wanted = whole.value_at_quantile(0.99) as f64 / 1e9;
    near(distribution.value(Aggregate::P99, window), Some(wanted), 0.0015, "p99");
    assert_eq!(distribution.value(Aggregate::Count, window), Some(6_400_000.0));
}
