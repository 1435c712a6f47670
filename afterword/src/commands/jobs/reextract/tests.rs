//! Reading again, asked for by an operator.

use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use context_svc::domain::model::{Committed, ConversationId, ConversationKey, WorkerId};
use context_svc::store::ClaimTerms;
use kit::clock::{Clock, TestClock};
use kit::id::UserId;
use serde_json::Value;

use crate::commands::Arguments;
use crate::commands::jobs::tests::{World, answer_at, jobs, now};

#[tokio::test]
async fn what_another_prompt_read_is_read_again_as_far_as_the_limit() {
    let world = World::start().await;
    for (user, conversation) in [("alice", "c1"), ("alice", "c2"), ("bob", "c1")] {
        world.is_extracted(user, conversation).await;
    }

    let dry = world.types_later("reextract --dry-run").await.unwrap();
    let one = world.types_later("reextract --user alice --limit 1").await.unwrap();
    let of_bob: Value = serde_json::from_str(&world.types_later("--json reextract --user bob").await.unwrap()).unwrap();
    let rest = world.types_later("reextract").await.unwrap();
    let none = world.types_later("reextract").await.unwrap();

    assert_eq!(dry, "3 conversations would be read again\n");
    assert_eq!(one, "1 conversation will be read again, and there may be more\n");
    assert_eq!((&of_bob["queued"], &of_bob["more"]), (&Value::from(1), &Value::from(false)));
    assert_eq!(
        (rest.as_str(), none.as_str()),
        ("1 conversation will be read again\n", "0 conversations will be read again\n")
    );
}

#[tokio::test]
async fn a_conversation_is_named_with_its_user_and_another_version_is_not_meant() {
    let world = World::start().await;
    world.is_extracted("alice", "c1").await;

    let other = world.types_later("reextract --user alice --conversation c1 --prompt-version 7").await.unwrap();
    let named = world.types_later("reextract --user alice --conversation c1").await.unwrap();

    assert_eq!(
        (other.as_str(), named.as_str()),
        ("0 conversations will be read again\n", "1 conversation will be read again\n")
    );
    for line in ["reextract --conversation c1", "reextract --limit 0"] {
        assert!(Arguments::try_parse_from(format!("afterword jobs {line}").split(' ')).is_err(), "{line}");
    }
}

#[tokio::test]
async fn a_full_queue_is_waited_for() {
    let world = World::start_with(|config| config.schedule.depth = 2).await;
    for conversation in ["c1", "c2"] {
        world.is_extracted("alice", conversation).await;
    }
    let clock = TestClock::frozen_at(now() + Duration::from_secs(60));
    let (typed, patient) = (jobs("reextract"), clock.clone());
    let desk = world.desk.clone();
    let typing = tokio::spawn(async move { answer_at(&typed, &desk, Arc::new(patient)).await });

    let pause = Duration::from_secs(5);
    clock.until_sleeping(pause).await;
    let terms = ClaimTerms { now: now(), lease: Duration::from_secs(60), deliveries_max: 5 };
    let job = world.app.store().claim(&WorkerId::random(), &[], &terms).await.unwrap().expect("one is queued");
    let key = ConversationKey::new(UserId::parse("alice").unwrap(), ConversationId::parse("c1").unwrap());
    let context = world.app.store().find_context(&key).await.unwrap().expect("it was read before");
    let ended = world.app.store().complete(&job.lease, job.want, &context, clock.now()).await.unwrap();
    clock.advance(pause);

    assert_eq!((job.key(), ended), (&key, Committed::Done));
    assert_eq!(typing.await.unwrap().unwrap(), "2 conversations will be read again\n");
}
