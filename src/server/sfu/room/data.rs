//! Data packets from one participant to the others.

use super::{Output, Room};
use crate::server::sfu::{data::Channel, ids::PeerKey, participant::Kind, signal::packet::Packet};

impl Room {
    pub(super) fn data(&mut self, peer: PeerKey, channel: Channel, bytes: &[u8]) {
        let Some(sender) = self.participants.get_mut(&peer) else { return };
        let is_agent = sender.kind() == Kind::Agent;
        let allowed = |packet: &Packet| sender.permission.publish_data && packet.may_be_sent(is_agent);
        let Some(packet) = Packet::decode(bytes).filter(allowed) else { return };
        if channel == Channel::Reliable && packet.sequence() != 0 {
            // After a resume the client sends again what it does not know to have arrived.
            if packet.sequence() <= sender.last_sequence {
                return;
            }
            sender.last_sequence = packet.sequence();
        }
        let (sid, identity) = (sender.sid.clone(), sender.claims.identity.clone());
        let others = self.participants.values().filter(|other| other.key != peer);
        let receivers: Vec<_> =
            others.filter(|other| packet.is_for(&other.claims.identity, &other.sid)).map(|other| other.key).collect();
        if receivers.is_empty() {
            return;
        }
        let packet = if is_agent { packet.sent_by_agent(&sid, &identity) } else { packet.sent_by(&sid, &identity) };
        self.out.extend(receivers.into_iter().map(|peer| Output::Deliver { peer, channel, packet: packet.clone() }));
    }
}
