//! `soak guardian`: the hidden subcommand by which a run starts its guardian. It goes before everything else.

use crate::store::guardian;
use std::process::ExitCode;

/// The guardian's exit code, where this process is to be one.
pub fn main_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next()? != guardian::SUBCOMMAND {
        return None;
    }
    let rest: Vec<_> = arguments.collect();
    let code = guardian::main(&rest);
    Some(ExitCode::from(u8::try_from(code).unwrap_or(super::Exit::Impossible.code())))
}
