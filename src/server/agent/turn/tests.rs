//! Timed inputs, and every order that comes of them.

use proptest::prelude::*;

use super::*;

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Runs timed inputs and gives every output with the time it came out at, but for those that only make answers ready.
fn run(inputs: &[(u64, Input)], until: u64) -> Vec<(u64, Output)> {
    let is_ahead = |output: &Output| matches!(output, Flush | Output::Prepare(_) | Discard);
    run_all(inputs, until).into_iter().filter(|(_, output)| !is_ahead(output)).collect()
}

/// Runs timed inputs and gives every output with the time it came out at, ticking each 20 ms; speech that started
/// goes on until it ends.
fn run_all(inputs: &[(u64, Input)], until: u64) -> Vec<(u64, Output)> {
    let mut turns = Turns::new(Timings::from(&settings::Timings::default()));
    let mut out = Vec::new();
    let ends: Vec<u64> = inputs.iter().filter_map(|(_, input)| end_of(input)).collect();
    let mut inputs = inputs.iter().peekable();
    for now in (0..=until).step_by(20) {
        if ends.iter().any(|end| (end.saturating_sub(1000)..=*end).contains(&now)) {
            let input = Input::SpeechGoesOn { until: ms(now) };
            out.extend(turns.on(input, ms(now)).into_iter().map(|output| (now, output)));
        }
        while let Some((at, input)) = inputs.next_if(|(at, _)| *at <= now) {
            out.extend(turns.on(input.clone(), ms(*at)).into_iter().map(|output| (*at, output)));
        }
        out.extend(turns.on(Input::Tick, ms(now)).into_iter().map(|output| (now, output)));
    }
    out
}

fn end_of(input: &Input) -> Option<u64> {
    let Input::SpeechEnded { at } = input else { return None };
    u64::try_from(at.as_millis()).ok()
}

fn started(at: u64) -> Input {
    Input::SpeechStarted { at: ms(at) }
}

fn ended(at: u64) -> Input {
    Input::SpeechEnded { at: ms(at) }
}

/// The words of the first utterance.
fn words(text: &str) -> Input {
    words_of(1, text)
}

fn words_of(utterance: u64, text: &str) -> Input {
    Input::Words { utterance: UtteranceId(utterance), text: text.to_owned() }
}

fn listen(utterance: u64) -> Output {
    Output::Listen(UtteranceId(utterance))
}

fn answer(text: &str) -> Output {
    Output::Answer(text.to_owned())
}

fn prepare(text: &str) -> Output {
    Output::Prepare(text.to_owned())
}

fn guess(text: &str) -> Input {
    Input::Guess { utterance: UtteranceId(1), text: text.to_owned() }
}

use AgentState::{Listening, Speaking, Thinking};
use Output::{AskAgain, Cancel, Discard, Finish, Flush, Pause, Resume, Show};

#[test]
fn the_assistant_speaks_first_then_listens() {
    let inputs = [(0, Input::Greet), (100, Input::AnswerStarted), (2000, Input::AnswerFinished)];
    assert_eq!(run(&inputs, 3000), [(100, Show(Speaking)), (2000, Show(Listening))]);
}

#[test]
fn an_answer_comes_300_ms_after_the_end_of_speech_not_of_its_detection() {
    let inputs = [(1050, started(1000)), (2250, ended(2000)), (2260, words("what does it cost"))];
    let expected = [(1050, listen(1)), (2250, Finish), (2300, answer("what does it cost")), (2300, Show(Thinking))];
    assert_eq!(run(&inputs, 4000), expected);
}

#[test]
fn late_words_are_answered_as_they_come() {
    let inputs = [(1050, started(1000)), (2250, ended(2000)), (2700, words("hello"))];
    let expected = [(1050, listen(1)), (2250, Finish), (2700, answer("hello")), (2700, Show(Thinking))];
    assert_eq!(run(&inputs, 4000), expected);
}

#[test]
fn a_hanging_word_is_waited_for() {
    let inputs = [
        (1050, started(1000)),
        (2250, ended(2000)),
        (2260, words("a quartet and")),
        (3050, started(3000)),
        (4250, ended(4000)),
        (4260, words_of(2, "a singer")),
    ];
    let expected = [
        (1050, listen(1)),
        (2250, Finish),
        (3050, listen(2)),
        (4250, Finish),
        (4300, answer("a quartet and a singer")),
        (4300, Show(Thinking)),
    ];
    assert_eq!(run(&inputs, 6000), expected);
    let alone = run(&inputs[..3], 6000);
    assert_eq!(alone[2..], [(4500, answer("a quartet and")), (4500, Show(Thinking))]);
}

#[test]
fn going_on_takes_the_answer_back() {
    let inputs = [
        (1050, started(1000)),
        (2250, ended(2000)),
        (2260, words("what does it cost")),
        (2450, started(2400)),
        (3450, ended(3200)),
        (3460, words_of(2, "on a sunday")),
    ];
    let expected = [
        (1050, listen(1)),
        (2250, Finish),
        (2300, answer("what does it cost")),
        (2300, Show(Thinking)),
        (2450, listen(2)),
        (2450, Cancel),
        (2450, Show(Listening)),
        (3450, Finish),
        (3500, answer("what does it cost on a sunday")),
        (3500, Show(Thinking)),
    ];
    assert_eq!(run(&inputs, 5000), expected);
}

/// The assistant has been speaking since 100 ms.
fn over_an_answer(rest: &[(u64, Input)], until: u64) -> Vec<(u64, Output)> {
    let inputs = [&[(0, Input::Greet), (100, Input::AnswerStarted)], rest].concat();
    run(&inputs, until).split_off(1)
}

#[test]
fn an_interruption_pauses_then_cancels() {
    let inputs = [(1050, started(1000)), (2250, ended(2000)), (2260, words("stop please"))];
    let expected = [
        (1050, listen(1)),
        (1100, Pause),
        (1100, Show(Listening)),
        (2250, Finish),
        (2260, Cancel),
        (2300, answer("stop please")),
        (2300, Show(Thinking)),
    ];
    assert_eq!(over_an_answer(&inputs, 4000), expected);
}

#[test]
fn the_answer_to_an_interruption_is_prepared_too() {
    let inputs = [
        (0, Input::Greet),
        (100, Input::AnswerStarted),
        (3050, started(3000)),
        (4150, guess("stop please")),
        (4250, ended(4000)),
        (4260, words("stop please")),
    ];
    let expected = [
        (3050, listen(1)),
        (3100, Pause),
        (3100, Show(Listening)),
        (4100, Flush),
        (4150, Cancel),
        (4150, prepare("stop please")),
        (4250, Finish),
        (4300, answer("stop please")),
        (4300, Show(Thinking)),
    ];
    assert_eq!(run_all(&inputs, 6000)[1..], expected);
    let hum = [&inputs[..3], &[(4150, guess("mm hmm")), (4250, ended(4000)), (4260, words("mm hmm"))]].concat();
    let expected = [(4100, Flush), (4250, Finish), (4260, Resume), (4260, Show(Speaking))];
    assert_eq!(run_all(&hum, 6000)[4..], expected);
}

#[test]
fn a_cough_or_a_hum_resumes() {
    for heard in ["", "mm", "uh huh"] {
        let inputs = [(1050, started(1000)), (1750, ended(1500)), (1760, words(heard))];
        let expected = [
            (1050, listen(1)),
            (1100, Pause),
            (1100, Show(Listening)),
            (1750, Finish),
            (1760, Resume),
            (1760, Show(Speaking)),
        ];
        assert_eq!(over_an_answer(&inputs, 4000), expected, "{heard}");
    }
}

#[test]
fn a_click_does_not_pause_and_a_cough_only_while_it_is_heard() {
    let click = [(1050, started(1000)), (1330, ended(1080)), (1340, words("the"))];
    assert_eq!(over_an_answer(&click, 4000), [(1050, listen(1)), (1330, Finish)]);
    let cough = [(1050, started(1000)), (1450, ended(1200)), (3000, words("the"))];
    let expected = [
        (1050, listen(1)),
        (1100, Pause),
        (1100, Show(Listening)),
        (1450, Finish),
        (1450, Resume),
        (1450, Show(Speaking)),
    ];
    assert_eq!(over_an_answer(&cough, 4000), expected);
}

#[test]
fn a_recogniser_that_is_late_does_not_hold_the_answer_for_ever() {
    let inputs = [(1050, started(1000)), (1750, ended(1500)), (4000, words("how much is it"))];
    let expected = [
        (1050, listen(1)),
        (1100, Pause),
        (1100, Show(Listening)),
        (1750, Finish),
        (3500, Resume),
        (3500, Show(Speaking)),
        (4000, Cancel),
        (4000, answer("how much is it")),
        (4000, Show(Thinking)),
    ];
    assert_eq!(over_an_answer(&inputs, 5000), expected);
}

#[test]
fn speech_without_words_is_asked_for_again_and_a_click_is_not() {
    let long = [(1050, started(1000)), (2250, ended(2000)), (2260, words(""))];
    let expected = [(1050, listen(1)), (2250, Finish), (2260, AskAgain), (2260, Show(Thinking))];
    assert_eq!(run(&long, 4000), expected);
    let click = [(1050, started(1000)), (1450, ended(1200)), (1460, words(""))];
    assert_eq!(run(&click, 4000), [(1050, listen(1)), (1450, Finish)]);
}

#[test]
fn a_recogniser_that_never_answers_is_waited_for_no_longer() {
    let inputs = [(1050, started(1000)), (2250, ended(2000))];
    let expected = [(1050, listen(1)), (2250, Finish), (6000, AskAgain), (6000, Show(Thinking))];
    assert_eq!(run(&inputs, 9000), expected);
}

#[test]
fn what_was_understood_of_a_turn_is_answered_without_the_rest() {
    let inputs = [
        (1050, started(1000)),
        (2250, ended(2000)),
        (2260, words("what does it cost and")),
        (2550, started(2500)),
        (3250, ended(3000)),
    ];
    let expected = [
        (1050, listen(1)),
        (2250, Finish),
        (2550, listen(2)),
        (3250, Finish),
        (7000, answer("what does it cost and")),
        (7000, Show(Thinking)),
    ];
    assert_eq!(run(&inputs, 9000), expected);
}

#[test]
fn words_that_come_too_late_do_not_stand_for_those_that_are_awaited() {
    let inputs = [
        (1050, started(1000)),
        (2250, ended(2000)),
        (6500, Input::AnswerStarted),
        (6600, Input::AnswerFinished),
        (7050, started(7000)),
        (8250, ended(8000)),
        (8260, words("what does it cost")),
        (8600, words_of(2, "on a sunday")),
    ];
    let last = [(8600, answer("what does it cost on a sunday")), (8600, Show(Thinking))];
    assert_eq!(run(&inputs, 9000)[8..], last);
}

#[test]
fn a_message_is_answered_at_once() {
    let expected = [(500, Cancel), (500, answer("hello")), (500, Show(Thinking))];
    assert_eq!(over_an_answer(&[(500, Input::Wrote("hello".into()))], 1000), expected);
}

#[test]
fn a_message_joins_the_question_that_is_being_answered() {
    let inputs = [
        (1050, started(1000)),
        (2250, ended(2000)),
        (2260, words("what does it cost")),
        (2400, Input::Wrote("a quartet I mean".into())),
    ];
    let out = run(&inputs, 3000);
    let expected = [(2400, Cancel), (2400, answer("what does it cost a quartet I mean")), (2400, Show(Thinking))];
    assert_eq!(out[out.len() - 3..], expected);
}

#[test]
fn an_answer_is_prepared_in_the_silence_before_the_turn_is_over() {
    let inputs = [
        (1050, started(1000)),
        (2150, guess("what does it cost")),
        (2250, ended(2000)),
        (2260, words("what does it cost")),
    ];
    let expected = [
        (1050, listen(1)),
        (2100, Flush),
        (2150, prepare("what does it cost")),
        (2250, Finish),
        (2300, answer("what does it cost")),
        (2300, Show(Thinking)),
    ];
    assert_eq!(run_all(&inputs, 4000), expected);
}

#[test]
fn what_was_recorded_before_is_not_taken_for_a_row_of_pauses() {
    let mut turns = Turns::new(Timings::from(&settings::Timings::default()));
    let mut out = turns.on(started(100), ms(5000));
    for until in (100..1000).step_by(16) {
        out.extend(turns.on(Input::SpeechGoesOn { until: ms(until) }, ms(5000)));
    }
    assert_eq!(out, [listen(1)]);
    assert_eq!(turns.on(Input::Tick, ms(5020)), [Flush]);
}

#[test]
fn the_final_words_are_prepared_for_where_the_guess_was_wrong_or_hanging() {
    for guessed in ["what does it", "what does it cost and"] {
        let inputs =
            [(1050, started(1000)), (2150, guess(guessed)), (2250, ended(2000)), (2260, words("what does it cost"))];
        let out = run_all(&inputs, 4000);
        let from = out.iter().position(|output| output.1 == Finish).unwrap();
        let expected = [
            (2250, Finish),
            (2260, prepare("what does it cost")),
            (2300, answer("what does it cost")),
            (2300, Show(Thinking)),
        ];
        assert_eq!(out[from..], expected, "{guessed}");
    }
}

#[test]
fn speech_that_goes_on_discards_what_was_prepared() {
    let mut turns = Turns::new(Timings::from(&settings::Timings::default()));
    turns.on(started(1000), ms(1050));
    turns.on(Input::SpeechGoesOn { until: ms(2000) }, ms(2000));
    assert_eq!(turns.on(Input::Tick, ms(2100)), [Flush]);
    assert_eq!(turns.on(guess("what does it cost"), ms(2140)), [prepare("what does it cost")]);
    assert_eq!(turns.on(Input::SpeechGoesOn { until: ms(2160) }, ms(2160)), [Discard]);
    assert_eq!(turns.on(guess("what does it cost"), ms(2170)), []);
    assert_eq!(turns.on(Input::Tick, ms(2260)), [Flush]);
}

#[test]
fn sound_does_not_interrupt_while_echo_cancellation_learns_but_words_do() {
    let inputs = [
        (0, Input::Greet),
        (900, Input::AnswerStarted),
        (1050, started(1000)),
        (1700, ended(1450)),
        (1710, words("stop please")),
    ];
    let out = run(&inputs, 3000);
    let expected = [
        (900, Show(Speaking)),
        (1050, listen(1)),
        (1700, Finish),
        (1710, Cancel),
        (1710, Show(Listening)),
        (1760, answer("stop please")),
        (1760, Show(Thinking)),
    ];
    assert_eq!(out, expected);
}

proptest! {
    #[test]
    fn whatever_happens_the_order_of_orders_makes_sense(steps in prop::collection::vec((0u8..10, 0u64..900), 1..80)) {
        let mut turns = Turns::new(Timings::from(&settings::Timings::default()));
        let (mut now, mut is_listening, mut is_paused, mut is_ahead, mut heard) = (0, false, false, false, 0usize);
        for (kind, wait) in steps {
            now += wait;
            let input = match kind {
                0 => started(now),
                1 => ended(now),
                2 => { heard += 1; words("one two") }
                3 => words(""),
                4 => { heard += 1; Input::Wrote("note".into()) }
                5 => Input::AnswerStarted,
                7 => Input::SpeechGoesOn { until: ms(now) },
                6 => { is_paused = false; Input::AnswerFinished }
                8 => { heard += 1; guess("one") }
                _ => Input::Tick,
            };
            for output in turns.on(input, ms(now)) {
                match output {
                    Output::Listen(_) => { prop_assert!(!is_listening); is_listening = true; }
                    Finish => { prop_assert!(is_listening); is_listening = false; }
                    Pause => { prop_assert!(!is_paused); is_paused = true; }
                    Resume => { prop_assert!(is_paused); is_paused = false; }
                    Cancel => is_paused = false,
                    Output::Answer(text) => {
                        prop_assert!(!text.is_empty() && heard > 0);
                        is_ahead = false;
                    }
                    Output::Prepare(_) => { prop_assert!(heard > 0); is_ahead = true; }
                    Discard => { prop_assert!(is_ahead); is_ahead = false; }
                    AskAgain | Show(_) | Flush => {}
                }
            }
        }
        // However it came to this, the next question is answered.
        turns.on(ended(now), ms(now));
        turns.on(Input::Tick, ms(now + 10_000));
        let (from, to) = (now + 11_000, now + 12_000);
        let mut out = turns.on(started(from), ms(from));
        let Some(asked) = out.iter().find_map(|output| if let Output::Listen(id) = output { Some(*id) } else { None }) else {
            panic!("not listened to: {out:?}");
        };
        out.extend(turns.on(Input::SpeechGoesOn { until: ms(to) }, ms(to)));
        out.extend(turns.on(ended(to), ms(to)));
        out.extend(turns.on(Input::Words { utterance: asked, text: "is it free".into() }, ms(to + 300)));
        prop_assert!(matches!(&out[..], [.., Output::Answer(text), Show(Thinking)] if text.ends_with("is it free")), "{:?}", out);
    }
}
