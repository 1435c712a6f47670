//! Judges what a model proposes, item by item: only what the user said, in words that are really there, is remembered.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use unicode_segmentation::UnicodeSegmentation;

use super::elsewhere::Elsewhere;
use super::fold::{Folded, fingerprint, fold, on_one_line};
use super::{progress, when};
use crate::domain::model::{
    Basis, ConversationId, Due, Evidence, Horizon, Item, ItemKind, ItemStatus, Message, Progress, Role, zone_of,
};
use crate::domain::recall::rank::{stem, terms};
use crate::domain::secrets::has_secret;
use crate::domain::verdicts::Overlay;
use crate::llm::{Proposal, Quote, Report, Transcript, When};

/// More than one sentence needs.
pub(in crate::domain) const TEXT_BYTES_MAX: usize = 1024;
const EVIDENCE_MAX: usize = 8;

/// How much of what was proposed is quoted back to the model.
const QUOTED_CHARS_MAX: usize = 200;

/// Words that only a prompt or its example would put into an item.
const TEMPLATES: &[&str] = &[
    "{text}",
    "{{",
    "<goal",
    "<decision",
    "<insight",
    "<text",
    "<one ",
    "<a ",
    "<verbatim",
    "[goal",
    "[text",
    "[one ",
    "lorem ipsum",
    "placeholder",
];

/// The reason of an item that would hold, had its user not rejected it.
pub(super) const REJECTED_BY_USER: &str = "REJECTED_BY_USER";

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
    /// A goal or decision that shares no word with what it quotes.
    Unsupported,
    /// The user has rejected just this statement before.
    RejectedByUser,
    /// Not an item but a report on one: it rests on no words of the user, gives away a secret, or is not of a goal.
    ProgressUnfounded,
}

impl Rejection {
    /// Every one there is.
    #[cfg(test)]
    pub(super) const ALL: &[Self] = &[
        Self::EmptyText,
        Self::TextTooLong,
        Self::TemplateWords,
        Self::Secret,
        Self::QuoteNotFound,
        Self::NotTheUser,
        Self::NotStated,
        Self::Unsupported,
        Self::RejectedByUser,
        Self::ProgressUnfounded,
    ];

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
            Self::Unsupported => "UNSUPPORTED",
            Self::RejectedByUser => REJECTED_BY_USER,
            Self::ProgressUnfounded => "PROGRESS_UNFOUNDED",
        }
    }

    /// What is wrong with `proposal`, for the model that made it.
    pub(super) fn complaint(self, proposal: &Proposal) -> String {
        let quoted = |text: &str| text.chars().take(QUOTED_CHARS_MAX).collect::<String>();
        let problem = match self {
            Self::EmptyText => "its text says nothing".to_owned(),
            Self::TextTooLong => "its text is too long for one sentence".to_owned(),
            Self::TemplateWords => "its text is a placeholder of the instructions".to_owned(),
            Self::Secret => "it gives away a secret".to_owned(),
            Self::QuoteNotFound if proposal.evidence.is_empty() => "it quotes nothing".to_owned(),
            Self::QuoteNotFound => {
                let named = |quote: &Quote| format!("{:?} is not in message {}", quoted(&quote.text), quote.seq);
                proposal.evidence.iter().take(EVIDENCE_MAX).map(named).collect::<Vec<_>>().join("; ")
            }
            Self::NotTheUser => "none of its quotes is of the USER".to_owned(),
            Self::NotStated => "what is INFERRED can be an INSIGHT only".to_owned(),
            Self::Unsupported => "its quotes say something else".to_owned(),
            Self::RejectedByUser => "the user has rejected it as wrong".to_owned(),
            Self::ProgressUnfounded => "an entry of its progress quotes no words of the USER on a goal".to_owned(),
        };
        format!("the {} {:?}: {problem}", proposal.kind, quoted(&proposal.text))
    }
}

/// Knows what was really said.
pub(super) struct Judge<'a> {
    conversation_id: &'a ConversationId,
    said: HashMap<i64, Said<'a>>,
    known: HashMap<(i64, String), (&'a Evidence, Timestamp)>,
    remembered: HashMap<&'a str, (ItemKind, Option<ItemStatus>)>,
    elsewhere: Elsewhere<'a>,
    overlay: &'a Overlay,
}

struct Said<'a> {
    role: Role,
    at: Timestamp,
    zone: Option<&'a str>,
    words: Folded<'a>,
}

/// From when to when something was said.
#[derive(Clone, Copy)]
struct Span {
    first: Timestamp,
    last: Timestamp,
}

impl<'a> Judge<'a> {
    /// A judge over what `transcript` says, over the evidence that earlier passes accepted, and over what the user said of items.
    pub(super) fn new(conversation_id: &'a ConversationId, transcript: &'a Transcript, overlay: &'a Overlay) -> Self {
        let said = |message: &'a Message| {
            let words = Folded::of(&message.text);
            (message.seq, Said { role: message.role, at: message.at, zone: message.time_zone.as_deref(), words })
        };
        let items = transcript.remembered();
        let known = items.iter().flat_map(|item| item.evidence.iter().map(|evidence| (evidence, item.said_at)));
        Self {
            conversation_id,
            said: transcript.messages.iter().map(said).collect(),
            known: known.map(|known| ((known.0.seq, fold(&known.0.quote)), known)).collect(),
            remembered: items.iter().map(|item| (item.id.as_str(), (item.kind, item.status))).collect(),
            elsewhere: Elsewhere::told_with(transcript),
            overlay,
        }
    }

    /// The item that `proposal` comes to, or why it comes to none.
    pub(super) fn judge(&self, proposal: &Proposal) -> Result<Item, Rejection> {
        let grounds = self.evidence(&proposal.evidence);
        let text = self.own_words(on_one_line(&proposal.text), &grounds);
        let statement = fingerprint(&text);
        if statement.is_empty() {
            return Err(Rejection::EmptyText);
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(Rejection::TextTooLong);
        }
        let said = grounds.iter().flat_map(|(evidence, _)| evidence);
        if says_template_words(&text) && !said.into_iter().any(|evidence| says_template_words(&evidence.quote)) {
            return Err(Rejection::TemplateWords);
        }
        if has_secret(&text) || proposal.evidence.iter().any(|quote| has_secret(&quote.text)) {
            return Err(Rejection::Secret);
        }
        if proposal.basis == Basis::Inferred && proposal.kind != ItemKind::Insight {
            return Err(Rejection::NotStated);
        }
        let (evidence, Span { first: said_at, last: mentioned_at }) = grounds?;
        if proposal.kind != ItemKind::Insight && !is_supported(&text, &self.supporting(proposal.basis, &evidence)) {
            return Err(Rejection::Unsupported);
        }
        if self.overlay.rejects(&statement) {
            return Err(Rejection::RejectedByUser);
        }
        let of_kind = |id: &&String| self.remembered.get(id.as_str()).is_some_and(|(kind, _)| *kind == proposal.kind);
        let same_as = proposal.same_as.as_ref().filter(of_kind).cloned();
        let known = same_as.as_ref().and_then(|id| self.remembered.get(id.as_str()));
        let due = proposal.due.as_ref().and_then(|when| self.due(when, &evidence));
        Ok(Item {
            id: same_as.unwrap_or_else(|| item_id(self.conversation_id, proposal.kind, &statement)),
            conversation_id: self.conversation_id.clone(),
            kind: proposal.kind,
            text,
            status: match known {
                // Spoken of again is not begun again.
                Some((_, status)) if proposal.status.is_none() => *status,
                _ => status(proposal),
            },
            due,
            speaker: Role::User,
            evidence,
            basis: proposal.basis,
            said_at,
            supersedes: proposal
                .supersedes
                .as_ref()
                .filter(of_kind)
                .or_else(|| self.replaced_elsewhere(proposal))
                .cloned(),
            superseded_by: None,
            progress: Vec::new(),
            last_mentioned_at: (proposal.kind != ItemKind::Insight).then_some(mentioned_at),
            horizon: (proposal.kind == ItemKind::Insight).then(|| proposal.horizon.unwrap_or(Horizon::Situational)),
            revisions: Vec::new(),
            verdict: None,
        })
    }

    /// Id of the item of another conversation that `proposal` takes the place of: also one that it says to be over.
    fn replaced_elsewhere<'p>(&self, proposal: &'p Proposal) -> Option<&'p String> {
        let ends = proposal.same_as.as_ref().filter(|_| is_over(status(proposal)));
        proposal.supersedes.as_ref().or(ends).filter(|id| self.elsewhere.holds(id, proposal.kind))
    }

    /// The reports of `proposal` that hold, and how many do not.
    pub(super) fn progress(&self, proposal: &Proposal, item: &Item) -> (Vec<Progress>, usize) {
        let is_goal = item.kind == ItemKind::Goal;
        let founded = |report: &Report| {
            let (evidence, by_user_at) = self.find(&report.quote)?;
            progress::founded(report, evidence, by_user_at?, &item.evidence)
        };
        let held: Vec<Progress> = proposal.progress.iter().filter(|_| is_goal).filter_map(founded).collect();
        let unfounded = proposal.progress.len() - held.len();
        (held, unfounded)
    }

    /// `text`, or the user's quote if it has words of another conversation: when that one is deleted, nobody would know.
    fn own_words(&self, text: String, grounds: &Result<(Vec<Evidence>, Span), Rejection>) -> String {
        let Ok((evidence, _)) = grounds else { return text };
        if !self.elsewhere.is_source_of(&text) {
            return text;
        }
        let users = |evidence: &&Evidence| self.said.get(&evidence.seq).is_none_or(|said| said.role == Role::User);
        evidence.iter().find(users).map_or(text, |evidence| on_one_line(&evidence.quote))
    }

    /// What of a title or a summary has no word of another conversation.
    pub(super) fn of_this_talk(&self, text: &str) -> String {
        if !self.elsewhere.is_source_of(text) {
            return text.to_owned();
        }
        let own = text.unicode_sentences().filter(|sentence| !self.elsewhere.is_source_of(sentence));
        own.collect::<String>().trim().to_owned()
    }

    /// The quotes that hold, and from when to when the user said them.
    fn evidence(&self, quotes: &[Quote]) -> Result<(Vec<Evidence>, Span), Rejection> {
        let mut evidence: Vec<Evidence> = Vec::new();
        let mut said: Option<Span> = None;
        for quote in quotes {
            let Some((found, by_user_at)) = self.find(quote) else {
                continue;
            };
            if let Some(at) = by_user_at {
                let so_far = said.unwrap_or(Span { first: at, last: at });
                said = Some(Span { first: so_far.first.min(at), last: so_far.last.max(at) });
            }
            if !evidence.contains(&found) && evidence.len() < EVIDENCE_MAX {
                evidence.push(found);
            }
        }
        if evidence.is_empty() {
            return Err(Rejection::QuoteNotFound);
        }
        said.map(|span| (evidence, span)).ok_or(Rejection::NotTheUser)
    }

    /// The quotes that a goal or decision may take its words from: the user's, and a suggestion that they answered later.
    fn supporting<'e>(&self, basis: Basis, evidence: &'e [Evidence]) -> Vec<&'e Evidence> {
        let is_users = |evidence: &&Evidence| self.said.get(&evidence.seq).is_none_or(|said| said.role == Role::User);
        let last_of_user = evidence.iter().filter(is_users).map(|evidence| evidence.seq).max();
        let is_answered = |evidence: &&Evidence| basis == Basis::Accepted && last_of_user > Some(evidence.seq);
        evidence.iter().filter(|evidence| is_users(evidence) || is_answered(evidence)).collect()
    }

    /// When it is to happen, if those words are in a message that the item quotes; reckoned from the time of that one.
    fn due(&self, when: &When, evidence: &[Evidence]) -> Option<Due> {
        let mut quoted = evidence.iter().filter_map(|evidence| self.said.get(&evidence.seq));
        let said = quoted.find(|said| said.words.find(&when.phrase).is_some())?;
        Some(when::resolve(when, said.at, &zone_of(said.zone)))
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

pub(super) fn says_template_words(text: &str) -> bool {
    let lower = text.to_lowercase();
    let is_bracketed = text.starts_with('<') && text.ends_with('>');
    is_bracketed || TEMPLATES.iter().any(|words| lower.contains(words))
}

/// Words that sentences about anything have in common, in the languages that use Latin letters.
pub(super) fn is_function_word(term: &str) -> bool {
    const LONG: &[&str] = &[
        "will", "want", "would", "like", "have", "been", "that", "this", "with", "from", "into", "about", "user",
        "their", "them", "they", "more", "also", "goal", "wants", "decided", "ich", "nicht", "möchte", "werde", "habe",
        "dass", "aber", "para", "quero", "quiero", "pero", "veux", "avec", "pour", "voglio", "sono",
    ];
    let is_short_latin =
        term.chars().count() < 4 && term.chars().all(|c| c < '\u{250}') && !term.contains(char::is_numeric);
    is_short_latin || LONG.contains(&term)
}

/// Whether nothing is to be done about it any more.
fn is_over(status: Option<ItemStatus>) -> bool {
    matches!(status, Some(ItemStatus::Done | ItemStatus::Dropped | ItemStatus::Reversed))
}

/// Whether a sentence has a word in common with what it rests on. One that has none is about something else, or in another language.
pub(super) fn is_supported(text: &str, evidence: &[&Evidence]) -> bool {
    let stems = |text: &str| terms(text).into_iter().filter(|term| !is_function_word(term)).map(|term| stem(&term));
    let quoted: HashSet<String> = evidence.iter().flat_map(|evidence| stems(&evidence.quote)).collect();
    let own: HashSet<String> = stems(text).collect();
    quoted.is_empty() || own.is_empty() || !own.is_disjoint(&quoted)
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
        (ItemKind::Goal, Some(Reversed)) => Some(Dropped),
        (ItemKind::Goal, Some(Taken) | None) => Some(Active),
        (ItemKind::Decision, Some(status @ (Taken | Reversed))) => Some(status),
        (ItemKind::Decision, Some(Dropped)) => Some(Reversed),
        (ItemKind::Decision, Some(Active | Done) | None) => Some(Taken),
        (ItemKind::Insight, _) => None,
    }
}
