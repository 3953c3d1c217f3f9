//! Connections to the database: at most so many, opened when they are needed, given up when they fail.

use std::cell::RefCell;
use std::error::Error;
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, NoTls, Row, Statement};

/// A connection with its prepared statements.
struct Link {
    client: Client,
    prepared: Vec<(&'static str, Statement)>,
}

pub struct Pool {
    config: Config,
    timeout: Duration,
    free: Semaphore,
    idle: RefCell<Vec<Link>>,
}

/// Why a statement gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    #[error("the database refused: {0}")]
    Database(#[from] tokio_postgres::Error),
    #[error("the database did not answer in time")]
    Late,
}

impl Pool {
    pub fn new(url: &str, connections: usize, timeout: Duration) -> Result<Pool, Box<dyn Error>> {
        let mut config: Config = url.parse()?;
        config.application_name("job-server").connect_timeout(timeout);
        Ok(Pool { config, timeout, free: Semaphore::new(connections.max(1)), idle: RefCell::default() })
    }

    /// Runs statements one after the other on one connection, with the wait for it within the timeout; gives the rows
    /// of the last one. A connection whose answer did not come is given up.
    pub async fn run(
        &self,
        statements: &[(&'static str, &[&(dyn ToSql + Sync)])],
    ) -> Result<Vec<Row>, Trouble> {
        let answer = async {
            let _permit = self.free.acquire().await.map_err(|_| Trouble::Late)?;
            let mut link = self.link().await?;
            let mut rows = Vec::new();
            for (sql, values) in statements {
                rows = link.run(sql, values).await?;
            }
            self.idle.borrow_mut().push(link);
            Ok(rows)
        };
        tokio::time::timeout(self.timeout, answer).await.map_err(|_| Trouble::Late)?
    }

    async fn link(&self) -> Result<Link, Trouble> {
        loop {
            let kept = self.idle.borrow_mut().pop();
            match kept {
                Some(link) if link.client.is_closed() => {}
                Some(link) => return Ok(link),
                None => break,
            }
        }
        let (client, connection) = self.config.connect(NoTls).await?;
        // Why it ends, its client tells.
        tokio::task::spawn_local(async move { drop(connection.await) });
        Ok(Link { client, prepared: Vec::new() })
    }
}

impl Link {
    async fn run(&mut self, sql: &'static str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Trouble> {
        let known =
            self.prepared.iter().find(|(text, _)| *text == sql).map(|(_, statement)| statement.clone());
        let statement = match known {
            Some(statement) => statement,
            None => {
                let statement = self.client.prepare(sql).await?;
                self.prepared.push((sql, statement.clone()));
                statement
            }
        };
        Ok(self.client.query(&statement, values).await?)
    }
}
