//! One state machine a qualifier: fed with (moment, what the condition came to), it rules once.

use crate::lang::eval::NoValue;
use crate::lang::moment::Moment;
use std::time::Duration;

/// How an expectation is judged, with every value known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Qualifier {
    Now,
    /// Until it holds, at most so long.
    Within(Duration),
    Always(Tolerance),
    Sometimes,
    AtEnd,
    /// At every sample for so long.
    For(Duration),
    /// A stretch in which it holds begins and ends within the second time.
    ForWithin {
        stretch: Duration,
        within: Duration,
    },
}

/// What `always` puts up with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Tolerance {
    Nothing,
    /// A breach shorter than this.
    Time(Duration),
    /// So large a share of the samples.
    Share(f64),
}

/// What came out.
#[derive(Clone, Debug, PartialEq)]
pub enum Ruling {
    /// It held; with the time that took, where it was waited for.
    Held { took: Option<Duration> },
    /// It did not; with what went wrong beyond the value itself.
    Missed { why: Option<String> },
    /// There was nothing to judge.
    Inconclusive { why: String },
}

/// An expectation being judged.
#[derive(Clone, Debug)]
pub struct Judge {
    qualifier: Qualifier,
    began: Moment,
    samples: u64,
    misses: u64,
    /// Since when the condition has been what it is now: a breach of `always`, a stretch of `for … within`.
    since: Option<Moment>,
    /// The newest sample.
    last: Option<(Moment, bool)>,
    /// Why there was no value, the last time there was none.
    lacking: Option<NoValue>,
}

impl Judge {
    /// An expectation whose statement began at `began`.
    pub fn new(qualifier: Qualifier, began: Moment) -> Judge {
        Judge { qualifier, began, samples: 0, misses: 0, since: None, last: None, lacking: None }
    }

    /// How it is judged.
    pub fn qualifier(&self) -> Qualifier {
        self.qualifier
    }

    /// When it began.
    pub fn began(&self) -> Moment {
        self.began
    }

    /// Whether samples between its beginning and its end are of interest.
    pub fn watches(&self) -> bool {
        !matches!(self.qualifier, Qualifier::Now | Qualifier::AtEnd)
    }

    /// When it wants to hear from the clock, whether there are samples or not.
    pub fn alarm(&self) -> Option<Moment> {
        match self.qualifier {
            Qualifier::Within(limit) | Qualifier::For(limit) => Some(self.began.after(limit)),
            Qualifier::Always(Tolerance::Time(limit)) => self.since.map(|since| since.after(limit)),
            Qualifier::ForWithin { stretch, within } => {
                let by = self.began.after(within);
                Some(self.since.map_or(by, |since| since.after(stretch).min(by)))
            }
            _ => None,
        }
    }

    /// Takes in what the condition came to at `at`.
    pub fn feed(&mut self, at: Moment, held: &Result<bool, NoValue>) -> Option<Ruling> {
        let holds = match held {
            Ok(holds) => *holds,
            Err(lacking) => {
                self.lacking = Some(lacking.clone());
                return match self.qualifier {
                    Qualifier::Now | Qualifier::AtEnd => Some(self.inconclusive()),
                    _ => None,
                };
            }
        };
        // A sample that came for two reasons at one instant counts once.
        if self.last.replace((at, holds)) != Some((at, holds)) {
            self.samples += 1;
            self.misses += u64::from(!holds);
        }
        match self.qualifier {
            Qualifier::Now | Qualifier::AtEnd => Some(ruling(holds)),
            Qualifier::Within(limit) => (holds && at <= self.began.after(limit))
                .then(|| Ruling::Held { took: Some(at.since(self.began)) }),
            Qualifier::Sometimes => holds.then_some(Ruling::Held { took: None }),
            Qualifier::For(limit) => {
                (!holds && at <= self.began.after(limit)).then(|| self.broke_after(at.since(self.began)))
            }
            Qualifier::Always(tolerance) => self.feed_always(at, holds, tolerance),
            Qualifier::ForWithin { .. } => {
                let ruling = self.clock(at);
                if holds {
                    self.since.get_or_insert(at);
                } else {
                    self.since = None;
                }
                ruling
            }
        }
    }

    fn feed_always(&mut self, at: Moment, holds: bool, tolerance: Tolerance) -> Option<Ruling> {
        match tolerance {
            Tolerance::Nothing => (!holds).then_some(Ruling::Missed { why: None }),
            Tolerance::Share(_) => None,
            Tolerance::Time(limit) => {
                let lasted = self.since.map(|since| at.since(since));
                if holds {
                    self.since = None;
                } else {
                    self.since.get_or_insert(at);
                }
                lasted.filter(|lasted| *lasted > limit || (!holds && *lasted == limit)).map(breached)
            }
        }
    }

    /// The clock has come to `now`, and every sample up to then has been fed.
    pub fn clock(&mut self, now: Moment) -> Option<Ruling> {
        match self.qualifier {
            Qualifier::Within(limit) if now >= self.began.after(limit) => Some(self.never_held()),
            Qualifier::For(limit) if now >= self.began.after(limit) => Some(self.held_if_sampled()),
            Qualifier::Always(Tolerance::Time(limit)) => {
                let lasted = now.since(self.since?);
                (lasted >= limit).then(|| breached(lasted))
            }
            Qualifier::ForWithin { stretch, within } => {
                let by = self.began.after(within);
                let complete = self.since.map(|since| since.after(stretch));
                match complete {
                    Some(complete) if complete <= now && complete <= by => {
                        Some(Ruling::Held { took: Some(complete.since(self.began)) })
                    }
                    _ => (now >= by).then(|| self.never_held()),
                }
            }
            _ => None,
        }
    }

    /// Its block has ended, and it has not ruled yet. `AtEnd` and `Now` are fed instead.
    pub fn end(&mut self, at: Moment) -> Ruling {
        if let Some(ruling) = self.clock(at) {
            return ruling;
        }
        match self.qualifier {
            Qualifier::Always(Tolerance::Share(limit)) if self.samples > 0 => {
                let share = self.misses as f64 / self.samples as f64;
                if share > limit {
                    Ruling::Missed {
                        why: Some(format!("{} of {} samples missed", self.misses, self.samples)),
                    }
                } else {
                    Ruling::Held { took: None }
                }
            }
            Qualifier::Always(_) => self.held_if_sampled(),
            Qualifier::Sometimes | Qualifier::Within(_) | Qualifier::ForWithin { .. } => self.never_held(),
            Qualifier::For(limit) => Ruling::Inconclusive {
                why: format!(
                    "its block ended after {}, before the {} it was to be watched",
                    crate::lang::unit::format_duration(at.since(self.began)),
                    crate::lang::unit::format_duration(limit)
                ),
            },
            Qualifier::Now | Qualifier::AtEnd => self.inconclusive(),
        }
    }

    fn never_held(&self) -> Ruling {
        if self.samples > 0 { Ruling::Missed { why: None } } else { self.inconclusive() }
    }

    fn held_if_sampled(&self) -> Ruling {
        if self.samples > 0 { Ruling::Held { took: None } } else { self.inconclusive() }
    }

    fn inconclusive(&self) -> Ruling {
        Ruling::Inconclusive {
            why: self.lacking.as_ref().map_or_else(|| "it was never sampled".to_owned(), NoValue::to_string),
        }
    }

    fn broke_after(&self, lasted: Duration) -> Ruling {
        let why = (!lasted.is_zero())
            .then(|| format!("it held for {}", crate::lang::unit::format_duration(lasted)));
        Ruling::Missed { why }
    }
}

fn ruling(holds: bool) -> Ruling {
    if holds { Ruling::Held { took: None } } else { Ruling::Missed { why: None } }
}

fn breached(lasted: Duration) -> Ruling {
    let lasted = crate::lang::unit::format_duration(lasted);
    Ruling::Missed { why: Some(format!("the breach lasted {lasted}")) }
}
