//! The `soak` program.

fn main() -> std::process::ExitCode {
    soak::cli::main()
}
