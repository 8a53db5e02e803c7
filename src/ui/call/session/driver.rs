//! The call session's engine: it holds what a call holds open, feeds the call machine, and shows the outcome in the
//! signals. What the machine asks for is done in `errands`, what the visitor asks for in `controls`.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    time::Duration,
};

use leptos::{prelude::*, task::spawn_local};

use super::{
    Rejoin,
    cells::Cells,
    history, settings,
    ticket::{self, EarlyTicket, Kept},
};
use crate::{
    api::call::CallTicket,
    browser::{
        clock::{self, Timer},
        event::RoomEvent,
        livekit::{self, Room},
        media::{self, Microphone},
        meter::Meter,
        page::{self, Listener},
        screen,
    },
    domain::{
        call::{AgentLabel, Attempt, CallMachine, Input, Mode, News, Quality},
        transcript,
    },
};

/// Owns everything that a call holds open.
pub(super) struct Driver {
    pub(super) me: Weak<Self>,
    pub(super) cells: Cells,
    pub(super) meter: Rc<Meter>,
    pub(super) held: RefCell<Held>,
}

/// What the driver holds, and the machines that say how long.
#[derive(Default)]
pub(super) struct Held {
    pub(super) machine: CallMachine,
    label: AgentLabel,
    pub(super) ticket: Option<CallTicket>,
    pub(super) early: EarlyTicket,
    pub(super) microphone: Option<(Attempt, Microphone)>,
    pub(super) room: Option<(Attempt, Room)>,
    /// The next thing due, and the timer that waits for it.
    alarm: Option<(Duration, Timer)>,
    listeners: Vec<Listener>,
}

impl Driver {
    pub(super) fn new(cells: Cells) -> Rc<Self> {
        Rc::new_cyclic(|me| Self { me: me.clone(), cells, meter: Rc::default(), held: RefCell::default() })
    }

    /// Fetches what a call needs, brings back what the browser has kept, and watches for devices and the page's end.
    pub(super) fn wake(&self) {
        livekit::prefetch();
        settings::load(self.cells);
        self.cells.can_choose_speaker.set(media::can_choose_speaker());
        self.offer_rejoin();
        self.list_devices();
        let devices = self.later(Self::list_devices);
        let leaving = self.later(|driver| {
            if driver.held.borrow().machine.is_active() {
                driver.cells.lines.with_untracked(|lines| history::keep(lines));
            }
            driver.input(Input::LeavePage);
            driver.offer_rejoin();
        });
        let let_go = self.later(|driver| driver.talk(false));
        let listeners = [media::on_devices_changed(devices), page::on_leave(leaving)].into_iter().flatten();
        let let_go = page::on_let_go(let_go).into_iter().flatten();
        self.held.borrow_mut().listeners = listeners.chain(let_go).collect();
    }

    /// Warms the browser up and, where `early`, fetches the next call's ticket, so that the call begins with the click.
    pub(super) fn prepare(&self, early: bool) {
        if !self.held.borrow().machine.is_active() && self.cells.rejoin.with_untracked(Option::is_none) {
            livekit::warm(self.cells.speaker_id.get_untracked());
            if early {
                self.fetch_early_ticket();
            }
        }
    }

    pub(super) fn start(&self, mode: Mode) {
        self.begin(mode, Input::Start(mode));
    }

    pub(super) fn rejoin(&self) {
        if self.held.borrow().machine.is_active() {
            return;
        }
        let Some(Kept { ticket, mode, muted, left, age }) = ticket::kept() else {
            return self.cells.rejoin.set(None);
        };
        self.held.borrow_mut().ticket = Some(ticket);
        self.begin(mode, Input::Rejoin { mode, until: clock::now() + left, age });
        // Before the microphone opens, which takes the browser's answer.
        self.cells.microphone_on.update(|on| *on &= !muted);
        self.cells.lines.set(history::kept());
    }

    pub(super) fn dismiss_rejoin(&self) {
        ticket::forget();
        history::forget();
        self.cells.rejoin.set(None);
    }

    /// Tells the machine what happened and does what it says.
    pub(super) fn input(&self, input: Input) {
        self.feed(input);
        self.show();
    }

    /// The same, to be shown later.
    pub(super) fn feed(&self, input: Input) {
        let outputs = self.held.borrow_mut().machine.on(input, clock::now());
        for output in outputs {
            self.perform(output);
        }
    }

    fn begin(&self, mode: Mode, input: Input) {
        if self.held.borrow().machine.is_active() {
            return;
        }
        self.ready_for(mode);
        self.feed(input);
        // Last, since it takes the browser a while, but still inside the click that browsers ask for.
        self.meter.wake();
        // With the next frame, before which nobody could see it: drawing would hold up the joining.
        screen::after_render(self.later(Self::show));
    }

    /// Shows nothing of the call before.
    pub(super) fn ready_for(&self, mode: Mode) {
        let cells = self.cells;
        cells.rejoin.set(None);
        cells.mode.set(mode);
        cells.microphone_on.set(mode == Mode::Voice);
        cells.talking.set(false);
        // What was said in a call that has failed is not over with it: this one goes on from there.
        if self.held.borrow().machine.state().problem().is_none() {
            cells.lines.set(Vec::new());
        }
        cells.elapsed.set(Duration::ZERO);
        cells.quality.set(Quality::Unknown);
        cells.playback_blocked.set(false);
        cells.text_only.set(false);
        cells.chat_problem.set(None);
    }

    pub(super) fn on_room_event(&self, attempt: Attempt, event: RoomEvent) {
        if attempt != self.held.borrow().machine.attempt() {
            return;
        }
        let news = match event {
            RoomEvent::Reconnecting => News::Reconnecting,
            RoomEvent::Reconnected => News::Reconnected,
            RoomEvent::MicrophoneUnheard => News::MicrophoneUnheard,
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
    pub(super) fn show(&self) {
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
        if let Some(length) = held.machine.length(now) {
            let elapsed = Duration::from_secs(length.as_secs());
            put(self.cells.elapsed, elapsed);
            next_second = Some(now + elapsed + Duration::from_secs(1) - length);
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

    fn offer_rejoin(&self) {
        let offer = ticket::kept().map(|kept| Rejoin { mode: kept.mode, expires_in: clock::now() + kept.left });
        put(self.cells.rejoin, offer);
    }

    pub(super) fn list_devices(&self) {
        let cells = self.cells;
        spawn_local(async move {
            let devices = media::devices().await;
            put(cells.microphones, devices.microphones);
            put(cells.speakers, devices.speakers);
        });
    }

    /// A callback for the browser that does not keep the driver alive.
    pub(super) fn later(&self, f: impl Fn(&Self) + Clone + 'static) -> impl Fn() + Clone + 'static {
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
