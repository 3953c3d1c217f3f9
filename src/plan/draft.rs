//! The steps while they are found: a list in which each knows what it stands in, of bounded length.

use super::{MAX_STEPS, Step};

/// Where a step stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In nothing.
    Top,
    /// In that step.
    In(usize),
    /// It is not kept, nor is anything in it.
    Nowhere,
}

#[derive(Debug, Default)]
pub(super) struct Draft {
    steps: Vec<(Place, Step)>,
    left_out: u64,
}

impl Draft {
    /// Adds a step, and gives the place for what stands in it.
    pub fn add(&mut self, place: Place, step: impl FnOnce() -> Step) -> Place {
        if place == Place::Nowhere {
            return place;
        }
        if self.steps.len() >= MAX_STEPS {
            self.left_out += 1;
            return Place::Nowhere;
        }
        self.steps.push((place, step()));
        Place::In(self.steps.len() - 1)
    }

    /// The step that was added there, if it was kept.
    pub fn step(&mut self, place: Place) -> Option<&mut Step> {
        match place {
            Place::In(index) => self.steps.get_mut(index).map(|(_, step)| step),
            Place::Top | Place::Nowhere => None,
        }
    }

    /// The steps as a tree, and how many were not kept.
    pub fn tree(self) -> (Vec<Step>, u64) {
        let mut steps = self.steps;
        let mut top = Vec::new();
        // What stands in a step was added after it, so that from behind every step is whole when it is reached.
        while let Some((place, mut step)) = steps.pop() {
            step.steps.reverse();
            match place {
                Place::In(index) => steps[index].1.steps.push(step),
                Place::Top | Place::Nowhere => top.push(step),
            }
        }
        top.reverse();
        (top, self.left_out)
    }
}
