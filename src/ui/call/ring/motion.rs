//! How the ring moves: levels and time in, ticks out. No canvas, no clock.

use std::{f64::consts::TAU, time::Duration};

use crate::ui::call::session::Levels;

/// Ticks around the core.
pub const TICKS: usize = 56;

/// How fast the ring follows a rising level.
const ATTACK_S: f64 = 0.040;
/// How slowly it lets a falling level go.
const RELEASE_S: f64 = 0.160;
/// How fast one look turns into another.
const BLEND_S: f64 = 0.090;
/// The longest step; after a hidden tab the ring begins afresh instead of jumping.
const LONGEST_STEP_S: f64 = 0.1;
/// A tick at rest: round, since it is as long as it is wide.
const REST: f64 = 0.2;
/// How far the assistant's voice draws a tick out.
const AGENT_REACH: f64 = 19.0;
/// How far the visitor's does.
const VISITOR_REACH: f64 = 13.0;
/// One turn of the connecting sweep.
const SWEEP_S: f64 = 1.8;
/// The part of the ring that the sweep covers.
const SWEEP_TAIL: f64 = 0.32;
/// One turn of the three thinking arcs.
const THINK_S: f64 = 2.6;

/// What the ring tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nobody is there yet.
    Idle,
    /// The call is on its way.
    Connecting,
    /// The visitor's turn.
    Listening,
    /// An answer is being found.
    Thinking,
    /// The assistant's voice.
    Speaking,
}

/// One tick.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tick {
    /// How far it reaches beyond the circle, in the drawing's units.
    pub length: f64,
    /// How much of it is lit, 0..=1; the rest shows as a dot in the line's colour.
    pub lit: f64,
    /// Whose it is: 0 the visitor's grey, 1 the assistant's accent.
    pub accent: f64,
}

/// The ring between two frames.
#[derive(Clone, Debug)]
pub struct Motion {
    ticks: [Tick; TICKS],
    microphone: f64,
    agent: f64,
    at: Option<Duration>,
    seconds: f64,
}

impl Default for Motion {
    fn default() -> Self {
        let dot = Tick { length: REST, lit: 0.0, accent: 1.0 };
        Self { ticks: [dot; TICKS], microphone: 0.0, agent: 0.0, at: None, seconds: 0.0 }
    }
}

impl Motion {
    /// Moves the ring to `now`, the time since the page began.
    pub fn step(&mut self, look: Look, levels: Levels, now: Duration) -> &[Tick; TICKS] {
        let passed = self.at.map_or(0.0, |at| now.saturating_sub(at).as_secs_f64()).min(LONGEST_STEP_S);
        self.at = Some(now);
        self.seconds += passed;
        self.microphone = follow(self.microphone, f64::from(levels.microphone), passed);
        self.agent = follow(self.agent, f64::from(levels.agent), passed);
        let blend = toward(passed, BLEND_S);
        for index in 0..TICKS {
            let aim = self.aim(look, index);
            let tick = &mut self.ticks[index];
            // Lengths follow the voice at once; what blends is the change from one look to the next.
            tick.length += (aim.length - tick.length) * toward(passed, ATTACK_S / 2.0);
            tick.lit += (aim.lit - tick.lit) * blend;
            tick.accent += (aim.accent - tick.accent) * blend;
        }
        &self.ticks
    }

    /// The ring standing still, for those who asked for little motion.
    pub fn still(look: Look) -> [Tick; TICKS] {
        let ring = Self::default();
        std::array::from_fn(|index| Tick { length: REST, ..ring.aim(look, index) })
    }

    fn aim(&self, look: Look, index: usize) -> Tick {
        let turn = index as f64 / TICKS as f64;
        match look {
            Look::Idle => Tick { length: REST, lit: 0.0, accent: 1.0 },
            Look::Connecting => {
                let behind = (self.seconds / SWEEP_S - turn).rem_euclid(1.0);
                Tick { length: REST, lit: (1.0 - behind / SWEEP_TAIL).max(0.0), accent: 1.0 }
            }
            Look::Thinking => {
                let place = ((turn - self.seconds / THINK_S) * 3.0).rem_euclid(1.0);
                let near = 1.0 - ((place - 0.5).abs() / 0.28).min(1.0);
                Tick { length: REST + 3.5 * near, lit: (near * 2.2).min(1.0), accent: 1.0 }
            }
            Look::Listening => {
                let length = REST + VISITOR_REACH * self.microphone * self.shape(index, 2.3, 0.9, 0.17);
                Tick { length, lit: 1.0, accent: 0.0 }
            }
            Look::Speaking => {
                let length = REST + 1.5 + AGENT_REACH * self.agent * self.shape(index, 1.7, 0.61, 0.22);
                Tick { length, lit: 1.0, accent: 1.0 }
            }
        }
    }

    /// A voice's outline, 0..=1: a fine and a coarse wave under a slow one, drifting apart with time.
    fn shape(&self, index: usize, fine: f64, coarse: f64, slow: f64) -> f64 {
        let (i, t) = (index as f64, self.seconds);
        // Whole turns around the ring, so that its ends meet.
        let round = |rate: f64| (rate * TICKS as f64 / TAU).round() * TAU / TICKS as f64 * i;
        let carrier = (wave(round(fine) + t * 2.1) * 0.5 + wave(round(coarse) - t * 1.3 + 1.0) * 0.5).abs();
        carrier * (0.45 + 0.55 * wave(round(slow) + t * 0.9 + 0.4).abs())
    }
}

/// A sine made of two parabolas, never off by more than 0.06. The real one would bring its tables to the browser.
fn wave(radians: f64) -> f64 {
    let turns = radians / TAU;
    let x = (turns - turns.floor()) * 2.0 - 1.0;
    -4.0 * x * (1.0 - x.abs())
}

fn follow(from: f64, to: f64, passed: f64) -> f64 {
    from + (to.clamp(0.0, 1.0) - from) * toward(passed, if to > from { ATTACK_S } else { RELEASE_S })
}

/// The part of the way that is gone after `passed` seconds with a time constant of `constant` seconds.
fn toward(passed: f64, constant: f64) -> f64 {
    1.0 - (-passed / constant).exp()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LOUD: Levels = Levels { microphone: 1.0, agent: 1.0 };

    fn run(motion: &mut Motion, look: Look, levels: Levels, from_ms: u64, to_ms: u64) {
        for ms in from_ms..=to_ms {
            motion.step(look, levels, Duration::from_millis(ms));
        }
    }

    fn longest(motion: &Motion) -> f64 {
        motion.ticks.iter().map(|tick| tick.length).fold(0.0, f64::max)
    }

    #[test]
    fn rises_within_the_attack_and_falls_within_the_release() {
        let mut motion = Motion::default();
        run(&mut motion, Look::Listening, LOUD, 0, 40);
        assert!((motion.microphone - 0.632).abs() < 0.01, "{}", motion.microphone);
        run(&mut motion, Look::Listening, LOUD, 41, 1_000);
        run(&mut motion, Look::Listening, Levels::default(), 1_001, 1_160);
        assert!((motion.microphone - 0.368).abs() < 0.01, "{}", motion.microphone);
    }

    #[test]
    fn waves_as_a_sine_does() {
        for step in -100..100 {
            let x = f64::from(step) / 10.0;
            assert!((wave(x) - x.sin()).abs() < 0.06, "{x}");
        }
    }

    #[test]
    fn is_a_dotted_circle_in_silence() {
        let mut motion = Motion::default();
        run(&mut motion, Look::Speaking, LOUD, 0, 500);
        assert!(longest(&motion) > 10.0);
        run(&mut motion, Look::Listening, Levels::default(), 501, 2_500);
        assert!(longest(&motion) < REST + 0.01);
        assert!(motion.ticks.iter().all(|tick| tick.accent < 0.01 && tick.lit > 0.99));
    }

    #[test]
    fn sweeps_once_around() {
        let lit = |ms| {
            let mut motion = Motion::default();
            run(&mut motion, Look::Connecting, Levels::default(), 0, ms);
            let head = motion.ticks.iter().enumerate().max_by(|a, b| a.1.lit.total_cmp(&b.1.lit));
            head.unwrap().0
        };
        let (early, half_a_turn_later) = (lit(400), lit(1_300));
        let distance = half_a_turn_later.abs_diff(early);
        assert!(distance.abs_diff(TICKS / 2) <= 2, "{early} {half_a_turn_later}");
    }

    #[test]
    fn a_hidden_tab_does_not_make_it_jump() {
        let mut motion = Motion::default();
        run(&mut motion, Look::Speaking, LOUD, 0, 500);
        let before = motion.seconds;
        motion.step(Look::Speaking, LOUD, Duration::from_secs(600));
        assert!(motion.seconds - before <= LONGEST_STEP_S);
    }

    #[test]
    fn stands_still_on_request() {
        assert!(Motion::still(Look::Speaking).iter().all(|tick| tick.length == REST && tick.lit == 1.0));
        assert_eq!(Motion::still(Look::Connecting), Motion::still(Look::Connecting));
    }

    proptest! {
        #[test]
        fn no_tick_leaves_the_drawing(
            frames in prop::collection::vec((0_usize..5, -1.0_f32..3.0, -1.0_f32..3.0, 0_u64..400), 1..40)
        ) {
            const LOOKS: [Look; 5] = [Look::Idle, Look::Connecting, Look::Listening, Look::Thinking, Look::Speaking];
            let mut motion = Motion::default();
            let mut now = Duration::ZERO;
            for (look, microphone, agent, ms) in frames {
                now += Duration::from_millis(ms);
                for tick in motion.step(LOOKS[look], Levels { microphone, agent }, now) {
                    prop_assert!((0.0..=REST + 1.5 + AGENT_REACH).contains(&tick.length), "{tick:?}");
                    prop_assert!((0.0..=1.0).contains(&tick.lit) && (0.0..=1.0).contains(&tick.accent), "{tick:?}");
                }
            }
        }
    }
}
