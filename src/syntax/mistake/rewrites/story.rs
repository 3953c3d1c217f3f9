//! Loads, pauses, blocks and calls.

use super::{Rewrite, rewrite};

const RAMP: &str = "a rate that changes goes from one to the other with `->`";
const USER_RAMP: &str = "a number of users that changes goes from one to the other with `->`";
const USERS: &str = "the users of a load stand behind `with`, as `users`";
const RATE: &str = "the rate of a load stands behind `at`";
const DURATION: &str = "how long a load lasts stands behind `for`";
const TIMES: &str = "a number of iterations is one of `times`";
const RANGE: &str = "a range is written with `..`";

pub(super) const LOADS: &[Rewrite] = &[
    rewrite("at Q ramp|ramping|rising|growing|up|climbing to Q", "at $2 -> $5", RAMP),
    rewrite("ramp|ramping from Q to|-> Q", "at $3 -> $5", RAMP),
    rewrite("until|till D END", "for $2", DURATION),
    rewrite("with max|up N users", "with $3 users", USERS),
    rewrite("with up to N users", "with $4 users", USERS),
    rewrite(
        "at poisson|random|exponential R",
        "at $3 poisson",
        "how arrivals are spread stands behind their rate",
    ),
    rewrite(
        "warmup|warm_up|rampup|ramp_up|cooldown D",
        "",
        "a warm-up is a phase of its own, before the one that is judged",
    ),
    rewrite(
        "load W ,|and|& W",
        "load name",
        "several actions are loaded by a mix: `mix name { 50% one; 50% other }`",
    ),
    rewrite("load W R END", "load $2 at $3", RATE),
    rewrite("at Q D END", "at $2 for $3", DURATION),
    rewrite("with N users D END", "with $2 users for $4", DURATION),
    rewrite("shape|shapes|curve|following|follows W", "shaped $2", "a load that follows a curve is `shaped`"),
    rewrite("at Q -> Q in|within|during D END", "at $2 -> $4 for $6", DURATION),
    rewrite("load W R for|max|shaped|poisson *", "load $2 at $3 $4 $5", RATE),
    rewrite("at Q to|until|upto Q", "at $2 -> $4", RAMP),
    rewrite("from Q to|-> R", "at $2 -> $4", RAMP),
    rewrite("ramp|ramping N to|-> N users|vus|VUs", "with $2 users -> $4 users", USER_RAMP),
    rewrite("ramp|ramping to N users|vus|VUs", "with 0 users -> $3 users", USER_RAMP),
    rewrite("ramp|ramping R to|-> R", "at $2 -> $4", RAMP),
    rewrite("from N to|-> N users", "with $2 users -> $4 users", USER_RAMP),
    rewrite("with N users|vus|VUs to|-> N users|vus|VUs", "with $2 users -> $5 users", USER_RAMP),
    rewrite("with N users to|-> N", "with $2 users -> $5 users", USER_RAMP),
    rewrite("with N to|-> N users|vus|VUs", "with $2 users -> $4 users", USER_RAMP),
    rewrite(
        "with|max N concurrent|virtual|parallel|simultaneous|active users|clients|connections|threads",
        "$1 $2 users",
        USERS,
    ),
    rewrite("load W N users|user|vus|vu|VUs|clients|threads|workers", "load $2 with $3 users", USERS),
    rewrite(
        "with N users spawn_rate|spawn|hatch_rate|ramp_up|rampup|ramp V",
        "with 0 users -> $2 users",
        USER_RAMP,
    ),
    rewrite("users|vus|concurrency|threads|workers|clients N", "with $2 users", USERS),
    rewrite("with R", "at $2", RATE),
    rewrite("rate|rps|throughput R", "at $2", RATE),
    rewrite("duration|lasting|during|over|timeout D", "for $2", DURATION),
    rewrite("N requests|request|iterations|iters|calls|hits|reqs|time|x", "$1 times", TIMES),
    rewrite("times|iterations|count N", "$2 times", TIMES),
    rewrite("& END", "", "a load goes on beside what follows it anyway"),
    rewrite("in|the background END", "", "a load goes on beside what follows it anyway"),
    rewrite("load W N END", "load $2 with $3 users", USERS),
    rewrite("load W W END", "load $2 at $3", RATE),
    rewrite("load W once END", "load $2 1 times", TIMES),
];

pub(super) const PAUSES: &[Rewrite] = &[
    rewrite("between Q and Q", "$2..$4", RANGE),
    rewrite("random|rand|uniform|between Q ,|- Q", "$2..$4", RANGE),
    rewrite("random|rand|uniform|between Q Q", "$2..$3", RANGE),
    rewrite("Q to|and|or|until Q", "$1..$3", RANGE),
    rewrite("wait for D", "wait $3", "a pause has its duration right behind `wait`"),
    rewrite("wait for *", "wait until $3", "a condition is waited for with `until`"),
    rewrite("think for D", "think $3", "think time stands right behind `think`"),
];

const NAME_FIRST: &str = "a phase has its duration right behind its name";

pub(super) const BLOCKS: &[Rewrite] = &[
    rewrite("phase T ,|:|=|- V", "phase $2 $4", NAME_FIRST),
    rewrite("phase T during|lasting|lasts|of|duration|takes V", "phase $2 $4", NAME_FIRST),
    rewrite("phase T W :|= V", "phase $2 $5", NAME_FIRST),
    rewrite("at + D", "at $3", "a time is counted from the start of the block anyway"),
    rewrite("phase T ( V )", "phase $2 $4", NAME_FIRST),
    rewrite("phase D T", "phase $3 $2", NAME_FIRST),
    rewrite("repeat while *", "repeat until not ($3)", "a loop goes on until a condition holds"),
    rewrite("repeat every D", "every $3", "what is done again and again in the background is `every`"),
    rewrite("for W in $ ( seq N )", "repeat $7", "a loop that counts is `repeat` and a number"),
    rewrite("for W in $ ( seq N N )", "repeat $8", "a loop that counts is `repeat` and a number"),
    rewrite("for W in range ( N )", "repeat $6", "a loop that counts is `repeat` and a number"),
    rewrite("every D for D", "every $2", "a loop in the background goes on until its block ends"),
    rewrite(
        "at|every N s|sec|seconds|m|min|minutes|h|hours",
        "$1 $2$3",
        "a number and its unit are one word",
    ),
];

const NAMED: &str = "a parameter has `=` behind its name";
const ARGUMENTS: &str = "a sequence takes its values in parentheses";

pub(super) const CALLS: &[Rewrite] = &[
    rewrite("do W ( W : V )", "do $2($4 = $6)", NAMED),
    rewrite("do W ( times|users : V )", "do $2($4 = $6)", NAMED),
    rewrite("do W with W = *", "do $2($4 = $6)", ARGUMENTS),
    rewrite("do W with *", "do $2($4)", ARGUMENTS),
    rewrite("do W W = *", "do $2($3 = $5)", ARGUMENTS),
    rewrite("do W N times", "do $2(times = $3)", ARGUMENTS),
    rewrite("do W V", "do $2($3)", ARGUMENTS),
];
