//! Puts what lines say together into calls of a bearable size.

use pb::import_conversations_request::ImportedConversation;
use proto::context::v1 as pb;

/// How many parts of conversations, and how many verdicts, go into one call.
const PARTS_MAX: usize = 100;
/// How many messages of a conversation go into one part.
const MESSAGES_MAX: usize = 1000;
/// How many bytes of text go into one call, of the 4 MiB that it may have.
const BYTES_MAX: usize = 1 << 20;

/// The next call, as far as it is known.
#[derive(Debug, Default)]
pub(super) struct Batch {
    request: pb::ImportConversationsRequest,
    bytes: usize,
}

impl Batch {
    /// Adds a conversation of `user`, and gives `full` every call that is complete by that.
    pub(super) fn talk(
        &mut self,
        user: &str,
        talk: ImportedConversation,
        full: &mut Vec<pb::ImportConversationsRequest>,
    ) {
        self.belongs_to(user, full);
        let ImportedConversation { conversation_id, time_zone, messages } = talk;
        for message in messages {
            let bytes = message.text.len() + message.name.len() + message.client_id.len();
            let conversations = &self.request.conversations;
            let goes_on = conversations.last().is_some_and(|last| {
                last.conversation_id == conversation_id
                    && last.time_zone == time_zone
                    && last.messages.len() < MESSAGES_MAX
            });
            let has_room = self.bytes + bytes <= BYTES_MAX && (goes_on || conversations.len() < PARTS_MAX);
            // What is said of an item must come after what it was made of, also in the order of the lines.
            let begins = !has_room || !self.request.verdicts.is_empty();
            if begins {
                self.end(full);
            }
            self.bytes += bytes;
            match self.request.conversations.last_mut() {
                Some(last) if goes_on && !begins => last.messages.push(message),
                _ => self.request.conversations.push(ImportedConversation {
                    conversation_id: conversation_id.clone(),
                    time_zone: time_zone.clone(),
                    messages: vec![message],
                }),
            }
        }
    }

    /// The same for what `user` said of an item.
    pub(super) fn verdict(&mut self, user: &str, json: String, full: &mut Vec<pb::ImportConversationsRequest>) {
        self.belongs_to(user, full);
        if self.bytes + json.len() > BYTES_MAX || self.request.verdicts.len() >= PARTS_MAX {
            self.end(full);
        }
        self.bytes += json.len();
        self.request.verdicts.push(json);
    }

    /// There is no more.
    pub(super) fn end(&mut self, full: &mut Vec<pb::ImportConversationsRequest>) {
        let next = pb::ImportConversationsRequest { user_id: self.request.user_id.clone(), ..Default::default() };
        let request = std::mem::replace(&mut self.request, next);
        self.bytes = 0;
        if !(request.conversations.is_empty() && request.verdicts.is_empty()) {
            full.push(request);
        }
    }

    fn belongs_to(&mut self, user: &str, full: &mut Vec<pb::ImportConversationsRequest>) {
        if self.request.user_id != user {
            self.end(full);
            user.clone_into(&mut self.request.user_id);
        }
    }
}

#[cfg(test)]
mod tests {
    use pb::import_conversations_request::ImportedMessage;

    use super::*;

    fn talk(conversation: &str, zone: &str, lengths: &[usize]) -> ImportedConversation {
        let message = |length: &usize| ImportedMessage { text: "x".repeat(*length), ..Default::default() };
        ImportedConversation {
            conversation_id: conversation.into(),
            time_zone: zone.into(),
            messages: lengths.iter().map(message).collect(),
        }
    }

    /// Of each call its user, and the messages of each part.
    fn shape(calls: &[pb::ImportConversationsRequest]) -> Vec<(&str, Vec<usize>)> {
        let parts =
            |call: &pb::ImportConversationsRequest| call.conversations.iter().map(|part| part.messages.len()).collect();
        calls.iter().map(|call| (call.user_id.as_str(), parts(call))).collect()
    }

    #[test]
    fn messages_of_one_conversation_and_zone_stay_together() {
        let (mut batch, mut calls) = (Batch::default(), vec![]);

        batch.talk("u1", talk("c1", "", &[1]), &mut calls);
        batch.talk("u1", talk("c1", "", &[1, 1]), &mut calls);
        batch.talk("u1", talk("c1", "Asia/Tokyo", &[1]), &mut calls);
        batch.talk("u1", talk("c2", "Asia/Tokyo", &[1]), &mut calls);
        batch.talk("u2", talk("c2", "Asia/Tokyo", &[1]), &mut calls);
        batch.end(&mut calls);

        assert_eq!(shape(&calls), [("u1", vec![3, 1, 1]), ("u2", vec![1])]);
    }

    #[test]
    fn no_call_is_longer_than_it_may_be() {
        let (mut batch, mut calls) = (Batch::default(), vec![]);

        batch.talk("u1", talk("c1", "", &[1; 1001]), &mut calls);
        batch.talk("u1", talk("c2", "", &[BYTES_MAX - 1100, 200, BYTES_MAX]), &mut calls);
        batch.end(&mut calls);

        assert_eq!(shape(&calls), [("u1", vec![1000, 1, 1]), ("u1", vec![1]), ("u1", vec![1])]);
    }

    #[test]
    fn what_was_said_of_items_comes_after_what_was_said() {
        let (mut batch, mut calls) = (Batch::default(), vec![]);

        batch.talk("u1", talk("c1", "", &[1]), &mut calls);
        batch.verdict("u1", "{}".into(), &mut calls);
        batch.talk("u1", talk("c1", "", &[1]), &mut calls);
        batch.end(&mut calls);

        assert_eq!(shape(&calls), [("u1", vec![1]), ("u1", vec![1])]);
        assert_eq!((calls[0].verdicts.len(), calls[1].verdicts.len()), (1, 0));
    }
}
