//! The ticket of the running call, kept by the tab: after a reload the call can be joined again while the ticket lives.

use std::time::Duration;

use crate::{
    api::call::CallTicket,
    browser::{clock, storage},
    domain::{
        call::{Attempt, Mode},
        json::{self, Object},
    },
};

const TICKET: &str = "frontdesk.call";
const MODE: &str = "frontdesk.call.mode";
const MUTED: &str = "frontdesk.call.muted";
/// When the room was joined, in seconds by this device's wall clock.
const JOINED: &str = "frontdesk.call.joined";
/// When the ticket ends, in seconds by this device's wall clock.
const UNTIL: &str = "frontdesk.call.until";

/// A ticket that ends sooner is not worth a rejoin.
const WORTHWHILE: Duration = Duration::from_secs(30);

/// A ticket fetched ahead counts as new this long; what it has aged is lost to the call's longest time.
const FRESH: Duration = Duration::from_secs(5 * 60);

/// How long an answer may take; a request that is older counts as lost, and whoever needs a ticket asks anew.
const PATIENCE: Duration = Duration::from_secs(8);

/// A ticket that is fetched before anybody has asked for a call, and who waits for it.
#[derive(Default)]
pub(super) struct EarlyTicket {
    /// The newest request's number; the answers to all others come too late.
    number: u32,
    stock: Stock,
}

#[derive(Default)]
enum Stock {
    /// None is there, none is on its way.
    #[default]
    None,
    /// One is on its way since then; for whom, once a call has begun.
    Asked { since: Duration, waiting: Option<Attempt> },
    /// One is there, since then.
    Ready(CallTicket, Duration),
}

/// What a call that begins finds.
pub(super) enum Taken {
    /// Its ticket, and when that came.
    Ready(CallTicket, Duration),
    /// A ticket that is on its way to it.
    Asked,
    /// Nothing: it has to ask, under this number, and the answer will be its own.
    Nothing(u32),
}

impl EarlyTicket {
    /// The number under which a ticket has to be asked for, if at all; only while no call runs.
    pub(super) fn want(&mut self, now: Duration) -> Option<u32> {
        match self.stock {
            Stock::Asked { since, waiting: None } if now < since + PATIENCE => None,
            Stock::Ready(_, since) if now < since + FRESH => None,
            // Whoever waited has given up.
            Stock::None | Stock::Asked { .. } | Stock::Ready(..) => Some(self.ask(None, now)),
        }
    }

    /// A call begins.
    pub(super) fn take(&mut self, attempt: Attempt, now: Duration) -> Taken {
        match std::mem::take(&mut self.stock) {
            Stock::Ready(ticket, since) if now < since + FRESH => Taken::Ready(ticket, since),
            Stock::Asked { since, waiting: None } if now < since + PATIENCE => {
                self.stock = Stock::Asked { since, waiting: Some(attempt) };
                Taken::Asked
            }
            Stock::None | Stock::Asked { .. } | Stock::Ready(..) => Taken::Nothing(self.ask(Some(attempt), now)),
        }
    }

    /// The answer to a request; gives the call that waits for it. A refusal that nobody waits for is forgotten.
    pub(super) fn on_answer<E>(
        &mut self,
        number: u32,
        answer: &Result<CallTicket, E>,
        now: Duration,
    ) -> Option<Attempt> {
        let Stock::Asked { waiting, .. } = self.stock else { return None };
        if number != self.number {
            return None;
        }
        self.stock = match answer {
            Ok(ticket) if waiting.is_none() => Stock::Ready(ticket.clone(), now),
            Ok(_) | Err(_) => Stock::None,
        };
        waiting
    }

    fn ask(&mut self, waiting: Option<Attempt>, now: Duration) -> u32 {
        self.number = self.number.wrapping_add(1);
        self.stock = Stock::Asked { since: now, waiting };
        self.number
    }
}

/// The call of this tab, as its notes tell it.
pub(super) struct Kept {
    pub(super) ticket: CallTicket,
    /// How its visitor took part.
    pub(super) mode: Mode,
    /// Whether the visitor's microphone was to be silent.
    pub(super) muted: bool,
    /// How long the ticket is still good.
    pub(super) left: Duration,
    /// How long the call has stood.
    pub(super) age: Duration,
}

/// Keeps the running call's ticket, which is good for `left` more, and nothing of an earlier call.
pub(super) fn keep(ticket: &CallTicket, mode: Mode, muted: bool, left: Duration) {
    let CallTicket { token, room_name, participant_name, livekit_host } = ticket;
    let note =
        json::object(&[("token", token), ("room", room_name), ("name", participant_name), ("host", livekit_host)]);
    storage::keep_tab_note(TICKET, Some(&note));
    keep_moment(UNTIL, clock::wall_clock() + left);
    storage::keep_tab_note(JOINED, None);
    keep_mode(mode);
    keep_muted(muted);
}

/// Keeps how its visitor takes part, which may change during the call.
pub(super) fn keep_mode(mode: Mode) {
    storage::keep_tab_note(MODE, Some(mode_word(mode)));
}

/// Keeps whether its visitor is muted.
pub(super) fn keep_muted(muted: bool) {
    storage::keep_tab_note(MUTED, muted.then_some("yes"));
}

/// Keeps when its room was joined; coming back to it begins no new call.
pub(super) fn keep_joined() {
    if storage::tab_note(JOINED).is_none() {
        keep_moment(JOINED, clock::wall_clock());
    }
}

/// Forgets it.
pub(super) fn forget() {
    for note in [TICKET, UNTIL, MODE, MUTED, JOINED] {
        storage::keep_tab_note(note, None);
    }
}

/// The kept call, where its ticket is still good for a while.
pub(super) fn kept() -> Option<Kept> {
    let object = Object::parse(&storage::tab_note(TICKET)?)?;
    let text = |name| object.text(name).map(str::to_owned);
    let ticket = CallTicket {
        token: text("token")?,
        room_name: text("room")?,
        participant_name: text("name")?,
        livekit_host: text("host")?,
    };
    let now = clock::wall_clock();
    let left = kept_moment(UNTIL)?.saturating_sub(now);
    let mode = match storage::tab_note(MODE)?.as_str() {
        "text" => Mode::Text,
        "listen" => Mode::Listen,
        _ => Mode::Voice,
    };
    let muted = storage::tab_note(MUTED).is_some();
    let age = kept_moment(JOINED).map_or(Duration::ZERO, |joined| now.saturating_sub(joined));
    (left > WORTHWHILE).then_some(Kept { ticket, mode, muted, left, age })
}

fn keep_moment(note: &str, moment: Duration) {
    storage::keep_tab_note(note, Some(&moment.as_secs().to_string()));
}

fn kept_moment(note: &str) -> Option<Duration> {
    storage::tab_note(note)?.parse().ok().map(Duration::from_secs)
}

const fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Voice => "voice",
        Mode::Text => "text",
        Mode::Listen => "listen",
    }
}

/// How long a token is good, from its `nbf` to its `exp`, where it says so. The signature is the server's business.
pub(super) fn length(token: &str) -> Option<Duration> {
    let claims = Object::parse(&String::from_utf8(base64_url(token.split('.').nth(1)?)?).ok()?)?;
    claims.number("exp")?.checked_sub(claims.number("nbf")?).map(Duration::from_secs)
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

    const fn s(s: u64) -> Duration {
        Duration::from_secs(s)
    }

    #[test]
    fn a_ticket_fetched_ahead_is_used_once() {
        let mut early = EarlyTicket::default();
        assert_eq!(early.want(s(9)), Some(1));
        assert_eq!(early.want(s(9)), None);
        assert_eq!(early.on_answer::<()>(1, &Ok(ticket()), s(10)), None);
        assert_eq!(early.want(s(10)), None);
        assert!(matches!(early.take(Attempt::default(), s(11)), Taken::Ready(_, since) if since == s(10)));
        assert!(matches!(early.take(Attempt::default(), s(11)), Taken::Nothing(2)));
    }

    #[test]
    fn a_call_that_begins_meanwhile_gets_the_answer() {
        let mut early = EarlyTicket::default();
        assert_eq!(early.want(s(0)), Some(1));
        assert!(matches!(early.take(Attempt::default(), s(1)), Taken::Asked));
        assert_eq!(early.on_answer(1, &Err(()), s(2)), Some(Attempt::default()));
        assert_eq!(early.want(s(3)), Some(2));
        assert_eq!(early.on_answer(2, &Err(()), s(4)), None);
        assert_eq!(early.want(s(5)), Some(3));
    }

    #[test]
    fn a_request_that_hangs_is_not_waited_for() {
        let mut early = EarlyTicket::default();
        assert_eq!(early.want(s(0)), Some(1));
        assert!(matches!(early.take(Attempt::default(), PATIENCE), Taken::Nothing(2)));
        assert_eq!(early.on_answer::<()>(1, &Ok(ticket()), s(9)), None, "the lost one's answer");
        assert_eq!(early.on_answer::<()>(2, &Ok(ticket()), s(9)), Some(Attempt::default()));
        assert_eq!(early.want(s(10)), Some(3));
        assert_eq!(early.want(s(10) + PATIENCE), Some(4));
    }

    #[test]
    fn a_call_does_not_wait_for_the_answer_to_an_earlier_one() {
        let mut early = EarlyTicket::default();
        assert!(matches!(early.take(Attempt::default(), s(0)), Taken::Nothing(1)));
        assert!(matches!(early.take(Attempt::default(), s(1)), Taken::Nothing(2)));
        assert_eq!(early.want(s(2)), Some(3), "nor does the next panel");
        assert_eq!(early.on_answer::<()>(2, &Ok(ticket()), s(3)), None);
    }

    #[test]
    fn a_ticket_gets_old() {
        let mut early = EarlyTicket::default();
        assert_eq!(early.want(s(0)), Some(1));
        early.on_answer::<()>(1, &Ok(ticket()), s(0));
        assert!(matches!(early.take(Attempt::default(), FRESH), Taken::Nothing(2)));
    }

    #[test]
    fn reads_how_long_a_token_is_good() {
        // {"nbf":1800000000,"exp":1800003600,"sub":"visitor"}
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJuYmYiOjE4MDAwMDAwMDAsImV4cCI6MTgwMDAwMzYwMCwic3ViIjoidmlzaXRvciJ9.c2ln";
        assert_eq!(length(token), Some(s(3_600)));
    }

    #[test]
    fn a_token_that_is_none_has_no_length() {
        for token in ["", "a", "a.b", "a.!!!.c", "a.e30.c"] {
            assert_eq!(length(token), None, "{token}");
        }
    }

    #[test]
    fn decodes_every_length() {
        for (text, bytes) in [("", &b""[..]), ("Zg", b"f"), ("Zm8", b"fo"), ("Zm9v", b"foo"), ("_-8", &[0xff, 0xef])] {
            assert_eq!(base64_url(text).as_deref(), Some(bytes), "{text}");
        }
    }
}
