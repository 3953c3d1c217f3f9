//! `action.yml` and `.pre-commit-hooks.yaml` do what they say: they are read, and carried out as GitHub and pre-commit
//! would. Only the build of soak is left out; a stand-in for Cargo installs the program under test.

#![cfg(target_os = "linux")]

mod cli_soak;

use cli_soak::{Ended, Soak};
use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use yaml_rust2::{Yaml, YamlLoader};

const GOOD: &str = "scenario \"A\"\n\nwait 1s\nexpect machine.memory < 100%\n";
const UNUSED: &str = "scenario \"A\"\n\nlet x = 3\n\nwait 1s\nexpect machine.memory < 100%\n";
const BAD: &str = "scenario \"A\"\n\nwait 1 s\n";

fn yaml(name: &str) -> Yaml {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap();
    YamlLoader::load_from_str(&text).unwrap().remove(0)
}

fn text<'y>(yaml: &'y Yaml, key: &str) -> &'y str {
    yaml[key].as_str().unwrap_or_else(|| panic!("no `{key}` in {yaml:?}"))
}

/// A workflow that uses the action, and what it left behind.
struct Workflow {
    soak: Soak,
    inputs: HashMap<String, String>,
}

/// Where Cargo is stood in for: notes how it was called, and puts the program under test where it was told to.
const CARGO: &str = r#"#!/bin/bash
echo "$*" >> "$CARGO_LOG"
while [ "$1" != --root ]; do shift; done
mkdir -p "$2/bin"
ln -s "$SOAK_UNDER_TEST" "$2/bin/soak"
"#;

impl Workflow {
    fn new(soak: Soak) -> Workflow {
        let bin = soak.path().join(".bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("cargo"), CARGO).unwrap();
        std::fs::set_permissions(bin.join("cargo"), PermissionsExt::from_mode(0o755)).unwrap();
        Workflow { soak, inputs: HashMap::new() }
    }

    fn input(mut self, name: &str, value: &str) -> Workflow {
        assert!(!yaml("action.yml")["inputs"][name].is_badvalue(), "there is no input `{name}`");
        self.inputs.insert(name.into(), value.into());
        self
    }

    /// The value of `${{ … }}`, or the text itself.
    fn evaluated(&self, action: &Yaml, value: &str) -> String {
        let Some(expression) = value.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) else {
            assert!(!value.contains("${{"), "{value}");
            return value.to_owned();
        };
        match expression.trim().split_once('.') {
            Some(("inputs", name)) => {
                let default = || text(&action["inputs"][name], "default").to_owned();
                self.inputs.get(name).cloned().unwrap_or_else(default)
            }
            Some(("github", "action_path")) => "/the/action".into(),
            _ => panic!("{value} is not known here"),
        }
    }

    /// Carries out the steps, the way a runner does: `bash --noprofile --norc -eo pipefail`, until one fails.
    fn run(&self) -> Ended {
        let action = yaml("action.yml");
        assert_eq!(text(&action["runs"], "using"), "composite");
        let folder = self.soak.path();
        let file = |name: &str| folder.join(name);
        let mut whole = Ended { code: 0, out: String::new(), err: String::new() };
        for step in action["runs"]["steps"].as_vec().unwrap() {
            assert_eq!(text(step, "shell"), "bash");
            assert!(!text(step, "run").contains("${{"), "a value in a script could be a command");
            let added = std::fs::read_to_string(file(".path")).unwrap_or_default();
            let mut folders: Vec<PathBuf> = added.lines().map(PathBuf::from).collect();
            folders.push(file(".bin"));
            folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap()));
            let mut command = Command::new("bash");
            command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", text(step, "run")]);
            command.current_dir(folder).stdin(Stdio::null());
            command.env("PATH", std::env::join_paths(folders).unwrap());
            command.env("RUNNER_TEMP", file(".temp")).env("GITHUB_WORKSPACE", folder);
            command.env("GITHUB_PATH", file(".path")).env("GITHUB_OUTPUT", file(".output"));
            command.env("CARGO_LOG", file(".cargo")).env("SOAK_UNDER_TEST", env!("CARGO_BIN_EXE_soak"));
            for (name, value) in step["env"].as_hash().unwrap() {
                command.env(name.as_str().unwrap(), self.evaluated(&action, value.as_str().unwrap()));
            }
            let output = command.output().unwrap();
            whole.out.push_str(&String::from_utf8(output.stdout).unwrap());
            whole.err.push_str(&String::from_utf8(output.stderr).unwrap());
            whole.code = output.status.code().unwrap();
            if whole.code != 0 {
                break;
            }
        }
        whole
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.soak.path().join(name)).unwrap_or_default()
    }
}

#[test]
fn the_action_shows_mistakes_and_fails_by_them() {
    let workflow = Workflow::new(Soak::new().file("good.soak", GOOD).file("bad.soak", BAD));
    let ended = workflow.run().code(2);
    let line = "::error file=bad.soak,line=3,endLine=3,col=6,endColumn=8,title=E0105::";
    assert!(ended.out.lines().any(|one| one.starts_with(line)), "{}", ended.out);
    assert!(ended.out.lines().all(|one| one.starts_with("::")), "{}", ended.out);
    let root = workflow.soak.path().join(".temp/soak");
    let asked = format!("install --locked --root {} --path /the/action\n", root.display());
    assert_eq!(workflow.read(".cargo"), asked);
    assert_eq!(workflow.read(".output"), "");
}

#[test]
fn the_action_takes_what_it_is_given() {
    let soak = || Soak::new().file("good.soak", GOOD).file("bad.soak", BAD).file("a warning.soak", UNUSED);
    let two = || Workflow::new(soak()).input("paths", "good.soak\n\na warn*.soak\n");
    two().run().code(0).writes("::warning file=a warning.soak,line=3");
    two().input("strict", "true").run().code(1);
    let workflow = two().input("version", "1.2.3").input("sarif", "out.sarif");
    workflow.run().code(0);
    assert!(workflow.read(".cargo").ends_with(" soak@1.2.3\n"), "{}", workflow.read(".cargo"));
    assert_eq!(workflow.read(".output"), "sarif=out.sarif\n");
    let log: serde_json::Value = serde_json::from_str(&workflow.read("out.sarif")).unwrap();
    assert_eq!(log["runs"][0]["results"][0]["ruleId"], "W0901");
    // A log is written where mistakes are found too, and nothing that is given becomes a command or an option.
    let failing = Workflow::new(soak()).input("sarif", "out.sarif");
    failing.run().code(2);
    assert!(failing.read("out.sarif").contains("E0105"));
    let hostile = Workflow::new(soak()).input("paths", "--help\n$(touch owned)\n`touch owned`\n");
    hostile.run().code(2).says("there is no file `$(touch owned)`");
    assert!(!hostile.soak.path().join("owned").exists());
}

/// A hook carried out as pre-commit does: its entry split into words, its arguments, and the files it is for.
fn hook(id: &str, soak: &Soak, staged: &[&str]) -> Ended {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hook = hooks.as_vec().unwrap().iter().find(|hook| text(hook, "id") == id).unwrap();
    for key in ["name", "description"] {
        assert!(!text(hook, key).is_empty());
    }
    assert_eq!(text(hook, "language"), "rust");
    let pattern = regex::Regex::new(text(hook, "files")).unwrap();
    let mut words: Vec<&str> = text(hook, "entry").split_whitespace().collect();
    assert_eq!(words.remove(0), "soak");
    words.extend(hook["args"].as_vec().into_iter().flatten().map(|word| word.as_str().unwrap()));
    if hook["pass_filenames"].as_bool() != Some(false) {
        words.extend(staged.iter().filter(|name| pattern.is_match(name)));
    }
    soak.run(&words)
}

#[test]
fn the_hooks_check_the_repository_and_format_what_is_staged() {
    let soak = || Soak::new().file("good.soak", GOOD).file("notes.txt", BAD);
    hook("soak-check", &soak(), &["good.soak"]).code(0);
    // What is not staged counts too: it may include what is.
    hook("soak-check", &soak().file("bad.soak", BAD), &["good.soak"]).code(2).writes("bad.soak:3:");
    let wide = soak().file("wide.soak", "scenario \"A\"\nwait    1s\n").file("other.soak", "wait    1s\n");
    hook("soak-fmt", &wide, &["wide.soak", "notes.txt"]).code(0);
    let read = |name: &str| std::fs::read_to_string(wide.path().join(name)).unwrap();
    assert_eq!(read("wide.soak"), "scenario \"A\"\nwait 1s\n");
    assert_eq!((read("notes.txt").as_str(), read("other.soak").as_str()), (BAD, "wait    1s\n"));
}
