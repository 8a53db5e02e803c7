//! The word that says what the assistant does. "Listening" waits a moment after "Speaking", so that the word does not
//! flicker between two sentences.

use std::time::Duration;

use super::AgentState;

/// How long "Listening" waits after "Speaking".
pub const SETTLE: Duration = Duration::from_millis(500);

/// What is shown, and what is about to be.
#[derive(Clone, Copy, Debug, Default)]
pub struct AgentLabel {
    shown: Option<AgentState>,
    next: Option<(AgentState, Duration)>,
}

impl AgentLabel {
    /// Takes what the assistant reports at `now`; none where it has left.
    pub fn on_state(&mut self, state: Option<AgentState>, now: Duration) {
        let quiet = matches!(state, Some(AgentState::Listening | AgentState::Idle));
        match state {
            Some(state) if quiet && self.shown == Some(AgentState::Speaking) => {
                let due = self.next.map_or(now + SETTLE, |(_, due)| due);
                self.next = Some((state, due));
            }
            Some(_) | None => {
                self.shown = state;
                self.next = None;
            }
        }
    }

    /// Shows what was waiting, once its time has come.
    pub fn on_time(&mut self, now: Duration) {
        if let Some((state, due)) = self.next
            && now >= due
        {
            self.shown = Some(state);
            self.next = None;
        }
    }

    /// When [`AgentLabel::on_time`] is due, if at all.
    pub fn next_timeout(&self) -> Option<Duration> {
        self.next.map(|(_, due)| due)
    }

    /// What to show.
    pub fn shown(&self) -> Option<AgentState> {
        self.shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn listening_waits_after_speaking() {
        let mut label = AgentLabel::default();
        label.on_state(Some(AgentState::Speaking), ms(0));
        label.on_state(Some(AgentState::Listening), ms(1_000));
        assert_eq!(label.shown(), Some(AgentState::Speaking));
        assert_eq!(label.next_timeout(), Some(ms(1_500)));
        label.on_time(ms(1_499));
        assert_eq!(label.shown(), Some(AgentState::Speaking));
        label.on_time(ms(1_500));
        assert_eq!(label.shown(), Some(AgentState::Listening));
        assert_eq!(label.next_timeout(), None);
    }

    #[test]
    fn speaking_again_in_between_leaves_no_trace() {
        let mut label = AgentLabel::default();
        label.on_state(Some(AgentState::Speaking), ms(0));
        label.on_state(Some(AgentState::Listening), ms(100));
        label.on_state(Some(AgentState::Speaking), ms(300));
        label.on_time(ms(600));
        assert_eq!(label.shown(), Some(AgentState::Speaking));
        assert_eq!(label.next_timeout(), None);
    }

    #[test]
    fn everything_else_shows_at_once() {
        let mut label = AgentLabel::default();
        for state in [Some(AgentState::Listening), Some(AgentState::Thinking), Some(AgentState::Speaking), None] {
            label.on_state(state, ms(0));
            assert_eq!(label.shown(), state);
        }
    }
}
