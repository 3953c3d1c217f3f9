//! `sql`: the first column of the first row that a query gives.

use std::fmt;
use std::rc::Rc;

use serde_json::Value;

use super::{NoValue, Sample};
use crate::kinds::database::client::DatabaseClient;

/// A query and the database that is asked.
pub struct SqlSource {
    database: Rc<DatabaseClient>,
    query: String,
}

impl SqlSource {
    pub fn new(database: Rc<DatabaseClient>, query: String) -> SqlSource {
        SqlSource { database, query }
    }

    /// Asks once. NULL and no row at all are no value; neither is a failure, whose reason is told.
    pub async fn sample(&mut self) -> Sample {
        let rows = match self.database.rows(&self.query).await {
            Ok(rows) => rows,
            Err(error) => return Sample::None(NoValue::QueryFailed(error.in_full())),
        };
        let first = rows.first().and_then(Value::as_object).and_then(|row| row.values().next());
        match first {
            None => Sample::None(NoValue::NoRow),
            Some(Value::Null) => Sample::None(NoValue::Null),
            Some(Value::Bool(truth)) => Sample::Bool(*truth),
            Some(Value::Number(number)) => Sample::Number(number.as_f64().unwrap_or(f64::NAN)),
            Some(Value::String(text)) => Sample::Text(text.clone()),
            Some(other) => Sample::Text(other.to_string()),
        }
    }
}

impl fmt::Debug for SqlSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlSource").field("query", &self.query).finish_non_exhaustive()
    }
}
