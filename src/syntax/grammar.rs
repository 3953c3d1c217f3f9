//! The parser that pest makes of `grammar/soak.pest`.

#![allow(missing_docs)]

use pest_derive::Parser;

#[derive(Parser)]
#[grammar = "../grammar/soak.pest"]
pub(super) struct Grammar;

/// Whether a pair of this rule carries something; the others are keywords and ends.
pub(super) fn carries(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::word
            | Rule::text
            | Rule::expression
            | Rule::arithmetic
            | Rule::parameter
            | Rule::arguments
            | Rule::with_value
            | Rule::repeat_until
            | Rule::repeat_for
            | Rule::wait_until
            | Rule::title
            | Rule::qualifier
            | Rule::tolerated
            | Rule::shown
            | Rule::clause
            | Rule::argument
            | Rule::cell
            | Rule::time_of_day
            | Rule::value
            | Rule::named
            | Rule::entry
    )
}
