//! The regular expressions that answers are looked at with: compiled once, kept as long as there are few.

use super::request::RequestError;
use regex::bytes::Regex;
use std::cell::RefCell;
use std::collections::HashMap;

/// Patterns with a value of the iteration in them are as many as iterations; so many are kept.
const MOST: usize = 64;

/// The patterns of one client.
#[derive(Default)]
pub struct Patterns {
    known: RefCell<HashMap<String, Regex>>,
}

impl Patterns {
    /// The expression that a text is.
    ///
    /// # Errors
    /// Where it is none, as one made at run time may be.
    pub fn get(&self, text: &str) -> Result<Regex, RequestError> {
        let mut known = self.known.borrow_mut();
        if let Some(regex) = known.get(text) {
            return Ok(regex.clone());
        }
        let regex = Regex::new(text)
            .map_err(|_| RequestError::Invalid("what must come is no regular expression".into()))?;
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_string(), regex.clone());
        Ok(regex)
    }
}
