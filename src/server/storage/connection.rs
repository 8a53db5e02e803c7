//! Connections to either database: the one place that knows which it is.
//!
//! Statements number their places `$1`, `$2`, which both read; values are bound and rows read by types that both have.

use std::{
    fs::{self, OpenOptions, Permissions},
    io,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use secrecy::ExposeSecret;
use sqlx::{
    Connection, FromRow, PgPool, Postgres, Sqlite, SqlitePool, Transaction,
    postgres::{PgConnectOptions, PgPoolOptions, PgRow},
    sqlite::{SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous},
};

use super::{Database, StorageError, migrations};

/// Connections at one time: the record has one writer, and pages and webhooks read beside it.
const CONNECTIONS: u32 = 8;
/// How long to wait for a connection, and for another writer of the same file.
const PATIENCE: Duration = Duration::from_secs(5);

/// SQLite's primary result codes for a file that is busy, locked, read-only, failing, full or unreachable.
const SQLITE_PASSING: [i32; 6] = [5, 6, 8, 10, 13, 14];
/// Postgres' classes of errors (its manual, appendix A): connection lost, read-only, rolled back by a conflict, out of
/// disk or memory, stopped by an operator, a failing system.
const POSTGRES_PASSING: [&str; 6] = ["08", "25", "40", "53", "57", "58"];

/// Connections to a database.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    /// Connects; a file that is not there is made, for its owner alone.
    pub(super) async fn open(database: &Database) -> Result<Self, StorageError> {
        match database {
            Database::Sqlite(path) => {
                make_private(path)?;
                let options = SqliteConnectOptions::new()
                    .filename(path)
                    .foreign_keys(true)
                    .busy_timeout(PATIENCE)
                    .journal_mode(SqliteJournalMode::Wal)
                    // A crash of the program loses nothing; one of the machine may lose the last moments.
                    .synchronous(SqliteSynchronous::Normal);
                let pool = SqlitePoolOptions::new()
                    .max_connections(CONNECTIONS)
                    .acquire_timeout(PATIENCE)
                    // SQLite ends a transaction itself where the disk fails, and the connection never learns of it.
                    .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }));
                Ok(Self::Sqlite(pool.connect_with(options).await?))
            }
            Database::Postgres { url, .. } => {
                let options: PgConnectOptions = url.expose_secret().parse()?;
                let pool = PgPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
                Ok(Self::Postgres(pool.connect_with(options.application_name("frontdesk")).await?))
            }
        }
    }

    pub(super) async fn migrate(&self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(pool) => migrations::sqlite().run(pool).await?,
            Self::Postgres(pool) => migrations::postgres().run(pool).await?,
        }
        Ok(())
    }

    /// Begins a transaction that only reads.
    pub(super) async fn read(&self) -> Result<Tx, StorageError> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin().await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    /// Begins a transaction that writes. SQLite has one writer at a time, who has to say so first: one that found out
    /// later could not wait for its turn.
    pub(super) async fn write(&self) -> Result<Tx, StorageError> {
        Ok(match self {
            Self::Sqlite(pool) => Tx::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
            Self::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// Makes the file, or takes it from everybody but its owner; SQLite gives its companions the same mode.
fn make_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
    fs::set_permissions(path, Permissions::from_mode(0o600))
}

/// A transaction; dropping it undoes what it did.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// A value that is bound, or none of its kind.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    Text(Option<&'a str>),
    Int(Option<i64>),
    Real(Option<f64>),
    Bool(bool),
}

/// Binds values to a statement of either database.
macro_rules! bound {
    ($query:expr, $values:expr) => {
        $values.iter().fold($query, |query, value| match value {
            Value::Text(text) => query.bind(text.map(str::to_owned)),
            Value::Int(number) => query.bind(*number),
            Value::Real(number) => query.bind(*number),
            Value::Bool(truth) => query.bind(*truth),
        })
    };
}

/// A row of either database, as `T` reads it.
pub(super) trait Row: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin {}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Row for T {}

impl Tx {
    /// Runs a statement; gives how many rows it changed.
    pub(super) async fn run(&mut self, sql: &'static str, values: &[Value<'_>]) -> Result<u64, StorageError> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(sqlx::query(sql), values).execute(&mut **tx).await?.rows_affected(),
            Self::Postgres(tx) => bound!(sqlx::query(sql), values).execute(&mut **tx).await?.rows_affected(),
        })
    }

    /// Runs a query; gives its rows.
    pub(super) async fn rows<T: Row>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Vec<T>, StorageError> {
        Ok(match self {
            Self::Sqlite(tx) => bound!(sqlx::query_as(sql), values).fetch_all(&mut **tx).await?,
            Self::Postgres(tx) => bound!(sqlx::query_as(sql), values).fetch_all(&mut **tx).await?,
        })
    }

    /// Runs a query; gives its first row.
    pub(super) async fn row<T: Row>(
        &mut self,
        sql: &'static str,
        values: &[Value<'_>],
    ) -> Result<Option<T>, StorageError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Makes what it did last.
    pub(super) async fn commit(self) -> Result<(), StorageError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}

/// Whether an error is one of the database's state, and not of what was asked of it.
#[expect(clippy::wildcard_enum_match_arm, reason = "every other error of a foreign enum is of what was asked")]
pub(super) fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::BeginFailed => true,
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match error.try_downcast_ref::<SqliteError>() {
                Some(_) => code.parse().is_ok_and(|code: i32| SQLITE_PASSING.contains(&(code & 0xFF))),
                None => POSTGRES_PASSING.iter().any(|class| code.starts_with(class)),
            }
        }
        _ => false,
    }
}

impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(Some(text))
    }
}

impl<'a> From<Option<&'a str>> for Value<'a> {
    fn from(text: Option<&'a str>) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value<'_> {
    fn from(number: i64) -> Self {
        Self::Int(Some(number))
    }
}

impl From<Option<i64>> for Value<'_> {
    fn from(number: Option<i64>) -> Self {
        Self::Int(number)
    }
}

impl From<Option<f64>> for Value<'_> {
    fn from(number: Option<f64>) -> Self {
        Self::Real(number)
    }
}

impl From<bool> for Value<'_> {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

/// Values to bind, each of a type that [`Value`] has.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::server::storage::connection::Value::from($value)),*]
    };
}
pub(super) use values;

/// A row that is read by the names of its columns.
macro_rules! row {
    ($name:ident { $($field:ident: $type:ty),+ $(,)? }) => {
        struct $name { $($field: $type),+ }

        impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for $name
        where
            &'static str: sqlx::ColumnIndex<R>,
            $($type: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>),+
        {
            fn from_row(row: &'r R) -> sqlx::Result<Self> {
                Ok(Self { $($field: row.try_get(stringify!($field))?),+ })
            }
        }
    };
}
pub(super) use row;
