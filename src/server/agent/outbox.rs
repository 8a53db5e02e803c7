//! What the conversation sends into the room: sound may be lost on the way, nothing else.
//!
//! It never waits. A room that takes orders too slowly loses sound first; one that takes none has to be left.

use tokio::sync::mpsc::{Sender, error::TrySendError};

use super::link::Order;

/// Places in the queue that sound leaves to everything else.
const RESERVE: usize = 64;

/// The way into the room.
pub(super) struct Outbox {
    orders: Sender<Order>,
    is_blocked: bool,
}

impl Outbox {
    /// Sends to `orders`.
    pub(super) fn new(orders: Sender<Order>) -> Self {
        Self { orders, is_blocked: false }
    }

    /// Sends an order. A room that is over takes none and says so itself.
    pub(super) fn send(&mut self, order: Order) {
        if matches!(order, Order::Audio { .. }) && self.orders.capacity() <= RESERVE {
            return;
        }
        match self.orders.try_send(order) {
            Ok(()) | Err(TrySendError::Closed(_)) => {}
            Err(TrySendError::Full(_)) => self.is_blocked = true,
        }
    }

    /// Sends orders, one after the other.
    pub(super) fn send_all(&mut self, orders: impl IntoIterator<Item = Order>) {
        orders.into_iter().for_each(|order| self.send(order));
    }

    /// Whether an order was lost that the room cannot do without.
    pub(super) fn is_blocked(&self) -> bool {
        self.is_blocked
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tokio::sync::mpsc::channel;

    use super::*;

    fn audio() -> Order {
        Order::Audio { time: 0, opus: vec![1] }
    }

    fn shown() -> Order {
        Order::Attributes(BTreeMap::new())
    }

    #[test]
    fn sound_is_lost_and_leaves_room_for_the_rest() {
        let (orders, mut room) = channel(RESERVE + 2);
        let mut outbox = Outbox::new(orders);
        outbox.send_all((0..1000).map(|_| audio()));
        outbox.send_all((0..RESERVE).map(|_| shown()));
        assert!(!outbox.is_blocked());
        let sent: Vec<Order> = std::iter::from_fn(|| room.try_recv().ok()).collect();
        assert_eq!(sent, [vec![audio(); 2], vec![shown(); RESERVE]].concat());
    }

    #[test]
    fn a_lost_order_is_told() {
        let (orders, mut room) = channel(1);
        let mut outbox = Outbox::new(orders);
        outbox.send_all([shown(), shown()]);
        assert!(outbox.is_blocked());
        room.close();
        let (orders, _) = channel(1);
        let mut over = Outbox::new(orders);
        over.send_all([shown(), shown()]);
        assert!(!over.is_blocked());
    }
}
