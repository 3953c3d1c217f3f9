//! Judgements, gathered into one row an expectation.

use super::took::Times;
use super::{
    Expectation, Ground, MAX_ROWS, MAX_TOLD, MAX_TOLD_OF_ONE, Missed, Recovery, Worst, verdict, words,
};
use crate::event::{Figure, Judged, Planned, Verdict};

/// All rows.
#[derive(Clone, Debug, Default)]
pub struct Expectations {
    rows: Vec<Row>,
    missed: Vec<Missed>,
    pub missed_in_all: u64,
    /// Judgements that found no row.
    pub homeless: u64,
    /// What those come to.
    homeless_verdict: Option<Verdict>,
}

#[derive(Clone, Debug)]
struct Row {
    planned: Planned,
    judged: u64,
    met: u64,
    missed: u64,
    inconclusive: u64,
    took: Times,
    worst: Option<(Badness, Judged)>,
    /// The last judgement that came to no verdict.
    open: Option<Judged>,
}

/// How bad a judgement was: missed or met, and by how much. The further a met value is from what it was held
/// against, the better; the further a missed one, the worse. So no direction has to be known.
type Badness = (bool, f64);

fn badness(judged: &Judged) -> Badness {
    let missed = verdict::missed(judged.verdict);
    let number = |figure: &Option<Figure>| figure.as_ref().and_then(|figure| figure.number);
    let distance = match (number(&judged.actual), number(&judged.target)) {
        (Some(actual), Some(target)) => (actual - target).abs(),
        _ => 0.0,
    };
    match judged.took {
        Some(took) if !missed => (false, took),
        _ => (missed, if missed { distance } else { -distance }),
    }
}

impl Expectations {
    /// What the file says must hold.
    pub fn plan(&mut self, planned: &[Planned]) {
        self.rows.extend(planned.iter().take(MAX_ROWS).cloned().map(Row::new));
    }

    /// Takes a judgement in.
    pub fn judge(&mut self, judged: &Judged) {
        self.missed_in_all += u64::from(verdict::missed(judged.verdict));
        let Some(index) = self.row_of(judged) else {
            self.homeless += 1;
            let weight = verdict::weight(&judged.demand, judged.verdict);
            self.homeless_verdict = self.homeless_verdict.max(Some(weight));
            return;
        };
        let row = &mut self.rows[index];
        // The plan may know the condition only; a judgement knows how it was judged too.
        if judged.text.starts_with(&row.planned.text) {
            row.planned.text.clone_from(&judged.text);
        }
        row.judge(judged);
        let one_of_the_first = row.missed <= MAX_TOLD_OF_ONE as u64 && self.missed.len() < MAX_TOLD;
        if verdict::missed(judged.verdict) && one_of_the_first {
            self.missed.push(told(judged));
        }
    }

    /// The rows that an expectation's `show` asked for.
    pub fn show(&mut self, line: u32, rows: &[String]) {
        if let Some(missed) = self.missed.iter_mut().rev().find(|missed| missed.line == line)
            && missed.shown.is_empty()
        {
            missed.shown = rows.to_vec();
        }
    }

    /// The row of a judgement. A name that is put together at run time takes the place of the planned one, and
    /// further names of that line get rows of their own.
    fn row_of(&mut self, judged: &Judged) -> Option<usize> {
        let same = |row: &Row| row.planned.line == judged.line && row.planned.demand == judged.demand;
        let exact = |row: &Row| same(row) && row.planned.name == judged.name;
        if let Some(index) = self.rows.iter().position(|row| exact(row) && row.planned.text == judged.text) {
            return Some(index);
        }
        if let Some(index) = self.rows.iter().position(exact) {
            return Some(index);
        }
        let planned = Planned {
            name: judged.name.clone(),
            line: judged.line,
            demand: judged.demand.clone(),
            text: judged.text.clone(),
        };
        if let Some(index) = self.rows.iter().position(|row| same(row) && row.judged == 0) {
            self.rows[index].planned = planned;
            return Some(index);
        }
        if self.rows.len() >= MAX_ROWS {
            return None;
        }
        let behind = self.rows.iter().rposition(same).map_or(self.rows.len(), |index| index + 1);
        self.rows.insert(behind, Row::new(planned));
        Some(behind)
    }

    /// What all of them come to.
    pub fn verdict(&self) -> Verdict {
        let rows = self.rows.iter().map(|row| verdict::weight(&row.planned.demand, row.verdict()));
        rows.chain(self.homeless_verdict).max().unwrap_or(Verdict::Pass)
    }

    /// The rows as the report tells them.
    pub fn told(&self) -> Vec<Expectation> {
        self.rows.iter().map(Row::told).collect()
    }

    /// The missed judgements that are told one by one.
    pub fn missed(&self) -> &[Missed] {
        &self.missed
    }

    /// How long each thing that was waited for took.
    pub fn recoveries(&self) -> Vec<Recovery> {
        let recovery = |row: &Row| {
            row.took.told().map(|took| Recovery {
                name: row.planned.name.clone(),
                line: row.planned.line,
                count: took.count,
                min: took.min,
                median: took.median,
                max: took.max,
            })
        };
        self.rows.iter().filter_map(recovery).collect()
    }
}

impl Row {
    fn new(planned: Planned) -> Row {
        Row {
            planned,
            judged: 0,
            met: 0,
            missed: 0,
            inconclusive: 0,
            took: Times::default(),
            worst: None,
            open: None,
        }
    }

    fn judge(&mut self, judged: &Judged) {
        self.judged += 1;
        match judged.verdict {
            Verdict::Pass => {
                self.met += 1;
                if let Some(took) = judged.took {
                    self.took.add(took);
                }
            }
            Verdict::Inconclusive => {
                self.inconclusive += 1;
                self.open = Some(judged.clone());
                return;
            }
            Verdict::Warn | Verdict::Fail => self.missed += 1,
        }
        let new = badness(judged);
        let worse = |(old, _): &(Badness, Judged)| new.0.cmp(&old.0).then(new.1.total_cmp(&old.1)).is_gt();
        if self.worst.as_ref().is_none_or(worse) {
            self.worst = Some((new, judged.clone()));
        }
    }

    fn verdict(&self) -> Verdict {
        verdict::of_row(&self.planned.demand, self.judged, self.missed, self.inconclusive)
    }

    fn told(&self) -> Expectation {
        let worst = self.worst.as_ref().map(|(_, judged)| judged);
        let verdict = self.verdict();
        // What is open decides where nothing was missed.
        let ground = if verdict == Verdict::Inconclusive { self.open.as_ref() } else { worst };
        let never = || Ground {
            decided: None,
            reason: Some("it was never reached".into()),
            place: Vec::new(),
            faults: Vec::new(),
        };
        Expectation {
            name: self.planned.name.clone(),
            line: self.planned.line,
            severity: self.planned.demand.clone(),
            verdict,
            text: self.planned.text.clone(),
            target: worst.or(self.open.as_ref()).and_then(|judged| judged.target.clone()),
            actual: worst.and_then(|judged| judged.actual.clone()),
            judged: self.judged,
            met: self.met,
            missed: self.missed,
            inconclusive: self.inconclusive,
            worst: worst.map(worst_of),
            took: self.took.told(),
            evidence: Some(ground.map_or_else(never, ground_of)),
        }
    }
}

fn worst_of(judged: &Judged) -> Worst {
    let value = match judged.took {
        Some(took) if !verdict::missed(judged.verdict) => {
            Some(Figure { text: words::duration(took), number: Some(took), unit: "s".into() })
        }
        _ => judged.actual.clone(),
    };
    Worst { value, at: judged.decided, place: judged.place.clone() }
}

fn ground_of(judged: &Judged) -> Ground {
    Ground {
        decided: Some(judged.decided),
        reason: judged.reason.clone(),
        place: judged.place.clone(),
        faults: judged.faults.clone(),
    }
}

fn told(judged: &Judged) -> Missed {
    Missed {
        name: judged.name.clone(),
        line: judged.line,
        severity: judged.demand.clone(),
        text: judged.text.clone(),
        at: judged.decided,
        target: judged.target.clone(),
        actual: judged.actual.clone(),
        reason: judged.reason.clone(),
        place: judged.place.clone(),
        faults: judged.faults.clone(),
        shown: Vec::new(),
    }
}
