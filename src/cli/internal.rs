//! The hidden subcommands by which a run starts more of its own program: its guardian, carriers of
//! connections, the helper that holds its virtual network, those that serve its faulty disks, and what strains the machine.
//! They go before everything else.

use crate::kinds::carrier;
use crate::kinds::disk::faulty;
use crate::kinds::host;
use crate::kinds::machine::strain;
use crate::store::guardian;
use std::process::ExitCode;

/// The exit code of such a process, where this is to be one.
pub fn main_if_asked() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let asked = arguments.next()?;
    let rest: Vec<_> = arguments.collect();
    let code = if asked == guardian::SUBCOMMAND {
        guardian::main(&rest)
    } else if asked == carrier::SUBCOMMAND && rest.is_empty() {
        carrier::main()
    } else if asked == host::SUBCOMMAND && rest.is_empty() {
        host::main()
    } else if asked == strain::SUBCOMMAND && rest.is_empty() {
        strain::main()
    } else if asked == faulty::SUBCOMMAND && rest.is_empty() {
        faulty::main()
    } else {
        return None;
    };
    Some(ExitCode::from(u8::try_from(code).unwrap_or(super::Exit::Impossible.code())))
}
