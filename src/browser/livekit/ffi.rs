//! The classes and methods of livekit-client 2.23 that we use, as JavaScript names them.
//!
//! Whatever runs code of the client's is `catch`; getters of plain fields are not.

use js_sys::{Array, Function, Map, Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{HtmlMediaElement, MediaStreamTrack};

#[wasm_bindgen(inline_js = "export const load = (url) => import(url);")]
extern "C" {
    #[wasm_bindgen(catch)]
    pub fn load(url: &str) -> Result<Promise, JsValue>;
}

#[wasm_bindgen]
extern "C" {
    /// The module itself.
    #[derive(Clone)]
    pub type Client;
    #[wasm_bindgen(method, getter, js_name = Room)]
    pub fn room_class(this: &Client) -> Function;
    #[wasm_bindgen(method, getter, js_name = LocalAudioTrack)]
    pub fn local_audio_track_class(this: &Client) -> Function;
    #[wasm_bindgen(method, catch, js_name = setLogLevel)]
    pub fn set_log_level(this: &Client, level: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn warm(this: &Client) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn join(this: &Client, room: &Room, url: &str, token: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch, js_name = limitBitrate)]
    pub fn limit_bitrate(this: &Client, track: &LocalAudioTrack, bps: u32) -> Result<Promise, JsValue>;

    /// A function that takes the place of an event's number in front.
    pub type Numbered;
    #[wasm_bindgen(method, catch)]
    pub fn bind(this: &Numbered, context: &JsValue, number: u32) -> Result<Function, JsValue>;

    pub type Room;
    #[wasm_bindgen(method, getter, js_name = localParticipant)]
    pub fn local_participant(this: &Room) -> Participant;
    #[wasm_bindgen(method, getter, js_name = remoteParticipants)]
    pub fn remote_participants(this: &Room) -> Map;
    #[wasm_bindgen(method, getter, js_name = canPlaybackAudio)]
    pub fn can_playback_audio(this: &Room) -> bool;
    #[wasm_bindgen(method, catch)]
    pub fn on(this: &Room, event: &str, listener: &Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn off(this: &Room, event: &str, listener: &Function) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch, js_name = registerTextStreamHandler)]
    pub fn register_text_stream_handler(this: &Room, topic: &str, handler: &Function) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch, js_name = unregisterTextStreamHandler)]
    pub fn unregister_text_stream_handler(this: &Room, topic: &str) -> Result<(), JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn disconnect(this: &Room, stop_tracks: bool) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = startAudio)]
    pub fn start_audio(this: &Room) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = switchActiveDevice)]
    pub fn switch_active_device(this: &Room, kind: &str, id: &str) -> Result<Promise, JsValue>;

    /// A participant, local or remote.
    pub type Participant;
    #[wasm_bindgen(method, getter)]
    pub fn identity(this: &Participant) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn kind(this: &Participant) -> Option<u32>;
    #[wasm_bindgen(method, getter, js_name = isLocal)]
    pub fn is_local(this: &Participant) -> bool;
    #[wasm_bindgen(method, getter, js_name = isAgent)]
    pub fn is_agent(this: &Participant) -> bool;
    #[wasm_bindgen(method, getter)]
    pub fn attributes(this: &Participant) -> Object;
    #[wasm_bindgen(method, catch, js_name = publishTrack)]
    pub fn publish_track(this: &Participant, track: &LocalAudioTrack, options: &JsValue) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = sendText)]
    pub fn send_text(this: &Participant, text: &str, options: &JsValue) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    pub type LocalAudioTrack;
    #[wasm_bindgen(method, catch)]
    pub fn mute(this: &LocalAudioTrack) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn unmute(this: &LocalAudioTrack) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = replaceTrack)]
    pub fn replace_track(
        this: &LocalAudioTrack,
        track: &MediaStreamTrack,
        user_provided: bool,
    ) -> Result<Promise, JsValue>;

    #[derive(Clone)]
    pub type RemoteTrack;
    #[wasm_bindgen(method, getter)]
    pub fn kind(this: &RemoteTrack) -> String;
    #[wasm_bindgen(method, getter, js_name = mediaStreamTrack)]
    pub fn media_stream_track(this: &RemoteTrack) -> MediaStreamTrack;
    #[wasm_bindgen(method, catch)]
    pub fn attach(this: &RemoteTrack, element: &HtmlMediaElement) -> Result<JsValue, JsValue>;
    #[wasm_bindgen(method, catch)]
    pub fn detach(this: &RemoteTrack) -> Result<Array, JsValue>;

    /// What a text stream's handler is given to read from.
    pub type TextStreamReader;
    #[wasm_bindgen(method, getter)]
    pub fn info(this: &TextStreamReader) -> TextStreamInfo;

    pub type TextStreamInfo;
    #[wasm_bindgen(method, getter)]
    pub fn id(this: &TextStreamInfo) -> String;
    #[wasm_bindgen(method, getter)]
    pub fn attributes(this: &TextStreamInfo) -> JsValue;

    /// Who sent a text stream.
    pub type Sender;
    #[wasm_bindgen(method, getter)]
    pub fn identity(this: &Sender) -> String;

    /// livekit-client's `ConnectionError`.
    pub type ConnectionError;
    #[wasm_bindgen(method, getter)]
    pub fn reason(this: &ConnectionError) -> Option<u32>;
}
