//! Datasets: files whose rows iterations take, one each.
//!
//! A file is never held in memory but for small ones. In order (`sequential`, `once`) a thread reads ahead by a few
//! hundred rows. At random an index of where rows begin is made once, sparse where there are many: a draw goes to the
//! nearest place before its row and reads on from there.

mod index;
mod rows;
mod stream;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use rand::RngCore;

use crate::check::scenario::DatasetOrder;
use crate::lang::value::Value;
use index::Index;
use rows::Rows;
use stream::Stream;

pub use rows::{Numbered, Wrong};

/// Why a dataset cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("{} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, std::io::Error),
    #[error("{} holds no row", .0.display())]
    Empty(PathBuf),
}

/// A dataset that rows are taken from.
#[derive(Debug)]
pub struct Dataset {
    name: String,
    /// Of CSV; JSON lines name them in each row.
    columns: Vec<String>,
    feed: Feed,
}

#[derive(Debug)]
enum Feed {
    /// Behind a lock that is fair: rows go out in the order in which they were asked for.
    Stream(tokio::sync::Mutex<Stream>),
    Index(Index),
}

impl Dataset {
    /// Opens a file; at random, looks at all of it. Blocks for so long.
    ///
    /// # Errors
    /// When it cannot be read, or has no row.
    pub fn open(name: &str, path: &Path, order: DatasetOrder) -> Result<Dataset, OpenError> {
        let unreadable = |error| OpenError::Unreadable(path.to_path_buf(), error);
        let mut rows = Rows::open(path).map_err(unreadable)?;
        let beginning = rows.place();
        if rows.read().map_err(unreadable)?.is_none() {
            return Err(OpenError::Empty(path.to_path_buf()));
        }
        rows.go_to(beginning).map_err(unreadable)?;
        let columns = rows.columns().to_vec();
        let feed = match order {
            DatasetOrder::Random => Feed::Index(Index::of(rows).map_err(unreadable)?),
            DatasetOrder::Sequential => Feed::Stream(Stream::begin(rows, true).map_err(unreadable)?.into()),
            DatasetOrder::Once => Feed::Stream(Stream::begin(rows, false).map_err(unreadable)?.into()),
        };
        Ok(Dataset { name: name.to_owned(), columns, feed })
    }

    /// As it was declared.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The next row, or one that `random` says; None once all were taken of a dataset that gives each `once`.
    pub async fn take(&self, random: &mut (dyn RngCore + Send)) -> Option<Numbered> {
        match &self.feed {
            Feed::Stream(stream) => stream.lock().await.next().await,
            Feed::Index(index) => Some(index.draw(random).await),
        }
    }

    /// A column of a row, where the row has it.
    pub fn column(&self, row: &Row, column: &str) -> Option<Value> {
        match row {
            Row::Fields(fields) => {
                let position = self.columns.iter().position(|name| name == column)?;
                fields.get(position).cloned().map(Value::Text)
            }
            Row::Object(object) => object.get(column).cloned().map(Value::from_json),
        }
    }
}

/// What a row holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Row {
    /// Of CSV: texts, by column.
    Fields(Vec<String>),
    /// Of JSON lines.
    Object(serde_json::Map<String, serde_json::Value>),
}
