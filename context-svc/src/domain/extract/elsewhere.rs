//! What holds of a user's other conversations, for telling whoever reads this one: a goal may be reached here, and a decision
//! taken back. Nothing but their ids is taken over, so that a conversation can be deleted with all its words.

use std::collections::{HashMap, HashSet};

use unicode_segmentation::UnicodeSegmentation;

use super::fold::fold;
use super::judge::is_function_word;
use super::{Extractor, unreadable};
use crate::domain::model::{ConversationKey, Failure, Item, ItemKind, Message, Role, Summary};
use crate::domain::recall::rank::{self, stem, terms};
use crate::domain::search::Language;
use crate::domain::summarise::statements;
use crate::domain::verdicts::Overlay;
use crate::llm::Transcript;

/// Of how many conversations that no summary covers.
const CONVERSATIONS_MAX: usize = 200;

/// How many goals and decisions are told.
const TOLD_MAX: usize = 40;

/// What a model was told of other conversations.
pub(super) struct Elsewhere<'a> {
    kinds: HashMap<&'a str, ItemKind>,
    /// Words that only they have, and whether one alone tells where it comes from, as names and numbers do.
    foreign: HashMap<String, bool>,
}

/// So many words in common are no chance.
const FOREIGN_WORDS: usize = 2;

impl<'a> Elsewhere<'a> {
    /// What stands beside `transcript`.
    pub(super) fn told_with(transcript: &'a Transcript) -> Self {
        let told = &transcript.elsewhere;
        let kinds = told.iter().map(|item| (item.id.as_str(), item.kind)).collect();
        if told.is_empty() {
            return Self { kinds, foreign: HashMap::new() };
        }
        let said = transcript.messages.iter().map(|message| message.text.as_str());
        let previous = transcript.previous.iter();
        let known = previous.flat_map(|known| [known.title.as_str(), known.summary.as_str()]);
        let items = transcript.remembered().iter().map(|item| item.text.as_str());
        let own: HashSet<String> = said.chain(known).chain(items).flat_map(terms).map(|term| stem(&term)).collect();
        let mut foreign = HashMap::new();
        for item in told {
            // German writes every noun with a capital: there it is no sign of a name.
            let names = Some(Language::of(&item.text)) != Language::of_tag("de");
            let telling: HashSet<String> =
                item.text.unicode_words().skip(1).filter(|word| tells(word, names)).map(fold).collect();
            for term in
                terms(&item.text).into_iter().filter(|term| !own.contains(&stem(term)) && !is_function_word(term))
            {
                let tells = telling.contains(&term);
                *foreign.entry(term).or_default() |= tells;
            }
        }
        Self { kinds, foreign }
    }

    /// Whether the item `id` is one of them, and of that kind.
    pub(super) fn holds(&self, id: &str, kind: ItemKind) -> bool {
        self.kinds.get(id) == Some(&kind)
    }

    /// Whether `text` has words that can hardly come from anywhere else.
    pub(super) fn is_source_of(&self, text: &str) -> bool {
        if self.foreign.is_empty() {
            return false;
        }
        let words = terms(text);
        let shared = || words.iter().filter_map(|term| self.foreign.get(term));
        shared().any(|tells| *tells) || shared().count() >= FOREIGN_WORDS
    }
}

/// Whether a word that does not open its sentence is a number, or a name where capitals tell `names`.
fn tells(word: &str, names: bool) -> bool {
    (names && word.starts_with(char::is_uppercase)) || word.contains(char::is_numeric)
}

/// Puts those first of whose words `said` has the largest share; the others stay in their order.
fn spoken_of_first(told: &mut [Item], said: &str) {
    let said: HashSet<String> = terms(said).iter().map(|term| stem(term)).collect();
    told.sort_by_cached_key(|item| {
        let words: Vec<String> = terms(&item.text).into_iter().filter(|term| !is_function_word(term)).collect();
        let spoken = words.iter().filter(|term| said.contains(&stem(term))).count();
        std::cmp::Reverse((spoken * 10).checked_div(words.len()).unwrap_or(0))
    });
}

impl Extractor {
    /// Goals and decisions that hold and are not of this conversation, those first that `messages` speak of.
    pub(super) async fn elsewhere(
        &self,
        key: &ConversationKey,
        messages: &[Message],
        overlay: Overlay,
    ) -> Result<Vec<Item>, Failure> {
        let mut contexts = self.store.list_unsummarised(&key.user_id, CONVERSATIONS_MAX).await.map_err(unreadable)?;
        let summary = self.store.find_summary(&key.user_id).await.map_err(unreadable)?;
        let mut summary = summary.unwrap_or_else(Summary::empty);
        contexts.retain(|each| each.context.conversation_id != key.conversation_id);
        summary.forget(&key.conversation_id);
        if contexts.is_empty() && summary.standing.is_empty() {
            return Ok(Vec::new());
        }
        let said = messages.iter().filter(|message| message.role == Role::User).map(|message| message.text.as_str());
        let (spoken_of, now) = (said.collect::<Vec<_>>().join("\n"), self.clock.now());
        let finding = tokio::task::spawn_blocking(move || {
            let standing = statements(&mut summary, contexts.iter().map(|each| &each.context), &overlay);
            let told = standing.into_iter().filter(|item| item.kind != ItemKind::Insight);
            let mut told = rank::rank(told, "", now);
            spoken_of_first(&mut told, &spoken_of);
            told.truncate(TOLD_MAX);
            told
        });
        finding.await.map_err(|_| Failure::retry("PANIC", "the extraction panicked"))
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::model::{Basis, ConversationId, ItemStatus};
    use crate::llm::Asker;

    fn goal(text: &str) -> Item {
        let conversation_id = ConversationId::parse("other").unwrap();
        Item {
            id: format!("other.{}", text.len()),
            conversation_id,
            kind: ItemKind::Goal,
            text: text.to_owned(),
            status: Some(ItemStatus::Active),
            due: None,
            speaker: Role::User,
            evidence: Vec::new(),
            basis: Basis::Stated,
            said_at: Timestamp::UNIX_EPOCH,
            supersedes: None,
            superseded_by: None,
            progress: Vec::new(),
            last_mentioned_at: None,
            horizon: None,
            revisions: Vec::new(),
            verdict: None,
        }
    }

    fn is_source(told: &str, of: &str) -> bool {
        let transcript = Transcript { elsewhere: vec![goal(told)], ..Transcript::of(Asker::somebody(), Vec::new()) };
        Elsewhere::told_with(&transcript).is_source_of(of)
    }

    #[test]
    fn a_name_tells_where_words_come_from_and_a_noun_with_a_capital_does_not() {
        assert!(is_source("I want to visit Reykjavik.", "The user goes to Reykjavik."));
        assert!(!is_source("Mein Ziel ist ein Marathon.", "Der Nutzer will sein Ziel erreichen."));
        assert!(is_source("Mein Ziel ist ein Marathon.", "Das Ziel des Nutzers ist ein Marathon."));
    }

    #[test]
    fn what_is_spoken_of_comes_first_however_much_is_said() {
        let mut told =
            vec![goal("I want to paint the shed."), goal("I will sell the old boat."), goal("I want a dog.")];
        let said =
            format!("{} I am keeping the boat, I will not sell it.", "We had a long and lovely day. ".repeat(50));

        spoken_of_first(&mut told, &said);

        let texts: Vec<&str> = told.iter().map(|item| item.text.as_str()).collect();
        assert_eq!(texts, ["I will sell the old boat.", "I want to paint the shed.", "I want a dog."]);
    }
}
