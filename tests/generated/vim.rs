//! The Vim files hang together: what is referred to is defined, what is defined is linked, every word is there.

use super::{read, words};
use regex::Regex;
use std::collections::BTreeSet;

const SYNTAX: &str = "editors/vim/syntax/soak.vim";

fn captures(text: &str, pattern: &str) -> BTreeSet<String> {
    let pattern = Regex::new(pattern).unwrap();
    pattern.captures_iter(text).map(|captures| captures[1].to_string()).collect()
}

#[test]
fn every_group_is_linked_and_every_link_has_a_group() {
    let syntax = read(SYNTAX);
    let mut defined = captures(&syntax, r"(?m)^syntax (?:keyword|match|region) (\w+)");
    defined.extend(captures(&syntax, r"matchgroup=(\w+)"));
    let linked = captures(&syntax, r"(?m)^highlight default link (\w+) \w+$");
    assert_eq!(defined, linked);
    let referred = captures(&syntax, r"(?:contains|nextgroup)=(\S+)");
    for name in referred.iter().flat_map(|list| list.split(',')) {
        assert!(defined.contains(name) || ["NONE", "@Spell"].contains(&name), "there is no group {name}");
    }
    let contained = captures(&syntax, r#"(?m)^syntax (?:match|region) (\w+) .*\bcontained\b"#);
    for name in contained {
        let open = Regex::new(&format!(r"(?:contains|nextgroup)=\S*\b{name}\b")).unwrap();
        assert!(open.is_match(&syntax), "{name} is contained in nothing");
    }
}

#[test]
fn links_end_at_groups_that_vim_has() {
    const GROUPS: &[&str] = &[
        "Boolean",
        "Comment",
        "Delimiter",
        "Function",
        "Identifier",
        "Keyword",
        "Normal",
        "Number",
        "Operator",
        "Special",
        "SpecialChar",
        "Statement",
        "String",
        "Type",
    ];
    for group in captures(&read(SYNTAX), r"(?m)^highlight default link \w+ (\w+)$") {
        assert!(GROUPS.contains(&group.as_str()), "{group}");
    }
}

#[test]
fn every_pattern_is_closed() {
    let statement =
        Regex::new(r#"^syntax (?:match \w+|region \w+(?: matchgroup=\w+)? start=)\s*(.*)$"#).unwrap();
    for line in read(SYNTAX).lines() {
        let Some(rest) = statement.captures(line) else { continue };
        let rest = &rest[1];
        let mark = rest.chars().next().unwrap();
        assert!(['"', '+'].contains(&mark), "{line}");
        let mut escaped = false;
        let marks = rest.chars().filter(|letter| {
            let counts = *letter == mark && !escaped;
            escaped = *letter == '\\' && !escaped;
            counts
        });
        assert_eq!(marks.count() % 2, 0, "{line}");
        let groups = rest.replace("\\(", "").replace("\\)", "");
        assert_eq!(groups.matches("%(").count(), groups.matches(')').count(), "{line}");
    }
}

#[test]
fn every_word_is_in_its_group() {
    let syntax = read(SYNTAX);
    let cases = [
        ("soakKind", "kinds"),
        ("soakSetting", "settings"),
        ("soakVerb", "verbs"),
        ("soakReading", "readings"),
        ("soakParameter", "parameters"),
        ("soakAggregate", "aggregates"),
        ("soakMaker", "makers"),
        ("soakSource", "sources"),
        ("soakSource", "probes"),
        ("soakNumber", "units"),
        ("soakStatement", "statement_words_only"),
        ("soakDeclaration", "declaration_words"),
    ];
    for (group, list) in cases {
        let lines = syntax.lines().filter(|line| line.split(' ').nth(2) == Some(group));
        let text: Vec<&str> = lines.collect();
        let there = captures(&text.join("\n"), r"([A-Za-z_0-9]+)");
        for word in words::list(list) {
            assert!(there.contains(word), "{group} has no `{word}`");
        }
    }
}

#[test]
fn the_other_files_say_what_vim_needs() {
    assert!(read("editors/vim/ftdetect/soak.vim").contains("*.soak setfiletype soak"));
    assert!(read("editors/vim/ftplugin/soak.vim").contains("commentstring=#\\ %s"));
}
