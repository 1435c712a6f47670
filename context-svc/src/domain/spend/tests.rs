//! Days of spending, on a clock that moves when told to.

use std::time::Duration;

use kit::clock::{Clock, TestClock};

use super::*;
use crate::domain::model::{CallOperation, ConversationId};
use crate::store::{SqliteStore, Store};

struct Books {
    clock: TestClock,
    store: SqliteStore,
    spending: Spending,
}

/// At 22:13:20 UTC, under these ceilings.
async fn books(settings: SpendSettings) -> Books {
    let clock = TestClock::frozen_at("2023-11-14T22:13:20Z".parse().unwrap());
    let store = SqliteStore::in_memory().await.unwrap();
    let spending = Spending::new(Arc::new(store.clone()), Arc::new(clock.clone()), settings);
    Books { clock, store, spending }
}

impl Books {
    /// A call on behalf of `name` that received `tokens`, at two millionths of a dollar each.
    async fn call(&self, name: &str, tokens: i64) {
        let usage = Usage { calls: 1, output_tokens: tokens, cost_micro_usd: 2 * tokens, ..Usage::default() };
        let call = CallRecord {
            user_id: user(name),
            conversation_id: ConversationId::parse("c1"),
            operation: CallOperation::Extract,
            provider: "scripted".into(),
            model: "scripted".into(),
            ended_at: self.clock.now(),
            took: Duration::from_secs(1),
            usage,
            error: Some("TRUNCATED"),
        };
        self.spending.record(call).await;
    }

    /// Until when the user must wait; `None` if a call may be made.
    async fn waits(&self, name: &str) -> Option<Timestamp> {
        match self.spending.may_call(&user(name)).await {
            Ok(()) => None,
            Err(ModelError::NotNow { until, reason: "BUDGET", .. }) => Some(until),
            Err(other) => panic!("{other:?}"),
        }
    }
}

fn user(name: &str) -> UserId {
    UserId::parse(name).unwrap()
}

fn midnight() -> Option<Timestamp> {
    Some("2023-11-15T00:00:00Z".parse().unwrap())
}

#[tokio::test]
async fn beyond_a_users_tokens_the_next_call_waits_for_the_next_day() {
    let books = books(SpendSettings { user_tokens_per_day: 100, ..SpendSettings::default() }).await;
    books.call("u1", 99).await;
    assert_eq!(books.waits("u1").await, None);

    books.call("u1", 1).await;

    assert_eq!(books.waits("u1").await, midnight());
    assert_eq!(books.waits("u2").await, None, "the ceiling is each user's own");
    books.clock.advance(Duration::from_secs(6400));
    assert_eq!(books.waits("u1").await, None, "it is the next day");
}

#[tokio::test]
async fn beyond_the_tokens_of_all_every_user_waits() {
    let books = books(SpendSettings { tokens_per_day: 100, ..SpendSettings::default() }).await;
    books.call("u1", 60).await;
    assert_eq!(books.waits("u3").await, None);

    books.call("u2", 60).await;

    assert_eq!(books.waits("u3").await, midnight());
}

#[tokio::test]
async fn money_has_ceilings_of_its_own() {
    let of_user = books(SpendSettings { user_usd_per_day: Usd::micros(200), ..SpendSettings::default() }).await;
    let of_all = books(SpendSettings { usd_per_day: Usd::micros(200), ..SpendSettings::default() }).await;

    for books in [&of_user, &of_all] {
        books.call("u1", 99).await;
        assert_eq!(books.waits("u1").await, None);
        books.call("u1", 1).await;
    }

    assert_eq!((of_user.waits("u1").await, of_user.waits("u2").await), (midnight(), None));
    assert_eq!((of_all.waits("u1").await, of_all.waits("u2").await), (midnight(), midnight()));
}

#[tokio::test]
async fn without_a_ceiling_the_books_are_not_asked() {
    let books = books(SpendSettings::default()).await;
    books.call("u1", 1_000_000_000).await;
    books.store.close().await;

    assert_eq!(books.waits("u1").await, None);
}

#[tokio::test]
async fn books_that_cannot_be_read_allow_nothing_and_cost_no_attempt() {
    let books = books(SpendSettings { tokens_per_day: 1, ..SpendSettings::default() }).await;
    books.store.close().await;

    let refused = books.spending.may_call(&user("u1")).await.unwrap_err();

    assert!(matches!(refused, ModelError::Unreachable { reason: "STORE_UNAVAILABLE", .. }), "{refused:?}");
    books.call("u1", 1).await;
}

#[tokio::test]
async fn days_are_told_up_to_today() {
    let books = books(SpendSettings::default()).await;
    books.call("u1", 10).await;
    books.clock.advance(Duration::from_secs(86_400));
    books.call("u1", 20).await;

    let tokens = async |days| -> Vec<(String, i64)> {
        let days = books.spending.by_day(&user("u1"), days).await.unwrap();
        days.into_iter().map(|day| (day.day.to_string(), day.usage.tokens())).collect()
    };

    let [first, second] = [("2023-11-14".to_owned(), 10), ("2023-11-15".to_owned(), 20)];
    assert_eq!(tokens(1).await, std::slice::from_ref(&second));
    assert_eq!(tokens(2).await, [second.clone(), first.clone()]);
    assert_eq!(tokens(366).await, [second, first]);
}

#[test]
fn an_amount_is_read_as_number_or_text_and_exactly() {
    for (written, micros, shown) in [
        ("25", 25_000_000, "25"),
        ("0.25", 250_000, "0.25"),
        ("\"0.25\"", 250_000, "0.25"),
        ("25.0", 25_000_000, "25"),
        ("0.000001", 1, "0.000001"),
        ("\"1.10\"", 1_100_000, "1.1"),
    ] {
        let amount: Usd = serde_json::from_str(written).unwrap();
        assert_eq!((amount.as_micros(), amount.to_string().as_str()), (micros, shown), "{written}");
    }
    for wrong in
        ["-1", "\"\"", "\"1.\"", "\".5\"", "\"1e3\"", "\"0.0000001\"", "\"$1\"", "1e30", "\"9999999999\"", "true"]
    {
        assert!(serde_json::from_str::<Usd>(wrong).is_err(), "{wrong}");
    }
}
