//! Rooms full of people who all talk at once.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::bail;
use tokio::{sync::mpsc, task::JoinSet, time::sleep};

use crate::{
    ledger::{Heard, Ledger},
    metronome,
    participant::Participant,
    servers::RoomServer,
};

/// How long it may take until everybody hears everybody.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked whether they do.
const GLANCE: Duration = Duration::from_millis(50);
/// How late a packet may come and still count.
const LATE: Duration = Duration::from_secs(1);

/// People who talk; they fall silent when this is dropped.
pub struct Load {
    ledger: Arc<Mutex<Ledger>>,
    people: JoinSet<anyhow::Result<()>>,
}

impl Load {
    /// Fills `rooms` with `talkers` each and waits until they all hear each other.
    ///
    /// # Errors
    /// Somebody who is not let in, or who is not heard.
    pub async fn start(server: &RoomServer, rooms: usize, talkers: usize) -> anyhow::Result<Self> {
        let ledger = Arc::new(Mutex::new(Ledger::new(rooms, talkers)));
        let (mut people, mut beats) = (JoinSet::new(), Vec::new());
        for number in 0..rooms * talkers {
            let token = server.token(&format!("room-{}", number / talkers), &format!("talker-{number}"))?;
            let participant = Participant::join(server.url(), &token, number as u32, Arc::clone(&ledger)).await?;
            let (beat, heard) = mpsc::unbounded_channel();
            people.spawn(participant.run(heard));
            beats.push(beat);
        }
        metronome::start(beats);
        let mut load = Self { ledger, people };
        for _ in 0..PATIENCE.as_millis() / GLANCE.as_millis() {
            if load.ledger().all_hear() {
                return Ok(load);
            }
            if let Some(ended) = load.people.try_join_next() {
                ended??;
            }
            sleep(GLANCE).await;
        }
        bail!("not everybody hears everybody")
    }

    /// Counts what is said in `time` and how it is heard.
    pub async fn measure(&self, time: Duration) -> Heard {
        self.ledger().open(time);
        sleep(time).await;
        sleep(LATE).await;
        self.ledger().close()
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
