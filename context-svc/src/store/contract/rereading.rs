//! Reading again what was read before.

use jiff::Timestamp;

use crate::domain::model::{
    Cause, Committed, ContextOutcome, ConversationKey, ErasureRequest, Fate, JobState, Outcome, Outdated, ReadWith,
    Reread, SessionContext, Trigger, Watermark,
};
use crate::store::Store;

use super::language::*;

/// Whatever was read, with any prompt but the one of now. The scripted one is called `1`.
fn any() -> Outdated {
    let read_with = ReadWith::AnyBut("2".into());
    Outdated { user_id: None, conversation_id: None, read_with, extracted_before: Timestamp::MAX }
}

async fn reread(store: &impl Store, which: &Outdated, at: i64) -> Vec<(ConversationKey, Outcome)> {
    let reread = store.reread(which, 99, &trigger(Cause::Manual, t(at))).await.unwrap();
    assert!(!reread.is_full, "there is room");
    reread.accepted
}

/// Somebody says something, and it is read.
async fn read(store: &impl Store, key: &ConversationKey) {
    says(store, key, "hello").await;
    extract(store, key).await;
}

/// The same with this prompt, saved at `second`.
async fn read_with(store: &impl Store, key: &ConversationKey, prompt_version: &str, second: i64) {
    says(store, key, "hello").await;
    ask(store, key).await;
    let job = claim(store).await;
    let context = SessionContext { prompt_version: prompt_version.into(), ..context(key, job.upto_seq()) };
    assert_eq!(store.complete(&job.lease, job.want, &context, t(second)).await.unwrap(), Committed::Done);
}

async fn outdated(store: &impl Store, which: &Outdated) -> Vec<String> {
    let listed = store.list_outdated(which, 99).await.unwrap();
    listed.iter().map(|key| format!("{}/{}", key.user_id, key.conversation_id)).collect()
}

pub(crate) async fn what_was_read_before_is_read_again_from_the_beginning(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;

    assert_eq!(reread(&store, &any(), 9).await, [(key.clone(), Outcome::Queued)]);

    let waiting = extraction(&store, &key).await;
    assert_eq!((waiting.want, waiting.done), (Watermark::new(1, 1), Watermark::new(0, 1)));
    assert_eq!((waiting.state, waiting.causes), (JobState::Pending, vec![Cause::Manual]));
    assert!(store.find_context(&key).await.unwrap().is_some(), "it is remembered until then");
    let job = claim_at(&store, t(9)).await.unwrap();
    assert_eq!((job.want, job.done), (Watermark::new(1, 1), Watermark::new(0, 1)));
    assert_eq!(complete(&store, &job, 1).await, Committed::Done);
    assert_eq!(extraction(&store, &key).await.done, Watermark::new(1, 1));
    assert_eq!(ask(&store, &key).await, Outcome::AlreadyExtracted);
}

pub(crate) async fn what_is_asked_for_once_is_not_asked_for_again(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;
    reread(&store, &any(), 9).await;

    assert_eq!(reread(&store, &any(), 9).await, [], "it waits");
    assert_eq!(outdated(&store, &any()).await, [""; 0]);
    let job = claim_at(&store, t(9)).await.unwrap();
    assert_eq!(reread(&store, &any(), 9).await, [], "it runs");
    complete(&store, &job, 1).await;
    let before = Outdated { extracted_before: t(1), ..any() };
    assert_eq!(reread(&store, &before, 9).await, [], "it was saved at that time or later");
    assert_eq!(reread(&store, &any(), 9).await, [(key.clone(), Outcome::Queued)]);
    assert_eq!(extraction(&store, &key).await.want, Watermark::new(2, 1));
}

pub(crate) async fn a_waiting_job_reads_everything_instead(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;
    says(&store, &key, "more").await;
    ask_at(&store, &key, Cause::Disconnect, t(5)).await;

    assert_eq!(reread(&store, &any(), 6).await, [(key.clone(), Outcome::Merged)]);

    let waiting = extraction(&store, &key).await;
    assert_eq!((waiting.want, waiting.run_at, waiting.merges), (Watermark::new(1, 2), Some(t(6)), 1));
    assert_eq!((waiting.causes, store.depth().await.unwrap()), (vec![Cause::Disconnect, Cause::Manual], 1));
}

pub(crate) async fn a_running_job_goes_on_to_read_everything(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;
    says(&store, &key, "more").await;
    ask(&store, &key).await;
    let running = claim(&store).await;

    assert_eq!(reread(&store, &any(), 6).await, [(key.clone(), Outcome::Rearmed)]);

    assert_eq!(complete(&store, &running, 2).await, Committed::Rearmed);
    let again = claim_at(&store, t(6)).await.unwrap();
    assert_eq!((again.want, again.done), (Watermark::new(1, 2), Watermark::new(0, 2)));
    assert_eq!(complete(&store, &again, 2).await, Committed::Done);
}

pub(crate) async fn a_dead_job_of_something_read_before_is_tried_anew(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;
    says(&store, &key, "more").await;
    ask(&store, &key).await;
    let job = claim(&store).await;
    store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(0)), None).await.unwrap();

    assert_eq!(reread(&store, &any(), 6).await, [(key.clone(), Outcome::Queued)]);

    let anew = extraction(&store, &key).await;
    assert_eq!((anew.want, anew.attempts, anew.last_error), (Watermark::new(1, 2), 0, None));
}

pub(crate) async fn a_rereading_that_ended_badly_is_redriven_and_not_asked_for_again(store: impl Store) {
    let [dead, cancelled] = ["c1", "c2"].map(|id| key("u1", id));
    read(&store, &dead).await;
    reread(&store, &any(), 0).await;
    let job = claim(&store).await;
    store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(0)), None).await.unwrap();
    read(&store, &cancelled).await;
    reread(&store, &any(), 0).await;
    store.cancel(&cancelled, t(0)).await.unwrap();

    assert_eq!(reread(&store, &any(), 6).await, []);
    assert_eq!(ask(&store, &dead).await, Outcome::DeadLettered);
    assert_eq!(ask(&store, &cancelled).await, Outcome::Cancelled);

    for key in [&dead, &cancelled] {
        assert!(!is_idle(&store, key).await);
        store.redrive(key, t(6)).await.unwrap();
        assert_eq!(extraction(&store, key).await.want, Watermark::new(1, 1));
    }
}

pub(crate) async fn newer_messages_are_read_with_the_rest(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;
    reread(&store, &any(), 0).await;
    let job = claim(&store).await;
    store.fail(&job.lease, Fate::Dead, &error("ALL_REJECTED", t(0)), None).await.unwrap();

    says(&store, &key, "more").await;

    assert_eq!(ask(&store, &key).await, Outcome::Queued);
    assert_eq!(claim(&store).await.want, Watermark::new(1, 2));
}

pub(crate) async fn a_part_of_a_rereading_leaves_the_rest_to_be_read(store: impl Store) {
    let key = key("u1", "c1");
    for text in ["one", "two", "three"] {
        says(&store, &key, text).await;
    }
    extract(&store, &key).await;
    reread(&store, &any(), 0).await;
    let job = claim(&store).await;

    assert_eq!(complete(&store, &job, 1).await, Committed::Rearmed);

    let tail = store.raw_tail(&user("u1"), 9).await.unwrap();
    let texts: Vec<_> = tail.iter().map(|tail| tail.message.text.as_str()).collect();
    assert_eq!(texts, ["two", "three"], "no context covers them any more");
    let rest = claim(&store).await;
    assert_eq!((rest.want, rest.done), (Watermark::new(1, 3), Watermark::new(1, 1)));
    assert_eq!(complete(&store, &rest, 3).await, Committed::Done);
    assert_eq!(store.raw_tail(&user("u1"), 9).await.unwrap(), []);
}

pub(crate) async fn a_full_queue_takes_no_more_rereadings(store: impl Store) {
    for id in ["c1", "c2", "c3"] {
        read(&store, &key("u1", id)).await;
    }
    let two = Trigger { depth_limit: 2, ..trigger(Cause::Manual, t(9)) };

    let first = store.reread(&any(), 99, &two).await.unwrap();
    let second = store.reread(&any(), 99, &two).await.unwrap();

    let queued = |id| (key("u1", id), Outcome::Queued);
    assert_eq!(first, Reread { accepted: vec![queued("c1"), queued("c2")], is_full: true });
    assert_eq!(second, Reread { accepted: vec![], is_full: true });
    assert_eq!((store.depth().await.unwrap(), outdated(&store, &any()).await), (2, vec!["u1/c3".to_owned()]));
}

pub(crate) async fn outdated_is_by_version_user_conversation_and_age(store: impl Store) {
    read_with(&store, &key("u1", "old"), "1", 10).await;
    read_with(&store, &key("u1", "new"), "3", 20).await;
    read_with(&store, &key("u2", "old"), "1", 5).await;
    let of_u1 = Outdated { user_id: Some(user("u1")), ..any() };
    let version = |version: &str| Outdated { read_with: ReadWith::Version(version.into()), ..any() };
    let but = |version: &str| Outdated { read_with: ReadWith::AnyBut(version.into()), ..any() };

    assert_eq!(outdated(&store, &any()).await, ["u2/old", "u1/old", "u1/new"], "the longest read ago first");
    assert_eq!(outdated(&store, &version("1")).await, ["u2/old", "u1/old"]);
    assert_eq!(outdated(&store, &version("2")).await, [""; 0]);
    assert_eq!(outdated(&store, &but("1")).await, ["u1/new"]);
    assert_eq!(outdated(&store, &but("3")).await, ["u2/old", "u1/old"]);
    assert_eq!(outdated(&store, &of_u1).await, ["u1/old", "u1/new"]);
    let one = Outdated { conversation_id: Some(key("u1", "new").conversation_id), ..of_u1.clone() };
    assert_eq!(outdated(&store, &one).await, ["u1/new"]);
    assert_eq!(outdated(&store, &Outdated { read_with: version("1").read_with, ..of_u1.clone() }).await, ["u1/old"]);
    assert_eq!(outdated(&store, &Outdated { extracted_before: t(20), ..of_u1 }).await, ["u1/old"]);
    assert_eq!(store.list_outdated(&any(), 2).await.unwrap().len(), 2);
    let two = store.reread(&any(), 2, &trigger(Cause::Manual, t(30))).await.unwrap();
    assert_eq!((two.accepted.len(), two.is_full), (2, false));
}

pub(crate) async fn what_no_model_has_read_is_not_outdated(store: impl Store) {
    let [waiting, empty] = ["c1", "c2"].map(|id| key("u1", id));
    says(&store, &empty, " ").await;
    ask(&store, &empty).await;
    let job = claim(&store).await;
    let nothing = SessionContext {
        outcome: ContextOutcome::Empty,
        prompt_version: String::new(),
        ..context(&empty, job.upto_seq())
    };
    store.complete(&job.lease, job.want, &nothing, t(1)).await.unwrap();
    says(&store, &waiting, "hello").await;
    ask(&store, &waiting).await;

    assert_eq!(reread(&store, &any(), 9).await, []);
    assert_eq!(outdated(&store, &Outdated { user_id: Some(user("u1")), ..any() }).await, [""; 0]);
}

pub(crate) async fn what_is_deleted_or_erased_is_not_outdated(store: impl Store) {
    for key in [key("u1", "c1"), key("u2", "c1")] {
        read(&store, &key).await;
    }

    store.delete_conversation(&key("u1", "c1")).await.unwrap();
    let (user_id, at, again_at) = (user("u2"), t(1), t(1));
    let request = ErasureRequest { user_id, request_id: None, closes_account: false, at, again_at };
    store.begin_erasure(&request).await.unwrap();
    says(&store, &key("u1", "c1"), "a new life").await;

    assert_eq!(reread(&store, &any(), 9).await, []);
}

pub(crate) async fn what_is_read_again_is_unsummarised_again(store: impl Store) {
    let key = key("u1", "c1");
    read(&store, &key).await;
    let open = store.pick(&user("u1"), 9).await.unwrap().open;
    for covered in &open {
        assert!(store.mark_summarised(&user("u1"), covered, 1).await.unwrap());
    }
    reread(&store, &any(), 9).await;
    assert_eq!(store.list_unsummarised(&user("u1"), 9).await.unwrap(), [], "the old result is in the summary");

    let job = claim_at(&store, t(9)).await.unwrap();
    complete(&store, &job, 1).await;

    assert_eq!(store.list_unsummarised(&user("u1"), 9).await.unwrap().len(), 1);
}
