//! Trying again while the database is away.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::server::storage::StorageError;

/// How long one attempt may take: a connection that hangs is as good as none.
const ATTEMPT: Duration = Duration::from_secs(10);
/// The same once the server stops.
const LAST_ATTEMPT: Duration = Duration::from_secs(1);
/// The first wait between two attempts, which doubles, and the longest.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// Why something was not stored.
#[derive(Debug, thiserror::Error)]
pub(super) enum GaveUp {
    /// It cannot be stored, however often it is tried.
    #[error(transparent)]
    Refused(StorageError),
    /// The database was away until the server stopped.
    #[error("the database is away")]
    Away,
}

/// One task's patience with the database.
pub(super) struct Patience {
    finish: CancellationToken,
    /// Whether the database was away when the server stopped: it is not asked again.
    is_spent: bool,
}

impl Patience {
    /// Lasts until `finish`, and for one attempt more.
    pub(super) fn until(finish: CancellationToken) -> Self {
        Self { finish, is_spent: false }
    }

    /// Attempts `what` until it is done or cannot be done; an outage is logged once.
    pub(super) async fn insist<T, F: Future<Output = Result<T, StorageError>>>(
        &mut self,
        mut what: impl FnMut() -> F,
    ) -> Result<T, GaveUp> {
        if self.is_spent {
            return Err(GaveUp::Away);
        }
        let mut wait = FIRST_WAIT;
        loop {
            let limit = if self.finish.is_cancelled() { LAST_ATTEMPT } else { ATTEMPT };
            let error = match tokio::time::timeout(limit, what()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) if !error.passes() => return Err(GaveUp::Refused(error)),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "it does not answer".to_owned(),
            };
            if self.finish.is_cancelled() {
                self.is_spent = true;
                return Err(GaveUp::Away);
            }
            if wait == FIRST_WAIT {
                tracing::error!(error, "the database is away; calls go on, and what is told of them waits");
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.finish.cancelled() => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_passes_is_tried_again_until_it_is_done() {
        let mut patience = Patience::until(CancellationToken::new());
        let tries = Cell::new(0);
        let done = patience.insist(|| {
            tries.set(tries.get() + 1);
            let tried = tries.get();
            async move { if tried < 20 { Err(StorageError::Contended) } else { Ok(tried) } }
        });
        assert_eq!(done.await.unwrap(), 20);
    }

    #[tokio::test(start_paused = true)]
    async fn what_cannot_be_done_is_tried_once_and_what_hangs_again() {
        let mut patience = Patience::until(CancellationToken::new());
        let refused = patience.insist(|| async { Err::<(), _>(StorageError::UnknownWord("x".into())) }).await;
        assert!(matches!(refused, Err(GaveUp::Refused(_))));
        let tries = Cell::new(0);
        let done = patience.insist(|| {
            tries.set(tries.get() + 1);
            let tried = tries.get();
            async move { if tried == 1 { std::future::pending().await } else { Ok(tried) } }
        });
        assert_eq!(done.await.unwrap(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn at_the_end_the_database_is_asked_once_more_and_then_no_more() {
        let finish = CancellationToken::new();
        finish.cancel();
        let mut patience = Patience::until(finish);
        let tries = Cell::new(0);
        for _ in 0..5 {
            let away = patience.insist(|| {
                tries.set(tries.get() + 1);
                async { Err::<(), _>(StorageError::Contended) }
            });
            assert!(matches!(away.await, Err(GaveUp::Away)));
        }
        assert_eq!(tries.get(), 1);
    }
}
