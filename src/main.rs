//! The `soak` program.

fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
