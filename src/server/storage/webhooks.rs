//! Which webhooks were applied: each is applied once, in one transaction with what it changes.

use super::{
    Storage, StorageError,
    connection::{Tx, values},
};

/// How long a webhook is remembered. Its signature is good for six minutes: after that it is refused by its age.
const REMEMBERED_MS: i64 = 24 * 60 * 60 * 1000;

/// What tells one webhook from another.
#[derive(Clone, Copy, Debug)]
pub struct EventKey<'a> {
    /// Who sent it.
    pub source: &'static str,
    /// Unique for this sender; the same each time the webhook is sent again.
    pub key: &'a str,
    /// The sender's name for what happened.
    pub kind: &'a str,
}

impl Storage {
    /// Forgets webhooks that could not pass again.
    ///
    /// # Errors
    /// A database that does not do it.
    pub async fn forget_old_webhooks(&self) -> Result<(), StorageError> {
        let mut tx = self.pool.write().await?;
        tx.run("DELETE FROM webhook_events WHERE received_at < $1", values![self.now_ms() - REMEMBERED_MS]).await?;
        tx.commit().await
    }
}

/// Notes a webhook; whether it is new.
pub(super) async fn note(tx: &mut Tx, event: EventKey<'_>, now_ms: i64) -> Result<bool, StorageError> {
    let sql = "INSERT INTO webhook_events (source, event_key, type, received_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (source, event_key) DO NOTHING";
    Ok(tx.run(sql, values![event.source, event.key, event.kind, now_ms]).await? == 1)
}
