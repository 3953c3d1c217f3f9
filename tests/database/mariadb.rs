//! MariaDB, which stands for MySQL too.

use crate::runs::run;
use crate::servers::{Mariadb, PASSWORD};

#[test]
fn a_server_is_asked_and_changed() {
    let server = Mariadb::start();
    let run = run(
        &server.url(),
        r#"
        database db { url url; pool 4; timeout 1s }
        db execute "create table people (id int primary key auto_increment, name varchar(100) unique, score decimal(8,2), born date, extra json, raw blob)"
        for each name in ["ann", "bo'b", "x'); drop table people; --"] {
          db execute "insert into people (name, score, born, extra, raw) values ({name}, 12.5, '2001-02-03', '\{\"a\": 1}', x'00ff')"
        }
        db query "select id, name, score, born, raw, null as missing, 1.5e0 as half from people order by id" {
          check rows[1].name == "bo'b" and rows[1].score == 12.5 and rows[0].born == "2001-02-03"
          check rows[0].raw == "\\x00ff" and rows[0].half == 1.5
        }
        action look { db query "select id, concat('bot-', {user}) as bot from people where name = 'an{"n"}' and {seq} > 0" { check rows[0].id == 1; capture bot = rows[0].bot } }
        action again { db execute "insert into people (name) values ('ann')" }
        action wrong { db query "select * from nothing" }
        action worse { db query "selec 1" }
        action never { db query "select sleep(60)" }
        load look with 4 users for 500ms
        load again 1 times
        load wrong 1 times
        load worse 1 times
        load never 1 times
        expect "people": sql(db, "select count(*) from people") == 3
        expect "name": sql(db, "select name from people where id = 1") == "ann"
        expect "look": look.success == 100%
        expect "bots": distinct(look.bot) == 4
        expect "given up": sql(db, "select count(*) from information_schema.processlist where info like 'select sleep%'") == 0 within 2s
        expect "up": db.up
        "#,
    )
    .passes();
    assert_eq!(run.errors("again", "unique violation"), 1, "{}", run.said);
    assert_eq!(run.errors("wrong", "unknown table"), 1, "{}", run.said);
    assert_eq!(run.errors("worse", "syntax error"), 1, "{}", run.said);
    assert_eq!(run.errors("never", "no answer within 1s"), 1, "{}", run.said);
    run.hides(PASSWORD);
}

#[test]
fn others_are_disconnected_locked_out_and_crowded_out() {
    let server = Mariadb::start();
    server.sql("create table people (id int)");
    let mut others: Vec<_> =
        (0..5).map(|_| server.client("app", "select sleep(60)").spawn().unwrap()).collect();
    let crowd = run(
        &server.url(),
        r#"
        database db { url url; timeout 5s }
        expect "all": db.connections == 5 within 3s
        db disconnect 30%
        expect "fewer": db.connections == 3 within 2s
        db hog connections 4 for 500ms
        "#,
    )
    .passes();
    assert!(
        crowd.measured("disconnect").contains("2 of 5 connections ended"),
        "{}",
        crowd.measured("disconnect")
    );
    assert!(crowd.measured("hog").contains("4 of 4 connections held"), "{}", crowd.measured("hog"));
    others.push(server.client("app", "do sleep(1); insert into people values (1)").spawn().unwrap());
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
fn bad_luck_has_names() {
    let server = Mariadb::start();
    let cases = [
        (server.url().replace(PASSWORD, "wrong"), "select 1", "wrong password"),
        (
            server.url().replace(&format!("{}/app", server.port), &format!("{}/nothing", server.port)),
            "select 1",
            "unknown database",
        ),
        (
            server.url().replace(&server.port.to_string(), &crate::ports::free().to_string()),
            "select 1",
            "connection refused",
        ),
        (
            server.url(),
            "select seq, repeat('x', 100) as x from seq_1_to_1000000",
            "the answer is larger than 64 MiB",
        ),
    ];
    for (url, query, cause) in cases {
        let story = format!(
            "database db {{ url url }}\naction ask {{ db query \"{query}\" }}\nload ask 2 times\n\
             expect \"counted\": ask.failed == 2"
        );
        let run = run(&url, &story).passes();
        assert_eq!(run.errors("ask", cause), 2, "{cause}: {}", run.said);
    }
}

/// What is asked from a host goes over the links of that host.
#[test]
fn a_server_on_a_host_is_asked_from_another_one() {
    let run = run(
        "mysql://app@far/mysql",
        r#"
        host near { address "10.40.0.1" }
        host far  { address "10.40.0.2" }
        link wire { between near, far }
        process server {
          on far
          run "sh -c 'mariadb-install-db --no-defaults --user=root --datadir={scratch}/db --skip-test-db >&2 && exec mariadbd --no-defaults --user=root --datadir={scratch}/db --socket={scratch}/socket --bind-address=10.40.0.2 --skip-grant-tables'"
          ready tcp("10.40.0.2:3306") within 50s
          stop signal SIGKILL
        }
        database db { url url; on near; timeout 1s; pool 4 }
        db execute "create table people (id int)"
        db execute "insert into people values (1), (2)"
        action look { db query "select count(*) as n from people where {seq} > 0" { check rows[0].n == 2 } }
        action never { db query "select sleep(60)" }
        load look with 4 users for 500ms
        expect "look": look.success == 100%
        phase "Far" 2s {
          wire degrade latency 50ms
          load look with 4 users
          expect "far": p50(look.latency) > 95ms at end
        }
        load never 1 times
        expect "given up": sql(db, "select count(*) from information_schema.processlist where info like 'select sleep%'") == 0 within 3s
        server stop
        expect "gone": not db.up
        "#,
    );
    let run = run.passes();
    assert_eq!(run.errors("never", "no answer within 1s"), 1, "{}", run.said);
}
