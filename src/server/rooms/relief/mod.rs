//! Who serves the rooms of a LiveKit server: which assistant is where, and which room has to be sent another.
//!
//! A LiveKit server offers a job to a worker once and never again, and keeps a participant whose process was killed for
//! 15 s. What is lost there is found here: workers say where they are on a socket that breaks when they die.
//!
//! A pure machine: inputs and the time since the program began go in, outputs come out. It knows no network.

mod task;

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

pub use self::task::{Helpers, JobNote, Post};
pub(super) use self::task::{LiveKit, start};

/// How long a worker whose socket broke may take to be back before its rooms are given to others.
const GRACE: Duration = Duration::from_secs(1);

/// How long whoever was sent may take to be in the room: LiveKit's dispatch and a join, or our own tries to join.
const WORKER_COMES_WITHIN: Duration = Duration::from_secs(5);
const OWN_COMES_WITHIN: Duration = Duration::from_secs(10);

/// How often a room is looked for that nobody has come to; a ticket is given up after that.
const LOOKS_MAX: u32 = 12;

/// How long after the start rooms may be found whose assistants died with the process before: LiveKit keeps such a
/// participant for 15 s.
const INHERITED_WITHIN: Duration = Duration::from_secs(60);

/// How long somebody was alone in such a room: the assistant of another process may be on its way before.
const ALONE: Duration = Duration::from_secs(4);

/// One who serves rooms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Helper {
    /// The assistant of this process.
    Own,
    /// A worker, by the number of its socket.
    Worker(u64),
}

/// What the machine hears of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Input {
    /// A visitor has a ticket for this room.
    Expected(String),
    /// A helper can take calls, or cannot any more.
    Takes(Helper, bool),
    /// A helper is in a room, as this identity.
    In(Helper, String, String),
    /// A helper's call in a room is over.
    Out(Helper, String),
    /// A helper is lost.
    Gone(Helper),
    /// Who is in a room that was looked at; absent where it could not be told.
    Looked(String, Option<Present>),
    /// The rooms that stand.
    Standing(Vec<(String, Present)>),
    /// Time has passed.
    Tick,
}

/// Who is in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Present {
    /// Whether a person is.
    pub(super) has_person: bool,
    /// The assistants' identities, those that are lost among them.
    pub(super) assistants: Vec<String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// Sends the assistant of this process.
    Come {
        /// The room.
        room: String,
        /// Whether the visitor was talking with one that is lost.
        is_back: bool,
    },
    /// Has LiveKit send a worker.
    Dispatch {
        /// The room.
        room: String,
        /// Whether the visitor was talking with one that is lost.
        is_back: bool,
    },
    /// Looks who is in a room.
    Look(String),
    /// Throws an assistant out: it is lost, or one too many.
    Remove {
        /// The room.
        room: String,
        /// The assistant's identity.
        identity: String,
    },
}

/// How a room is served.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Stage {
    /// Somebody was sent.
    Sent { at: Duration, to: Sent },
    /// Whoever was sent has not come, or is lost: the room is being looked at.
    Looking,
    /// A helper is there.
    Served { by: Helper, identity: String },
    /// The helper that was there is lost.
    Lost { since: Duration },
    /// It was served, or is by somebody unknown.
    Done,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Own,
    Worker,
}

#[derive(Debug)]
struct Served {
    stage: Stage,
    /// Whether an assistant has been there.
    is_back: bool,
    /// The identity of one that is lost, and may still be shown in the room.
    ghost: Option<String>,
    looks: u32,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Relief {
    has_own: bool,
    takers: HashSet<Helper>,
    rooms: HashMap<String, Served>,
    /// Rooms that nobody here knows and that a person has been alone in, since when.
    orphans: HashMap<String, Duration>,
}

impl Relief {
    /// Begins with no room; `has_own` where this process has an assistant of its own.
    pub(super) fn new(has_own: bool) -> Self {
        Self { has_own, takers: HashSet::new(), rooms: HashMap::new(), orphans: HashMap::new() }
    }

    /// Takes one input at `now`, the time since the program began.
    pub(super) fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        let mut out = Vec::new();
        match input {
            Input::Expected(room) => {
                if !self.rooms.contains_key(&room) {
                    self.send(room, false, false, now, &mut out);
                }
            }
            Input::Takes(helper, true) => drop(self.takers.insert(helper)),
            Input::Takes(helper, false) => drop(self.takers.remove(&helper)),
            Input::In(helper, room, identity) => self.entered(helper, room, identity, &mut out),
            Input::Out(helper, room) => {
                if let Some(served) = self.rooms.get_mut(&room)
                    && matches!(&served.stage, Stage::Served { by, .. } if *by == helper)
                {
                    served.stage = Stage::Done;
                }
            }
            Input::Gone(helper) => self.gone(helper, now),
            Input::Looked(room, there) => self.looked(room, there, now, &mut out),
            Input::Standing(rooms) => self.standing(rooms, now, &mut out),
            Input::Tick => self.tick(now, &mut out),
        }
        out
    }

    /// Sends somebody: a worker where there are any, unless `failed` says that they do not come.
    fn send(&mut self, room: String, is_back: bool, failed: bool, now: Duration, out: &mut Vec<Output>) {
        let to = if self.has_own && (failed || self.takers.is_empty()) { Sent::Own } else { Sent::Worker };
        out.push(match to {
            Sent::Own => Output::Come { room: room.clone(), is_back },
            Sent::Worker => Output::Dispatch { room: room.clone(), is_back },
        });
        let served = self.rooms.entry(room).or_insert_with(|| Served::new(Stage::Looking));
        served.is_back |= is_back;
        served.stage = Stage::Sent { at: now, to };
    }

    fn entered(&mut self, helper: Helper, room: String, identity: String, out: &mut Vec<Output>) {
        let served = self.rooms.entry(room.clone()).or_insert_with(|| Served::new(Stage::Looking));
        if matches!(&served.stage, Stage::Served { by, .. } if *by != helper) {
            out.push(Output::Remove { room, identity });
            return;
        }
        served.is_back = true;
        if let Some(ghost) = served.ghost.take().filter(|ghost| *ghost != identity) {
            out.push(Output::Remove { room, identity: ghost });
        }
        served.stage = Stage::Served { by: helper, identity };
    }

    fn gone(&mut self, helper: Helper, now: Duration) {
        self.takers.remove(&helper);
        for served in self.rooms.values_mut() {
            if let Stage::Served { by, identity } = &served.stage
                && *by == helper
            {
                served.ghost = Some(identity.clone());
                served.looks = 0;
                served.stage = Stage::Lost { since: now };
            }
        }
    }

    fn looked(&mut self, room: String, there: Option<Present>, now: Duration, out: &mut Vec<Output>) {
        let Some(served) = self.rooms.get_mut(&room) else { return };
        if served.stage != Stage::Looking {
            return;
        }
        let Some(there) = there else {
            served.stage = Stage::Lost { since: now };
            return;
        };
        if there.assistants.iter().any(|identity| served.ghost.as_ref() != Some(identity)) {
            served.stage = Stage::Done;
        } else if there.has_person {
            let failed = served.ghost.is_none();
            let is_back = served.is_back;
            if let Some(identity) = served.ghost.take() {
                out.push(Output::Remove { room: room.clone(), identity });
            }
            self.send(room, is_back, failed, now, out);
        } else if served.looks < LOOKS_MAX {
            // Whoever it is for may be on the way.
            served.stage = Stage::Sent { at: now, to: Sent::Worker };
        } else {
            self.rooms.remove(&room);
        }
    }

    fn standing(&mut self, rooms: Vec<(String, Present)>, now: Duration, out: &mut Vec<Output>) {
        let names: HashSet<&str> = rooms.iter().map(|(room, _)| room.as_str()).collect();
        self.rooms.retain(|room, served| served.stage != Stage::Done || names.contains(room.as_str()));
        if now >= INHERITED_WITHIN {
            return;
        }
        let is_alone = |there: &Present| there.has_person && there.assistants.is_empty();
        let alone = rooms.into_iter().filter(|(room, there)| is_alone(there) && !self.rooms.contains_key(room));
        let mut before = std::mem::take(&mut self.orphans);
        let since = |room: String| (before.remove(&room).unwrap_or(now), room);
        for (since, room) in alone.map(|(room, _)| room).map(since).collect::<Vec<_>>() {
            if now.saturating_sub(since) >= ALONE {
                self.send(room, true, false, now, out);
            } else {
                self.orphans.insert(room, since);
            }
        }
    }

    fn tick(&mut self, now: Duration, out: &mut Vec<Output>) {
        for (room, served) in &mut self.rooms {
            let (since, within) = match served.stage {
                Stage::Sent { at, to: Sent::Own } => (at, OWN_COMES_WITHIN),
                Stage::Sent { at, to: Sent::Worker } => (at, WORKER_COMES_WITHIN),
                Stage::Lost { since } => (since, GRACE),
                Stage::Looking | Stage::Served { .. } | Stage::Done => continue,
            };
            if now.saturating_sub(since) >= within {
                served.looks += 1;
                served.stage = Stage::Looking;
                out.push(Output::Look(room.clone()));
            }
        }
    }
}

impl Served {
    fn new(stage: Stage) -> Self {
        Self { stage, is_back: false, ghost: None, looks: 0 }
    }
}

#[cfg(test)]
mod tests;
