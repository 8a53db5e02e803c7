//! The sound sheet: devices, volume, filters, push to talk. It lies above the controls, so that End stays in reach.

use leptos::prelude::*;

use super::{
    desk::{Sheet, use_desk},
    session::use_call_session,
    words,
};
use crate::{
    browser::device::Device,
    ui::{
        icon::{Glyph, Icon},
        live::live,
        part::{part, when},
    },
};

/// The sound settings.
#[component]
pub fn SoundSheet() -> impl IntoView {
    let session = use_call_session();
    let desk = use_desk();
    let set_volume = move |event| {
        if let Ok(volume) = event_target_value(&event).parse() {
            session.set_volume(volume);
        }
    };
    view! {
        <section class="sheet" aria-labelledby="sound-title">
            <SheetHead title=words::SOUND id="sound-title"/>
            <div class="setting">
                <Glyph icon=Icon::Microphone/>
                <Picker
                    label=words::MICROPHONE
                    devices=session.microphones
                    chosen=session.microphone_id
                    choose=Callback::new(move |id| session.choose_microphone(id))
                />
            </div>
            {when(
                move || session.can_choose_speaker.get(),
                move || {
                    view! {
                        <div class="setting">
                            <Glyph icon=Icon::Speaker/>
                            <Picker
                                label=words::SPEAKER
                                devices=session.speakers
                                chosen=session.speaker_id
                                choose=Callback::new(move |id| session.choose_speaker(id))
                            />
                        </div>
                    }
                },
            )}
            <label class="setting">
                <Glyph icon=Icon::Speaker/>
                <span class="sr-only">{words::VOLUME}</span>
                <input
                    type="range"
                    min="0"
                    max="100"
                    class="slider"
                    prop:value=live(move || session.volume.get())
                    on:input=set_volume
                />
                <output class="num text-xs text-ink-2">{live(move || session.volume.get())} " %"</output>
            </label>
            <Switch
                icon=Icon::Noise
                label=words::NOISE
                on=session.noise_suppression
                set=Callback::new(move |on| session.set_noise_suppression(on))
            />
            <Switch
                icon=Icon::Echo
                label=words::ECHO
                on=session.echo_cancellation
                set=Callback::new(move |on| session.set_echo_cancellation(on))
            />
            <Switch
                icon=Icon::Push
                label=words::PUSH
                on=session.push_to_talk
                set=Callback::new(move |on| session.set_push_to_talk(on))
            />
            <button type="button" class="question keys" on:click=move |_| desk.sheet.set(Some(Sheet::Keys))>
                {words::SHORTCUTS}
                <kbd>"?"</kbd>
            </button>
        </section>
    }
}

/// A sheet's heading and its way out.
#[component]
pub fn SheetHead(
    /// The heading.
    title: &'static str,
    /// The heading's id.
    id: &'static str,
) -> impl IntoView {
    let desk = use_desk();
    view! {
        <div class="flex items-center justify-between">
            <h3 id=id class="font-semibold">{title}</h3>
            <button type="button" class="icon-button -mr-2" data-first="" aria-label=words::CLOSE on:click=move |_| desk.sheet.set(None)>
                <Glyph icon=Icon::Close size=18/>
            </button>
        </div>
    }
}

/// A native picker of devices.
#[component]
fn Picker(
    /// What is picked.
    label: &'static str,
    /// What there is to pick from.
    devices: ReadSignal<Vec<Device>>,
    /// The id of the one in use; empty for the browser's choice.
    chosen: ReadSignal<String>,
    /// Takes the id of another.
    choose: Callback<String>,
) -> impl IntoView {
    let options = live(move || {
        let chosen = chosen.get();
        let options = devices
            .get()
            .into_iter()
            .filter(|device| !device.id.is_empty())
            .enumerate()
            .map(|(index, Device { id, label: name })| {
                let name = if name.is_empty() { format!("{label} {}", index + 1) } else { name };
                let selected = id == chosen;
                view! { <option value=id selected=selected>{name}</option> }
            })
            .collect_view();
        part(options)
    });
    view! {
        <span class="picker">
            <select aria-label=label on:change=move |event| choose.run(event_target_value(&event))>
                <option value="" selected=live(move || chosen.with(String::is_empty))>{words::DEFAULT_DEVICE}</option>
                {options}
            </select>
            <Glyph icon=Icon::Down size=16/>
        </span>
    }
}

/// A switch with its name.
#[component]
fn Switch(
    /// What it is about.
    icon: Icon,
    /// Its name.
    label: &'static str,
    /// Whether it is on.
    on: ReadSignal<bool>,
    /// Takes the other position.
    set: Callback<bool>,
) -> impl IntoView {
    view! {
        <label class="setting">
            <Glyph icon/>
            <span>{label}</span>
            <input
                type="checkbox"
                role="switch"
                class="switch"
                prop:checked=live(move || on.get())
                on:change=move |event| set.run(event_target_checked(&event))
            />
        </label>
    }
}
