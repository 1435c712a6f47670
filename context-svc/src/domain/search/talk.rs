//! One conversation as a search looks through it: numbers for words, and no word of what was said.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::size_of;

use jiff::Timestamp;

use super::language::{Language, Languages, Votes};
use super::words::{Term, Terms, Word, each_word};
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::{ConversationId, ConversationStand, Incarnation, Item, ItemKind, Message, Role, Stretch};

/// One life of a conversation.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Talk {
    pub(super) id: ConversationId,
    pub(super) incarnation: Incarnation,
    /// Up to where its messages are in here.
    pub(super) heard_seq: i64,
    /// The claim of the session context whose items are in here; 0 for none.
    pub(super) extract_fence: i64,
    message_languages: Languages,
    item_languages: Languages,
    pub(super) messages: Vec<Said>,
    pub(super) items: Vec<Remembered>,
    authors: Vec<Author>,
    message_terms: Vec<Term>,
    item_terms: Vec<Term>,
    votes: Votes,
}

/// Where the words of something stand, and how many they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Extent {
    begin: u32,
    end: u32,
    /// Without the single characters, which stand in their pairs already.
    pub(super) length: u32,
}

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Said {
    pub(super) seq: i64,
    pub(super) at: Timestamp,
    pub(super) extent: Extent,
    /// Its place among those who speak; `None` if there are too many.
    author: Option<u8>,
}

/// An item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Remembered {
    pub(super) id: Box<str>,
    pub(super) kind: ItemKind,
    pub(super) at: Timestamp,
    pub(super) last_said: Timestamp,
    /// A number that items share that say the same.
    pub(super) statement: u64,
    pub(super) extent: Extent,
    /// The `seq` of each message of this conversation that it rests on.
    rests_on: Box<[i64]>,
}

/// Somebody who speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Author {
    name: Box<str>,
    /// The words of the name as they are, whatever the language.
    terms: Box<[Term]>,
}

impl Talk {
    /// One that nothing is known of yet.
    pub(super) fn of(stand: &ConversationStand) -> Self {
        Self {
            id: stand.conversation_id.clone(),
            incarnation: stand.incarnation.clone(),
            heard_seq: 0,
            extract_fence: 0,
            message_languages: Languages::default(),
            item_languages: Languages::default(),
            messages: Vec::new(),
            items: Vec::new(),
            authors: Vec::new(),
            message_terms: Vec::new(),
            item_terms: Vec::new(),
            votes: Votes::default(),
        }
    }

    /// What is still to be read of its messages.
    pub(super) fn missing(&self, stand: &ConversationStand) -> Option<Stretch> {
        (self.heard_seq < stand.last_seq).then(|| Stretch {
            conversation_id: self.id.clone(),
            incarnation: self.incarnation.clone(),
            after_seq: self.heard_seq,
            upto_seq: stand.last_seq,
        })
    }

    /// Takes in the messages that follow what was heard. What the application says to the model, and what tools answer, is nothing
    /// that anybody said.
    pub(super) fn hear(&mut self, messages: &[Message], terms: &mut Terms) {
        let heard_before = self.heard_seq;
        for message in messages.iter().filter(|message| message.seq > heard_before) {
            self.heard_seq = message.seq;
            if matches!(message.role, Role::User | Role::Assistant) {
                self.take_in(message, terms);
            }
        }
        self.message_terms.shrink_to_fit();
        self.messages.shrink_to_fit();
    }

    fn take_in(&mut self, message: &Message, terms: &mut Terms) {
        let own = Votes::of(&message.text);
        self.votes.add(&own);
        // A few words are in the language that the talk has been in so far.
        let language = own.shown().unwrap_or_else(|| self.votes.language());
        self.message_languages.insert(language);
        let author = self.author(&message.name);
        let texts = [message.text.as_str(), message.name.as_str()];
        let extent = write(&mut self.message_terms, texts, language, terms);
        self.messages.push(Said { seq: message.seq, at: message.at, extent, author });
    }

    /// The place of who is called so; `None` for all who come after the first 256: a place is found by looking at every one.
    fn author(&mut self, name: &str) -> Option<u8> {
        let known = self.authors.iter().position(|author| *author.name == *name);
        let place = u8::try_from(known.unwrap_or(self.authors.len())).ok()?;
        if known.is_none() {
            self.authors.push(Author { name: name.into(), terms: named(name).into() });
        }
        Some(place)
    }

    /// Takes in the items of its session context as they read now, in the place of those before.
    pub(super) fn remember(&mut self, items: &[Item], language: Option<Language>, fence: i64, terms: &mut Terms) {
        self.extract_fence = fence;
        self.item_languages = Languages::default();
        self.items.clear();
        self.item_terms.clear();
        for item in items {
            let language = language.unwrap_or_else(|| Language::of(&item.text));
            self.item_languages.insert(language);
            let extent = write(&mut self.item_terms, [item.text.as_str()], language, terms);
            let own = item.evidence.iter().filter(|evidence| evidence.conversation_id == self.id);
            let rests_on = own.map(|evidence| evidence.seq).collect();
            let (id, kind, at) = (item.id.as_str().into(), item.kind, item.said_at);
            let (last_said, statement) = (item.last_said(), statement(item));
            self.items.push(Remembered { id, kind, at, last_said, statement, extent, rests_on });
        }
        self.items.shrink_to_fit();
        self.item_terms.shrink_to_fit();
    }

    /// In which languages there are stems.
    pub(super) fn languages(&self) -> Languages {
        self.message_languages.union(self.item_languages)
    }

    /// The places of the messages that an item rests on, of those that are in here.
    pub(super) fn rests_on(&self, item: &Remembered) -> impl Iterator<Item = usize> {
        item.rests_on.iter().filter_map(|seq| self.messages.binary_search_by_key(seq, |said| said.seq).ok())
    }

    /// The words of a message and of the name of who said it.
    pub(super) fn words_of(&self, said: &Said) -> &[Term] {
        slice(&self.message_terms, said.extent)
    }

    /// The words of an item.
    pub(super) fn words_of_item(&self, item: &Remembered) -> &[Term] {
        slice(&self.item_terms, item.extent)
    }

    /// The words of the name of who said it.
    pub(super) fn author_of(&self, said: &Said) -> &[Term] {
        said.author.and_then(|place| self.authors.get(usize::from(place))).map_or(&[], |author| &author.terms)
    }

    /// The names of who speaks, by their words.
    pub(super) fn authors(&self) -> impl Iterator<Item = &[Term]> {
        self.authors.iter().map(|author| &*author.terms)
    }

    /// How much memory it takes, about.
    pub(super) fn bytes(&self) -> usize {
        let terms = (self.message_terms.capacity() + self.item_terms.capacity()) * size_of::<Term>();
        let messages = self.messages.capacity() * size_of::<Said>();
        let of_item = |item: &Remembered| size_of::<Remembered>() + item.id.len() + item.rests_on.len() * 8;
        let of_author = |author: &Author| size_of::<Author>() + author.name.len() + author.terms.len() * 4;
        let names = self.id.as_str().len() + self.incarnation.as_str().len();
        let items: usize = self.items.iter().map(of_item).sum();
        let authors: usize = self.authors.iter().map(of_author).sum();
        size_of::<Self>() + terms + messages + items + authors + names
    }
}

fn statement(item: &Item) -> u64 {
    let mut hasher = DefaultHasher::new();
    (item.kind, fingerprint(&item.text)).hash(&mut hasher);
    hasher.finish()
}

/// The words of a name as they are.
fn named(name: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    each_word(name, |word| terms.push(Term::as_is(word)));
    terms
}

/// Appends the words of these texts.
fn write<const N: usize>(to: &mut Vec<Term>, texts: [&str; N], language: Language, terms: &mut Terms) -> Extent {
    let mut extent = Extent { begin: place(to), ..Extent::default() };
    for text in texts {
        each_word(text, |word| {
            to.push(terms.of(word, language));
            extent.length += u32::from(!matches!(word, Word::Single { is_alone: false, .. }));
        });
    }
    extent.end = place(to);
    extent
}

fn place(terms: &[Term]) -> u32 {
    // Four billion words take sixteen gigabytes.
    u32::try_from(terms.len()).unwrap_or(u32::MAX)
}

fn slice(terms: &[Term], extent: Extent) -> &[Term] {
    terms.get(extent.begin as usize..extent.end as usize).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::ClientId;

    #[test]
    fn of_very_many_who_speak_the_later_ones_have_no_name() {
        let stand = ConversationStand {
            conversation_id: ConversationId::parse("c1").unwrap(),
            incarnation: Incarnation::random(),
            last_seq: 300,
            extract_fence: 0,
        };
        let said = |seq: i64| Message {
            seq,
            client_id: ClientId::random(),
            role: Role::User,
            name: format!("n{seq}"),
            text: "Hello.".to_owned(),
            at: Timestamp::UNIX_EPOCH,
            time_zone: None,
        };
        let mut talk = Talk::of(&stand);

        talk.hear(&(1..=300).map(said).collect::<Vec<_>>(), &mut Terms::default());

        let names: Vec<&[Term]> = talk.messages.iter().map(|said| talk.author_of(said)).collect();
        assert!((1..=256).zip(&names).all(|(seq, name)| **name == named(&format!("n{seq}"))));
        assert!(names[256..].iter().all(|name| name.is_empty()));
        assert_eq!((names.len(), talk.authors().count()), (300, 256));
    }
}
