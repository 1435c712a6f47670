//! Which ids the messages of a file have: two messages under one id would lose one of them, in whatever lines they stand.

use std::collections::HashMap;

use proto::context::v1::import_conversations_request::ImportedConversation;
use sha2::{Digest, Sha256};

/// Half a SHA-256: a file may have millions of messages.
type Short = [u8; 16];

/// Of every id that was met, what its message says.
#[derive(Debug, Default)]
pub(super) struct Ids(HashMap<Short, Short>);

impl Ids {
    /// Takes in the messages of a line of `user`'s; none of them if one has the id of another message in a line before.
    pub(super) fn take(&mut self, user: &str, talk: &ImportedConversation) -> Result<(), String> {
        let of = |place: usize| {
            let message = &talk.messages[place];
            let id = short(&[user, &talk.conversation_id, &message.client_id]);
            (id, short(&[&message.role.to_string(), &message.text]))
        };
        let met: Vec<_> = (0..talk.messages.len()).map(of).collect();
        if let Some(place) = met.iter().position(|(id, said)| self.0.get(id).is_some_and(|other| other != said)) {
            let client_id = &talk.messages[place].client_id;
            return Err(format!(
                "client_id {client_id}: is used by another message of the conversation, in a line before"
            ));
        }
        self.0.extend(met);
        Ok(())
    }
}

fn short(parts: &[&str]) -> Short {
    let digest = Sha256::digest(parts.join("\n"));
    std::array::from_fn(|place| digest[place])
}
