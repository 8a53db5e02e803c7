//! What is kept: all of the program's SQL, on SQLite or Postgres alike.
//!
//! Each statement is written once, in the words that both understand; `connection` binds and reads for either. Rows
//! stay in here: callers get the domain's types. Clock and randomness come from outside, by [`Edge`].

mod calls;
mod connection;
mod contacts;
mod edge;
mod lookup;
mod migrations;
mod reports;
mod setting;
mod webhooks;

use std::sync::Arc;

use self::connection::Pool;
pub use self::{
    calls::{Applied, CallId},
    edge::{Edge, SystemEdge},
    setting::{BadDatabase, Database},
    webhooks::EventKey,
};

/// The database, open and up to date. Cheap to clone.
#[derive(Clone)]
pub struct Storage {
    pool: Pool,
    edge: Arc<dyn Edge>,
}

impl Storage {
    /// Opens the database, makes what it lacks and brings it up to date.
    ///
    /// # Errors
    /// A database that cannot be reached or used, with its place and never with its password.
    pub async fn open(database: &Database, edge: Arc<dyn Edge>) -> Result<Self, OpenError> {
        let failed = |source| OpenError { place: database.to_string(), source };
        let pool = Pool::open(database).await.map_err(failed)?;
        pool.migrate().await.map_err(failed)?;
        Ok(Self { pool, edge })
    }

    /// Asks the database whether it is there.
    ///
    /// # Errors
    /// It is not.
    pub async fn ping(&self) -> Result<(), StorageError> {
        let mut tx = self.pool.read().await?;
        tx.row::<(String,)>("SELECT id FROM voice_calls LIMIT 1", &[]).await?;
        Ok(())
    }

    /// Writes out what the database holds back, and closes it.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// The time, in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        self.edge.now_ms()
    }

    /// A new id for something that is made now.
    fn id(&self) -> String {
        edge::id(&*self.edge)
    }
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
#[error("the database {place} cannot be used (DATABASE_URL): {source}")]
pub struct OpenError {
    place: String,
    source: StorageError,
}

/// Why something could not be stored or read.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// The database says no, or does not answer.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The database is not as this program's migrations make it.
    #[error(transparent)]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database's file cannot be made.
    #[error(transparent)]
    File(#[from] std::io::Error),
    /// A column holds a word that this program does not know: a newer one wrote it.
    #[error("`{0}` is unknown here")]
    UnknownWord(String),
    /// Others changed the same call again and again.
    #[error("the call changes too fast")]
    Contended,
}

impl StorageError {
    /// Whether the same may succeed later: a database that is away, locked or full, not one that refuses the values.
    pub fn passes(&self) -> bool {
        match self {
            Self::Contended | Self::File(_) => true,
            Self::Migration(_) | Self::UnknownWord(_) => false,
            Self::Database(error) => connection::passes(error),
        }
    }
}
