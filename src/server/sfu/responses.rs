//! The messages that wait for one client, within bounds of number and of bytes.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::mpsc;

use super::signal::{ParticipantView, Response, RoomView};

/// How many messages may wait for a client; one that is further behind has stopped reading.
const COUNT_MAX: usize = 512;
/// How many bytes of them may wait, but for the one that goes over.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a message counts at least, in bytes.
const BYTES_MIN: usize = 64;

/// The client does not read its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {COUNT_MAX} messages or {BYTES_MAX} bytes wait for this client")]
pub struct Full;

/// The driver's end.
#[derive(Debug)]
pub struct Responses {
    queue: mpsc::Sender<(usize, Response)>,
    waiting: Arc<AtomicUsize>,
}

/// The socket's end. The client has been let go of once it is empty and nobody can fill it.
#[derive(Debug)]
pub struct Inbox {
    queue: mpsc::Receiver<(usize, Response)>,
    waiting: Arc<AtomicUsize>,
}

/// Makes both ends.
pub fn channel() -> (Responses, Inbox) {
    let (sender, receiver) = mpsc::channel(COUNT_MAX);
    let waiting = Arc::new(AtomicUsize::new(0));
    (Responses { queue: sender, waiting: Arc::clone(&waiting) }, Inbox { queue: receiver, waiting })
}

impl Responses {
    /// Makes a message wait; where the socket is gone already it is lost with it.
    ///
    /// # Errors
    /// Too much waits.
    pub fn send(&self, response: Response) -> Result<(), Full> {
        if self.waiting.load(Ordering::Relaxed) > BYTES_MAX {
            return Err(Full);
        }
        let bytes = weight(&response);
        self.waiting.fetch_add(bytes, Ordering::Relaxed);
        match self.queue.try_send((bytes, response)) {
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => Ok(()),
            Err(mpsc::error::TrySendError::Full(_)) => Err(Full),
        }
    }

    /// Lets go of the client: it is sent what waits, and its socket closes.
    pub fn end(&mut self) {
        *self = channel().0;
    }
}

impl Inbox {
    /// The next message; none once the client has been let go of.
    pub async fn recv(&mut self) -> Option<Response> {
        let (bytes, response) = self.queue.recv().await?;
        self.waiting.fetch_sub(bytes, Ordering::Relaxed);
        Some(response)
    }
}

/// About how many bytes a message holds on to. The answer to a join counts little: it is the first, and the client has
/// asked for it.
fn weight(response: &Response) -> usize {
    BYTES_MIN
        + match response {
            Response::Room(room) => room_weight(room),
            Response::Update(who) => who.iter().map(participant_weight).sum(),
            Response::Answer(description) | Response::Offer(description) => description.sdp.len(),
            Response::RefreshToken(token) => token.len(),
            Response::Speakers(speakers) => speakers.len() * BYTES_MIN,
            Response::Qualities(qualities) => qualities.len() * BYTES_MIN,
            Response::Join(_)
            | Response::Reconnect { .. }
            | Response::SectionsWanted { .. }
            | Response::Mute { .. }
            | Response::TrackPublished { .. }
            | Response::TrackUnpublished(_)
            | Response::TrackSubscribed(_)
            | Response::Outcome { .. }
            | Response::Pong { .. }
            | Response::TimedPong { .. }
            | Response::Leave { .. } => 0,
        }
}

fn room_weight(room: &RoomView) -> usize {
    room.name.len() + room.metadata.len()
}

fn participant_weight(who: &ParticipantView) -> usize {
    let attributes: usize = who.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    let tracks = who.tracks.len() * 4 * BYTES_MIN;
    BYTES_MIN + who.identity.len() + who.name.len() + who.metadata.len() + attributes + tracks
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn sdp(bytes: usize) -> Response {
        Response::Answer(crate::server::sfu::signal::Description { sdp: "x".repeat(bytes), ..Default::default() })
    }

    #[test]
    fn many_small_messages_are_too_many() {
        let (responses, _inbox) = channel();
        let sent = (0..2 * COUNT_MAX).take_while(|_| responses.send(sdp(0)).is_ok()).count();
        assert_eq!(sent, COUNT_MAX);
    }

    #[test]
    fn few_large_ones_are_too_much_until_they_are_read() {
        let (mut responses, mut inbox) = channel();
        let sent = (0..COUNT_MAX).take_while(|_| responses.send(sdp(1024 * 1024)).is_ok()).count();
        assert_eq!(sent, 8);
        for _ in 0..sent {
            assert!(inbox.recv().now_or_never().flatten().is_some());
        }
        assert_eq!(responses.send(sdp(1)), Ok(()));
        responses.end();
        assert_eq!(inbox.recv().now_or_never(), Some(Some(sdp(1))));
        assert_eq!(inbox.recv().now_or_never(), Some(None));
    }
}
