//! The words on the screen, as LiveKit's front ends read them: text streams on `lk.transcription`, and the older packet.
//!
//! The assistant's segment is one stream of deltas; each version of the visitor's is a whole stream under the same
//! segment id. It makes orders and sends nothing.

use std::{collections::BTreeMap, time::Duration};

use super::{
    link::{Order, Transcript},
    stt::UtteranceId,
};
use crate::domain::call::wire::{INTERRUPTED, IS_FINAL, SEGMENT_ID, WORDS_TOPIC as TOPIC};

const TRACK_ID: &str = "lk.transcribed_track_id";

/// Utterances whose words may still come; those of older ones are not shown.
const OPEN_UTTERANCES: usize = 8;

/// Who speaks, and on which track (empty if there is none).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Voice {
    pub(super) identity: String,
    pub(super) track: String,
}

/// A segment that is being said.
#[derive(Debug)]
struct Segment {
    id: String,
    text: String,
    start: Duration,
}

/// What somebody has begun to say, and its segment once there was a word.
#[derive(Debug)]
struct Said {
    voice: Voice,
    since: Duration,
    /// When they fell silent, once they have.
    until: Option<Duration>,
    segment: Option<Segment>,
}

/// Both sides' segments of one call.
#[derive(Debug)]
pub(super) struct Transcripts {
    /// Sets this call's ids apart from those of other calls.
    prefix: String,
    next_id: u64,
    agent: Option<Segment>,
    visitors: BTreeMap<UtteranceId, Said>,
}

impl Transcripts {
    /// Starts with nothing said; `prefix` makes the ids unique.
    pub(super) fn new(prefix: String) -> Self {
        Self { prefix, next_id: 0, agent: None, visitors: BTreeMap::new() }
    }

    /// The assistant was heard to say `delta`.
    pub(super) fn agent_said(&mut self, voice: &Voice, delta: &str, now: Duration) -> Vec<Order> {
        let mut orders = Vec::new();
        let id = match &self.agent {
            Some(segment) => segment.id.clone(),
            None => {
                let id = self.id("SG");
                let attributes = attributes(&id, &voice.track, false);
                orders.push(Order::OpenText { stream: id.clone(), topic: TOPIC, attributes, sender: None });
                id
            }
        };
        let segment = self.agent.get_or_insert_with(|| Segment { id: id.clone(), text: String::new(), start: now });
        segment.text.push_str(delta);
        orders.push(Order::WriteText { stream: id, text: delta.to_owned() });
        orders.push(Order::Transcript(older(segment, voice, now, false)));
        orders
    }

    /// The assistant has finished: what was heard until here is final.
    pub(super) fn agent_finished(&mut self, voice: &Voice, now: Duration) -> Vec<Order> {
        self.agent_ended(voice, now, false)
    }

    /// The assistant was cut, if it was saying something: what was heard until here is final.
    pub(super) fn agent_cut(&mut self, voice: &Voice, now: Duration) -> Vec<Order> {
        self.agent_ended(voice, now, true)
    }

    fn agent_ended(&mut self, voice: &Voice, now: Duration, interrupted: bool) -> Vec<Order> {
        let Some(segment) = self.agent.take() else { return Vec::new() };
        let mut attributes = attributes(&segment.id, &voice.track, true);
        if interrupted {
            attributes.insert(INTERRUPTED.to_owned(), "true".to_owned());
        }
        let transcript = Transcript { interrupted, ..older(&segment, voice, now, true) };
        vec![Order::CloseText { stream: segment.id, attributes }, Order::Transcript(transcript)]
    }

    /// Somebody began an utterance at `since`: whenever its words come, they are theirs.
    pub(super) fn visitor_begins(&mut self, utterance: UtteranceId, voice: Voice, since: Duration) {
        self.visitors.insert(utterance, Said { voice, since, until: None, segment: None });
        while self.visitors.len() > OPEN_UTTERANCES {
            self.visitors.pop_first();
        }
    }

    /// Whoever began to speak last fell silent at `until`.
    pub(super) fn visitor_ended(&mut self, until: Duration) {
        if let Some(mut said) = self.visitors.last_entry() {
            said.get_mut().until.get_or_insert(until);
        }
    }

    /// Somebody wrote `text`.
    pub(super) fn visitor_wrote(&mut self, identity: String, text: &str, now: Duration) -> Transcript {
        let segment = Segment { id: self.id("CH"), text: text.to_owned(), start: now };
        older(&segment, &Voice { identity, track: String::new() }, now, true)
    }

    /// What was understood of an utterance so far.
    pub(super) fn visitor_said(
        &mut self,
        utterance: UtteranceId,
        text: &str,
        is_final: bool,
        now: Duration,
    ) -> Vec<Order> {
        let Some(Said { voice, since, until, segment }) = self.visitors.remove(&utterance) else { return Vec::new() };
        let mut segment = match segment {
            Some(segment) => segment,
            None if text.is_empty() => {
                if !is_final {
                    self.visitors.insert(utterance, Said { voice, since, until, segment: None });
                }
                return Vec::new();
            }
            None => Segment { id: self.id("SG"), text: String::new(), start: since },
        };
        segment.text = text.to_owned();
        let stream = self.id("ST");
        let attributes = attributes(&segment.id, &voice.track, is_final);
        let transcript = older(&segment, &voice, until.unwrap_or(now), is_final);
        let sender = Some(voice.identity.clone());
        if !is_final {
            self.visitors.insert(utterance, Said { voice, since, until, segment: Some(segment) });
        }
        vec![
            Order::OpenText { stream: stream.clone(), topic: TOPIC, attributes: attributes.clone(), sender },
            Order::WriteText { stream: stream.clone(), text: text.to_owned() },
            Order::CloseText { stream, attributes },
            Order::Transcript(transcript),
        ]
    }

    fn id(&mut self, kind: &str) -> String {
        self.next_id += 1;
        format!("{kind}_{}{:04}", self.prefix, self.next_id)
    }
}

fn attributes(segment: &str, track: &str, is_final: bool) -> BTreeMap<String, String> {
    let mut attributes =
        BTreeMap::from([(SEGMENT_ID.to_owned(), segment.to_owned()), (IS_FINAL.to_owned(), is_final.to_string())]);
    if !track.is_empty() {
        attributes.insert(TRACK_ID.to_owned(), track.to_owned());
    }
    attributes
}

fn older(segment: &Segment, voice: &Voice, now: Duration, is_final: bool) -> Transcript {
    let ms = |at: Duration| u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
    Transcript {
        identity: voice.identity.clone(),
        track: voice.track.clone(),
        segment: segment.id.clone(),
        text: segment.text.clone(),
        start_ms: ms(segment.start),
        end_ms: ms(now),
        is_final,
        interrupted: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voice(identity: &str, track: &str) -> Voice {
        Voice { identity: identity.into(), track: track.into() }
    }

    fn map(id: &str, is_final: &str, track: &str) -> BTreeMap<String, String> {
        [(SEGMENT_ID, id), (IS_FINAL, is_final), (TRACK_ID, track)].map(|(k, v)| (k.into(), v.into())).into()
    }

    fn packet(identity: &str, track: &str, text: &str, start_ms: u64, end_ms: u64, is_final: bool) -> Order {
        let (identity, track) = (identity.into(), track.into());
        let segment = "SG_x0001".into();
        let (text, interrupted) = (text.into(), false);
        Order::Transcript(Transcript { identity, track, segment, text, start_ms, end_ms, is_final, interrupted })
    }

    #[test]
    fn the_assistants_segment_is_one_stream_of_deltas() {
        let mut transcripts = Transcripts::new("x".into());
        let me = voice("agent", "TR_a");
        let mut orders = transcripts.agent_said(&me, "Hello,", Duration::from_millis(100));
        orders.extend(transcripts.agent_said(&me, " Ada.", Duration::from_millis(300)));
        orders.extend(transcripts.agent_finished(&me, Duration::from_millis(400)));
        let stream = || "SG_x0001".to_owned();
        let expected = [
            Order::OpenText {
                stream: stream(),
                topic: TOPIC,
                attributes: map("SG_x0001", "false", "TR_a"),
                sender: None,
            },
            Order::WriteText { stream: stream(), text: "Hello,".into() },
            packet("agent", "TR_a", "Hello,", 100, 100, false),
            Order::WriteText { stream: stream(), text: " Ada.".into() },
            packet("agent", "TR_a", "Hello, Ada.", 100, 300, false),
            Order::CloseText { stream: stream(), attributes: map("SG_x0001", "true", "TR_a") },
            packet("agent", "TR_a", "Hello, Ada.", 100, 400, true),
        ];
        assert_eq!(orders, expected);
        assert_eq!(transcripts.agent_finished(&me, Duration::ZERO), []);
    }

    #[test]
    fn an_answer_that_was_cut_says_so() {
        let mut transcripts = Transcripts::new("x".into());
        let me = voice("agent", "TR_a");
        assert_eq!(transcripts.agent_cut(&me, Duration::ZERO), []);
        transcripts.agent_said(&me, "Hello,", Duration::from_millis(100));
        let mut attributes = map("SG_x0001", "true", "TR_a");
        attributes.insert("frontdesk.interrupted".into(), "true".into());
        let (identity, track, segment, text) = ("agent".into(), "TR_a".into(), "SG_x0001".into(), "Hello,".into());
        let (start_ms, end_ms, is_final, interrupted) = (100, 400, true, true);
        let cut = Transcript { identity, track, segment, text, start_ms, end_ms, is_final, interrupted };
        let expected = [Order::CloseText { stream: "SG_x0001".into(), attributes }, Order::Transcript(cut)];
        assert_eq!(transcripts.agent_cut(&me, Duration::from_millis(400)), expected);
    }

    #[test]
    fn each_version_of_the_visitors_segment_is_a_whole_stream_in_their_name() {
        let mut transcripts = Transcripts::new("x".into());
        let first = UtteranceId(1);
        transcripts.visitor_begins(first, voice("ada", "TR_m"), Duration::from_millis(40));
        let mut orders = transcripts.visitor_said(first, "are", false, Duration::from_millis(100));
        transcripts.visitor_ended(Duration::from_millis(700));
        orders.extend(transcripts.visitor_said(first, "are you free", true, Duration::from_millis(900)));
        let versions = [("ST_x0002", "are", "false"), ("ST_x0003", "are you free", "true")];
        let expected: Vec<_> = versions
            .into_iter()
            .flat_map(|(stream, text, is_final)| {
                let attributes = map("SG_x0001", is_final, "TR_m");
                // Not when the words came: when they were said.
                let end_ms = if is_final == "true" { 700 } else { 100 };
                [
                    Order::OpenText {
                        stream: stream.into(),
                        topic: TOPIC,
                        attributes: attributes.clone(),
                        sender: Some("ada".into()),
                    },
                    Order::WriteText { stream: stream.into(), text: text.into() },
                    Order::CloseText { stream: stream.into(), attributes },
                    packet("ada", "TR_m", text, 40, end_ms, is_final == "true"),
                ]
            })
            .collect();
        assert_eq!(orders, expected);
        transcripts.visitor_begins(first.next(), voice("ada", "TR_m"), Duration::ZERO);
        assert_eq!(transcripts.visitor_said(first.next(), "", true, Duration::ZERO), []);
    }

    #[test]
    fn late_words_are_theirs_who_said_them() {
        let mut transcripts = Transcripts::new("x".into());
        let (first, second) = (UtteranceId(1), UtteranceId(2));
        let written = |transcripts: &mut Transcripts, utterance, text: &str, is_final| {
            let orders = transcripts.visitor_said(utterance, text, is_final, Duration::ZERO);
            orders.into_iter().find_map(|order| match order {
                Order::Transcript(Transcript { identity, segment, text, .. }) => Some((identity, segment, text)),
                Order::Audio { .. }
                | Order::Attributes(_)
                | Order::OpenText { .. }
                | Order::WriteText { .. }
                | Order::CloseText { .. }
                | Order::Data { .. }
                | Order::Answer { .. }
                | Order::Leave => None,
            })
        };
        let expected = |identity: &str, segment: &str, text: &str| {
            Some((identity.to_owned(), segment.to_owned(), text.to_owned()))
        };
        transcripts.visitor_begins(first, voice("ada", "TR_a"), Duration::ZERO);
        let heard = written(&mut transcripts, first, "are", false);
        assert_eq!(heard, expected("ada", "SG_x0001", "are"));
        transcripts.visitor_begins(second, voice("bob", "TR_b"), Duration::ZERO);
        let heard = written(&mut transcripts, second, "how", false);
        assert_eq!(heard, expected("bob", "SG_x0003", "how"));
        let heard = written(&mut transcripts, first, "are you free", true);
        assert_eq!(heard, expected("ada", "SG_x0001", "are you free"));
        let heard = written(&mut transcripts, second, "how much", true);
        assert_eq!(heard, expected("bob", "SG_x0003", "how much"));
        assert_eq!(written(&mut transcripts, first, "again", true), None);
    }

    #[test]
    fn utterances_that_are_never_recognised_are_forgotten() {
        let mut transcripts = Transcripts::new("x".into());
        (0..100).for_each(|n| transcripts.visitor_begins(UtteranceId(n), voice("ada", "TR_a"), Duration::ZERO));
        assert_eq!(transcripts.visitors.len(), OPEN_UTTERANCES);
    }
}
