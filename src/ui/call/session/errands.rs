//! What the call machine asks for, done in the browser. Every errand carries its attempt, and reports under it.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::{
    driver::Driver,
    history, settings,
    ticket::{self, Taken},
};
use crate::{
    api::call::{CallRefused, CallRequest, CallTicket, request_call},
    browser::{clock, livekit::Room, media::Microphone},
    domain::{
        call::{Attempt, Input, Mode, News, Output, Problem},
        transcript,
    },
};

impl Driver {
    pub(super) fn perform(&self, output: Output) {
        match output {
            Output::OpenMicrophone(attempt) => self.open_microphone(attempt),
            Output::CloseMicrophone(attempt) => self.close_microphone(attempt),
            Output::FetchTicket(attempt) => self.fetch_ticket(attempt),
            Output::JoinRoom(attempt) => self.join_room(attempt),
            Output::PublishMicrophone(attempt) => self.publish_microphone(attempt),
            Output::LeaveRoom(attempt) => {
                let room = self.held.borrow_mut().room.take_if(|(known, _)| *known == attempt);
                if let Some((_, room)) = room {
                    room.leave();
                }
                if self.cells.lines.with_untracked(|lines| lines.iter().any(|line| !line.is_final)) {
                    self.cells.lines.update(|lines| transcript::settle(lines));
                }
            }
            Output::ForgetTicket => {
                self.held.borrow_mut().ticket = None;
                ticket::forget();
                history::forget();
            }
        }
    }

    fn open_microphone(&self, attempt: Attempt) {
        let me = self.me.clone();
        let on_lost = self.later(move |driver| driver.input(Input::News(attempt, News::MicrophoneLost)));
        let settings = settings::microphone(self.cells);
        spawn_local(async move {
            let opened = Microphone::open(settings, on_lost).await;
            let Some(driver) = me.upgrade() else { return };
            let news = match opened {
                Ok(microphone) => {
                    driver.take_microphone(attempt, microphone);
                    News::MicrophoneOpened
                }
                Err(problem) => News::MicrophoneFailed(problem),
            };
            driver.input(Input::News(attempt, news));
            driver.tell_microphone_is_gone();
            driver.list_devices();
        });
    }

    fn take_microphone(&self, attempt: Attempt, microphone: Microphone) {
        let mut held = self.held.borrow_mut();
        if attempt != held.machine.attempt() || !held.machine.is_active() {
            // Dropped, and with that released.
            return;
        }
        microphone.set_live(self.wants_to_be_heard());
        self.meter.watch_microphone(&microphone);
        held.microphone = Some((attempt, microphone));
        self.cells.mode.set(Mode::Voice);
        ticket::keep_mode(Mode::Voice);
    }

    /// Shows the room a muted microphone where there is none, rather than one that says nothing.
    fn tell_microphone_is_gone(&self) {
        let held = self.held.borrow();
        if let Some((_, room)) = &held.room
            && held.machine.lacks_microphone()
        {
            room.set_live(false);
        }
    }

    fn close_microphone(&self, attempt: Attempt) {
        let mut held = self.held.borrow_mut();
        if held.microphone.take_if(|(known, _)| *known == attempt).is_some() {
            self.meter.forget_microphone();
            self.cells.talking.set(false);
        }
    }

    pub(super) fn fetch_early_ticket(&self) {
        let wanted = self.held.borrow_mut().early.want(clock::now());
        if let Some(number) = wanted {
            self.request_ticket(number);
        }
    }

    fn fetch_ticket(&self, attempt: Attempt) {
        let taken = self.held.borrow_mut().early.take(attempt, clock::now());
        match taken {
            // Within the click, so that the connection begins before the browser draws.
            Taken::Ready(ticket, since) => self.feed(Input::News(attempt, self.take_ticket(attempt, ticket, since))),
            Taken::Asked => {}
            Taken::Nothing(number) => self.request_ticket(number),
        }
    }

    fn request_ticket(&self, number: u32) {
        let me = self.me.clone();
        spawn_local(async move {
            let answer = request_call(CallRequest::default()).await;
            let Some(driver) = me.upgrade() else { return };
            let wanted = driver.held.borrow_mut().early.on_answer(number, &answer, clock::now());
            if let Some(attempt) = wanted {
                driver.on_ticket(attempt, answer);
            }
        });
    }

    fn on_ticket(&self, attempt: Attempt, answer: Result<CallTicket, CallRefused>) {
        let news = match answer {
            Ok(ticket) => self.take_ticket(attempt, ticket, clock::now()),
            Err(refused) => News::TicketRefused(ticket_problem(refused)),
        };
        self.input(Input::News(attempt, news));
    }

    /// Its length counts from when it came, `since`: the server's clock and the visitor's may differ.
    fn take_ticket(&self, attempt: Attempt, ticket: CallTicket, since: Duration) -> News {
        let until = ticket::length(&ticket.token).map(|length| since + length);
        let mut held = self.held.borrow_mut();
        if attempt == held.machine.attempt() && held.machine.is_active() {
            if let Some(until) = until {
                let left = until.saturating_sub(clock::now());
                let mode = self.cells.mode.get_untracked();
                let muted = mode == Mode::Voice && !self.cells.microphone_on.get_untracked();
                ticket::keep(&ticket, mode, muted, left);
            }
            held.ticket = Some(ticket);
        }
        News::TicketGranted { until }
    }

    fn join_room(&self, attempt: Attempt) {
        let Some(ticket) = self.held.borrow().ticket.clone() else { return };
        let me = self.me.clone();
        let reporter = self.me.clone();
        let report = move |event| {
            if let Some(driver) = reporter.upgrade() {
                driver.on_room_event(attempt, event);
            }
        };
        let room = Room::new(settings::sound(self.cells), self.meter.clone(), report);
        spawn_local(async move {
            let room = room.await;
            let Some(driver) = me.upgrade() else { return };
            let room = match room {
                Ok(room) => room,
                Err(problem) => return driver.input(Input::News(attempt, News::JoinFailed(problem))),
            };
            if !driver.hold_room(attempt, room.clone()) {
                return;
            }
            drop(driver);
            let joined = room.join(&ticket.livekit_host, &ticket.token).await;
            let Some(driver) = me.upgrade() else { return room.leave() };
            if joined.is_ok() && attempt == driver.held.borrow().machine.attempt() {
                ticket::keep_joined();
            }
            let news = joined.map_or_else(News::JoinFailed, |()| News::Joined);
            driver.input(Input::News(attempt, news));
        });
    }

    /// Takes a new room in, unless the visitor has given up meanwhile.
    fn hold_room(&self, attempt: Attempt, room: Room) -> bool {
        {
            let mut held = self.held.borrow_mut();
            if attempt != held.machine.attempt() || !held.machine.is_active() {
                return false;
            }
            room.set_live(self.wants_to_be_heard());
            held.room = Some((attempt, room));
        }
        self.publish_microphone(attempt);
        true
    }

    /// Brings room and microphone together, once both are there.
    fn publish_microphone(&self, attempt: Attempt) {
        let held = self.held.borrow();
        if let (Some((_, room)), Some((known, microphone))) = (&held.room, &held.microphone)
            && *known == attempt
        {
            room.set_live(self.wants_to_be_heard());
            room.publish(microphone);
        }
    }

    pub(super) fn wants_to_be_heard(&self) -> bool {
        let cells = self.cells;
        let switch = if cells.push_to_talk.get_untracked() { cells.talking } else { cells.microphone_on };
        switch.get_untracked()
    }
}

fn ticket_problem(refused: CallRefused) -> Problem {
    match refused {
        CallRefused::BadField { reason, .. } | CallRefused::Forbidden { reason } => Problem::TokenRefused(reason),
        CallRefused::RateLimited { retry_after_s } => {
            Problem::RateLimited { retry_after: Duration::from_secs(retry_after_s) }
        }
        CallRefused::Unavailable => Problem::TokenRefused("The server could not start the call.".into()),
        CallRefused::Unreachable => Problem::ServerUnreachable,
    }
}
