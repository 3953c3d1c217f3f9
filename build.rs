//! Compiles what is loaded into processes whose clock is skewed, so that the binary can carry it.

use std::env;
use std::path::PathBuf;
use std::process::Command;

const SOURCE: &str = "src/kinds/process/skew/preload.rs";

fn main() {
    println!("cargo::rerun-if-changed={SOURCE}");
    println!("cargo::rerun-if-changed=build.rs");
    let object = PathBuf::from(env::var_os("OUT_DIR").expect("cargo gives a folder")).join("preload.so");
    let linux = env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux");
    // Times of 32-bit systems have other forms.
    let wide = env::var("CARGO_CFG_TARGET_POINTER_WIDTH").as_deref() == Ok("64");
    if !linux || !wide {
        std::fs::write(&object, []).expect("the folder can be written to");
        return;
    }
    let mut rustc = Command::new(env::var_os("RUSTC").expect("cargo names the compiler"));
    rustc.args([
        "--crate-name",
        "preload",
        "--crate-type",
        "cdylib",
        "--edition",
        "2024",
        "--cap-lints",
        "warn",
    ]);
    rustc.arg("--target").arg(env::var_os("TARGET").expect("cargo names the target"));
    for option in ["opt-level=3", "panic=abort", "debuginfo=0", "strip=symbols", "target-feature=-crt-static"]
    {
        rustc.args(["-C", option]);
    }
    // It finds the C library of the process that it is loaded into.
    for argument in ["-nostdlib", "-nostartfiles"] {
        rustc.args(["-C", &format!("link-arg={argument}")]);
    }
    if let Some(linker) = env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", PathBuf::from(linker).display()));
    }
    let done = rustc.arg("-o").arg(&object).arg(SOURCE).status().expect("the compiler can be started");
    assert!(done.success(), "{SOURCE} cannot be compiled");
}
