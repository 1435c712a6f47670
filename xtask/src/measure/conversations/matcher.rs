//! Says of an item whether it is meant.

use std::fmt;

use context_svc::domain::model::Item;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use super::play::Played;

/// True for an item when all that it names is; without anything, true for every item.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Matcher {
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<OneOrMore<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<OneOrMore<String>>,
    /// Any of these occurs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    text: Vec<String>,
    /// Every one of these occurs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    all: Vec<String>,
    /// None of these occurs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_text: Vec<String>,
    /// Where to look for words: only in the item's text if it says so, else in the quotes as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<String>,
    /// Some quote is of one of these messages.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    seq: Vec<i64>,
    /// Every quote is of somebody in one of these roles.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only_role: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_from: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_to: Option<Date>,
    #[serde(skip_serializing_if = "Option::is_none")]
    has_due: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<u32>,
    /// `anywhere` also means titles and summaries, `history` also superseded items.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    place: Option<String>,
    /// How many may match where none may.
    #[serde(skip_serializing_if = "Option::is_none")]
    more_than: Option<usize>,
}

/// A word, or several.
#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl OneOrMore<String> {
    fn contains(&self, word: &str) -> bool {
        match self {
            Self::One(one) => one == word,
            Self::More(more) => more.iter().any(|one| one == word),
        }
    }
}

impl Matcher {
    /// Whether something matches.
    pub(super) fn is_met(&self, played: &Played) -> bool {
        self.matches(played).next().is_some() || self.is_in_passing(played).is_some()
    }

    /// What matches although it must not.
    pub(super) fn breach(&self, played: &Played) -> Option<String> {
        let matches: Vec<&str> = self.matches(played).map(|item| item.text.as_str()).collect();
        if matches.len() > self.more_than.unwrap_or(0) {
            return Some(format!("{self} matches {matches:?}"));
        }
        self.is_in_passing(played).map(|text| format!("{self} matches {text:?}"))
    }

    fn matches<'a>(&'a self, played: &'a Played) -> impl Iterator<Item = &'a Item> {
        played.items.iter().filter(|item| self.is_of(item, played))
    }

    fn is_of(&self, item: &Item, played: &Played) -> bool {
        let is_superseded = item.superseded_by.is_some();
        let is_looked_at = !is_superseded || self.superseded.is_some() || self.place.as_deref() == Some("history");
        let words = self.words_of(item);
        let date = item.due.as_ref().and_then(|due| due.local_date);
        let quotes_only = |roles: &[String]| {
            item.evidence.iter().all(|evidence| {
                let role = played.role_of(&evidence.conversation_id, evidence.seq);
                role.is_some_and(|role| roles.iter().any(|one| one == role.as_str()))
            })
        };
        let status = item.status.map(|status| status.as_str()).unwrap_or_default();
        is_looked_at
            && self.kind.as_ref().is_none_or(|kinds| kinds.contains(item.kind.as_str()))
            && self.status.as_ref().is_none_or(|statuses| statuses.contains(status))
            && self.says(&words)
            && (self.seq.is_empty() || item.evidence.iter().any(|evidence| self.seq.contains(&evidence.seq)))
            && (self.only_role.is_empty() || quotes_only(&self.only_role))
            && self.due.is_none_or(|due| date == Some(due))
            && self.due_from.is_none_or(|from| date.is_some_and(|date| date >= from))
            && self.due_to.is_none_or(|to| date.is_some_and(|date| date <= to))
            && self.has_due.is_none_or(|has| date.is_some() == has)
            && self.superseded.is_none_or(|superseded| superseded == is_superseded)
            && self.conversation.is_none_or(|number| played.number_of(&item.conversation_id) == Some(number))
    }

    fn words_of(&self, item: &Item) -> String {
        let quotes = item.evidence.iter().map(|evidence| evidence.quote.as_str());
        let quotes: Vec<&str> = if self.field.as_deref() == Some("text") { Vec::new() } else { quotes.collect() };
        folded(&format!("{}\n{}", item.text, quotes.join("\n")))
    }

    /// Whether folded `words` hold what they must, and not what they must not.
    fn says(&self, words: &str) -> bool {
        let occurs = |text: &String| words.contains(&folded(text));
        (self.text.is_empty() || self.text.iter().any(occurs))
            && self.all.iter().all(occurs)
            && !self.not_text.iter().any(occurs)
    }

    /// The title or summary that says it, if that counts.
    fn is_in_passing<'a>(&self, played: &'a Played) -> Option<&'a str> {
        let counts = self.place.as_deref() == Some("anywhere");
        let mut told = played.told.iter().filter(|_| counts);
        told.find(|text| self.says(&folded(text))).map(String::as_str)
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

fn folded(text: &str) -> String {
    text.nfkc().collect::<String>().to_lowercase()
}
