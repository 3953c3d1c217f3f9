//! Redis, MQTT and NATS over TLS, each against its real server.

use crate::ports;
use crate::run::{run, soak};

#[test]
fn redis() {
    let soak = soak();
    let (port, mutual, clear) = (ports::free(), ports::free(), ports::free());
    let files = "--tls-cert-file server.pem --tls-key-file server.key --tls-ca-cert-file ca.pem --save ''";
    let scenario = format!(
        r#"
        process server {{
          run "redis-server --port {clear} --tls-port {port} --bind 127.0.0.1 {files} --tls-auth-clients no"
          ready tcp("127.0.0.1:{port}")
        }}
        process strict {{
          run "redis-server --port 0 --tls-port {mutual} --bind 127.0.0.1 {files}"
          ready tcp("127.0.0.1:{mutual}")
        }}
        redis cache {{ url "rediss://localhost:{port}"; tls ca "ca.pem"; timeout 5s }}
        redis mine {{ url "rediss://localhost:{port}"; tls ca "ca.pem"; own; timeout 5s }}
        redis usual {{ url "rediss://localhost:{port}" }}
        redis clear {{ url "rediss://localhost:{clear}"; tls insecure; timeout 500ms }}
        redis nobody {{ url "rediss://localhost:{mutual}"; tls ca "ca.pem" }}
        redis known {{ url "rediss://localhost:{mutual}"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        cache send "SET" "key" "value" {{ check body == "OK" }}
        cache send "GET" "key" {{ check body == "value" }}
        known send "PING" {{ check body == "PONG" }}
        action remember {{
          cache send "SET" "key-{{seq}}" "value-{{seq}}" {{ check body == "OK" }}
          cache send "GET" "key-{{seq}}" {{ check body == "value-{{seq}}" }}
        }}
        action transfer {{
          mine send "MULTI" {{ check body == "OK" }}
          mine send "INCR" "total" {{ check body == "QUEUED" }}
          mine send "EXEC"
        }}
        action unknown {{ usual send "PING" }}
        action in_clear {{ clear send "PING" }}
        action without {{ nobody send "PING" }}
        load unknown 2 times
        load in_clear 2 times
        load without 2 times
        load remember with 20 users 500 times
        load transfer with 5 users at once
        expect "All": remember.count == 500 and remember.success == 100% and transfer.success == 100%
        "#
    );
    let run = run(soak, &scenario).passes();
    run.fails_of("unknown", 2, "the server's certificate is from an unknown issuer");
    run.fails_of("without", 2, "the server wants a client certificate");
    // It waits for the end of what it takes for a command.
    run.fails_of("in_clear", 2, "no answer within 500ms");
}

#[test]
fn mqtt() {
    let (port, mutual, clear) = (ports::free(), ports::free(), ports::free());
    let soak = soak();
    let here = soak.path().display();
    let files = format!("cafile {here}/ca.pem\ncertfile {here}/server.pem\nkeyfile {here}/server.key\n");
    let conf = format!(
        "user root\nallow_anonymous true\nlistener {port} 127.0.0.1\n{files}listener {mutual} 127.0.0.1\n{files}\
         require_certificate true\nlistener {clear} 127.0.0.1\n"
    );
    let soak = soak.file("broker.conf", conf);
    let scenario = format!(
        r#"
        process server {{ run "mosquitto -c broker.conf"; ready tcp("127.0.0.1:{clear}") }}
        mqtt bus {{ url "mqtts://localhost:{port}"; tls ca "ca.pem"; timeout 5s }}
        mqtt named {{ url "mqtts://localhost:{port}"; tls ca "ca.pem" name "other.example" }}
        mqtt clear {{ url "mqtts://localhost:{clear}"; tls insecure; timeout 5s }}
        mqtt nobody {{ url "mqtts://localhost:{mutual}"; tls ca "ca.pem" }}
        mqtt known {{ url "mqtts://localhost:{mutual}"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        known publish "news" text "x" qos 1
        action first {{ bus publish "news/{{seq}}" json {{ id: seq }} }}
        action report {{ bus publish "news/{{seq}}" json {{ id: seq }} qos 1 }}
        action listen {{ bus subscribe "news/#" qos 1 {{ receive '"id"'; hold 200ms }} }}
        action wrong {{ named publish "news" text "x" }}
        action in_clear {{ clear publish "news" text "x" }}
        action without {{ nobody publish "news" text "x" qos 1 }}
        load wrong 2 times
        load in_clear 2 times
        load without 2 times
        load first with 20 users 500 times
        phase "Talk" 3s {{
          load listen with 3 users
          load report with 5 users
        }}
        expect "Said": report.success == 100% and report.count > 20 and first.success == 100%
        expect "Heard": listen.success == 100% and listen.count >= 3
        "#
    );
    let run = run(soak, &scenario).passes();
    run.fails_of("wrong", 2, "the server's certificate is for another name");
    run.fails_of("without", 2, "the server wants a client certificate");
    // It closes without having read everything.
    run.fails_of("in_clear", 2, "connection reset");
}

#[test]
fn nats() {
    let (port, mutual, clear) = (ports::free(), ports::free(), ports::free());
    let files = "--tls --tlscert server.pem --tlskey server.key";
    let scenario = format!(
        r#"
        process server {{ run "nats-server --addr 127.0.0.1 --port {port} {files}"; ready tcp("127.0.0.1:{port}") }}
        process strict {{
          run "nats-server --addr 127.0.0.1 --port {mutual} {files} --tlsverify --tlscacert ca.pem"
          ready tcp("127.0.0.1:{mutual}")
        }}
        process open {{ run "nats-server --addr 127.0.0.1 --port {clear}"; ready tcp("127.0.0.1:{clear}") }}
        nats bus {{ url "tls://localhost:{port}"; tls ca "ca.pem"; timeout 5s }}
        nats asked {{ url "nats://localhost:{port}"; tls ca "ca.pem"; timeout 5s }}
        nats usual {{ url "nats://localhost:{port}" }}
        nats clear {{ url "tls://localhost:{clear}"; tls ca "ca.pem" }}
        nats nobody {{ url "tls://localhost:{mutual}"; tls ca "ca.pem" }}
        nats known {{ url "tls://localhost:{mutual}"; tls ca "ca.pem" certificate "client.pem" key "client.key" }}
        asked publish "news" text "x"
        known publish "news" text "x"
        action report {{ bus publish "news.{{seq}}" json {{ id: seq }} }}
        action listen {{ bus subscribe "news.>" {{ receive '"id"'; hold 200ms }} }}
        action unknown {{ usual publish "news" text "x" }}
        action in_clear {{ clear publish "news" text "x" }}
        action without {{ nobody publish "news" text "x" }}
        load unknown 2 times
        load in_clear 2 times
        load without 2 times
        phase "Talk" 3s {{
          load listen with 3 users
          load report with 5 users
        }}
        expect "Said": report.success == 100% and report.count > 20
        expect "Heard": listen.success == 100% and listen.count >= 3
        "#
    );
    let run = run(soak(), &scenario).passes();
    run.fails_of("unknown", 2, "the server's certificate is from an unknown issuer");
    run.fails_of("in_clear", 2, "the server does not speak TLS");
    run.fails_of("without", 2, "the server does not take the client certificate");
}
