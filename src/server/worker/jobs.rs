//! The jobs that a LiveKit server gives a worker, from the offer to the end of the call.
//!
//! A pure machine: what the server says and what becomes of calls go in, with the time since the program began; messages
//! and orders come out. One job is one room, and no room has two here.

use std::{collections::BTreeMap, time::Duration};

use livekit_protocol::{
    AvailabilityRequest, AvailabilityResponse, Job, JobAssignment, JobStatus, JobTermination, JobType,
    ParticipantPermission, RegisterWorkerRequest, UpdateJobStatus, UpdateWorkerStatus, WorkerStatus, server_message,
    worker_message::Message,
};

use crate::server::{agent, rooms::JobNote};

/// How long an offer that was taken stands: LiveKit's AssignJobTimeout.
const OFFER_STANDS: Duration = Duration::from_secs(10);

/// What the machine hears of.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time")]
pub(super) enum Input {
    /// A connection to the server stands.
    Connected,
    /// It is lost.
    Disconnected,
    /// The server says something.
    Server(server_message::Message),
    /// The call in this room is over.
    Over(String),
    /// No more calls are taken; those in hand go on.
    Drain,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there are a few at a time")]
pub(super) enum Output {
    /// Tells the server.
    Send(Message),
    /// Joins a room.
    Join {
        /// The room's name.
        room: String,
        /// The identity to join as.
        identity: String,
        /// Whether the visitor was talking with an assistant that is lost.
        is_back: bool,
    },
    /// Leaves a room.
    Leave(String),
    /// Connects anew: the server is about to stop.
    Reconnect,
}

/// The machine.
#[derive(Debug)]
pub(super) struct Jobs {
    /// The assistant's name in the room.
    name: String,
    /// Calls at once.
    limit: usize,
    jobs: BTreeMap<String, OurJob>,
    is_registered: bool,
    is_draining: bool,
}

#[derive(Debug)]
struct OurJob {
    room: String,
    is_back: bool,
    stage: Stage,
}

#[derive(Debug, PartialEq, Eq)]
enum Stage {
    /// Taken, not assigned yet.
    Offered {
        at: Duration,
    },
    Running,
}

impl Jobs {
    /// Begins without any; takes `limit` calls at once, which see the assistant as `name`.
    pub(super) fn new(name: String, limit: usize) -> Self {
        Self { name, limit, jobs: BTreeMap::new(), is_registered: false, is_draining: false }
    }

    /// Whether the server may offer calls.
    pub(super) fn takes_calls(&self) -> bool {
        self.is_registered && !self.is_full()
    }

    /// Whether nothing is left to do.
    pub(super) fn is_done(&self) -> bool {
        self.is_draining && self.jobs.is_empty()
    }

    /// Takes one input at `now`.
    pub(super) fn on(&mut self, input: Input, now: Duration) -> Vec<Output> {
        self.jobs.retain(|_, job| match job.stage {
            Stage::Offered { at } => now.saturating_sub(at) < OFFER_STANDS,
            Stage::Running => true,
        });
        match input {
            Input::Connected => vec![Output::Send(register())],
            Input::Disconnected => {
                self.is_registered = false;
                self.jobs.retain(|_, job| job.stage == Stage::Running);
                Vec::new()
            }
            Input::Server(message) => self.server(message, now),
            Input::Over(room) => {
                let over = self.jobs.iter().find(|(_, job)| job.room == room).map(|(id, _)| id.clone());
                let Some(id) = over else { return Vec::new() };
                self.jobs.remove(&id);
                vec![update_job(id, JobStatus::JsSuccess), self.status()]
            }
            Input::Drain => {
                self.is_draining = true;
                vec![self.status()]
            }
        }
    }

    fn server(&mut self, message: server_message::Message, now: Duration) -> Vec<Output> {
        match message {
            server_message::Message::Register(_) => {
                self.is_registered = true;
                vec![self.status()]
            }
            server_message::Message::Availability(AvailabilityRequest { job: Some(job), resuming }) => {
                vec![Output::Send(Message::Availability(self.offered(job, resuming, now)))]
            }
            server_message::Message::Assignment(JobAssignment { job: Some(job), .. }) => self.assigned(job.id),
            server_message::Message::Termination(JobTermination { job_id }) => {
                let job = self.jobs.get(&job_id).filter(|job| job.stage == Stage::Running);
                job.map(|job| Output::Leave(job.room.clone())).into_iter().collect()
            }
            server_message::Message::GoAway(_) => vec![Output::Reconnect],
            server_message::Message::Availability(_)
            | server_message::Message::Assignment(_)
            | server_message::Message::Pong(_) => Vec::new(),
        }
    }

    fn offered(&mut self, job: Job, resuming: bool, now: Duration) -> AvailabilityResponse {
        let answer = AvailabilityResponse { job_id: job.id.clone(), ..Default::default() };
        let room = job.room.map(|room| room.name).unwrap_or_default();
        if self.jobs.values().any(|known| known.room == room) {
            // Another worker would be one too many.
            return AvailabilityResponse { terminate: true, ..answer };
        }
        if self.is_full() || room.is_empty() {
            return answer;
        }
        let note: JobNote = serde_json::from_str(&job.metadata).unwrap_or_default();
        let is_back = note.is_back || resuming;
        let identity = identity(&job.id);
        self.jobs.insert(job.id, OurJob { room, is_back, stage: Stage::Offered { at: now } });
        AvailabilityResponse {
            available: true,
            participant_name: self.name.clone(),
            participant_identity: identity,
            ..answer
        }
    }

    fn assigned(&mut self, id: String) -> Vec<Output> {
        let Some(job) = self.jobs.get_mut(&id) else { return Vec::new() };
        job.stage = Stage::Running;
        let join = Output::Join { room: job.room.clone(), identity: identity(&id), is_back: job.is_back };
        vec![join, update_job(id, JobStatus::JsRunning), self.status()]
    }

    fn is_full(&self) -> bool {
        self.is_draining || self.jobs.len() >= self.limit
    }

    fn status(&self) -> Output {
        let status = if self.is_full() { WorkerStatus::WsFull } else { WorkerStatus::WsAvailable };
        Output::Send(Message::UpdateWorker(UpdateWorkerStatus {
            status: Some(status as i32),
            load: self.jobs.len() as f32 / self.limit as f32,
            job_count: u32::try_from(self.jobs.len()).unwrap_or(u32::MAX),
            draining: self.is_draining,
            seq: 0,
        }))
    }
}

fn register() -> Message {
    Message::Register(RegisterWorkerRequest {
        r#type: JobType::JtRoom as i32,
        agent_name: agent::DISPATCH_NAME.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        allowed_permissions: Some(ParticipantPermission {
            can_publish: true,
            can_subscribe: true,
            can_publish_data: true,
            can_update_metadata: true,
            ..Default::default()
        }),
        ..Default::default()
    })
}

fn update_job(job_id: String, status: JobStatus) -> Output {
    Output::Send(Message::UpdateJob(UpdateJobStatus { job_id, status: status as i32, error: String::new() }))
}

/// Unguessable, as the server's ids of jobs are.
fn identity(job_id: &str) -> String {
    format!("agent-{job_id}")
}

#[cfg(test)]
mod tests {
    use livekit_protocol::{RegisterWorkerResponse, Room};
    use server_message::Message as Server;

    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn job(id: &str, room: &str, metadata: &str) -> Job {
        let room = Some(Room { name: room.into(), ..Default::default() });
        Job { id: id.into(), room, metadata: metadata.into(), ..Default::default() }
    }

    fn offer(id: &str, room: &str, metadata: &str) -> Input {
        Input::Server(Server::Availability(AvailabilityRequest { job: Some(job(id, room, metadata)), resuming: false }))
    }

    fn assignment(id: &str) -> Input {
        Input::Server(Server::Assignment(JobAssignment { job: Some(job(id, "", "")), ..Default::default() }))
    }

    fn registered() -> Input {
        Input::Server(Server::Register(RegisterWorkerResponse::default()))
    }

    /// The answer to an offer: whether it was taken, and whether it is of no use to anybody.
    fn answer(outputs: &[Output]) -> (bool, bool) {
        let [Output::Send(Message::Availability(answer))] = outputs else { panic!("{outputs:?}") };
        (answer.available, answer.terminate)
    }

    fn status(status: WorkerStatus, jobs: u32, load: f32, draining: bool) -> Output {
        let status = Some(status as i32);
        Output::Send(Message::UpdateWorker(UpdateWorkerStatus { status, load, job_count: jobs, draining, seq: 0 }))
    }

    #[test]
    fn a_job_is_offered_assigned_done_and_over() {
        let mut jobs = Jobs::new("Mia".into(), 4);
        assert!(matches!(&*jobs.on(Input::Connected, s(0)), [Output::Send(Message::Register(_))]));
        assert!(!jobs.takes_calls());
        assert_eq!(jobs.on(registered(), s(0)), [status(WorkerStatus::WsAvailable, 0, 0.0, false)]);
        assert!(jobs.takes_calls());
        let taken = AvailabilityResponse {
            job_id: "AJ_1".into(),
            available: true,
            participant_name: "Mia".into(),
            participant_identity: "agent-AJ_1".into(),
            ..Default::default()
        };
        assert_eq!(jobs.on(offer("AJ_1", "support-1", ""), s(1)), [Output::Send(Message::Availability(taken))]);
        let join = Output::Join { room: "support-1".into(), identity: "agent-AJ_1".into(), is_back: false };
        let running = update_job("AJ_1".into(), JobStatus::JsRunning);
        assert_eq!(
            jobs.on(assignment("AJ_1"), s(1)),
            [join, running, status(WorkerStatus::WsAvailable, 1, 0.25, false)]
        );
        let over = update_job("AJ_1".into(), JobStatus::JsSuccess);
        let free = status(WorkerStatus::WsAvailable, 0, 0.0, false);
        assert_eq!(jobs.on(Input::Over("support-1".into()), s(99)), [over, free]);
        assert_eq!(jobs.on(Input::Over("support-1".into()), s(99)), []);
    }

    #[test]
    fn a_dispatch_tells_whether_an_assistant_was_lost() {
        for (metadata, expected) in [(r#"{"is_back":true}"#, true), ("{}", false), ("somebody else's", false)] {
            let mut jobs = Jobs::new("Mia".into(), 4);
            jobs.on(offer("AJ_1", "support-1", metadata), s(0));
            let joins = jobs.on(assignment("AJ_1"), s(0));
            let Output::Join { is_back, .. } = joins[0] else { panic!("{joins:?}") };
            assert_eq!(is_back, expected);
        }
    }

    #[test]
    fn a_full_worker_declines_and_a_room_that_it_serves_needs_nobody() {
        let mut jobs = Jobs::new("Mia".into(), 2);
        assert_eq!(answer(&jobs.on(offer("AJ_1", "support-1", ""), s(0))), (true, false));
        assert_eq!(answer(&jobs.on(offer("AJ_2", "support-1", ""), s(0))), (false, true));
        assert_eq!(answer(&jobs.on(offer("AJ_3", "support-2", ""), s(0))), (true, false));
        assert_eq!(answer(&jobs.on(offer("AJ_4", "support-3", ""), s(0))), (false, false));
        // Neither was ever assigned.
        assert_eq!(answer(&jobs.on(offer("AJ_5", "support-3", ""), s(10))), (true, false));
        assert_eq!(jobs.on(assignment("AJ_1"), s(10)), []);
    }

    #[test]
    fn a_worker_that_drains_takes_none_and_is_done_after_its_last_call() {
        let mut jobs = Jobs::new("Mia".into(), 2);
        jobs.on(registered(), s(0));
        jobs.on(offer("AJ_1", "support-1", ""), s(0));
        jobs.on(assignment("AJ_1"), s(0));
        assert_eq!(jobs.on(Input::Drain, s(1)), [status(WorkerStatus::WsFull, 1, 0.5, true)]);
        assert!(!jobs.takes_calls() && !jobs.is_done());
        assert_eq!(answer(&jobs.on(offer("AJ_2", "support-2", ""), s(1))), (false, false));
        jobs.on(Input::Over("support-1".into()), s(60));
        assert!(jobs.is_done());
    }

    #[test]
    fn calls_outlive_the_connection_and_offers_do_not() {
        let mut jobs = Jobs::new("Mia".into(), 4);
        jobs.on(registered(), s(0));
        jobs.on(offer("AJ_1", "support-1", ""), s(0));
        jobs.on(assignment("AJ_1"), s(0));
        jobs.on(offer("AJ_2", "support-2", ""), s(0));
        jobs.on(Input::Disconnected, s(1));
        assert!(!jobs.takes_calls());
        jobs.on(Input::Connected, s(2));
        assert_eq!(jobs.on(registered(), s(2)), [status(WorkerStatus::WsAvailable, 1, 0.25, false)]);
    }

    #[test]
    fn a_job_that_is_terminated_is_left() {
        let mut jobs = Jobs::new("Mia".into(), 4);
        let terminated = |id: &str| Input::Server(Server::Termination(JobTermination { job_id: id.into() }));
        jobs.on(offer("AJ_1", "support-1", ""), s(0));
        jobs.on(assignment("AJ_1"), s(0));
        assert_eq!(jobs.on(terminated("AJ_2"), s(1)), []);
        assert_eq!(jobs.on(terminated("AJ_1"), s(1)), [Output::Leave("support-1".into())]);
        let away = Input::Server(Server::GoAway(Default::default()));
        assert_eq!(jobs.on(away, s(1)), [Output::Reconnect]);
    }
}
