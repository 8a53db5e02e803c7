//! The migrations, one story for each backend: the same versions make the same tables. They are append-only.

use sqlx::{
    SqlSafeStr,
    migrate::{Migration, MigrationType, Migrator},
};

const SQLITE: &[(i64, &str, &str)] = &[(1, "calls", include_str!("migrations/sqlite/0001_calls.sql"))];
const POSTGRES: &[(i64, &str, &str)] = &[(1, "calls", include_str!("migrations/postgres/0001_calls.sql"))];

/// What makes a SQLite file what this program needs.
pub(super) fn sqlite() -> Migrator {
    migrator(SQLITE)
}

/// What makes a Postgres database what this program needs.
pub(super) fn postgres() -> Migrator {
    migrator(POSTGRES)
}

fn migrator(migrations: &[(i64, &'static str, &'static str)]) -> Migrator {
    let migration = |(version, name, sql): &(i64, &'static str, &'static str)| {
        Migration::new(*version, (*name).into(), MigrationType::Simple, sql.into_sql_str(), false)
    };
    Migrator::with_migrations(migrations.iter().map(migration).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_backends_tell_the_same_versions() {
        let versions = |migrations: &[(i64, &'static str, &str)]| -> Vec<(i64, &'static str)> {
            migrations.iter().map(|(version, name, _)| (*version, *name)).collect()
        };
        assert_eq!(versions(SQLITE), versions(POSTGRES));
    }
}
