//! The reports in the run's folder, and the scorecard on standard output.

use crate::cli::{Exit, output};
use crate::report::{self, Summary};
use crate::store::record::{REPORT_JSON, REPORT_MARKDOWN};
use crate::ui;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// Writes the reports and shows the scorecard. A run that passed but whose report is lost did not succeed.
pub fn write(folder: &Path, summary: &Summary, exit: Exit) -> Exit {
    let files = [(REPORT_JSON, report::json(summary)), (REPORT_MARKDOWN, report::markdown(summary))];
    let mut exit = exit;
    for (name, bytes) in files {
        let path = folder.join(name);
        if let Err(error) = put(&path, &bytes) {
            output::say(&format!("cannot write `{}`: {error}", path.display()));
            exit = if exit == Exit::Good { Exit::Impossible } else { exit };
        }
    }
    let card = ui::scorecard(&summary.report(), output::data_style());
    let exit = output::data(card.as_bytes(), exit);
    output::say(&format!("the report is in `{}`", folder.display()));
    exit
}

/// Writes a file whole or not at all.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)
}
