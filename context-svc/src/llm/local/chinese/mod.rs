//! Chinese: the turns of phrase by which people state goals, decisions and insights in the first person.
//!
//! There are no spaces to go by, so a phrase is 我, perhaps an adverb, and a verb, with nothing before it that takes it back.

mod words;

use self::words::{
    ADVERBS, BLOCKERS, FAREWELLS, FILLERS, IMPLIED, INTERESTED, NOT_INTENDED, NOT_TRIED, NOT_WANTED, POINTED_AT,
    THANKS, TRIED, WHEN,
};
use super::Found;
use super::words::Words;
use crate::domain::model::{Horizon, ItemKind};

struct Phrase {
    kind: ItemKind,
    horizon: Option<Horizon>,
    verb: &'static str,
    /// What must not follow, because the verb then means something else.
    unless: Words,
}

const fn goal(verb: &'static str, unless: Words) -> Phrase {
    Phrase { kind: ItemKind::Goal, horizon: None, verb, unless }
}

const fn decision(verb: &'static str, unless: Words) -> Phrase {
    Phrase { kind: ItemKind::Decision, horizon: None, verb, unless }
}

const fn insight(verb: &'static str, horizon: Horizon, unless: Words) -> Phrase {
    Phrase { kind: ItemKind::Insight, horizon: Some(horizon), verb, unless }
}

/// The first that fits wins, so the surer come first.
const PHRASES: &[Phrase] = &[
    decision("决定", Words("不了 不下 性 权 的")),
    decision("決定", Words("不了 不下 性 權 的")),
    decision("下定决心", Words::NONE),
    decision("下定決心", Words::NONE),
    decision("下决心", Words("的")),
    decision("下決心", Words("的")),
    decision("选择了", Words("的")),
    decision("選擇了", Words("的")),
    goal("的目标是", Words::NONE),
    goal("的目標是", Words::NONE),
    goal("的梦想是", Words::NONE),
    goal("的夢想是", Words::NONE),
    goal("的愿望是", Words::NONE),
    goal("的願望是", Words::NONE),
    goal("的计划是", Words::NONE),
    goal("的計劃是", Words::NONE),
    goal("打算", Words("的 问 問 跟你 和你")),
    goal("计划", Words("的 是什么 被")),
    goal("計劃", Words("的 被")),
    goal("准备", Words("好 的 睡 走 去吃 吃")),
    goal("準備", Words("好 的 睡 走 去吃 吃")),
    goal("会尝试", Words::NONE),
    goal("会努力", Words::NONE),
    goal("會嘗試", Words::NONE),
    goal("會努力", Words::NONE),
    goal("想要", NOT_WANTED),
    goal("希望能", NOT_WANTED),
    goal("希望可以", NOT_WANTED),
    goal("想", NOT_WANTED),
    goal("要", NOT_INTENDED),
    insight("意识到", Horizon::Situational, Words("你")),
    insight("意識到", Horizon::Situational, Words("你")),
    insight("发现", Horizon::Situational, Words("你 他 她 了一 一")),
    insight("發現", Horizon::Situational, Words("你 他 她 了一 一")),
    insight("明白了", Horizon::Situational, Words("你 ， 。 ！")),
    insight("认识到", Horizon::Situational, Words("你")),
    insight("認識到", Horizon::Situational, Words("你")),
    insight("体会到", Horizon::Situational, Words("你")),
    insight("对", Horizon::Standing, POINTED_AT),
    insight("习惯于", Horizon::Standing, POINTED_AT),
    insight("擅长", Horizon::Standing, POINTED_AT),
    insight("擅長", Horizon::Standing, POINTED_AT),
    insight("不喜欢", Horizon::Standing, POINTED_AT),
    insight("不喜歡", Horizon::Standing, POINTED_AT),
    insight("更喜欢", Horizon::Standing, POINTED_AT),
    insight("喜欢", Horizon::Standing, POINTED_AT),
    insight("喜歡", Horizon::Standing, POINTED_AT),
    insight("讨厌", Horizon::Standing, POINTED_AT),
    insight("討厭", Horizon::Standing, POINTED_AT),
    insight("害怕", Horizon::Standing, POINTED_AT),
];

const COMPLEMENT_CHARS_MIN: usize = 2;

/// What `sentence` states, if anything. `is_foreign` tells of a byte whether it lies in quoted speech or code.
pub(super) fn find(sentence: &str, is_foreign: impl Fn(usize) -> bool) -> Option<Found> {
    if sentence.is_ascii() || FAREWELLS.occur_in(sentence) {
        return None;
    }
    if let Some(found) = implied(sentence).filter(|found| !is_foreign(found.begin)) {
        return Some(found);
    }
    for phrase in PHRASES {
        for (at, me) in sentence.match_indices('我') {
            let Some(complement) = match_after(&sentence[at + me.len()..], phrase) else {
                continue;
            };
            let before = &sentence[..at];
            // Up to and including 我, so that "说我", "让我" are seen.
            let hindered = BLOCKERS.occur_in(&sentence[..at + me.len()]);
            if hindered || is_foreign(at) || is_relative(phrase.kind, complement) {
                continue;
            }
            let carries_nothing = before
                .split(['，', ',', '、', ' '])
                .all(|part| part.is_empty() || FILLERS.contain(part) || THANKS.begin(part));
            let begin = if carries_nothing { at } else { 0 };
            let complement = sentence.len() - complement.len();
            return Some(Found { kind: phrase.kind, horizon: phrase.horizon, begin, complement });
        }
    }
    None
}

/// What a sentence states that begins with the verb, at most after words for when: "今天打算去游泳".
fn implied(sentence: &str) -> Option<Found> {
    let mut rest = sentence;
    while let Some(after) = WHEN.iter().chain(["，"]).find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    let of_verb = |phrase: &&Phrase| IMPLIED.contain(phrase.verb);
    let (phrase, complement) =
        PHRASES.iter().filter(of_verb).find_map(|phrase| Some((phrase, match_after(rest, phrase)?)))?;
    let complement = sentence.len() - complement.len();
    let hindered = BLOCKERS.occur_in(sentence) || is_relative(phrase.kind, &sentence[complement..]);
    (!hindered).then_some(Found { kind: phrase.kind, horizon: phrase.horizon, begin: 0, complement })
}

/// What is meant by "I take an interest in …", between the two halves of the phrase.
fn interest(after: &str) -> Option<&str> {
    let clause = after.split(['，', ',', '。', '；']).next().unwrap_or(after);
    let thing = INTERESTED.iter().find_map(|interested| clause.split_once(interested)).map(|(thing, _)| thing)?;
    (!thing.contains('不') && !thing.contains('没')).then_some(thing)
}

/// Whether the phrase only describes a thing that the sentence is about: "我想说的重点是……".
fn is_relative(kind: ItemKind, complement: &str) -> bool {
    let clause = complement.split(['，', ',', '。', '；']).next().unwrap_or(complement);
    kind == ItemKind::Goal && clause.split_once('的').is_some_and(|(_, thing)| thing.contains('是'))
}

/// What follows the phrase, if `after` the 我 begins with it.
fn match_after<'a>(after: &'a str, phrase: &Phrase) -> Option<&'a str> {
    let mut rest = after;
    let complement = loop {
        if let Some(complement) = rest.strip_prefix(phrase.verb) {
            break complement;
        }
        rest = ADVERBS.iter().find_map(|adverb| rest.strip_prefix(adverb))?;
    };
    if TRIED.contain(phrase.verb) && NOT_TRIED.occur_in(complement) {
        return None;
    }
    if phrase.verb == "对" && interest(complement).is_none() {
        return None;
    }
    let means_something_else = phrase.unless.begin(complement);
    let says_enough = complement.chars().filter(|c| c.is_alphanumeric()).count() >= COMPLEMENT_CHARS_MIN;
    (!means_something_else && says_enough).then_some(complement)
}
