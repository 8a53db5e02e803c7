use proptest::prelude::*;

use super::*;

const fn s(s: u64) -> Duration {
    Duration::from_secs(s)
}

const TICKET_END: Duration = s(3_600);

fn granted() -> News {
    News::TicketGranted { until: Some(TICKET_END) }
}

/// A machine with the number of its running attempt.
struct Call {
    machine: CallMachine,
    attempt: Attempt,
}

impl Call {
    fn start(mode: Mode) -> Self {
        let mut machine = CallMachine::default();
        machine.on(Input::Start(mode), s(0));
        let attempt = machine.attempt();
        Self { machine, attempt }
    }

    /// In the room since second 1, with the assistant.
    fn connected(mode: Mode) -> Self {
        let mut call = Self::start(mode);
        if mode == Mode::Voice {
            call.news(News::MicrophoneOpened, s(0));
        }
        call.news(granted(), s(0));
        call.news(News::Joined, s(1));
        call.news(News::DeskArrived, s(1));
        assert_eq!(call.state(), CallState::Connected { since: s(1) });
        call
    }

    fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        self.machine.on(input, now)
    }

    fn news(&mut self, news: News, now: Duration) -> Vec<Output> {
        self.machine.on(Input::News(self.attempt, news), now)
    }

    fn state(&self) -> CallState {
        self.machine.state()
    }
}

#[test]
fn microphone_and_ticket_are_asked_for_side_by_side() {
    let mut machine = CallMachine::default();
    let outputs = machine.on(Input::Start(Mode::Voice), s(0));
    let attempt = machine.attempt();
    assert_eq!(outputs, [Output::OpenMicrophone(attempt), Output::FetchTicket(attempt)]);
    assert_eq!(machine.state(), CallState::RequestingMicrophone);
}

#[test]
fn the_room_is_joined_before_the_microphone_answers() {
    let mut call = Call::start(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.news(granted(), s(1)), [Output::JoinRoom(a)]);
    assert_eq!(call.news(News::Joined, s(2)), []);
    assert_eq!(call.state(), CallState::RequestingMicrophone);
    assert_eq!(call.news(News::MicrophoneOpened, s(3)), [Output::PublishMicrophone(a)]);
    assert_eq!(call.state(), CallState::WaitingForAgent { since: s(2) });
    assert_eq!(call.news(News::DeskArrived, s(4)), []);
    assert_eq!(call.state(), CallState::Connected { since: s(2) });
}

#[test]
fn a_quick_microphone_waits_for_the_ticket() {
    let mut call = Call::start(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.news(News::MicrophoneOpened, s(0)), []);
    assert_eq!(call.state(), CallState::Connecting);
    assert_eq!(call.news(granted(), s(0)), [Output::JoinRoom(a), Output::PublishMicrophone(a)]);
}

#[test]
fn text_and_listening_never_ask_for_the_microphone() {
    for mode in [Mode::Text, Mode::Listen] {
        let mut machine = CallMachine::default();
        assert_eq!(machine.on(Input::Start(mode), s(0)), [Output::FetchTicket(machine.attempt())]);
        assert_eq!(machine.state(), CallState::Connecting);
    }
}

#[test]
fn a_refused_microphone_ends_the_call_that_was_to_be_spoken() {
    let mut call = Call::start(Mode::Voice);
    let a = call.attempt;
    call.news(granted(), s(0));
    let outputs = call.news(News::MicrophoneFailed(Problem::MicrophoneDenied), s(1));
    assert_eq!(outputs, [Output::LeaveRoom(a), Output::CloseMicrophone(a), Output::ForgetTicket]);
    assert_eq!(call.state(), CallState::Failed(Problem::MicrophoneDenied));
}

#[test]
fn a_refused_ticket_releases_the_microphone() {
    let mut call = Call::start(Mode::Voice);
    let a = call.attempt;
    call.news(News::MicrophoneOpened, s(0));
    let problem = Problem::RateLimited { retry_after: s(9) };
    assert_eq!(
        call.news(News::TicketRefused(problem.clone()), s(1)),
        [Output::CloseMicrophone(a), Output::ForgetTicket]
    );
    assert_eq!(call.state(), CallState::Failed(problem));
}

#[test]
fn an_assistant_that_never_comes_is_noticed_after_20_s() {
    let mut call = Call::start(Mode::Text);
    let a = call.attempt;
    call.news(granted(), s(0));
    call.news(News::Joined, s(1));
    assert_eq!(call.machine.next_timeout(), Some(s(21)));
    assert_eq!(call.on(Input::TimePassed, s(20)), []);
    assert_eq!(
        call.on(Input::TimePassed, s(21)),
        [Output::LeaveRoom(a), Output::CloseMicrophone(a), Output::ForgetTicket]
    );
    assert_eq!(call.state(), CallState::Failed(Problem::AgentNeverJoined));
    assert_eq!(call.machine.next_timeout(), None);
}

#[test]
fn an_assistant_that_leaves_may_come_back_and_else_has_ended_the_call() {
    let mut call = Call::connected(Mode::Text);
    call.news(News::DeskLeft, s(10));
    assert_eq!(call.state(), CallState::WaitingForAgent { since: s(1) });
    call.news(News::DeskArrived, s(12));
    assert_eq!(call.machine.next_timeout(), None);
    call.news(News::DeskLeft, s(20));
    call.on(Input::TimePassed, s(40));
    assert_eq!(call.state(), CallState::Ended { by: EndedBy::Desk, length: s(39) });
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let mut call = Call::start(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.machine.next_timeout(), Some(JOIN_TIMEOUT));
    call.news(granted(), s(29));
    assert_eq!(
        call.on(Input::TimePassed, JOIN_TIMEOUT),
        [Output::LeaveRoom(a), Output::CloseMicrophone(a), Output::ForgetTicket]
    );
    assert_eq!(call.state(), CallState::Failed(Problem::ServerUnreachable));
}

#[test]
fn hanging_up_counts_the_call_and_releases_everything() {
    let mut call = Call::connected(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.on(Input::HangUp, s(66)), [Output::LeaveRoom(a), Output::CloseMicrophone(a), Output::ForgetTicket]);
    assert_eq!(call.state(), CallState::Ended { by: EndedBy::Visitor, length: s(65) });
    assert_eq!(call.on(Input::HangUp, s(67)), []);
    assert_eq!(call.on(Input::Reset, s(68)), []);
    assert_eq!(call.state(), CallState::Idle);
}

#[test]
fn giving_up_before_the_room_is_joined_leaves_nothing_to_see() {
    let mut call = Call::start(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.on(Input::HangUp, s(1)), [Output::CloseMicrophone(a), Output::ForgetTicket]);
    assert_eq!(call.state(), CallState::Idle);
}

#[test]
fn what_comes_late_is_given_back() {
    let mut call = Call::start(Mode::Voice);
    let old = call.attempt;
    call.on(Input::HangUp, s(1));
    assert_eq!(call.news(News::MicrophoneOpened, s(2)), [Output::CloseMicrophone(old)]);
    call.on(Input::Start(Mode::Voice), s(3));
    assert_ne!(call.machine.attempt(), old);
    assert_eq!(call.news(News::MicrophoneOpened, s(4)), [Output::CloseMicrophone(old)]);
    assert_eq!(call.news(granted(), s(4)), []);
    assert_eq!(call.news(News::Joined, s(4)), [Output::LeaveRoom(old)]);
    assert_eq!(call.news(News::Disconnected(Departure::Desk), s(4)), []);
    assert_eq!(call.state(), CallState::RequestingMicrophone);
}

#[test]
fn a_lost_connection_is_shown_and_mended() {
    let mut call = Call::connected(Mode::Voice);
    call.news(News::Reconnecting, s(5));
    assert_eq!(call.state(), CallState::Reconnecting { since: s(1) });
    call.news(News::DeskLeft, s(5));
    assert_eq!(call.machine.next_timeout(), None);
    call.news(News::Reconnected, s(40));
    assert_eq!(call.state(), CallState::WaitingForAgent { since: s(1) });
    assert_eq!(call.machine.next_timeout(), Some(s(60)));
    call.news(News::DeskArrived, s(41));
    assert_eq!(call.state(), CallState::Connected { since: s(1) });
}

#[test]
fn every_departure_has_its_own_ending() {
    let ended = |by| CallState::Ended { by, length: s(9) };
    for (departure, state) in [
        (Departure::Desk, ended(EndedBy::Desk)),
        (Departure::OtherPage, ended(EndedBy::OtherPage)),
        (Departure::Client, ended(EndedBy::Visitor)),
        (Departure::Lost, CallState::Failed(Problem::ConnectionLost)),
    ] {
        let mut call = Call::connected(Mode::Voice);
        let a = call.attempt;
        let outputs = call.news(News::Disconnected(departure), s(10));
        assert_eq!(outputs[..2], [Output::LeaveRoom(a), Output::CloseMicrophone(a)]);
        assert_eq!(outputs.contains(&Output::ForgetTicket), departure != Departure::Client);
        assert_eq!(call.state(), state);
    }
}

#[test]
fn a_room_closed_at_its_tickets_end_reached_its_longest_length() {
    let mut call = Call::connected(Mode::Text);
    call.news(News::Disconnected(Departure::Desk), s(3_598));
    assert_eq!(call.state(), CallState::Ended { by: EndedBy::TimeLimit, length: s(3_597) });
}

#[test]
fn a_call_that_was_come_back_to_reaches_its_longest_length_too() {
    for (closed, by) in [(s(89), EndedBy::Desk), (s(98), EndedBy::TimeLimit)] {
        let mut call = Call { machine: CallMachine::default(), attempt: Attempt::default() };
        call.on(Input::Rejoin { mode: Mode::Text, until: s(100), age: s(40) }, s(0));
        call.attempt = call.machine.attempt();
        call.news(News::Joined, s(1));
        assert_eq!(call.machine.length(closed), Some(s(40) + closed - s(1)), "the clock goes on where it was");
        call.news(News::Disconnected(Departure::Desk), closed);
        assert_eq!(call.state(), CallState::Ended { by, length: s(40) + closed - s(1) });
    }
}

#[test]
fn a_ticket_without_an_end_limits_no_call() {
    let mut call = Call::start(Mode::Text);
    call.news(News::TicketGranted { until: None }, s(0));
    call.news(News::Joined, s(1));
    call.news(News::Disconnected(Departure::Desk), s(2));
    assert_eq!(call.state(), CallState::Ended { by: EndedBy::Desk, length: s(1) });
}

#[test]
fn a_page_that_goes_away_keeps_the_ticket() {
    let mut call = Call::connected(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.on(Input::LeavePage, s(5)), [Output::LeaveRoom(a), Output::CloseMicrophone(a)]);
    assert_eq!(call.state(), CallState::Idle);
}

#[test]
fn coming_back_joins_without_a_new_ticket() {
    let mut machine = CallMachine::default();
    let outputs = machine.on(Input::Rejoin { mode: Mode::Voice, until: TICKET_END, age: s(5) }, s(0));
    let attempt = machine.attempt();
    assert_eq!(outputs, [Output::OpenMicrophone(attempt), Output::JoinRoom(attempt)]);
}

#[test]
fn a_microphone_can_join_a_call_that_has_none() {
    let mut call = Call::connected(Mode::Text);
    let a = call.attempt;
    assert!(call.machine.lacks_microphone());
    assert_eq!(call.on(Input::WantMicrophone, s(2)), [Output::OpenMicrophone(a)]);
    assert_eq!(call.on(Input::WantMicrophone, s(2)), []);
    assert_eq!(call.state(), CallState::Connected { since: s(1) });
    assert_eq!(call.news(News::MicrophoneFailed(Problem::MicrophoneBusy), s(3)), [Output::CloseMicrophone(a)]);
    assert_eq!(call.machine.microphone_problem(), Some(&Problem::MicrophoneBusy));
    assert_eq!(call.state(), CallState::Connected { since: s(1) });
    call.on(Input::WantMicrophone, s(4));
    assert_eq!(call.machine.microphone_problem(), None);
    assert_eq!(call.news(News::MicrophoneOpened, s(5)), [Output::PublishMicrophone(a)]);
}

#[test]
fn an_unplugged_microphone_is_replaced_or_missed() {
    let mut call = Call::connected(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.news(News::MicrophoneLost, s(5)), [Output::CloseMicrophone(a), Output::OpenMicrophone(a)]);
    assert_eq!(call.news(News::MicrophoneFailed(Problem::MicrophoneMissing), s(6)), [Output::CloseMicrophone(a)]);
    assert_eq!(call.machine.microphone_problem(), Some(&Problem::MicrophoneMissing));
    assert!(call.machine.lacks_microphone());
    assert_eq!(call.state(), CallState::Connected { since: s(1) });
}

#[test]
fn a_microphone_that_the_room_does_not_take_is_closed_and_can_be_asked_for_again() {
    let mut call = Call::connected(Mode::Voice);
    let a = call.attempt;
    assert_eq!(call.news(News::MicrophoneUnheard, s(2)), [Output::CloseMicrophone(a)]);
    assert_eq!(call.machine.microphone_problem(), Some(&Problem::MicrophoneUnheard));
    assert_eq!(call.state(), CallState::Connected { since: s(1) });
    assert_eq!(call.on(Input::WantMicrophone, s(3)), [Output::OpenMicrophone(a)]);
    // The refusal of the microphone before.
    assert_eq!(call.news(News::MicrophoneUnheard, s(3)), []);
    assert_eq!(call.news(News::MicrophoneOpened, s(4)), [Output::PublishMicrophone(a)]);
    assert_eq!(call.machine.microphone_problem(), None);
}

#[test]
fn another_microphone_takes_the_place_of_the_first() {
    let mut call = Call::connected(Mode::Voice);
    let a = call.attempt;
    let reopen = [Output::CloseMicrophone(a), Output::OpenMicrophone(a)];
    assert_eq!(call.on(Input::ChangeMicrophone, s(2)), reopen);
    assert_eq!(call.on(Input::ChangeMicrophone, s(2)), []);
    // The choice changed while the browser was opening: once more.
    assert_eq!(call.news(News::MicrophoneOpened, s(3)), reopen);
    assert_eq!(call.news(News::MicrophoneOpened, s(4)), [Output::PublishMicrophone(a)]);
}

#[test]
fn a_microphone_that_does_not_open_leaves_the_call_and_the_choice() {
    let mut call = Call::connected(Mode::Voice);
    let a = call.attempt;
    call.on(Input::ChangeMicrophone, s(2));
    assert_eq!(call.news(News::MicrophoneFailed(Problem::MicrophoneBusy), s(3)), [Output::CloseMicrophone(a)]);
    assert_eq!(call.machine.microphone_problem(), Some(&Problem::MicrophoneBusy));
    assert_eq!(call.state(), CallState::Connected { since: s(1) });
    assert_eq!(call.on(Input::ChangeMicrophone, s(4)), [Output::OpenMicrophone(a)]);
    assert_eq!(call.machine.microphone_problem(), None);
}

/// What a shell holds when it does as it is told.
#[derive(Default)]
struct Shell {
    opening: Vec<Attempt>,
    open: Vec<Attempt>,
    joining: Option<Attempt>,
    joined: Option<Attempt>,
    fetching: Vec<Attempt>,
}

impl Shell {
    fn perform(&mut self, outputs: Vec<Output>) {
        for output in outputs {
            match output {
                Output::OpenMicrophone(a) => {
                    assert!(!self.opening.contains(&a) && !self.open.contains(&a), "one microphone at a time");
                    self.opening.push(a);
                }
                Output::CloseMicrophone(a) => self.open.retain(|known| *known != a),
                Output::FetchTicket(a) => self.fetching.push(a),
                Output::JoinRoom(a) => {
                    assert_eq!((self.joining, self.joined), (None, None), "at most one room");
                    self.joining = Some(a);
                }
                Output::PublishMicrophone(a) => {
                    assert!(self.open.contains(&a), "only what is open is published");
                    assert!(self.joining == Some(a) || self.joined == Some(a), "only into its own room");
                }
                Output::LeaveRoom(a) => {
                    self.joining.take_if(|known| *known == a);
                    self.joined.take_if(|known| *known == a);
                }
                Output::ForgetTicket => {}
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Visitor(Input),
    /// The oldest opening answers.
    MicrophoneAnswers(Option<Problem>),
    TicketAnswers(Option<Problem>),
    JoinAnswers(Option<Problem>),
    /// What a joined room reports.
    Room(News),
    MicrophoneEnds,
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let mode = prop_oneof![Just(Mode::Voice), Just(Mode::Text), Just(Mode::Listen)];
    let problem = |problem: Problem| prop_oneof![3 => Just(None), 1 => Just(Some(problem))];
    let departure =
        prop_oneof![Just(Departure::Client), Just(Departure::Desk), Just(Departure::OtherPage), Just(Departure::Lost)];
    prop_oneof![
        3 => mode.clone().prop_map(|mode| Step::Visitor(Input::Start(mode))),
        1 => mode.prop_map(|mode| Step::Visitor(Input::Rejoin { mode, until: TICKET_END, age: s(5) })),
        1 => Just(Step::Visitor(Input::HangUp)),
        1 => Just(Step::Visitor(Input::Reset)),
        1 => Just(Step::Visitor(Input::LeavePage)),
        2 => Just(Step::Visitor(Input::WantMicrophone)),
        2 => Just(Step::Visitor(Input::ChangeMicrophone)),
        4 => problem(Problem::MicrophoneDenied).prop_map(Step::MicrophoneAnswers),
        4 => problem(Problem::ServerUnreachable).prop_map(Step::TicketAnswers),
        4 => problem(Problem::ServerUnreachable).prop_map(Step::JoinAnswers),
        2 => Just(Step::Room(News::DeskArrived)),
        1 => Just(Step::Room(News::DeskLeft)),
        1 => Just(Step::Room(News::Reconnecting)),
        1 => Just(Step::Room(News::Reconnected)),
        1 => Just(Step::Room(News::MicrophoneUnheard)),
        1 => departure.prop_map(|departure| Step::Room(News::Disconnected(departure))),
        1 => Just(Step::MicrophoneEnds),
        2 => (0_u64..25).prop_map(Step::Wait),
    ]
}

fn oldest(queue: &mut Vec<Attempt>) -> Option<Attempt> {
    (!queue.is_empty()).then(|| queue.remove(0))
}

proptest! {
    /// Whatever happens in whatever order: one room at most, and once no call runs and every question has been
    /// answered, no microphone is open and no room is held.
    #[test]
    fn nothing_stays_open(steps in prop::collection::vec(step(), 0..120)) {
        let mut machine = CallMachine::default();
        let mut shell = Shell::default();
        let mut now = s(0);
        let endings = [
            Step::Visitor(Input::HangUp),
            Step::MicrophoneAnswers(None),
            Step::MicrophoneAnswers(None),
            Step::TicketAnswers(None),
        ];
        let drain = std::iter::repeat_n(endings, 130).flatten();
        for step in steps.into_iter().chain(drain) {
            let input = match step {
                Step::Visitor(input) => Some(input),
                Step::MicrophoneAnswers(problem) => oldest(&mut shell.opening).map(|a| match problem {
                    Some(problem) => Input::News(a, News::MicrophoneFailed(problem)),
                    None => {
                        shell.open.push(a);
                        Input::News(a, News::MicrophoneOpened)
                    }
                }),
                Step::TicketAnswers(problem) => oldest(&mut shell.fetching).map(|a| match problem {
                    Some(problem) => Input::News(a, News::TicketRefused(problem)),
                    None => Input::News(a, granted()),
                }),
                Step::JoinAnswers(problem) => shell.joining.take().map(|a| match problem {
                    Some(problem) => Input::News(a, News::JoinFailed(problem)),
                    None => {
                        shell.joined = Some(a);
                        Input::News(a, News::Joined)
                    }
                }),
                Step::Room(news) => shell.joined.map(|a| Input::News(a, news)),
                Step::MicrophoneEnds => shell.open.last().map(|a| Input::News(*a, News::MicrophoneLost)),
                Step::Wait(seconds) => {
                    now += s(seconds);
                    Some(Input::TimePassed)
                }
            };
            if let Some(input) = input {
                shell.perform(machine.on(input, now));
            }
            if !machine.is_active() {
                prop_assert!(shell.open.is_empty(), "no call, no microphone");
                prop_assert_eq!((shell.joining, shell.joined), (None, None), "no call, no room");
            }
            if matches!(machine.state(), CallState::WaitingForAgent { .. } | CallState::Connecting) {
                prop_assert!(machine.next_timeout().is_some(), "waiting always ends");
            }
        }
        prop_assert!(!machine.is_active());
        prop_assert!(shell.open.is_empty() && shell.opening.is_empty());
    }
}
