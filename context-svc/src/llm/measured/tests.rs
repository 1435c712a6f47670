use kit::clock::TestClock;
use kit::telemetry::metrics::{Registry, page};

use super::*;
use crate::llm::Asker;

/// Answers, fails or hangs, as the transcript's length says.
struct ByLength;

#[async_trait]
impl Model for ByLength {
    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        match transcript.messages.len() {
            0 => Ok(Answer::default()),
            2 => Err(ModelError::Permanent { reason: "TOO_LONG", message: String::new() }),
            3 => {
                let until = jiff::Timestamp::UNIX_EPOCH;
                Err(ModelError::NotNow { until, reason: "RATE_LIMITED", message: String::new() })
            }
            _ => Err(ModelError::Temporary { reason: "TOO_SLOW", message: String::new() }),
        }
    }

    async fn summarise(&self, _: &RollUp) -> Result<RolledUp, ModelError> {
        Ok(RolledUp::default())
    }
}

/// Never answers.
struct Hangs;

#[async_trait]
impl Model for Hangs {
    async fn extract(&self, _: &Transcript) -> Result<Answer, ModelError> {
        std::future::pending().await
    }

    async fn summarise(&self, _: &RollUp) -> Result<RolledUp, ModelError> {
        std::future::pending().await
    }
}

fn measured(model: impl Model, registry: &Registry) -> (Measured, TestClock) {
    let clock = TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
    let (metrics, shared) = (Metrics::new(registry), Arc::new(clock.clone()));
    let model = Arc::new(model);
    (Measured { model, provider: "local", metrics, clock: shared, streak: Streak::default() }, clock)
}

fn talk(messages: usize) -> Transcript {
    let message = crate::domain::model::Message {
        seq: 1,
        client_id: crate::domain::model::ClientId::random(),
        role: crate::domain::model::Role::User,
        name: String::new(),
        text: String::new(),
        at: jiff::Timestamp::UNIX_EPOCH,
        time_zone: None,
    };
    Transcript::of(Asker::somebody(), vec![message; messages])
}

#[tokio::test]
async fn an_answer_ends_the_streak_of_failures() {
    let registry = Registry::new("test");
    let (model, _) = measured(ByLength, &registry);

    model.extract(&talk(1)).await.unwrap_err();
    model.extract(&talk(1)).await.unwrap_err();
    assert_eq!(model.streak.failures(), 2);
    model.extract(&talk(0)).await.unwrap();

    assert_eq!(model.streak.failures(), 0);
    let page = page(&[registry]);
    let failed =
        "gen_ai_client_operation_duration_seconds_count{error_type=\"TOO_SLOW\",gen_ai_operation_name=\"extract\"";
    assert!(page.lines().any(|line| line.starts_with(failed) && line.ends_with(" 2")), "{page}");
}

#[tokio::test]
async fn a_summary_is_counted_as_one() {
    let registry = Registry::new("test");
    let (model, _) = measured(ByLength, &registry);

    model.summarise(&RollUp::of(Asker::somebody())).await.unwrap();

    let page = page(&[registry]);
    assert!(page.contains("error_type=\"NONE\",gen_ai_operation_name=\"summarise\""), "{page}");
}

#[tokio::test]
async fn a_call_that_is_given_up_counts_with_the_time_it_took() {
    let registry = Registry::new("test");
    let (model, clock) = measured(Hangs, &registry);
    let talk = talk(1);
    let mut call = model.extract(&talk);
    assert!(futures::poll!(&mut call).is_pending());

    clock.advance(Duration::from_secs(30));
    drop(call);

    assert_eq!(model.streak.failures(), 1);
    let page = page(&[registry]);
    let sum = page.lines().find(|line| line.starts_with("gen_ai_client_operation_duration_seconds_sum"));
    assert!(sum.is_some_and(|sum| sum.contains("NO_ANSWER") && sum.ends_with(" 30")), "{page}");
}

#[tokio::test]
async fn calls_that_we_drop_ourselves_say_nothing_of_the_model() {
    let registry = Registry::new("test");
    let (model, _) = measured(Hangs, &registry);
    let talk = talk(1);

    for _ in 0..5 {
        let mut call = model.extract(&talk);
        assert!(futures::poll!(&mut call).is_pending());
        drop(call);
    }

    assert_eq!(model.streak.failures(), 0);
    let page = page(&[registry]);
    let count = page.lines().find(|line| line.starts_with("gen_ai_client_operation_duration_seconds_count"));
    assert!(count.is_some_and(|count| count.contains("NO_ANSWER") && count.ends_with(" 5")), "{page}");
}

#[tokio::test]
async fn a_refusal_neither_makes_the_streak_longer_nor_ends_it() {
    let registry = Registry::new("test");
    let (model, _) = measured(ByLength, &registry);

    model.extract(&talk(1)).await.unwrap_err();
    model.extract(&talk(2)).await.unwrap_err();
    model.extract(&talk(3)).await.unwrap_err();

    assert_eq!(model.streak.failures(), 1);
}
