//! How settings and parameters go together: what is required, what excludes what, what needs what.

use super::super::mistake;
use super::super::scenario::Argument;
use super::super::state::Checker;
use crate::lang::signature::{Form, Parameter, Rule};
use crate::source::Span;

/// What goes together.
pub(in crate::check) struct Together {
    pub parameters: &'static [Parameter],
    pub one_of: &'static [&'static [&'static str]],
    pub rules: &'static [Rule],
    /// Statements, or a declaration, that keep all of it.
    pub example: &'static str,
}

impl Together {
    /// The statement of the example that shows how a rule is kept.
    fn example_of(&self, rule: &Rule) -> Option<&'static str> {
        let names = rule.names();
        let shows = |line: &&str| match rule {
            Rule::Needs { .. } => names.iter().all(|name| line.split(' ').any(|word| word == *name)),
            Rule::AtLeastOne(_) => !line.contains(['{', '}']),
            Rule::AtMostOne(_) => false,
        };
        self.example.lines().find(shows)
    }
}

impl Checker<'_> {
    /// What is required, what excludes what.
    pub fn check_rules(&mut self, owner: &str, together: &Together, given: &[Argument], span: Span) {
        let Together { parameters, one_of, rules, .. } = *together;
        let has = |name: &str| given.iter().any(|argument| argument.parameter.name == name);
        for parameter in parameters {
            if parameter.required && !has(parameter.name) {
                let told = parameter.form == Form::Positional && !together.example.contains(['\n', '{']);
                let example = told.then_some(together.example);
                self.report(mistake::arguments::missing(span, owner, parameter, example));
            }
        }
        for group in one_of {
            let present: Vec<&Argument> =
                given.iter().filter(|argument| group.contains(&argument.parameter.name)).collect();
            match present.as_slice() {
                [] => self.report(mistake::arguments::one_of_missing(span, owner, group)),
                [first, second, ..] if first.parameter.name != second.parameter.name => {
                    self.report(mistake::arguments::only_one_of(second.span, first.span, group));
                }
                _ => {}
            }
        }
        // One is enough: where something lacks what it needs, the others often speak of the same.
        let needs = rules.iter().filter(|rule| matches!(rule, Rule::Needs { .. }));
        let others = rules.iter().filter(|rule| !matches!(rule, Rule::Needs { .. }));
        for rule in needs.chain(others) {
            if !rule.holds(has) {
                let names = rule.names();
                let place = given.iter().rev().find(|argument| names.contains(&argument.parameter.name));
                self.report(mistake::arguments::rule_broken(
                    place.map_or(span, |argument| argument.span),
                    owner,
                    rule,
                    together.example_of(rule),
                ));
                return;
            }
        }
    }
}
