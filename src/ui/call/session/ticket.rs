//! The ticket of the running call, kept by the tab: after a reload the call can be joined again while the ticket lives.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    api::call::CallTicket,
    browser::{clock, storage},
    domain::call::{Attempt, Mode},
};

const TICKET: &str = "frontdesk.call";
const MODE: &str = "frontdesk.call.mode";

/// A ticket that ends sooner is not worth a rejoin.
const WORTHWHILE: Duration = Duration::from_secs(30);

/// A ticket fetched ahead counts as new this long; what it has aged is lost to the call's longest time.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// A ticket that is fetched before anybody has asked for a call, and who waits for it.
#[derive(Default)]
pub(super) enum EarlyTicket {
    /// None is there, none is on its way.
    #[default]
    None,
    /// One is on its way; for whom, once a call has begun.
    Asked(Option<Attempt>),
    /// One is there, since then.
    Ready(CallTicket, Duration),
}

/// What a call that begins finds.
pub(super) enum Taken {
    /// Its ticket.
    Ready(CallTicket),
    /// A ticket that is on its way to it.
    Asked,
    /// Nothing: it has to ask, and the answer will be its own.
    Nothing,
}

impl EarlyTicket {
    /// Whether a ticket has to be asked for; from then on it counts as asked for.
    pub(super) fn want(&mut self, now: Duration) -> bool {
        let missing = match self {
            Self::None => true,
            Self::Asked(_) => false,
            Self::Ready(_, since) => now.saturating_sub(*since) >= FRESH,
        };
        if missing {
            *self = Self::Asked(None);
        }
        missing
    }

    /// A call begins.
    pub(super) fn take(&mut self, attempt: Attempt, now: Duration) -> Taken {
        match std::mem::take(self) {
            Self::Ready(ticket, since) if now.saturating_sub(since) < FRESH => Taken::Ready(ticket),
            Self::Asked(_) => {
                *self = Self::Asked(Some(attempt));
                Taken::Asked
            }
            Self::Ready(..) | Self::None => {
                *self = Self::Asked(Some(attempt));
                Taken::Nothing
            }
        }
    }

    /// The answer is there; gives the call that waits for it. A refusal that nobody waits for is forgotten.
    pub(super) fn on_answer<E>(&mut self, answer: &Result<CallTicket, E>, now: Duration) -> Option<Attempt> {
        match (std::mem::take(self), answer) {
            (Self::Asked(Some(attempt)), _) => return Some(attempt),
            (Self::Asked(None), Ok(ticket)) => *self = Self::Ready(ticket.clone(), now),
            (Self::Asked(None), Err(_)) => {}
            (other, _) => *self = other,
        }
        None
    }
}

/// Keeps the running call's ticket.
pub(super) fn keep(ticket: &CallTicket, mode: Mode) {
    let Ok(text) = serde_json::to_string(ticket) else { return };
    storage::keep_tab_note(TICKET, Some(&text));
    storage::keep_tab_note(MODE, Some(mode_word(mode)));
}

/// Forgets it.
pub(super) fn forget() {
    storage::keep_tab_note(TICKET, None);
    storage::keep_tab_note(MODE, None);
}

/// The kept ticket, how its visitor took part, and how long it is still good.
pub(super) fn kept() -> Option<(CallTicket, Mode, Duration)> {
    let ticket: CallTicket = serde_json::from_str(&storage::tab_note(TICKET)?).ok()?;
    let left = time_left(&ticket);
    let mode = match storage::tab_note(MODE)?.as_str() {
        "text" => Mode::Text,
        "listen" => Mode::Listen,
        _ => Mode::Voice,
    };
    (left > WORTHWHILE).then_some((ticket, mode, left))
}

/// How long a ticket is still good; nothing where it does not say.
pub(super) fn time_left(ticket: &CallTicket) -> Duration {
    expiry(&ticket.token).unwrap_or_default().saturating_sub(clock::wall_clock())
}

const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Voice => "voice",
        Mode::Text => "text",
        Mode::Listen => "listen",
    }
}

/// A token's `exp`, as the time since 1970. The signature is the server's business.
fn expiry(token: &str) -> Option<Duration> {
    #[derive(Deserialize)]
    struct Claims {
        exp: u64,
    }
    let claims: Claims = serde_json::from_slice(&base64_url(token.split('.').nth(1)?)?).ok()?;
    Some(Duration::from_secs(claims.exp))
}

/// Base64 with the URL alphabet and no padding (RFC 4648 section 5), as tokens have it.
fn base64_url(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let mut bits = 0_u32;
    let mut held = 0;
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'a'..=b'z' => letter - b'a' + 26,
            b'0'..=b'9' => letter - b'0' + 52,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticket() -> CallTicket {
        CallTicket {
            token: "a.b.c".into(),
            room_name: "support-1".into(),
            participant_name: "Guest".into(),
            livekit_host: "ws://127.0.0.1:3000".into(),
        }
    }

    #[test]
    fn a_ticket_fetched_ahead_is_used_once() {
        let mut early = EarlyTicket::default();
        let now = Duration::from_secs(9);
        assert!(early.want(now) && !early.want(now));
        assert_eq!(early.on_answer::<()>(&Ok(ticket()), now), None);
        assert!(!early.want(now));
        assert!(matches!(early.take(Attempt::default(), now), Taken::Ready(_)));
        assert!(matches!(early.take(Attempt::default(), now), Taken::Nothing));
    }

    #[test]
    fn a_call_that_begins_meanwhile_gets_the_answer() {
        let mut early = EarlyTicket::default();
        assert!(early.want(Duration::ZERO));
        assert!(matches!(early.take(Attempt::default(), Duration::ZERO), Taken::Asked));
        assert_eq!(early.on_answer(&Err(()), Duration::ZERO), Some(Attempt::default()));
        assert!(early.want(Duration::ZERO));
        assert_eq!(early.on_answer(&Err(()), Duration::ZERO), None);
        assert!(early.want(Duration::ZERO));
    }

    #[test]
    fn a_ticket_gets_old() {
        let mut early = EarlyTicket::default();
        early.want(Duration::ZERO);
        early.on_answer::<()>(&Ok(ticket()), Duration::ZERO);
        assert!(matches!(early.take(Attempt::default(), FRESH), Taken::Nothing));
    }

    #[test]
    fn reads_when_a_token_ends() {
        // {"exp":4102444800,"sub":"visitor"}
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDAsInN1YiI6InZpc2l0b3IifQ.c2ln";
        assert_eq!(expiry(token), Some(Duration::from_secs(4_102_444_800)));
    }

    #[test]
    fn a_token_that_is_none_has_no_end() {
        for token in ["", "a", "a.b", "a.!!!.c", "a.e30.c"] {
            assert_eq!(expiry(token), None, "{token}");
        }
    }

    #[test]
    fn decodes_every_length() {
        for (text, bytes) in [("", &b""[..]), ("Zg", b"f"), ("Zm8", b"fo"), ("Zm9v", b"foo"), ("_-8", &[0xff, 0xef])] {
            assert_eq!(base64_url(text).as_deref(), Some(bytes), "{text}");
        }
    }
}
