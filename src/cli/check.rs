//! `soak check`: what is wrong with scenarios.

use super::findings::{self, Format};
use super::{Exit, file, fix, output, scenarios};
use crate::check::scenario::Scenario;
use crate::check::{Checked, DiskFiles, Options};
use crate::diag::Diagnostic;
use crate::diag::fix::is_safe;
use crate::diag::format::{Examined, FORMATS, once};
use crate::report::words::count;
use crate::source::Sources;
use crate::syntax::ast::StatementKind;
use clap::Args;
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// The stack of a thread that checks, in bytes: as much as the first thread has.
const STACK: usize = 8 << 20;

#[derive(Debug, Args)]
pub struct CheckArguments {
    /// Scenarios, folders (every .soak file in them and below) and globs; `-` is standard input. Without any: this folder.
    files: Vec<PathBuf>,
    #[command(flatten)]
    pub params: Params,
    /// Count warnings as mistakes: exit with 1.
    #[arg(long)]
    strict: bool,
    /// The form of what is found.
    #[arg(long, value_parser = Format::parser(), default_value = FORMATS[0].name)]
    format: Format,
    /// Make all safe fixes: those that cannot change what a scenario means. Included files are fixed too where they lie
    /// in the scenario's folder or below. What is left is told.
    #[arg(long, group = "mending")]
    fix: bool,
    /// Change nothing; show what --fix would change and exit with 1 where that is anything.
    #[arg(long, group = "mending")]
    diff: bool,
    /// With --fix or --diff: make the other fixes too, such as the likely name for a wrong one. Look at what they did.
    #[arg(long, requires = "mending")]
    unsafe_fixes: bool,
}

/// Values for parameters.
#[derive(Debug, Args)]
pub struct Params {
    /// Give a parameter of the scenario another value, as in --param duration=24h.
    #[arg(long = "param", value_name = "NAME=VALUE", value_parser = parse_param)]
    pub values: Vec<(String, String)>,
}

fn parse_param(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("write it as NAME=VALUE, such as duration=24h".into()),
    }
}

/// Reads and checks a scenario.
///
/// # Errors
/// Where it cannot be read.
pub fn load(path: &Path, params: &Params) -> Result<(Sources, Checked), file::FileError> {
    let mut sources = file::load(path)?;
    let options = Options { params: &params.values, files: &DiskFiles };
    let checked = crate::check::check(&mut sources, &options);
    Ok((sources, checked))
}

/// Reads and checks a scenario for a command that needs one without errors. What is found is shown, and where there is no
/// scenario in it, `outcome` ends the sentence that says so.
///
/// # Errors
/// With what the command ends with then.
pub fn scenario(path: &Path, params: &Params, outcome: &str) -> Result<(Sources, Scenario), Exit> {
    let (sources, checked) = load(path, params).map_err(|error| {
        output::say(&error.to_string());
        Exit::Wrong
    })?;
    findings::show(&sources, &checked.diagnostics);
    match checked.scenario {
        Some(scenario) => Ok((sources, scenario)),
        None => {
            let count = findings::count(&checked.diagnostics).unwrap_or_default();
            output::say(&format!("{}: {count}; {outcome}", sources.files()[0].name()));
            Err(Exit::Wrong)
        }
    }
}

/// Checks all files.
pub fn check(arguments: &CheckArguments) -> Exit {
    let here = [PathBuf::from(".")];
    let meant = scenarios::meant(if arguments.files.is_empty() { &here } else { &arguments.files });
    for problem in &meant.problems {
        output::say(problem);
    }
    let exit = if meant.problems.is_empty() { Exit::Good } else { Exit::Wrong };
    let (paths, examined) = examine(meant.files, &arguments.params);
    if !arguments.fix && !arguments.diff {
        return exit.worse(show(&examined, arguments));
    }
    let fixes = if arguments.unsafe_fixes { fix::Which::All } else { fix::Which::Safe };
    let mended = fix::mend(&examined, &arguments.params, fixes);
    if arguments.diff {
        let unread = examined.iter().filter_map(|one| one.unreadable.as_ref());
        let exit = unread.fold(exit, |_, why| {
            output::say(why);
            Exit::Wrong
        });
        return exit.worse(mended.show());
    }
    let exit = exit.worse(mended.write());
    match mended.standard_input() {
        // Its text is the data, so what is left of it is talk.
        Some(left) => {
            findings::show(&left.sources, &left.found);
            exit.worse(judged(left, arguments.strict))
        }
        None => exit.worse(show(&examine(paths, &arguments.params).1, arguments)),
    }
}

/// Shows what was found, and counts it.
fn show(examined: &[Examined], arguments: &CheckArguments) -> Exit {
    for one in examined {
        if let Some(why) = &one.unreadable {
            output::say(why);
        }
    }
    if examined.is_empty() {
        return Exit::Good;
    }
    let text = (arguments.format.0.render)(examined, &findings::setting(arguments.strict));
    let exit = examined.iter().fold(Exit::Good, |exit, one| exit.worse(judged(one, arguments.strict)));
    let exit = output::data(text.as_bytes(), exit);
    let read = examined.iter().filter(|one| one.unreadable.is_none()).count();
    if arguments.format.is_human() && read > 0 {
        output::say(&summary(examined, read, !arguments.fix));
    }
    exit
}

fn summary(examined: &[Examined], read: usize, offers_fixes: bool) -> String {
    let found: Vec<&Diagnostic> = once(examined).into_iter().flat_map(|(_, found)| found).collect();
    let what = match examined {
        [one] => one.sources.files()[0].name().to_owned(),
        _ => format!("{} checked", count(read as u64, "file")),
    };
    let told = findings::count(found.iter().copied()).unwrap_or_else(|| "no mistakes".into());
    let fixable = found.iter().filter(|finding| is_safe(finding)).count();
    match fixable {
        _ if !offers_fixes => format!("{what}: {told}"),
        0 => format!("{what}: {told}"),
        _ => format!("{what}: {told}; --fix mends {fixable} of them"),
    }
}

fn judged(examined: &Examined, strict: bool) -> Exit {
    let error = examined.unreadable.is_some() || examined.found.iter().any(Diagnostic::is_error);
    match (error, examined.found.is_empty()) {
        (true, _) => Exit::Wrong,
        (false, false) if strict => Exit::Bad,
        (false, _) => Exit::Good,
    }
}

/// Checks scenarios, as many at once as the machine has cores. One that another of them includes, and that has no
/// `scenario` statement, is a part of that other and not judged by itself.
fn examine(files: Vec<PathBuf>, params: &Params) -> (Vec<PathBuf>, Vec<Examined>) {
    let workers = thread::available_parallelism().map_or(1, usize::from).min(files.len());
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(path) = files.get(index) else { return done };
            done.push((index, examine_one(path, params)));
        }
    };
    let mut done = thread::scope(|scope| {
        let spawn = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work).ok();
        let others: Vec<_> = (1..workers).filter_map(spawn).collect();
        // Where the system gives no more threads, this one does it all.
        let mut done = work();
        for other in others {
            match other.join() {
                Ok(more) => done.extend(more),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    });
    done.sort_by_key(|(index, _)| *index);
    let examined: Vec<Examined> = done.into_iter().map(|(_, one)| one).collect();
    let parts = parts(&examined);
    files.into_iter().zip(examined).zip(parts).filter(|(_, part)| !part).map(|(one, _)| one).unzip()
}

/// Which of them are only a part of another.
fn parts(examined: &[Examined]) -> Vec<bool> {
    let path = |name: &str| Path::new(name).canonicalize().ok();
    let included: Vec<HashSet<PathBuf>> = examined
        .iter()
        .map(|one| one.sources.files().iter().skip(1).filter_map(|file| path(file.name())).collect())
        .collect();
    let own: Vec<Option<PathBuf>> = examined.iter().map(|one| path(&one.name)).collect();
    let is_within = |files: &HashSet<PathBuf>, index: usize| {
        own[index].as_ref().is_some_and(|own| files.contains(own)) && !has_title(&examined[index])
    };
    let (open, whole): (Vec<usize>, Vec<usize>) = (0..examined.len()).partition(|index| {
        (0..included.len()).any(|other| other != *index && is_within(&included[other], *index))
    });
    let mut covered: HashSet<PathBuf> = whole.iter().flat_map(|index| &included[*index]).cloned().collect();
    let mut part = vec![false; examined.len()];
    // Of files that only include one another the first is the whole.
    for index in open {
        part[index] = is_within(&covered, index);
        if !part[index] {
            covered.extend(included[index].iter().cloned());
        }
    }
    part
}

fn has_title(examined: &Examined) -> bool {
    let parsed = examined.sources.files().first().map(crate::syntax::parse);
    let title = |kind: &StatementKind| matches!(kind, StatementKind::Scenario { .. });
    parsed.is_some_and(|parsed| parsed.file.items.iter().any(|item| title(&item.kind)))
}

fn examine_one(path: &Path, params: &Params) -> Examined {
    let name = match path.as_os_str() == file::STDIN {
        true => file::STDIN_NAME.to_owned(),
        false => path.display().to_string(),
    };
    match load(path, params) {
        Ok((sources, checked)) => Examined { name, sources, found: checked.diagnostics, unreadable: None },
        Err(error) => Examined { name, unreadable: Some(error.to_string()), ..Examined::default() },
    }
}
