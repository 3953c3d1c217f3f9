//! How what a verb does is undone, in words.

use crate::lang::signature::{Kind, Nature, Verb};

/// Kind, verb, and what becomes of it: of a state and of an act that is held, how it ends; of another act, who
/// brings things back.
const WORDS: &[(&str, &str, &str)] = &[
    ("process", "start", "stopped when the run ends"),
    ("process", "restart", "started again by the statement itself"),
    ("process", "signal", "nothing to undo: what follows is up to the process"),
    ("process", "pause", "continued (SIGCONT)"),
    ("process", "throttle", "given its full share of the machine again"),
    ("process", "limit", "the limit is taken away"),
    ("process", "skew", "its clock is right again"),
    ("link", "on", "what was asked before holds again"),
    ("link", "off", "back on"),
    ("link", "degrade", "back to full speed"),
    ("link", "reset", "nothing to undo: connections are made anew by whoever needs them"),
    ("link", "cut", "nothing to undo: connections are made anew by whoever needs them"),
    ("link", "slice", "data pass in whole pieces again"),
    ("link", "answer", "requests are passed on again"),
    ("link", "delay", "requests are passed on at once again"),
    ("link", "tear", "answers pass whole again"),
    ("disk", "fill", "the ballast is deleted"),
    ("disk", "slow", "back to its own speed"),
    ("disk", "fail", "reads and writes succeed again"),
    ("disk", "readonly", "can be written again"),
    ("disk", "lose", "cannot be undone: what was lost stays lost"),
    ("disk", "delete", "cannot be undone: what was deleted stays deleted"),
    ("database", "disconnect", "nothing to undo: connections are made anew by whoever needs them"),
    ("database", "lock", "the lock is released"),
    ("database", "hog", "the connections are closed"),
    ("machine", "burn", "the processors are left alone"),
    ("machine", "eat", "the memory is given back"),
    ("machine", "stall", "the disk is left alone"),
];

/// How what a verb of a kind does is undone; `held` where it was given a duration, `restarts` where the target comes
/// back by itself.
pub fn undo(kind: &Kind, verb: &Verb, held: bool, restarts: bool) -> &'static str {
    match (kind.name, verb.name) {
        ("process", "kill" | "stop") if held => return "started again",
        ("process", "kill") if restarts => return "started again by its restart policy",
        ("process", "kill" | "stop") => return "stays down until the story starts it",
        _ => {}
    }
    let words = WORDS.iter().find(|(of, name, _)| *of == kind.name && *name == verb.name);
    match (words, verb.nature) {
        (Some((.., words)), _) => words,
        (None, Nature::State { .. }) => "back to what it was",
        (None, _) => "nothing to undo",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::KINDS;

    #[test]
    fn every_state_and_every_fault_says_how_it_is_undone() {
        for kind in KINDS {
            for verb in kind.verbs {
                let lasts = matches!(verb.nature, Nature::State { .. });
                let by_hand = kind.name == "process" && matches!(verb.name, "kill" | "stop");
                let told = WORDS.iter().any(|(of, name, _)| *of == kind.name && *name == verb.name);
                assert!(told || by_hand || !(lasts || verb.fault), "{} {}", kind.name, verb.name);
            }
        }
        for (kind, verb, _) in WORDS {
            assert!(crate::kinds::find(kind).is_some_and(|kind| kind.verb(verb).is_some()), "{kind} {verb}");
        }
    }
}
