//! The few facts that are read from a session description, and the edits that LiveKit's clients need, as text.

use str0m::media::Mid;

use super::single::Plan;

/// How a section was offered, seen from whoever offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SectionDirection {
    /// Both ways.
    SendRecv,
    /// The offerer sends.
    SendOnly,
    /// The offerer receives.
    RecvOnly,
    /// Neither.
    Inactive,
}

/// A media section of an offer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// Its id.
    pub mid: Mid,
    /// Whether it carries audio.
    pub audio: bool,
    /// Who sends.
    pub direction: SectionDirection,
    /// The media track's id, from `a=msid`.
    pub track: Option<String>,
}

impl Section {
    /// Whether the offerer sends audio on it.
    pub fn sends(&self) -> bool {
        self.audio && matches!(self.direction, SectionDirection::SendRecv | SectionDirection::SendOnly)
    }
}

/// Reads the sections of an offer.
pub fn sections(sdp: &str) -> Vec<Section> {
    split(sdp).into_iter().skip(1).filter_map(|lines| section(&lines)).collect()
}

fn section(lines: &[&str]) -> Option<Section> {
    let direction = lines.iter().find_map(|line| match *line {
        "a=sendonly" => Some(SectionDirection::SendOnly),
        "a=recvonly" => Some(SectionDirection::RecvOnly),
        "a=inactive" => Some(SectionDirection::Inactive),
        _ => None,
    });
    let msid = lines.iter().find_map(|line| line.strip_prefix("a=msid:"));
    Some(Section {
        mid: mid(lines)?,
        audio: lines.first()?.starts_with("m=audio "),
        direction: direction.unwrap_or(SectionDirection::SendRecv),
        track: msid.and_then(|msid| msid.split(' ').nth(1)).map(str::to_owned),
    })
}

/// Leaves the candidates out. The light side of ICE needs none: it learns where its peer is from the peer's checks. And
/// str0m sorts all pairs anew for each, so that an offer with thousands would hold every room up.
pub fn without_candidates(sdp: &str) -> String {
    let lines = sdp.lines().filter(|line| !line.starts_with("a=candidate:"));
    lines.flat_map(|line| [line, "\r\n"]).collect()
}

/// Rewrites an offer so that sections which will carry nothing are answered as inactive, and without its candidates.
pub fn silence_unused(offer: &str, plan: &Plan) -> String {
    edit(&without_candidates(offer), |mid, line, out| {
        let unused = line == "a=recvonly" && mid.is_some_and(|mid| !plan.contains_key(&mid));
        out.push_str(if unused { "a=inactive" } else { line });
    })
}

/// Rewrites an answer so that each section names the participant and the track that it carries.
pub fn name_streams(answer: &str, plan: &Plan) -> String {
    edit(answer, |mid, line, out| {
        let Some(stream) = mid.and_then(|mid| plan.get(&mid)) else { return out.push_str(line) };
        if line.starts_with("a=msid:") {
            out.push_str("a=msid:");
        } else if let Some((source, _)) = line.split_once(" msid:") {
            out.push_str(source);
            out.push_str(" msid:");
        } else {
            return out.push_str(line);
        }
        out.push_str(&format!("{}|{} {}", stream.publisher, stream.track, stream.track));
    })
}

/// Rewrites an answer so that it does not tell that this side's ICE is the light one.
///
/// Towards a light agent libwebrtc nominates no pair before it has a response, and asks again only 50 ms later
/// (`IsNominated` in its `basic_ice_controller.cc`); towards a full one it nominates with the first check. As the
/// answering side this one is controlled in either case (RFC 8445, section 6.1.1) and need not send checks of its own.
pub fn hide_lite(answer: &str) -> String {
    answer.replace("a=ice-lite\r\n", "")
}

fn edit(sdp: &str, mut write: impl FnMut(Option<Mid>, &str, &mut String)) -> String {
    let mut out = String::with_capacity(sdp.len() + 256);
    for lines in split(sdp) {
        let mid = mid(&lines);
        for line in lines {
            write(mid, line, &mut out);
            out.push_str("\r\n");
        }
    }
    out
}

/// The session part, then each media section.
fn split(sdp: &str) -> Vec<Vec<&str>> {
    let mut parts = vec![Vec::new()];
    for line in sdp.lines() {
        if line.starts_with("m=") {
            parts.push(Vec::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(line);
        }
    }
    parts
}

fn mid(lines: &[&str]) -> Option<Mid> {
    lines.iter().find_map(|line| line.strip_prefix("a=mid:")).map(Mid::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::sfu::{
        ids::{ParticipantSid, TrackSid},
        track::Stream,
    };

    const SDP: &str = "v=0\r\ns=-\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=recvonly\r\n\
        m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:1\r\na=sendonly\r\na=msid:- cid-1\r\na=ssrc:5 msid:- cid-1\r\n\
        m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:2\r\na=recvonly\r\n\
        m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:3\r\n";

    fn plan(mid: &str) -> Plan {
        let stream =
            Stream { publisher: ParticipantSid::try_from("PA_x").unwrap(), track: TrackSid::try_from("TR_y").unwrap() };
        Plan::from([(Mid::from(mid), stream)])
    }

    #[test]
    fn sections_are_read() {
        let read: Vec<_> = sections(SDP)
            .into_iter()
            .map(|section| (section.mid.to_string(), section.audio, section.direction, section.track))
            .collect();
        assert_eq!(
            read,
            [
                ("0".to_owned(), true, SectionDirection::RecvOnly, None),
                ("1".to_owned(), true, SectionDirection::SendOnly, Some("cid-1".to_owned())),
                ("2".to_owned(), false, SectionDirection::RecvOnly, None),
                ("3".to_owned(), false, SectionDirection::SendRecv, None),
            ]
        );
    }

    #[test]
    fn only_unused_sections_are_silenced() {
        assert_eq!(silence_unused(SDP, &plan("0")).matches("a=inactive").count(), 1);
        assert_eq!(silence_unused(SDP, &Plan::new()).matches("a=inactive").count(), 2);
    }

    #[test]
    fn streams_are_named() {
        let named = name_streams(SDP, &plan("1"));
        assert!(named.contains("\r\na=msid:PA_x|TR_y TR_y\r\na=ssrc:5 msid:PA_x|TR_y TR_y\r\n"));
        assert!(!named.contains("cid-1"));
        assert_eq!(name_streams(SDP, &Plan::new()), SDP);
    }
}
