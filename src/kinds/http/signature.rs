//! What an HTTP service is declared with and asked.

use crate::kinds::host::signature::ON;
use crate::kinds::tcp::signature::RESOLVE;
use crate::kinds::tls::signature::{self as tls, TLS};
use crate::lang::declare::{flag, given, keyword, positional, request};
use crate::lang::quantity::Dimension;
use crate::lang::signature::{Accepts, Body, Given, GivenResult, Kind, Parameter, Rule, Support, Verb};

/// A service that answers HTTP.
pub static KIND: Kind = Kind {
    name: "http",
    about: "A service that is asked over HTTP; what its answers measure belongs to the action that asks.",
    settings: SETTINGS,
    one_of: &[],
    verbs: VERBS,
    readings: &[],
    example: EXAMPLE,
    built_in: false,
    rules: &[
        Rule::AtMostOne(&["connections", "own"]),
        Rule::AtMostOne(&["own", "reuse"]),
        Rule::AtMostOne(&["reuse", "idle"]),
        Rule::AtMostOne(&["http2", "idle"]),
        tls::CERTIFICATE,
        tls::KEY,
        tls::TRUST,
    ],
    support: Support::Ready,
};

const SETTINGS: &[Parameter] = &[
    keyword(
        "base",
        &[Accepts::Url(&["http", "https"])],
        "What stands in front of the path of every request, with one `/` between them.",
    )
    .required(),
    keyword("header", &[Accepts::Text, Accepts::Text], "A header of every request: its name and its value.")
        .repeated(),
    keyword(
        "timeout",
        &[Accepts::Quantity(Dimension::TIME)],
        "How long a request may take, from the connection to the last byte of the answer.",
    )
    .default("30s"),
    TLS,
    flag("http2", "Speaks HTTP/2 from the first byte, many requests on one connection."),
    keyword(
        "connections",
        &[Accepts::Count],
        "How many connections there are at most; with `http2`, how many all users share, 1 if not said.",
    ),
    flag("own", "Each user has a connection of its own, as browsers and devices have."),
    keyword(
        "reuse",
        &[Accepts::Word(&["never"])],
        "With `never` each request opens a connection, as a client that has just begun does.",
    ),
    keyword(
        "idle",
        &[Accepts::Quantity(Dimension::TIME)],
        "How long a connection is kept that nobody uses; if not said, until the other end closes it.",
    ),
    RESOLVE,
    keyword(
        "redirects",
        &[Accepts::Count],
        "How many redirects of one request are followed; one to another machine needs a permit.",
    )
    .default("0"),
    flag("cookies", "Each user keeps the cookies that it is given, and sends them back."),
    flag(
        "compress",
        "Asks for compressed answers (gzip, deflate, br, zstd) and reads them; bytes count as they come.",
    ),
    keyword(
        "proxy",
        &[Accepts::Url(&["http"])],
        "The proxy that it is asked through, with a user and a password where it wants them.",
    ),
    ON,
];

/// One place in memory, so that the methods can be told together.
static REQUEST: [Parameter; 7] = [
    positional("path", &[Accepts::Text], "The path behind `base`, with its query.").required(),
    keyword("json", &[Accepts::Json], "A body of JSON, with its content type."),
    keyword("text", &[Accepts::Text], "A body of plain text."),
    keyword("form", &[Accepts::Json], "A body as a form sends it, from an object."),
    keyword("file", &[Accepts::Path], "A body that is a file's content."),
    keyword(
        "header",
        &[Accepts::Text, Accepts::Text],
        "A header of this request, in place of the service's own of that name.",
    )
    .repeated(),
    keyword("timeout", &[Accepts::Quantity(Dimension::TIME)], "How long this request may take."),
];

const ANSWER: &[Given] = &[
    given("status", GivenResult::Quantity(Dimension::NONE), "The status, such as 200."),
    given("body", GivenResult::Json, "The body: of JSON its parts, otherwise a text."),
    given(
        "headers",
        GivenResult::Json,
        "The headers, by their names in small letters, with `_` for `-`: `headers.content_type`.",
    ),
    given("latency", GivenResult::Quantity(Dimension::TIME), "The time the answer took."),
];

const fn method(name: &'static str, about: &'static str, example: &'static str) -> Verb {
    request(name, about, example)
        .takes(&REQUEST)
        .rules(&[Rule::AtMostOne(&["json", "text", "form", "file"])])
        .body(Body::Answer)
        .gives(ANSWER)
}

const VERBS: &[Verb] = &[
    method("get", "Sends a GET request.", "api get \"/items?page=2\" { check status == 200 }"),
    method(
        "post",
        "Sends a POST request.",
        "api post \"/items\" json { name: \"one\" } { check status == 201 }",
    ),
    method("put", "Sends a PUT request.", "api put \"/items/1\" text \"one\""),
    method("patch", "Sends a PATCH request.", "api patch \"/items/1\" json { name: \"two\" } timeout 5s"),
    method("delete", "Sends a DELETE request.", "api delete \"/items/1\" { check status in [204, 404] }"),
    method("head", "Sends a HEAD request.", "api head \"/items/1\" header \"Accept\" \"text/html\""),
];

const EXAMPLE: &str = r#"http api {
  base    "http://127.0.0.1:8080/v1"
  header  "Accept" "application/json"
  timeout 5s
}
action edit {
  api post "/items" json { name: "item-{seq}" } {
    check status == 201
    capture id = body.id
  }
  api put "/items/{id}" form { name: "renamed" } { check status == 200 }
  api patch "/items/{id}" text "note" header "Content-Type" "text/markdown"
  api get "/items/{id}" timeout 1s { check status == 200 and latency < 500ms }
  api head "/items/{id}"
  api delete "/items/{id}" { check status in [200, 204] }
}
http shop {
  base        "http://127.0.0.1:8081"
  connections 64
  idle        30s
  redirects   5
  cookies
  compress
  proxy       "http://127.0.0.1:3128"
  resolve     10s
}
action browse {
  shop get "/" { check status == 200 }
  shop put "/report" file "report.pdf" header "Content-Type" "application/pdf"
}
http fresh { base "http://127.0.0.1:8082"; reuse never }
http many { base "http://127.0.0.1:8083"; http2; own }
action look {
  fresh get "/"
  many get "/"
}
load edit at 20/s for 10s
load browse with 10 users for 10s
load look at 5/s for 10s
expect "Fast": p95(edit.latency) < 100ms
"#;
