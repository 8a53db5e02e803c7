use proptest::prelude::*;

use super::*;

const ROOM: &str = "support-1";

fn s(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn expected() -> Input {
    Input::Expected(ROOM.into())
}

fn is_in(helper: Helper, identity: &str) -> Input {
    Input::In(helper, ROOM.into(), identity.into())
}

fn looked(has_person: bool, assistants: &[&str]) -> Input {
    let assistants = assistants.iter().map(|identity| (*identity).to_owned()).collect();
    Input::Looked(ROOM.into(), Some(Present { has_person, assistants }))
}

fn come(is_back: bool) -> Output {
    Output::Come { room: ROOM.into(), is_back }
}

fn dispatch(is_back: bool) -> Output {
    Output::Dispatch { room: ROOM.into(), is_back }
}

fn look() -> Output {
    Output::Look(ROOM.into())
}

fn remove(identity: &str) -> Output {
    Output::Remove { room: ROOM.into(), identity: identity.into() }
}

/// Runs a story; gives what each of its inputs brought.
fn story(has_own: bool, inputs: Vec<(u64, Input)>) -> Vec<Vec<Output>> {
    let mut relief = Relief::new(has_own);
    inputs.into_iter().map(|(at, input)| relief.on(input, s(at))).collect()
}

const A: Helper = Helper::Worker(1);
const B: Helper = Helper::Worker(2);

#[test]
fn workers_come_before_this_process_which_comes_where_there_are_none() {
    assert_eq!(story(true, vec![(0, expected())]), [[come(false)]]);
    assert_eq!(story(false, vec![(0, expected())]), [[dispatch(false)]]);
    let with_worker = vec![(0, Input::Takes(A, true)), (0, expected()), (0, expected())];
    assert_eq!(story(true, with_worker), [vec![], vec![dispatch(false)], vec![]]);
}

#[test]
fn a_worker_that_is_killed_is_followed_by_another_and_its_ghost_goes() {
    let told = story(
        true,
        vec![
            (0, Input::Takes(A, true)),
            (0, Input::Takes(B, true)),
            (0, expected()),
            (1, is_in(A, "agent-a")),
            (60, Input::Gone(A)),
            (60, Input::Tick),
            (61, Input::Tick),
            (61, looked(true, &["agent-a"])),
            (62, is_in(B, "agent-b")),
            (90, Input::Tick),
        ],
    );
    let nothing = Vec::new;
    let relief = vec![remove("agent-a"), dispatch(true)];
    let before = [nothing(), nothing(), vec![dispatch(false)], nothing(), nothing(), nothing(), vec![look()]];
    assert_eq!(told, [&before[..], &[relief, nothing(), nothing()]].concat());
}

#[test]
fn the_last_worker_is_followed_by_this_process() {
    let told = story(
        true,
        vec![
            (0, Input::Takes(A, true)),
            (0, expected()),
            (1, is_in(A, "agent-a")),
            (60, Input::Gone(A)),
            (61, Input::Tick),
            (61, looked(true, &["agent-a"])),
        ],
    );
    assert_eq!(told[5], [remove("agent-a"), come(true)]);
}

#[test]
fn a_worker_that_is_back_in_time_keeps_its_room() {
    let told =
        story(true, vec![(1, is_in(A, "agent-a")), (60, Input::Gone(A)), (60, is_in(B, "agent-a")), (90, Input::Tick)]);
    assert_eq!(told.concat(), []);
}

#[test]
fn an_offer_that_nobody_took_is_made_again() {
    let unanswered = |has_own| {
        let inputs = vec![
            (0, Input::Takes(A, true)),
            (0, expected()),
            (4, Input::Tick),
            (5, Input::Tick),
            (5, looked(true, &[])),
        ];
        story(has_own, inputs).concat()
    };
    assert_eq!(unanswered(false), [dispatch(false), look(), dispatch(false)]);
    assert_eq!(unanswered(true), [dispatch(false), look(), come(false)]);
}

#[test]
fn a_room_that_somebody_unknown_serves_is_left_to_them() {
    let told =
        story(false, vec![(0, expected()), (5, Input::Tick), (5, looked(true, &["agent-x"])), (60, Input::Tick)]);
    assert_eq!(told.concat(), [dispatch(false), look()]);
}

#[test]
fn one_assistant_too_many_is_thrown_out() {
    let told = story(
        false,
        vec![
            (0, expected()),
            (1, is_in(A, "agent-a")),
            (2, is_in(B, "agent-b")),
            (3, Input::Out(B, ROOM.into())),
            (60, Input::Tick),
        ],
    );
    assert_eq!(told.concat(), [dispatch(false), remove("agent-b")]);
}

#[test]
fn a_call_that_was_ended_is_not_begun_again() {
    let told = story(
        true,
        vec![
            (0, expected()),
            (1, is_in(Helper::Own, "agent-o")),
            (30, Input::Out(Helper::Own, ROOM.into())),
            (35, Input::Standing(vec![(ROOM.into(), Present { has_person: true, assistants: vec![] })])),
            (60, Input::Gone(Helper::Own)),
            (90, Input::Tick),
        ],
    );
    assert_eq!(told.concat(), [come(false)]);
}

#[test]
fn calls_of_the_process_before_are_gone_on_with_once_their_assistant_is_no_longer_shown() {
    let stands = |assistants: &[&str]| {
        let assistants = assistants.iter().map(|identity| (*identity).to_owned()).collect();
        Input::Standing(vec![(ROOM.into(), Present { has_person: true, assistants })])
    };
    let told = story(
        true,
        [(0, &["agent-x"][..]), (15, &[]), (20, &[]), (25, &[])].map(|(at, there)| (at, stands(there))).into(),
    );
    assert_eq!(told, [vec![], vec![], vec![come(true)], vec![]]);
    assert_eq!(story(true, vec![(61, stands(&[])), (66, stands(&[]))]).concat(), []);
}

#[test]
fn a_ticket_that_nobody_uses_is_forgotten() {
    let mut relief = Relief::new(false);
    let mut out = relief.on(expected(), s(0));
    for at in 0..1000 {
        let told = relief.on(Input::Tick, s(at));
        if told == [look()] {
            out.extend(relief.on(looked(false, &[]), s(at)));
        }
    }
    assert_eq!((out, relief.rooms.len()), (vec![dispatch(false)], 0));
}

fn anything() -> impl Strategy<Value = Input> {
    let helper = prop_oneof![Just(Helper::Own), Just(A), Just(B)];
    let rooms = prop_oneof![Just("support-1".to_owned()), Just("support-2".to_owned())];
    (0..8, helper, rooms, any::<bool>()).prop_map(|(which, helper, room, flag)| {
        let there = Present { has_person: flag, assistants: vec![] };
        match which {
            0 => Input::Expected(room),
            1 => Input::Takes(helper, flag),
            2 => Input::In(helper, room, format!("agent-{helper:?}")),
            3 => Input::Out(helper, room),
            4 => Input::Gone(helper),
            5 => Input::Looked(room, flag.then_some(there)),
            6 => Input::Standing(vec![(room, there)]),
            _ => Input::Tick,
        }
    })
}

proptest! {
    /// Whatever happens, a room with a helper in it is sent nobody.
    #[test]
    fn nobody_is_sent_where_somebody_is(inputs in proptest::collection::vec(anything(), 0..200)) {
        let mut relief = Relief::new(true);
        for (at, input) in (0..).zip(inputs) {
            let served: Vec<String> = relief.rooms.iter()
                .filter(|(_, served)| matches!(served.stage, Stage::Served { .. }))
                .map(|(room, _)| room.clone())
                .collect();
            for output in relief.on(input, s(at)) {
                if let Output::Come { room, .. } | Output::Dispatch { room, .. } = output {
                    prop_assert!(!served.contains(&room));
                }
            }
        }
    }
}
