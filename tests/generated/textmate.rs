//! A small interpreter of TextMate grammars, and what it makes of a scenario with ours.
//!
//! It knows what our grammar uses: `match`, `begin`/`end`, captures with names and patterns, `include`
//! of the repository. Editors use Oniguruma; the patterns keep to what both it and `regex` understand.

use super::read;
use regex::Regex;
use serde_json::Value;
use std::collections::HashMap;

const GRAMMAR: &str = "editors/vscode/syntaxes/soak.tmLanguage.json";

struct Grammar {
    root: Value,
    patterns: HashMap<String, Regex>,
}

/// A piece of a line with its scopes, the outermost first.
#[derive(Debug)]
struct Token {
    text: String,
    scopes: Vec<String>,
}

/// A rule that has begun and not yet ended, with the scopes inside it.
struct Frame<'a> {
    rule: &'a Value,
    scopes: Vec<String>,
}

impl Grammar {
    fn load() -> Grammar {
        let root: Value = serde_json::from_str(&read(GRAMMAR)).unwrap();
        let mut patterns = HashMap::new();
        collect_patterns(&root, &mut patterns);
        Grammar { root, patterns }
    }

    /// The rules of a list, includes and groups resolved, in order.
    fn rules<'a>(&'a self, list: &'a Value, into: &mut Vec<&'a Value>) {
        for rule in list.as_array().map(Vec::as_slice).unwrap_or_default() {
            let rule = match rule["include"].as_str() {
                Some(name) => {
                    let name = name.strip_prefix('#').unwrap();
                    let rule = &self.root["repository"][name];
                    assert!(rule.is_object(), "there is no rule `{name}`");
                    rule
                }
                None => rule,
            };
            if rule["match"].is_string() || rule["begin"].is_string() {
                into.push(rule);
            } else {
                self.rules(&rule["patterns"], into);
            }
        }
    }

    fn find<'h>(&self, pattern: &Value, text: &'h str, from: usize) -> Option<regex::Captures<'h>> {
        self.patterns[pattern.as_str()?].captures_at(text, from)
    }

    fn tokens(&self, source: &str) -> Vec<Vec<Token>> {
        let mut stack = vec![Frame { rule: &self.root, scopes: Vec::new() }];
        source.lines().map(|line| self.line(line, 0, &mut stack)).collect()
    }

    /// One line, or its part from `position`, under the rules that are open.
    fn line<'a>(&'a self, text: &str, mut position: usize, stack: &mut Vec<Frame<'a>>) -> Vec<Token> {
        let mut tokens = Vec::new();
        loop {
            let frame = stack.last().unwrap();
            let mut rules = Vec::new();
            self.rules(&frame.rule["patterns"], &mut rules);
            let end = self.find(&frame.rule["end"], text, position).map(|found| (found, None));
            let others = rules.into_iter().filter_map(|rule| {
                let pattern = if rule["match"].is_string() { &rule["match"] } else { &rule["begin"] };
                self.find(pattern, text, position).map(|found| (found, Some(rule)))
            });
            // Of those that start first the first one listed wins, the end before all others.
            let first = end.into_iter().chain(others).min_by_key(|(found, _)| found.get(0).unwrap().start());
            let Some((found, rule)) = first else {
                push(&mut tokens, &text[position..], &frame.scopes);
                return tokens;
            };
            let whole = found.get(0).unwrap();
            push(&mut tokens, &text[position..whole.start()], &frame.scopes);
            match rule {
                None => {
                    tokens.extend(self.captured(text, &found, &frame.rule["endCaptures"], &frame.scopes));
                    stack.pop();
                }
                Some(rule) => {
                    assert!(!whole.is_empty(), "{rule} matches nothing");
                    let scopes = within(&frame.scopes, &rule["name"]);
                    if rule["match"].is_string() {
                        tokens.extend(self.captured(text, &found, &rule["captures"], &scopes));
                    } else {
                        tokens.extend(self.captured(text, &found, &rule["beginCaptures"], &scopes));
                        stack.push(Frame { rule, scopes });
                    }
                }
            }
            position = whole.end();
        }
    }

    /// A match cut up by its captures, which in our grammar never lie inside one another.
    fn captured(
        &self,
        text: &str,
        found: &regex::Captures,
        captures: &Value,
        scopes: &[String],
    ) -> Vec<Token> {
        let whole = found.get(0).unwrap();
        let scopes = within(scopes, &captures["0"]["name"]);
        let mut tokens = Vec::new();
        let mut position = whole.start();
        for (index, group) in found.iter().enumerate().skip(1) {
            let Some(group) = group else { continue };
            assert!(group.start() >= position, "a capture inside another");
            push(&mut tokens, &text[position..group.start()], &scopes);
            let capture = &captures[index.to_string()];
            let inner = within(&scopes, &capture["name"]);
            if capture["patterns"].is_array() {
                let mut stack = vec![Frame { rule: capture, scopes: inner }];
                tokens.extend(self.line(&text[..group.end()], group.start(), &mut stack));
            } else {
                push(&mut tokens, group.as_str(), &inner);
            }
            position = group.end();
        }
        push(&mut tokens, &text[position..whole.end()], &scopes);
        tokens
    }
}

fn within(scopes: &[String], name: &Value) -> Vec<String> {
    scopes
        .iter()
        .cloned()
        .chain(name.as_str().map(|name| name.trim_end_matches(".soak").to_string()))
        .collect()
}

fn push(tokens: &mut Vec<Token>, text: &str, scopes: &[String]) {
    if !text.is_empty() {
        tokens.push(Token { text: text.into(), scopes: scopes.into() });
    }
}

fn collect_patterns(value: &Value, into: &mut HashMap<String, Regex>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_patterns(item, into)),
        Value::Object(entries) => {
            for (key, entry) in entries {
                match entry.as_str() {
                    Some(pattern) if ["match", "begin", "end"].contains(&key.as_str()) => {
                        let compiled =
                            Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
                        into.insert(pattern.into(), compiled);
                    }
                    _ => collect_patterns(entry, into),
                }
            }
        }
        _ => {}
    }
}

/// Each line, and under it what each of its pieces is taken for.
fn render(source: &str) -> String {
    let mut page = String::new();
    for (line, tokens) in source.lines().zip(Grammar::load().tokens(source)) {
        assert_eq!(tokens.iter().map(|token| token.text.as_str()).collect::<String>(), line);
        page.push_str(&format!("{line}\n"));
        for token in tokens.iter().filter(|token| !token.text.trim().is_empty()) {
            page.push_str(&format!("    {:<24} {}\n", token.text, token.scopes.join(" ")));
        }
    }
    page
}

#[test]
fn a_scenario_is_highlighted() {
    insta::assert_snapshot!(render(&read("tests/fixtures/campus-vehicle.soak")));
}

#[test]
fn every_example_of_a_kind_is_highlighted() {
    let grammar = Grammar::load();
    for kind in soak::kinds::KINDS {
        let tokens: Vec<Token> = grammar.tokens(kind.example).into_iter().flatten().collect();
        let has = |text: &str, scope: &str| {
            tokens
                .iter()
                .any(|token| token.text == text && token.scopes.last().is_some_and(|last| last == scope))
        };
        assert!(kind.built_in || has(kind.name, "storage.type.kind"), "{}", kind.name);
        for verb in kind.verbs.iter().filter(|verb| kind.example.contains(&format!(" {} ", verb.name))) {
            assert!(has(verb.name, "entity.name.function.verb"), "{} {}", kind.name, verb.name);
        }
        for reading in kind.readings.iter().filter(|one| kind.example.contains(&format!(".{} ", one.name))) {
            assert!(has(reading.name, "support.variable.reading"), "{}.{}", kind.name, reading.name);
        }
    }
}

/// Line, piece of it, what that piece is taken for.
const CASES: &[(&str, &str, &str)] = &[
    ("wifi off 2s # gone", "# gone", "comment.line.number-sign"),
    ("wifi off 2s", "wifi", "variable.other.target"),
    ("wifi off 2s", "off", "entity.name.function.verb"),
    ("wifi off 2s", "s", "keyword.other.unit"),
    ("wifi degrade latency 500ms loss 10%", "loss", "variable.parameter"),
    ("wifi degrade latency 500ms loss 10%", "%", "keyword.other.unit"),
    ("wifi off refuse for 5s", "refuse", "variable.parameter"),
    ("wifi off refuse for 5s", "for", "keyword.other"),
    ("note \"a # {seq} \\n\"", "a # ", "string.quoted.double"),
    ("note \"a # {seq} \\n\"", "seq", "variable.other"),
    ("note \"a # {seq} \\n\"", "\\n", "constant.character.escape"),
    ("metric e = lines(app.log, '^{x}\\d')", "'^{x}\\d'", "string.quoted.single"),
    ("metric e = lines(app.log, 'x')", "lines", "support.function.source"),
    ("metric e = lines(app.log, 'x')", "log", "support.variable.reading"),
    ("metric e = lines(app.log, 'x')", "e", "entity.name"),
    ("wait 1h30m", "1h30m", "constant.numeric.duration"),
    ("load api at 10k/s -> 20k/s for 3m", "k/s", "keyword.other.unit"),
    ("load api at 10k/s -> 20k/s for 3m", "->", "keyword.operator"),
    ("load start at 1/s", "start", "entity.name.function"),
    ("load start with 5 users", "with", "keyword.other"),
    ("permit fault on db", "on", "keyword.control"),
    ("repeat 100 < wifi off 2s; wifi on 2s >", "<", "punctuation.section.loop.begin"),
    ("repeat 100 < wifi off 2s; wifi on 2s >", ">", "punctuation.section.loop.end"),
    ("repeat 100 < wifi off 2s; wifi on 2s >", "on", "entity.name.function.verb"),
    ("repeat until queue < 5 max 5m {", "<", "keyword.operator"),
    ("every day / 24 < load create with 9 users at once >", "<", "punctuation.section.loop.begin"),
    ("expect \"Up\": p95(api.latency over 10m) < 2 at end", "<", "keyword.operator"),
    ("expect \"Up\": p95(api.latency over 10m) < 2 at end", "p95", "support.function.aggregate"),
    ("expect \"Up\": p95(api.latency over 10m) < 2 at end", "latency", "support.variable.reading"),
    ("expect \"Up\": p95(api.latency over 10m) < 2 at end", "over", "keyword.operator.word"),
    ("  | at    | level |", "at", "variable.other"),
    ("  | at    | level |", "|", "punctuation.separator.table"),
    ("  | 06:00 | 50%   |", "06:00", "constant.numeric.time"),
    ("process api { run \"api\"; restart after 5s }", "process", "storage.type.kind"),
    ("process api { run \"api\"; restart after 5s }", "api", "entity.name.type.target"),
    ("process api { run \"api\"; restart after 5s }", "after", "support.type.property-name.setting"),
    ("api post \"/x\" json { kind: pick([1]) } {", "json", "variable.parameter"),
    ("api post \"/x\" json { kind: pick([1]) } {", "kind", "variable.other.key"),
    ("api post \"/x\" json { kind: pick([1]) } {", "pick", "support.function.value"),
    ("choose { 3: db disconnect 10% }", "disconnect", "entity.name.function.verb"),
    ("expect \"Peak\": max(app.rss) < 1GB", "max", "support.function.aggregate"),
    ("wait until queue > 0 max 5m", "max", "keyword.other"),
    ("secret token from env \"TOKEN\"", "from", "keyword.control.declaration"),
    ("machine.load < 5", "load", "support.variable.reading"),
    ("data write \"{date()}/{seq}.log\" size 4KB..64KB", "size", "variable.parameter"),
    ("data write \"{date()}/{seq}.log\" size 4KB..64KB", "date", "support.function.value"),
    ("data write \"{date()}/{seq}.log\" size 4KB..64KB", "..", "keyword.operator"),
];

#[test]
fn words_are_taken_for_what_they_are() {
    let grammar = Grammar::load();
    for (line, piece, expected) in CASES {
        let tokens = grammar.tokens(line).remove(0);
        let token = tokens.iter().find(|token| token.text == *piece);
        let token = token.unwrap_or_else(|| panic!("{line}: no piece {piece:?} in {tokens:?}"));
        assert_eq!(token.scopes.last().map(String::as_str), Some(*expected), "{line}: {piece:?}");
    }
}

#[test]
fn nothing_stays_open() {
    let source = read("tests/fixtures/campus-vehicle.soak");
    let grammar = Grammar::load();
    let with_mark = format!("{source}\nmark");
    let last = grammar.tokens(&with_mark).pop().unwrap();
    assert_eq!(last[0].scopes, ["variable.other"]);
}
