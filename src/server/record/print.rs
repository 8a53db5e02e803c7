//! Calls as text for people at a terminal. Times are UTC.

use std::fmt::{self, Write};

use chrono::DateTime;

use crate::domain::{
    record::{CallRecord, RecordedCall, RecordedSegment},
    transcript::Speaker,
};

/// The list of calls, a line each.
pub fn print_calls(calls: &[RecordedCall]) -> String {
    let mut text = String::new();
    if calls.is_empty() {
        return "No calls yet.\n".to_owned();
    }
    let row = |text: &mut String, cells: [&str; 6]| {
        let [id, started, status, length, reason, contact] = cells;
        let line = format!("{id:<36}  {started:<19}  {status:<11}  {length:>8}  {reason:<15}  {contact}");
        text.push_str(line.trim_end());
        text.push('\n');
    };
    row(&mut text, ["ID", "STARTED (UTC)", "STATUS", "LENGTH", "ENDED BY", "CONTACT"]);
    for call in calls {
        let started = Moment(call.started_ms).to_string();
        let length = call.duration_ms.map(|ms| Span(ms).to_string()).unwrap_or_default();
        let reason = call.end_reason.map(|reason| reason.as_str()).unwrap_or_default();
        let contact = visible(call.contact.as_deref().unwrap_or_default());
        row(&mut text, [&call.id, &started, call.status.as_str(), &length, reason, &contact]);
    }
    text
}

/// All that is recorded of a call.
pub fn print_call(record: &CallRecord) -> String {
    // Writing to a string does not fail.
    write_call(record).unwrap_or_default()
}

fn write_call(CallRecord { call, participants, segments, notes, metrics }: &CallRecord) -> Result<String, fmt::Error> {
    let mut text = String::new();
    writeln!(text, "Call {}", call.id)?;
    writeln!(text, "Room      {}", visible(&call.room))?;
    let reason = call.end_reason.map(|reason| format!(" ({})", reason.as_str())).unwrap_or_default();
    writeln!(text, "Status    {}{reason}", call.status.as_str())?;
    writeln!(text, "Started   {} UTC", Moment(call.started_ms))?;
    if let Some((answered, by)) = call.answered_ms.zip(call.answered_by.as_deref()) {
        writeln!(text, "Answered  {} UTC by the {by}", Moment(answered))?;
    }
    if let Some(ended) = call.ended_ms {
        let length = call.duration_ms.map(|ms| format!(", after {}", Span(ms))).unwrap_or_default();
        writeln!(text, "Ended     {} UTC{length}", Moment(ended))?;
    }
    if !participants.is_empty() {
        writeln!(text, "\nParticipants")?;
    }
    for who in participants {
        let name = if who.name.is_empty() { &who.identity } else { &who.name };
        write!(text, "  {:>8}  {} ({})", Span(who.joined_ms - call.started_ms), visible(name), who.kind.as_str())?;
        if let Some(left) = who.left_ms {
            let why = who.departure.map(|why| format!(", {}", why.as_str())).unwrap_or_default();
            write!(text, ", until {}{why}", Span(left - call.started_ms))?;
        }
        writeln!(text)?;
    }
    if !segments.is_empty() {
        writeln!(text, "\nTranscript")?;
    }
    for words in segments {
        writeln!(text, "  {:>8}  {}", Span(words.start_ms), line(words))?;
    }
    if !notes.is_empty() {
        writeln!(text, "\nMessages")?;
    }
    for note in notes {
        let phone = note.phone.as_deref().unwrap_or("no number");
        writeln!(text, "  {} ({phone}): {}", visible(&note.contact), visible(&note.text))?;
    }
    let turns: Vec<i64> = metrics.iter().filter_map(|sample| sample.e2e_ms).collect();
    if let (Some(fastest), Some(slowest)) = (turns.iter().min(), turns.iter().max()) {
        writeln!(text, "\nAnswers   {} aloud, {fastest} to {slowest} ms after the caller's last sound", turns.len())?;
    }
    Ok(text)
}

fn line(words: &RecordedSegment) -> String {
    let speaker = match words.speaker {
        Speaker::Visitor => "Caller",
        Speaker::Agent => "Assistant",
        Speaker::Staff => "Team",
    };
    let how = if words.typed { " (typed)" } else { "" };
    let cut = if words.interrupted || !words.is_final { "\u{2026}" } else { "" };
    format!("{speaker}{how}: {}{cut}", visible(words.text.trim()))
}

/// Text without what a terminal would obey: a caller's words are not to be trusted.
fn visible(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A time since the Unix epoch in milliseconds, written `2026-11-21 23:08:26`.
struct Moment(i64);

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp_millis(self.0).unwrap_or_default();
        write!(f, "{}", time.format("%Y-%m-%d %H:%M:%S"))
    }
}

/// A length in milliseconds, written `1:02` or `1:02:03`.
struct Span(i64);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.max(0) / 1000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let text =
            if hours > 0 { format!("{hours}:{minutes:02}:{seconds:02}") } else { format!("{minutes}:{seconds:02}") };
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::{CallStatus, EndReason, MemberKind, RecordedMember, RecordedNote, Sample};

    fn call() -> RecordedCall {
        RecordedCall {
            id: "0199a8f0-0000-7000-8000-000000000001".into(),
            room: "support-1".into(),
            status: CallStatus::Completed,
            end_reason: Some(EndReason::CallerLeft),
            contact: Some("Ada\u{1b}[31m".into()),
            started_ms: 1_760_000_000_000,
            answered_ms: Some(1_760_000_001_500),
            answered_by: Some("assistant".into()),
            ended_ms: Some(1_760_000_063_900),
            duration_ms: Some(62_400),
        }
    }

    #[test]
    fn calls_are_a_table() {
        let expected = "\
ID                                    STARTED (UTC)        STATUS         LENGTH  ENDED BY         CONTACT
0199a8f0-0000-7000-8000-000000000001  2025-10-09 08:53:20  completed        1:02  caller_left      Ada [31m
";
        assert_eq!(print_calls(&[call()]), expected);
        assert_eq!(print_calls(&[]), "No calls yet.\n");
    }

    #[test]
    fn a_call_is_told_from_beginning_to_end() {
        let segment = |speaker, text: &str, interrupted, typed, start_ms| RecordedSegment {
            id: String::new(),
            speaker,
            identity: String::new(),
            text: text.into(),
            is_final: true,
            interrupted,
            typed,
            start_ms,
            end_ms: start_ms,
        };
        let record = CallRecord {
            call: call(),
            participants: vec![RecordedMember {
                sid: "PA_1".into(),
                identity: "visitor-1".into(),
                name: "Ada".into(),
                kind: MemberKind::Person,
                joined_ms: 1_760_000_000_400,
                left_ms: Some(1_760_000_063_900),
                departure: Some(crate::domain::record::Departure::HungUp),
            }],
            segments: vec![
                segment(Speaker::Agent, "Hello, Harbour", true, false, 2000),
                segment(Speaker::Visitor, "Prices?\r\n", false, true, 3_725_000),
            ],
            notes: vec![RecordedNote {
                contact: "Ada".into(),
                phone: Some("+4930901820".into()),
                text: "A wedding".into(),
                created_ms: 0,
            }],
            metrics: vec![
                Sample { e2e_ms: Some(900), ..Sample::default() },
                Sample { e2e_ms: Some(700), ..Sample::default() },
            ],
        };
        let expected = "\
Call 0199a8f0-0000-7000-8000-000000000001
Room      support-1
Status    completed (caller_left)
Started   2025-10-09 08:53:20 UTC
Answered  2025-10-09 08:53:21 UTC by the assistant
Ended     2025-10-09 08:54:23 UTC, after 1:02

Participants
      0:00  Ada (person), until 1:03, hung_up

Transcript
      0:02  Assistant: Hello, Harbour\u{2026}
   1:02:05  Caller (typed): Prices?

Messages
  Ada (+4930901820): A wedding

Answers   2 aloud, 700 to 900 ms after the caller's last sound
";
        assert_eq!(print_call(&record), expected);
    }
}
