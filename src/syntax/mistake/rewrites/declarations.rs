//! Declarations, settings, and what is looked at in an answer.

use super::{Rewrite, rewrite};

const CAPTURE: &str = "a capture gives a name, and behind `=` what is kept";
const SEARCHED: &str = "an expression is looked for in a text by a function";
const EQUALS: &str = "a `=` is missing between the name and its value";
const UNTYPED: &str = "the type is that of the value: between the name and the value is only `=`";
const LINES: &str = "lines of a log are counted with `lines`";
const SECRET: &str = "a secret comes from a variable of the environment";
const TITLE: &str = "what a scenario is called stands behind `scenario`";
const BARE: &str = "no mark stands between a name and its value here";
const JOINED: &str = "texts are put together by interpolation";

pub(super) const ANSWERS: &[Rewrite] = &[
    rewrite("capture P as|into|to|-> W", "capture $4 = $2", CAPTURE),
    rewrite("capture W from|of|:|with|as P", "capture $2 = $4", CAPTURE),
    rewrite("capture W = $ . *", "capture $2 = body.$6", CAPTURE),
    rewrite("capture W $ . *", "capture $2 = body.$5", CAPTURE),
    rewrite("capture W = P ~|matches|match|like T", "capture $2 = find($4, $6)", SEARCHED),
    rewrite("capture W = P = ~ T", "capture $2 = find($4, $7)", SEARCHED),
    rewrite("capture W ~|matches T", "capture $2 = find(body, $4)", SEARCHED),
    rewrite("check P = ~ T", "check matches($2, $5)", SEARCHED),
    rewrite("capture W P END", "capture $2 = $3", CAPTURE),
    rewrite("capture body . W END", "capture $4 = body.$4", CAPTURE),
    rewrite("check status N", "check status == $3", "what is checked is a condition"),
    rewrite("check status : *", "check status == $4", "what is checked is a condition"),
    rewrite("check T : *", "check $4", "a check has no name"),
    rewrite("check T , *", "check $4", "a check has no name"),
];

pub(super) const VALUES: &[Rewrite] = &[
    rewrite(
        "metric W = W query T",
        "metric $2 = sql($4, $6)",
        "a metric is taken from a database with `sql`",
    ),
    rewrite("count ( P contains|matches|~ T )", "lines($3, $5)", LINES),
    rewrite("metric W = P contains|matches|~ T", "metric $2 = lines($4, $6)", LINES),
    rewrite(
        "param W = one|any of [ V , *",
        "param $2 = $7",
        "a param has a default, and no list of what it may be",
    ),
    rewrite(
        "param W = V min|max|range|between|in *",
        "param $2 = $4",
        "a param has a default, and no bounds",
    ),
    rewrite("interval|each|per|period D END", "every $2", "how often it is sampled stands behind `every`"),
    rewrite("param|let|metric W : = *", "$1 $2 = $5", UNTYPED),
    rewrite("param|let|metric W : W = *", "$1 $2 = $6", UNTYPED),
    rewrite("param|let|metric W W = *", "$1 $3 = $5", UNTYPED),
    rewrite("param|let|metric W : *", "$1 $2 = $4", EQUALS),
    rewrite("param|let|metric W default|is|to|as *", "$1 $2 = $4", EQUALS),
    rewrite("param|let|metric W *", "$1 $2 = $3", EQUALS),
];

pub(super) const SECRETS: &[Rewrite] = &[
    rewrite("secret W = env|getenv ( T )", "secret $2 from env $6", SECRET),
    rewrite("secret W = env|getenv [ T ]", "secret $2 from env $6", SECRET),
    rewrite("secret W = env . W", "secret $2 from env \"$6\"", SECRET),
    rewrite("secret W from|=|: env ( T )", "secret $2 from env $6", SECRET),
    rewrite("secret W =|: env T", "secret $2 from env $5", SECRET),
    rewrite("secret W =|: $ W", "secret $2 from env \"$5\"", SECRET),
    rewrite("secret W from|env|in T", "secret $2 from env $4", SECRET),
    rewrite("secret W from environment|variable T", "secret $2 from env $5", SECRET),
    rewrite("secret W from W END", "secret $2 from env \"$4\"", SECRET),
    rewrite("secret W =|: T", "secret $2 from env \"$2^\"", SECRET),
    rewrite("secret W env W END", "secret $2 from env \"$4\"", SECRET),
    rewrite("secret W T", "secret $2 from env $3", SECRET),
];

const FAULTS: &str = "a fault is permitted `on` a target";
const LOADS: &str = "a load is permitted `to` a host";

pub(super) const PERMITS: &[Rewrite] = &[
    rewrite("permit fault|faults to|for|in|at|on|: W", "permit fault on $4", FAULTS),
    rewrite("permit fault|faults W", "permit fault on $3", FAULTS),
    rewrite("permit load|loads|traffic on|for|at|from|to|: T", "permit load to $4", LOADS),
    rewrite("permit load|loads|traffic T", "permit load to $3", LOADS),
    rewrite("permit to T", "permit load to $3", LOADS),
    rewrite("permit on W", "permit fault on $3", FAULTS),
    rewrite("permit W END", "permit fault on $2", FAULTS),
    rewrite("permit T", "permit load to $2", LOADS),
];

pub(super) const ANYWHERE: &[Rewrite] = &[
    rewrite("note T , P END", "note \"$2' {$4}\"", JOINED),
    rewrite("note T % P END", "note \"$2' {$4}\"", JOINED),
    rewrite("T + W ( )", "\"$1'{$3()}\"", JOINED),
    rewrite("T + W ( P )", "\"$1'{$3($5)}\"", JOINED),
    rewrite("W ( P ) + T", "\"{$1($3)}$6'\"", JOINED),
    rewrite("P + T", "\"{$1}$3'\"", JOINED),
    rewrite("T + P", "\"$1'{$3}\"", JOINED),
    rewrite(
        "headers [ T ]",
        "headers.$3~",
        "a header stands behind a dot, in small letters and with `_` for any `-`",
    ),
    rewrite("P [ T ]", "$1.$3_", "a part of a value stands behind a dot, with `_` for any `-`"),
    rewrite("$ { P }", "$3", "a value stands as it is in an object"),
    rewrite("{ P }", "$2", "a value stands as it is in an object"),
    rewrite("action|mix|curve|dataset|ledger W ( )", "$1 $2", "this declaration takes no values"),
    rewrite("action|mix|curve|dataset|ledger|sequence|param|let|metric T", "$1 $2'", "a name has no quotes"),
    rewrite("$ W", "$2'", "a name has no `$` before it"),
    rewrite("N times|time|x END", "repeat $1", "a loop that counts is `repeat` and a number"),
    rewrite("sent|received from|= *", "$1 $3", BARE),
    rewrite("scenario|include|note|run :|= T", "$1 $3", BARE),
    rewrite("name|title|test|suite|Scenario|Feature :|= T", "scenario $3", TITLE),
    rewrite("name|title|test|suite|Scenario|Feature :|= *", "scenario \"$3\"", TITLE),
    rewrite("scenario|include|note|run ( T )", "$1 $3", BARE),
    rewrite("run T timeout : D", "run $2 timeout $5", BARE),
    rewrite(
        "run T for|within|max D",
        "run $2 timeout $4",
        "how long a command may take stands behind `timeout`",
    ),
];

const STRAYS: &str = "how far it strays stands behind `jitter`";
const CALLED: &str = "what is asked stands behind the target, without a dot and parentheses";
const CALL: &str = "a sequence is called with `do`";
const TOLD: &str = "a target is told, and nothing of it is set";

pub(super) const WORDS: &[Rewrite] = &[
    rewrite("W ( ) END", "do $1()", CALL),
    rewrite("W ( V ) END", "do $1($3)", CALL),
    rewrite("W ( W = V ) END", "do $1($3 = $5)", CALL),
    rewrite("W ( times|users = V ) END", "do $1($3 = $5)", CALL),
    rewrite("W ( W = V , *", "do $1($3 = $5, $7", CALL),
    rewrite("W ( times|users = V , *", "do $1($3 = $5, $7", CALL),
    rewrite("D + - D", "$1 jitter $4", STRAYS),
    rewrite("D + / - D", "$1 jitter $5", STRAYS),
    rewrite("ready W ( T ) ==|= N", "ready $2$3$4$5", "a probe over HTTP is good when the answer is"),
    rewrite("W . W ( )", "$1 $3", CALLED),
    rewrite("W . W ( V )", "$1 $3 $5", CALLED),
    rewrite("W . get|post|put|patch|delete|head T", "$1 $3 $4", CALLED),
    rewrite("W . get|post|put|patch|delete|head ( T )", "$1 $3 $5", CALLED),
    rewrite("W . latency|loss|jitter|bandwidth|duplicate|corrupt|reorder = V", "$1 degrade $3 $5", TOLD),
    rewrite("header T =|: V", "header $2 $4", BARE),
    rewrite("header W =|: V", "header \"$2\" $4", BARE),
    rewrite("env W =|: T", "env $2 $4", BARE),
    rewrite("env W =|: V", "env $2 \"$4\"", BARE),
    rewrite("env T =|: T", "env $2' $4", BARE),
    rewrite("W ( T )", "$1 $3", "a value stands right behind its word, without parentheses"),
    rewrite("W W =|: V", "$1 $2 $4", BARE),
    rewrite("V W =|: V", "$1 $2 $4", BARE),
    rewrite("W : V", "$1 $3", BARE),
    rewrite("W W -> W", "$1 $2, $4", "two values of one setting have a comma between them"),
    rewrite("T =|: V", "$1 $3", BARE),
    rewrite("Q to Q", "$1..$3", "a range is written with `..`"),
];
