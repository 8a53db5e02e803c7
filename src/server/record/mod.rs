//! The record of calls: takes what is told of them from everywhere, and stores it in the background.
//!
//! Nobody waits for the database: what assistants tell goes into a bounded queue ([`Desk`]), what happens in rooms is
//! followed by a task of its own (`watch`), and both try again while the database is away. Webhooks alone are answered
//! only once they are stored, since their sender tries again by itself.

mod desk;
pub mod http;
mod insist;
mod mailbox;
mod print;
mod watch;
mod writer;

use std::{sync::Arc, time::Duration};

use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use self::{
    desk::{Desk, open as desk},
    mailbox::{StoredMail, keep, written},
    print::{print_call, print_calls},
};
use self::{watch::Watch, writer::Writer};
use super::{
    agent::CallingCode,
    rooms::{RoomFacts, Rooms},
    storage::Storage,
};

/// How long what is left to store may take when the server stops.
const LAST_WORDS: Duration = Duration::from_secs(4);

/// A record that is being kept.
pub struct Record {
    storage: Storage,
    desk: Desk,
    tasks: TaskTracker,
    finish: CancellationToken,
}

impl Record {
    /// Closes the calls that a dead server left open, and begins to follow `rooms`: the `facts` of our own server, or
    /// looks at a LiveKit server's.
    pub async fn start(storage: Storage, rooms: Arc<dyn Rooms>, facts: Option<RoomFacts>) -> Self {
        let (desk, reports) = desk();
        let (tasks, finish) = (TaskTracker::new(), CancellationToken::new());
        let mut watch = Watch::new(storage.clone(), rooms, facts, finish.clone());
        watch.begin().await;
        tasks.spawn(watch.run());
        tasks.spawn(Writer::new(storage.clone(), reports, desk.losses(), finish.clone()).run());
        tasks.close();
        Self { storage, desk, tasks, finish }
    }

    /// Where assistants tell of their calls.
    pub fn desk(&self) -> Desk {
        self.desk.clone()
    }

    /// Where assistants leave messages; `calling_code` completes numbers without a country.
    pub fn mailbox(&self, calling_code: Option<CallingCode>) -> StoredMail {
        StoredMail::new(self.storage.clone(), calling_code)
    }

    /// The database.
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Stores what was told until here, and closes the database.
    pub async fn finish(self) {
        self.finish.cancel();
        if tokio::time::timeout(LAST_WORDS, self.tasks.wait()).await.is_err() {
            tracing::error!("the record of calls could not be finished in time");
        }
        // A database that does not answer does not keep the server from stopping.
        let _ = tokio::time::timeout(LAST_WORDS, self.storage.close()).await;
    }
}
