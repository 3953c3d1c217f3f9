//! TLS with what stands on a host of the scenario: the same, through sockets of that host or of another one.

use crate::run::{run, soak};

#[test]
fn hosts_are_asked_over_tls_with_and_without_http2_and_through_a_proxy() {
    let soak = soak();
    let folder = soak.path().display().to_string();
    let server = format!(
        r#"
        daemon off; master_process off; pid {folder}/pid; error_log stderr;
        events {{ worker_connections 200; }}
        http {{
            access_log off;
            client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
            uwsgi_temp_path {folder}; scgi_temp_path {folder};
            ssl_certificate {folder}/far.pem; ssl_certificate_key {folder}/far.key;
            server {{ listen 443 ssl http2; location / {{ return 200 $server_protocol; }} }}
            server {{ listen 3128; location / {{ return 200 $request_uri@$http_host; }} }}
        }}
        "#
    );
    let soak = soak.file("nginx.conf", server).with("SSL_CERT_FILE", &format!("{folder}/ca.pem"));
    let soak = soak.with("SSL_CERT_DIR", "/nowhere");
    let scenario = format!(
        r#"
        host near {{ address "10.35.0.1" }}
        host far  {{ address "10.35.0.2" }}
        link wifi {{ between near, far }}
        process server {{ on far; run "nginx -c {folder}/nginx.conf -e stderr"; ready http("https://far/") within 20s }}
        http one {{ base "https://far"; on near; resolve 0s }}
        http two {{ base "https://far"; on near; http2; tls ca "ca.pem" }}
        http named {{ base "https://10.35.0.2"; on near; tls name "far" }}
        http here {{ base "https://127.0.0.1"; on far; tls name "far" }}
        http proxied {{ base "http://elsewhere.example"; proxy "http://far:3128"; on near }}
        tcp line {{ address "far:443"; on near; tls }}
        permit load to "elsewhere.example"
        metric up = http("https://far/")
        one get "/" {{ check body == "HTTP/1.1" }}
        two get "/" {{ check body == "HTTP/2.0" }}
        named get "/" {{ check status == 200 }}
        proxied get "/at" {{ check body == "/at@elsewhere.example" }}
        line send "GET / HTTP/1.0\n\n"
        line receive "200 OK"
        expect "Over the link": wifi.sent > 1KB and wifi.received > 1KB
        phase "Off" {{
          wifi off
          here get "/" {{ check status == 200 }}
          expect "Its own": up within 5s
        }}
        action ask {{ one get "/" timeout 2s {{ check status == 200 }} }}
        action stream {{ two get "/" timeout 2s {{ check status == 200 }} }}
        phase "Slow" 2s {{
          wifi degrade latency 40ms
          load ask at 10/s
          load stream at 10/s
          expect "Delayed": p50(ask.latency) > 75ms and p50(stream.latency) > 75ms at end
        }}
        "#
    );
    run(soak, &scenario).passes();
}
