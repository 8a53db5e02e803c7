//! Every way in which LiveKit's own test server fails a client, as LiveKit's Rust client takes it: it ends with its reason,
//! and leaves nothing behind.

use std::time::Duration;

use frontdesk::server::{
    sfu::{Census, SfuConfig},
    token::Claims,
};
use futures_util::future::join_all;
use livekit_protocol::{
    self as lk, DisconnectReason, leave_request::Action, signal_request::Message as Request,
    signal_response::Message as Response,
};
use livekit_signaling::{SignalClient, SignalError, SignalEvent, SignalOptions};
use tokio::time::timeout;

use crate::{
    sfu_host::{Host, claims},
    sfu_participant::Path,
};

/// How often each fault is shown.
const ROUNDS: usize = 20;
/// The longest that a client waits for anything: its ping timeout, and some.
const PATIENCE: Duration = Duration::from_secs(40);

/// How it ended for a client.
#[derive(Clone, Debug, PartialEq)]
enum End {
    /// It was refused with this status, as the door itself says.
    Refused(u16),
    /// Nothing came.
    TimedOut,
    /// The socket closed before it had joined.
    ClosedBefore,
    /// It had joined, and the socket closed.
    Closed,
    /// It had joined, or come back, and shall leave.
    Leave(DisconnectReason, Action),
}

async fn failing() -> Host {
    Host::with(SfuConfig { faults: true, ..SfuConfig::default() }).await
}

fn token(host: &Host, identity: &str, wish: &str) -> String {
    let attributes = [("lk.mock".to_owned(), wish.to_owned())].into();
    host.mint(Claims { attributes, ..claims("room", identity) })
}

fn options(path: Path) -> SignalOptions {
    let mut options = SignalOptions::default();
    options.single_peer_connection = path == Path::V1;
    options.region_failover = false;
    options
}

/// Joins with a token that asks to be failed, and tells how it ends. It pings as LiveKit's clients do, once a second.
async fn end(host: &Host, identity: &str, wish: &str, path: Path) -> End {
    let offer = (path == Path::V1).then(lk::SessionDescription::default);
    let token = token(host, identity, wish);
    let (client, _joined, mut events) = match SignalClient::connect(&host.url(), &token, options(path), offer).await {
        Ok(joined) => joined,
        Err(SignalError::Client(status, _) | SignalError::Server(status, _)) => return End::Refused(status.as_u16()),
        // A machine that stalls asks the door too late, and has the socket's own answer only.
        Err(SignalError::Handshake { status }) => return End::Refused(status.as_u16()),
        Err(SignalError::Timeout(_)) => return End::TimedOut,
        Err(SignalError::Closed) => return End::ClosedBefore,
        Err(other) => panic!("{wish}: {other}"),
    };
    let search = async {
        loop {
            match events.recv().await {
                Some(SignalEvent::Message(message)) => {
                    if let Response::Leave(leave) = *message {
                        return End::Leave(leave.reason(), leave.action());
                    }
                }
                Some(SignalEvent::Close(_)) | None => return End::Closed,
            }
        }
    };
    let end = timeout(PATIENCE, search).await.expect("it ends");
    client.close().await;
    end
}

/// Nobody is there any more, nor anything of theirs, but for a room that waits to be closed.
async fn nothing_is_left(host: &Host) {
    let _ = host.sfu.delete_room("room").await;
    let gone = async {
        while host.sfu.census().await.unwrap() != Census::default() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, gone).await.expect("what the clients held is let go");
}

async fn ends(wish: &str, expected: End) {
    let host = failing().await;
    let identities: Vec<_> = (0..ROUNDS).map(|round| format!("guest {round}")).collect();
    let clients = identities.iter().enumerate().map(|(round, identity)| {
        let path = if round % 2 == 0 { Path::V0 } else { Path::V1 };
        end(&host, identity, wish, path)
    });
    for (round, end) in join_all(clients).await.into_iter().enumerate() {
        assert_eq!(end, expected, "{wish}, round {round}");
    }
    nothing_is_left(&host).await;
}

#[tokio::test]
async fn a_door_that_fails_says_how() {
    ends(r#"{"signal":"validate_401"}"#, End::Refused(401)).await;
    ends(r#"{"signal":"validate_500"}"#, End::Refused(500)).await;
    ends(r#"{"signal":"validate_service_not_found"}"#, End::Refused(404)).await;
    ends(r#"{"signal":"room_not_found"}"#, End::Refused(404)).await;
}

#[tokio::test]
async fn no_first_message_is_waited_for_and_given_up() {
    ends(r#"{"signal":"no_first_message"}"#, End::TimedOut).await;
    ends(r#"{"signal":"leave_first_message"}"#, End::TimedOut).await;
}

#[tokio::test]
async fn sockets_that_close_or_drop_are_noticed() {
    ends(r#"{"signal":"close_before_join"}"#, End::ClosedBefore).await;
    ends(r#"{"signal":"close_when_connected"}"#, End::Closed).await;
    ends(r#"{"signal":"drop_when_connected"}"#, End::Closed).await;
}

/// The half-open socket: it takes pings and says nothing.
#[tokio::test]
async fn a_socket_without_pongs_is_given_up() {
    ends(r#"{"signal":"no_pong"}"#, End::Closed).await;
}

#[tokio::test]
async fn leave_comes_with_each_action() {
    for (name, action) in
        [("DISCONNECT", Action::Disconnect), ("RESUME", Action::Resume), ("RECONNECT", Action::Reconnect)]
    {
        let wish = format!(r#"{{"signal":"leave_when_connected","leaveAction":"{name}"}}"#);
        ends(&wish, End::Leave(DisconnectReason::ServerShutdown, action)).await;
    }
}

#[tokio::test]
async fn leave_while_reconnecting_comes_with_each_action() {
    for (name, action) in
        [("DISCONNECT", Action::Disconnect), ("RESUME", Action::Resume), ("RECONNECT", Action::Reconnect)]
    {
        let host = failing().await;
        let wish = format!(r#"{{"signal":"leave_during_reconnect","leaveAction":"{name}"}}"#);
        for round in 0..ROUNDS {
            let path = if round % 2 == 0 { Path::V0 } else { Path::V1 };
            let token = token(&host, "guest", &wish);
            let offer = (path == Path::V1).then(lk::SessionDescription::default);
            let (client, _, _events) = SignalClient::connect(&host.url(), &token, options(path), offer).await.unwrap();
            let refused = client.restart(lk::ReconnectReason::RrSignalDisconnected).await;
            let Err(SignalError::LeaveRequest { action: told, .. }) = refused else { panic!("{name}: {refused:?}") };
            assert_eq!(told, action);
            client.close().await;
        }
        nothing_is_left(&host).await;
    }
}

/// Where faults are not allowed, nobody's token can ask for them.
#[tokio::test]
async fn nobody_is_failed_who_is_not_in_a_test() {
    let host = Host::start().await;
    for wish in ["validate_500", "no_first_message", "close_before_join", "leave_first_message"] {
        let token = token(&host, "guest", &format!(r#"{{"signal":"{wish}"}}"#));
        let (client, _, _events) = SignalClient::connect(&host.url(), &token, options(Path::V0), None).await.unwrap();
        client.send(Request::Leave(lk::LeaveRequest::default())).await;
        client.close().await;
    }
}
