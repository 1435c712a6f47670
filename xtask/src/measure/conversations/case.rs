//! What a case is, as its file says it.

use jiff::Timestamp;
use serde::Deserialize;

use super::matcher::Matcher;

/// A talk, and what must come of it.
#[derive(Debug, Deserialize)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) messages: Vec<Said>,
    pub(super) now: Timestamp,
    pub(super) expect: Expect,
    pub(super) local_ok: LocalOk,
}

/// A turn as the file has it: perhaps many, perhaps long, perhaps no text at all.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Said {
    pub(super) role: String,
    pub(super) text: Option<String>,
    /// The JSON source of the text, for what is no text in JSON's own terms.
    pub(super) text_json: Option<String>,
    pub(super) at: Timestamp,
    #[serde(default = "first")]
    pub(super) conversation: u32,
    pub(super) times: Option<u32>,
    #[serde(default)]
    pub(super) every_s: i64,
    pub(super) long: Option<Long>,
}

/// How a long text goes on.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Long {
    pub(super) unit: String,
    pub(super) times: usize,
    pub(super) then: String,
}

/// What a capable reader makes of it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Expect {
    pub(super) must: Vec<Matcher>,
    pub(super) must_not: Vec<Matcher>,
    pub(super) items_max: Option<usize>,
    pub(super) calls: Option<i64>,
    pub(super) calls_max: Option<i64>,
    pub(super) language: Languages,
    pub(super) script: Option<String>,
    pub(super) roundtrip: bool,
    pub(super) again: Option<String>,
    pub(super) beside: Option<Beside>,
    search: Vec<String>,
    logs_must_not: Vec<String>,
}

/// What holds for the offline reader too.
#[derive(Debug, Default, Deserialize)]
pub(super) struct LocalOk {
    #[serde(default)]
    pub(super) must_not: Vec<Matcher>,
}

/// A second user at the same time.
#[derive(Debug, Deserialize)]
pub(super) struct Beside {
    pub(super) user: String,
    pub(super) messages: Vec<Said>,
}

/// Languages of which one is right; `null` means that none can be told.
#[derive(Debug, Default, Deserialize)]
#[serde(untagged)]
pub(super) enum Languages {
    #[default]
    None,
    One(String),
    Any(Vec<String>),
}

impl Languages {
    /// Whether `language` is right.
    pub(super) fn allows(&self, language: &str) -> bool {
        match self {
            Self::None => language.is_empty(),
            Self::One(one) => one == language,
            Self::Any(any) => any.iter().any(|one| one == language),
        }
    }
}

impl Case {
    /// What it asks for that cannot be looked at from here.
    pub(super) fn unchecked(&self) -> impl Iterator<Item = &'static str> {
        let expect = &self.expect;
        let asked = [("search", !expect.search.is_empty()), ("logs", !expect.logs_must_not.is_empty())].into_iter();
        asked.filter(|(_, asked)| *asked).map(|(what, _)| what)
    }
}

impl Said {
    /// The turns it stands for, with when each is said. `None` as text: it is no text that could be sent.
    pub(super) fn turns(&self) -> Vec<(Option<String>, Timestamp)> {
        let text = match &self.text_json {
            Some(source) => serde_json::from_str(source).ok(),
            None => Some(self.text.clone().unwrap_or_default()),
        };
        let text = match (&self.long, text) {
            (Some(long), Some(text)) => Some(text + &long.unit.repeat(long.times) + &long.then),
            (_, text) => text,
        };
        let Some(times) = self.times else {
            return vec![(text, self.at)];
        };
        let nth = |n: u32| {
            let later = jiff::SignedDuration::from_secs(self.every_s * i64::from(n - 1));
            (text.as_ref().map(|text| text.replace("{n}", &n.to_string())), self.at + later)
        };
        (1..=times).map(nth).collect()
    }
}

fn first() -> u32 {
    1
}
