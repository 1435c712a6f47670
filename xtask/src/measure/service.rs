//! context-svc in this process, on a store in memory and a clock that stands where the transcripts say: messages go in by
//! its append, and come back as session contexts by its queue's own steps, without the waiting.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use context_svc::config::Config;
use context_svc::domain::append::{Append, Draft};
use context_svc::domain::extract::{Cut, Extractor};
use context_svc::domain::model::{
    Cause, Committed, ConversationId, ConversationKey, Item, Job, Message, Processor, Role, SessionContext, Watermark,
    WorkerId, Zone,
};
use context_svc::domain::recall::{Ask, ItemFilter, Recall};
use context_svc::domain::schedule::{Schedule, ScheduleSettings};
use context_svc::llm::{Answer, Model, ModelError, RollUp, RolledUp, Transcript};
use context_svc::store::{ClaimTerms, ConversationStore, JobStore, SqliteStore};
use jiff::Timestamp;
use kit::clock::TestClock;
use kit::id::{SessionId, UserId};
use tokio::sync::Notify;

use crate::Failure;

const ATTEMPTS_MAX: usize = 3;
const LEASE: Duration = Duration::from_secs(3600);
const TOKENS_MAX: usize = 4000;
const MESSAGES_MAX: usize = 100_000;

/// The service.
pub(super) struct Service {
    store: Arc<SqliteStore>,
    append: Append,
    schedule: Schedule,
    extractor: Extractor,
    recall: Recall,
    counted: Arc<Counted>,
}

/// One turn of a talk on its way in.
pub(super) struct Turn {
    pub(super) role: Role,
    pub(super) text: String,
    pub(super) at: Timestamp,
}

impl Service {
    /// A service on an empty store, whose time is `now` and whose reader is `model`.
    pub(super) async fn start(model: Arc<dyn Model>, now: Timestamp) -> Result<Self, Failure> {
        let store = Arc::new(SqliteStore::in_memory().await?);
        let clock = Arc::new(TestClock::frozen_at(now));
        let schedule =
            Schedule::new(store.clone(), clock.clone(), Arc::new(Notify::new()), ScheduleSettings::default());
        let extraction = Config::default().extraction;
        let cut = Cut {
            tokens_max: extraction.piece_tokens,
            overlap: extraction.piece_overlap,
            pieces_max: extraction.pieces_per_pass,
        };
        let counted = Arc::new(Counted { model, calls: AtomicI64::new(0) });
        Ok(Self {
            append: Append::new(store.clone(), schedule.clone()),
            extractor: Extractor::new(store.clone(), counted.clone(), clock, cut, LEASE),
            recall: Recall::new(store.clone()),
            schedule,
            counted,
            store,
        })
    }

    /// Appends one turn. `false`: it is refused, as the API refuses what is empty or holds a NUL.
    pub(super) async fn says(&self, key: &ConversationKey, zone: Option<&str>, turn: Turn) -> Result<bool, Failure> {
        if turn.text.is_empty() || turn.text.contains('\0') {
            return Ok(false);
        }
        let session = SessionId::parse("measured").ok_or("a login session's name")?;
        let Turn { role, text, at } = turn;
        let draft = Draft { client_id: None, role, name: String::new(), text, at: Some(at) };
        self.append.append(key, session, zone.map(str::to_owned).map(Zone::Named), vec![draft]).await?;
        Ok(true)
    }

    /// Extracts a conversation to its end, in as many passes as it takes. `None`: the user said nothing in it, so that it is
    /// not due.
    pub(super) async fn extract(&self, key: &ConversationKey) -> Result<Option<Extracted>, Failure> {
        self.schedule.conversation(key, Cause::Manual).await?;
        let mut dropped: BTreeMap<String, i64> = BTreeMap::new();
        let mut job = None;
        while let Some(claimed) = self.claim().await? {
            let context = self.process(&claimed).await?;
            for (reason, count) in &context.items_dropped {
                *dropped.entry(reason.clone()).or_default() += count;
            }
            let upto = claimed.want.at(context.extracted_seq);
            let committed = self.store.complete(&claimed.lease, upto, &context, self.now()).await?;
            job = Some(claimed);
            if committed == Committed::LeaseLost {
                return Err("the lease of a job was lost".into());
            }
        }
        let Some(job) = job else {
            return Ok(None);
        };
        let context = self.recall.session_context(key).await?;
        Ok(Some(Extracted { context, dropped, job }))
    }

    /// The items of what is extracted anew from the first message on, without keeping it.
    pub(super) async fn extract_again(&self, extracted: &Extracted) -> Result<Vec<Item>, Failure> {
        let mut job = extracted.job.clone();
        job.want = Watermark::new(job.want.generation() + 1, job.want.seq());
        // Whoever holds the lease may read the transcript, also after the result is saved.
        Ok(self.process(&job).await?.items)
    }

    /// All items of a user.
    pub(super) async fn items(&self, user: &UserId) -> Result<Vec<Item>, Failure> {
        let filter = ItemFilter { include_superseded: true, ..ItemFilter::default() };
        Ok(self.recall.items(user, &filter).await?)
    }

    /// What GetContext gives back, as text.
    pub(super) async fn context(&self, user: &UserId, now: Timestamp) -> Result<String, Failure> {
        let ask = Ask { budget_tokens: TOKENS_MAX, query: String::new(), now };
        Ok(self.recall.context(user, &ask).await?.text)
    }

    /// What is stored of a conversation, message by message.
    pub(super) async fn messages(&self, key: &ConversationKey) -> Result<Vec<Message>, Failure> {
        Ok(self.store.list_messages(key, 0, MESSAGES_MAX).await?)
    }

    /// How often the model has been asked so far.
    pub(super) fn calls(&self) -> i64 {
        self.counted.calls.load(Ordering::SeqCst)
    }

    async fn claim(&self) -> Result<Option<Job>, Failure> {
        let terms = ClaimTerms { now: self.now(), lease: LEASE, deliveries_max: 1 };
        Ok(self.store.claim(&WorkerId::random(), &[], &terms).await?)
    }

    async fn process(&self, job: &Job) -> Result<SessionContext, Failure> {
        let mut failed = None;
        for _ in 0..ATTEMPTS_MAX {
            match self.extractor.process(job).await {
                Ok(context) => return Ok(context),
                Err(failure) => failed = Some(failure),
            }
        }
        Err(failed.map_or_else(|| "not tried".into(), Failure::from))
    }

    fn now(&self) -> Timestamp {
        self.schedule.trigger(Cause::Manual).at
    }
}

/// What an extraction came to.
pub(super) struct Extracted {
    pub(super) context: SessionContext,
    /// Over all passes.
    pub(super) dropped: BTreeMap<String, i64>,
    job: Job,
}

/// Counts how often a model is asked.
struct Counted {
    model: Arc<dyn Model>,
    calls: AtomicI64,
}

#[async_trait]
impl Model for Counted {
    fn is_ready(&self) -> bool {
        self.model.is_ready()
    }

    fn reconsiders(&self) -> bool {
        self.model.reconsiders()
    }

    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.model.extract(transcript).await
    }

    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        self.model.summarise(roll_up).await
    }
}

/// The key of the conversation `conversation` of `user`.
pub(super) fn key(user: &str, conversation: &str) -> Result<ConversationKey, Failure> {
    let user_id = UserId::parse(user).ok_or_else(|| format!("{user:?} is no user id"))?;
    let id = ConversationId::parse(conversation).ok_or_else(|| format!("{conversation:?} is no conversation id"))?;
    Ok(ConversationKey::new(user_id, id))
}
