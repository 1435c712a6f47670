//! Plays a case: its conversations one after the other, each said to its end and extracted before the next.

use std::collections::HashMap;
use std::sync::Arc;

use context_svc::domain::model::{ConversationId, ConversationKey, Item, Role};
use context_svc::llm::Model;

use super::super::Service;
use super::super::service::{Extracted, Turn, key};
use super::case::{Case, Said};
use crate::Failure;

/// Stands in a message for what GetContext gave back after the conversations before.
const CONTEXT: &str = "{{context}}";

const USER: &str = "someone";

/// What is remembered at the end, and how it came about.
pub(super) struct Played {
    /// Superseded ones too.
    pub(super) items: Vec<Item>,
    /// Titles and summaries.
    pub(super) told: Vec<String>,
    /// Of the last conversation.
    pub(super) language: String,
    pub(super) calls: i64,
    /// Whether every message came back byte for byte.
    pub(super) is_kept_as_said: bool,
    /// Whether a second extraction of everything gives the items of the first.
    pub(super) is_the_same_again: bool,
    /// Numbers of the conversations, as the case has them.
    pub(super) numbers: HashMap<ConversationId, u32>,
    /// Roles of the messages.
    pub(super) roles: HashMap<(ConversationId, i64), Role>,
}

impl Played {
    /// How many items hold.
    pub(super) fn standing(&self) -> usize {
        self.items.iter().filter(|item| item.superseded_by.is_none()).count()
    }

    /// Who said the message.
    pub(super) fn role_of(&self, conversation: &ConversationId, seq: i64) -> Option<Role> {
        self.roles.get(&(conversation.clone(), seq)).copied()
    }

    /// The number of a conversation.
    pub(super) fn number_of(&self, conversation: &ConversationId) -> Option<u32> {
        self.numbers.get(conversation).copied()
    }

    /// Whether no item holds a letter that is not Latin.
    pub(super) fn is_latin(&self) -> bool {
        let letters = self.items.iter().flat_map(|item| item.text.chars()).filter(|c| c.is_alphabetic());
        letters.into_iter().all(|c| c < '\u{250}')
    }
}

/// Plays `case` on an empty service whose reader is `model`.
pub(super) async fn play(case: &Case, model: Arc<dyn Model>) -> Result<Played, Failure> {
    let service = Service::start(model, case.now).await?;
    if let Some(beside) = &case.expect.beside {
        let key = key(&beside.user, &name(1))?;
        say(&service, &key, case, beside.messages.iter()).await?;
        service.extract(&key).await?;
    }
    let calls_before = service.calls();
    let mut played = Played {
        items: Vec::new(),
        told: Vec::new(),
        language: String::new(),
        calls: 0,
        is_kept_as_said: true,
        is_the_same_again: true,
        numbers: HashMap::new(),
        roles: HashMap::new(),
    };
    let mut numbers: Vec<u32> = case.messages.iter().map(|said| said.conversation).collect();
    numbers.dedup();
    let mut extractions = Vec::new();
    for number in numbers {
        let key = key(USER, &name(number))?;
        let said = say(&service, &key, case, case.messages.iter().filter(|said| said.conversation == number)).await?;
        let kept = service.messages(&key).await?;
        played.is_kept_as_said &= kept.iter().map(|message| &message.text).eq(&said);
        played.roles.extend(kept.iter().map(|message| ((key.conversation_id.clone(), message.seq), message.role)));
        played.numbers.insert(key.conversation_id.clone(), number);
        let Some(extracted) = service.extract(&key).await? else {
            continue;
        };
        let context = &extracted.context;
        played.language = context.language.clone();
        played.told.extend([context.title.clone(), context.summary.clone()]);
        extractions.push(extracted);
    }
    played.items = service.items(&key(USER, &name(1))?.user_id).await?;
    played.calls = service.calls() - calls_before;
    if case.expect.again.is_some() {
        played.is_the_same_again = is_the_same_again(&service, &extractions).await?;
    }
    Ok(played)
}

/// Says what the case has, and gives back what was not refused.
async fn say(
    service: &Service,
    key: &ConversationKey,
    case: &Case,
    messages: impl Iterator<Item = &Said>,
) -> Result<Vec<String>, Failure> {
    let context = service.context(&key.user_id, case.now).await?;
    let mut kept = Vec::new();
    for said in messages {
        let role = Role::parse(&said.role).ok_or_else(|| format!("{:?} is no role", said.role))?;
        for (text, at) in said.turns() {
            // What is no text cannot be sent: the gateway refuses it before anybody sees it.
            let Some(text) = text.map(|text| text.replace(CONTEXT, &context)) else {
                continue;
            };
            if service.says(key, Some(&case.zone), Turn { role, text: text.clone(), at }).await? {
                kept.push(text);
            }
        }
    }
    Ok(kept)
}

async fn is_the_same_again(service: &Service, extractions: &[Extracted]) -> Result<bool, Failure> {
    let mut same = true;
    for extracted in extractions {
        let ids = |items: &[Item]| items.iter().map(|item| item.id.clone()).collect::<Vec<_>>();
        same &= ids(&service.extract_again(extracted).await?) == ids(&extracted.context.items);
    }
    Ok(same)
}

fn name(number: u32) -> String {
    format!("talk-{number}")
}
