//! What a test program does in place of testing, where a case starts it again as one of its servers.

/// Serves what the variables of the environment name, where they are set, and does not return then.
pub fn play(serve: fn(what: &str, address: &str)) {
    let given = |name: &str| std::env::var(name).ok();
    if let (Some(what), Some(address)) = (given("SOAK_TEST_SERVE"), given("SOAK_TEST_ADDRESS")) {
        serve(&what, &address);
    }
}
