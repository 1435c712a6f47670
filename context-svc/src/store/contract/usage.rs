//! What calls of models consumed.

use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Date, date};

use crate::domain::model::{
    CallOperation, CallRecord, ConversationId, DayUsage, ErasureEnd, ErasureRequest, RequestId, Spent, Usage,
};
use crate::store::Store;

use super::language::*;

/// The day on which the story begins, at 15:06:40.
const TODAY: Date = date(2025, 6, 15);

/// Seconds from the beginning of the story to the next day.
const MIDNIGHT: i64 = 32_000;

fn used(calls: i64, tokens: i64) -> Usage {
    Usage {
        calls,
        input_tokens: tokens,
        cached_input_tokens: tokens / 2,
        output_tokens: tokens / 10,
        cost_micro_usd: tokens * 3,
    }
}

/// A call for an extraction that took a second and ended at `second`.
fn call(user_id: &str, conversation: &str, second: i64, tokens: i64) -> CallRecord {
    CallRecord {
        user_id: user(user_id),
        conversation_id: ConversationId::parse(conversation),
        operation: CallOperation::Extract,
        provider: "scripted".into(),
        model: "scripted-1".into(),
        ended_at: t(second),
        took: Duration::from_secs(1),
        usage: used(1, tokens),
        error: None,
    }
}

async fn record(store: &impl Store, call: CallRecord) {
    store.record_call(&call).await.unwrap();
}

async fn spent(store: &impl Store, user_id: &str, day: Date) -> Spent {
    store.spent(&user(user_id), day).await.unwrap()
}

async fn of_job(store: &impl Store, conversation: &str, since: i64) -> Usage {
    store.usage_of_job(&key("u1", conversation), t(since)).await.unwrap()
}

async fn erase(store: &impl Store, second: i64, closes_account: bool) -> Timestamp {
    let request = ErasureRequest {
        user_id: user("u1"),
        request_id: closes_account.then(|| RequestId::parse("closing").unwrap()),
        closes_account,
        at: t(second),
        again_at: t(second),
    };
    store.begin_erasure(&request).await.unwrap().started_at
}

pub(crate) async fn what_calls_consumed_is_summed_by_user_and_for_all(store: impl Store) {
    let failed = CallRecord { error: Some("TRUNCATED"), ..call("u1", "c1", 2, 200) };
    let for_a_summary =
        CallRecord { operation: CallOperation::Summarise, conversation_id: None, ..call("u1", "", 3, 300) };

    for call in [call("u1", "c1", 1, 100), failed, for_a_summary, call("u2", "c1", 1, 1000)] {
        record(&store, call).await;
    }

    assert_eq!(spent(&store, "u1", TODAY).await, Spent { user: used(3, 600), all: used(4, 1600) });
    assert_eq!(spent(&store, "u2", TODAY).await, Spent { user: used(1, 1000), all: used(4, 1600) });
    assert_eq!(spent(&store, "u3", TODAY).await, Spent { user: Usage::default(), all: used(4, 1600) });
}

pub(crate) async fn a_call_counts_on_the_day_in_utc_on_which_it_ended(store: impl Store) {
    record(&store, call("u1", "c1", MIDNIGHT - 1, 100)).await;
    record(&store, call("u1", "c1", MIDNIGHT, 200)).await;

    let tomorrow = TODAY.tomorrow().unwrap();
    assert_eq!(spent(&store, "u1", TODAY).await, Spent { user: used(1, 100), all: used(1, 100) });
    assert_eq!(spent(&store, "u1", tomorrow).await, Spent { user: used(1, 200), all: used(1, 200) });
}

pub(crate) async fn days_are_listed_the_latest_first_and_within_bounds(store: impl Store) {
    for day in [0, 1, 3, 4] {
        record(&store, call("u1", "c1", day * 86_400, 100 * (day + 1))).await;
    }
    record(&store, call("u2", "c1", 2 * 86_400, 100)).await;

    let listed = store.list_usage(&user("u1"), date(2025, 6, 16), date(2025, 6, 18)).await.unwrap();

    let day = |day, usage| DayUsage { day: date(2025, 6, day), usage };
    assert_eq!(listed, [day(18, used(1, 400)), day(16, used(1, 200))]);
}

pub(crate) async fn the_usage_of_a_job_is_that_of_its_calls_since_it_was_asked_for(store: impl Store) {
    for id in ["c1", "c2"] {
        says(&store, &key("u1", id), "hello").await;
        says(&store, &key("u2", id), "hello").await;
    }
    for call in [
        call("u1", "c1", 9, 100),
        call("u1", "c1", 10, 200),
        call("u1", "c1", 11, 300),
        call("u1", "c2", 11, 5000),
        call("u2", "c1", 11, 7000),
        CallRecord { operation: CallOperation::Reply, ..call("u1", "c1", 11, 9000) },
    ] {
        record(&store, call).await;
    }

    assert_eq!(of_job(&store, "c1", 10).await, used(2, 500));
    assert_eq!(of_job(&store, "c1", 12).await, Usage::default());
}

pub(crate) async fn a_deleted_conversation_is_named_by_none_of_its_calls(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    record(&store, call("u1", "c1", 1, 100)).await;

    store.delete_conversation(&key("u1", "c1")).await.unwrap();
    record(&store, call("u1", "c1", 2, 200)).await;
    says(&store, &key("u1", "c1"), "a new life").await;

    assert_eq!(of_job(&store, "c1", 0).await, Usage::default());
    assert_eq!(spent(&store, "u1", TODAY).await.user, used(2, 300), "it was consumed all the same");
}

pub(crate) async fn an_erasure_takes_calls_and_days_and_leaves_the_sum_of_all(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    record(&store, call("u1", "c1", 1, 100)).await;
    record(&store, call("u2", "c1", 1, 1000)).await;

    erase(&store, 5, false).await;

    assert_eq!(spent(&store, "u1", TODAY).await, Spent { user: Usage::default(), all: used(2, 1100) });
    assert_eq!(store.list_usage(&user("u1"), TODAY, TODAY).await.unwrap(), []);
    assert_eq!(of_job(&store, "c1", 0).await, Usage::default());
    let lease = store.claim_erasure(&worker("e1"), t(5), t(65)).await.unwrap().expect("an erasure is due");
    for what in ["the conversation", "its message", "the call", "the day"] {
        assert_eq!(store.finish_erasure(&lease, t(5)).await.unwrap(), ErasureEnd::Remains, "{what} is there");
        assert_eq!(store.erase_some(&lease, 9, t(65)).await.unwrap(), Some(1), "{what} goes");
    }
    assert_eq!(store.finish_erasure(&lease, t(5)).await.unwrap(), ErasureEnd::Done);
    assert_eq!(spent(&store, "u2", TODAY).await, Spent { user: used(1, 1000), all: used(2, 1100) });
}

pub(crate) async fn a_call_from_before_an_erasure_counts_for_all_users_only(store: impl Store) {
    erase(&store, 5, false).await;

    record(&store, call("u1", "c1", 6, 100)).await;
    assert_eq!(spent(&store, "u1", TODAY).await, Spent { user: Usage::default(), all: used(1, 100) });

    record(&store, call("u1", "c1", 7, 200)).await;
    assert_eq!(spent(&store, "u1", TODAY).await, Spent { user: used(1, 200), all: used(2, 300) });
}

pub(crate) async fn what_was_consumed_since_an_erasure_began_needs_another(store: impl Store) {
    let first = erase(&store, 5, false).await;
    let shared = erase(&store, 6, false).await;
    record(&store, call("u1", "c1", 8, 100)).await;

    let second = erase(&store, 9, false).await;

    assert_eq!((shared, second), (first, t(9)));
    assert_eq!(spent(&store, "u1", TODAY).await.user, Usage::default());
}

pub(crate) async fn a_closed_account_consumes_in_nobodys_name(store: impl Store) {
    erase(&store, 5, true).await;

    record(&store, call("u1", "c1", 99, 100)).await;

    assert_eq!(spent(&store, "u1", TODAY).await, Spent { user: Usage::default(), all: used(1, 100) });
    assert_eq!(store.list_usage(&user("u1"), TODAY, TODAY).await.unwrap(), []);
}

pub(crate) async fn old_calls_are_forgotten_in_small_steps_and_the_days_stay(store: impl Store) {
    says(&store, &key("u1", "c1"), "hello").await;
    for second in 1..=4 {
        record(&store, call("u1", "c1", second, 100)).await;
    }

    assert_eq!(store.forget_calls(t(3), 2).await.unwrap(), 2);
    assert_eq!(of_job(&store, "c1", 0).await, used(2, 200), "the oldest go first");
    assert_eq!(store.forget_calls(t(3), 2).await.unwrap(), 1);
    assert_eq!(store.forget_calls(t(3), 2).await.unwrap(), 0);

    assert_eq!(of_job(&store, "c1", 0).await, used(1, 100));
    assert_eq!(spent(&store, "u1", TODAY).await.user, used(4, 400));
}
