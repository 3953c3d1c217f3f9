//! What each function means for each shape, as a table of small cases.

use super::*;
use crate::lang::function::AGGREGATES;
use crate::lang::function::Aggregate;

fn at(seconds: f64) -> Moment {
    Moment((seconds * 1e9).round() as u64)
}

/// What happens to a series in a case of the table.
#[derive(Clone, Copy)]
enum Did {
    Record(f64, f64),
    Add(f64, f64),
    Set(f64, Option<bool>),
    Restart(f64),
}
use Did::{Add, Record, Restart, Set};

fn made(mut series: Series, story: &[Did]) -> Series {
    for did in story {
        match (*did, &mut series) {
            (Record(when, value), series) => series.record(at(when), value),
            (Add(when, amount), Series::Counter(counter)) => counter.add(at(when), amount),
            (Set(when, value), Series::State(state)) => state.set(at(when), value),
            (Restart(when), series) => series.mark_restart(at(when)),
            _ => panic!("the story does not fit the shape"),
        }
    }
    series
}

fn gauge() -> Series {
    Series::Gauge(Gauge::default())
}
fn sampled() -> Series {
    Series::Counter(Counter::sampled())
}
fn followed() -> Series {
    Series::Counter(Counter::followed(Moment::START))
}
fn values() -> Series {
    Series::Distribution(Distribution::default())
}
fn state() -> Series {
    Series::State(State::default())
}

#[test]
fn what_each_function_means() {
    use Aggregate::*;
    type Case<'a> = (&'a str, fn() -> Series, &'a [Did], (f64, f64), &'a [(Aggregate, Option<f64>)]);
    let queue = &[Record(0.0, 4.0), Record(1.0, 1.0), Record(2.0, 7.0), Record(3.0, 2.0)];
    let fell = &[Record(0.0, 10.0), Record(1.0, 14.0), Record(2.0, 3.0), Record(3.0, 3.0)];
    let flapped = &[Set(1.0, Some(true)), Set(4.0, Some(false)), Set(5.0, Some(true)), Set(9.0, None)];
    let table: &[Case] = &[
        (
            "a gauge",
            gauge,
            queue,
            (1.0, 4.0),
            &[
                (Latest, Some(2.0)),
                (First, Some(1.0)),
                (Last, Some(2.0)),
                (Min, Some(1.0)),
                (Max, Some(7.0)),
                (Mean, Some(10.0 / 3.0)),
                (Sum, Some(10.0)),
                (Count, Some(3.0)),
                (P50, Some(2.0)),
                (P99, Some(7.0)),
                (Delta, Some(1.0)),
                (Rate, Some(0.5)),
                (Growth, Some(0.5)),
                (Distinct, None),
            ],
        ),
        ("the sample at the end is the next block's", gauge, queue, (1.0, 3.0), &[(Last, Some(7.0))]),
        (
            "one sample has no rate",
            gauge,
            queue,
            (2.0, 3.0),
            &[(Rate, None), (Growth, None), (Delta, Some(0.0))],
        ),
        (
            "a counter that fell began again from 0",
            sampled,
            fell,
            (0.5, 3.5),
            &[
                (Latest, Some(7.0)),
                (Sum, Some(7.0)),
                (Count, Some(7.0)),
                (Delta, Some(7.0)),
                (Rate, Some(7.0 / 3.0)),
                (First, Some(0.0)),
                (Last, Some(7.0)),
                (Mean, None),
                (P95, None),
            ],
        ),
        ("the first reading is no growth", sampled, &fell[..1], (0.0, 9.0), &[(Latest, None), (Rate, None)]),
        ("no reading, no value", sampled, fell, (3.5, 9.0), &[(Latest, None), (Rate, None)]),
        (
            "a reading without growth is 0",
            sampled,
            fell,
            (2.5, 3.5),
            &[(Latest, Some(0.0)), (Rate, Some(0.0))],
        ),
        (
            "followed and nothing came is 0",
            followed,
            &[],
            (2.0, 9.0),
            &[(Latest, Some(0.0)), (Rate, Some(0.0))],
        ),
        ("an empty stretch is no window", followed, &[], (2.0, 2.0), &[(Latest, None), (Rate, None)]),
        (
            "a follower adds",
            followed,
            &[Add(1.0, 2.0), Add(3.0, 1.0)],
            (0.0, 6.0),
            &[(Latest, Some(3.0)), (Rate, Some(0.5))],
        ),
        (
            "a restarted counter counts from 0 even where it does not fall",
            sampled,
            &[Record(0.0, 5.0), Restart(0.5), Record(1.0, 6.0)],
            (0.0, 2.0),
            &[(Latest, Some(6.0))],
        ),
        (
            "a restart told late counts nothing twice",
            sampled,
            &[Record(0.0, 50.0), Record(1.0, 6.0), Restart(0.5), Record(2.0, 7.0)],
            (0.0, 3.0),
            &[(Latest, Some(7.0))],
        ),
        (
            "a distribution",
            values,
            &[Record(0.0, 1.0), Record(1.0, 2.0), Record(2.0, 3.0), Record(3.0, 1000.0)],
            (0.0, 4.0),
            &[
                (P50, Some(2.0)),
                (P90, Some(1000.0)),
                (Min, Some(1.0)),
                (Max, Some(1000.0)),
                (Mean, Some(251.5)),
                (Sum, Some(1006.0)),
                (Count, Some(4.0)),
                (Rate, Some(1.0)),
                (First, Some(1.0)),
                (Last, Some(1000.0)),
                (Delta, Some(999.0)),
                (Latest, None),
            ],
        ),
        (
            "nothing in the window",
            values,
            &[Record(0.0, 1.0)],
            (1.0, 4.0),
            &[(P50, None), (Count, None), (Rate, None), (Mean, None), (Sum, None)],
        ),
        (
            "a state is weighed by time",
            state,
            flapped,
            (2.0, 6.0),
            &[
                (Mean, Some(0.75)),
                (Latest, Some(1.0)),
                (First, Some(1.0)),
                (Min, Some(0.0)),
                (Max, Some(1.0)),
                (Count, None),
                (Sum, None),
                (Rate, None),
                (P50, None),
            ],
        ),
        (
            "the time it was not known does not count",
            state,
            flapped,
            (0.0, 20.0),
            &[(Mean, Some(7.0 / 8.0)), (Latest, None)],
        ),
        ("a state holds", state, flapped, (7.0, 8.0), &[(Mean, Some(1.0)), (Min, Some(1.0))]),
        ("never known", state, flapped, (10.0, 20.0), &[(Mean, None), (Min, None), (Latest, None)]),
        (
            "no slope across a restart",
            gauge,
            &[Record(0.0, 0.0), Record(1.0, 2.0), Restart(1.5), Record(2.0, 100.0), Record(3.0, 102.0)],
            (0.0, 4.0),
            &[(Growth, Some(2.0))],
        ),
        (
            "the slope of a distribution is its median's",
            values,
            &[Record(0.0, 10.0), Record(1.0, 20.0), Record(2.0, 30.0), Record(3.0, 40.0)],
            (0.0, 4.0),
            &[(Growth, Some(10.0))],
        ),
        ("what is not a number is no sample", gauge, &[Record(0.0, f64::NAN)], (0.0, 1.0), &[(Latest, None)]),
    ];
    for (name, make, story, (start, end), wanted) in table {
        let series = made(make(), story);
        for (function, value) in *wanted {
            let seen = series.value(*function, Window::between(at(*start), at(*end)));
            let close = match (seen, value) {
                (Some(seen), Some(value)) => (seen - value).abs() < 1e-9,
                (seen, value) => seen == *value,
            };
            assert!(close, "{name}: {function:?} is {seen:?} instead of {value:?}");
        }
    }
}

#[test]
fn nothing_measured_never_becomes_a_number() {
    for series in [gauge(), sampled(), values(), state()] {
        for signature in AGGREGATES {
            let window = Window::between(at(0.0), at(100.0));
            assert_eq!(series.value(signature.aggregate, window), None, "{} of {series:?}", signature.name);
        }
    }
}
