//! Where bytes from outside come in, each as one function of any bytes, for fuzz targets and for a quick look in the
//! ordinary tests. Whatever the bytes are, nothing may panic, and what is remembered stays within bounds.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::{
    extract::{Query as UrlQuery, ws::Message},
    http::Uri,
};
use base64::{Engine, engine::general_purpose::URL_SAFE};
use livekit_protocol::{self as lk, wrapped_join_request::Compression};
use prost::Message as _;

use super::{
    data::Channel,
    driver::rig::{
        Rig,
        client::{Client, Path},
    },
    signal::{
        Description, Request, SdpRequest,
        join::{Entry, Query},
    },
    socket,
};

/// More rounds than any fault needs to show; they bound the time of one run.
const STEPS_MAX: usize = 64;

/// Signal frames of two participants on the two paths, with data packets and time between them.
pub fn frames(bytes: &[u8]) {
    let mut rig = Rig::new(0, Instant::now());
    let mut members = [("ann", Path::V1), ("bob", Path::V0)].map(|(name, path)| Client::join(&mut rig, name, path));
    for client in &mut members {
        settle(&mut rig, client);
        client.publish(rig.now());
        settle(&mut rig, client);
    }
    for (number, step) in steps(bytes).enumerate() {
        let [head, body @ ..] = step else { continue };
        let client = &mut members[usize::from(head & 1)];
        match (head >> 1) & 7 {
            0..=2 => frame(&mut rig, client, Message::Binary(body.to_vec().into())),
            3 => {
                if let Ok(text) = std::str::from_utf8(body) {
                    frame(&mut rig, client, Message::Text(text.into()));
                }
            }
            4 | 5 => {
                if let Some(session) = client.session {
                    rig.data(session, if number % 2 == 0 { Channel::Reliable } else { Channel::Lossy }, body);
                }
            }
            6 => {
                if let Some(session) = client.lose_socket() {
                    rig.closed(session);
                }
                client.resume(&mut rig);
            }
            _ => rig.pass(rig.now() + Duration::from_millis(100 * body.len() as u64)),
        }
        settle(&mut rig, client);
    }
    let held = rig.census();
    assert!(held.rooms <= 1 && held.participants <= 2 && held.addresses <= 60, "{held:?}");
}

/// The first byte says how the rest asks to join: as the query of a URL, as a packed request, or as a plain one.
pub fn join(bytes: &[u8]) {
    let [form, body @ ..] = bytes else { return };
    let packed = |compression: Compression| {
        let wrapped = lk::WrappedJoinRequest { compression: compression as i32, join_request: body.to_vec() };
        format!("join_request={}", URL_SAFE.encode(wrapped.encode_to_vec()))
    };
    let query = match form & 3 {
        0 => String::from_utf8_lossy(body).into_owned(),
        1 => format!("join_request={}", URL_SAFE.encode(body)),
        2 => packed(Compression::None),
        _ => packed(Compression::Gzip),
    };
    let Ok(uri) = format!("/rtc/v1?{query}").parse::<Uri>() else { return };
    let Ok(UrlQuery(query)) = UrlQuery::<Query>::try_from_uri(&uri) else { return };
    let mut rig = Rig::new(0, Instant::now());
    for entry in [Some(query.v0()), query.v1().ok()].into_iter().flatten() {
        let resumes = matches!(entry, Entry::Resume(_));
        let entered = rig.enter("ann", entry);
        assert!(entered.is_ok_and(|(session, _)| session.is_none() == resumes), "nobody has a session to resume");
    }
}

/// A session description as each side of a connection may get it: as it is, or as changes of a good one.
pub fn description(bytes: &[u8]) {
    let [form, body @ ..] = bytes else { return };
    let mut rig = Rig::new(0, Instant::now());
    let path = if form & 1 == 0 { Path::V1 } else { Path::V0 };
    let mut client = Client::join(&mut rig, "ann", path);
    exchange(&rig, &mut client);
    client.publish(rig.now());
    let made: Vec<_> = settled_requests(&mut rig, &mut client);
    for request in made {
        let Some(session) = client.session else { return };
        let changed = |mut description: Description| {
            description.sdp =
                if form & 2 == 0 { edited(&description.sdp, body) } else { String::from_utf8_lossy(body).into_owned() };
            description
        };
        let request = match request {
            Request::Sdp(SdpRequest::Offer(offer)) => Request::Sdp(SdpRequest::Offer(changed(offer))),
            Request::Sdp(SdpRequest::Answer(answer)) => Request::Sdp(SdpRequest::Answer(changed(answer))),
            other @ (Request::Room(_) | Request::Ping(_) | Request::Ignored) => other,
        };
        rig.request(session, request);
        rig.pass(rig.now() + Duration::from_millis(50));
    }
}

/// Datagrams from a client and from a stranger, among genuine ones.
pub fn datagrams(bytes: &[u8]) {
    let mut rig = Rig::new(0, Instant::now());
    let mut client = Client::join(&mut rig, "ann", Path::V1);
    settle(&mut rig, &mut client);
    let stranger = SocketAddr::from(([127, 0, 0, 1], 9));
    let mut genuine = Vec::new();
    for step in steps(bytes) {
        let [head, body @ ..] = step else { continue };
        let own = client.addresses()[0];
        let source = if head & 1 == 0 { own } else { stranger };
        match (head >> 1) & 3 {
            0 => rig.datagram(source, body),
            1 => {
                let mut copy: Vec<u8> = genuine.last().cloned().unwrap_or_default();
                for change in body.chunks_exact(2) {
                    if let Some(byte) = copy.get_mut(usize::from(change[0])) {
                        *byte ^= change[1];
                    }
                }
                rig.datagram(source, &copy);
            }
            _ => {
                let mut sent = Vec::new();
                client.run(rig.now(), &mut sent);
                for (from, datagram) in sent {
                    rig.datagram(from, &datagram);
                    genuine.push(datagram);
                }
                settle(&mut rig, &mut client);
                rig.pass(rig.now() + Duration::from_millis(20));
            }
        }
    }
    let held = rig.census();
    assert!(held.participants <= 1 && held.addresses <= 20, "{held:?}");
}

/// Cuts bytes into steps: each begins with its length.
fn steps(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    let next = move || {
        let (&length, after) = rest.split_first()?;
        let (step, after) = after.split_at(usize::from(length).min(after.len()));
        rest = after;
        Some(step)
    };
    std::iter::from_fn(next).take(STEPS_MAX)
}

fn frame(rig: &mut Rig, client: &Client, message: Message) {
    if let (Some(session), Ok(Some(request))) = (client.session, socket::request(&message)) {
        rig.request(session, request);
    }
}

/// Client and driver talk until both have said what they had to say.
fn settle(rig: &mut Rig, client: &mut Client) {
    for request in settled_requests(rig, client) {
        if let Some(session) = client.session {
            rig.request(session, request);
        }
    }
    exchange(rig, client);
}

/// What the client wants to say once it has heard everything.
fn settled_requests(rig: &mut Rig, client: &mut Client) -> Vec<Request> {
    exchange(rig, client);
    client.take_requests()
}

fn exchange(rig: &Rig, client: &mut Client) {
    for response in client.read() {
        client.hear(response);
    }
    let media = rig.media();
    for (to, datagram) in client.pick_up() {
        client.receive(media, to, &datagram, rig.now());
    }
}

/// Changes lines of a description: each change is a line's number, what to do, and how long the text is that follows.
fn edited(sdp: &str, changes: &[u8]) -> String {
    let mut lines: Vec<String> = sdp.lines().map(str::to_owned).collect();
    let mut rest = changes;
    while let [number, what, length, after @ ..] = rest {
        let (text, after) = after.split_at(usize::from(*length).min(after.len()));
        rest = after;
        if lines.is_empty() {
            break;
        }
        let at = usize::from(*number) % lines.len();
        let text = String::from_utf8_lossy(text);
        match what & 3 {
            0 => drop(lines.remove(at)),
            1 => lines[at] = text.into_owned(),
            2 => lines.insert(at, text.into_owned()),
            _ => {
                let line = &mut lines[at];
                let keep = line.char_indices().map(|(at, _)| at).nth(usize::from(what >> 2)).unwrap_or(line.len());
                line.truncate(keep);
                line.push_str(&text);
            }
        }
    }
    lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect()
}

#[cfg(test)]
mod tests {
    use livekit_protocol::signal_request::Message as In;
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn rubbish(most: usize) -> impl Strategy<Value = Vec<u8>> {
        vec(any::<u8>(), 0..most)
    }

    /// A frame that means something, in one of its two forms.
    fn meant() -> impl Strategy<Value = (u8, Vec<u8>)> {
        let message =
            prop_oneof![
                any::<bool>().prop_map(|muted| In::Mute(lk::MuteTrackRequest { sid: "TR_x".into(), muted })),
                vec(0..4_i32, 0..4).prop_map(|features| In::UpdateAudioTrack(lk::UpdateLocalAudioTrack {
                    track_sid: "TR_x".into(),
                    features,
                })),
                any::<(String, String)>().prop_map(|(cid, name)| In::AddTrack(lk::AddTrackRequest {
                    cid,
                    name,
                    ..Default::default()
                })),
                any::<(String, String)>().prop_map(|(name, metadata)| In::UpdateMetadata(
                    lk::UpdateParticipantMetadata { name, metadata, ..Default::default() }
                )),
                any::<(u32, String)>().prop_map(|(id, sdp)| In::Answer(lk::SessionDescription {
                    id,
                    sdp,
                    ..Default::default()
                })),
                Just(In::Leave(lk::LeaveRequest::default())),
                any::<i64>().prop_map(In::Ping),
            ];
        (0..2_u8, message, any::<bool>()).prop_map(|(who, message, text)| {
            let request = lk::SignalRequest { message: Some(message) };
            match text {
                true => (who | 3 << 1, serde_json::to_vec(&request).unwrap()),
                false => (who, request.encode_to_vec()),
            }
        })
    }

    fn step() -> impl Strategy<Value = Vec<u8>> {
        let any_step = prop_oneof![meant(), (any::<u8>(), rubbish(60))];
        any_step.prop_filter_map("too long for a step", |(head, body)| {
            let length = u8::try_from(body.len() + 1).ok()?;
            Some([&[length, head], body.as_slice()].concat())
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn frames_are_survived(steps in vec(step(), 0..12)) {
            frames(&steps.concat());
        }

        #[test]
        fn requests_to_join_are_survived(form: u8, body in rubbish(200)) {
            join(&[&[form], body.as_slice()].concat());
        }

        #[test]
        fn descriptions_are_survived(form: u8, body in rubbish(80)) {
            description(&[&[form], body.as_slice()].concat());
        }

        #[test]
        fn datagrams_are_survived(steps in vec(step(), 0..24)) {
            datagrams(&steps.concat());
        }
    }
}
