//! What expressions are, as data: `tests/check/expressions.txt`. Each line is an expression, `=>`, and what `soak`
//! says it is, as a constant or else as a metric; or the code that refuses it.

use soak::check::{DiskFiles, Options, check, names};
use soak::source::Sources;

const DECLARED: &str = r#"
param step = 5s
param size = 4KB
param rate = 50/min
param speed = 50MB/h
param share = 30%
process app { run "app" }
link wifi { listen "127.0.0.1:1"; to "127.0.0.1:2" }
disk data { path "{scratch}/d" }
http api { base "http://127.0.0.1:1" }
action get { api get "/" { capture id = body.id; capture took = latency } }
ledger items { sent get.id; received files("out/*", '([^/]+)$') }
metric queue = json_count("q.json", '$.a') every 5s
metric state = json("s.json", '$.a')
metric folder = bytes("out/*")
metric newest = age("out/*")
metric errors = lines(app.log, 'ERROR')
metric transitions = lines("t.log")
metric depth = capture(app.log, 'depth=(\d+)')
load get at 5/s for 5s
"#;

fn options() -> Options<'static> {
    Options { params: &[], files: &DiskFiles }
}

fn sources(declaration: &str) -> Sources {
    let mut sources = Sources::new();
    sources.add("case.soak", format!("{declaration}\n{DECLARED}")).unwrap();
    sources
}

/// The text of the name that the first line declares; the codes of what is wrong there.
fn told(declaration: &str) -> Result<String, Vec<&'static str>> {
    let mut read = sources(declaration);
    let checked = check(&mut read, &options());
    let wrong: Vec<&str> =
        checked.diagnostics.iter().filter(|finding| finding.is_error()).map(|finding| finding.code).collect();
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut read = sources(declaration);
    let first = names(&mut read, &options()).into_iter().next().unwrap();
    let (_, text) = first.text.split_once(": ").unwrap();
    Ok(text.to_string())
}

#[test]
fn expressions_are_what_they_say() {
    let table = std::fs::read_to_string("tests/check/expressions.txt").unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (expression, wanted) = line.split_once("=>").unwrap();
        let (expression, wanted) = (expression.trim(), wanted.trim());
        count += 1;
        let as_metric = told(&format!("metric subject = {expression}"));
        let as_constant = told(&format!("let subject = {expression}"));
        let found = as_constant.or(as_metric.clone());
        match (&found, wanted.strip_prefix("! ")) {
            (Ok(text), None) if text == wanted => {}
            (Err(_), Some(code)) if as_metric.as_ref().is_err_and(|codes| codes == &[code]) => {}
            _ => wrong.push(format!("{expression} => {wanted}: {found:?} {as_metric:?}")),
        }
    }
    assert!(count > 100, "{count} expressions");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
