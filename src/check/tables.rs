//! Mixes, curves and datasets: what loads are shaped by and fed from.

use super::files::beside;
use super::mistake;
use super::names::{Entity, nearest};
use super::scenario::DatasetOrder;
use super::state::{Checker, Place};
use crate::diag::Diagnostic;
use crate::lang::expr::Expr;
use crate::lang::quantity::Quantity;
use crate::lang::types::Type;
use crate::source::Span;
use crate::syntax::ast::{self, Statement, StatementKind, Word};
use num_rational::Ratio;

/// The length of a curve as it is written, in seconds: from 00:00 to 24:00.
const DAY: u32 = 86_400;

impl Checker<'_> {
    /// Curves and datasets, which need nothing but constants.
    pub fn check_tables(&mut self) {
        self.at_place(Place::Fixed, |checker| {
            for (index, table) in checker.curves.clone().into_iter().enumerate() {
                let points = checker.curve_points(table);
                checker.scenario.curves[index].points = points;
            }
            for (index, (settings, span)) in checker.datasets.clone().into_iter().enumerate() {
                checker.dataset(index, settings, span);
            }
        });
    }

    fn curve_points(&mut self, table: &ast::Table) -> Vec<(f64, f64)> {
        let header: Vec<&str> = table.header.iter().map(|name| name.text.as_str()).collect();
        if header != ["at", "level"] {
            let ends = table.header.first().zip(table.header.last());
            let span = ends.map_or(table.span, |(first, last)| first.span.to(last.span));
            self.report(mistake::load::curve_header(span, header.len()));
            return Vec::new();
        }
        let mut points: Vec<(u32, f64)> = Vec::new();
        let mut above = table.span;
        for row in &table.rows {
            let [at, level] = row.cells.as_slice() else {
                self.report(mistake::load::cells(row.span, row.cells.len(), 2));
                return Vec::new();
            };
            let ast::ExprKind::TimeOfDay(seconds) = at.kind else {
                self.report(mistake::load::curve_time(at.span));
                return Vec::new();
            };
            let level_expr = self.value(level);
            if level_expr.ty == Type::Unknown {
                return Vec::new();
            }
            let Some(share) = super::infer::constant_quantity(&level_expr)
                .filter(|q| q.dimension == crate::lang::quantity::Dimension::NONE)
            else {
                let found = mistake::types::wrong(&level_expr, "a percentage", None);
                self.report(found.help("a level is a share of the load's rate: `100%` is all of it"));
                return Vec::new();
            };
            if share.to_f64() < 0.0 {
                self.report(mistake::values::negative(
                    &level_expr,
                    "a level",
                    self.sources.text(level_expr.span),
                ));
                return Vec::new();
            }
            let written = self.sources.text(level_expr.span);
            if share.to_f64() > 1.0 && !share.percent && written.starts_with(|c: char| c.is_ascii_digit()) {
                self.report(mistake::load::bare_level(level_expr.span, written));
            }
            // A time beyond the day has been told.
            if points.last().is_some_and(|(last, _)| *last > seconds && *last <= DAY) {
                self.report(mistake::load::curve_order(at.span, above));
                return Vec::new();
            }
            points.push((seconds, share.to_f64()));
            above = at.span;
        }
        let ends = points.first().map(|point| point.0).zip(points.last().map(|point| point.0));
        if ends != Some((0, DAY)) {
            let missing = if ends.is_none_or(|(first, _)| first != 0) { "00:00" } else { "24:00" };
            let found = match table.rows.last().map(|row| row.cells.as_slice()) {
                Some([at, level]) if missing == "24:00" => {
                    let level = self.sources.text(level.span).to_string();
                    mistake::load::curve_ends_early(at.span, self.sources.text(at.span), &level)
                }
                _ => mistake::load::curve_ends(table.span, missing),
            };
            self.report(found);
            return Vec::new();
        }
        points.into_iter().map(|(at, level)| (f64::from(at) / f64::from(DAY), level)).collect()
    }

    fn dataset(&mut self, index: usize, settings: &[Statement], span: crate::source::Span) {
        let mut file = None;
        let mut misnamed = settings.iter().any(|setting| matches!(setting.kind, StatementKind::Bad { .. }));
        for statement in settings {
            let StatementKind::Words(words) = &statement.kind else { continue };
            match (words.first.text.as_str(), &words.second, words.arguments.as_slice()) {
                ("file", None, [Word::Value(value)]) => file = Some(value),
                ("order", Some(order), []) => {
                    let orders = [
                        ("random", DatasetOrder::Random),
                        ("sequential", DatasetOrder::Sequential),
                        ("once", DatasetOrder::Once),
                    ];
                    match orders.iter().find(|(name, _)| *name == order.text) {
                        Some((_, order)) => self.scenario.datasets[index].order = *order,
                        None => {
                            let names = orders.map(|(name, _)| name);
                            let meant = nearest(&order.text, names);
                            self.report(mistake::words::one_of_words(
                                order.span,
                                "order",
                                &order.text,
                                meant,
                                &names,
                            ));
                        }
                    }
                }
                (first, ..) => {
                    let names = ["file", "order"];
                    let meant = nearest(first, names);
                    let finding =
                        mistake::names::unknown_setting(words.first.span, "dataset", first, meant, &names);
                    self.report(finding);
                    misnamed = true;
                }
            }
        }
        let Some(written) = file else {
            // What is not known may have been meant for it.
            if !misnamed {
                self.report(mistake::load::dataset_without_file(span));
            }
            return;
        };
        let path = self.value(written);
        if !self.expect_type(&path, &Type::Text, "`file`") || !self.no_secret(&path, "a path") {
            return;
        }
        if let Some(text) = path.constant().and_then(|value| value.as_text()) {
            let from = self.sources.file_of(span).name();
            match self.files.first_line(&beside(from, text)) {
                Ok(line) => {
                    let columns = crate::lang::row::columns(&line);
                    self.scenario.datasets[index].columns = columns;
                }
                Err(error) => {
                    self.report(mistake::load::dataset_unreadable(written.span, text, &error.to_string()))
                }
            }
        }
        self.scenario.datasets[index].file = path;
    }

    /// Mixes: their parts are actions, and add up to 100 %.
    pub fn check_mixes(&mut self) {
        for (index, (parts, span)) in self.mixes.clone().into_iter().enumerate() {
            let mut weights: Vec<(Quantity, crate::lang::expr::ActionId)> = Vec::new();
            let mut wrong = false;
            if let Some(found) = self.bare_weights(parts) {
                self.report(found);
                continue;
            }
            for part in parts {
                let weight = self.at_place(Place::Fixed, |checker| checker.value(&part.weight));
                let action = match self.entity(&part.action, "action") {
                    Some(Entity::Action(action)) => Some(action),
                    None | Some(Entity::Unknown) => None,
                    Some(_) => {
                        let sort = self.sort_of(&part.action.text);
                        self.report(mistake::names::wrong_sort(
                            part.action.span,
                            &part.action.text,
                            sort,
                            &["action"],
                        ));
                        None
                    }
                };
                match (self.weight(&weight), action) {
                    (Some(weight), Some(action)) => weights.push((weight, action)),
                    _ => wrong = true,
                }
            }
            if !wrong {
                let total = weights
                    .iter()
                    .try_fold(Quantity { percent: true, ..Quantity::number(0) }, |sum, (weight, _)| {
                        sum.plus(*weight)
                    });
                let whole = total.is_some_and(|total| match total.to_ratio() {
                    Some(ratio) => ratio == Ratio::from_integer(1),
                    None => (total.to_f64() - 1.0).abs() < 1e-9,
                });
                if !whole {
                    let total = total.unwrap_or(Quantity::number(0));
                    let shares: Vec<_> = parts.iter().map(|part| part.weight.span).collect();
                    self.report(mistake::load::mix_total(span, total, &shares));
                }
            }
            let parts = weights.into_iter().map(|(weight, action)| (weight.to_f64(), action)).collect();
            self.scenario.mixes[index].parts = parts;
        }
    }

    /// Weights that are plain numbers, as shares of their sum.
    fn bare_weights(&mut self, parts: &[ast::MixPart]) -> Option<Diagnostic> {
        let bare = |part: &ast::MixPart| matches!(&part.weight.kind, ast::ExprKind::Quantity(weight) if !weight.percent);
        if !parts.iter().all(bare) {
            return None;
        }
        let numbers = parts.iter().map(|part| self.sources.text(part.weight.span).parse::<u32>().ok());
        let numbers: Vec<u32> = numbers.collect::<Option<_>>()?;
        let total: u64 = numbers.iter().map(|number| u64::from(*number)).sum();
        if total == 0 || numbers.contains(&0) {
            return None;
        }
        // In hundredths of a percent; what rounding leaves over goes to the last.
        let mut shares: Vec<u64> = numbers.iter().map(|number| u64::from(*number) * 10_000 / total).collect();
        let left = 10_000 - shares.iter().sum::<u64>();
        *shares.last_mut()? += left;
        let written = shares.iter().map(|share| match (share / 100, share % 100) {
            (whole, 0) => format!("{whole}%"),
            (whole, part) => format!("{whole}.{part:02}%"),
        });
        let better: Vec<(Span, String)> = parts.iter().map(|part| part.weight.span).zip(written).collect();
        for part in parts {
            self.used_entity(&part.action.text, part.action.span);
        }
        Some(mistake::load::bare_weights(&better))
    }

    fn weight(&mut self, weight: &Expr) -> Option<Quantity> {
        if weight.ty == Type::Unknown {
            return None;
        }
        let share = super::infer::constant_quantity(weight);
        let share = share.filter(|share| share.percent && share.to_f64() > 0.0);
        if share.is_none() {
            self.report(mistake::types::wrong(
                weight,
                "a percentage above 0",
                super::infer::likely_literal(weight, &Type::SHARE, super::infer::Meant::Lasting),
            ));
        }
        share
    }
}
