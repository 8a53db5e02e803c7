//! Contacts, and the messages that they leave.

use super::{
    CallId, Storage, StorageError,
    connection::{Tx, values},
    reports::storable,
};
use crate::domain::record::Message;

/// Who writes down what callers say.
const ASSISTANT: &str = "assistant";

impl Storage {
    /// Takes a message for the team: finds the contact by its number, or makes one, and adds the message as a note. A
    /// call that it was left in is the contact's from now on. Gives the contact's id.
    ///
    /// The contact of a known number keeps the name that it has.
    ///
    /// # Errors
    /// No such call, or a database that does not do it; nothing is changed then.
    pub async fn take_message(&self, message: &Message, call: Option<&CallId>) -> Result<String, StorageError> {
        let mut tx = self.pool.write().await?;
        let contact = self.take(&mut tx, message, call).await?;
        tx.commit().await?;
        Ok(contact)
    }

    pub(super) async fn take(
        &self,
        tx: &mut Tx,
        message: &Message,
        call: Option<&CallId>,
    ) -> Result<String, StorageError> {
        let now_ms = self.now_ms();
        let known = "SELECT p.contact_id FROM contact_phones p WHERE p.e164 = $1 ORDER BY p.created_at, p.id LIMIT 1";
        let known = match &message.phone {
            Some(phone) => tx.row::<(String,)>(known, values![phone.as_str()]).await?,
            None => None,
        };
        let contact = match known {
            Some((contact,)) => contact,
            None => self.new_contact(tx, message, now_ms).await?,
        };
        let note =
            "INSERT INTO notes (id, contact_id, call_id, author, text, created_at) VALUES ($1, $2, $3, $4, $5, $6)";
        let (reason, call) = (storable(&message.reason), call.map(CallId::as_str));
        tx.run(note, values![&self.id(), &contact, call, ASSISTANT, &reason, now_ms]).await?;
        let link = "UPDATE voice_calls SET contact_id = $1, updated_at = $2 WHERE id = $3";
        tx.run(link, values![&contact, now_ms, call]).await?;
        Ok(contact)
    }

    async fn new_contact(&self, tx: &mut Tx, message: &Message, now_ms: i64) -> Result<String, StorageError> {
        let (contact, name) = (self.id(), storable(&message.name));
        let insert = "INSERT INTO contacts (id, name, name_norm, status, source, version, created_at, updated_at)
            VALUES ($1, $2, $3, 'new', 'call', 0, $4, $4)";
        tx.run(insert, values![&contact, &name, &name.to_lowercase(), now_ms]).await?;
        if let Some(phone) = &message.phone {
            let insert = "INSERT INTO contact_phones (id, contact_id, e164, is_primary, created_at)
                VALUES ($1, $2, $3, $4, $5)";
            tx.run(insert, values![&self.id(), &contact, phone.as_str(), true, now_ms]).await?;
        }
        Ok(contact)
    }
}
