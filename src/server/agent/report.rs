//! What the assistant tells the record of its call: it says, and never waits or learns what becomes of it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use super::{
    link::{Arrived, Transcript},
    stopwatch::Laps,
};
use crate::domain::{
    record::{Report, RoomLife, Sample, Segment, Told},
    transcript::Speaker,
};

/// Takes what assistants tell of their calls.
pub trait Reporter: Send + Sync {
    /// Takes a report, at once; one that cannot be kept is lost.
    fn report(&self, report: Report);
}

/// The account of one session in a room.
pub(super) struct Account {
    /// Whom it is given, and of which call; nobody where there is no record.
    to: Option<(Arc<dyn Reporter>, RoomLife)>,
    /// When the session began, since the call did.
    began_ms: i64,
    /// What the room server said last of each connection.
    qualities: HashMap<String, &'static str>,
}

impl Account {
    /// Begins at `now_ms`, since the Unix epoch; without a reporter, or in a room that has no id, nothing is told.
    pub(super) fn new(reporter: Option<Arc<dyn Reporter>>, room: Option<RoomLife>, now_ms: i64) -> Self {
        let began_ms = room.as_ref().map_or(0, |room| now_ms.saturating_sub(room.opened_ms).max(0));
        Self { to: reporter.zip(room), began_ms, qualities: HashMap::new() }
    }

    /// Tells what was heard, or typed; `own` is the assistant's identity.
    pub(super) fn heard(&self, words: &Transcript, own: &str, typed: bool) {
        let speaker = if words.identity == own { Speaker::Agent } else { Speaker::Visitor };
        let segment = Segment {
            id: words.segment.clone(),
            speaker,
            identity: words.identity.clone(),
            text: words.text.clone(),
            is_final: words.is_final,
            interrupted: words.interrupted,
            typed,
            start_ms: self.since_call(words.start_ms),
            end_ms: self.since_call(words.end_ms),
        };
        self.tell(segment.end_ms, Told::Segment(segment));
    }

    /// Tells how well somebody's sound arrived.
    pub(super) fn arrived(&self, identity: String, arrived: Arrived, now: Duration) {
        let quality = self.qualities.get(&identity).map(|quality| (*quality).to_owned());
        let (loss_pct, jitter_ms) = (Some(arrived.loss_pct), Some(arrived.jitter_ms));
        self.sample(now, Sample { identity, loss_pct, jitter_ms, quality, ..Sample::default() });
    }

    /// Tells how the room server judges somebody's connection.
    pub(super) fn judged(&mut self, identity: String, quality: &'static str, now: Duration) {
        if self.qualities.insert(identity.clone(), quality) != Some(quality) {
            self.sample(now, Sample { identity, quality: Some(quality.to_owned()), ..Sample::default() });
        }
    }

    /// Tells how long the assistant's own way to the room server and back takes.
    pub(super) fn went_round(&self, identity: String, trip: Duration, now: Duration) {
        let rtt_ms = Some(trip.as_secs_f64() * 1000.0);
        self.sample(now, Sample { identity, rtt_ms, ..Sample::default() });
    }

    /// Tells how long an answer of the assistant took.
    pub(super) fn answered(&self, identity: String, laps: Laps, now: Duration) {
        let ms = |lap: Option<Duration>| lap.map(|lap| i64::try_from(lap.as_millis()).unwrap_or(i64::MAX));
        let (stt_ms, llm_ms, tts_ms, e2e_ms) = (ms(laps.stt), ms(laps.llm), ms(laps.tts), ms(laps.e2e));
        self.sample(now, Sample { identity, stt_ms, llm_ms, tts_ms, e2e_ms, ..Sample::default() });
    }

    fn sample(&self, now: Duration, sample: Sample) {
        let since_call_ms = self.since_call(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        let at_ms = self.to.as_ref().map_or(0, |(_, room)| room.opened_ms.saturating_add(since_call_ms));
        self.tell(since_call_ms, Told::Sample(Sample { at_ms, ..sample }));
    }

    fn tell(&self, since_call_ms: i64, what: Told) {
        if let Some((reporter, room)) = &self.to {
            let at_ms = room.opened_ms.saturating_add(since_call_ms);
            reporter.report(Report { room: room.clone(), at_ms, what });
        }
    }

    fn since_call(&self, session_ms: u64) -> i64 {
        self.began_ms.saturating_add(i64::try_from(session_ms).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[derive(Default)]
    struct Notes(Mutex<Vec<Report>>);

    impl Reporter for Notes {
        fn report(&self, report: Report) {
            self.0.lock().unwrap().push(report);
        }
    }

    fn room() -> RoomLife {
        RoomLife { name: "support-1".into(), sid: "RM_1".into(), opened_ms: 10_000 }
    }

    fn words(identity: &str, interrupted: bool) -> Transcript {
        let (track, segment, text) = (String::new(), "SG_1".into(), "Hello.".into());
        Transcript {
            identity: identity.into(),
            track,
            segment,
            text,
            start_ms: 100,
            end_ms: 900,
            is_final: true,
            interrupted,
        }
    }

    #[test]
    fn words_are_timed_from_the_calls_start() {
        let notes = Arc::new(Notes::default());
        let account = Account::new(Some(notes.clone()), Some(room()), 10_250);
        account.heard(&words("agent", true), "agent", false);
        account.heard(&words("ada", false), "agent", true);
        let segment = |speaker, identity: &str, interrupted, typed| Segment {
            id: "SG_1".into(),
            speaker,
            identity: identity.into(),
            text: "Hello.".into(),
            is_final: true,
            interrupted,
            typed,
            start_ms: 350,
            end_ms: 1150,
        };
        let report = |what| Report { room: room(), at_ms: 11_150, what: Told::Segment(what) };
        let expected = [
            report(segment(Speaker::Agent, "agent", true, false)),
            report(segment(Speaker::Visitor, "ada", false, true)),
        ];
        assert_eq!(*notes.0.lock().unwrap(), expected);
    }

    #[test]
    fn measurements_carry_the_last_judgement_which_is_told_when_it_changes() {
        let notes = Arc::new(Notes::default());
        let mut account = Account::new(Some(notes.clone()), Some(room()), 10_000);
        account.judged("ada".into(), "good", Duration::from_secs(1));
        account.judged("ada".into(), "good", Duration::from_secs(2));
        account.arrived("ada".into(), Arrived { loss_pct: 2.5, jitter_ms: 4.0 }, Duration::from_secs(5));
        let judged = Sample { identity: "ada".into(), quality: Some("good".into()), ..Sample::default() };
        let arrived = Sample { loss_pct: Some(2.5), jitter_ms: Some(4.0), at_ms: 15_000, ..judged.clone() };
        let told: Vec<_> = notes.0.lock().unwrap().iter().map(|report| report.what.clone()).collect();
        assert_eq!(told, [Told::Sample(Sample { at_ms: 11_000, ..judged }), Told::Sample(arrived)]);
    }

    #[test]
    fn a_room_without_an_id_has_no_record() {
        let notes = Arc::new(Notes::default());
        Account::new(Some(notes.clone()), None, 0).heard(&words("agent", false), "agent", false);
        assert!(notes.0.lock().unwrap().is_empty());
    }

    #[test]
    fn a_report_travels_as_json() {
        let sample = Sample { identity: "ada".into(), at_ms: 1, e2e_ms: Some(800), ..Sample::default() };
        let report = Report { room: room(), at_ms: 1, what: Told::Sample(sample) };
        let json = serde_json::to_string(&report).unwrap();
        assert_eq!(serde_json::from_str::<Report>(&json).unwrap(), report);
    }
}
