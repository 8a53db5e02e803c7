//! Looking calls up.

use super::{
    Storage, StorageError,
    calls::known,
    connection::{Tx, row, values},
    reports::speaker,
};
use crate::domain::record::{
    CallRecord, CallStatus, Departure, EndReason, MemberKind, RecordedCall, RecordedMember, RecordedNote,
    RecordedSegment, Sample,
};

row!(CallRow {
    id: String,
    room_name: String,
    status: String,
    end_reason: Option<String>,
    contact: Option<String>,
    started_at: i64,
    answered_at: Option<i64>,
    answered_by: Option<String>,
    ended_at: Option<i64>,
    duration_ms: Option<i64>,
});

row!(MemberRow {
    sid: String,
    identity: String,
    name: String,
    kind: String,
    joined_at: i64,
    left_at: Option<i64>,
    disconnect_reason: Option<String>,
});

row!(SegmentRow {
    segment_id: String,
    speaker: String,
    participant: String,
    text: String,
    is_final: bool,
    interrupted: bool,
    typed: bool,
    start_ms: i64,
    end_ms: i64,
});

row!(NoteRow {
    name: String,
    e164: Option<String>,
    text: String,
    created_at: i64,
});

row!(SampleRow {
    identity: String,
    ts: i64,
    loss_pct: Option<f64>,
    jitter_ms: Option<f64>,
    rtt_ms: Option<f64>,
    quality: Option<String>,
    stt_ms: Option<i64>,
    llm_ms: Option<i64>,
    tts_ms: Option<i64>,
    e2e_ms: Option<i64>,
});

impl Storage {
    /// The latest calls, the newest first.
    ///
    /// # Errors
    /// A database that does not do it.
    pub async fn calls(&self, limit: u32) -> Result<Vec<RecordedCall>, StorageError> {
        let mut tx = self.pool.read().await?;
        let sql = "SELECT v.id, v.room_name, v.status, v.end_reason, c.name AS contact, v.started_at, v.answered_at,
                v.answered_by, v.ended_at, v.duration_ms
            FROM voice_calls v LEFT JOIN contacts c ON c.id = v.contact_id
            ORDER BY v.started_at DESC, v.id DESC LIMIT $1";
        let rows: Vec<CallRow> = tx.rows(sql, values![i64::from(limit)]).await?;
        rows.into_iter().map(call).collect()
    }

    /// All that is recorded of the call with this id; nothing if there is none.
    ///
    /// # Errors
    /// A database that does not do it.
    pub async fn call_record(&self, id: &str) -> Result<Option<CallRecord>, StorageError> {
        let mut tx = self.pool.read().await?;
        let sql = "SELECT v.id, v.room_name, v.status, v.end_reason, c.name AS contact, v.started_at, v.answered_at,
                v.answered_by, v.ended_at, v.duration_ms
            FROM voice_calls v LEFT JOIN contacts c ON c.id = v.contact_id WHERE v.id = $1";
        let Some(row) = tx.row::<CallRow>(sql, values![id]).await? else { return Ok(None) };
        Ok(Some(CallRecord {
            call: call(row)?,
            participants: participants(&mut tx, id).await?,
            segments: segments(&mut tx, id).await?,
            notes: notes(&mut tx, id).await?,
            metrics: metrics(&mut tx, id).await?,
        }))
    }
}

fn call(row: CallRow) -> Result<RecordedCall, StorageError> {
    Ok(RecordedCall {
        status: known(&row.status, CallStatus::parse)?,
        end_reason: row.end_reason.map(|word| known(&word, EndReason::parse)).transpose()?,
        id: row.id,
        room: row.room_name,
        contact: row.contact,
        started_ms: row.started_at,
        answered_ms: row.answered_at,
        answered_by: row.answered_by,
        ended_ms: row.ended_at,
        duration_ms: row.duration_ms,
    })
}

async fn participants(tx: &mut Tx, call: &str) -> Result<Vec<RecordedMember>, StorageError> {
    let sql = "SELECT sid, identity, name, kind, joined_at, left_at, disconnect_reason
        FROM call_participants WHERE call_id = $1 ORDER BY joined_at, sid";
    let rows: Vec<MemberRow> = tx.rows(sql, values![call]).await?;
    rows.into_iter()
        .map(|row| {
            Ok(RecordedMember {
                kind: known(&row.kind, MemberKind::parse)?,
                departure: row.disconnect_reason.map(|word| known(&word, Departure::parse)).transpose()?,
                sid: row.sid,
                identity: row.identity,
                name: row.name,
                joined_ms: row.joined_at,
                left_ms: row.left_at,
            })
        })
        .collect()
}

async fn segments(tx: &mut Tx, call: &str) -> Result<Vec<RecordedSegment>, StorageError> {
    let sql = "SELECT segment_id, speaker, participant, text, is_final, interrupted, typed, start_ms, end_ms
        FROM transcript_segments WHERE call_id = $1 ORDER BY start_ms, seq, segment_id";
    let rows: Vec<SegmentRow> = tx.rows(sql, values![call]).await?;
    rows.into_iter()
        .map(|row| {
            Ok(RecordedSegment {
                speaker: known(&row.speaker, speaker)?,
                id: row.segment_id,
                identity: row.participant,
                text: row.text,
                is_final: row.is_final,
                interrupted: row.interrupted,
                typed: row.typed,
                start_ms: row.start_ms,
                end_ms: row.end_ms,
            })
        })
        .collect()
}

async fn notes(tx: &mut Tx, call: &str) -> Result<Vec<RecordedNote>, StorageError> {
    let sql = "SELECT c.name, p.e164, n.text, n.created_at FROM notes n JOIN contacts c ON c.id = n.contact_id
        LEFT JOIN contact_phones p ON p.contact_id = c.id AND p.is_primary
        WHERE n.call_id = $1 ORDER BY n.created_at, n.id";
    let rows: Vec<NoteRow> = tx.rows(sql, values![call]).await?;
    let note =
        |row: NoteRow| RecordedNote { contact: row.name, phone: row.e164, text: row.text, created_ms: row.created_at };
    Ok(rows.into_iter().map(note).collect())
}

async fn metrics(tx: &mut Tx, call: &str) -> Result<Vec<Sample>, StorageError> {
    let sql = "SELECT identity, ts, loss_pct, jitter_ms, rtt_ms, quality, stt_ms, llm_ms, tts_ms, e2e_ms
        FROM call_metrics WHERE call_id = $1 ORDER BY ts, identity";
    let rows: Vec<SampleRow> = tx.rows(sql, values![call]).await?;
    let sample = |row: SampleRow| Sample {
        identity: row.identity,
        at_ms: row.ts,
        loss_pct: row.loss_pct,
        jitter_ms: row.jitter_ms,
        rtt_ms: row.rtt_ms,
        quality: row.quality,
        stt_ms: row.stt_ms,
        llm_ms: row.llm_ms,
        tts_ms: row.tts_ms,
        e2e_ms: row.e2e_ms,
    };
    Ok(rows.into_iter().map(sample).collect())
}
