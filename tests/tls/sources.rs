//! What asks over HTTP beside clients: sources, which trust whom the machine trusts, and readiness, which trusts anybody.

use crate::http::server;
use crate::run::{run, soak};
use crate::served::Wants;

#[test]
fn sources_trust_the_machine_and_readiness_anybody() {
    let soak = soak();
    let good = server(Wants::of(soak.path(), "server")).port();
    let stranger = server(Wants::of(soak.path(), "stranger")).port();
    let trusted = soak.path().join("ca.pem").display().to_string();
    let soak = soak.with("SSL_CERT_FILE", &trusted).with("SSL_CERT_DIR", "/nowhere");
    let scenario = format!(
        r#"
        process app {{ run "sleep 100"; ready http("https://127.0.0.1:{stranger}/") within 20s }}
        http api {{ base "https://localhost:{good}" }}
        api get "/" {{ check status == 200 }}
        metric good = http("https://localhost:{good}/health")
        metric strange = http("https://localhost:{stranger}/health")
        expect "Good": good within 10s
        expect "Strange": not strange
        "#
    );
    run(soak, &scenario).passes();
}
