//! Calls: what happens in their rooms goes in, where they stand comes out, changed by compare-and-set.

use super::{
    EventKey, Storage, StorageError,
    connection::{Tx, row, values},
    webhooks,
};
use crate::domain::record::{
    CallStatus, Closing, Departure, Ending, Happened, Member, MemberKind, OpenCall, RoomFact, RoomLife, Standing, Stay,
    standing,
};

/// How often a change is tried again that others overtook: each time one of them got through.
const TRIES: u32 = 32;

/// A recorded call's id.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CallId(String);

impl CallId {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CallId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

/// What became of a fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// It is in the record, and this is where the call stands.
    Recorded(CallId, CallStatus),
    /// It was there before.
    Known,
}

row!(CallRow {
    id: String,
    status: String,
    version: i64,
    closed_how: Option<String>,
    closed_at: Option<i64>,
});

row!(StayRow {
    identity: String,
    kind: String,
    joined_at: i64,
    left_at: Option<i64>,
    disconnect_reason: Option<String>,
});

row!(OpenRow { id: String, room_name: String, room_sid: String, started_at: i64, seen_at: i64 });

row!(PresentRow { call_id: String, sid: String, identity: String, name: String, kind: String, joined_at: i64 });

impl Storage {
    /// Records what happened to a room. Facts may come twice and in any order. One that a webhook brought goes in
    /// together with its key, and not at all if the key is known.
    ///
    /// # Errors
    /// A database that does not do it; nothing is changed then.
    pub async fn apply(&self, fact: &RoomFact, event: Option<EventKey<'_>>) -> Result<Applied, StorageError> {
        for _ in 0..TRIES {
            if let Some(applied) = self.try_apply(fact, event).await? {
                return Ok(applied);
            }
        }
        Err(StorageError::Contended)
    }

    /// Tries once; nothing if others changed the call meanwhile.
    async fn try_apply(&self, fact: &RoomFact, event: Option<EventKey<'_>>) -> Result<Option<Applied>, StorageError> {
        let now_ms = self.now_ms();
        let mut tx = self.pool.write().await?;
        if let Some(event) = event
            && !webhooks::note(&mut tx, event, now_ms).await?
        {
            return Ok(Some(Applied::Known));
        }
        let call = self.call(&mut tx, &fact.room).await?;
        let mut closing = closing(&call)?;
        match &fact.what {
            Happened::Opened => {}
            Happened::Joined(who) => participant(&mut tx, &call.id, who, None).await?,
            Happened::Left(who, departure) => {
                let left = (fact.at_ms.max(who.joined_ms), *departure);
                participant(&mut tx, &call.id, who, Some(left)).await?;
            }
            Happened::Closed(ending) => {
                closing = Some(Closing { ending: *ending, at_ms: fact.at_ms.max(fact.room.opened_ms) }.or(closing));
            }
        }
        let standing = standing(&stays(&mut tx, &call.id).await?, closing);
        let (old, id) = (status(&call.status)?, call.id.clone());
        let status = if old.may_become(standing.status) { standing.status } else { old };
        if !set(&mut tx, &call, status, &standing, closing, fact.at_ms, now_ms).await? {
            return Ok(None);
        }
        tx.commit().await?;
        Ok(Some(Applied::Recorded(CallId(id), status)))
    }

    /// The calls that are recorded as going on, and who is in them.
    ///
    /// # Errors
    /// A database that does not do it.
    pub async fn open_calls(&self) -> Result<Vec<OpenCall>, StorageError> {
        let mut tx = self.pool.read().await?;
        let sql = "SELECT id, room_name, room_sid, started_at, seen_at FROM voice_calls
            WHERE closed_how IS NULL ORDER BY started_at, id";
        let calls: Vec<OpenRow> = tx.rows(sql, &[]).await?;
        let sql = "SELECT p.call_id, p.sid, p.identity, p.name, p.kind, p.joined_at
            FROM call_participants p JOIN voice_calls c ON c.id = p.call_id
            WHERE c.closed_how IS NULL AND p.left_at IS NULL ORDER BY p.joined_at, p.sid";
        let present: Vec<PresentRow> = tx.rows(sql, &[]).await?;
        let mut open = Vec::with_capacity(calls.len());
        for call in calls {
            let members = present.iter().filter(|row| row.call_id == call.id).map(member);
            let room = RoomLife { name: call.room_name, sid: call.room_sid, opened_ms: call.started_at };
            open.push(OpenCall { room, seen_ms: call.seen_at, present: members.collect::<Result<_, _>>()? });
        }
        Ok(open)
    }

    /// Notes that the calls of these rooms, by sid, still went on at `at_ms`.
    ///
    /// # Errors
    /// A database that does not do it.
    pub async fn seen(&self, sids: &[&str], at_ms: i64) -> Result<(), StorageError> {
        let mut tx = self.pool.write().await?;
        for sid in sids {
            let sql = "UPDATE voice_calls SET seen_at = $1 WHERE room_sid = $2 AND seen_at < $1 AND closed_how IS NULL";
            tx.run(sql, values![at_ms, *sid]).await?;
        }
        tx.commit().await
    }

    /// The call of a room's life, made if it is not there.
    pub(super) async fn ensured(&self, tx: &mut Tx, room: &RoomLife) -> Result<CallId, StorageError> {
        Ok(CallId(self.call(tx, room).await?.id))
    }

    async fn call(&self, tx: &mut Tx, room: &RoomLife) -> Result<CallRow, StorageError> {
        let sql = "SELECT id, status, version, closed_how, closed_at FROM voice_calls WHERE room_sid = $1";
        if let Some(call) = tx.row(sql, values![&room.sid]).await? {
            return Ok(call);
        }
        let (now_ms, id) = (self.now_ms(), self.id());
        let insert = "INSERT INTO voice_calls (id, room_name, room_sid, direction, call_type, transport, status,
                started_at, seen_at, version, created_at, updated_at)
            VALUES ($1, $2, $3, 'inbound', $4, 'web', $5, $6, $6, 0, $7, $7) ON CONFLICT (room_sid) DO NOTHING";
        let ringing = CallStatus::Ringing.as_str();
        tx.run(insert, values![&id, &room.name, &room.sid, call_type(&room.name), ringing, room.opened_ms, now_ms])
            .await?;
        tx.row(sql, values![&room.sid]).await?.ok_or(StorageError::Contended)
    }
}

/// What a call is about: the kind of its room, which its name begins with.
fn call_type(room: &str) -> &str {
    room.rsplit_once('-').map_or(room, |(kind, _)| kind)
}

/// Puts a stay in, or adds to it what was not known of it.
async fn participant(
    tx: &mut Tx,
    call: &str,
    who: &Member,
    left: Option<(i64, Option<Departure>)>,
) -> Result<(), StorageError> {
    let sql = "INSERT INTO call_participants
            (call_id, sid, identity, name, kind, joined_at, left_at, disconnect_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT (call_id, sid) DO UPDATE SET
            joined_at = CASE WHEN excluded.joined_at < call_participants.joined_at
                THEN excluded.joined_at ELSE call_participants.joined_at END,
            left_at = CASE WHEN call_participants.left_at IS NULL OR excluded.left_at < call_participants.left_at
                THEN excluded.left_at ELSE call_participants.left_at END,
            disconnect_reason = COALESCE(call_participants.disconnect_reason, excluded.disconnect_reason)";
    let (left_ms, departure) = left.unzip();
    let departure = departure.flatten().map(Departure::as_str);
    let kind = who.kind.as_str();
    let values = values![call, &who.sid, &who.identity, &who.name, kind, who.joined_ms, left_ms, departure];
    tx.run(sql, values).await?;
    Ok(())
}

async fn stays(tx: &mut Tx, call: &str) -> Result<Vec<Stay>, StorageError> {
    let sql = "SELECT identity, kind, joined_at, left_at, disconnect_reason FROM call_participants WHERE call_id = $1";
    let rows: Vec<StayRow> = tx.rows(sql, values![call]).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Stay {
                identity: row.identity,
                kind: known(&row.kind, MemberKind::parse)?,
                joined_ms: row.joined_at,
                left_ms: row.left_at,
                departure: row.disconnect_reason.map(|word| known(&word, Departure::parse)).transpose()?,
            })
        })
        .collect()
}

/// Sets where the call stands, if it is still as it was read.
async fn set(
    tx: &mut Tx,
    call: &CallRow,
    status: CallStatus,
    standing: &Standing,
    closing: Option<Closing>,
    at_ms: i64,
    now_ms: i64,
) -> Result<bool, StorageError> {
    let sql = "UPDATE voice_calls SET status = $1, end_reason = $2, answered_by = $3, answered_at = $4, ended_at = $5,
            duration_ms = $6, closed_how = $7, closed_at = $8,
            seen_at = CASE WHEN seen_at < $9 THEN $9 ELSE seen_at END, version = version + 1, updated_at = $10
        WHERE id = $11 AND version = $12 AND status = $13";
    let answered_by = standing.answer.map(|answer| if answer.by_team { "team" } else { "assistant" });
    let answered_ms = standing.answer.map(|answer| answer.at_ms);
    let talked_ms = standing.ended_ms.zip(answered_ms).map(|(ended, answered)| (ended - answered).max(0));
    let reason = standing.reason.map(|reason| reason.as_str());
    let closed = closing.map(|closing| closing.ending.as_str());
    let values = values![
        status.as_str(),
        reason,
        answered_by,
        answered_ms,
        standing.ended_ms,
        talked_ms,
        closed,
        closing.map(|closing| closing.at_ms),
        at_ms,
        now_ms,
        &call.id,
        call.version,
        &call.status,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

fn closing(call: &CallRow) -> Result<Option<Closing>, StorageError> {
    let Some((word, at_ms)) = call.closed_how.as_deref().zip(call.closed_at) else { return Ok(None) };
    Ok(Some(Closing { ending: known(word, Ending::parse)?, at_ms }))
}

fn status(word: &str) -> Result<CallStatus, StorageError> {
    known(word, CallStatus::parse)
}

fn member(row: &PresentRow) -> Result<Member, StorageError> {
    Ok(Member {
        sid: row.sid.clone(),
        identity: row.identity.clone(),
        name: row.name.clone(),
        kind: known(&row.kind, MemberKind::parse)?,
        joined_ms: row.joined_at,
    })
}

/// Reads a stored word.
pub(super) fn known<T>(word: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, StorageError> {
    parse(word).ok_or_else(|| StorageError::UnknownWord(word.to_owned()))
}
