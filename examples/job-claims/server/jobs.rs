//! Jobs and bots, as they stand in the database.
//!
//! A bot has at most one job. A job that a bot has is `processing`; before, it was `pending`, and afterwards it is
//! `done`. Each change of both is one statement, so nobody ever sees half of it.

use crate::server::pool::{Pool, Trouble};
use std::cell::Cell;
use std::time::Duration;

const TABLES: [&str; 4] = [
    "create table if not exists jobs (id uuid primary key default gen_random_uuid(), status text not null \
     default 'pending', created_at timestamptz not null default now(), claimed_at timestamptz)",
    "create table if not exists bots (id uuid primary key default gen_random_uuid(), bot_id text not null unique, \
     current_job_id uuid)",
    "create index if not exists jobs_pending on jobs (created_at) where status = 'pending'",
    "create index if not exists jobs_processing on jobs (claimed_at) where status = 'processing'",
];

/// Takes as long as it is told, and holds its connection meanwhile.
const LICENCE: &str = "select pg_sleep($1)";

/// Done with the job before, the next pending one that nobody else is looking at.
const CLAIM: &str = "with done as (update jobs set status = 'done' from bots where bots.bot_id = $1 \
     and jobs.id = bots.current_job_id and jobs.status = 'processing'), \
     next as (select id from jobs where status = 'pending' order by created_at limit 1 for update skip locked), \
     job as (update jobs set status = 'processing', claimed_at = now() from next where jobs.id = next.id \
     returning jobs.id) \
     insert into bots (bot_id, current_job_id) select $1, id from job \
     on conflict (bot_id) do update set current_job_id = excluded.current_job_id \
     returning current_job_id::text";

/// The next pending job, without a hold on it.
const LOOK: &str = "select id::text from jobs where status = 'pending' order by created_at limit 1";

/// Takes a job, whoever else may have it by now.
const TAKE: &str = "with job as (update jobs set status = 'processing', claimed_at = now() where id::text = $2 \
     returning id) \
     insert into bots (bot_id, current_job_id) select $1, id from job \
     on conflict (bot_id) do update set current_job_id = excluded.current_job_id \
     returning current_job_id::text";

/// Jobs that were worked on long enough are done, and their bots are free.
const COMPLETE: &str = "with done as (update jobs set status = 'done' where status = 'processing' \
     and claimed_at < now() - make_interval(secs => $1) returning id) \
     update bots set current_job_id = null from done where bots.current_job_id = done.id";

/// Makes as many jobs as are missing.
const FILL: &str = "insert into jobs (status) select 'pending' from generate_series(1, \
     $1 - (select count(*) from jobs where status = 'pending'))";

/// A bot whose job is none, or is nobody's to work on, has none.
const REPAIR: &str = "update bots set current_job_id = null where current_job_id is not null and not exists \
     (select from jobs where jobs.id = bots.current_job_id and jobs.status = 'processing')";

pub struct Jobs {
    pool: Pool,
    licence: Duration,
    racy: bool,
    /// So many are to be pending.
    wanted: Cell<i64>,
}

impl Jobs {
    pub fn new(pool: Pool, licence: Duration, racy: bool) -> Jobs {
        Jobs { pool, licence, racy, wanted: Cell::new(0) }
    }

    pub async fn make_tables(&self) -> Result<(), Trouble> {
        for table in TABLES {
            self.pool.run(&[(table, &[])]).await?;
        }
        Ok(())
    }

    /// Gives a bot the next job; `None` where none is pending.
    pub async fn claim(&self, bot: &str) -> Result<Option<String>, Trouble> {
        let licence = self.licence.as_secs_f64();
        let rows = if self.racy {
            let found = self.pool.run(&[(LICENCE, &[&licence]), (LOOK, &[])]).await?;
            let Some(job) = found.first().map(|row| row.get::<_, String>(0)) else { return Ok(None) };
            self.pool.run(&[(TAKE, &[&bot, &job])]).await?
        } else {
            self.pool.run(&[(LICENCE, &[&licence]), (CLAIM, &[&bot])]).await?
        };
        Ok(rows.first().map(|row| row.get(0)))
    }

    /// From now on so many jobs are pending.
    pub async fn stock(&self, wanted: i64) -> Result<(), Trouble> {
        self.wanted.set(wanted);
        self.pool.run(&[(FILL, &[&wanted])]).await.map(drop)
    }

    /// Completes what was worked on long enough and makes what is missing, for ever. What fails is tried again.
    pub async fn keep_up(&self, work: Duration, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            let (work, wanted) = (work.as_secs_f64(), self.wanted.get());
            let kept = self.pool.run(&[(COMPLETE, &[&work]), (FILL, &[&wanted])]).await;
            told("upkeep", kept);
        }
    }

    /// Repairs bots whose job is none, for ever.
    pub async fn repair(&self, every: Duration) {
        loop {
            tokio::time::sleep(every).await;
            told("cleanup", self.pool.run(&[(REPAIR, &[])]).await);
        }
    }
}

fn told<T>(what: &str, outcome: Result<T, Trouble>) {
    if let Err(trouble) = outcome {
        eprintln!("{what}: {trouble}");
    }
}
