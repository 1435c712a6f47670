//! The contract on SQLite, and what can only be brought about behind its back.

use std::time::Duration;

use jiff::Timestamp;
use kit::id::{SessionId, UserId};
use rusqlite::Connection;
use rusqlite_migration::{M, Migrations};

use super::SqliteStore;
use crate::domain::model::*;
use crate::store::contract::machine::store_machine_contract;
use crate::store::contract::store_contract;
use crate::store::{
    ClaimTerms, ContextStore, ConversationStore, JobStore, OperatorStore, RereadingStore, Store, SummaryStore,
};

pub(super) async fn open() -> SqliteStore {
    SqliteStore::in_memory().await.unwrap()
}

store_contract!(super::open);

async fn open_in(folder: std::path::PathBuf) -> SqliteStore {
    SqliteStore::open(&folder.join("context.db")).await.unwrap()
}

store_machine_contract!(open_in);

pub(super) fn key() -> ConversationKey {
    ConversationKey::new(UserId::parse("u1").unwrap(), ConversationId::parse("c1").unwrap())
}

fn trigger() -> Trigger {
    let wait = Duration::ZERO;
    Trigger { cause: Cause::Manual, trace: None, at: Timestamp::UNIX_EPOCH, wait, wait_max: wait, depth_limit: 10 }
}

pub(super) async fn says(store: &SqliteStore, text: &str) -> Option<Appended> {
    let message = NewMessage {
        client_id: ClientId::random(),
        role: Role::User,
        name: String::new(),
        text: text.into(),
        at: Timestamp::UNIX_EPOCH,
    };
    let addition = Addition { session_id: SessionId::parse("s1").unwrap(), time_zone: None, messages: vec![message] };
    store.append(&key(), &addition, &trigger()).await.unwrap()
}

pub(super) async fn asks(store: &SqliteStore) -> Outcome {
    match store.enqueue(&key(), &trigger()).await.unwrap() {
        Enqueued::Accepted(ticket) => ticket.outcome,
        Enqueued::Full => panic!("the queue is full"),
    }
}

pub(super) async fn claims(store: &SqliteStore) -> Option<Job> {
    let lease = Duration::from_secs(60);
    let terms = ClaimTerms { now: Timestamp::UNIX_EPOCH, lease, deliveries_max: 5 };
    store.claim(&WorkerId::parse("w1").unwrap(), &[], &terms).await.unwrap()
}

pub(super) async fn completes(store: &SqliteStore, job: &Job) -> Committed {
    let context = SessionContext {
        conversation_id: key().conversation_id,
        title: "A talk".into(),
        summary: String::new(),
        language: String::new(),
        items: vec![],
        provider: String::new(),
        model: String::new(),
        prompt_version: String::new(),
        usage: Usage::default(),
        extracted_seq: job.upto_seq(),
        outcome: ContextOutcome::Extracted,
        items_dropped: Default::default(),
        extracted_at: Timestamp::UNIX_EPOCH,
        changes: ItemChanges::default(),
    };
    store.complete(&job.lease, job.want, &context, Timestamp::UNIX_EPOCH).await.unwrap()
}

pub(super) async fn execute(store: &SqliteStore, sql: &'static str) {
    store.database.write(move |db| db.execute_batch(sql)).await.unwrap();
}

#[tokio::test]
async fn what_an_older_era_wrote_is_gone_and_takes_no_appends() {
    let store = open().await;
    says(&store, "hello").await;
    asks(&store).await;
    let job = claims(&store).await.unwrap();
    completes(&store, &job).await;
    says(&store, "more").await;

    execute(&store, "UPDATE user_memory SET era = era + 1").await;

    assert_eq!(says(&store, "again").await, None);
    assert_eq!(asks(&store).await, Outcome::Unknown);
    assert_eq!(store.find_conversation(&key()).await.unwrap(), None);
    assert_eq!(store.list_conversations(&key().user_id, None, 9).await.unwrap(), []);
    assert_eq!(store.list_messages(&key(), 0, 9).await.unwrap(), []);
    assert_eq!(store.transcript(&job.lease, 0, 9).await.unwrap(), []);
    assert_eq!(store.raw_tail(&key().user_id, 9).await.unwrap(), []);
    assert_eq!(store.find_context(&key()).await.unwrap(), None);
    assert_eq!(store.list_contexts(&key().user_id, 9).await.unwrap(), []);
    assert_eq!(store.list_idle(Timestamp::MAX, 9).await.unwrap(), []);
}

const ERASE: &str = "
    UPDATE user_memory SET era = era + 1, summary = NULL, marking = NULL, job_state = 'CANCELLED',
                           job_fence = job_fence + 1, job_owner = NULL, job_lease_until = NULL;
    DELETE FROM conversation";

/// One extracted conversation, and a worker that has picked it for a summary.
async fn picked(store: &SqliteStore) -> (SummaryJob, Pick) {
    says(store, "hello").await;
    asks(store).await;
    let job = claims(store).await.unwrap();
    completes(store, &job).await;
    let (user, now) = (key().user_id, Timestamp::UNIX_EPOCH);
    assert_eq!(store.ask_summary(&user, 1, now).await.unwrap(), SummaryAsked::Queued);
    let terms = ClaimTerms { now, lease: Duration::from_secs(60), deliveries_max: 5 };
    let job = store.claim_summary(&WorkerId::parse("w1").unwrap(), &terms).await.unwrap().unwrap();
    (job, store.pick(&user, 9).await.unwrap())
}

async fn summarises(store: &SqliteStore, job: &SummaryJob, pick: &Pick) -> Written {
    let summary = Summary { epoch: pick.summary.epoch + 1, ..Summary::empty() };
    let summarised = Summarised { summary, covered: pick.open.clone() };
    store.write_summary(&job.lease, &pick.stand, &summarised).await.unwrap()
}

#[tokio::test]
async fn a_summary_picked_in_an_older_era_is_refused_and_the_next_pick_is_of_the_new_one() {
    let store = open().await;
    let (job, pick) = picked(&store).await;

    execute(&store, "UPDATE user_memory SET era = era + 1").await;

    assert_eq!(summarises(&store, &job, &pick).await, Written::Stale);
    assert_eq!(store.find_summary(&key().user_id).await.unwrap(), None);
    let again = store.pick(&key().user_id, 9).await.unwrap();
    assert_eq!((again.open.len(), again.oldest.len()), (0, 0), "what is left of the older one is not picked");
}

#[tokio::test]
async fn an_erasure_cancels_the_summary_of_before_and_not_those_to_come() {
    let store = open().await;
    let (job, pick) = picked(&store).await;

    execute(&store, ERASE).await;

    assert_eq!(summarises(&store, &job, &pick).await, Written::LeaseLost);
    assert!(!store.finish_summary(&job.lease, Timestamp::UNIX_EPOCH).await.unwrap());
    let (job, pick) = picked(&store).await;
    assert_eq!(summarises(&store, &job, &pick).await, Written::Saved);
}

#[tokio::test]
async fn after_an_erasure_summaries_begin_with_nothing_and_are_counted_on() {
    let store = open().await;
    let (job, pick) = picked(&store).await;
    assert_eq!(summarises(&store, &job, &pick).await, Written::Saved);

    execute(&store, ERASE).await;
    let (job, pick) = picked(&store).await;

    assert_eq!(pick.summary, Summary { epoch: 1, ..Summary::empty() });
    assert_eq!(summarises(&store, &job, &pick).await, Written::Saved);
    assert_eq!(store.find_summary_job(&key().user_id).await.unwrap().unwrap().epoch, 2);
}

#[tokio::test]
async fn a_conversation_being_deleted_takes_no_appends_and_is_not_found() {
    let store = open().await;
    says(&store, "hello").await;

    execute(&store, "UPDATE conversation SET deleting = 1").await;

    assert_eq!(says(&store, "again").await, None);
    assert_eq!(asks(&store).await, Outcome::Unknown);
    assert_eq!(store.find_conversation(&key()).await.unwrap(), None);
}

#[tokio::test]
async fn a_result_for_a_deleted_conversation_does_not_reach_its_successor() {
    let store = open().await;
    says(&store, "hello").await;
    asks(&store).await;
    let old = claims(&store).await.unwrap();

    execute(&store, "DELETE FROM conversation").await;
    says(&store, "a new life").await;
    asks(&store).await;
    let new = claims(&store).await.unwrap();

    assert_eq!((&old.lease.owner, old.lease.fence), (&new.lease.owner, new.lease.fence));
    assert_eq!(completes(&store, &old).await, Committed::LeaseLost);
    assert_eq!(completes(&store, &new).await, Committed::Done);
}

#[tokio::test]
async fn of_a_deleted_conversation_no_row_stays() {
    let store = open().await;
    says(&store, "hello").await;

    store.delete_conversation(&key()).await.unwrap();

    let rows = "SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM conversation)";
    let left = store.database.read(move |db| db.query_row(rows, [], |row| row.get::<_, i64>(0))).await.unwrap();
    assert_eq!(left, 0);
}

#[tokio::test]
async fn a_removed_conversation_leaves_the_depth() {
    let store = open().await;
    says(&store, "hello").await;
    asks(&store).await;

    execute(&store, "DELETE FROM conversation").await;

    assert_eq!(store.depth().await.unwrap(), 0);
    assert_eq!(store.count_jobs(Timestamp::UNIX_EPOCH).await.unwrap(), QueueCounts::default());
}

#[tokio::test]
async fn jobs_of_the_first_version_of_the_file_are_counted_and_listed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.db");
    let mut first = Connection::open(&path).unwrap();
    let version = M::up(include_str!("0001_conversations_and_jobs.sql"));
    Migrations::new(vec![version]).to_latest(&mut first).unwrap();
    let rows = "INSERT INTO user_memory (user_id, era) VALUES ('u1', 1);
        INSERT INTO conversation (user_id, conversation_id, incarnation, era, session_id, created_at, last_at, appended_at, job_state, job_updated_at)
        VALUES ('u1', 'c1', 'i1', 1, 's1', 1, 1, 1, 'DEAD', 2), ('u1', 'c2', 'i2', 1, 's1', 1, 1, 1, 'IDLE', NULL)";
    first.execute_batch(rows).unwrap();
    drop(first);

    let store = SqliteStore::open(&path).await.unwrap();

    assert_eq!(store.count_jobs(Timestamp::UNIX_EPOCH).await.unwrap().by_state, [(JobState::Dead, 1)]);
    assert_eq!(store.list_extractions(&ExtractionFilter::default(), None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn what_an_earlier_version_of_the_file_has_read_can_be_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.db");
    let mut earlier = Connection::open(&path).unwrap();
    let versions = [
        include_str!("0001_conversations_and_jobs.sql"),
        include_str!("0002_operators_and_sizes.sql"),
        include_str!("0003_summaries_and_erasures.sql"),
        include_str!("0004_traces_and_outages.sql"),
    ];
    Migrations::new(versions.map(M::up).to_vec()).to_latest(&mut earlier).unwrap();
    let rows = r#"INSERT INTO user_memory (user_id) VALUES ('u1');
        INSERT INTO conversation (user_id, conversation_id, incarnation, era, session_id, created_at, last_at, appended_at, context)
        VALUES ('u1', 'read', 'i', 0, 's1', 1, 1, 1, '{"prompt_version": "1", "outcome": "EXTRACTED"}'),
               ('u1', 'empty', 'i', 0, 's1', 1, 1, 1, '{"prompt_version": "", "outcome": "EMPTY"}'),
               ('u1', 'not yet', 'i', 0, 's1', 1, 1, 1, NULL)"#;
    earlier.execute_batch(rows).unwrap();
    drop(earlier);

    let store = SqliteStore::open(&path).await.unwrap();

    let (user_id, conversation_id, extracted_before) = (None, None, Timestamp::UNIX_EPOCH + Duration::from_secs(1));
    let read_with = ReadWith::AnyBut("2".into());
    let which = Outdated { user_id, conversation_id, read_with, extracted_before };
    let listed = store.list_outdated(&which, 9).await.unwrap();
    assert_eq!(listed.iter().map(|key| key.conversation_id.as_str()).collect::<Vec<_>>(), ["read"]);
}

#[tokio::test]
async fn a_higher_generation_reads_the_same_messages_again() {
    let store = open().await;
    says(&store, "hello").await;
    asks(&store).await;
    let first = claims(&store).await.unwrap();
    completes(&store, &first).await;

    execute(&store, "UPDATE conversation SET job_state = 'PENDING', job_want = (1 << 40) + 1").await;
    assert_eq!(asks(&store).await, Outcome::Merged);
    let again = claims(&store).await.unwrap();

    assert_eq!((again.want, again.upto_seq()), (Watermark::new(1, 1), 1));
    assert_eq!(completes(&store, &again).await, Committed::Done);
    assert_eq!(asks(&store).await, Outcome::AlreadyExtracted);
    says(&store, "more").await;
    assert_eq!(asks(&store).await, Outcome::Queued);
    assert_eq!(claims(&store).await.unwrap().want, Watermark::new(1, 2));
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("context.db");
    let before = SqliteStore::open(&path).await.unwrap();
    says(&before, "hello").await;
    asks(&before).await;
    let job = claims(&before).await.unwrap();
    before.close().await;

    let after = SqliteStore::open(&path).await.unwrap();

    assert_eq!(after.list_messages(&key(), 0, 9).await.unwrap()[0].text, "hello");
    let found = after.find_extraction(&key()).await.unwrap().unwrap();
    assert_eq!((found.state, found.fence, found.owner), (JobState::Running, 1, Some(job.lease.owner.clone())));
    assert_eq!(completes(&after, &job).await, Committed::Done);
}

/// The lines of SQLite's plan for a query.
async fn plan(store: &SqliteStore, query: &'static str) -> String {
    let explain = move |db: &Connection| {
        let mut statement = db.prepare(&format!("EXPLAIN QUERY PLAN {query}"))?;
        let values = vec![rusqlite::types::Value::Null; statement.parameter_count()];
        let lines = statement.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>("detail"))?;
        Ok(lines.collect::<rusqlite::Result<Vec<_>>>()?.join("\n"))
    };
    store.database.read(explain).await.unwrap()
}

#[tokio::test]
async fn nothing_reads_more_than_its_index() {
    let store = open().await;
    let queries = [
        (super::claim::DUE, "conversation USING INDEX job_due (job_due_at<?)"),
        (super::claim::EXPIRED, "conversation USING INDEX job_leased (job_lease_until<?)"),
        (super::operators::in_state(false).leak(), "c USING INDEX job_by_change (job_listed_as=? AND (job_changed_at"),
        (super::operators::DUE_SINCE, "conversation USING INDEX job_due (job_due_at<?)"),
        (super::operators::DUE_SINCE, "conversation USING COVERING INDEX job_leased (job_lease_until<?)"),
        (super::jobs::IDLE, "c USING INDEX conversation_dirty (appended_at<?)"),
        (super::enqueue::LEFT_DIRTY, "c USING INDEX conversation_dirty_of_session (user_id=? AND session_id=?)"),
        (
            super::enqueue::BACKLOG,
            "said USING PRIMARY KEY (user_id=? AND conversation_id=? AND incarnation=? AND seq>? AND seq<?)",
        ),
        (super::outages::DEAD_OF_OUTAGE, "c USING INDEX job_died_of_outage"),
        (super::erasures::DUE, "erasure USING COVERING INDEX erasure_due (due_at<?)"),
        (super::upkeep::DETAILED, "conversation USING INDEX job_detailed (job_listed_as=? AND job_changed_at<?)"),
        (super::upkeep::SILENT, "conversation USING INDEX job_by_change (job_listed_as=? AND job_changed_at<?)"),
        (super::upkeep::NEXT_LIFE, "message USING COVERING INDEX"),
        (super::upkeep::GONE_ERAS, "m USING INDEX user_erased"),
        (
            super::rereading::outdated(false, "=").leak(),
            "c USING INDEX conversation_read_by (prompt_version=? AND extracted_at<?)",
        ),
        (super::rereading::outdated(false, ">").leak(), "c USING INDEX conversation_read_by (prompt_version>?)"),
        (super::usage::OLD, "model_call USING COVERING INDEX model_call_by_age (ended_at<?)"),
        (
            super::usage::OF_JOB,
            "model_call USING INDEX model_call_of_job (user_id=? AND conversation_id=? AND ended_at>?)",
        ),
        (super::usage::DAYS, "usage_day USING PRIMARY KEY (user_id=? AND era=? AND day>? AND day<?)"),
        (super::replies::CALLED_SO, "message USING INDEX sqlite_autoindex_message_2"),
        (super::replies::TALK_SO_FAR, "message USING PRIMARY KEY (user_id=? AND conversation_id=? AND incarnation=?)"),
        (super::contexts::UNSUMMARISED, "c USING INDEX conversation_unsummarised (user_id=?)"),
        (super::summaries::USERS, "conversation USING COVERING INDEX conversation_unsummarised (user_id>?)"),
        (super::summaries::HALF_MARKED, "user_memory USING INDEX summary_marking (user_id>?)"),
        (super::summaries::OPEN, "conversation USING INDEX conversation_unsummarised (user_id=?)"),
        (super::summaries::OLDEST, "conversation USING INDEX conversation_unsummarised (user_id=?)"),
        (super::summary_claim::DUE, "user_memory USING INDEX summary_due (job_run_at<?)"),
        (super::summary_claim::EXPIRED, "user_memory USING INDEX summary_leased (job_lease_until<?)"),
        (super::search::STANDS, "c USING INDEX sqlite_autoindex_conversation_1 (user_id=?)"),
        (
            super::search::said().leak(),
            "message USING PRIMARY KEY (user_id=? AND conversation_id=? AND incarnation=? AND seq>? AND seq<?)",
        ),
        (
            super::exports::held_query().leak(),
            "c USING INDEX sqlite_autoindex_conversation_1 (user_id=? AND conversation_id>?)",
        ),
        (super::conversations::RAW_TAIL, "c USING INDEX conversation_dirty_of_session (user_id=?)"),
        (
            super::conversations::RAW_TAIL,
            "said USING PRIMARY KEY (user_id=? AND conversation_id=? AND incarnation=? AND seq>?)",
        ),
    ];

    for (query, index) in queries {
        let plan = plan(&store, query).await;
        assert!(plan.contains(index), "{query}\nis done by\n{plan}\nnot by\n{index}");
        assert!(!plan.contains("TEMP B-TREE") || query == super::conversations::RAW_TAIL, "{query}\nsorts:\n{plan}");
    }
}
