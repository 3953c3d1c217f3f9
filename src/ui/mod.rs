//! What a run shows in the terminal: lines as things happen, a status line where there is a terminal to draw it on,
//! the line of the scenario for whatever was missed, and the scorecard at the end. All of it only reads events.

pub mod missed;
mod paint;
mod progress;
mod rehearsal;
mod scorecard;
mod status;
mod told;

pub use crate::diag::human::Style;
pub use progress::{Draw, Progress, View};
pub use rehearsal::Rehearsal;
pub use scorecard::scorecard;
