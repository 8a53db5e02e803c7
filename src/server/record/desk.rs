//! Where assistants hand in what they tell: a bounded queue that never makes them wait.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::sync::mpsc::{self, error::TrySendError};

use crate::{domain::record::Report, server::agent::Reporter};

/// Reports that may wait to be stored: half a minute of a hundred calls that are all talking.
const QUEUE: usize = 8192;

/// Takes reports.
#[derive(Clone)]
pub struct Desk {
    reports: mpsc::Sender<Report>,
    losses: Losses,
}

/// How many reports were lost, counted where they are.
#[derive(Clone, Default)]
pub struct Losses {
    count: Arc<AtomicU64>,
    is_told: Arc<AtomicBool>,
}

/// Opens a desk; gives what is handed in.
pub fn open() -> (Desk, mpsc::Receiver<Report>) {
    let (reports, handed_in) = mpsc::channel(QUEUE);
    (Desk { reports, losses: Losses::default() }, handed_in)
}

impl Desk {
    /// What was lost so far.
    pub fn losses(&self) -> Losses {
        self.losses.clone()
    }
}

impl Reporter for Desk {
    fn report(&self, report: Report) {
        match self.reports.try_send(report) {
            Ok(()) => {}
            Err(TrySendError::Full(_)) => self.losses.add("too much waits to be stored"),
            Err(TrySendError::Closed(_)) => self.losses.add("the record is closed"),
        }
    }
}

impl Losses {
    /// How many.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// One more; the first of a row is logged.
    pub(super) fn add(&self, why: &str) {
        self.count.fetch_add(1, Ordering::Relaxed);
        if !self.is_told.swap(true, Ordering::Relaxed) {
            tracing::error!(why, "what assistants tell of calls is being lost");
        }
    }

    /// Storing goes well; the end of a row is logged.
    pub(super) fn all_well(&self) {
        if self.is_told.swap(false, Ordering::Relaxed) {
            tracing::warn!(lost = self.count(), "calls are recorded again; reports lost since the start");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::record::{RoomLife, Sample, Told};

    #[test]
    fn a_full_desk_loses_reports_and_counts_them() {
        let (desk, mut handed_in) = open();
        let room = RoomLife { name: "support-1".into(), sid: "RM_1".into(), opened_ms: 0 };
        for at_ms in 0..QUEUE as i64 + 3 {
            desk.report(Report { room: room.clone(), at_ms, what: Told::Sample(Sample::default()) });
        }
        assert_eq!(desk.losses().count(), 3);
        assert_eq!(std::iter::from_fn(|| handed_in.try_recv().ok()).count(), QUEUE);
    }
}
