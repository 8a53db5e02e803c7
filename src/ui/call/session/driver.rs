//! The call session's engine: it feeds the call machine, does in the browser what the machine answers, and shows the
//! outcome in the signals.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    time::Duration,
};

use leptos::{prelude::*, task::spawn_local};

use super::{Levels, Rejoin, cells::Cells, settings, ticket};
use crate::{
    api::call::{CallRefused, CallRequest, CallTicket, request_call},
    browser::{
        clock::{self, Timer},
        event::RoomEvent,
        livekit::Room,
        media::{self, Microphone},
        meter::Meter,
        page::{self, Listener},
    },
    domain::{
        call::{AgentLabel, Attempt, CallMachine, Input, Mode, News, Output, Problem},
        transcript::{self, Line, Speaker},
    },
};

/// Owns everything that a call holds open.
pub(super) struct Driver {
    me: Weak<Self>,
    cells: Cells,
    meter: Rc<Meter>,
    held: RefCell<Held>,
}

/// What the driver holds, and the machines that say how long.
#[derive(Default)]
struct Held {
    machine: CallMachine,
    label: AgentLabel,
    ticket: Option<CallTicket>,
    microphone: Option<(Attempt, Microphone)>,
    room: Option<(Attempt, Room)>,
    /// The next thing due, and the timer that waits for it.
    alarm: Option<(Duration, Timer)>,
    listeners: Vec<Listener>,
}

impl Driver {
    pub(super) fn new(cells: Cells) -> Rc<Self> {
        Rc::new_cyclic(|me| Self { me: me.clone(), cells, meter: Rc::default(), held: RefCell::default() })
    }

    /// Brings back what the browser has kept, and watches for devices and for the page's end.
    pub(super) fn wake(&self) {
        settings::load(self.cells);
        self.cells.can_choose_speaker.set(media::can_choose_speaker());
        self.offer_rejoin();
        self.list_devices();
        let devices = self.later(Self::list_devices);
        let leaving = self.later(|driver| {
            driver.input(Input::LeavePage);
            driver.offer_rejoin();
        });
        let listeners = [media::on_devices_changed(devices), page::on_leave(leaving)];
        self.held.borrow_mut().listeners = listeners.into_iter().flatten().collect();
    }

    pub(super) fn start(&self, mode: Mode) {
        self.begin(mode, Input::Start(mode));
    }

    pub(super) fn rejoin(&self) {
        let Some((ticket, mode, _)) = ticket::kept() else { return self.cells.rejoin.set(None) };
        self.held.borrow_mut().ticket = Some(ticket);
        self.begin(mode, Input::Rejoin(mode));
    }

    pub(super) fn dismiss_rejoin(&self) {
        ticket::forget();
        self.cells.rejoin.set(None);
    }

    /// Tells the machine what happened and does what it says.
    pub(super) fn input(&self, input: Input) {
        let outputs = self.held.borrow_mut().machine.on(input, clock::now());
        for output in outputs {
            self.perform(output);
        }
        self.show();
    }

    pub(super) fn toggle_microphone(&self) {
        let lacks_microphone = self.held.borrow().machine.lacks_microphone();
        if lacks_microphone {
            self.cells.microphone_on.set(true);
            self.input(Input::WantMicrophone);
        } else {
            self.cells.microphone_on.update(|on| *on = !*on);
            self.apply_live();
        }
    }

    pub(super) fn talk(&self, held: bool) {
        self.cells.talking.set(held);
        self.apply_live();
    }

    pub(super) fn set_push_to_talk(&self, on: bool) {
        self.cells.push_to_talk.set(on);
        self.cells.talking.set(false);
        settings::keep(self.cells);
        self.apply_live();
    }

    pub(super) fn set_speaker_on(&self, on: bool) {
        self.cells.speaker_on.set(on);
        self.apply_sound();
    }

    pub(super) fn set_volume(&self, volume: f64) {
        self.cells.volume.set(volume.clamp(0.0, 1.0));
        settings::keep(self.cells);
        self.apply_sound();
    }

    pub(super) fn choose_microphone(&self, id: String) {
        self.cells.microphone_id.set(id);
        self.change_microphone();
    }

    pub(super) fn set_noise_suppression(&self, on: bool) {
        self.cells.noise_suppression.set(on);
        self.change_microphone();
    }

    pub(super) fn set_echo_cancellation(&self, on: bool) {
        self.cells.echo_cancellation.set(on);
        self.change_microphone();
    }

    pub(super) fn choose_speaker(&self, id: String) {
        if let Some((_, room)) = &self.held.borrow().room {
            room.choose_speaker(&id);
        }
        self.cells.speaker_id.set(id);
        settings::keep(self.cells);
    }

    /// Sends a message; where it cannot be sent its text stays with the visitor.
    pub(super) fn send(&self, text: String) {
        let text = text.trim().to_owned();
        if text.is_empty() {
            return;
        }
        self.cells.chat_problem.set(None);
        let room = {
            let held = self.held.borrow();
            held.machine.since().and(held.room.clone())
        };
        let Some((attempt, room)) = room else { return self.cells.chat_problem.set(Some(text)) };
        let me = self.me.clone();
        spawn_local(async move {
            let sent = room.send(&text).await;
            let Some(driver) = me.upgrade() else { return };
            match sent {
                Some(id) => driver.on_room_event(
                    attempt,
                    RoomEvent::Words(Line {
                        id,
                        speaker: Speaker::Visitor,
                        text,
                        is_final: true,
                        typed: true,
                        interrupted: false,
                    }),
                ),
                None => driver.cells.chat_problem.set(Some(text)),
            }
        });
    }

    pub(super) fn allow_playback(&self) {
        self.meter.wake();
        if let Some((_, room)) = &self.held.borrow().room {
            room.start_audio();
        }
    }

    pub(super) fn levels(&self) -> Levels {
        let (microphone, agent) = self.meter.levels();
        Levels { microphone, agent }
    }

    fn begin(&self, mode: Mode, input: Input) {
        if self.held.borrow().machine.is_active() {
            return;
        }
        let cells = self.cells;
        cells.rejoin.set(None);
        cells.mode.set(mode);
        cells.microphone_on.set(mode == Mode::Voice);
        cells.talking.set(false);
        cells.lines.set(Vec::new());
        cells.elapsed.set(Duration::ZERO);
        cells.quality.set(Default::default());
        cells.playback_blocked.set(false);
        cells.text_only.set(false);
        cells.chat_problem.set(None);
        self.input(input);
        // Last, since it takes the browser a while, but still inside the click that browsers ask for.
        self.meter.wake();
    }

    fn perform(&self, output: Output) {
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
            }
            Output::ForgetTicket => {
                self.held.borrow_mut().ticket = None;
                ticket::forget();
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
    }

    fn close_microphone(&self, attempt: Attempt) {
        let mut held = self.held.borrow_mut();
        if held.microphone.take_if(|(known, _)| *known == attempt).is_some() {
            self.meter.forget_microphone();
        }
        if let Some((known, room)) = &held.room
            && *known == attempt
        {
            room.set_live(false);
        }
    }

    fn fetch_ticket(&self, attempt: Attempt) {
        let me = self.me.clone();
        spawn_local(async move {
            let answer = request_call(CallRequest::default()).await;
            let Some(driver) = me.upgrade() else { return };
            let news = match answer {
                Ok(ticket) => driver.take_ticket(attempt, ticket),
                Err(refused) => News::TicketRefused(ticket_problem(refused)),
            };
            driver.input(Input::News(attempt, news));
        });
    }

    fn take_ticket(&self, attempt: Attempt, ticket: CallTicket) -> News {
        let until = clock::now() + ticket::time_left(&ticket);
        let mut held = self.held.borrow_mut();
        if attempt == held.machine.attempt() && held.machine.is_active() {
            ticket::keep(&ticket, self.cells.mode.get_untracked());
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

    fn on_room_event(&self, attempt: Attempt, event: RoomEvent) {
        if attempt != self.held.borrow().machine.attempt() {
            return;
        }
        let news = match event {
            RoomEvent::Reconnecting => News::Reconnecting,
            RoomEvent::Reconnected => News::Reconnected,
            RoomEvent::Disconnected(departure) => News::Disconnected(departure),
            RoomEvent::Desk(desk) => {
                self.held.borrow_mut().label.on_state(desk.agent, clock::now());
                self.cells.text_only.set(desk.text_only);
                if desk.present { News::DeskArrived } else { News::DeskLeft }
            }
            RoomEvent::Quality(quality) => return self.cells.quality.set(quality),
            RoomEvent::PlaybackBlocked(blocked) => return self.cells.playback_blocked.set(blocked),
            RoomEvent::Words(line) => return self.cells.lines.update(|lines| transcript::upsert(lines, line)),
        };
        self.input(Input::News(attempt, news));
    }

    /// Shows where the call stands, and waits for what is due next.
    fn show(&self) {
        let now = clock::now();
        let mut held = self.held.borrow_mut();
        held.label.on_time(now);
        if !held.machine.is_active() {
            held.label = AgentLabel::default();
            self.meter.sleep();
        }
        put(self.cells.state, held.machine.state());
        put(self.cells.agent, held.label.shown());
        put(self.cells.microphone_problem, held.machine.microphone_problem().cloned());
        let mut next_second = None;
        if let Some(since) = held.machine.since() {
            let elapsed = Duration::from_secs(now.saturating_sub(since).as_secs());
            put(self.cells.elapsed, elapsed);
            next_second = Some(since + elapsed + Duration::from_secs(1));
        }
        let due = [held.machine.next_timeout(), held.label.next_timeout(), next_second].into_iter().flatten().min();
        if held.alarm.as_ref().map(|(due, _)| *due) != due {
            let ring = self.later(|driver| {
                driver.held.borrow_mut().alarm = None;
                driver.input(Input::TimePassed);
            });
            held.alarm = due.map(|due| (due, Timer::after(due.saturating_sub(now), ring)));
        }
    }

    fn change_microphone(&self) {
        settings::keep(self.cells);
        self.input(Input::ChangeMicrophone);
    }

    fn wants_to_be_heard(&self) -> bool {
        let cells = self.cells;
        cells.microphone_on.get_untracked() && (!cells.push_to_talk.get_untracked() || cells.talking.get_untracked())
    }

    fn apply_live(&self) {
        let live = self.wants_to_be_heard();
        let held = self.held.borrow();
        let Some((_, microphone)) = &held.microphone else { return };
        microphone.set_live(live);
        if let Some((_, room)) = &held.room {
            room.set_live(live);
        }
    }

    fn apply_sound(&self) {
        if let Some((_, room)) = &self.held.borrow().room {
            let sound = settings::sound(self.cells);
            room.set_sound(sound.on, sound.volume);
        }
    }

    fn offer_rejoin(&self) {
        let offer = ticket::kept().map(|(_, mode, left)| Rejoin { mode, expires_in: clock::now() + left });
        put(self.cells.rejoin, offer);
    }

    fn list_devices(&self) {
        let cells = self.cells;
        spawn_local(async move {
            let devices = media::devices().await;
            put(cells.microphones, devices.microphones);
            put(cells.speakers, devices.speakers);
        });
    }

    /// A callback for the browser that does not keep the driver alive.
    fn later(&self, f: impl Fn(&Self) + 'static) -> impl Fn() + 'static {
        let me = self.me.clone();
        move || {
            if let Some(driver) = me.upgrade() {
                f(&driver);
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some((_, room)) = self.held.get_mut().room.take() {
            room.leave();
        }
    }
}

/// Sets a signal only where its value changes, so that nothing is drawn twice.
fn put<T: PartialEq + Clone + Send + Sync + 'static>(cell: RwSignal<T>, value: T) {
    if cell.try_with_untracked(|known| *known != value) == Some(true) {
        cell.set(value);
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
