//! A room as the call session holds it. It owns the closures that LiveKit calls and the elements that play the other
//! side; both end with it.

use std::{
    cell::{Cell, RefCell},
    rc::{Rc, Weak},
};

use js_sys::Function;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlAudioElement, MediaStreamTrack};

use super::{bridge, ffi};
use crate::{
    browser::{device::Sound, event::RoomEvent, media::Microphone, meter::Meter},
    domain::{
        call::{Problem, Quality, wire},
        transcript::{Line, Speaker},
    },
};

/// A room, joined or about to be. Clones are the same room; it is left by [`Room::leave`].
#[derive(Clone)]
pub struct Room(Rc<Inner>);

struct Inner {
    client: ffi::Client,
    room: ffi::Room,
    meter: Rc<Meter>,
    report: Box<dyn Fn(RoomEvent)>,
    sound: RefCell<Sound>,
    players: RefCell<Vec<(ffi::RemoteTrack, HtmlAudioElement)>>,
    local: RefCell<Option<ffi::LocalAudioTrack>>,
    /// The microphone that is to be published next, while another still is.
    next_microphone: RefCell<Option<MediaStreamTrack>>,
    publishing: Cell<bool>,
    live: Cell<bool>,
    /// How good the visitor's connection is.
    quality: Cell<Quality>,
    ears: RefCell<Option<Ears>>,
}

/// The closures that LiveKit holds, and under which names.
struct Ears {
    _on_event: Closure<dyn Fn(u32, JsValue, JsValue)>,
    listeners: Vec<(&'static str, Function)>,
    _on_words: Closure<dyn Fn(ffi::TextStreamReader, ffi::Sender)>,
    _on_chat: Closure<dyn Fn(ffi::TextStreamReader, ffi::Sender)>,
}

/// livekit-client's room events that concern a call.
#[derive(Clone, Copy)]
enum Heard {
    Reconnecting,
    Reconnected,
    Disconnected,
    DeskChanged,
    TrackSubscribed,
    TrackUnsubscribed,
    QualityChanged,
    PlaybackChanged,
}

const EVENTS: [(&str, Heard); 12] = [
    ("signalReconnecting", Heard::Reconnecting),
    ("reconnecting", Heard::Reconnecting),
    ("reconnected", Heard::Reconnected),
    ("disconnected", Heard::Disconnected),
    ("connected", Heard::DeskChanged),
    ("participantConnected", Heard::DeskChanged),
    ("participantDisconnected", Heard::DeskChanged),
    ("participantAttributesChanged", Heard::DeskChanged),
    ("trackSubscribed", Heard::TrackSubscribed),
    ("trackUnsubscribed", Heard::TrackUnsubscribed),
    ("connectionQualityChanged", Heard::QualityChanged),
    ("audioPlaybackChanged", Heard::PlaybackChanged),
];

impl Room {
    /// Makes a room that is not joined yet; fetches the client where that has not been done.
    ///
    /// # Errors
    /// [`Problem::ServerUnreachable`] where the client cannot be fetched.
    pub async fn new(sound: Sound, meter: Rc<Meter>, report: impl Fn(RoomEvent) + 'static) -> Result<Self, Problem> {
        let client = bridge::client().await.map_err(|_| Problem::ServerUnreachable)?;
        let room = bridge::take_room(&client, &sound.speaker_id).map_err(|_| Problem::ServerUnreachable)?;
        let inner = Rc::new(Inner {
            client,
            room,
            meter,
            report: Box::new(report),
            sound: RefCell::new(sound),
            players: RefCell::default(),
            local: RefCell::default(),
            next_microphone: RefCell::default(),
            publishing: Cell::new(false),
            live: Cell::new(true),
            quality: Cell::default(),
            ears: RefCell::default(),
        });
        let ears = Ears::open(&inner).map_err(|_| Problem::ServerUnreachable)?;
        inner.ears.replace(Some(ears));
        Ok(Self(inner))
    }

    /// Joins.
    ///
    /// # Errors
    /// Why the room server did not let the visitor in.
    pub async fn join(&self, url: &str, token: &str) -> Result<(), Problem> {
        bridge::done(self.0.client.join(&self.0.room, url, token)).await.map_err(bridge::join_problem)?;
        Ok(())
    }

    /// Lets the room hear a microphone, in place of an earlier one. May be called while the room is being joined.
    pub fn publish(&self, microphone: &Microphone) {
        self.0.next_microphone.replace(Some(microphone.track().clone()));
        if self.0.publishing.replace(true) {
            return;
        }
        let inner = self.0.clone();
        spawn_local(async move {
            loop {
                let Some(track) = inner.next_microphone.take() else { break };
                let taken = inner.publish(&track).await;
                // A room that was left takes none, and one that another has followed is not missed.
                let missed = inner.ears.borrow().is_some() && inner.next_microphone.borrow().is_none();
                if taken.is_err() && missed {
                    (inner.report)(RoomEvent::MicrophoneUnheard);
                }
            }
            inner.publishing.set(false);
        });
    }

    /// Sends the microphone's sound, or tells the room that it is muted.
    pub fn set_live(&self, live: bool) {
        self.0.live.set(live);
        self.0.apply_live();
    }

    /// Sends a typed message and returns its id.
    pub async fn send(&self, text: &str) -> Option<String> {
        let local = self.0.room.local_participant();
        let options = bridge::chat_options().ok()?;
        let sent = bridge::done(local.send_text(text, &options)).await.ok()?;
        Some(sent.unchecked_ref::<ffi::TextStreamInfo>().id())
    }

    /// Makes the other side louder, quieter or silent.
    pub fn set_sound(&self, on: bool, volume: u8) {
        let mut sound = self.0.sound.borrow_mut();
        sound.on = on;
        sound.volume = volume;
        for (_, player) in &*self.0.players.borrow() {
            apply_sound(&sound, player);
        }
    }

    /// Plays the other side through another speaker.
    pub fn choose_speaker(&self, id: &str) {
        let id = if id.is_empty() { "default" } else { id };
        // A device that has gone leaves the sound where it was.
        bridge::let_run(self.0.room.switch_active_device("audiooutput", id));
    }

    /// Plays what the browser held back; works inside a click only.
    pub fn start_audio(&self) {
        bridge::let_run(self.0.room.start_audio());
    }

    /// Leaves, also in the middle of joining; nothing is reported from here on.
    pub fn leave(&self) {
        self.0.close();
        bridge::let_run(self.0.room.disconnect(true));
    }
}

impl Inner {
    async fn publish(&self, track: &MediaStreamTrack) -> Result<(), JsValue> {
        let known = self.local.borrow().clone();
        if let Some(local) = known {
            bridge::done(local.replace_track(track, true)).await?;
            self.apply_live();
            return Ok(());
        }
        let local = bridge::new_local_track(&self.client, track)?;
        if !self.live.get() {
            bridge::done(local.mute()).await?;
        }
        let options = bridge::publish_options()?;
        bridge::done(self.room.local_participant().publish_track(&local, &options)).await?;
        self.local.replace(Some(local));
        self.apply_live();
        self.apply_quality();
        Ok(())
    }

    /// Lets the microphone take what the connection carries.
    fn apply_quality(&self) {
        if let Some(local) = &*self.local.borrow() {
            bridge::let_run(self.client.limit_bitrate(local, self.quality.get().bitrate_bps()));
        }
    }

    fn apply_live(&self) {
        if let Some(local) = &*self.local.borrow() {
            bridge::let_run(if self.live.get() { local.unmute() } else { local.mute() });
        }
    }

    fn on_event(&self, event: Heard, first: JsValue, second: JsValue) {
        match event {
            Heard::Reconnecting => (self.report)(RoomEvent::Reconnecting),
            Heard::Reconnected => {
                // A connection that was made anew has a sender as it was published.
                self.apply_quality();
                (self.report)(RoomEvent::Reconnected);
                (self.report)(RoomEvent::Desk(bridge::desk(&self.room)));
            }
            Heard::Disconnected => (self.report)(RoomEvent::Disconnected(bridge::departure(&first))),
            Heard::DeskChanged => (self.report)(RoomEvent::Desk(bridge::desk(&self.room))),
            Heard::TrackSubscribed => self.play(first.unchecked_into()),
            Heard::TrackUnsubscribed => self.stop_playing(first.unchecked_ref()),
            Heard::QualityChanged => {
                if second.unchecked_ref::<ffi::Participant>().is_local() {
                    let quality = bridge::quality(&first);
                    self.quality.set(quality);
                    self.apply_quality();
                    (self.report)(RoomEvent::Quality(quality));
                }
            }
            Heard::PlaybackChanged => (self.report)(RoomEvent::PlaybackBlocked(!self.room.can_playback_audio())),
        }
    }

    fn play(&self, track: ffi::RemoteTrack) {
        if track.kind() != "audio" {
            return;
        }
        let Ok(player) = HtmlAudioElement::new() else { return };
        apply_sound(&self.sound.borrow(), &player);
        // What the browser will not play yet comes back as `audioPlaybackChanged`.
        let _ = track.attach(&player);
        self.meter.add_desk(&track.media_stream_track());
        self.players.borrow_mut().push((track, player));
    }

    fn stop_playing(&self, track: &ffi::RemoteTrack) {
        self.players.borrow_mut().retain(|(known, _)| {
            let stays = !js_sys::Object::is(known.as_ref(), track.as_ref());
            if !stays {
                self.silence(known);
            }
            stays
        });
    }

    fn silence(&self, track: &ffi::RemoteTrack) {
        self.meter.remove_desk(&track.media_stream_track());
        let _ = track.detach();
    }

    /// Tells who a sender is, and hands the stream's text on as it grows.
    async fn read(inner: Weak<Self>, reader: ffi::TextStreamReader, sender: ffi::Sender, typed: bool) {
        let Ok(pieces) = bridge::Pieces::of(&reader) else { return };
        let Some(speaker) = inner.upgrade().map(|inner| inner.speaker(&sender.identity())) else { return };
        let info = reader.info();
        let id = bridge::attribute(&info.attributes(), wire::SEGMENT_ID).unwrap_or_else(|| info.id());
        let mut line = Line { id, speaker, text: String::new(), is_final: false, typed, interrupted: false };
        loop {
            let piece = pieces.next().await;
            let Some(inner) = inner.upgrade() else { return };
            match piece {
                Ok(Some(piece)) => line.text.push_str(&piece),
                Ok(None) => {
                    let attributes = reader.info().attributes();
                    let said = bridge::attribute(&attributes, wire::IS_FINAL);
                    line.is_final = typed || speaker == Speaker::Agent || said.as_deref() == Some("true");
                    line.interrupted = bridge::attribute(&attributes, wire::INTERRUPTED).as_deref() == Some("true");
                    return (inner.report)(RoomEvent::Words(line));
                }
                Err(_) => {
                    line.is_final = true;
                    line.interrupted = true;
                    return (inner.report)(RoomEvent::Words(line));
                }
            }
            (inner.report)(RoomEvent::Words(line.clone()));
        }
    }

    fn speaker(&self, identity: &str) -> Speaker {
        if self.room.local_participant().identity() == identity {
            return Speaker::Visitor;
        }
        let sender = self.room.remote_participants().get(&identity.into());
        if sender.is_object() && sender.unchecked_ref::<ffi::Participant>().is_agent() {
            Speaker::Agent
        } else {
            Speaker::Staff
        }
    }

    fn close(&self) {
        if let Some(ears) = self.ears.take() {
            ears.close(&self.room);
        }
        for (track, _) in self.players.take() {
            self.silence(&track);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close();
    }
}

impl Ears {
    fn open(inner: &Rc<Inner>) -> Result<Self, JsValue> {
        let weak = Rc::downgrade(inner);
        let on_event = Closure::<dyn Fn(u32, JsValue, JsValue)>::new(move |number: u32, first, second| {
            if let (Some(inner), Some((_, event))) = (weak.upgrade(), EVENTS.get(number as usize)) {
                inner.on_event(*event, first, second);
            }
        });
        let mut listeners = Vec::with_capacity(EVENTS.len());
        for (number, (name, _)) in EVENTS.iter().enumerate() {
            let numbered: &ffi::Numbered = on_event.as_ref().unchecked_ref();
            let listener = numbered.bind(&JsValue::NULL, number as u32)?;
            inner.room.on(name, &listener)?;
            listeners.push((*name, listener));
        }
        let on_words = text_handler(inner, false);
        inner.room.register_text_stream_handler(wire::WORDS_TOPIC, on_words.as_ref().unchecked_ref())?;
        let on_chat = text_handler(inner, true);
        inner.room.register_text_stream_handler(wire::CHAT_TOPIC, on_chat.as_ref().unchecked_ref())?;
        Ok(Self { _on_event: on_event, listeners, _on_words: on_words, _on_chat: on_chat })
    }

    fn close(self, room: &ffi::Room) {
        for (name, listener) in &self.listeners {
            let _ = room.off(name, listener);
        }
        let _ = room.unregister_text_stream_handler(wire::WORDS_TOPIC);
        let _ = room.unregister_text_stream_handler(wire::CHAT_TOPIC);
    }
}

fn text_handler(inner: &Rc<Inner>, typed: bool) -> Closure<dyn Fn(ffi::TextStreamReader, ffi::Sender)> {
    let weak = Rc::downgrade(inner);
    Closure::new(move |reader, sender| spawn_local(Inner::read(weak.clone(), reader, sender, typed)))
}

fn apply_sound(sound: &Sound, player: &HtmlAudioElement) {
    player.set_muted(!sound.on);
    player.set_volume(f64::from(sound.volume) / 100.0);
}
