//! Rows of a database: the whole answer of a query compared with the one before, or, where a column only grows, the rows
//! behind the one that was seen last.
//!
//! What writes rows takes the number of one before others see it, so a lower number may become visible after a higher one.
//! The rows of the last seconds are therefore asked for again, and compared.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::comparison::{Comparison, Row};
use super::{Doubt, Item, Look, told};
use crate::kinds::database::client::DatabaseClient;
use crate::kinds::database::statement::{Dialect, Parameter, Statement};
use crate::kinds::request::RequestError;

/// How late a row may become visible behind one with a higher number.
const OUT_OF_ORDER: Duration = Duration::from_secs(5);

/// Rows that are asked for at once, where a column grows.
const PAGE: usize = 10_000;

/// What a table that is not there is counted as.
const UNKNOWN_TABLE: &str = "unknown table";

/// Rows of one look; the rest is left for later ones.
const MOST: usize = 1_000_000;

/// A query whose rows are received.
pub struct Rows {
    database: Rc<DatabaseClient>,
    query: String,
    growing: Option<Growing>,
    /// Whether what is sent has a value.
    with_value: bool,
    comparison: Comparison,
}

/// A column that only grows, and how far it was read.
struct Growing {
    column: String,
    /// Rows up to this one are not asked for again.
    floor: Option<Parameter>,
    /// The highest number of each look that is not old enough to be the floor.
    lately: VecDeque<(Instant, Parameter)>,
    begun: bool,
}

impl Rows {
    /// Rows of `query`; with `growing`, the name of a column of it.
    pub fn new(database: Rc<DatabaseClient>, query: &str, growing: Option<String>, with_value: bool) -> Rows {
        let growing =
            growing.map(|column| Growing { column, floor: None, lately: VecDeque::new(), begun: false });
        let query = query.trim().trim_end_matches(';').to_owned();
        Rows { database, query, growing, with_value, comparison: Comparison::default() }
    }

    /// Looks once. The first look finds what was there before.
    ///
    /// # Errors
    /// Why nothing was seen.
    pub async fn look(&mut self) -> Result<Look, String> {
        let begun = Instant::now();
        let asked = match &mut self.growing {
            None => ask(&self.database, &Statement::plain(&self.query)).await?,
            Some(growing) if !growing.begun => {
                let statement = Statement::plain(&newest(&self.query, &growing.column));
                let rows = ask(&self.database, &statement).await?;
                growing.floor = rows.last().map(|row| growing.number(row)).transpose()?.flatten();
                growing.begun = true;
                self.comparison.next(Vec::new());
                return Ok(Look::default());
            }
            Some(growing) => pages(&self.database, &self.query, growing).await?,
        };
        let mut doubt = None;
        let mut rows = Vec::with_capacity(asked.len());
        for row in &asked {
            let place = match &self.growing {
                Some(growing) => growing.number(row)?.map(|number| format!("{number:?}")),
                None => None,
            };
            match item(row, self.with_value) {
                Ok(item) => rows.push(Row { item, place }),
                Err(why) => doubt = Some(why),
            }
        }
        let mut look = self.comparison.next(rows);
        let Some(growing) = &mut self.growing else {
            return Ok(Look { doubt: look.doubt.or(doubt), ..look });
        };
        if let Some(number) = asked.last().map(|row| growing.number(row)).transpose()?.flatten() {
            growing.lately.push_back((begun, number));
        }
        growing.settle(begun);
        // Old rows leave the answer as the floor rises, so nothing has changed and nothing was replaced.
        look.received.append(&mut look.changed);
        Ok(Look { doubt, ..look })
    }

    /// From now on everything that is found has come.
    pub fn begin_empty(&mut self) {
        if !self.comparison.begun() {
            self.comparison.next(Vec::new());
        }
        if let Some(growing) = &mut self.growing {
            growing.begun = true;
        }
    }
}

impl fmt::Debug for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("query", &self.query).finish_non_exhaustive()
    }
}

impl Growing {
    /// The number of a row, as it is sent back; `None` where it is NULL.
    fn number(&self, row: &Value) -> Result<Option<Parameter>, String> {
        let members = row.as_object().into_iter().flatten();
        let mut named = members.filter(|(name, _)| name.eq_ignore_ascii_case(&self.column));
        let (_, number) =
            named.next().ok_or_else(|| format!("the query gives no column `{}`", self.column))?;
        Ok(match number {
            Value::Null => None,
            Value::Number(number) => Some(match number.as_i64() {
                Some(whole) => Parameter::Whole(whole),
                None => Parameter::Number(number.as_f64().unwrap_or(f64::NAN)),
            }),
            other => told(other).map(Parameter::Text),
        })
    }

    /// Raises the floor to what was seen long enough ago.
    fn settle(&mut self, now: Instant) {
        while let Some((at, _)) = self.lately.front()
            && now.duration_since(*at) >= OUT_OF_ORDER
        {
            self.floor = self.lately.pop_front().map(|(_, number)| number);
        }
    }
}

async fn ask(database: &DatabaseClient, statement: &Statement) -> Result<Vec<Value>, String> {
    let outcome = match database.ask(statement).await {
        Ok(outcome) => outcome,
        // A table that nobody has made yet holds nothing.
        Err(RequestError::Stated { cause, .. }) if cause == UNKNOWN_TABLE => return Ok(Vec::new()),
        Err(error) => return Err(error.in_full()),
    };
    Ok(match outcome.rows.to_json() {
        Value::Array(rows) => rows,
        other => vec![other],
    })
}

/// The row of the highest number.
fn newest(query: &str, column: &str) -> String {
    // A line of its own for the bracket: the query may end in a comment.
    format!("select * from ({query}\n) soak_rows where {column} is not null order by {column} desc limit 1")
}

/// All rows above the floor, in the order of the column that grows.
async fn pages(database: &DatabaseClient, query: &str, growing: &Growing) -> Result<Vec<Value>, String> {
    let column = &growing.column;
    let (mut all, mut from) = (Vec::new(), growing.floor.clone());
    loop {
        let placeholder = if database.dialect() == Dialect::Postgres { "$1" } else { "?" };
        let above = match from {
            Some(_) => format!("{column} > {placeholder}"),
            None => format!("{column} is not null"),
        };
        let sql = format!("select * from ({query}\n) soak_rows where {above} order by {column} limit {PAGE}");
        let statement = Statement { sql: sql.into(), parameters: from.into_iter().collect() };
        let mut page = ask(database, &statement).await?;
        if page.len() < PAGE {
            all.append(&mut page);
            return Ok(all);
        }
        // Those of the last number may go on in the next page.
        let last = page.last().map(|row| growing.number(row)).transpose()?.flatten();
        let mut whole = page.len();
        while whole > 0 && growing.number(&page[whole - 1])? == last {
            whole -= 1;
        }
        page.truncate(whole);
        from = page.last().map(|row| growing.number(row)).transpose()?.flatten();
        if from.is_none() {
            return Err(format!("over {PAGE} rows have the same `{column}`, which must grow"));
        }
        all.append(&mut page);
        if all.len() >= MOST {
            return Ok(all);
        }
    }
}

/// The item that a row is.
fn item(row: &Value, with_value: bool) -> Result<Item, Doubt> {
    let mut columns = row.as_object().into_iter().flat_map(|row| row.values());
    let key = columns.next().and_then(told).ok_or(Doubt::NoKey)?;
    if !with_value {
        return Ok(Item { key, value: None });
    }
    match columns.next() {
        Some(value) => Ok(Item { key, value: Some(told(value).unwrap_or_default()) }),
        None => Err(Doubt::NoValue),
    }
}
