//! What targets are declared with.

use super::arguments::{Together, Words};
use super::backend;
use super::mistake;
use super::scenario::{Argued, Argument};
use super::state::{Checker, Place};
use crate::lang::expr::TargetId;
use crate::source::Span;
use crate::syntax::ast::{self, StatementKind, Word};
use std::collections::HashMap;

impl Checker<'_> {
    /// The settings of every declared target.
    pub fn check_targets(&mut self) {
        for (index, words) in self.targets.clone().into_iter().enumerate() {
            self.at_place(Place::Fixed, |checker| checker.check_target(TargetId(index as u32), words));
        }
    }

    fn check_target(&mut self, id: TargetId, words: &ast::Words) {
        let kind = self.scenario.target(id).kind;
        let name = self.scenario.target(id).name.clone();
        let owner = format!("{} `{name}`", kind.name);
        let mut given = Vec::new();
        let before = self.found.len();
        let mut unread = false;
        let statements = words.body.iter().flat_map(|body| &body.statements);
        for statement in statements {
            match &statement.kind {
                StatementKind::Words(setting) => {
                    self.check_setting(kind, setting, statement.span, &mut given)
                }
                StatementKind::Run { command, timeout } => {
                    let word = ast::Name {
                        text: "run".into(),
                        span: Span::new(statement.span.start, statement.span.start + 3),
                    };
                    let value = ast::Expr { kind: ast::ExprKind::Text(command.clone()), span: command.span };
                    let list = [Word::Value(value)];
                    self.setting_arguments(
                        kind.name,
                        kind.settings,
                        &word,
                        Words::new(&list, statement.span),
                        &mut given,
                    );
                    if let Some(timeout) = timeout {
                        self.report(mistake::arguments::not_a_setting(timeout.span, kind.name));
                    }
                }
                StatementKind::Bad { .. } => unread = true,
                _ => self.report(mistake::arguments::not_a_setting(statement.span, kind.name)),
            }
        }
        if self.found.len() > before || unread {
            self.half_known.insert(id);
        } else {
            let span = words.second.as_ref().map_or(words.first.span, |name| name.span);
            let together = Together {
                parameters: kind.settings,
                one_of: kind.one_of,
                rules: kind.rules,
                example: kind.example,
            };
            self.check_rules(&owner, &together, &given, span);
            self.check_environment(&given);
        }
        self.scenario.targets[id.index()].settings = given;
        let target = self.scenario.target(id);
        if self.half_known.contains(&id) {
            return;
        }
        if let Some(finding) = backend::setting_mistake(target) {
            self.report(finding);
        }
    }

    /// A variable of the environment that is given twice.
    fn check_environment(&mut self, given: &[Argument]) {
        let mut names: HashMap<&str, Span> = HashMap::new();
        for setting in given.iter().filter(|setting| setting.parameter.name == "env") {
            let Some(Argued::Word(name)) = setting.values.first() else { continue };
            let first = *names.entry(name).or_insert(setting.span);
            if first != setting.span {
                let what = format!("env {name}");
                self.report(mistake::arguments::given_twice(setting.span, &what, Some(first)));
            }
        }
    }

    fn check_setting(
        &mut self,
        kind: &'static crate::lang::signature::Kind,
        setting: &ast::Words,
        span: Span,
        given: &mut Vec<Argument>,
    ) {
        if let Some(duration) = &setting.duration {
            self.report(mistake::arguments::setting_lasts(duration.span, &setting.first.text));
        }
        if let Some(body) = &setting.body {
            self.report(mistake::arguments::no_block(body.span, &setting.first.text));
        }
        let second = setting.second.clone().map(Word::Plain);
        let words = Words::new(second.iter().chain(&setting.arguments), Span::at(span.end));
        self.setting_arguments(kind.name, kind.settings, &setting.first, words, given);
    }
}
