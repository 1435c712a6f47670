//! Q9, and what deletion promises: what became of messages.

use std::collections::{BTreeMap, BTreeSet};

use super::{Evidence, Findings, name, of, standing};
use crate::killing::ledger::Said;
use crate::store::Heard;

/// Messages by user, conversation and client id.
type Found<'a> = BTreeMap<(&'a str, &'a str, &'a str), Vec<&'a Heard>>;

impl Evidence {
    /// Q9: an acknowledged message is readable exactly once, where and as it was acknowledged; what was deleted is gone.
    pub(super) fn q9_messages(&self, findings: &mut Findings) {
        let readable = self.readable(findings);
        for said in &self.ledger.messages {
            let talk = &said.talk;
            let key = (talk.user.as_str(), talk.conversation.as_str(), said.client_id.as_str());
            let found = readable.get(&key).map(Vec::as_slice).unwrap_or_default();
            if self.is_deleted(talk) {
                self.is_gone(said, found, findings);
                continue;
            }
            let message = format!("message {} of {} ({})", said.client_id, talk.conversation, talk.user);
            match found {
                [] => findings.lost("Q9", format!("{message} was acknowledged as {} and is not there", said.seq)),
                [heard] if heard.seq == said.seq && heard.text == said.text => {}
                [heard] => findings.lost("Q9", format!("{message} was acknowledged as {}, is {heard:?}", said.seq)),
                _ => findings.doubled("Q9", format!("{message} is there {} times", found.len())),
            }
        }
    }

    /// What can be read; what cannot must not be there at all, and what can must have no gap.
    fn readable(&self, findings: &mut Findings) -> Found<'_> {
        let kept = self.kept();
        let (mut found, mut texts, mut seqs) = (Found::new(), BTreeSet::new(), BTreeMap::<_, Vec<i64>>::new());
        for heard in &self.witnessed.messages {
            let (user, conversation) = of(&heard.life);
            if kept.get(&(user, conversation)).is_none_or(|kept| kept.life != heard.life) {
                findings.breach("deletion", format!("a message of a deleted life of {conversation} is still there"));
                continue;
            }
            found.entry((user, conversation, heard.client_id.as_str())).or_default().push(heard);
            seqs.entry((user, conversation)).or_default().push(heard.seq);
            if !texts.insert((user, conversation, heard.text.as_str())) {
                findings.doubled("Q9", format!("the words of message {} of {conversation} are there twice", heard.seq));
            }
        }
        for (key, kept) in kept {
            let seqs = seqs.remove(&key).unwrap_or_default();
            if !seqs.iter().copied().eq(1..=kept.last_seq) {
                findings.breach("Q9", format!("{} is at {} and has {seqs:?}", name(kept), kept.last_seq));
            }
        }
        found
    }

    /// A try of which the client never heard may take effect after the deletion: nobody can tell it from a new message.
    fn is_gone(&self, said: &Said, found: &[&Heard], findings: &mut Findings) {
        let (user, client_id) = (&said.talk.user, &said.client_id);
        if !found.is_empty() && !self.ledger.unknown.contains(&format!("{user}/{client_id}")) {
            let conversation = &said.talk.conversation;
            findings.breach("deletion", format!("message {client_id} of {conversation} came back"));
        }
    }

    /// Q9: what a user said is waiting to be extracted, or covered by a context, or its job says why not.
    pub(super) fn q9_covered(&self, findings: &mut Findings) {
        let kept = self.kept();
        let users = self.ledger.messages.iter().filter(|said| said.is_users && !self.is_deleted(&said.talk));
        for said in users {
            let Some(kept) = kept.get(&(said.talk.user.as_str(), said.talk.conversation.as_str())) else { continue };
            if !kept.is_dirty && kept.done_seq() < said.seq && !kept.gives_up_on(said.seq) {
                let what = format!("message {} is neither dirty nor covered: {}", said.seq, standing(kept));
                findings.lost("Q9", format!("{}: {what}", name(kept)));
            }
        }
    }
}
