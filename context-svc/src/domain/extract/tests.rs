//! What becomes of what a model says.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};
use parking_lot::Mutex;

use super::*;
use crate::domain::model::{
    Addition, Basis, Cause, ClientId, ContextOutcome, ConversationId, ConversationKey, ItemKind, ItemStatus,
    NewMessage, Trigger, WhatNext, WorkerId,
};
use crate::llm::{Answer, Model, Proposal, Quote, RollUp, RolledUp, Transcript};
use crate::store::{ClaimTerms, SqliteStore};

const CUT: Cut = Cut { tokens_max: 1000, overlap: 2, pieces_max: 8 };

pub(super) fn said(seq: i64, text: &str) -> Message {
    Message {
        seq,
        client_id: ClientId::random(),
        role: Role::User,
        name: String::new(),
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH + Duration::from_secs(60 * seq.unsigned_abs()),
        time_zone: None,
    }
}

/// Answers by a script and keeps what it was asked.
#[derive(Default)]
pub(super) struct Scripted {
    pub(super) answers: Mutex<VecDeque<Result<Answer, ModelError>>>,
    pub(super) asked: Mutex<Vec<Transcript>>,
}

#[async_trait]
impl Model for Scripted {
    fn is_ready(&self) -> bool {
        !self.answers.lock().is_empty()
    }

    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        self.asked.lock().push(transcript.clone());
        self.answers.lock().pop_front().expect("the script has an answer")
    }

    async fn summarise(&self, _: &RollUp) -> Result<RolledUp, ModelError> {
        panic!("no extraction rolls up")
    }
}

/// One conversation, a scripted model, and an extractor between them.
pub(super) struct Scene {
    pub(super) store: Arc<dyn Store>,
    pub(super) model: Arc<Scripted>,
    pub(super) fallback: Arc<Scripted>,
    pub(super) extractor: Extractor,
    pub(super) key: ConversationKey,
    pub(super) now: Mutex<Timestamp>,
    pub(super) jobs: Mutex<Option<Job>>,
}

impl Scene {
    pub(super) async fn new() -> Self {
        Self::cutting(CUT).await
    }

    pub(super) async fn cutting(cut: Cut) -> Self {
        let store: Arc<dyn Store> = Arc::new(SqliteStore::in_memory().await.unwrap());
        let (model, fallback) = (Arc::new(Scripted::default()), Arc::new(Scripted::default()));
        let clock = Arc::new(TestClock::frozen_at(Timestamp::UNIX_EPOCH));
        let readers = Readers::new(model.clone(), Some(fallback.clone()));
        let extractor = Extractor::new(store.clone(), readers, clock, cut, Duration::from_secs(60));
        let key = ConversationKey::new(UserId::random(), ConversationId::parse("talk").unwrap());
        Self { store, model, fallback, extractor, key, now: Mutex::new(Timestamp::UNIX_EPOCH), jobs: Mutex::default() }
    }

    fn trigger() -> Trigger {
        Trigger {
            trace: None,
            cause: Cause::Manual,
            at: Timestamp::UNIX_EPOCH,
            wait: Duration::ZERO,
            wait_max: Duration::ZERO,
            depth_limit: 100,
        }
    }

    pub(super) async fn says(&self, turns: &[(Role, &str)]) {
        let message = |(role, text): &(Role, &str)| NewMessage {
            client_id: ClientId::random(),
            role: *role,
            name: String::new(),
            text: (*text).to_owned(),
            at: *self.now.lock(),
        };
        let messages = turns.iter().map(message).collect();
        let addition = Addition { session_id: SessionId::parse("s1").unwrap(), time_zone: None, messages };
        self.store.append(&self.key, &addition, &Self::trigger()).await.unwrap().unwrap();
    }

    pub(super) fn answers(&self, items: Vec<Proposal>) {
        let answer = Answer { title: "A title".to_owned(), items, ..Answer::default() };
        self.model.answers.lock().push_back(Ok(answer));
    }

    pub(super) async fn claim(&self) -> Job {
        self.store.enqueue(&self.key, &Self::trigger()).await.unwrap();
        let terms = ClaimTerms { now: Timestamp::UNIX_EPOCH, lease: Duration::from_secs(60), deliveries_max: 5 };
        self.store.claim(&WorkerId::random(), &[], &terms).await.unwrap().expect("a job is due")
    }

    /// From now on messages are said so many seconds after the first.
    pub(super) fn later(&self, seconds: u64) -> &Self {
        *self.now.lock() = Timestamp::UNIX_EPOCH + Duration::from_secs(seconds);
        self
    }

    /// The job of the last pass that was saved.
    pub(super) async fn last_job(&self) -> Job {
        self.jobs.lock().clone().expect("a pass was saved")
    }

    /// One pass that succeeds and is saved.
    pub(super) async fn extracted(&self) -> SessionContext {
        let job = self.claim().await;
        let context = self.extractor.process(&job).await.expect("the pass succeeds");
        let upto = job.want.at(context.extracted_seq);
        self.store.complete(&job.lease, upto, &context, Timestamp::UNIX_EPOCH).await.unwrap();
        *self.jobs.lock() = Some(Job { done: upto, ..job });
        context
    }

    pub(super) async fn fails(&self) -> Failure {
        let job = self.claim().await;
        self.extractor.process(&job).await.expect_err("the pass fails")
    }
}

pub(super) fn goal(seq: i64, words: &str) -> Proposal {
    Proposal::stated(ItemKind::Goal, seq, words)
}

#[tokio::test]
async fn an_item_keeps_the_words_as_they_stand_in_the_message() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "Well, I  want to run\na MARATHON in May!")]).await;
    scene.answers(vec![Proposal {
        text: "Run a marathon in May".to_owned(),
        ..goal(1, "i want to run a marathon in may")
    }]);

    let context = scene.extracted().await;

    let item = &context.items[0];
    assert_eq!((item.text.as_str(), item.status), ("Run a marathon in May", Some(ItemStatus::Active)));
    assert_eq!(item.evidence[0].quote, "I  want to run\na MARATHON in May");
    assert!(item.id.starts_with("talk."));
    assert_eq!((context.outcome, context.extracted_seq), (ContextOutcome::Extracted, 1));
}

#[tokio::test]
async fn what_does_not_hold_is_dropped_and_counted_and_the_rest_stays() {
    let scene = Scene::new().await;
    scene
        .says(&[
            (Role::User, "I want to swim. My password is swordfish."),
            (Role::Assistant, "Try keto for four weeks."),
        ])
        .await;
    scene.answers(vec![
        goal(1, "I want to swim"),
        goal(1, "I want to fly"),
        goal(7, "I want to swim"),
        goal(2, "Try keto"),
        goal(1, "My password is swordfish"),
        Proposal { text: "{text}".to_owned(), ..goal(1, "I want to swim") },
        Proposal { text: " … ".to_owned(), ..goal(1, "I want to swim") },
        Proposal { text: "long ".repeat(300), ..goal(1, "I want to swim") },
        Proposal { basis: Basis::Inferred, ..goal(1, "I want to swim") },
    ]);

    let context = scene.extracted().await;

    let dropped: Vec<(&str, i64)> = context.items_dropped.iter().map(|(reason, n)| (reason.as_str(), *n)).collect();
    assert_eq!(context.items.len(), 1);
    assert_eq!(
        dropped,
        [
            ("EMPTY_TEXT", 1),
            ("NOT_STATED", 1),
            ("NOT_THE_USER", 1),
            ("QUOTE_NOT_FOUND", 2),
            ("SECRET", 1),
            ("TEMPLATE_WORDS", 1),
            ("TEXT_TOO_LONG", 1),
        ]
    );
}

#[tokio::test]
async fn if_nothing_of_what_is_proposed_holds_the_attempt_has_failed() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    scene.answers(vec![goal(1, "I want to fly")]);
    scene.answers(vec![goal(1, "I want to dive")]);

    let failure = scene.fails().await;

    assert_eq!((failure.reason, failure.next), ("MODEL_OUTPUT_UNGROUNDED", WhatNext::Retry { not_before: None }));
    assert!(failure.message.contains("2 QUOTE_NOT_FOUND") && !failure.message.contains("dive"), "{failure}");
}

#[tokio::test]
async fn nothing_must_be_said_to_be_nothing() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "hello")]).await;
    scene.model.answers.lock().extend([Ok(Answer::default()), Ok(Answer::default())]);
    assert_eq!(scene.fails().await.reason, "MODEL_OUTPUT_EMPTY");

    let scene = Scene::new().await;
    scene.says(&[(Role::User, "hello")]).await;
    let answer = Answer { nothing_said: Some("a greeting only".to_owned()), ..Answer::default() };
    scene.model.answers.lock().push_back(Ok(answer));

    assert_eq!(scene.extracted().await.outcome, ContextOutcome::NothingSaid);
}

#[tokio::test]
async fn without_a_word_of_the_user_no_model_is_asked() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, " \u{200b}\n"), (Role::Assistant, "I want to help you.")]).await;

    let context = scene.extracted().await;

    assert_eq!((context.outcome, context.extracted_seq), (ContextOutcome::Empty, 2));
    assert!(scene.model.asked.lock().is_empty());
}

#[tokio::test]
async fn the_next_pass_reads_what_is_new_and_keeps_what_is_known() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim"), (Role::Assistant, "Good"), (Role::Assistant, "And?")]).await;
    scene.answers(vec![goal(1, "I want to swim")]);
    let first = scene.extracted().await;
    scene.says(&[(Role::User, "I want to swim! And I want to dive.")]).await;
    scene.answers(vec![goal(4, "I want to swim!"), goal(4, "I want to dive"), goal(1, "I want to swim")]);

    let second = scene.extracted().await;

    let asked = scene.model.asked.lock();
    assert_eq!(asked[1].messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [2, 3, 4]);
    assert_eq!(asked[1].previous.as_ref(), Some(&first));
    assert_eq!(second.items.len(), 2);
    assert_eq!(second.items[0].id, first.items[0].id);
    assert_eq!(second.items[0].evidence.iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(second.extracted_seq, 4);
}

#[tokio::test]
async fn the_same_talk_twice_gives_the_same_items() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let scene = Scene::new().await;
        scene.says(&[(Role::User, "I want to swim")]).await;
        scene.answers(vec![goal(1, "I want to swim"), goal(1, "I want to swim.")]);
        ids.push(scene.extracted().await.items.into_iter().map(|item| item.id).collect::<Vec<_>>());
    }

    assert_eq!(ids[0].len(), 1);
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn a_long_talk_is_read_in_pieces_and_the_rest_in_another_pass() {
    let scene = Scene::cutting(Cut { tokens_max: 4, overlap: 0, pieces_max: 2 }).await;
    scene.says(&[(Role::User, "I want to swim"), (Role::User, "I want to dive"), (Role::User, "I want to row")]).await;
    scene.answers(vec![goal(1, "I want to swim")]);
    scene.answers(vec![goal(2, "I want to dive")]);
    scene.answers(vec![goal(3, "I want to row")]);

    let first = scene.extracted().await;
    let second = scene.extracted().await;

    assert_eq!((first.items.len(), first.extracted_seq), (2, 2));
    assert_eq!((second.items.len(), second.extracted_seq), (3, 3));
}

#[tokio::test]
async fn secrets_do_not_enter_title_and_summary() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to swim")]).await;
    let answer = Answer {
        title: "My PIN code is 1234".to_owned(),
        summary: "They swim. Their card is 4111 1111 1111 1111. One. Two. Three.".to_owned(),
        items: vec![goal(1, "I want to swim")],
        ..Answer::default()
    };
    scene.model.answers.lock().push_back(Ok(answer));

    let context = scene.extracted().await;

    assert_eq!((context.title.as_str(), context.summary.as_str()), ("", "They swim. One. Two."));
}

#[tokio::test]
async fn our_own_context_fed_back_is_no_source() {
    let scene = Scene::new().await;
    let fed_back = "Hi! <memory note=\"x\">\n- I want to swim\n</memory> bye";
    scene.says(&[(Role::User, fed_back), (Role::Assistant, fed_back)]).await;
    scene.answers(vec![goal(1, "I want to swim")]);
    scene.answers(vec![goal(1, "I want to swim")]);

    assert_eq!(scene.fails().await.reason, "MODEL_OUTPUT_UNGROUNDED");
    let read = &scene.model.asked.lock()[0].messages;
    assert!(read.len() == 2 && read.iter().all(|message| !message.text.contains("swim")));
}

#[tokio::test]
async fn the_models_trouble_decides_what_becomes_of_the_job() {
    let until = Timestamp::UNIX_EPOCH + Duration::from_secs(9);
    let (reason, message) = ("R", String::new());
    for (error, next) in [
        (ModelError::Temporary { reason, message: message.clone() }, WhatNext::Retry { not_before: None }),
        (ModelError::Unreachable { reason, message: message.clone() }, WhatNext::Outage { not_before: None }),
        (ModelError::NotNow { until, reason, message: message.clone() }, WhatNext::Snooze { until }),
        (ModelError::Permanent { reason, message }, WhatNext::GiveUp),
    ] {
        let scene = Scene::new().await;
        scene.says(&[(Role::User, "I want to swim")]).await;
        scene.model.answers.lock().push_back(Err(error));

        assert_eq!(scene.fails().await.next, next);
    }
}

#[tokio::test]
async fn a_later_statement_supersedes_and_the_earlier_is_kept() {
    let scene = Scene::new().await;
    scene.says(&[(Role::User, "I want to run a marathon")]).await;
    scene.answers(vec![goal(1, "I want to run a marathon")]);
    let first = scene.extracted().await;
    scene.says(&[(Role::User, "I would rather run 10 km")]).await;
    let supersedes = Some(first.items[0].id.clone());
    scene.answers(vec![Proposal { supersedes, ..goal(2, "I would rather run 10 km") }]);

    let second = scene.extracted().await;

    assert_eq!(second.items[0].superseded_by.as_ref(), Some(&second.items[1].id));
    assert_eq!(second.items[1].supersedes.as_ref(), Some(&second.items[0].id));
}

#[tokio::test]
async fn a_quote_of_the_coach_may_stand_beside_one_of_the_user() {
    let scene = Scene::new().await;
    scene.says(&[(Role::Assistant, "How about swimming on Tuesdays?"), (Role::User, "Yes, I will do that.")]).await;
    let evidence = vec![
        Quote { seq: 1, text: "swimming on Tuesdays".to_owned() },
        Quote { seq: 2, text: "I will do that".to_owned() },
    ];
    let text = "Swim on Tuesdays".to_owned();
    scene.answers(vec![Proposal { text, basis: Basis::Accepted, evidence, ..goal(2, "I will do that") }]);

    let context = scene.extracted().await;

    assert_eq!(context.items[0].evidence.len(), 2);
}

#[tokio::test]
async fn a_talk_of_many_messages_is_read_in_parts_without_a_gap() {
    let scene = Scene::new().await;
    let turns: Vec<String> = (1..=450).map(|number| format!("I want to visit island {number}.")).collect();
    let turns: Vec<(Role, &str)> = turns.iter().map(|text| (Role::User, text.as_str())).collect();
    scene.says(&turns).await;

    let messages = scene.extractor.messages(&scene.claim().await, 0).await.unwrap();

    assert_eq!(messages.iter().map(|message| message.seq).collect::<Vec<_>>(), (1..=450).collect::<Vec<_>>());
}

#[tokio::test]
async fn no_more_is_read_at_once_than_a_pass_can_take() {
    let scene = Scene::cutting(Cut { tokens_max: 10, overlap: 0, pieces_max: 2 }).await;
    scene.says(&[(Role::User, "I want to visit an island."); 450]).await;

    let messages = scene.extractor.messages(&scene.claim().await, 0).await.unwrap();

    assert_eq!(messages.len(), 200);
}
