//! The story: blocks, and the statements in them.

use super::declare::{declares_target, is_declaration};
use super::mistake;
use super::names::{Entity, Symbol, nearest};
use super::scenario::{Block, EachSource, Repeat, Step, StepKind};
use super::state::{Checker, Place, Progress, SequenceState, unknown};
use crate::diag::Diagnostic;
use crate::lang::expr::{Expr, SequenceId, VariableId};
use crate::lang::quantity::Dimension;
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast::{self, Statement, StatementKind};

impl<'a> Checker<'a> {
    /// The story, setup and cleanup, and the permits, which are said among the declarations.
    pub fn check_story(&mut self, items: &[(bool, &'a Statement)]) {
        self.place = Place::Story;
        self.siblings.push(Vec::new());
        let mut story = Block { steps: Vec::new(), span: self.sources.files()[0].span() };
        for (own, item) in items {
            match &item.kind {
                StatementKind::Permit(permit) => self.permit(permit),
                _ if is_declaration(item) || !own => {}
                StatementKind::Setup { body } => {
                    let block = self.block(body, false);
                    self.scenario.setup.push(block);
                }
                StatementKind::Cleanup { body } => {
                    let block = self.block(body, false);
                    self.scenario.cleanup.push(block);
                }
                _ => story.steps.extend(self.step(item)),
            }
        }
        self.scenario.story = story;
    }

    /// A block; what it binds is forgotten at its end. `timed` where it lasts as long as it says.
    fn block(&mut self, body: &'a ast::Block, timed: bool) -> Block {
        self.steps(&body.statements, body.span, timed)
    }

    fn steps(&mut self, statements: &'a [Statement], span: Span, timed: bool) -> Block {
        let locals = self.locals.len();
        let outer = std::mem::replace(&mut self.timed, timed);
        self.siblings.push(Vec::new());
        let steps = statements.iter().filter_map(|statement| self.step(statement)).collect();
        self.timed = outer;
        self.locals.truncate(locals);
        Block { steps, span }
    }

    fn step(&mut self, statement: &'a Statement) -> Option<Step> {
        let span = statement.span;
        let kind = self.step_kind(statement)?;
        Some(Step { kind, span })
    }

    fn step_kind(&mut self, statement: &'a Statement) -> Option<StepKind> {
        let span = statement.span;
        Some(match &statement.kind {
            StatementKind::Words(words) if declares_target(words) => return self.misplaced(statement),
            // Told where it is declared.
            StatementKind::Words(words) if super::declare::quoted_name(words).is_some() => return None,
            StatementKind::Words(words) if super::declare::without_block(words).is_some() => return None,
            StatementKind::Words(words) => {
                let told = self.tell(words, span)?;
                let mut tell = told.tell;
                tell.checks = told.answer;
                StepKind::Tell(tell)
            }
            StatementKind::Load(load) => match self.load(load, span) {
                Some(load) => StepKind::Load(Box::new(load)),
                None => {
                    self.unread_loads.push(load.subject.text.clone());
                    return None;
                }
            },
            StatementKind::Expect(expect) => StepKind::Expect(self.expectation(expect, span)),
            StatementKind::Phase { name, duration, body } => {
                let place = name.span;
                let name = self.shown_text(name, "a name");
                let duration = duration
                    .as_ref()
                    .map(|duration| self.positive_duration(duration, "how long the phase lasts"));
                self.note_phase(place, &name, duration.as_ref());
                let timed = duration.is_some();
                StepKind::Phase { name, duration, body: self.block(body, timed) }
            }
            StatementKind::Repeat { count, body } => {
                let count = self.repeat(count);
                StepKind::Repeat { count, body: self.block(body, false) }
            }
            StatementKind::ForEach { variable, source, body } => self.for_each(variable, source, body),
            StatementKind::Parallel { body } => {
                let branches = body.statements.iter().map(|branch| match &branch.kind {
                    StatementKind::Group { body } => self.block(body, false),
                    _ => self.steps(std::slice::from_ref(branch), branch.span, false),
                });
                StepKind::Parallel { branches: branches.collect() }
            }
            StatementKind::Group { body } => StepKind::Group(self.block(body, false)),
            StatementKind::Every { period, body } => {
                let period = self.positive_duration(period, "`every`");
                StepKind::Every { period, body: self.block(body, false) }
            }
            StatementKind::At { time, body } => {
                let time = self.value(time);
                self.expect_duration(&time, "`at`");
                StepKind::At { time, body: self.block(body, false) }
            }
            StatementKind::Choose { branches, .. } => {
                let branches = branches.iter().filter_map(|branch| self.branch(branch)).collect();
                StepKind::Choose(branches)
            }
            StatementKind::Do { sequence, arguments } => self.call_sequence(sequence, arguments, span)?,
            StatementKind::Wait { duration } => {
                let wait = self.value(duration);
                self.expect_duration(&wait, "`wait`");
                StepKind::Wait(wait)
            }
            StatementKind::WaitUntil { condition, max } => {
                let condition = self.condition(condition);
                let max = max.as_ref().map(|max| self.positive_duration(max, "`max`"));
                StepKind::WaitUntil { condition, max }
            }
            StatementKind::Run { command, timeout } => {
                let command = self.text(command);
                if command.ty != Type::Unknown {
                    self.command(&command);
                }
                let timeout = timeout.as_ref().map(|timeout| self.positive_duration(timeout, "`timeout`"));
                StepKind::Run { command, timeout }
            }
            StatementKind::Note { text } => StepKind::Note(self.shown_text(text, "a note")),
            StatementKind::Bad { body, words } => {
                if let [load, name, ..] = words.as_slice()
                    && load.text == "load"
                {
                    self.unread_loads.push(name.text.clone());
                }
                if let [phase, name, ..] = words.as_slice()
                    && phase.text == "phase"
                {
                    self.unread_phases.push(name.text.clone());
                }
                self.unread(body.as_ref(), words);
                return None;
            }
            _ => return self.misplaced(statement),
        })
    }

    /// What stands in a statement that could not be read is checked all the same, and comes to nothing.
    fn unread(&mut self, body: Option<&'a ast::Block>, words: &'a [ast::Name]) {
        let (Some(body), first) = (body, words.first().map_or("", |word| word.text.as_str())) else { return };
        // What a declaration binds in its block is not known.
        if super::declare::declares_unread(first) || crate::kinds::find(first).is_some() {
            return;
        }
        let locals = self.locals.len();
        let bound = words.iter().skip(1).find(|word| word.text != "each");
        if let Some(bound) =
            bound.filter(|bound| first == "for" && !crate::lang::words::is_reserved(&bound.text))
        {
            self.bind(bound, Type::Unknown);
        }
        self.block(body, true);
        self.locals.truncate(locals);
    }

    fn misplaced(&mut self, statement: &Statement) -> Option<StepKind> {
        let finding = match &statement.kind {
            StatementKind::Think { duration } => {
                mistake::place::think_in_story(statement.span, self.sources.text(duration.span))
            }
            StatementKind::Check { .. } | StatementKind::Capture { .. } => {
                mistake::place::only_in_action(statement.span)
            }
            StatementKind::Setup { .. } | StatementKind::Cleanup { .. } => {
                mistake::place::only_at_top(statement.span)
            }
            _ => mistake::place::declared_in_block(statement.span),
        };
        if let StatementKind::Metric { name, .. }
        | StatementKind::Let { name, .. }
        | StatementKind::Param { name, .. }
        | StatementKind::Secret { name, .. }
        | StatementKind::Action { name, .. }
        | StatementKind::Mix { name, .. } = &statement.kind
        {
            // What stands below may use it.
            let symbol = Symbol { entity: Entity::Unknown, span: name.span, sort: "name", used: true };
            let _ = self.symbols.declare(&name.text, symbol);
        }
        self.report(finding);
        None
    }

    fn repeat(&mut self, count: &ast::Repeat) -> Repeat {
        match count {
            ast::Repeat::Times(times) => {
                let times = self.value(times);
                self.expect_count(&times, "how many times", 0);
                Repeat::Times(times)
            }
            ast::Repeat::For(duration) => {
                if let ast::ExprKind::Quantity(_) = duration.kind
                    && let Some(count) = super::infer::constant_quantity(&self.value(duration))
                    && count.dimension == Dimension::NONE
                {
                    let written = self.sources.text(duration.span);
                    self.report(mistake::time::loop_without_unit(duration.span, written));
                    return Repeat::For(unknown(duration.span));
                }
                Repeat::For(self.positive_duration(duration, "how long the loop lasts"))
            }
            ast::Repeat::Until { condition, max } => {
                let condition = self.condition(condition);
                let max = max.as_ref().map(|max| self.positive_duration(max, "`max`"));
                Repeat::Until { condition, max }
            }
        }
    }

    fn for_each(
        &mut self,
        variable: &'a ast::Name,
        source: &'a ast::EachSource,
        body: &'a ast::Block,
    ) -> StepKind {
        let (source, ty) = match source {
            ast::EachSource::List(list) => {
                let list = self.value(list);
                self.no_secret(&list, "a list");
                let ty = match &list.ty {
                    Type::List(element) => (**element).clone(),
                    Type::Unknown => Type::Unknown,
                    _ => {
                        self.report(mistake::types::not_a_list(&list));
                        Type::Unknown
                    }
                };
                (EachSource::List(list), ty)
            }
            ast::EachSource::Table(table) => self.table(table),
        };
        let locals = self.locals.len();
        let variable = self.bind(variable, ty);
        let body = self.block(body, false);
        self.locals.truncate(locals);
        StepKind::ForEach { variable, source, body }
    }

    /// A word in a cell that is no name of anything: a text without its quotes.
    fn text_in_cell(&self, cell: &ast::Expr) -> Option<Diagnostic> {
        let ast::ExprKind::Name(name) = &cell.kind else { return None };
        let known = self.is_value_name(name)
            || self.symbols.peek(name).is_some()
            || matches!(name.as_str(), "scratch" | "true" | "false" | "machine" | "elapsed")
            || self.nearest_name(name, "name").is_some();
        (!known).then(|| mistake::names::text_without_quotes(cell.span, name, '"'))
    }

    fn table(&mut self, table: &'a ast::Table) -> (EachSource, Type) {
        let mut types = vec![Type::Unknown; table.header.len()];
        let mut rows = Vec::new();
        let mut seen: Vec<&ast::Name> = Vec::new();
        for name in &table.header {
            if let Some(first) = seen.iter().find(|other| other.text == name.text) {
                self.report(mistake::names::declared_twice(name.span, &name.text, first.span));
            }
            seen.push(name);
        }
        for row in &table.rows {
            if row.cells.len() != table.header.len() {
                self.report(mistake::load::cells(row.span, row.cells.len(), table.header.len()));
                continue;
            }
            let mut cells = Vec::new();
            for (index, cell) in row.cells.iter().enumerate() {
                if let Some(found) = self.text_in_cell(cell) {
                    self.report(found);
                    cells.push(unknown(cell.span));
                    continue;
                }
                let value = self.value(cell);
                self.no_secret(&value, "a table");
                match super::infer::unify(&types[index], &value.ty) {
                    Some(ty) => types[index] = ty,
                    None => {
                        let name = &table.header[index];
                        self.report(mistake::types::mixed_column(
                            value.span,
                            &value.ty,
                            &types[index],
                            &name.text,
                        ));
                    }
                }
                cells.push(value);
            }
            rows.push((cells, row.span));
        }
        for (name, ty) in table.header.iter().zip(&types) {
            self.note_typed(name.span, Some(name.span), &format!("column {}", name.text), ty);
        }
        let columns: Vec<String> = table.header.iter().map(|name| name.text.clone()).collect();
        let ty = Type::Row(columns.iter().cloned().zip(types).collect());
        (EachSource::Table { columns, rows }, ty)
    }

    fn branch(&mut self, branch: &'a ast::Branch) -> Option<(f64, Step)> {
        let weight = self.value(&branch.weight);
        let number = super::infer::constant_quantity(&weight)
            .filter(|weight| weight.dimension == crate::lang::quantity::Dimension::NONE)
            .map(|weight| weight.to_f64())
            .filter(|weight| *weight > 0.0);
        if number.is_none() && weight.ty != Type::Unknown {
            self.report(mistake::load::bad_weight(weight.span));
        }
        let step = self.step(&branch.statement)?;
        Some((number?, step))
    }

    fn call_sequence(
        &mut self,
        name: &ast::Name,
        arguments: &'a [ast::Argument],
        span: Span,
    ) -> Option<StepKind> {
        let id = match self.entity(name, "sequence")? {
            Entity::Sequence(id) => id,
            Entity::Unknown => return None,
            _ => {
                let sort = self.sort_of(&name.text);
                self.report(mistake::names::wrong_sort(name.span, &name.text, sort, &["sequence"]));
                return None;
            }
        };
        let values = self.sequence_arguments(id, arguments, span)?;
        let types = self.parameter_types(id, &values);
        self.sequence_body(id, types, name.span)?;
        for (index, value) in values.iter().enumerate() {
            let Progress::Done(types) = &self.sequences[id.index()].state else { break };
            let wanted = types[index].clone();
            if super::infer::unify(&wanted, &value.ty).is_none() {
                let parameter = self.sequences[id.index()].parameters[index].name.text.clone();
                let likely = super::infer::likely_literal(value, &wanted, super::infer::Meant::Lasting);
                self.report(mistake::types::wrong_for(value, &format!("`{parameter}`"), &wanted, likely));
            }
        }
        let variables: Vec<VariableId> = self.scenario.sequences[id.index()].parameters.clone();
        Some(StepKind::Do { sequence: id, arguments: variables.into_iter().zip(values).collect() })
    }

    /// The values of a sequence's parameters, given or default.
    fn sequence_arguments(
        &mut self,
        id: SequenceId,
        arguments: &'a [ast::Argument],
        span: Span,
    ) -> Option<Vec<Expr>> {
        let parameters = self.sequences[id.index()].parameters;
        let sequence = &self.sequences[id.index()].name.text;
        let mut given: Vec<Option<Expr>> = vec![None; parameters.len()];
        let mut wrong = false;
        for (place, argument) in arguments.iter().enumerate() {
            let names: Vec<&str> = parameters.iter().map(|parameter| parameter.name.text.as_str()).collect();
            let index = match &argument.name {
                Some(name) => parameters.iter().position(|parameter| parameter.name.text == name.text),
                None => (place < parameters.len()).then_some(place),
            };
            let value = self.value(&argument.value);
            self.no_secret(&value, "an argument");
            if let (Some(name), Some(index)) = (&argument.name, index) {
                let declared = Some(parameters[index].name.span);
                self.note_typed(name.span, declared, &name.text, &value.ty);
            }
            match index {
                Some(index) if given[index].is_some() => {
                    self.report(mistake::arguments::given_twice(argument.value.span, names[index], None));
                    wrong = true;
                }
                Some(index) => given[index] = Some(value),
                None => {
                    if let Some(name) = argument.name.as_ref().filter(|_| parameters.is_empty()) {
                        self.report(mistake::arguments::without_parameters(
                            name.span,
                            (&sequence.clone(), self.sequences[id.index()].name.span),
                            &name.text,
                            self.sources.text(argument.value.span),
                        ));
                        wrong = true;
                        continue;
                    }
                    let (span, text) = argument
                        .name
                        .as_ref()
                        .map_or((argument.value.span, ""), |name| (name.span, name.text.as_str()));
                    let meant = nearest(text, names.iter().copied());
                    self.report(mistake::arguments::no_such_parameter(span, sequence, text, meant, &names));
                    wrong = true;
                }
            }
        }
        for (index, parameter) in parameters.iter().enumerate() {
            if given[index].is_none() {
                match &parameter.default {
                    Some(default) => {
                        let value = self.at_place(Place::Fixed, |checker| checker.value(default));
                        given[index] = Some(value);
                    }
                    None if !wrong => {
                        self.report(mistake::arguments::parameter_missing(
                            span,
                            sequence,
                            &parameter.name.text,
                        ));
                        wrong = true;
                    }
                    None => {}
                }
            }
        }
        (!wrong).then(|| given.into_iter().map(|value| value.unwrap_or_else(|| unknown(span))).collect())
    }

    /// The types of a sequence's parameters: those of the defaults, otherwise of the first call's values.
    fn parameter_types(&mut self, id: SequenceId, values: &[Expr]) -> Vec<Type> {
        let parameters = self.sequences[id.index()].parameters;
        let before = self.found.len();
        let types = parameters.iter().zip(values).map(|(parameter, value)| match &parameter.default {
            Some(default) => self.at_place(Place::Fixed, |checker| checker.value(default)).ty,
            None => value.ty.clone(),
        });
        let types = types.collect();
        // What is wrong in a default was told when the arguments were put together.
        self.found.truncate(before);
        types
    }

    /// Checks a sequence's body once, with the types that its first call gives.
    fn sequence_body(&mut self, id: SequenceId, types: Vec<Type>, call: Span) -> Option<()> {
        match std::mem::replace(&mut self.sequences[id.index()].state, Progress::Busy) {
            Progress::Done(types) => self.sequences[id.index()].state = Progress::Done(types),
            Progress::Busy => {
                let name = self.sequences[id.index()].name;
                // The calls that lead from it to this one.
                let from = self.calls.iter().rposition(|(called, _)| *called == id).map_or(0, |at| at + 1);
                let between: Vec<Span> = self.calls[from..].iter().map(|(_, place)| *place).collect();
                self.report(mistake::names::calls_itself(call, &name.text, name.span, &between));
                return None;
            }
            Progress::Waiting => {
                let outer = std::mem::take(&mut self.locals);
                let timed = std::mem::replace(&mut self.timed, false);
                let SequenceState { parameters, body, .. } = self.sequences[id.index()];
                let mut variables = Vec::new();
                for (parameter, ty) in parameters.iter().zip(&types) {
                    variables.push(self.bind(&parameter.name, ty.clone()));
                }
                self.calls.push((id, call));
                let block = self.block(body, false);
                self.calls.pop();
                self.scenario.sequences[id.index()].parameters = variables;
                self.scenario.sequences[id.index()].body = block;
                self.locals = outer;
                self.timed = timed;
                self.sequences[id.index()].state = Progress::Done(types);
            }
        }
        Some(())
    }

    /// Sequences that nothing calls are checked all the same, with what their defaults say.
    pub fn check_uncalled_sequences(&mut self) {
        for index in 0..self.sequences.len() {
            if matches!(self.sequences[index].state, Progress::Waiting) {
                let parameters = self.sequences[index].parameters;
                let types = parameters.iter().map(|parameter| match &parameter.default {
                    Some(default) => self.at_place(Place::Fixed, |checker| checker.value(default)).ty,
                    None => Type::Unknown,
                });
                let types = types.collect();
                let span = self.sequences[index].name.span;
                self.sequence_body(SequenceId(index as u32), types, span);
            }
        }
    }
}
