//! Conditions, and when they must hold.

use super::{Rewrite, rewrite};

const LAST: &str = "when it must hold is said last";
const NEVER: &str = "what must never hold is the opposite of what must `always`";
const NONE: &str = "that there are none is a comparison";
const ENDS: &str = "what is judged at the end of the block is judged `at end`";
const WINDOW: &str = "the window of a reading stands right behind it";
const NAMED: &str = "the name of an expectation ends with `:`";
const FIRST: &str = "the name of an expectation stands before its condition";
const WARNS: &str = "what only warns is a `want`";
const ENDS_RUN: &str = "what ends the run where it does not hold is a `require`";
const NAME: &str = "the name of an expectation is a text";
const ONE: &str = "when a condition must hold is said once";
const STRETCH: &str = "how long it must hold stands before the time by which it must";
const STRETCHED: &str = "how long it must hold stands behind `for`";
const BELOW: &str = "this comparison is written `<`";
const ABOVE: &str = "this comparison is written `>`";
const LEAST: &str = "this comparison is written `>=`";
const MOST: &str = "this comparison is written `<=`";
const EQUAL: &str = "this comparison is written `==`";
const OTHER: &str = "this comparison is written `!=`";
const AMONG: &str = "one of several is asked for with `in`";
const FUNCTION: &str = "a function has what it is of in parentheses";

pub(super) const EXPECTATIONS: &[Rewrite] = &[
    rewrite("want|expect|require T within D : *", "$1 $2: $6 within $4", LAST),
    rewrite("want|expect|require T : within D : *", "$1 $2: $7 within $5", LAST),
    rewrite("want|expect|require T : within D *", "$1 $2: $6 within $5", LAST),
    rewrite("want|expect|require T for D : *", "$1 $2: $6 for $4", LAST),
    rewrite("want|expect|require T always|sometimes : *", "$1 $2: $5 $3", LAST),
    rewrite(
        "want|expect|require T : always P <|>|<=|>=|==|!= V tolerate D END",
        "$1 $2: $5 $6 $7 always tolerate $9",
        LAST,
    ),
    rewrite(
        "want|expect|require T : always W ( P ) <|>|<=|>=|==|!= V tolerate D END",
        "$1 $2: $5($7) $9 $10 always tolerate $12",
        LAST,
    ),
    rewrite("want|expect|require T : always|sometimes *", "$1 $2: $5 $4", LAST),
    rewrite("want|expect|require T : eventually *", "$1 $2: $5 within 1m", LAST),
    rewrite("want|expect|require T : never *", "$1 $2: not ($5) always", LAST),
    rewrite("want|expect|require T : P <|>|<=|>=|==|!= V never END", "$1 $2: not ($4 $5 $6) always", NEVER),
    rewrite("want|expect|require T : no P END", "$1 $2: $5 == 0", NONE),
    rewrite("want|expect|require no P END", "$1 $3 == 0", NONE),
    rewrite("end|END END", "at end", ENDS),
    rewrite("at end of phase|block|run|test END", "at end", ENDS),
    rewrite("at end of the phase|block|run|test END", "at end", ENDS),
    rewrite("at the end of phase|block|run|test END", "at end", ENDS),
    rewrite("at the end of the phase|block|run|test END", "at end", ENDS),
    rewrite("P <|>|<=|>=|==|!= V in|over|during|for|within the last|past D END", "$1 over $7 $2 $3", WINDOW),
    rewrite("P <|>|<=|>=|==|!= V in|over|during|for|within last|past D END", "$1 over $6 $2 $3", WINDOW),
    rewrite(
        "W ( P ) <|>|<=|>=|==|!= V in|over|during|for|within the last|past D END",
        "$1($3 over $9) $5 $6",
        WINDOW,
    ),
    rewrite(
        "W ( P ) <|>|<=|>=|==|!= V in|over|during|for|within last|past D END",
        "$1($3 over $8) $5 $6",
        WINDOW,
    ),
    rewrite("within D for D END", "for $4 within $2", STRETCH),
    rewrite("always|sometimes within|for D END", "$2 $3", ONE),
    rewrite("within D always|sometimes END", "within $2", ONE),
    rewrite("P <|>|<=|>=|==|!= V during|in|within T END", "$1 in $5 $2 $3", WINDOW),
    rewrite("P <|>|<=|>=|==|!= V during|in|within phase T END", "$1 in $6 $2 $3", WINDOW),
    rewrite("W ( P ) <|>|<=|>=|==|!= V during|in|within T END", "$1($3 in $8) $5 $6", WINDOW),
    rewrite("W ( P ) <|>|<=|>=|==|!= V during|in|within phase T END", "$1($3 in $9) $5 $6", WINDOW),
    rewrite("want|expect|require P <|>|<=|>=|==|!= V T END", "$1 $5: $2 $3 $4", FIRST),
    rewrite("want|expect|require W ( P ) <|>|<=|>=|==|!= V T END", "$1 $8: $2($4) $6 $7", FIRST),
    rewrite("want|expect|require P T END", "$1 $3: $2", FIRST),
    rewrite("want|expect|require P else|,|or T END", "$1 $4: $2", FIRST),
    rewrite("want|expect|require P <|>|<=|>=|==|!= V else|,|or T END", "$1 $6: $2 $3 $4", FIRST),
    rewrite("expect|require warn|soft|should|optional T : *", "want $3: $5", WARNS),
    rewrite("expect|require warn|soft|should|optional *", "want $3", WARNS),
    rewrite(
        "want|expect|require T : P <|>|<=|>=|==|!= V ->|else warn|warning END",
        "want $2: $4 $5 $6",
        WARNS,
    ),
    rewrite(
        "want|expect|require T : P <|>|<=|>=|==|!= V ->|else fail|error|abort END",
        "require $2: $4 $5 $6",
        ENDS_RUN,
    ),
    rewrite("always|sometimes D END", "for $2", STRETCHED),
    rewrite("want|expect|require ( P ) . toBe|toEqual|equals|equal ( true|false ) END", "$1 $3 == $8", EQUAL),
    rewrite("want|expect|require ( P ) . toBe|toEqual|equals|equal ( V ) END", "$1 $3 == $8", EQUAL),
    rewrite("want|expect|require ( P ) . toBeLessThan|toBeBelow ( V ) END", "$1 $3 < $8", BELOW),
    rewrite("want|expect|require ( P ) . toBeGreaterThan|toBeAbove ( V ) END", "$1 $3 > $8", ABOVE),
    rewrite("want|expect|require W : *", "$1 \"$2\": $4", NAME),
    rewrite("want|expect|require T : at end *", "$1 $2: $6 at end", LAST),
    rewrite("want|expect|require always|sometimes *", "$1 $3 $2", LAST),
    rewrite("want|expect|require eventually *", "$1 $3 within 1m", LAST),
    rewrite("want|expect|require never *", "$1 not ($3) always", LAST),
    rewrite("want|expect|require T ,|=|-|-> *", "$1 $2: $4", NAMED),
    rewrite("want|expect|require T that|if|when *", "$1 $2: $4", NAMED),
    rewrite("want|expect|require that|if *", "$1 $3", "a condition stands right behind the word"),
    rewrite("during|lasting D END", "for $2", "how long it must hold stands behind `for`"),
    rewrite("after|before|by D END", "within $2", "until when it must hold stands behind `within`"),
    rewrite("within|in|for up to D END", "within $4", "until when it must hold stands behind `within`"),
    rewrite("eventually END", "within 1m", "until when it must hold stands behind `within`"),
    rewrite(
        "throughout|continuously|constantly|forever END",
        "always",
        "what must hold all the time holds `always`",
    ),
    rewrite("at the end END", "at end", "what is judged at the end of the block is judged `at end`"),
    rewrite("finally END", "at end", "what is judged at the end of the block is judged `at end`"),
];

pub(super) const COMPARISONS: &[Rewrite] = &[
    rewrite(
        "P p50|p75|p90|p95|p99|p999|avg|mean|max|min|growth|delta|rate|sum|count|last <|<=|>|>=",
        "$2($1) $3",
        FUNCTION,
    ),
    rewrite(
        "p50|p75|p90|p95|p99|p999|avg|mean|max|min|growth|delta|rate|sum|count|last P <|<=|>|>=",
        "$1($2) $3",
        FUNCTION,
    ),
    rewrite("in ( V , V )", "in [$3, $5]", AMONG),
    rewrite("in ( V , V , V )", "in [$3, $5, $7]", AMONG),
    rewrite("in { V , V }", "in [$3, $5]", AMONG),
    rewrite("is between V and V", "in $3..$5", AMONG),
    rewrite("between V and V", "in $2..$4", AMONG),
    rewrite("to|should|must be less|lower|smaller|fewer than", "<", BELOW),
    rewrite("to|should|must be below|under", "<", BELOW),
    rewrite("to|should|must be greater|more|higher|larger|bigger than", ">", ABOVE),
    rewrite("to|should|must be above|over", ">", ABOVE),
    rewrite("to|should|must be at least", ">=", LEAST),
    rewrite("to|should|must be at most", "<=", MOST),
    rewrite("to|should|must be|equal", "==", EQUAL),
    rewrite("is less|lower|smaller|fewer than", "<", BELOW),
    rewrite("less|lower|smaller|fewer than", "<", BELOW),
    rewrite("is below|under", "<", BELOW),
    rewrite("below|under|lt", "<", BELOW),
    rewrite("is greater|more|higher|larger|bigger than", ">", ABOVE),
    rewrite("greater|more|higher|larger|bigger than", ">", ABOVE),
    rewrite("is above|over", ">", ABOVE),
    rewrite("above|exceeds|gt", ">", ABOVE),
    rewrite("is at least", ">=", LEAST),
    rewrite("at least", ">=", LEAST),
    rewrite("gte|ge", ">=", LEAST),
    rewrite("is at most", "<=", MOST),
    rewrite("at most", "<=", MOST),
    rewrite("lte|le", "<=", MOST),
    rewrite("is not equal to", "!=", OTHER),
    rewrite("is not", "!=", OTHER),
    rewrite("not equal|equals", "!=", OTHER),
    rewrite("ne", "!=", OTHER),
    rewrite("is one of", "in", AMONG),
    rewrite("one of", "in", AMONG),
    rewrite("is in", "in", AMONG),
    rewrite("is equal to", "==", EQUAL),
    rewrite("equal|equals to", "==", EQUAL),
    rewrite("is|equals|equal|eq", "==", EQUAL),
    rewrite("< =", "<=", MOST),
    rewrite("> =", ">=", LEAST),
];
