//! A long file in several parts, each of which a thread lowers.

use super::{Item, Lower};
use crate::diag::Diagnostic;
use crate::syntax::ast::Statement;
use std::ops::Range;
use std::sync::Arc;
use std::thread;

/// A part has so many bytes of text at least: a thread for less would take longer to begin.
const LEAST: usize = 64 << 10;
/// The stack of a thread, in bytes: as much as the first thread has.
const STACK: usize = 8 << 20;

/// What a part came to: its statements, what is wrong, and whether a block is missing in it.
type Lowered = (Vec<Statement>, Vec<Diagnostic>, bool);

impl<'a> Lower<'a> {
    /// Lowers the outermost statements of the file, with so many threads at most. What comes out does not depend on how
    /// many there are.
    pub(super) fn all(&mut self, items: &[Item], threads: usize) -> Vec<Statement> {
        let parts = self.parts(items, threads);
        if parts.len() < 2 {
            return self.items(items);
        }
        let mut lowers: Vec<Lower<'a>> = parts.iter().map(|part| self.of_part(items, part)).collect();
        let work = |lower: &mut Lower<'a>, part: &Range<usize>| -> Lowered {
            let statements = lower.items(&items[part.clone()]);
            (statements, std::mem::take(&mut lower.diagnostics), lower.missing_block)
        };
        let lowered: Vec<Lowered> = thread::scope(|scope| {
            let (first, others) = lowers.split_at_mut(1);
            let others: Vec<_> = others
                .iter_mut()
                .zip(&parts[1..])
                .map(|(lower, part)| {
                    let work = move || work(lower, part);
                    thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work)
                })
                .collect();
            let first = work(&mut first[0], &parts[0]);
            let others = others.into_iter().map(|other| match other.map(|thread| thread.join()) {
                Ok(Ok(lowered)) => Some(lowered),
                Ok(Err(panic)) => std::panic::resume_unwind(panic),
                Err(_) => None,
            });
            std::iter::once(Some(first)).chain(others).collect::<Option<Vec<_>>>().unwrap_or_default()
        });
        if lowered.is_empty() {
            // The system gave no more threads.
            return self.items(items);
        }
        self.diagnostics.clear();
        let mut statements = Vec::with_capacity(items.len());
        for (more, found, missing_block) in lowered {
            statements.extend(more);
            self.diagnostics.extend(found);
            self.missing_block |= missing_block;
        }
        statements
    }

    /// Cuts items into parts of about the same length, as many as that at most, where none goes on in the next.
    fn parts(&self, items: &[Item], most: usize) -> Vec<Range<usize>> {
        let count = (self.text.len() / LEAST).clamp(1, most);
        let mut cuts = vec![0];
        for part in 1..count {
            let place = self.text.len() / count * part;
            let from = items.partition_point(|item| item.start < place).max(cuts[cuts.len() - 1] + 1);
            let cut = (from..items.len()).find(|at| self.begins_anew(&items[*at]));
            cuts.extend(cut);
        }
        cuts.push(items.len());
        cuts.windows(2).map(|ends| ends[0]..ends[1]).collect()
    }

    /// Whether an item stands at the beginning of its line, and is no bare block: no other one takes it for its own.
    fn begins_anew(&self, item: &Item) -> bool {
        item.start < item.end && (item.start == 0 || self.text.as_bytes()[item.start - 1] == b'\n')
    }

    /// Who lowers a part: with what the layout has told of it.
    fn of_part(&self, items: &[Item], part: &Range<usize>) -> Lower<'a> {
        let place =
            |at: usize| items.get(at).map_or(u32::MAX, |item| self.between(item.start, item.start).start);
        let from = if part.start == 0 { 0 } else { place(part.start) };
        let own = from..place(part.end);
        let found = self.diagnostics.iter().filter(|found| own.contains(&found.span().start)).cloned();
        Lower { diagnostics: found.collect(), declared: Arc::clone(&self.declared), ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::super::lower_at_once;
    use crate::source::Sources;
    use crate::syntax::layout;

    /// Statements that go on behind their block, on the next line, or indented, good ones and bad ones.
    const PIECES: &[&str] = &[
        "process app { run \"app\" }\n",
        "phase \"P\" 1m\n{\n  app kill 1s\n  wait 1 s\n}\n",
        "action buy {\n  api post \"/orders\" { name: 1 } { check status == 200 }\n}\n",
        "api post \"/orders\" { name: 1 } { check status == 200 }\n",
        "process other:\n  run \"app\"\n  env PORT \"1\"\n",
        "wait 1s wait 2s; wait 3 s\n",
        "repeat 3 < app kill 1s >\n",
        "let x = (1 +\n  2) * 3\n",
        "wiat 5s\n# a comment\n\n",
    ];

    #[test]
    fn several_threads_find_what_one_does() {
        for seed in 0..3_usize {
            let mut text = String::from("scenario \"Long\"\n");
            let mut at = seed;
            while text.len() < 200_000 {
                at = at.wrapping_mul(31).wrapping_add(17);
                // Mostly good ones, as only so many mistakes are told.
                let piece = if at % 997 < 9 { PIECES[at % 997] } else { PIECES[[0, 6, 7][at % 3]] };
                text.push_str(piece);
            }
            let mut sources = Sources::new();
            sources.add("long.soak", text).unwrap();
            let file = &sources.files()[0];
            let layout = layout::scan(file);
            let (one, found) = lower_at_once(file, &layout, 1);
            for threads in [2, 3] {
                let (several, also_found) = lower_at_once(file, &layout, threads);
                assert_eq!(format!("{one:?}"), format!("{several:?}"), "{seed}, {threads}");
                assert_eq!(found, also_found, "{seed}, {threads}");
            }
        }
    }
}
