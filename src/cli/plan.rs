//! `soak plan`: what a run would do, before it does it.

use super::check::{self, Params};
use super::{Exit, output};
use crate::plan;
use clap::{Args, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Args)]
pub struct PlanArguments {
    /// The scenario; `-` is standard input.
    pub file: PathBuf,
    #[command(flatten)]
    pub params: Params,
    /// How to show it.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
}

/// The columns of a plan: where it is no terminal that shows it, and the fewest and the most.
const PIPED: usize = 100;
const NARROWEST: usize = 40;
const WIDEST: usize = 300;

/// The forms of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people, in the width of the terminal.
    Text,
    /// For programs.
    Json,
    /// A drawing, for a page or a review.
    Svg,
}

/// Shows the plan.
pub fn plan(arguments: &PlanArguments) -> Exit {
    let (sources, scenario) = match check::scenario(&arguments.file, &arguments.params, "there is no plan") {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    let plan = plan::plan(&scenario, &sources);
    let text = match arguments.format {
        Format::Text => {
            let style = output::data_style();
            let (color, unicode) = (style.color, style.unicode);
            let width = output::data_columns().unwrap_or(PIPED).clamp(NARROWEST, WIDEST);
            plan::text(&plan, plan::Style { width, color, unicode })
        }
        Format::Svg => plan::svg(&plan),
        Format::Json => format!("{:#}\n", plan::json(&plan)),
    };
    output::data(text.as_bytes(), Exit::Good)
}
