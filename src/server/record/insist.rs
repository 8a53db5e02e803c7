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

/// Something that was not stored, and why.
#[derive(Debug, thiserror::Error)]
pub(super) enum GaveUp {
    /// It cannot be stored, however often it is tried.
    #[error(transparent)]
    Refused(StorageError),
    /// The database was away until the server stopped.
    #[error("the database is away")]
    Away,
}

/// Attempts `what` until it is done, or cannot be done, or `finish` is asked for; an outage is logged once.
pub(super) async fn insist<T, F: Future<Output = Result<T, StorageError>>>(
    finish: &CancellationToken,
    mut what: impl FnMut() -> F,
) -> Result<T, GaveUp> {
    let mut wait = FIRST_WAIT;
    loop {
        let limit = if finish.is_cancelled() { LAST_ATTEMPT } else { ATTEMPT };
        let error = match tokio::time::timeout(limit, what()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(error)) if !error.passes() => return Err(GaveUp::Refused(error)),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it does not answer".to_owned(),
        };
        if finish.is_cancelled() {
            return Err(GaveUp::Away);
        }
        if wait == FIRST_WAIT {
            tracing::error!(error, "the database is away; calls go on, and what is told of them waits");
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = finish.cancelled() => {}
        }
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}
