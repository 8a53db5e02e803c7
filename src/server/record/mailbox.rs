//! Where the assistant leaves messages: in the database, and only there is a message said to be kept.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;

use crate::{
    domain::record::{Message, PhoneNumber, Report, RoomLife, Told},
    server::{
        agent::{CallingCode, Mailbox, MailboxError, SpokenMessage},
        storage::Storage,
    },
};

/// How long the caller waits at most.
const PATIENCE: Duration = Duration::from_secs(5);

/// The mailbox of this server.
pub struct StoredMail {
    storage: Storage,
    calling_code: Option<CallingCode>,
}

impl StoredMail {
    /// Keeps messages in `storage`; numbers without a country code are taken to be in the country of `calling_code`.
    pub(super) fn new(storage: Storage, calling_code: Option<CallingCode>) -> Self {
        Self { storage, calling_code }
    }
}

#[async_trait]
impl Mailbox for StoredMail {
    async fn take(&self, room: Option<&RoomLife>, message: SpokenMessage) -> Result<(), MailboxError> {
        keep(&self.storage, room, &written(message, self.calling_code.as_ref())?).await
    }
}

/// A caller's message as it is kept; a number without a country code is taken to be in the country of `calling_code`.
///
/// # Errors
/// A number or a name that cannot be used.
pub fn written(spoken: SpokenMessage, calling_code: Option<&CallingCode>) -> Result<Message, MailboxError> {
    let code = calling_code.map(CallingCode::as_str);
    let phone = spoken.phone.map(|phone| PhoneNumber::dialled(&phone, code)).transpose();
    let phone = phone.map_err(|error| MailboxError::Field { field: "phone", reason: error.to_string() })?;
    if spoken.name.trim().is_empty() {
        return Err(MailboxError::Field { field: "name", reason: "it must not be empty".to_owned() });
    }
    let wish = if spoken.call_back { "Please call back. " } else { "" };
    Ok(Message { name: spoken.name, phone, reason: format!("{wish}{}", spoken.reason) })
}

/// Keeps a message that was left in `room`, while a caller waits.
///
/// # Errors
/// A database that is away, or too slow.
pub async fn keep(storage: &Storage, room: Option<&RoomLife>, message: &Message) -> Result<(), MailboxError> {
    let stored = async {
        match room {
            Some(room) => {
                let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
                let at_ms = i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX);
                let report = Report { room: room.clone(), at_ms, what: Told::Message(message.clone()) };
                storage.report(&report).await
            }
            None => storage.take_message(message, None).await.map(drop),
        }
    };
    match tokio::time::timeout(PATIENCE, stored).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => {
            tracing::error!(%error, "a message could not be kept");
            Err(MailboxError::Unavailable)
        }
        Err(_) => {
            tracing::error!("a message could not be kept in time");
            Err(MailboxError::Unavailable)
        }
    }
}
