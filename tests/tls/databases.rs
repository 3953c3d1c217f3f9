//! Databases over TLS, each a real server of the test's own.

use crate::run::{refused, run, soak};
#[cfg(feature = "mysql")]
use crate::servers::Mariadb;
use crate::servers::{PASSWORD, Postgres};

#[test]
fn postgres() {
    let soak = soak();
    let server = Postgres::encrypted(soak.path());
    let open = Postgres::start();
    let at = |user: &str, port: u16| format!("postgres://{user}:{PASSWORD}@127.0.0.1:{port}/app");
    let (url, robot) = (at("app", server.port), at("robot", server.port));
    let scenario = format!(
        r#"
        database db {{ url "{url}?sslmode=require"; tls ca "ca.pem"; timeout 5s }}
        database full {{ url "{url}?connect_timeout=5&sslmode=verify-full"; tls ca "ca.pem" }}
        database set {{ url "{url}"; tls insecure }}
        database plain {{ url "{url}" }}
        database usual {{ url "{url}?sslmode=require" }}
        database named {{ url "{url}"; tls ca "ca.pem" name "other.example" }}
        database clear {{ url "{}?sslmode=require"; tls insecure }}
        database nobody {{ url "{robot}"; tls ca "ca.pem" }}
        database known {{ url "{robot}"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        permit fault on db
        for each name in ["one"] {{
          db query "select ssl, version from pg_stat_ssl where pid = pg_backend_pid()" {{
            check rows[0].ssl == true and rows[0].version == "TLSv1.3"
          }}
        }}
        full query "select ssl from pg_stat_ssl where pid = pg_backend_pid()" {{ check rows[0].ssl == true }}
        set query "select ssl from pg_stat_ssl where pid = pg_backend_pid()" {{ check rows[0].ssl == true }}
        known query "select client_dn from pg_stat_ssl where pid = pg_backend_pid()" {{ check rows[0].client_dn == "/CN=robot-7" }}
        action work {{ db query "select repeat('x', 50000) as text, {{seq}}::int as n" {{ check rows[0].n == seq }} }}
        action slow {{ impatient query "select pg_sleep(30)" }}
        database impatient {{ url "{url}"; tls ca "ca.pem"; timeout 500ms }}
        action a {{ plain query "select 1" }}
        action b {{ usual query "select 1" }}
        action c {{ named query "select 1" }}
        action d {{ clear query "select 1" }}
        action e {{ nobody query "select 1" }}
        load a 2 times
        load b 2 times
        load c 2 times
        load d 2 times
        load e 2 times
        load slow 2 times
        expect "Cancelled": sql(db, "select count(*) from pg_stat_activity where query like '%pg_sleep(30)%' and state = 'active' and pid <> pg_backend_pid()") == 0 within 5s
        load work with 8 users 200 times
        expect "All": work.count == 200 and work.success == 100%
        expect "Up": db.up
        db hog connections 2 for 1s
        "#,
        at("app", open.port),
    );
    let run = run(soak, &scenario).passes();
    // Whoever comes without TLS is turned away by the server's own rules.
    run.fails_of("a", 2, "authorization refused");
    run.fails_of("b", 2, "the server's certificate is from an unknown issuer");
    run.fails_of("c", 2, "the server's certificate is for another name");
    run.fails_of("d", 2, "the server does not speak TLS");
    run.fails_of("e", 2, "authorization refused");
    run.fails_of("slow", 2, "no answer within 500ms");
}

#[cfg(feature = "mysql")]
#[test]
fn mariadb() {
    let soak = soak();
    let server = Mariadb::encrypted(soak.path());
    let open = Mariadb::start();
    let url = server.url();
    let scenario = format!(
        r#"
        database db {{ url "{url}"; tls ca "ca.pem"; timeout 5s }}
        database required {{ url "{url}?require_ssl=true"; tls ca "ca.pem" }}
        database lax {{ url "{url}"; tls insecure }}
        database known {{ url "{url}"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        database usual {{ url "{url}?require_ssl=true" }}
        database named {{ url "{url}"; tls ca "ca.pem" name "other.example" }}
        database clear {{ url "{}"; tls insecure }}
        db query "show session status like 'Ssl_version'" {{ check rows[0].Value == "TLSv1.3" }}
        required query "show session status like 'Ssl_version'" {{ check rows[0].Value == "TLSv1.3" }}
        lax query "show session status like 'Ssl_version'" {{ check rows[0].Value == "TLSv1.3" }}
        known query "show session status like 'Ssl_version'" {{ check rows[0].Value == "TLSv1.3" }}
        action work {{ db query "select repeat('x', 50000) as text, {{seq}} as n" {{ check rows[0].n == seq }} }}
        action b {{ usual query "select 1" }}
        action c {{ named query "select 1" }}
        action d {{ clear query "select 1" }}
        load b 2 times
        load c 2 times
        load d 2 times
        load work with 8 users 200 times
        expect "All": work.count == 200 and work.success == 100%
        "#,
        open.url(),
    );
    let run = run(soak, &scenario).passes();
    run.fails_of("b", 2, "the server's certificate is from an unknown issuer");
    run.fails_of("c", 2, "the server's certificate is for another name");
    run.fails_of("d", 2, "the server does not speak TLS");
}

#[test]
fn what_cannot_be_is_refused() {
    for (url, tls, reason) in [
        ("postgres://app@127.0.0.1/app?sslmode=disable", "tls insecure", "no use with `sslmode=disable`"),
        ("postgres://app@127.0.0.1/app?sslmode=perhaps", "", "not one that PostgreSQL takes"),
        (
            "postgres://app@127.0.0.1/app?sslmode=require&sslrootcert=ca.pem",
            "",
            "take `sslrootcert` out of the URL and say `tls ca",
        ),
        (
            "postgres://app@127.0.0.1/app?sslmode=require",
            "tls ca \"missing.pem\"",
            "missing.pem` cannot be read",
        ),
        #[cfg(feature = "mysql")]
        ("mysql://app@127.0.0.1/app", "tls ca \"missing.pem\"", "missing.pem` cannot be read"),
        ("sqlite://here.db", "tls insecure", "no use with SQLite"),
    ] {
        let said = refused(soak(), &format!("database db {{ url \"{url}\"; {tls} }}\ndb query \"select 1\""));
        assert!(said.contains(reason), "no {reason:?}:\n{said}");
    }
}
