//! Judges what a model proposes, item by item: only what the user said, in words that are really there, is remembered.

use std::collections::HashMap;

use jiff::Timestamp;
use sha2::{Digest, Sha256};

use super::fold::{Folded, fingerprint, fold, on_one_line};
use crate::domain::model::{
    Basis, ConversationId, Evidence, Horizon, Item, ItemKind, ItemStatus, Message, Role, SessionContext,
};
use crate::domain::secrets::has_secret;
use crate::llm::{Proposal, Quote};

const TEXT_BYTES_MAX: usize = 1024;
const EVIDENCE_MAX: usize = 8;

/// Words that only a prompt or its example would put into an item.
const TEMPLATES: &[&str] =
    &["{text}", "{{", "<goal", "<decision", "<insight", "<text", "[goal", "[text", "lorem ipsum", "placeholder"];

/// Why a proposed item was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Rejection {
    /// Its text says nothing.
    EmptyText,
    /// Its text is longer than one sentence should be.
    TextTooLong,
    /// Its text is a placeholder of the prompt, which the user did not say.
    TemplateWords,
    /// Its text or a quote gives away a secret.
    Secret,
    /// None of its quotes is in the message it names.
    QuoteNotFound,
    /// Its quotes are there, but none is the user's.
    NotTheUser,
    /// A goal or decision that the user neither stated nor accepted.
    NotStated,
}

impl Rejection {
    /// Stable reason in upper snake case.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::EmptyText => "EMPTY_TEXT",
            Self::TextTooLong => "TEXT_TOO_LONG",
            Self::TemplateWords => "TEMPLATE_WORDS",
            Self::Secret => "SECRET",
            Self::QuoteNotFound => "QUOTE_NOT_FOUND",
            Self::NotTheUser => "NOT_THE_USER",
            Self::NotStated => "NOT_STATED",
        }
    }
}

/// Knows what was really said.
pub(super) struct Judge<'a> {
    conversation_id: &'a ConversationId,
    said: HashMap<i64, Said<'a>>,
    known: HashMap<(i64, String), (&'a Evidence, Timestamp)>,
}

struct Said<'a> {
    role: Role,
    at: Timestamp,
    words: Folded<'a>,
}

impl<'a> Judge<'a> {
    /// A judge over `messages`, and over the evidence that earlier passes accepted.
    pub(super) fn new(
        conversation_id: &'a ConversationId,
        messages: &'a [Message],
        previous: Option<&'a SessionContext>,
    ) -> Self {
        let said = |message: &'a Message| {
            let words = Folded::of(&message.text);
            (message.seq, Said { role: message.role, at: message.at, words })
        };
        let items = previous.into_iter().flat_map(|context| &context.items);
        let known = items.flat_map(|item| item.evidence.iter().map(|evidence| (evidence, item.said_at)));
        Self {
            conversation_id,
            said: messages.iter().map(said).collect(),
            known: known.map(|known| ((known.0.seq, fold(&known.0.quote)), known)).collect(),
        }
    }

    /// The item that `proposal` comes to, or why it comes to none.
    pub(super) fn judge(&self, proposal: &Proposal) -> Result<Item, Rejection> {
        let text = on_one_line(&proposal.text);
        let statement = fingerprint(&text);
        if statement.is_empty() {
            return Err(Rejection::EmptyText);
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(Rejection::TextTooLong);
        }
        if says_template_words(&text) && !proposal.evidence.iter().any(|quote| says_template_words(&quote.text)) {
            return Err(Rejection::TemplateWords);
        }
        if has_secret(&text) || proposal.evidence.iter().any(|quote| has_secret(&quote.text)) {
            return Err(Rejection::Secret);
        }
        if proposal.basis == Basis::Inferred && proposal.kind != ItemKind::Insight {
            return Err(Rejection::NotStated);
        }
        let (evidence, said_at) = self.evidence(&proposal.evidence)?;
        Ok(Item {
            id: item_id(self.conversation_id, proposal.kind, &statement),
            conversation_id: self.conversation_id.clone(),
            kind: proposal.kind,
            text,
            status: status(proposal),
            due: None,
            speaker: Role::User,
            evidence,
            basis: proposal.basis,
            said_at,
            supersedes: proposal.supersedes.clone(),
            superseded_by: None,
            progress: Vec::new(),
            last_mentioned_at: (proposal.kind == ItemKind::Goal).then_some(said_at),
            horizon: (proposal.kind == ItemKind::Insight).then(|| proposal.horizon.unwrap_or(Horizon::Situational)),
        })
    }

    /// The quotes that hold, and when the user first said one of them.
    fn evidence(&self, quotes: &[Quote]) -> Result<(Vec<Evidence>, Timestamp), Rejection> {
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut said_at: Option<Timestamp> = None;
        for quote in quotes {
            let Some((found, by_user_at)) = self.find(quote) else {
                continue;
            };
            if let Some(at) = by_user_at {
                said_at = Some(said_at.map_or(at, |first| first.min(at)));
            }
            if !evidence.contains(&found) && evidence.len() < EVIDENCE_MAX {
                evidence.push(found);
            }
        }
        if evidence.is_empty() {
            return Err(Rejection::QuoteNotFound);
        }
        said_at.map(|at| (evidence, at)).ok_or(Rejection::NotTheUser)
    }

    /// A quote as it stands in its message, and when that was if it was the user's.
    fn find(&self, quote: &Quote) -> Option<(Evidence, Option<Timestamp>)> {
        let Some(said) = self.said.get(&quote.seq) else {
            let known = self.known.get(&(quote.seq, fold(&quote.text)));
            return known.map(|(evidence, said_at)| ((*evidence).clone(), Some(*said_at)));
        };
        let words = said.words.find(&quote.text)?;
        let evidence =
            Evidence { conversation_id: self.conversation_id.clone(), seq: quote.seq, quote: words.to_owned() };
        Some((evidence, (said.role == Role::User).then_some(said.at)))
    }
}

fn says_template_words(text: &str) -> bool {
    let lower = text.to_lowercase();
    TEMPLATES.iter().any(|words| lower.contains(words))
}

/// The same for the same statement in the same conversation, whenever and however often it is extracted.
fn item_id(conversation_id: &ConversationId, kind: ItemKind, statement: &str) -> String {
    let digest = Sha256::digest(format!("{conversation_id}\n{kind}\n{statement}"));
    let short: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    format!("{conversation_id}.{short}")
}

/// The status proposed, if it is one that the kind can have; else the one it begins with.
fn status(proposal: &Proposal) -> Option<ItemStatus> {
    use ItemStatus::{Active, Done, Dropped, Reversed, Taken};
    match (proposal.kind, proposal.status) {
        (ItemKind::Goal, Some(status @ (Active | Done | Dropped))) => Some(status),
        (ItemKind::Goal, _) => Some(Active),
        (ItemKind::Decision, Some(status @ (Taken | Reversed))) => Some(status),
        (ItemKind::Decision, _) => Some(Taken),
        (ItemKind::Insight, _) => None,
    }
}
