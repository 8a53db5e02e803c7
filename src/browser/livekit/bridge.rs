//! LiveKit's values as ours, and ours as LiveKit's.

use std::cell::{Cell, OnceCell, RefCell};

use js_sys::{Array, AsyncIterator, Function, IteratorNext, Promise, Reflect, Symbol};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::{JsFuture, spawn_local};

use super::ffi;
use crate::{
    browser::event::Desk,
    domain::call::{AgentState, Departure, Problem, Quality, wire},
};

/// Where the server keeps the client.
const CLIENT_URL: &str = "/pkg/livekit-client.js";

/// Voice with silence left out, and no redundancy: one track is all there is. The bitrate is added.
const PUBLISH_OPTIONS: &str = r#"{"source":"microphone","audioPreset":{},"dtx":true,"red":false}"#;

/// LiveKit would leave at `beforeunload`, which a click on a mail address or a download fires too; the session leaves
/// when the page is really gone.
const ROOM_OPTIONS: &str = r#"{"adaptiveStream":false,"dynacast":false,"disconnectOnPageLeave":false}"#;

/// Values of `ParticipantInfo.Kind` that neither hear nor answer: ingress and egress.
const DEAF_KINDS: [u32; 2] = [1, 2];

thread_local! {
    static LOADING: RefCell<Option<Promise>> = const { RefCell::new(None) };
    static LOADED: OnceCell<ffi::Client> = const { OnceCell::new() };
    static IS_WARM: Cell<bool> = const { Cell::new(false) };
    /// A room made ahead, and the speaker that it was made for.
    static SPARE: RefCell<Option<(ffi::Room, String)>> = const { RefCell::new(None) };
}

/// Fetches the client ahead of a call.
pub fn prefetch() {
    spawn_local(async {
        // A failure shows again, and is told, when the call begins.
        let _ = client().await;
    });
}

/// Has the browser make ready what the first connection of a page would wait for, once, and keeps a room at hand.
pub fn warm(speaker_id: String) {
    spawn_local(async {
        let Ok(client) = client().await else { return };
        if !IS_WARM.replace(true) {
            let_run(client.warm());
        }
        SPARE.with_borrow_mut(|spare| {
            if spare.as_ref().is_none_or(|(_, made_for)| *made_for != speaker_id) {
                // A failure shows again when the call begins.
                *spare = new_room(&client, &speaker_id).ok().map(|room| (room, speaker_id));
            }
        });
    });
}

/// The room that was made ahead, or a new one.
pub(super) fn take_room(client: &ffi::Client, speaker_id: &str) -> Result<ffi::Room, JsValue> {
    match SPARE.take() {
        Some((room, made_for)) if made_for == speaker_id => Ok(room),
        _ => new_room(client, speaker_id),
    }
}

pub(super) async fn client() -> Result<ffi::Client, JsValue> {
    // Without a turn of the event loop where it is there, so that a call begins within its click.
    if let Some(client) = LOADED.with(|loaded| loaded.get().cloned()) {
        return Ok(client);
    }
    let loading = LOADING.with_borrow_mut(|client| match client {
        Some(loading) => Ok(loading.clone()),
        None => ffi::load(CLIENT_URL).map(|loading| client.insert(loading).clone()),
    })?;
    match JsFuture::from(loading).await {
        Ok(client) => Ok(LOADED.with(|loaded| loaded.get_or_init(|| client.unchecked_into()).clone())),
        Err(error) => {
            LOADING.take();
            Err(error)
        }
    }
}

fn new_room(client: &ffi::Client, speaker_id: &str) -> Result<ffi::Room, JsValue> {
    client.set_log_level("warn")?;
    let options = js_sys::JSON::parse(ROOM_OPTIONS)?;
    if !speaker_id.is_empty() {
        let output = js_sys::Object::new();
        Reflect::set(&output, &"deviceId".into(), &speaker_id.into())?;
        Reflect::set(&options, &"audioOutput".into(), &output)?;
    }
    Ok(Reflect::construct(&client.room_class(), &Array::of1(&options))?.unchecked_into())
}

/// Wraps a microphone that we opened, and close, ourselves.
pub(super) fn new_local_track(
    client: &ffi::Client,
    track: &web_sys::MediaStreamTrack,
) -> Result<ffi::LocalAudioTrack, JsValue> {
    let arguments = Array::of3(track, &JsValue::UNDEFINED, &JsValue::TRUE);
    Ok(Reflect::construct(&client.local_audio_track_class(), &arguments)?.unchecked_into())
}

/// How a microphone is published. Its bitrate is the highest it will ever have: the negotiation makes it a ceiling.
pub(super) fn publish_options() -> Result<JsValue, JsValue> {
    let options = js_sys::JSON::parse(PUBLISH_OPTIONS)?;
    let preset = Reflect::get(&options, &"audioPreset".into())?;
    Reflect::set(&preset, &"maxBitrate".into(), &Quality::Excellent.bitrate_bps().into())?;
    Ok(options)
}

pub(super) fn chat_options() -> Result<JsValue, JsValue> {
    let options = js_sys::Object::new();
    Reflect::set(&options, &"topic".into(), &wire::CHAT_TOPIC.into())?;
    Ok(options.into())
}

/// Waits for a promise whose making may fail.
pub(super) async fn done(promise: Result<Promise, JsValue>) -> Result<JsValue, JsValue> {
    JsFuture::from(promise?).await
}

/// Lets a promise run whose outcome changes nothing.
pub(super) fn let_run(promise: Result<Promise, JsValue>) {
    spawn_local(async move {
        let _ = done(promise).await;
    });
}

/// Who is there to answer.
pub(super) fn desk(room: &ffi::Room) -> Desk {
    let mut desk = Desk::default();
    for participant in Array::from(&room.remote_participants().values()).iter() {
        let participant: ffi::Participant = participant.unchecked_into();
        if participant.is_agent() {
            let attributes = participant.attributes();
            let state = attribute(&attributes, wire::AGENT_STATE)
                .as_deref()
                .map_or(AgentState::Initializing, AgentState::parse);
            desk.agent = Some(state);
            desk.text_only = attribute(&attributes, wire::SPEECH).as_deref() == Some("text");
            desk.present |= state != AgentState::Initializing;
        } else if participant.kind().is_none_or(|kind| !DEAF_KINDS.contains(&kind)) {
            desk.present = true;
        }
    }
    desk
}

/// livekit-client's `ConnectionQuality`.
pub(super) fn quality(word: &JsValue) -> Quality {
    Quality::parse(&word.as_string().unwrap_or_default())
}

/// LiveKit's `DisconnectReason`.
pub(super) fn departure(reason: &JsValue) -> Departure {
    match reason.as_f64().unwrap_or_default() as u32 {
        1 => Departure::Client,
        2 => Departure::OtherPage,
        // Participant removed, room deleted, room closed.
        4 | 5 | 10 => Departure::Desk,
        _ => Departure::Lost,
    }
}

/// livekit-client's `ConnectionErrorReason`: 0 is a token that the room server does not take.
pub(super) fn join_problem(error: JsValue) -> Problem {
    if error.is_object() && error.unchecked_ref::<ffi::ConnectionError>().reason() == Some(0) {
        return Problem::TokenRefused("The room did not accept this call.".into());
    }
    Problem::ServerUnreachable
}

/// A value of an attribute map.
pub(super) fn attribute(attributes: &JsValue, name: &str) -> Option<String> {
    if !attributes.is_object() {
        return None;
    }
    Reflect::get(attributes, &name.into()).ok()?.as_string()
}

/// The pieces of a text stream, one at a time.
pub(super) struct Pieces(AsyncIterator);

impl Pieces {
    pub(super) fn of(reader: &ffi::TextStreamReader) -> Result<Self, JsValue> {
        let make: Function = Reflect::get(reader, &Symbol::async_iterator())?.dyn_into()?;
        Ok(Self(make.call0(reader)?.unchecked_into()))
    }

    /// The next piece, or none at the stream's end.
    pub(super) async fn next(&self) -> Result<Option<String>, JsValue> {
        let next: IteratorNext = JsFuture::from(self.0.next()?).await?.unchecked_into();
        Ok((!next.done()).then(|| next.value().as_string().unwrap_or_default()))
    }
}
