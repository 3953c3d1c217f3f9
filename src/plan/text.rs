//! A plan for people: the timeline, what is sent, what is touched, in the width of a terminal.

mod layout;
mod timeline;

use super::{Count, Plan, TouchKind};
use crate::lang::unit::format_duration;
use layout::Page;

/// How a plan is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Columns; what is narrower than 40 is taken for 40.
    pub width: usize,
    /// With the colours of a terminal.
    pub color: bool,
    /// With signs beyond ASCII.
    pub unicode: bool,
}

/// A plan for people.
pub fn text(plan: &Plan, style: Style) -> String {
    let mut page = Page::new(style);
    head(plan, &mut page);
    timeline::timeline(plan, &mut page);
    sent(plan, &mut page);
    touched(plan, &mut page);
    page.finish()
}

fn head(plan: &Plan, page: &mut Page) {
    page.title(&plan.title);
    page.paragraph(0, 2, &plan.file);
    page.paragraph(0, 2, &takes(plan));
    for (name, value, given) in &plan.params {
        let given = if *given { " (given)" } else { "" };
        page.paragraph(0, 2, &format!("param {name} = {value}{given}"));
    }
}

/// How long it takes, as a sentence.
pub(super) fn takes(plan: &Plan) -> String {
    match (plan.duration, plan.duration_max) {
        (None, _) => {
            let most = super::MAX_FOLLOWED;
            format!("Takes an unknown time: over {most} statements to follow, or over 584 years.")
        }
        (Some(least), Some(most)) if least == most => format!("Takes {}.", format_duration(least)),
        (Some(least), Some(most)) => {
            format!(
                "Takes {} on the shortest course, {} on the longest.",
                format_duration(least),
                format_duration(most)
            )
        }
        (Some(least), None) => {
            format!("Takes {} on the shortest course; nothing limits the longest.", format_duration(least))
        }
    }
}

/// A count in words.
pub(super) fn count(count: Count) -> String {
    let about = if count.expected { "about " } else { "" };
    match (count.least, count.most) {
        (least, Some(most)) if least == most => format!("{about}{}", grouped(most)),
        (least, Some(most)) => format!("{about}{} to {}", grouped(least), grouped(most)),
        (0, None) => "not known before the run".into(),
        (least, None) => format!("at least {about}{}", grouped(least)),
    }
}

/// A whole number with `_` between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

fn sent(plan: &Plan, page: &mut Page) {
    if plan.sent.loads.is_empty() {
        return;
    }
    page.heading("What is sent (iterations)");
    let mut rows = vec![("in all".to_string(), count(plan.sent.total))];
    rows.extend(plan.sent.loads.iter().map(|(name, number)| (name.clone(), count(*number))));
    page.pairs(&rows);
    let apart = |(name, number): &&(String, Count)| !plan.sent.loads.contains(&(name.clone(), *number));
    if plan.sent.actions.iter().any(|action| apart(&action)) {
        page.heading("By action (mixes by their shares)");
        let rows: Vec<_> =
            plan.sent.actions.iter().map(|(name, number)| (name.clone(), count(*number))).collect();
        page.pairs(&rows);
    }
}

fn touched(plan: &Plan, page: &mut Page) {
    let headings = [
        (TouchKind::Process, "Processes"),
        (TouchKind::Command, "Commands"),
        (TouchKind::Host, "Makes hosts"),
        (TouchKind::Listen, "Listens on"),
        (TouchKind::Connect, "Connects to"),
        (TouchKind::Write, "Writes"),
        (TouchKind::Read, "Reads"),
        (TouchKind::Secret, "Needs secrets"),
        (TouchKind::Permit, "Permits"),
        (TouchKind::Privilege, "Needs privileges"),
    ];
    for (kind, heading) in headings {
        let rows: Vec<(String, String)> = plan
            .touches
            .things
            .iter()
            .filter(|touch| touch.kind == kind)
            .map(|touch| match kind {
                TouchKind::Process | TouchKind::Command | TouchKind::Host => {
                    (touch.by.clone(), touch.what.clone())
                }
                TouchKind::Secret | TouchKind::Permit => (String::new(), touch.what.clone()),
                TouchKind::Privilege => (String::new(), format!("{} ({})", touch.what, touch.by)),
                _ => (touch.what.clone(), touch.by.clone()),
            })
            .collect();
        if !rows.is_empty() {
            page.heading(heading);
            page.pairs(&rows);
        }
    }
    let faults: Vec<(String, String)> = plan
        .touches
        .faults
        .iter()
        .filter(|fault| fault.harm)
        .map(|fault| (fault.text.clone(), format!("{} (line {})", fault.undo, fault.line)))
        .collect();
    if !faults.is_empty() {
        page.heading("Faults, and how each ends");
        page.pairs(&faults);
    }
}
