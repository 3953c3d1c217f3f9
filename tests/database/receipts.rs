//! Ledgers that receive rows: some thousand, of which ten are lost, ten come twice and ten are altered.

use crate::runs::run;
use crate::servers::Postgres;

/// A story in which the ledger `items` receives from a source.
fn story(source: &str) -> String {
    let insert = |id: &str, price: &str| {
        format!("db execute \"insert into orders (id, price) values ({{{id}}}, {price})\"")
    };
    let (once, altered) = (insert("id", "{price}"), insert("id", "2"));
    format!(
        r#"
        database db {{ url url; pool 8; timeout 5s }}
        setup {{
          db execute "create table orders (nr bigserial primary key, id text, price numeric(8,2), at timestamptz default now())"
          db execute "insert into orders (id, price) values ('old', 1)"
        }}
        action good {{ capture id = "item-{{seq}}"; capture price = seq + 0.5; {once} }}
        action lose {{ capture id = "lost-{{seq}}"; capture price = 1; db query "select 1" }}
        action double {{ capture id = "doubled-{{seq}}"; capture price = 1; {once}; {once} }}
        action alter {{ capture id = "altered-{{seq}}"; capture price = 1; {altered} }}
        ledger items {{
          sent good.id with good.price
          sent lose.id with lose.price
          sent double.id with double.price
          sent alter.id with alter.price
          received {source}
        }}
        load good with 8 users 2000 times
        load lose 10 times
        load double 10 times
        load alter 10 times
        expect "lost": items.lost == 10 within 5s
        expect "all": items.sent == 2030 and items.received == 2020 and items.unexpected == 0
        expect "doubled": items.duplicated == 10
        expect "altered": items.altered == 10
        "#
    )
}

#[test]
fn rows_of_whole_answers_and_of_a_column_that_grows_are_received() {
    let server = Postgres::start();
    for source in [
        r#"sql(db, "select id, price from orders")"#,
        r#"sql(db, "select id, price, nr from orders", growing = "nr")"#,
        r#"sql(db, "select id, price, at from orders;", growing = "at")"#,
    ] {
        let run = run(&server.url(), &story(source)).passes();
        let ledger = &run.report["ledgers"][0];
        for (kind, name) in [("lost", "lost-"), ("duplicated", "doubled-"), ("altered", "altered-")] {
            let keys = ledger[kind]["keys"].as_array().unwrap();
            assert_eq!(keys.len(), 10, "{source}: {ledger}");
            assert!(keys.iter().all(|key| key.as_str().unwrap().starts_with(name)), "{source}: {ledger}");
        }
        server.sql("drop table orders");
    }
}

/// What takes its number early and shows its row late must not be passed over.
#[test]
fn rows_that_show_out_of_order_are_received() {
    let server = Postgres::start();
    server.sql("create table orders (nr bigserial primary key, id text)");
    run(
        &server.url(),
        r#"
        database db { url url; pool 8; timeout 10s }
        action slow { db execute "with late as (insert into orders (id) values ({seq}) returning nr) select pg_sleep(2) from late" }
        action quick { capture id = "quick-{seq}"; db execute "insert into orders (id) values ({id})"; think 50ms }
        ledger items {
          sent slow.seq
          sent quick.id
          received sql(db, "select id, nr from orders", growing = "nr")
        }
        parallel {
          load slow with 4 users 8 times
          load quick with 1 users for 4s
        }
        expect "all": items.lost == 0 within 5s
        expect "once": items.duplicated == 0 and items.unexpected == 0 and items.sent > 20
        "#,
    )
    .passes();
}
