//! SQLite: a file beside the scenario.

use crate::runs::run;

#[test]
fn a_file_is_asked_changed_and_locked() {
    let run = run(
        "sqlite:app.db",
        r#"
        database db { url url; pool 4; timeout 300ms }
        db execute "create table people (id integer primary key, name text unique, score real)"
        for each name in ["ann", "bo'b", "x'); drop table people; --"] {
          db execute "insert into people (name, score) values ({name}, 12.5)"
        }
        db query "select id, name, score, null as missing from people order by id" {
          check rows[1].name == "bo'b" and rows[1].score == 12.5 and rows[0].id == 1
        }
        action look { db query "select name from people where name = 'a{"nn"}' and id <= {seq}" { check rows[0].name == "ann" } }
        action again { db execute "insert into people (name) values ('ann')" }
        action wrong { db query "select * from absent" }
        action never { db query "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n" }
        load look with 4 users for 300ms
        load again 1 times
        load wrong 1 times
        load never 1 times
        expect "people": sql(db, "select count(*) from people") == 3
        expect "name": sql(db, "select name from people where id = 1") == "ann"
        expect "look": look.success == 100%
        db lock "people" for 1s
        expect "up": db.up
        "#,
    )
    .passes();
    assert_eq!(run.errors("again", "unique violation"), 1, "{}", run.said);
    assert_eq!(run.errors("wrong", "unknown table"), 1, "{}", run.said);
    assert_eq!(run.errors("never", "no answer within 300ms"), 1, "{}", run.said);
    assert!(run.measured("lock").contains("granted for"), "{}", run.measured("lock"));
}

#[test]
fn a_lock_keeps_others_out() {
    let run = run(
        "sqlite:app.db",
        r#"
        database db { url url; timeout 300ms }
        action add { db execute "insert into t values (1)" }
        db execute "create table t (n)"
        phase "Locked" {
          db lock "t"
          load add 2 times
          expect "kept out": add.failed == 2
        }
        wait 100ms
        phase "Free" {
          load add 1 times
          expect "let in": add.success == 100%
        }
        "#,
    )
    .passes();
    assert_eq!(run.errors("add", "lock not available"), 2, "{}", run.said);
}
