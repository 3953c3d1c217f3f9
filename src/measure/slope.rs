//! A robust slope: Theil–Sen, the median of the slopes between all pairs of points.
//!
//! Sources: H. Theil (1950), P. K. Sen (1968). Points that stand for many samples weigh as many pairs
//! as those samples would have formed, so that a thinned series gives what the whole one would have.

/// The most points that enter the pairs (their number grows with its square).
const MOST_POINTS: usize = 300;

/// A point of a series, or a stretch of it pressed into one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// Seconds since the run began.
    pub seconds: f64,
    /// In the series' own unit.
    pub value: f64,
    /// How many samples it stands for.
    pub weight: f64,
}

/// The slope per second over `points`, which must be in order of time and come in lives: no pair is
/// formed across two of them. None unless some life has two points at different times.
pub fn theil_sen(lives: &[Vec<Point>]) -> Option<f64> {
    let total: f64 = lives.iter().flatten().map(|point| point.weight).sum();
    let most = lives.iter().map(Vec::len).sum::<usize>() > MOST_POINTS;
    let mut slopes: Vec<(f64, f64)> = Vec::new();
    for life in lives {
        let thinned;
        let points: &[Point] = if most {
            thinned = thin(life, total / MOST_POINTS as f64);
            &thinned
        } else {
            life
        };
        for (index, from) in points.iter().enumerate() {
            for to in &points[index + 1..] {
                let time = to.seconds - from.seconds;
                if time > 0.0 {
                    slopes.push(((to.value - from.value) / time, from.weight * to.weight));
                }
            }
        }
    }
    weighted_median(&mut slopes)
}

/// Presses neighbours together until each stands for about `weight` samples: the mean of their times, the
/// median of their values.
pub fn thin(points: &[Point], weight: f64) -> Vec<Point> {
    let mut thinned = Vec::new();
    let mut group: Vec<Point> = Vec::new();
    let mut held = 0.0;
    for point in points {
        if !group.is_empty() && held + point.weight / 2.0 > weight {
            thinned.push(press(&mut group));
            held = 0.0;
        }
        held += point.weight;
        group.push(*point);
    }
    if !group.is_empty() {
        thinned.push(press(&mut group));
    }
    thinned
}

/// One point for a group, which is left empty.
fn press(group: &mut Vec<Point>) -> Point {
    let weight: f64 = group.iter().map(|point| point.weight).sum();
    let seconds = group.iter().map(|point| point.seconds * point.weight).sum::<f64>() / weight;
    let mut values: Vec<(f64, f64)> = group.drain(..).map(|point| (point.value, point.weight)).collect();
    Point { seconds, value: weighted_median(&mut values).unwrap_or_default(), weight }
}

/// The value with half the weight on either side; between two, their mean.
fn weighted_median(values: &mut [(f64, f64)]) -> Option<f64> {
    values.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut passed = 0.0;
    for (index, (value, weight)) in values.iter().enumerate() {
        passed += weight;
        if passed > half {
            return Some(*value);
        }
        if passed == half {
            let next = values.get(index + 1).map_or(*value, |(next, _)| *next);
            return Some((value + next) / 2.0);
        }
    }
    values.last().map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[(f64, f64)]) -> Vec<Point> {
        values.iter().map(|&(seconds, value)| Point { seconds, value, weight: 1.0 }).collect()
    }

    #[test]
    fn known_slopes() {
        type Case = (&'static str, Vec<Vec<Point>>, Option<f64>);
        let table: &[Case] = &[
            ("nothing", vec![], None),
            ("one point", vec![points(&[(0.0, 1.0)])], None),
            ("one moment", vec![points(&[(1.0, 1.0), (1.0, 5.0)])], None),
            ("a line", vec![points(&[(0.0, 1.0), (1.0, 3.0), (4.0, 9.0)])], Some(2.0)),
            (
                "a spike",
                vec![points(&[(0.0, 0.0), (1.0, 1.0), (2.0, 900.0), (3.0, 3.0), (4.0, 4.0)])],
                Some(1.0),
            ),
            (
                "two lives, each growing by one",
                vec![points(&[(0.0, 10.0), (1.0, 11.0), (2.0, 12.0)]), points(&[(3.0, 0.0), (4.0, 1.0)])],
                Some(1.0),
            ),
            ("one point a life", vec![points(&[(0.0, 1.0)]), points(&[(1.0, 2.0)])], None),
        ];
        for (name, lives, slope) in table {
            assert_eq!(theil_sen(lives), *slope, "{name}");
        }
    }

    #[test]
    fn thinning_keeps_the_slope_and_drops_the_spikes() {
        let many: Vec<Point> = (0..10_000)
            .map(|i| {
                let seconds = f64::from(i);
                let spike = if i % 97 == 0 { 1e6 } else { 0.0 };
                Point { seconds, value: 0.25 * seconds + spike, weight: 1.0 }
            })
            .collect();
        let slope = theil_sen(&[many]).expect("there are many points");
        assert!((slope - 0.25).abs() < 1e-3, "{slope}");
    }
}
