//! An answer as the lines behind a request look at it.

use crate::kinds::request::Answer;
use crate::lang::eval::NoValue;
use crate::lang::json;
use crate::lang::moment::Moment;

/// Parts of a body that are looked for in it as it came. Whoever wants more of it has a tree made.
const LOOKS_WITHOUT_TREE: u8 = 4;

/// The answer a step is looking at, and when it was complete.
pub struct Answered {
    pub answer: Answer,
    /// The body, made when it is first asked for.
    body: Option<serde_json::Value>,
    /// Parts that were looked for in the body without it.
    looks: u8,
    /// The headers likewise.
    headers: Option<serde_json::Value>,
    /// And the rows.
    rows: Option<serde_json::Value>,
    pub at: Moment,
}

impl Answered {
    pub fn new(answer: Answer, at: Moment) -> Answered {
        Answered { answer, body: None, looks: 0, headers: None, rows: None, at }
    }

    /// The status, as it is told.
    pub fn status(&self) -> Option<String> {
        let name = self.answer.status_name.map(str::to_string);
        name.or_else(|| self.answer.status.map(|status| status.to_string()))
    }

    pub fn body(&mut self) -> &serde_json::Value {
        self.body.get_or_insert_with(|| self.answer.body_json())
    }

    pub fn headers(&mut self) -> &serde_json::Value {
        self.headers.get_or_insert_with(|| self.answer.headers_json())
    }

    pub fn rows(&mut self) -> Option<&serde_json::Value> {
        let rows = self.answer.rows.as_ref()?;
        Some(self.rows.get_or_insert_with(|| rows.to_json()))
    }
    /// A part of the body; `None` where a tree of the whole serves better.
    pub fn part(&mut self, path: &[&str]) -> Option<Result<serde_json::Value, NoValue>> {
        let has_tree = self.body.is_some() || self.answer.document.is_some();
        if has_tree || self.looks == LOOKS_WITHOUT_TREE {
            return None;
        }
        self.looks += 1;
        // A body that is not JSON is a text, which has no parts.
        let found = json::find(&self.answer.body, path).ok().flatten();
        // In the tree a `_` may stand for a `-`.
        if found.is_none() && path.iter().any(|part| part.contains('_')) {
            return None;
        }
        Some(found.ok_or_else(|| NoValue::Missing(path.last().copied().unwrap_or_default().to_string())))
    }
}
