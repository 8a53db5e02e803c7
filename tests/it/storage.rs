//! What is kept, told to both databases: the same stories, the same answers.

use std::{os::unix::fs::PermissionsExt, sync::Arc};

use frontdesk::{
    domain::{
        record::{
            CallRecord, CallStatus, Departure, EndReason, Ending, Happened, Member, MemberKind, Message, PhoneNumber,
            Report, RoomFact, RoomLife, Sample, Segment, Told,
        },
        transcript::Speaker,
    },
    server::storage::{Applied, CallId, EventKey, Storage},
};
use rand::{SeedableRng, rngs::StdRng, seq::SliceRandom};

use crate::databases::{Fixed, TestDatabase};

const START: i64 = 1_760_000_000_000;

fn room() -> RoomLife {
    RoomLife { name: "support-1".into(), sid: "RM_1".into(), opened_ms: START }
}

fn fact(after_ms: i64, what: Happened) -> RoomFact {
    RoomFact { room: room(), at_ms: START + after_ms, what }
}

fn member(sid: &str, identity: &str, kind: MemberKind, after_ms: i64) -> Member {
    Member { sid: sid.into(), identity: identity.into(), name: "Ada".into(), kind, joined_ms: START + after_ms }
}

fn ada() -> Member {
    member("PA_a", "visitor-1", MemberKind::Person, 300)
}

fn bot() -> Member {
    member("PA_b", "agent-1", MemberKind::Assistant, 500)
}

/// A whole call: 61.5 s from the answer to the end.
fn facts() -> Vec<RoomFact> {
    vec![
        fact(0, Happened::Opened),
        fact(300, Happened::Joined(ada())),
        fact(500, Happened::Joined(bot())),
        fact(62_000, Happened::Left(ada(), Some(Departure::HungUp))),
        fact(77_000, Happened::Left(bot(), Some(Departure::HungUp))),
        fact(82_000, Happened::Closed(Ending::Told)),
    ]
}

async fn apply(storage: &Storage, fact: &RoomFact) -> CallStatus {
    match storage.apply(fact, None).await.unwrap() {
        Applied::Recorded(_, status) => status,
        Applied::Known => panic!("a fact without a key is never known"),
    }
}

/// The one call there is.
async fn only(storage: &Storage) -> CallRecord {
    let calls = storage.calls(10).await.unwrap();
    assert_eq!(calls.len(), 1, "{calls:?}");
    storage.call_record(&calls[0].id).await.unwrap().unwrap()
}

fn said(id: &str, text: &str, is_final: bool, start_ms: i64) -> Report {
    let segment = Segment {
        id: id.into(),
        speaker: Speaker::Agent,
        identity: "agent-1".into(),
        text: text.into(),
        is_final,
        interrupted: false,
        typed: false,
        start_ms,
        end_ms: start_ms + 100,
    };
    Report { room: room(), at_ms: START + start_ms + 100, what: Told::Segment(segment) }
}

#[tokio::test]
async fn a_call_is_recorded_as_it_goes_on() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        let mut statuses = Vec::new();
        for fact in facts() {
            statuses.push(apply(&storage, &fact).await);
        }
        use CallStatus::{Completed, InProgress, Ringing};
        assert_eq!(statuses, [Ringing, Ringing, InProgress, InProgress, InProgress, Completed]);
        let CallRecord { call, participants, .. } = only(&storage).await;
        assert_eq!((call.room.as_str(), call.started_ms), ("support-1", START));
        assert_eq!((call.answered_ms, call.answered_by.as_deref()), (Some(START + 500), Some("assistant")));
        assert_eq!((call.ended_ms, call.duration_ms), (Some(START + 62_000), Some(61_500)));
        assert_eq!(call.end_reason, Some(EndReason::CallerLeft));
        let stays: Vec<_> = participants.iter().map(|who| (who.sid.as_str(), who.kind, who.left_ms)).collect();
        let expected =
            [("PA_a", MemberKind::Person, Some(START + 62_000)), ("PA_b", MemberKind::Assistant, Some(START + 77_000))];
        assert_eq!(stays, expected);
        assert_eq!(storage.call_record("0199").await.unwrap(), None);
    }
}

#[tokio::test]
async fn facts_in_any_order_and_many_times_have_one_effect() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        let mut expected = None;
        for seed in 0..20 {
            let mut rng = StdRng::seed_from_u64(seed);
            let mut facts = [facts(), facts()].concat();
            // Each round is another life of the room.
            let sid = format!("RM_{seed}");
            facts.iter_mut().for_each(|fact| fact.room.sid.clone_from(&sid));
            if seed > 0 {
                facts.shuffle(&mut rng);
            }
            let mut id = None;
            let mut is_over = false;
            for fact in &facts {
                let Applied::Recorded(call, status) = storage.apply(fact, None).await.unwrap() else { panic!() };
                assert!(status.is_terminal() || !is_over, "a call that was over lives again");
                is_over |= status.is_terminal();
                assert_eq!(*id.get_or_insert_with(|| call.clone()), call);
            }
            let mut record = storage.call_record(id.unwrap().as_str()).await.unwrap().unwrap();
            record.call.id.clear();
            assert_eq!(*expected.get_or_insert_with(|| record.clone()), record, "seed {seed}");
        }
        assert_eq!(storage.calls(100).await.unwrap().len(), 20);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_at_once_is_all_recorded() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        let people = (0..8).map(|n| {
            let (sid, identity) = (format!("PA_{n}"), format!("visitor-{n}"));
            Happened::Joined(member(&sid, &identity, MemberKind::Person, 400))
        });
        let told: Vec<_> = people.map(|what| fact(400, what)).chain(facts()).collect();
        let tasks = told.into_iter().map(|fact| {
            let storage = storage.clone();
            tokio::spawn(async move { storage.apply(&fact, None).await.unwrap() })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        let record = only(&storage).await;
        assert_eq!((record.participants.len(), record.call.status), (10, CallStatus::Completed));
        // Who is not said to have left did so when the room closed.
        assert_eq!((record.call.answered_ms, record.call.ended_ms), (Some(START + 400), Some(START + 82_000)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_applied_once_however_often_it_comes() {
    for database in TestDatabase::each() {
        let edge = Fixed::at(START);
        let storage = database.open(&edge).await;
        let fact = Arc::new(fact(300, Happened::Joined(ada())));
        let tasks: Vec<_> = (0..50)
            .map(|_| {
                let (storage, fact) = (storage.clone(), fact.clone());
                let event = EventKey { source: "livekit", key: "EV_1", kind: "participant_joined" };
                tokio::spawn(async move { storage.apply(&fact, Some(event)).await.unwrap() })
            })
            .collect();
        let mut recorded = 0;
        for task in tasks {
            recorded += usize::from(task.await.unwrap() != Applied::Known);
        }
        assert_eq!((recorded, only(&storage).await.participants.len()), (1, 1));
        // It is forgotten once its signature is too old to pass.
        edge.set(START + 25 * 60 * 60 * 1000);
        storage.forget_old_webhooks().await.unwrap();
        let event = EventKey { source: "livekit", key: "EV_1", kind: "participant_joined" };
        assert_ne!(storage.apply(&fact, Some(event)).await.unwrap(), Applied::Known);
    }
}

#[tokio::test]
async fn words_are_rows_that_settle() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        // What the assistant tells may come before what the room does.
        for report in [
            said("SG_2", "Are you", false, 900),
            said("SG_1", "Hello\0 there.", true, 600),
            said("SG_2", "Are you free?", true, 900),
            said("SG_2", "Are", false, 900),
        ] {
            storage.report(&report).await.unwrap();
        }
        let record = only(&storage).await;
        let words: Vec<_> = record.segments.iter().map(|words| (words.text.as_str(), words.is_final)).collect();
        assert_eq!(words, [("Hello there.", true), ("Are you free?", true)]);
        assert_eq!((record.segments[1].start_ms, record.segments[1].end_ms), (900, 1000));
        assert_eq!((record.call.status, record.call.started_ms), (CallStatus::Ringing, START));
        assert_eq!(storage.open_calls().await.unwrap()[0].seen_ms, START + 1000);
    }
}

#[tokio::test]
async fn measurements_keep_what_could_be_measured() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        let heard = Sample {
            identity: "visitor-1".into(),
            at_ms: START + 5000,
            loss_pct: Some(1.25),
            quality: Some("good".into()),
            ..Sample::default()
        };
        let answered =
            Sample { identity: "agent-1".into(), at_ms: START + 6000, e2e_ms: Some(812), ..Sample::default() };
        for sample in [answered.clone(), heard.clone()] {
            let report = Report { room: room(), at_ms: sample.at_ms, what: Told::Sample(sample) };
            storage.report(&report).await.unwrap();
        }
        assert_eq!(only(&storage).await.metrics, [heard, answered]);
    }
}

#[tokio::test]
async fn a_message_becomes_a_contact_with_a_note() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        let Applied::Recorded(call, _) = storage.apply(&facts()[0], None).await.unwrap() else { panic!() };
        let phone = PhoneNumber::try_from("+49 30 901820").unwrap();
        let message = Message { name: "Ada".into(), phone: Some(phone.clone()), reason: "A wedding in June".into() };
        let contact = storage.take_message(&message, Some(&call)).await.unwrap();
        assert_eq!(storage.calls(1).await.unwrap()[0].contact.as_deref(), Some("Ada"));
        // The same number is the same contact, under the name that it has.
        let again = Message { name: "A. Byron".into(), phone: Some(phone), reason: "And a funeral".into() };
        let told = Report { room: room(), at_ms: START + 1000, what: Told::Message(again) };
        storage.report(&told).await.unwrap();
        let other = PhoneNumber::try_from("+1 555 0100000").unwrap();
        let elsewhere = Message { name: "Bob".into(), phone: Some(other), reason: "Nothing".into() };
        assert_ne!(storage.take_message(&elsewhere, None).await.unwrap(), contact);
        let record = only(&storage).await;
        assert_eq!((record.call.contact.as_deref(), record.notes.len()), (Some("Ada"), 2));
        let notes: Vec<_> = record
            .notes
            .iter()
            .map(|note| (note.contact.as_str(), note.phone.as_deref(), note.text.as_str()))
            .collect();
        let ada = ("Ada", Some("+4930901820"));
        assert_eq!(notes, [(ada.0, ada.1, "A wedding in June"), (ada.0, ada.1, "And a funeral")]);
        // Nothing is left of a message for a call that there is not.
        let nowhere = CallId::from("0199".to_owned());
        assert!(storage.take_message(&message, Some(&nowhere)).await.is_err());
        assert_eq!(only(&storage).await.notes.len(), 2);
    }
}

#[tokio::test]
async fn calls_that_go_on_are_told_with_who_is_in_them() {
    for database in TestDatabase::each() {
        let storage = database.open(&Fixed::at(START)).await;
        for fact in &facts()[..4] {
            apply(&storage, fact).await;
        }
        storage.seen(&["RM_1", "RM_unknown"], START + 70_000).await.unwrap();
        storage.seen(&["RM_1"], START + 65_000).await.unwrap();
        let open = storage.open_calls().await.unwrap();
        assert_eq!((open.len(), open[0].seen_ms, &open[0].room), (1, START + 70_000, &room()));
        assert_eq!(open[0].present, [bot()]);
        apply(&storage, &facts()[5]).await;
        assert_eq!(storage.open_calls().await.unwrap(), []);
    }
}

#[tokio::test]
async fn what_was_kept_is_there_at_the_next_start() {
    for database in TestDatabase::each() {
        let edge = Fixed::at(START);
        let storage = database.open(&edge).await;
        apply(&storage, &facts()[0]).await;
        storage.close().await;
        let storage = database.open(&edge).await;
        assert_eq!(only(&storage).await.call.started_ms, START);
    }
}

#[tokio::test]
async fn the_file_is_its_owners_alone() {
    let database = TestDatabase::sqlite();
    let file = database.folder().join("calls.db");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let storage = database.open(&Fixed::at(START)).await;
    apply(&storage, &facts()[0]).await;
    for entry in std::fs::read_dir(database.folder()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.file_name());
    }
}
