//! Japanese: written without spaces, with the verb at the end, so that it is the end of a sentence that tells.

use super::{Found, Words};
use crate::domain::model::ItemKind::{self, Decision, Goal};

pub(super) const LANGUAGE: &str = "ja";

/// How a statement ends.
const ENDINGS: &[(ItemKind, &str)] = &[
    (Decision, "ことに決めました"),
    (Decision, "ことに決めた"),
    (Decision, "ことにしました"),
    (Decision, "と決心しました"),
    (Goal, "たいです"),
    (Goal, "たいと思います"),
    (Goal, "たいと思っています"),
    (Goal, "つもりです"),
    (Goal, "のが目標です"),
    (Goal, "ことが目標です"),
];

/// Conditions, others, and moves in the talk.
const BLOCKERS: Words = Words(
    "もし なら かもしれ 彼は 彼が 彼女 さんは さんが 友達 友だち 友人 父 母 兄 姉 弟 妹 上司 先生 あなた 君 と言 そうです \
     聞きたい 知りたい 質問したい 相談したい 話したい お話し 教えて お礼 言いたい 寝たい 死にたい 飲みたい 食べたい ？ ?",
);

/// They carry nothing; an item begins after them.
const FILLERS: &[&str] = &["はい、", "いいえ、", "ええ、", "うん、", "でも、", "それで、", "そして、"];

const CHARS_MIN: usize = 8;

pub(super) fn find(sentence: &str, is_foreign: impl Fn(usize) -> bool) -> Option<Found> {
    let bare = sentence.trim_end_matches(|c: char| !c.is_alphanumeric());
    let (kind, ending) = ENDINGS.iter().find(|(_, ending)| bare.ends_with(ending))?;
    let hindered =
        BLOCKERS.occur_in(sentence) || is_foreign(bare.len() - ending.len()) || bare.chars().count() < CHARS_MIN;
    let begin = FILLERS.iter().find(|filler| sentence.starts_with(**filler)).map_or(0, |filler| filler.len());
    (!hindered).then_some(Found { kind: *kind, horizon: None, begin, complement: begin })
}
