//! Follows the rooms of calls: what our own server tells, and a look at which rooms stand, again and again.
//!
//! A look makes up for whatever was missed: what happened while this program was down, events that came too fast, and
//! webhooks that a LiveKit server was never told to send.

use std::{sync::Arc, time::Duration};

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::insist::{GaveUp, Patience};
use crate::{
    domain::record::{Ending, Member, RoomFact, RoomLife, Sight, StandingRoom},
    server::{
        rooms::{Heard, Participant, Room, RoomFacts, Rooms, RoomsError, is_call},
        storage::Storage,
    },
};

/// How often the rooms are looked at; a call whose server dies is known to have gone on until then.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a room server may take to show its rooms at the start, before calls are taken: it is asked again later.
const FIRST_LOOK: Duration = Duration::from_secs(3);

/// The task.
pub(super) struct Watch {
    storage: Storage,
    rooms: Arc<dyn Rooms>,
    facts: Option<RoomFacts>,
    finish: CancellationToken,
    patience: Patience,
    /// Whether the room server was reached since the start: the calls that were open before have been looked for.
    has_looked: bool,
}

impl Watch {
    pub(super) fn new(
        storage: Storage,
        rooms: Arc<dyn Rooms>,
        facts: Option<RoomFacts>,
        finish: CancellationToken,
    ) -> Self {
        let patience = Patience::until(finish.clone());
        Self { storage, rooms, facts, finish, patience, has_looked: false }
    }

    /// Closes the calls that were left open, as far as can be told before the server runs.
    pub(super) async fn begin(&mut self) {
        if tokio::time::timeout(FIRST_LOOK, self.look()).await.is_err() {
            tracing::warn!("the room server does not show its rooms; calls that were left open are looked for later");
        }
    }

    pub(super) async fn run(mut self) {
        let finish = self.finish.clone();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                heard = next(&mut self.facts) => self.on_heard(heard).await,
                () = finish.cancelled() => break,
                _ = looks.tick() => self.look().await,
            }
        }
        // The rooms are closed by now, and have told so.
        while let Some(heard) = self.facts.as_mut().and_then(RoomFacts::try_next) {
            self.on_heard(heard).await;
        }
    }

    async fn on_heard(&mut self, heard: Heard) {
        match heard {
            Heard::Fact(fact) => self.store(&fact).await,
            Heard::Missed(missed) => {
                tracing::warn!(missed, "events of rooms were missed; looking at who is where");
                self.look().await;
            }
        }
    }

    async fn store(&mut self, fact: &RoomFact) {
        match self.patience.insist(|| self.storage.apply(fact, None)).await {
            Ok(_) => {}
            Err(GaveUp::Away) => {
                tracing::error!(room = fact.room.name, "what happened in a room was lost: the database was away");
            }
            Err(GaveUp::Refused(error)) => {
                tracing::error!(room = fact.room.name, %error, "what happened in a room cannot be stored");
            }
        }
    }

    /// Looks at the rooms that stand, and records what follows.
    async fn look(&mut self) {
        let at_ms = self.storage.now_ms();
        let standing = match standing(&*self.rooms).await {
            Ok(standing) => standing,
            Err(error) => {
                tracing::debug!(%error, "the rooms could not be looked at");
                return;
            }
        };
        self.rooms.seen(&standing);
        let open = match self.patience.insist(|| self.storage.open_calls()).await {
            Ok(open) => open,
            Err(error) => {
                tracing::error!(%error, "the calls that go on could not be read");
                return;
            }
        };
        // Rooms that are gone before anything was told end unseen; those of our own server died with it.
        let ending = if self.facts.is_some() { Ending::Lost } else { Ending::Unseen };
        let sight = Sight { at_ms, standing, gone: (!self.has_looked).then_some(ending) };
        self.has_looked = true;
        for fact in sight.facts(&open) {
            self.store(&fact).await;
        }
        let seen: Vec<&str> = sight.standing.iter().map(|standing| standing.room.sid.as_str()).collect();
        if !seen.is_empty()
            && let Err(error) = self.patience.insist(|| self.storage.seen(&seen, at_ms)).await
        {
            tracing::error!(%error, "the calls that go on could not be noted");
        }
    }
}

/// The next of our own server's facts; never, where there are none.
async fn next(facts: &mut Option<RoomFacts>) -> Heard {
    let heard = match facts {
        Some(facts) => facts.next().await,
        None => None,
    };
    match heard {
        Some(heard) => heard,
        None => std::future::pending().await,
    }
}

/// The rooms of calls that stand, with who can be heard in them.
async fn standing(rooms: &dyn Rooms) -> Result<Vec<StandingRoom>, RoomsError> {
    let mut standing = Vec::new();
    for room in rooms.list().await?.into_iter().filter(|room| is_call(&room.name)) {
        let members = match rooms.participants(&room.name).await {
            Ok(participants) => participants.into_iter().filter(|who| who.is_active).map(member).collect(),
            Err(RoomsError::NotFound) => continue,
            Err(error @ RoomsError::Failed(_)) => return Err(error),
        };
        standing.push(StandingRoom { room: life(room), members });
    }
    Ok(standing)
}

fn life(room: Room) -> RoomLife {
    RoomLife { name: room.name, sid: room.sid, opened_ms: room.opened_ms }
}

fn member(who: Participant) -> Member {
    Member { sid: who.sid, identity: who.identity, name: who.name, kind: who.kind, joined_ms: who.joined_ms }
}
