//! Findings as a JUnit report: a test case for each scenario, those without a mistake too.

use super::format::{Examined, Format, Setting};
use super::{Diagnostic, concise};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

/// This form.
pub const FORMAT: Format =
    Format { name: "junit", about: "One JUnit report for all files, what passed in it too", render };

fn render(examined: &[Examined], setting: &Setting) -> String {
    let mut report = Report::new("soak check");
    let mut suite = TestSuite::new("soak check");
    suite.add_test_cases(examined.iter().map(|one| case(one, setting)));
    report.add_test_suite(suite);
    // Written into memory, and all of it is text.
    report.to_string().unwrap_or_default()
}

fn case(examined: &Examined, setting: &Setting) -> TestCase {
    let failed = |finding: &&Diagnostic| finding.is_error() || setting.strict;
    let failures: Vec<&Diagnostic> = examined.found.iter().filter(failed).collect();
    let status = match (&examined.unreadable, failures.as_slice()) {
        (Some(why), _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_type("unreadable").set_message(why.as_str());
            status
        }
        (None, []) => TestCaseStatus::success(),
        (None, [first, rest @ ..]) => {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(first.code).set_message(format!("{}{more}", first.message));
            status.set_description(told(examined, &failures));
            status
        }
    };
    let mut case = TestCase::new(&examined.name, status);
    case.set_classname("soak.check");
    let warnings: Vec<&Diagnostic> = examined.found.iter().filter(|finding| !failed(finding)).collect();
    if !warnings.is_empty() {
        case.set_system_out(told(examined, &warnings));
    }
    case
}

fn told(examined: &Examined, found: &[&Diagnostic]) -> String {
    let one = |finding: &&Diagnostic| {
        let help = finding.help.as_ref().map(|help| format!("  help: {help}\n"));
        concise::line(&examined.sources, finding) + &help.unwrap_or_default()
    };
    found.iter().map(one).collect()
}
