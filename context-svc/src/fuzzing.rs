//! What fuzz targets hold against strangers' bytes. Compiled for them alone.

use jiff::Timestamp;
use kit::id::UserId;

use crate::domain::extract::{Judged, Pass, fold};
use crate::domain::model::{ClientId, ConversationId, ConversationKey, Message, Role};
use crate::domain::secrets::has_secret;
use crate::domain::verdicts::Overlay;
use crate::llm::{Asker, Transcript, remote};

/// Reads, judges and takes whatever a model may answer to a small talk. Panics if anything is remembered that must not be.
#[allow(clippy::expect_used, reason = "a fuzz target has no caller")]
pub fn model_answer(text: &str) {
    let key = ConversationKey::new(
        UserId::parse("u1").expect("a user id"),
        ConversationId::parse("talk").expect("a conversation id"),
    );
    let transcript = Transcript::of(asker(&key), talk());
    let mut pass = Pass::over(&key, None, Overlay::default(), Timestamp::UNIX_EPOCH);
    // The second answer meets what the first has left.
    for _ in 0..2 {
        let transcript = Transcript { previous: pass.remembered(), ..transcript.clone() };
        let Some(answer) = remote::read(text, &transcript) else { return };
        let judged = Judged::of(&key.conversation_id, &transcript, answer, pass.overlay());
        pass.take(judged, 1);
    }
    let context = pass.finish(None, 3, Default::default());
    assert!(!has_secret(&context.title) && !has_secret(&context.summary), "a secret in title or summary");
    for item in &context.items {
        assert!(!item.text.is_empty() && !has_secret(&item.text), "no text, or a secret in it");
        assert!(!item.evidence.is_empty(), "an item without evidence");
        for evidence in &item.evidence {
            let said = transcript.messages.iter().find(|message| message.seq == evidence.seq);
            let is_there = said.is_some_and(|message| message.text.contains(&evidence.quote));
            assert!(is_there && !fold::fold(&evidence.quote).is_empty(), "a quote that is not in its message");
        }
        for report in &item.progress {
            let words = report.evidence.iter().all(|evidence| {
                let said = transcript.messages.iter().find(|message| message.seq == evidence.seq);
                said.is_some_and(|message| message.role == Role::User && message.text.contains(&evidence.quote))
            });
            assert!(words && !report.evidence.is_empty(), "a report that the user did not make");
            assert!(!report.note.is_empty() && !has_secret(&report.note), "a report of nothing, or with a secret");
        }
        let users = item.evidence.iter().any(|evidence| evidence.seq != 2);
        assert!(users, "an item that only the coach spoke of");
    }
    let ids: std::collections::HashSet<_> = context.items.iter().map(|item| &item.id).collect();
    assert_eq!(ids.len(), context.items.len(), "two items of one id");
    let stored = serde_json::to_string(&context).expect("a context can be stored");
    assert_eq!(serde_json::from_str(&stored).ok(), Some(context), "a context that comes back otherwise");
}

fn asker(key: &ConversationKey) -> Asker {
    Asker { user_id: key.user_id.clone(), conversation_id: Some(key.conversation_id.clone()) }
}

fn talk() -> Vec<Message> {
    let turns = [
        (Role::User, "I will run a marathon in May 👨\u{200d}👩\u{200d}👧. My password is swordfish99."),
        (Role::Assistant, "Great. You could also try keto."),
        (Role::User, "No, no diets for me. 我打算明天去报名。"),
    ];
    let message = |(seq, (role, text)): (i64, (Role, &str))| Message {
        seq,
        client_id: ClientId::random(),
        role,
        name: String::new(),
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
        time_zone: Some("Europe/Berlin".to_owned()),
    };
    (1..).zip(turns).map(message).collect()
}
