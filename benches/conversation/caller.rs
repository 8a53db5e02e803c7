//! Somebody who calls: a participant in pure Rust that plays a recorded question and listens for sound.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::bail;
use frontdesk::server::agent::{
    Link,
    link::{Kind, Order, Presence, RoomEvent},
};
use opus_rs::OpusDecoder;
use tokio::time::{MissedTickBehavior, interval};

use crate::{
    question::Question,
    turns::{Measured, Said, Turns},
};

/// How often a microphone gives a packet.
const FRAME: Duration = Duration::from_millis(20);
/// What a frame of 20 ms is on the 48 kHz clock of RTP.
const FRAME_TICKS: u64 = 960;
/// The power of a frame that is heard: 50 dB below full scale.
const LOUD: f32 = 1e-5;
/// The longest packet of Opus at 16 kHz, 120 ms.
const LONGEST_SAMPLES: usize = 1920;

/// Calls in `room` and asks `question` so many `times`.
///
/// # Errors
/// A room that cannot be joined, or that is lost.
pub async fn call(link: Link, room: String, question: Arc<Question>, times: usize) -> anyhow::Result<Measured> {
    let identity = "visitor-1".to_owned();
    let name = "Ada".to_owned();
    let presence = Presence { room, identity, name, kind: Kind::Person, attributes: BTreeMap::new() };
    let mut joined = link.join(&presence).await?;
    let mut decoder = OpusDecoder::new(16_000, 1).map_err(anyhow::Error::msg)?;
    let mut sound = [0.0; LONGEST_SAMPLES];
    let mut turns = Turns::new(times, question.packets.len());
    let mut frames = interval(FRAME);
    frames.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let start = Instant::now();
    let mut time = 0;
    loop {
        tokio::select! {
            biased;
            event = joined.events.recv() => match event {
                Some(RoomEvent::Audio { opus, .. }) => {
                    let Ok(length) = decoder.decode(&opus, LONGEST_SAMPLES, &mut sound) else { continue };
                    let power = sound[..length].iter().map(|sample| sample * sample).sum::<f32>() / length as f32;
                    if power > LOUD {
                        turns.hear(start.elapsed());
                    }
                }
                Some(RoomEvent::Closed(_)) | None => bail!("the room was lost"),
                Some(_) => {}
            },
            _ = frames.tick() => {
                let packet = match turns.say(start.elapsed()) {
                    Said::Question(packet) => &question.packets[packet],
                    Said::Silence(packet) => &question.silence[packet.min(question.silence.len() - 1)],
                    Said::Over => break,
                };
                time += FRAME_TICKS;
                joined.orders.send(Order::Audio { time, opus: packet.clone() }).await?;
            }
        }
    }
    joined.orders.send(Order::Leave).await?;
    Ok(turns.measured())
}
