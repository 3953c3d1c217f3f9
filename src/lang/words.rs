//! The words of the language itself, which no kind declares: those that open a statement, and those that stand
//! inside one.

/// The words that open a statement.
pub const STATEMENT_WORDS: &[&str] = &[
    "scenario", "include", "param", "let", "secret", "permit", "metric", "ledger", "action", "mix", "curve",
    "dataset", "sequence", "setup", "cleanup", "phase", "repeat", "for", "parallel", "every", "at", "choose",
    "do", "wait", "run", "note", "want", "expect", "require", "load", "check", "capture", "think",
];

/// The words inside a statement that cannot be a name either.
pub const INNER_WORDS: &[&str] = &[
    "in",
    "over",
    "for",
    "at",
    "end",
    "within",
    "always",
    "sometimes",
    "tolerate",
    "show",
    "every",
    "with",
    "users",
    "times",
    "max",
    "shaped",
    "poisson",
    "once",
    "and",
    "or",
    "not",
];

/// The words inside a statement that mean something there only, and can be a name elsewhere.
pub const OTHER_WORDS: &[&str] = &[
    "each", "until", "from", "env", "to", "on", "fault", "timeout", "file", "order", "sent", "received",
    "hold",
];

/// The two truth values.
pub const TRUTH_WORDS: &[&str] = &["true", "false"];

/// Whether a word cannot be declared as a name.
pub fn is_reserved(word: &str) -> bool {
    [STATEMENT_WORDS, INNER_WORDS, TRUTH_WORDS].iter().any(|words| words.contains(&word))
}
