//! Rows at random: where they begin is known of every so-manieth, so that memory does not grow with the file.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use rand::{Rng, RngCore};

use super::rows::{Numbered, Place, Rows, Wrong};

/// Places that are kept; where there are more rows, each is followed by so many that a draw has to pass over.
const MOST_PLACES: usize = 1 << 20;

/// A file with the places of its rows.
#[derive(Debug)]
pub struct Index {
    rows: Arc<Mutex<Rows>>,
    places: Vec<Place>,
    /// How many rows lie between two places.
    stride: u64,
    count: u64,
    kept: bool,
}

impl Index {
    /// Looks at every row from where `rows` stand. There must be one.
    pub fn of(rows: Rows) -> io::Result<Index> {
        Index::with_places(rows, MOST_PLACES)
    }

    pub(super) fn with_places(mut rows: Rows, most: usize) -> io::Result<Index> {
        let (mut places, mut stride, mut count) = (Vec::new(), 1, 0u64);
        loop {
            let place = rows.place();
            if rows.read()?.is_none() {
                break;
            }
            if count.is_multiple_of(stride) {
                if places.len() == most {
                    // Every other one goes.
                    places = places.into_iter().step_by(2).collect();
                    stride *= 2;
                }
                if count.is_multiple_of(stride) {
                    places.push(place);
                }
            }
            count += 1;
        }
        let kept = rows.kept;
        Ok(Index { rows: Arc::new(Mutex::new(rows)), places, stride, count, kept })
    }

    /// A row, each with the same probability.
    pub async fn draw(&self, random: &mut (dyn RngCore + Send)) -> Numbered {
        let number = random.random_range(0..self.count);
        let place = self.places[(number / self.stride) as usize];
        let rows = Arc::clone(&self.rows);
        let passed = number % self.stride;
        let look = move || row(&mut rows.lock().unwrap_or_else(PoisonError::into_inner), place, passed);
        if self.kept {
            return look();
        }
        // What is not in memory may have to come from a disk.
        tokio::task::spawn_blocking(look).await.unwrap_or_else(|error| unreadable(place, &error.to_string()))
    }
}

/// The row so many behind a place.
fn row(rows: &mut Rows, place: Place, passed: u64) -> Numbered {
    let found = rows.go_to(place).and_then(|()| {
        for _ in 0..passed {
            rows.read()?;
        }
        rows.read()
    });
    match found {
        Ok(Some(row)) => row,
        Ok(None) => unreadable(place, "it has become shorter"),
        Err(error) => unreadable(place, &error.to_string()),
    }
}

fn unreadable(place: Place, why: &str) -> Numbered {
    Numbered { line: place.line, row: Err(Wrong::Unreadable(why.to_owned())) }
}
