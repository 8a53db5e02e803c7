//! Stores what assistants tell, one after the other.

use std::collections::HashSet;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::{
    desk::Losses,
    insist::{GaveUp, Patience},
};
use crate::{
    domain::record::{Report, Told},
    server::storage::Storage,
};

/// Reports that are looked at together, so that words which were replaced meanwhile are not stored.
const BATCH: usize = 256;

/// The task.
pub(super) struct Writer {
    storage: Storage,
    reports: mpsc::Receiver<Report>,
    losses: Losses,
    finish: CancellationToken,
    patience: Patience,
}

impl Writer {
    /// Stores `reports` until `finish`, and what was handed in until then.
    pub(super) fn new(
        storage: Storage,
        reports: mpsc::Receiver<Report>,
        losses: Losses,
        finish: CancellationToken,
    ) -> Self {
        let patience = Patience::until(finish.clone());
        Self { storage, reports, losses, finish, patience }
    }

    pub(super) async fn run(mut self) {
        let mut batch = Vec::with_capacity(BATCH);
        loop {
            tokio::select! {
                biased;
                count = self.reports.recv_many(&mut batch, BATCH) => if count == 0 { break },
                () = self.finish.cancelled() => {
                    // Nobody hands in more; what is there is received before the end.
                    self.reports.close();
                    continue;
                }
            }
            for report in latest(std::mem::take(&mut batch)) {
                self.store(&report).await;
            }
        }
        if self.losses.count() > 0 {
            tracing::error!(lost = self.losses.count(), "reports of calls were lost");
        }
    }

    async fn store(&mut self, report: &Report) {
        match self.patience.insist(|| self.storage.report(report)).await {
            Ok(()) => self.losses.all_well(),
            Err(GaveUp::Away) => self.losses.add("the server stopped while the database was away"),
            Err(GaveUp::Refused(error)) => {
                tracing::error!(room = report.room.name, %error, "a report cannot be stored");
                self.losses.add("the database refuses it");
            }
        }
    }
}

/// The reports without those that a later one of the batch replaces: words of the same segment.
fn latest(batch: Vec<Report>) -> Vec<Report> {
    let mut seen = HashSet::new();
    let mut latest: Vec<Report> = Vec::with_capacity(batch.len());
    for report in batch.into_iter().rev() {
        let is_new = match &report.what {
            Told::Segment(words) => seen.insert((report.room.sid.clone(), words.id.clone())),
            Told::Sample(_) | Told::Message(_) => true,
        };
        if is_new {
            latest.push(report);
        }
    }
    latest.reverse();
    latest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        record::{RoomLife, Sample, Segment},
        transcript::Speaker,
    };

    fn words(room: u8, id: &str, text: &str) -> Report {
        let room = RoomLife { name: format!("support-{room}"), sid: format!("RM_{room}"), opened_ms: 0 };
        let segment = Segment {
            id: id.into(),
            speaker: Speaker::Agent,
            identity: "agent".into(),
            text: text.into(),
            is_final: false,
            interrupted: false,
            typed: false,
            start_ms: 0,
            end_ms: 0,
        };
        Report { room, at_ms: 0, what: Told::Segment(segment) }
    }

    #[test]
    fn words_that_were_replaced_are_left_out() {
        let sample = || Report { what: Told::Sample(Sample::default()), ..words(1, "", "") };
        let batch = vec![
            words(1, "a", "We"),
            sample(),
            words(2, "a", "We"),
            words(1, "a", "We have"),
            words(1, "b", "Are"),
            sample(),
        ];
        let expected = [sample(), words(2, "a", "We"), words(1, "a", "We have"), words(1, "b", "Are"), sample()];
        assert_eq!(latest(batch), expected);
    }
}
