//! What a ledger receives from: one table.

/// Where what arrives is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ReceiptKind {
    /// Files that are finished, known by their paths.
    Files,
    /// Lines of files, or of a process's output.
    Lines,
    /// Rows of a database.
    Sql,
    /// Items of a JSON document.
    Json,
    /// Messages that a broker or a WebSocket brings.
    Messages,
}

/// What is known of one.
#[derive(Debug)]
pub struct Receipt {
    /// Which one.
    pub kind: ReceiptKind,
    /// As it is written.
    pub name: &'static str,
    /// An example of it, whole.
    pub example: &'static str,
    /// How many values without a name it takes at least and at most.
    pub plain: (usize, usize),
    /// The values that have a name: name, and whether it is a JSONPath.
    pub named: &'static [(&'static str, bool)],
    /// What it gives.
    pub about: &'static str,
}

/// All of them.
pub const RECEIPTS: &[Receipt] = &[
    Receipt {
        kind: ReceiptKind::Files,
        name: "files",
        example: "files(\"out/**\", '/(\\w+)\\.csv$')",
        plain: (2, 2),
        named: &[],
        about: "Each file that is closed after writing or moved into place; the key is the first group in its path, the value the second.",
    },
    Receipt {
        kind: ReceiptKind::Lines,
        name: "lines",
        example: "lines(\"out.jsonl\", '\"id\": ?(\\d+)')",
        plain: (2, 2),
        named: &[],
        about: "Each match in a new whole line, of files or of a process's output; the key is its first group, the value the second.",
    },
    Receipt {
        kind: ReceiptKind::Sql,
        name: "sql",
        example: "sql(store, \"select id, price, nr from orders\", growing = \"nr\")",
        plain: (2, 2),
        named: &[("growing", false)],
        about: "Each row that a query gives, asked every second; its first column is the key, the second the value. With `growing`, a column that only grows, new rows alone are asked for, and rows that become visible up to 5 s out of order are still found; without it each answer is compared with the one before.",
    },
    Receipt {
        kind: ReceiptKind::Json,
        name: "json",
        example: "json(\"http://127.0.0.1:8080/orders\", '$.orders[*]', key = '$.id', value = '$.price')",
        plain: (2, 2),
        named: &[("key", true), ("value", true)],
        about: "Each item that a JSONPath finds in a file or in what a URL answers, asked every second and compared with the answer before; `key` and `value` lead from the item to the two, and without `key` the item itself is the key.",
    },
    Receipt {
        kind: ReceiptKind::Messages,
        name: "messages",
        example: "messages(bus, \"orders.>\", key = '$.id', value = '$.price')",
        plain: (1, 3),
        named: &[("key", true), ("value", true)],
        about: "Each message of a topic of `mqtt` or a subject of `nats`, or of a `websocket` (which has no topic), over a connection of soak's own for the whole run; the key and the value are found by JSONPath, or are the groups of an expression: `messages(bus, \"orders.>\", 'id=(\\d+)')`.",
    },
];

/// The one of a name.
pub fn find_receipt(name: &str) -> Option<&'static Receipt> {
    RECEIPTS.iter().find(|receipt| receipt.name == name)
}
