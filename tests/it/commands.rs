//! Commands to the assistant, by data packets and by LiveKit's RPC, and what it tells of a turn.

use livekit_protocol::{self as lk, data_packet::Value, rpc_response};
use serde_json::{Value as Json, json};

use crate::{room_server::RoomServer, sfu_participant::Seen, visit::Visit};

/// Waits for an event of this type; gives its payload.
async fn event(visit: &Visit, wanted: &str) -> Json {
    let is_it = |seen: &Seen| {
        let Seen::Data(packet) = seen else { return None };
        let Some(Value::User(user)) = &packet.value else { return None };
        let mut event: Json = serde_json::from_slice(&user.payload).ok()?;
        let is_it = user.topic.as_deref() == Some("frontdesk.event") && event["type"] == wanted;
        is_it.then(|| event["payload"].take())
    };
    visit.visitor.until(is_it).await
}

fn command(name: &str) -> Value {
    let payload = json!({"type": "command", "payload": {"command": name}}).to_string().into_bytes();
    Value::User(lk::UserPacket { topic: Some("frontdesk.command".into()), payload, ..Default::default() })
}

/// Calls a method; gives what it gave, or the error's code. The acknowledgement comes first.
async fn call(visit: &Visit, id: &str, method: &str) -> Result<String, u32> {
    visit.send(Value::RpcRequest(lk::RpcRequest {
        id: id.into(),
        method: method.into(),
        response_timeout_ms: 15_000,
        version: 1,
        ..Default::default()
    }));
    let mut is_acknowledged = false;
    let mut is_it = |seen: &Seen| {
        let Seen::Data(packet) = seen else { return None };
        match &packet.value {
            Some(Value::RpcAck(ack)) if ack.request_id == id => is_acknowledged = true,
            Some(Value::RpcResponse(response)) if response.request_id == id => {
                assert!(is_acknowledged);
                return response.value.clone();
            }
            _ => {}
        }
        None
    };
    match visit.visitor.until(&mut is_it).await {
        rpc_response::Value::Payload(payload) => Ok(payload),
        rpc_response::Value::Error(error) => Err(error.code),
        rpc_response::Value::CompressedPayload(_) => panic!("nothing here is compressed"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_assistant_obeys_commands_and_methods_and_tells_of_its_turns() {
    for server in RoomServer::each().await {
        let visit = Visit::start(server).await;
        event(&visit, "TTS_READY").await;
        visit.send(command("help"));
        assert_eq!(event(&visit, "COMMAND_RECOGNIZED").await, json!({"command": "help"}));
        event(&visit, "TTS_READY").await;
        let cleared = r#"{"type":"COMMAND_RECOGNIZED","payload":{"command":"clear"}}"#;
        assert_eq!(call(&visit, "1", "clear").await.as_deref(), Ok(cleared));
        assert_eq!(call(&visit, "2", "sudo").await, Err(1400));
        visit.end().await;
    }
}
