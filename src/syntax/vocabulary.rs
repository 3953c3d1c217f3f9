//! The words of the language itself: which begin a statement, which cannot be declared, which people try in vain.

pub use crate::lang::words::is_reserved;
use crate::lang::words::{INNER_WORDS, STATEMENT_WORDS, TRUTH_WORDS};

/// Words that begin a statement, with the form of that statement, as messages show it.
pub(super) const STATEMENTS: &[(&str, &str)] = &[
    ("scenario", "scenario \"title\""),
    ("include", "include \"common.soak\""),
    ("param", "param name = 2h"),
    ("let", "let name = value"),
    ("secret", "secret name from env \"VARIABLE\""),
    ("permit", "permit load to \"host\"` or `permit fault on name"),
    ("metric", "metric name = source every 5s"),
    ("ledger", "ledger name { sent …; received … }"),
    ("action", "action name { … }"),
    ("mix", "mix name { 60% one; 40% other }"),
    ("curve", "curve name { a table }"),
    ("dataset", "dataset name { file \"people.csv\" }"),
    ("sequence", "sequence name(parameter = 10) { … }"),
    ("setup", "setup { … }"),
    ("cleanup", "cleanup { … }"),
    ("phase", "phase \"name\" 10m { … }"),
    ("repeat", "repeat 10 { … }`, `repeat for 10m { … }` or `repeat until condition max 10m { … }"),
    ("for", "for each name in [1, 2] { … }"),
    ("parallel", "parallel { one; other }"),
    ("every", "every 30s { … }"),
    ("at", "at 2h { … }"),
    ("choose", "choose { 3: one; 1: other }"),
    ("do", "do name(parameter = 20)"),
    ("wait", "wait 30s` or `wait until condition max 5m"),
    ("run", "run \"command\" timeout 1m"),
    ("note", "note \"text\""),
    ("want", "want \"name\": condition within 10m"),
    ("expect", "expect \"name\": condition within 10m"),
    ("require", "require \"name\": condition always"),
    ("load", "load name at 50/s for 3m` or `load name with 100 users for 3m"),
    ("check", "check status == 200"),
    ("capture", "capture name = body.id"),
    ("think", "think 1s..3s"),
];

/// Words of other languages, with what soak has in their stead.
pub(super) const FOREIGN: &[(&str, &str)] = &[
    (
        "if",
        "the plan is known before the run, so nothing is decided in it: `wait until` waits for a condition, `expect` judges one, `choose` picks by weight",
    ),
    ("unless", "nothing is decided during a run: `wait until` waits for a condition, `expect` judges one"),
    ("switch", "nothing is decided during a run: `choose { 3: …; 1: … }` picks by weight"),
    (
        "after",
        "use `at 5m { … }` for what happens that long after its block began, and `wait 5m` for a pause",
    ),
    ("group", "use `phase \"name\" 10m { … }`"),
    ("step", "use `phase \"name\" 10m { … }`"),
    ("stage", "use `phase \"name\" 10m { … }`, with a `load` in it"),
    ("describe", "use `phase \"name\" 10m { … }`"),
    ("forever", "use `repeat for 10m { … }`: a run has an end"),
    ("wait_time", "use `think 1s..3s` in an action"),
    ("thresholds", "use `expect \"name\": condition`, one for each"),
    ("threshold", "use `expect \"name\": condition`"),
    ("slo", "use `expect \"name\": condition`, as in `expect \"Fast\": p99(action.latency) < 1s`"),
    ("sla", "use `expect \"name\": condition`, as in `expect \"Fast\": p99(action.latency) < 1s`"),
    ("verify", "use `expect \"name\": condition`"),
    ("ensure", "use `expect \"name\": condition`"),
    ("should", "use `expect \"name\": condition`"),
    ("must", "use `expect \"name\": condition`, or `require` for what ends the run"),
    ("options", "what a load does stands in `load`, and what must hold in `expect`, each on its own line"),
    ("spawn", "use `parallel { one; other }`, or `every 30s { … }` for what goes on in the background"),
    ("finally", "what must run at the end stands in `cleanup { … }`"),
    ("teardown", "what must run at the end stands in `cleanup { … }`"),
    ("rollbacks", "a fault is undone by itself; what else must run at the end stands in `cleanup { … }`"),
    ("rollback", "a fault is undone by itself; what else must run at the end stands in `cleanup { … }`"),
    ("tearDown", "what must run at the end stands in `cleanup { … }`"),
    ("on_stop", "what must run at the end stands in `cleanup { … }`"),
    ("after_all", "what must run at the end stands in `cleanup { … }`"),
    ("on_start", "what runs before all else stands in `setup { … }`"),
    ("before_all", "what runs before all else stands in `setup { … }`"),
    (
        "method",
        "what is done stands in the file from top to bottom, in a `phase \"name\" 10m { … }` where it lasts",
    ),
    ("probes", "use `expect \"name\": condition`, one for each"),
    (
        "catch",
        "a fault is undone and the run goes on whatever happens; what must run at the end stands in `cleanup { … }`",
    ),
    ("macro", "use `sequence name(parameter) { … }` and `do name(…)`"),
    ("proc", "use `sequence name(parameter) { … }` and `do name(…)`"),
    ("call", "use `do name(…)` for a sequence"),
    ("else", "nothing is decided during a run: `choose { 3: …; 1: … }` picks by weight"),
    ("while", "use `repeat until condition max 10m { … }`"),
    ("loop", "use `repeat 10 { … }` or `repeat for 10m { … }`"),
    ("until", "use `repeat until condition max 10m { … }` or `wait until condition`"),
    ("foreach", "use `for each name in [1, 2] { … }`"),
    (
        "var",
        "nothing changes its value: use `let name = value`, or `param` for what the command line may set",
    ),
    ("const", "use `let name = value`"),
    ("set", "nothing changes its value: use `let name = value`"),
    ("function", "use `sequence name(parameter) { … }` and `do name(…)`"),
    ("func", "use `sequence name(parameter) { … }` and `do name(…)`"),
    ("fn", "use `sequence name(parameter) { … }` and `do name(…)`"),
    ("def", "use `sequence name(parameter) { … }` and `do name(…)`"),
    ("return", "a sequence gives nothing back: measure with `metric` and `capture`"),
    ("break", "a loop runs as often as it says: use `repeat until condition max 10m { … }`"),
    ("continue", "a pass of a loop runs to its end"),
    ("import", "use `include \"common.soak\"`"),
    ("sleep", "use `wait 30s`, `think 1s..3s` in an action, and `hold 30s` in a conversation"),
    ("pause", "use `wait 30s`, and `think 1s..3s` in an action; what targets are told stands behind them"),
    (
        "async",
        "leave it out: a load goes on beside what follows it anyway, and `parallel { … }` holds what else is to",
    ),
    (
        "await",
        "leave it out: what takes its time is waited for anyway, and `wait until condition` for the rest",
    ),
    ("allow", "use `permit fault on name` or `permit load to \"host\"`"),
    ("Given", "what the system is stands as declarations, such as `process app { run \"app\" }`"),
    ("When", "what is done stands as it is, as in `app kill`, in a `phase \"name\" 10m { … }`"),
    ("Then", "use `expect \"name\": condition`"),
    ("done", "a block begins with `{` and ends with `}`"),
    ("fi", "a block begins with `{` and ends with `}`"),
    ("end", "a block begins with `{` and ends with `}`"),
    ("extract", "use `capture name = body.id`"),
    ("save", "use `capture name = body.id`"),
    ("assert", "use `expect \"name\": condition`"),
    ("print", "use `note \"text\"`"),
    ("echo", "use `note \"text\"`"),
    (
        "try",
        "a fault is undone and the run goes on whatever happens; what must run at the end stands in `cleanup { … }`",
    ),
];

/// Whether a word is a method of HTTP.
pub(super) fn is_method(word: &str) -> bool {
    const METHODS: &[&str] = &["get", "post", "put", "patch", "delete", "head"];
    METHODS.iter().any(|method| word.eq_ignore_ascii_case(method))
}

/// The length of the longest reserved word.
const LONGEST: usize = 9;

/// The form of the statement that `word` begins.
pub(super) fn form(word: &str) -> Option<&'static str> {
    STATEMENTS.iter().find(|(name, _)| *name == word).map(|(_, form)| *form)
}

/// Whether `word` begins a statement of the language.
pub(super) fn begins_statement(word: &str) -> bool {
    form(word).is_some()
}

/// Whether `word` cannot stand for a value. The usual parameters of a sequence, `times` and `users`, can.
pub(super) fn is_no_value(word: &str) -> bool {
    word.len() <= LONGEST && is_reserved(word) && !matches!(word, "times" | "users" | "true" | "false")
}

/// All words that cannot be declared, for completion and highlighting.
pub fn reserved_words() -> impl Iterator<Item = &'static str> {
    let inner = INNER_WORDS.iter().chain(TRUTH_WORDS).filter(|word| !begins_statement(word));
    STATEMENT_WORDS.iter().chain(inner).copied()
}

/// The statement word that a misspelt one was probably meant to be.
pub(super) fn nearest_statement(word: &str) -> Option<&'static str> {
    // The lengths keep the time of the comparison bounded, whatever stands in a file.
    if !(3..=12).contains(&word.len()) {
        return None;
    }
    let limit = if word.len() <= 4 { 1 } else { 2 };
    let words = STATEMENTS.iter().map(|(name, _)| *name).filter(|name| name.len() > 2);
    let near = words.map(|name| (strsim::osa_distance(name, word), name)).filter(|(far, _)| *far <= limit);
    near.min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

/// Whether `word` begins a loop that may stand in `< >`, or is a misspelling of one that does.
pub(super) fn opens_angle_loop(word: &str) -> bool {
    matches!(word, "repeat" | "every" | "while" | "loop")
        || !begins_statement(word) && matches!(nearest_statement(word), Some("repeat" | "every"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_word_has_a_form() {
        assert_eq!(STATEMENTS.iter().map(|(word, _)| *word).collect::<Vec<_>>(), STATEMENT_WORDS);
    }

    #[test]
    fn no_reserved_word_is_longer_than_the_longest() {
        assert_eq!(reserved_words().map(str::len).max(), Some(LONGEST));
    }
}
