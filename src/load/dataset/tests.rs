//! Datasets against files with everything in them that files have.

use std::collections::BTreeMap;
use std::path::PathBuf;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

use super::*;

fn file(text: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rows");
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// The line and the content of every row, as far as there are `most`.
async fn rows(dataset: &Dataset, most: usize) -> Vec<(u64, String)> {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut seen = Vec::new();
    while seen.len() < most
        && let Some(row) = dataset.take(&mut random).await
    {
        let shown = match row.row {
            Ok(Row::Fields(fields)) => fields.join("|"),
            Ok(Row::Object(object)) => serde_json::Value::Object(object).to_string(),
            Err(wrong) => format!("! {wrong}"),
        };
        seen.push((row.line, shown));
    }
    seen
}

#[tokio::test]
async fn every_line_is_a_row_or_an_error_with_its_number() {
    let long = "x".repeat(rows::MOST_ROW_BYTES + 5);
    // text, rows with their lines
    let table: &[(&str, &[(u64, &str)])] = &[
        ("id,name\n1,ann\n2,bob\n", &[(2, "1|ann"), (3, "2|bob")]),
        ("\u{feff}id,name\r\n1,ann\r\n\r\n2,bob", &[(2, "1|ann"), (4, "2|bob")]),
        (
            "id,name\n1,\"two\nlines, \"\"quoted\"\"\"\n2,bob\n",
            &[(2, "1|two\nlines, \"quoted\""), (4, "2|bob")],
        ),
        (
            "id,name\n1\n1,2,3\n2,bob\n",
            &[
                (2, "! the row has 1 fields where the first line names 2"),
                (3, "! the row has 3 fields where the first line names 2"),
                (4, "2|bob"),
            ],
        ),
        (
            "id,name\n1,\"open\n2,bob\n3,cid\n",
            &[(2, "! a quote is opened and never closed"), (3, "2|bob"), (4, "3|cid")],
        ),
        (
            "id,name\n1,\"open\n2,bob\",x\n3,cid\n",
            &[
                (2, "! the row has 3 fields where the first line names 2"),
                (3, "! the row has 3 fields where the first line names 2"),
                (4, "3|cid"),
            ],
        ),
        (
            "{\"id\": 1}\n\n{\"id\": \"b\", \"n\": null}",
            &[(1, "{\"id\":1}"), (3, "{\"id\":\"b\",\"n\":null}")],
        ),
        (
            "{\"id\": 1}\n[2]\n{\"id\"\n",
            &[
                (1, "{\"id\":1}"),
                (2, "! the row is no JSON object: it is another value"),
                (3, "! the row is no JSON object: EOF while parsing an object at line 2 column 0"),
            ],
        ),
        (&format!("id\n{long}\n2\n"), &[(2, "! the row is longer than 1024 KiB"), (3, "2")]),
    ];
    for (text, wanted) in table {
        let shown = &text[..text.len().min(100)];
        let wanted: Vec<(u64, String)> = wanted.iter().map(|(line, row)| (*line, row.to_string())).collect();
        let (_folder, path) = file(text.as_bytes());
        let once = Dataset::open("people", &path, DatasetOrder::Once).unwrap();
        assert_eq!(rows(&once, 100).await, wanted, "{shown}");
        let around = Dataset::open("people", &path, DatasetOrder::Sequential).unwrap();
        let twice: Vec<_> = wanted.iter().chain(&wanted).cloned().collect();
        assert_eq!(rows(&around, twice.len()).await, twice, "{shown}");
        let random = Dataset::open("people", &path, DatasetOrder::Random).unwrap();
        let mut drawn = rows(&random, 200).await;
        drawn.sort();
        drawn.dedup();
        assert_eq!(drawn, wanted, "{shown}");
    }
}

#[tokio::test]
async fn what_is_no_text_is_an_error_of_its_row() {
    let (_folder, path) = file(b"id\n\xff\xfe\n2\n");
    let once = Dataset::open("people", &path, DatasetOrder::Once).unwrap();
    assert_eq!(rows(&once, 9).await, [(2, "! the row is not UTF-8".into()), (3, "2".into())]);
}

#[tokio::test]
async fn a_sparse_index_gives_every_row_with_the_same_probability() {
    let text: String =
        std::iter::once("id\n".to_owned()).chain((0..1000).map(|id| format!("{id}\n"))).collect();
    let (_folder, path) = file(text.as_bytes());
    for most in [1000, 999, 64] {
        let index = Index::with_places(Rows::open(&path).unwrap(), most).unwrap();
        let mut random = ChaCha8Rng::seed_from_u64(7);
        let mut drawn: BTreeMap<u64, u32> = BTreeMap::new();
        for _ in 0..20_000 {
            let row = index.draw(&mut random).await;
            assert_eq!(row.row, Ok(Row::Fields(vec![(row.line - 2).to_string()])), "{most}");
            *drawn.entry(row.line).or_default() += 1;
        }
        // Each is expected 20 times, with a standard deviation of 4.5.
        assert_eq!((drawn.len(), drawn.values().any(|times| *times > 45)), (1000, false), "{most}");
    }
}

#[test]
fn a_file_without_rows_is_refused() {
    for text in ["", "\n", "id,name\n", "id,name\n\n \n"] {
        let (_folder, path) = file(text.as_bytes());
        let opened = Dataset::open("people", &path, DatasetOrder::Sequential);
        assert!(matches!(opened, Err(OpenError::Empty(_))), "{text:?}");
    }
    let (folder, _) = file(b"");
    let opened = Dataset::open("people", folder.path(), DatasetOrder::Once);
    assert!(matches!(opened, Err(OpenError::Unreadable(..))));
}
