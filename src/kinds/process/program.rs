//! Which file a command's first word means.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::error::ProcessError;

/// Finds the program: a path is taken from `folder` on, a bare name is looked up in `search_path` (the text of PATH;
/// soak's own where nothing is given) and then in `folder`.
///
/// # Errors
/// When there is none, or what is there cannot be executed.
pub fn resolve_program(
    program: &str,
    search_path: Option<&str>,
    folder: &Path,
) -> Result<PathBuf, ProcessError> {
    let missing = || ProcessError::ProgramMissing { program: program.to_owned(), beside: folder.to_owned() };
    let beside = folder.join(program);
    if program.is_empty() {
        return Err(missing());
    }
    if !program.contains('/') {
        let search = search_path.map(OsString::from).or_else(|| env::var_os("PATH")).unwrap_or_default();
        // An empty entry of PATH means the current folder, which is nobody's intention here.
        let places = env::split_paths(&search).filter(|place| !place.as_os_str().is_empty());
        let in_path = places.map(|place| folder.join(place).join(program)).find(|path| is_executable(path));
        if let Some(path) = in_path {
            return Ok(path);
        }
    }
    match (is_executable(&beside), beside.is_file()) {
        (true, _) => Ok(beside),
        (false, true) => Err(ProcessError::NotExecutable { path: beside }),
        (false, false) => Err(missing()),
    }
}

fn is_executable(path: &Path) -> bool {
    path.is_file() && access(path, AccessFlags::X_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn path_comes_before_the_scenario_folder() {
        let folder = tempfile::tempdir().unwrap();
        let here = folder.path();
        fs::create_dir(here.join("bin")).unwrap();
        for name in ["tool", "bin/tool", "only-here", "plain"] {
            fs::write(here.join(name), "#!/bin/sh\n").unwrap();
            fs::set_permissions(here.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(here.join("plain"), fs::Permissions::from_mode(0o644)).unwrap();
        let path = here.join("bin").display().to_string();
        let found = |program: &str| resolve_program(program, Some(&path), here);
        assert_eq!(found("tool").unwrap(), here.join("bin/tool"));
        assert_eq!(found("only-here").unwrap(), here.join("only-here"));
        assert_eq!(found("./tool").unwrap(), here.join("./tool"));
        assert!(matches!(found("plain"), Err(ProcessError::NotExecutable { .. })));
        assert!(matches!(found("no-such-program"), Err(ProcessError::ProgramMissing { .. })));
        assert!(matches!(found("bin"), Err(ProcessError::ProgramMissing { .. })));
        assert!(resolve_program("sh", None, here).unwrap().is_absolute());
    }
}
