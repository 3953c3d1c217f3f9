//! Findings as one SARIF log, for code scanning and whatever else collects them.
//!
//! The format: Static Analysis Results Interchange Format, version 2.1.0, an OASIS standard.

use super::format::{Examined, Format, Setting, file_on_disk, once, sentence};
use super::{Diagnostic, Fix, codes, concise};
use crate::source::{SourceFile, Sources, Span};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// This form.
pub const FORMAT: Format = Format { name: "sarif", about: "One SARIF 2.1.0 log for all files", render };

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

fn render(examined: &[Examined], setting: &Setting) -> String {
    let told = once(examined);
    let mut rules: Vec<&'static str> =
        told.iter().flat_map(|(_, found)| found.iter().map(|finding| finding.code)).collect();
    rules.sort_unstable();
    rules.dedup();
    let log = Log { setting, rules };
    let results: Vec<Value> =
        told.iter().flat_map(|(one, found)| found.iter().map(|finding| log.result(one, finding))).collect();
    let unreadable: Vec<Value> = examined.iter().filter_map(|one| log.notification(one)).collect();
    let files: Vec<Value> = log.artifacts(examined);
    let document = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "soak",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": log.rules.iter().map(|code| rule(code)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": unreadable.is_empty(),
                "toolExecutionNotifications": unreadable,
            }],
            "columnKind": "utf16CodeUnits",
            "artifacts": files,
            "results": results,
        }],
    });
    // Only strings and numbers are in it, which always serialize.
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// What a code means, as a rule of the tool.
fn rule(code: &str) -> Value {
    let Some(entry) = codes::find(code) else { return json!({ "id": code }) };
    let level = if code.starts_with('W') { "warning" } else { "error" };
    json!({
        "id": code,
        "shortDescription": { "text": entry.title },
        "fullDescription": { "text": entry.explanation },
        "help": { "text": codes::page(entry), "markdown": codes::section(entry) },
        "defaultConfiguration": { "level": level },
    })
}

struct Log<'a> {
    setting: &'a Setting,
    /// The codes that occur, in order.
    rules: Vec<&'static str>,
}

impl Log<'_> {
    fn result(&self, examined: &Examined, finding: &Diagnostic) -> Value {
        let sources = &examined.sources;
        let mut result = json!({
            "ruleId": finding.code,
            "ruleIndex": self.rules.binary_search(&finding.code).unwrap_or_default(),
            "level": concise::severity(finding.severity),
            "message": { "text": sentence(finding) },
            // What the command line gave lies in no file; the scenario it was given to stands for it.
            "locations": [self.location(sources, finding.span())
                .unwrap_or_else(|| json!({ "physicalLocation": { "artifactLocation": self.artifact(&examined.name) } }))],
        });
        let related: Vec<Value> = finding.labels[1..]
            .iter()
            .filter_map(|label| {
                let mut location = self.location(sources, label.span)?;
                location["message"] = json!({ "text": label.text });
                Some(location)
            })
            .collect();
        if !related.is_empty() {
            result["relatedLocations"] = Value::Array(related);
        }
        if let Some(fix) = self.fix(sources, finding) {
            result["fixes"] = json!([fix]);
        }
        result
    }

    fn location(&self, sources: &Sources, span: Span) -> Option<Value> {
        let file = file_on_disk(sources, span)?;
        Some(json!({ "physicalLocation": {
            "artifactLocation": self.artifact(file.name()),
            "region": region(file, span),
        }}))
    }

    /// All edits of a finding are one fix; `None` where one of them lies in no file.
    fn fix(&self, sources: &Sources, finding: &Diagnostic) -> Option<Value> {
        let mut changes: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for Fix { span, replacement, .. } in &finding.fixes {
            let file = file_on_disk(sources, *span)?;
            changes.entry(file.name()).or_default().push(json!({
                "deletedRegion": region(file, *span),
                "insertedContent": { "text": replacement },
            }));
        }
        let changes: Vec<Value> = changes
            .into_iter()
            .map(|(name, replacements)| json!({ "artifactLocation": self.artifact(name), "replacements": replacements }))
            .collect();
        let description = finding.help.as_deref().unwrap_or(&finding.message);
        (!changes.is_empty())
            .then(|| json!({ "description": { "text": description }, "artifactChanges": changes }))
    }

    fn notification(&self, examined: &Examined) -> Option<Value> {
        let why = examined.unreadable.as_ref()?;
        Some(json!({
            "level": "error",
            "message": { "text": why },
            "locations": [{ "physicalLocation": { "artifactLocation": self.artifact(&examined.name) } }],
        }))
    }

    /// Every file that was read, those without a mistake too.
    fn artifacts(&self, examined: &[Examined]) -> Vec<Value> {
        let files = examined.iter().flat_map(|one| one.sources.files());
        let mut names: Vec<&str> = files.filter(|file| file.is_on_disk()).map(SourceFile::name).collect();
        names.sort_unstable();
        names.dedup();
        names.into_iter().map(|name| json!({ "location": self.artifact(name) })).collect()
    }

    fn artifact(&self, name: &str) -> Value {
        json!({ "uri": uri(&self.setting.path(name)) })
    }
}

/// Lines and columns from 1, the end exclusive.
fn region(file: &SourceFile, span: Span) -> Value {
    let ((line, column), (end_line, end_column)) =
        (file.position_utf16(span.start), file.position_utf16(span.end));
    let mut region = Map::new();
    let numbers =
        [("startLine", line), ("startColumn", column), ("endLine", end_line), ("endColumn", end_column)];
    region.extend(numbers.map(|(name, number)| (name.to_owned(), json!(number + 1))));
    Value::Object(region)
}

/// A path as a reference by RFC 3986: relative as it stands, absolute with the scheme of files.
fn uri(path: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const KEPT: &AsciiSet =
        &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let encoded = utf8_percent_encode(path, KEPT).to_string();
    match std::path::Path::new(path).is_absolute() {
        true => format!("file://{}{encoded}", if path.starts_with('/') { "" } else { "/" }),
        false => encoded,
    }
}
