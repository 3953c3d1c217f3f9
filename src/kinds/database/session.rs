//! What a database of any make can do: open a session, and run one statement at a time in it.

use super::statement::{Dialect, Statement};
use crate::kinds::request::{RequestError, Rows};
use futures_util::future::LocalBoxFuture;
use std::time::Duration;

/// A larger answer ends its statement with an error: rows are held in memory while they are looked at.
pub const MAX_ANSWER: usize = 64 << 20;

/// What holding one more row costs beside the bytes of its values.
pub const ROW_OVERHEAD: usize = 128;

/// How many statements one session keeps prepared.
pub const MAX_PREPARED: usize = 256;

/// A session tells its server to end a statement so long after soak itself would have: the server's limit is for when
/// nobody is left to cancel it.
pub const AFTER_CLIENT: Duration = Duration::from_secs(1);

/// What a statement came to.
pub struct Outcome {
    /// Its rows; none of a statement that gives none.
    pub rows: Rows,
    /// Bytes of the rows.
    pub bytes: u64,
}

/// A database that sessions can be opened with.
pub trait Server {
    /// How its statements are written.
    fn dialect(&self) -> Dialect;

    /// Opens a session.
    fn connect(&self) -> LocalBoxFuture<'_, Result<Box<dyn Session>, RequestError>>;

    /// What soak asks of it beside what the scenario asks; `None` where there is nobody else to speak of.
    fn watched(&self) -> Option<&'static Watched>;

    /// A statement that keeps everybody else out of a table until its session ends, and what begins and ends that.
    fn lock(&self, table: &str) -> Result<Locking, RequestError>;
}

/// The statements by which soak looks at those who use a database, and ends them. Each gives one column `n`.
pub struct Watched {
    /// How many connections others have.
    pub count: &'static str,
    /// Their numbers, in any order.
    pub others: &'static str,
    /// Ends the connection of a number.
    pub end: &'static str,
}

/// The statements of a lock, in the order in which they are run.
pub struct Locking {
    /// Takes it.
    pub take: Vec<String>,
    /// How many others wait for it; one column `n`. `None` where nobody can tell.
    pub waiting: Option<String>,
    /// How many locks of this session on the table the database knows of; one column `n`.
    pub held: Option<String>,
    /// Lets it go.
    pub release: &'static str,
}

/// A connection. It is given up when it is dropped.
pub trait Session {
    /// Runs one statement to its end.
    fn run<'a>(&'a mut self, statement: &'a Statement) -> LocalBoxFuture<'a, Result<Outcome, RequestError>>;

    /// Whether it can still be used; to be asked before each use, for the other end may have closed it meanwhile.
    fn is_usable(&mut self) -> bool;

    /// Asks the server to give up the statement that was being run, and gives up the session.
    fn cancel(self: Box<Self>) -> LocalBoxFuture<'static, ()>;
}
