//! What the assistant tells of a call: its words, a row for each segment, and its measurements.

use super::{
    CallId, Storage, StorageError,
    connection::{Tx, values},
};
use crate::domain::{
    record::{Report, Sample, Segment, Told},
    transcript::Speaker,
};

impl Storage {
    /// Records what the assistant tells. A segment replaces what was told of it before, and interim words never undo
    /// settled ones.
    ///
    /// # Errors
    /// A database that does not do it; nothing is changed then.
    pub async fn report(&self, report: &Report) -> Result<(), StorageError> {
        let mut tx = self.pool.write().await?;
        let call = self.ensured(&mut tx, &report.room).await?;
        match &report.what {
            Told::Segment(words) => segment(&mut tx, &call, words, self.now_ms()).await?,
            Told::Sample(measured) => sample(&mut tx, &call, measured).await?,
            Told::Message(message) => {
                self.take(&mut tx, message, Some(&call)).await?;
            }
        }
        let seen = "UPDATE voice_calls SET seen_at = $1 WHERE id = $2 AND seen_at < $1 AND closed_how IS NULL";
        tx.run(seen, values![report.at_ms, call.as_str()]).await?;
        tx.commit().await
    }
}

async fn segment(tx: &mut Tx, call: &CallId, words: &Segment, now_ms: i64) -> Result<(), StorageError> {
    let sql = "INSERT INTO transcript_segments (call_id, segment_id, seq, speaker, participant, text, is_final,
            interrupted, typed, start_ms, end_ms, updated_at)
        VALUES ($1, $2, (SELECT COUNT(*) FROM transcript_segments WHERE call_id = $1), $3, $4, $5, $6, $7, $8, $9, $10,
            $11)
        ON CONFLICT (call_id, segment_id) DO UPDATE SET text = excluded.text, is_final = excluded.is_final,
            interrupted = excluded.interrupted, end_ms = excluded.end_ms, updated_at = excluded.updated_at
        WHERE excluded.is_final OR NOT transcript_segments.is_final";
    let (text, identity) = (storable(&words.text), storable(&words.identity));
    let values = values![
        call.as_str(),
        &words.id,
        speaker_word(words.speaker),
        &identity,
        &text,
        words.is_final,
        words.interrupted,
        words.typed,
        words.start_ms,
        words.end_ms,
        now_ms,
    ];
    tx.run(sql, values).await?;
    Ok(())
}

async fn sample(tx: &mut Tx, call: &CallId, measured: &Sample) -> Result<(), StorageError> {
    let sql = "INSERT INTO call_metrics
            (call_id, identity, ts, loss_pct, jitter_ms, rtt_ms, quality, stt_ms, llm_ms, tts_ms, e2e_ms)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    let values = values![
        call.as_str(),
        &measured.identity,
        measured.at_ms,
        measured.loss_pct,
        measured.jitter_ms,
        measured.rtt_ms,
        measured.quality.as_deref(),
        measured.stt_ms,
        measured.llm_ms,
        measured.tts_ms,
        measured.e2e_ms,
    ];
    tx.run(sql, values).await?;
    Ok(())
}

/// Text without what Postgres cannot hold: the one character that its strings end with.
pub(super) fn storable(text: &str) -> String {
    text.replace('\0', "")
}

fn speaker_word(speaker: Speaker) -> &'static str {
    match speaker {
        Speaker::Visitor => "visitor",
        Speaker::Agent => "agent",
        Speaker::Staff => "staff",
    }
}

/// Reads what [`speaker_word`] writes.
pub(super) fn speaker(word: &str) -> Option<Speaker> {
    [Speaker::Visitor, Speaker::Agent, Speaker::Staff].into_iter().find(|speaker| speaker_word(*speaker) == word)
}
