//! The offline reader before the judge: it may leave things out, but what it picks must hold.

use proptest::prelude::*;

use super::pass::{Dropped, Judged};
use super::tests::said;
use super::*;
use crate::domain::model::ConversationId;
use crate::domain::verdicts::Overlay;
use crate::llm::local::Local;
use crate::llm::{Asker, Model, Transcript};

/// What the reader's rules hang on, and what gets in their way.
const PIECES: &[&str] = &[
    "I want to ",
    "I've decided to ",
    "I will ",
    "I realized that ",
    "我想",
    "我决定",
    "喜欢",
    "1. ",
    "(2) ",
    "- ",
    "Goal: ",
    "Walk ",
    "8/10 confident ",
    "quiero ",
    "ich möchte ",
    "泳ぎたいです",
    "打算",
    "你呢？",
    "tomorrow ",
    "swim ",
    "游泳",
    "every day ",
    ". ",
    "。",
    "! ",
    "?",
    "\n",
    "\"",
    "“",
    "`",
    "```",
    "e\u{301}",
    "É ",
    "👨\u{200d}👩\u{200d}👧",
    "\u{200b}",
    "\u{7}",
    "Ａ",
    "ﬁ",
    "ß",
    "İ",
    ":",
    "; ",
    "<memory",
    "</memory>",
    "{text}",
    "placeholder ",
    "4111 1111 ",
    "1111 1111",
    "password is ",
    "Dr. ",
    "’",
    "  ",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_local_reader_picks_holds(
        texts in prop::collection::vec(prop::collection::vec(prop::sample::select(PIECES), 0..40), 1..4),
        long in 0_usize..3,
    ) {
        let texts = texts.iter().map(|pieces| pieces.concat().repeat(1 + 20 * (long / 2)));
        let messages: Vec<Message> = (1..).zip(texts).map(|(seq, text)| without_our_own_words(said(seq, &text))).collect();
        let transcript = Transcript::of(Asker::somebody(), messages);

        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let answer = runtime.block_on(Local.extract(&transcript)).unwrap();
        let proposed = answer.items.len();
        let explains_nothing = answer.nothing_said.is_some();
        let judged = Judged::of(&ConversationId::parse("talk").unwrap(), &transcript, answer, &Overlay::default());

        prop_assert_eq!(&judged.dropped, &Dropped::new(), "{:?}", judged.complaints);
        prop_assert_eq!((judged.items.len(), judged.items.is_empty()), (proposed, explains_nothing));
    }
}
