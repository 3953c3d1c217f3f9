//! What has happened before a statement is reached: phases that ran to their end, loads that began.
//!
//! The walk numbers the statements as it reaches them. What is said of a phase or a load is judged once all is known,
//! because a pass of a loop, a branch beside it or the background may have done later in the file what counts now: a
//! place is asked for what was done before the end of everything around it that repeats or runs beside it.

use super::super::mistake;
use super::super::names::only;
use super::super::scenario::{LoadSubject, Scenario};
use crate::diag::Diagnostic;
use crate::source::Span;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Among so many loads the one that was meant is looked for.
const MOST_SUBJECTS: usize = 100;

/// The number of a statement as the walk reaches it.
pub(super) type Place = u32;

/// What a place needs to have happened before it.
#[derive(Debug)]
enum Needs {
    /// That a phase has run to its end, which it has not from within: with the phases around it.
    Phase { name: String, inside: bool, late: bool },
    /// That a load has begun.
    Began(LoadSubject),
    /// That a load has begun and time has passed since.
    Ran(LoadSubject),
    /// That a load runs, or has run, in the block whose time is read: here it has not.
    Here(LoadSubject),
    /// That a load begins in the block that begins there, before its end.
    Within(LoadSubject, Place),
}

/// A need, with the end of what around it repeats or runs beside.
#[derive(Debug)]
struct Use {
    needs: Needs,
    span: Span,
    before: Place,
    /// The range around it, whose end is known when it has been walked.
    around: Option<usize>,
}

#[derive(Debug, Default)]
pub(super) struct History {
    now: Place,
    /// Phases by their first end.
    ended: BTreeMap<String, (Place, Span)>,
    /// Loads by their first beginning, and by the first time that passed since.
    began: HashMap<LoadSubject, (Place, Span)>,
    ran: HashMap<LoadSubject, Place>,
    /// Loads by their last beginning in the order of the file, and those that may have begun at any time.
    last: HashMap<LoadSubject, (Place, Span)>,
    loose: HashSet<LoadSubject>,
    /// Where loads begin, in the order of the walk.
    places: HashMap<LoadSubject, Vec<Place>>,
    /// Loads in the background, with the block that ends them.
    background: Vec<(LoadSubject, usize)>,
    /// Loads in the background that have begun and had no time yet.
    fresh: Vec<LoadSubject>,
    /// The names of the phases around.
    open: Vec<String>,
    uses: Vec<Use>,
    /// The ends of ranges in which things come in no order, and those of them that are being walked.
    ranges: Vec<Place>,
    unordered: Vec<usize>,
    /// The blocks that are being walked, with where they begin.
    blocks: Vec<usize>,
    begins: Vec<Place>,
}

impl History {
    /// The next statement is reached.
    pub fn step(&mut self) {
        self.now += 1;
    }

    /// Walks a block at whose end something may be judged.
    pub fn enter_block(&mut self) {
        self.blocks.push(self.ranges.len());
        self.begins.push(self.now);
        self.ranges.push(Place::MAX);
    }

    pub fn leave_block(&mut self) {
        if let Some(range) = self.blocks.pop() {
            self.ranges[range] = self.now;
        }
        self.begins.pop();
    }

    /// Walks what repeats, or whose parts run beside each other.
    pub fn enter_unordered(&mut self) {
        self.unordered.push(self.ranges.len());
        self.ranges.push(Place::MAX);
    }

    pub fn leave_unordered(&mut self) {
        if let Some(range) = self.unordered.pop() {
            self.ranges[range] = self.now;
        }
    }

    /// Whether a load began elsewhere first than at one of these places.
    pub fn began_before(&self, subject: LoadSubject, places: &HashMap<LoadSubject, Span>) -> bool {
        let first = self.began.get(&subject).map(|(_, span)| *span);
        first != places.get(&subject).copied()
    }

    /// Whether what is walked is done once, and nothing around it runs beside it.
    pub fn is_in_order(&self) -> bool {
        self.unordered.is_empty()
    }

    /// Walks what goes on in the background until the block around it ends.
    pub fn enter_background(&mut self) {
        self.unordered.extend(self.blocks.last());
    }

    pub fn leave_background(&mut self) {
        if !self.blocks.is_empty() {
            self.unordered.pop();
        }
    }

    pub fn enter_phase(&mut self, name: Option<&str>) {
        self.open.push(name.unwrap_or_default().to_string());
    }

    pub fn leave_phase(&mut self, span: Span) {
        self.now += 1;
        let name = self.open.pop().unwrap_or_default();
        self.ended.entry(name).or_insert((self.now, span));
    }

    /// A load begins; `lasts` where the statement takes the time that the load does.
    pub fn load(&mut self, scenario: &Scenario, subject: LoadSubject, lasts: bool, span: Span) {
        for subject in scenario.subjects_of(subject) {
            self.began.entry(subject).or_insert((self.now, span));
            self.last.insert(subject, (self.now, span));
            self.places.entry(subject).or_default().push(self.now);
            if !self.unordered.is_empty() {
                self.loose.insert(subject);
            }
            if lasts {
                self.ran.entry(subject).or_insert(self.now);
            } else {
                self.fresh.push(subject);
                self.background.extend(self.blocks.last().map(|block| (subject, *block)));
            }
        }
    }

    /// Time passes: what goes on in the background has had some.
    pub fn time_passes(&mut self) {
        for subject in self.fresh.drain(..) {
            self.ran.entry(subject).or_insert(self.now);
        }
    }

    /// A place is reached that reads of a phase; `late` where it is judged at the end of its block.
    pub fn reads_phase(&mut self, name: String, span: Span, late: bool) {
        let inside = self.open.contains(&name);
        self.uses(Needs::Phase { name, inside, late }, span, late);
    }

    /// A place is reached that reads of a load, which has no value before something of it has ended; `here` where only
    /// what the innermost block has seen is read.
    pub fn reads_load(&mut self, subject: LoadSubject, span: Span, waits: bool, here: bool) {
        let begins = self.begins.last().copied().unwrap_or(0);
        let seen = self.last.get(&subject).is_some_and(|(place, _)| *place >= begins)
            || self.background.iter().any(|(other, block)| *other == subject && self.blocks.contains(block));
        let elsewhere = self.last.contains_key(&subject) && !self.loose.contains(&subject);
        if here && !seen && elsewhere && self.unordered.is_empty() {
            return self.uses(Needs::Here(subject), span, false);
        }
        let needs = if waits { Needs::Began(subject) } else { Needs::Ran(subject) };
        self.uses(needs, span, false);
    }

    /// A place is reached that reads, at the end of the innermost block, what that block has seen of a load.
    pub fn reads_load_late(&mut self, subject: LoadSubject, span: Span) {
        let around =
            self.background.iter().any(|(other, block)| *other == subject && self.blocks.contains(block));
        if !around && self.unordered.is_empty() {
            let begins = self.begins.last().copied().unwrap_or(0);
            self.uses(Needs::Within(subject, begins), span, true);
        }
    }

    fn uses(&mut self, needs: Needs, span: Span, late: bool) {
        // The outermost of those around ends last.
        let outer = self.unordered.iter().min().copied();
        let block = if late { self.blocks.last().copied() } else { None };
        let around = match (outer, block) {
            (Some(outer), Some(block)) => Some(outer.min(block)),
            (one, other) => one.or(other),
        };
        self.uses.push(Use { needs, span, before: self.now, around });
    }

    /// What is said of things that had not happened on any way that leads there, each once. `all` where every phase's
    /// name is known.
    pub fn findings(&self, scenario: &Scenario, all: bool, unread: &dyn Fn(&str) -> bool) -> Vec<Diagnostic> {
        let mut good: HashMap<Span, bool> = HashMap::new();
        for read in &self.uses {
            *good.entry(read.span).or_default() |= self.holds(read);
        }
        let mut found: Vec<Diagnostic> = Vec::new();
        for read in &self.uses {
            let subject = match &read.needs {
                Needs::Phase { .. } => None,
                Needs::Began(subject)
                | Needs::Ran(subject)
                | Needs::Here(subject)
                | Needs::Within(subject, _) => Some(subject),
            };
            // A load that could not be read may be the one that is missed.
            if subject.is_some_and(|subject| unread(scenario.subject_name(*subject))) {
                continue;
            }
            if good.insert(read.span, true) == Some(false) {
                found.extend(self.finding(scenario, read, all));
            }
        }
        found
    }

    /// The last place that may come before a read.
    fn end(&self, read: &Use) -> Place {
        read.around.map_or(read.before, |range| self.ranges[range].max(read.before))
    }

    fn holds(&self, read: &Use) -> bool {
        let end = self.end(read);
        let before = |place: Option<Place>| place.is_some_and(|place| place <= end);
        match &read.needs {
            Needs::Phase { name, .. } => before(self.ended.get(name).map(|(place, _)| *place)),
            Needs::Began(subject) => before(self.began.get(subject).map(|(place, _)| *place)),
            Needs::Ran(subject) => before(self.ran.get(subject).copied()),
            // What was known to be so when the place was reached; a load further down may still be loose.
            Needs::Here(subject) => self.loose.contains(subject),
            Needs::Within(subject, begins) => {
                let places = self.places.get(subject);
                places.is_some_and(|places| any_within(places, *begins, end)) || self.loose.contains(subject)
            }
        }
    }

    /// The one load that begins between two places, where there is one.
    fn only_within(&self, begins: Place, end: Place) -> Option<LoadSubject> {
        if self.places.len() > MOST_SUBJECTS {
            return None;
        }
        let here = self.places.iter().filter(|(_, places)| any_within(places, begins, end));
        only(here.map(|(subject, _)| *subject))
    }

    fn finding(&self, scenario: &Scenario, read: &Use, all: bool) -> Option<Diagnostic> {
        match &read.needs {
            Needs::Phase { name, inside, late } => match self.ended.get(name) {
                Some((_, place)) if *inside => Some(mistake::time::phase_around(read.span, name, *place)),
                Some((_, place)) => {
                    let earlier = self
                        .ended
                        .iter()
                        .filter(|(other, (end, _))| !other.is_empty() && *end <= read.before);
                    let last = earlier.max_by_key(|(_, (end, _))| *end).map(|(other, _)| other.as_str());
                    Some(mistake::time::phase_later(read.span, name, *place, *late, last))
                }
                None => all.then(|| super::unknown_phase(read.span, name, self.ended.keys())),
            },
            Needs::Here(subject) => {
                let (_, load) = self.began.get(subject)?;
                Some(mistake::time::load_before(read.span, scenario.subject_name(*subject), *load))
            }
            Needs::Within(subject, begins) => {
                let (_, load) = self.began.get(subject)?;
                let end = self.end(read);
                let here = self.only_within(*begins, end).map(|other| scenario.subject_name(other));
                let name = scenario.subject_name(*subject);
                Some(mistake::time::load_elsewhere(read.span, name, *load, here))
            }
            // What nothing loads at all is told elsewhere.
            Needs::Began(subject) | Needs::Ran(subject) => {
                let (place, load) = self.began.get(subject)?;
                let name = scenario.subject_name(*subject);
                Some(mistake::time::load_later(read.span, name, *load, *place <= read.before))
            }
        }
    }
}

/// Whether any of these places, which stand in order, comes behind `begins` and not behind `end`.
fn any_within(places: &[Place], begins: Place, end: Place) -> bool {
    let first = places.partition_point(|place| *place <= begins);
    places.get(first).is_some_and(|place| *place <= end)
}
