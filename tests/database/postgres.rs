//! PostgreSQL.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cli_soak::Soak;
use crate::runs::{begin, run};
use crate::servers::{PASSWORD, Postgres};

#[test]
fn a_server_is_asked_and_changed() {
    let server = Postgres::start();
    let run = run(
        &server.url(),
        r#"
        database db { url url; pool 4; timeout 5s }
        db execute "create type mood as enum ('good', 'bad')"
        db execute "create table people (id serial primary key, name text unique, score numeric(8,2), born date, at timestamptz, tags text[], extra jsonb, raw bytea, u uuid, m mood, long interval, ip inet)"
        db execute "create table log (who text, bot text)"
        for each name in ["ann", "bo'b", "x'); drop table people; --"] {
          db execute "insert into people (name, score, born, at, tags, extra, raw, u, m, long, ip) values ({name}, 12.5, '2001-02-03', '2001-02-03 04:05:06+00', array['a', null], '\{\"a\": [1]}', '\\x00ff', '00000000-0000-0000-0000-000000000001', 'bad', '1 month 2 days 3 seconds', '10.0.0.1')"
        }
        db query "select *, null as missing, 1.5::float8 as half, true as yes, 'infinity'::timestamp as forever, 123456789012345678901234567890 as big from people order by id" {
          check rows[1].name == "bo'b" and rows[1].score == 12.5 and rows[0].id == 1
          check rows[0].born == "2001-02-03" and rows[0].at == "2001-02-03T04:05:06Z"
          check rows[0].tags[0] == "a" and rows[0].extra.a[0] == 1 and rows[0].raw == "\\x00ff"
          check rows[0].u == "00000000-0000-0000-0000-000000000001" and rows[0].m == "bad"
          check rows[0].long == "P1M2DT3S" and rows[0].ip == "10.0.0.1"
          check rows[0].half == 1.5 and rows[0].yes == true and rows[0].forever == "infinity"
          check rows[0].big > 1000000000
        }
        action work {
          db query "select id, name, {uuid()}::uuid as u, now() > '{now()}'::timestamptz - interval '1 day' as fresh from people where id = {seq}::int - {seq}::int + 1" {
            check rows[0].id == 1 and rows[0].fresh == true
            capture who = rows[0].name
          }
          db execute "insert into log (who, bot) values ({who}, 'bot-{user}')"
        }
        load work with 8 users for 1s
        expect "worked": work.success == 100% and work.count > 20
        expect "logged": sql(db, "select count(*) from log where who = 'ann'") >= work.count
        expect "bots": sql(db, "select count(distinct bot) from log") == 8
        expect "people": sql(db, "select count(*) from people") == 3
        expect "name": sql(db, "select name from people where id = 1") == "ann"
        expect "truth": sql(db, "select true") == true
        expect "up": db.up
        expect "nobody else": db.connections == 0
        "#,
    )
    .passes();
    run.hides(PASSWORD);
}

#[test]
fn what_is_missed_is_shown_and_what_has_no_value_says_why() {
    let server = Postgres::start();
    server.sql("create table t as select n, 'row ' || n as text from generate_series(1, 30) n");
    let run = run(
        &server.url(),
        r#"
        database db { url url }
        expect "missed": sql(db, "select count(*) from t") == 0 show sql(db, "select n, text from t order by n")
        expect "null": sql(db, "select null::int") == 0
        expect "none": sql(db, "select n from t where n = 77") == 0
        expect "wrong": sql(db, "select nonsense from t") == 0
        db execute "insert into nothing values (1)"
        "#,
    );
    assert_eq!(run.code, 1, "{}", run.said);
    let all = format!("{}{}", run.said, run.report);
    for wanted in [
        "n = 20, text = row 20",
        "and 10 more",
        "the query gave NULL",
        "the query gave no row",
        "unknown column: column",
        "unknown table: relation",
    ] {
        assert!(all.contains(wanted), "no {wanted:?} in {all}");
    }
    assert!(!all.contains("row 21"), "{all}");
}

#[test]
fn others_are_disconnected_locked_out_and_crowded_out() {
    let server = Postgres::start();
    server.sql("create table people (id int)");
    let mut others: Vec<_> =
        (0..5).map(|_| server.psql("app", "select pg_sleep(60)").spawn().unwrap()).collect();
    server.wait(
        "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()",
        "5",
    );
    let crowd = run(
        &server.url(),
        r#"
        database db { url url; pool 30; timeout 5s }
        action ask { db query "select pg_sleep(0.2)" }
        expect "all": db.connections == 5 within 5s
        load ask with 4 users
        db disconnect 30%
        expect "fewer": db.connections == 3 within 2s
        db hog connections 50 for 500ms
        expect "never soak's own": ask.failed == 0 at end
        "#,
    )
    .passes();
    assert!(
        crowd.measured("disconnect").contains("2 of 5 connections ended"),
        "{}",
        crowd.measured("disconnect")
    );
    let hog = crowd.measured("hog");
    assert!(hog.contains("of 50 connections held: too many connections"), "{hog}");
    let late = "do $$ begin perform pg_sleep(1); insert into people values (1); end $$";
    others.push(server.psql("app", late).spawn().unwrap());
    let locked =
        run(&server.url(), "database db { url url }\ndb lock \"people\" for 4s\nexpect \"up\": db.up")
            .passes();
    assert!(locked.measured("lock").contains("1 session waited for it"), "{}", locked.measured("lock"));
    for other in &mut others {
        let _ = other.kill();
        let _ = other.wait();
    }
}

#[test]
fn a_lock_is_gone_with_soak_even_when_that_is_killed() {
    let server = Postgres::start();
    server.sql("create table people (id int)");
    let (_soak, mut child) = begin(&server.url(), "database db { url url }\ndb lock \"people\"\nwait 60s");
    let locks = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted";
    server.wait(locks, "1");
    child.kill().unwrap();
    child.wait().unwrap();
    let killed = Instant::now();
    server.sql("insert into people values (1)");
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    assert_eq!(server.sql(locks), "0");
}

#[test]
fn bad_luck_has_names() {
    let server = Postgres::start();
    server.sql("create table t (id int unique)");
    server.sql("insert into t values (1)");
    let own = server.url();
    let cases = [
        (own.replace(PASSWORD, "wrong"), "select 1", "wrong password"),
        (
            own.replace(&format!("{}/app", server.port), &format!("{}/nothing", server.port)),
            "select 1",
            "unknown database",
        ),
        (
            own.replace(&server.port.to_string(), &crate::ports::free().to_string()),
            "select 1",
            "connection refused",
        ),
        (own.clone(), "selec 1", "syntax error"),
        (own.clone(), "insert into t values (1)", "unique violation"),
        (own.clone(), "select pg_sleep(60)", "no answer within 2s"),
        (
            own.clone(),
            "select n, repeat('x', 100) from generate_series(1, 1000000) n",
            "the answer is larger than 64 MiB",
        ),
        (own.clone(), "select repeat('x', 100000000)", "the answer is larger than 64 MiB"),
        (
            own.clone(),
            "select point '1,2' as p",
            "soak cannot read the type `point` of the column `p`: cast it, as in `p::text`",
        ),
        (
            own.clone(),
            "select $1",
            "the statement has placeholders of its own: write `{…}` where a value is to stand",
        ),
    ];
    for (url, query, cause) in cases {
        let limit = if query.contains("repeat") { "60s" } else { "2s" };
        let story = format!(
            "database db {{ url url; timeout {limit} }}\naction ask {{ db query \"{query}\" }}\nload ask 2 times\n\
             expect \"counted\": ask.failed == 2"
        );
        let run = run(&url, &story).passes();
        assert_eq!(run.errors("ask", cause), 2, "{cause}: {}\n{}", run.said, run.report["loads"]);
        run.hides(PASSWORD);
    }
    let alive = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and pid <> pg_backend_pid()";
    server.wait(alive, "0");
}

#[test]
fn too_many_connections_and_deadlocks_are_counted() {
    let server = Postgres::start();
    server.sql("create table t as select n as id, 0 as v from generate_series(1, 2) n");
    server.sql(
        "create function cross_over(a int, b int) returns void language plpgsql as $$ begin \
         update t set v = v + 1 where id = a; perform pg_sleep(0.05); update t set v = v + 1 where id = b; end $$",
    );
    let run = run(
        &server.url(),
        r#"
        database many { url url; pool 60; timeout 3s }
        database db { url url; pool 8; timeout 3s }
        action ask { many query "select pg_sleep(0.3)" }
        action one { db query "select cross_over(1, 2)" }
        action two { db query "select cross_over(2, 1)" }
        phase "Cross" { parallel { load one with 2 users for 1s; load two with 2 users for 1s } }
        phase "Crowd" { load ask with 60 users at once }
        expect "some": ask.failed > 0 and ask.success > 0%
        "#,
    )
    .passes();
    assert!(run.errors("ask", "too many connections") > 0, "{}", run.report["loads"]);
    let deadlocks = run.errors("one", "deadlock detected") + run.errors("two", "deadlock detected");
    assert!(deadlocks > 0, "{}", run.report["loads"]);
}

#[test]
fn a_server_that_comes_back_is_used_again() {
    let mut server = Postgres::start();
    let (soak, mut child) = begin(
        &server.url(),
        r#"
        database db { url url; pool 4; timeout 2s }
        action ask { db query "select pg_sleep(0.01)"; think 10ms }
        load ask with 4 users
        expect "down": not db.up within 30s
        expect "back": db.up within 60s
        phase "After" { wait 1s; expect "well": ask.success over 500ms == 100% within 10s }
        "#,
    );
    std::thread::sleep(Duration::from_secs(1));
    server.crash();
    std::thread::sleep(Duration::from_secs(2));
    server.begin();
    let status = child.wait().unwrap();
    let report = std::fs::read_to_string(soak.path().join("out/report.json")).unwrap();
    assert!(status.success(), "{report}");
    assert!(report.contains("connection refused"), "{report}");
    assert!(
        report.contains("connection lost") || report.contains("connection ended by the server"),
        "{report}"
    );
}

#[test]
fn a_server_on_a_host_is_asked_over_a_link() {
    let mut server = Postgres::start();
    let (url, port) = (server.url().replace("127.0.0.1", "far"), server.port);
    let start = server.moved_to("10.37.0.2");
    let story = format!(
        r#"
        host near {{ address "10.37.0.1" }}
        host far  {{ address "10.37.0.2" }}
        link wifi {{ between near, far }}
        process server {{ on far; run "{start}"; ready succeeds("pg_isready --quiet --host far --port {port}") }}
        database db {{ url url; on near; timeout 1s }}
        db query "select 1 as one" {{ check rows[0].one == 1 }}
        action ask {{ db query "select {{seq}}::int as n" {{ check rows[0].n > 0 }} }}
        load ask with 4 users for 1s
        expect "All": ask.success == 100%
        expect "Over the link": wifi.sent > 1KB
        phase "Slow" 2s {{
          wifi degrade latency 30ms
          load ask with 2 users
          expect "Delayed": p50(ask.latency) > 55ms at end
        }}
        phase "Off" {{
          wifi off
          load ask 1 times
          expect "Cut off": ask.failed == 1
        }}
        expect "Back": db.up within 10s
        "#
    );
    run(&url, &story).passes().hides(PASSWORD);
}

/// How far the server's clock is off, by the time since the machine was started.
const OFF: &str = "select extract(epoch from now())::float8 \
    - (regexp_match(pg_read_file('/proc/stat'), 'btime ([0-9]+)'))[1]::float8 \
    - split_part(pg_read_file('/proc/uptime'), ' ', 1)::float8 as off";

#[test]
fn the_clock_of_a_server_is_wrong_in_all_its_processes() {
    let mut server = Postgres::start();
    let (url, port) = (server.url(), server.port);
    let start = server.moved_to("127.0.0.1");
    let story = format!(
        r#"
        process server {{ run "{start}"; ready succeeds("pg_isready --quiet --host 127.0.0.1 --port {port}") }}
        database db {{ url url }}
        metric off = sql(db, "{OFF}") every 100ms
        db query "select now()"
        wait 500ms
        expect "Right": max(off) < 2 and min(off) > -2
        phase "Ahead" 3s {{
          server skew ahead 2h
          wait 1s
          expect "Two hours, in a session that was there before": min(off over 500ms) > 7_198
          expect "No more": max(off) < 7_202
          db query "select pg_sleep(0.2)" {{ check latency > 190ms and latency < 2s }}
        }}
        wait 1s
        expect "Right again": max(off over 500ms) < 2
        phase "Restarted within" {{
          server skew behind 1d
          server restart
          expect "A day": last(off) < -86_398 within 10s
        }}
        "#
    );
    let ended = run(&url, &story).passes();
    let faults = ended.report["faults"].as_array().unwrap();
    let measured: Vec<_> = faults.iter().map(|fault| fault["measured"].as_str().unwrap()).collect();
    assert!(measured[0].starts_with("2h ahead "), "{measured:?}");
    assert!(measured[1].starts_with("1d behind "), "{measured:?}");
    assert!(faults.iter().all(|fault| fault["evidence"] == "measured"), "{faults:?}");
}

/// A server on a disk that forgets what was not synced, killed again and again while it is written to.
const POWER_CUTS: &str = r#"scenario "Power cuts"
disk own { path "{scratch}/own"; size 300MB; faulty }
process pg {
  run "AS_NOBODY POSTGRES -D {scratch}/own/data -p PORT -c unix_socket_directories= -c listen_addresses=127.0.0.1"
  start later
  ready tcp("127.0.0.1:PORT")
  within 60s
}
database db { url "postgres://app@127.0.0.1:PORT/postgres" }
ledger rows {
  sent add.seq
  received sql(db, "select n from t")
}
action add { db execute "insert into t values ({seq}, repeat('x', 500))" }
run "sh -c 'chmod 755 {scratch}; mkdir {scratch}/own/data; chown OWNER {scratch}/own/data; AS_NOBODY INITDB -U app -A trust -D {scratch}/own/data'" timeout 2m
pg start
wait until db.up max 60s
db execute "create table t (n bigint primary key, x text)"
repeat 2 {
  parallel {
    load add with 4 users for 2s
    at 1s { pg kill; own lose unsynced torn }
  }
  pg start
  wait until db.up max 60s
}
expect "Written": rows.sent > 20
expect "Nothing lost": rows.lost == 0 within 10s
expect "Whole": sql(db, "select count(*) from t where length(x) = 500") > 20
"#;

#[test]
fn what_was_committed_is_there_after_power_cuts() {
    let root = nix::unistd::geteuid().is_root();
    let (as_nobody, owner) = match root {
        true => ("setpriv --reuid=nobody --regid=nogroup --clear-groups", "nobody"),
        false => ("env", "$(id -u)"),
    };
    let program = |name| crate::servers::of_postgres(name).display().to_string();
    let scenario = POWER_CUTS
        .replace("AS_NOBODY", as_nobody)
        .replace("OWNER", owner)
        .replace("POSTGRES", &program("postgres"))
        .replace("INITDB", &program("initdb"))
        .replace("PORT", &crate::ports::free().to_string());
    let soak = Soak::new().file("a.soak", scenario);
    let ended = soak.run(&["run", "a.soak", "--out", "out"]);
    assert_eq!(ended.code, 0, "{}{}", ended.out, ended.err);
    let report = std::fs::read(soak.path().join("out/report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    let mut acts = report["acts"].as_array().unwrap().iter();
    let lost = acts.find(|act| act["verb"] == "lose").unwrap()["measured"].as_str().unwrap();
    assert!(lost.contains(" files forgotten, ") && lost.ends_with(" stayed"), "{lost}");
}
