//! Microphones: opening, watching and, above all, releasing them. Whoever drops a [`Microphone`] has stopped it.

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomException, HtmlAudioElement, MediaDeviceInfo, MediaDeviceKind, MediaDevices, MediaStream,
    MediaStreamConstraints, MediaStreamTrack, MediaTrackConstraints,
};

use super::{
    device::{Device, Devices, MicrophoneSettings},
    listener::Listener,
};
use crate::domain::call::Problem;

/// An open microphone.
pub struct Microphone {
    track: MediaStreamTrack,
    _ended: Listener,
}

impl Microphone {
    /// Opens a microphone; `on_lost` is called when it is unplugged or forbidden later on.
    ///
    /// # Errors
    /// What stands in the way, as the visitor can understand it.
    pub async fn open(settings: MicrophoneSettings, on_lost: impl Fn() + 'static) -> Result<Self, Problem> {
        let Some(devices) = devices_api() else { return Err(Problem::InsecurePage) };
        let audio = MediaTrackConstraints::new();
        audio.set_noise_suppression(&settings.noise_suppression.into());
        audio.set_echo_cancellation(&settings.echo_cancellation.into());
        audio.set_auto_gain_control(&JsValue::TRUE);
        if !settings.id.is_empty() {
            audio.set_device_id(&settings.id.into());
        }
        let constraints = MediaStreamConstraints::new();
        constraints.set_audio(&audio);
        let asked = devices.get_user_media_with_constraints(&constraints).map_err(problem)?;
        let stream: MediaStream = JsFuture::from(asked).await.map_err(problem)?.unchecked_into();
        let track: MediaStreamTrack = stream.get_audio_tracks().get(0).unchecked_into();
        let ended = Listener::new(&track, "ended", on_lost);
        Ok(Self { track, _ended: ended })
    }

    /// Lets sound through, or silence.
    pub fn set_live(&self, live: bool) {
        self.track.set_enabled(live);
    }

    pub(super) fn track(&self) -> &MediaStreamTrack {
        &self.track
    }
}

impl Drop for Microphone {
    fn drop(&mut self) {
        self.track.stop();
    }
}

/// Lists the devices at hand; labels are empty until the visitor has allowed a microphone.
pub async fn devices() -> Devices {
    let mut found = Devices::default();
    let Some(list) = devices_api().and_then(|devices| devices.enumerate_devices().ok()) else { return found };
    let Ok(list) = JsFuture::from(list).await else { return found };
    for info in js_sys::Array::from(&list).iter() {
        let info: MediaDeviceInfo = info.unchecked_into();
        let device = Device { id: info.device_id(), label: info.label() };
        // Before the visitor's permission browsers list one nameless device of each kind.
        if device.id.is_empty() {
            continue;
        }
        let kind = info.kind();
        if kind == MediaDeviceKind::Audioinput {
            found.microphones.push(device);
        } else if kind == MediaDeviceKind::Audiooutput {
            found.speakers.push(device);
        }
    }
    found
}

/// Calls `f` whenever a device comes or goes.
pub fn on_devices_changed(f: impl Fn() + 'static) -> Option<Listener> {
    Some(Listener::new(devices_api()?.as_ref(), "devicechange", f))
}

/// Whether this browser lets a page choose the speaker.
pub fn can_choose_speaker() -> bool {
    HtmlAudioElement::new()
        .is_ok_and(|player| Reflect::has(player.as_ref(), &JsValue::from_str("setSinkId")).unwrap_or(false))
}

/// None on pages without HTTPS: there browsers hide the interface altogether.
fn devices_api() -> Option<MediaDevices> {
    let window = web_sys::window()?;
    if !window.is_secure_context() {
        return None;
    }
    let devices = window.navigator().media_devices().ok()?;
    devices.is_object().then_some(devices)
}

fn problem(error: JsValue) -> Problem {
    let name = error.dyn_ref::<DomException>().map(DomException::name).unwrap_or_default();
    match name.as_str() {
        "NotFoundError" | "OverconstrainedError" => Problem::MicrophoneMissing,
        "NotReadableError" | "AbortError" => Problem::MicrophoneBusy,
        _ if frame_forbids_microphone() => Problem::BlockedFrame,
        _ => Problem::MicrophoneDenied,
    }
}

/// Chromium tells the policy of a frame; elsewhere a refusal cannot be told from the visitor's own.
fn frame_forbids_microphone() -> bool {
    let Some(document) = web_sys::window().and_then(|window| window.document()) else { return false };
    let Ok(policy) = Reflect::get(&document, &JsValue::from_str("featurePolicy")) else { return false };
    let Ok(allows) = Reflect::get(&policy, &JsValue::from_str("allowsFeature")) else { return false };
    let Some(allows) = allows.dyn_ref::<Function>() else { return false };
    allows.call1(&policy, &JsValue::from_str("microphone")).is_ok_and(|answer| answer == JsValue::FALSE)
}
