//! Watching an extraction from outside.

use std::time::Duration;

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::extraction::State;
use tonic::{Code, Status, Streaming};

use crate::world::{PATIENCE, User, World};

struct Watching(Streaming<pb::WatchExtractionResponse>);

impl Watching {
    async fn next(&mut self) -> Result<pb::Extraction, Status> {
        let message = tokio::time::timeout(PATIENCE, self.0.message()).await.expect("there is something to see")?;
        Ok(message.expect("a watch does not end without a reason").extraction.expect("an extraction"))
    }

    async fn until(&mut self, state: State) -> pb::Extraction {
        loop {
            let extraction = self.next().await.expect("the watch goes on");
            if extraction.state() == state {
                return extraction;
            }
        }
    }

    /// Why it ends.
    async fn end(&mut self) -> (Code, Option<String>) {
        loop {
            if let Err(status) = self.next().await {
                return (status.code(), reason_of(&status));
            }
        }
    }
}

async fn watch(user: &User<'_>, conversation: &str) -> Result<Watching, Status> {
    let request = pb::WatchExtractionRequest { conversation_id: conversation.into() };
    Ok(Watching(user.extractions().watch_extraction(request).await?.into_inner()))
}

fn ended(code: Code, reason: &str) -> (Code, Option<String>) {
    (code, Some(reason.to_owned()))
}

/// Alice, watching a conversation that nobody has asked to extract.
async fn watching(world: &World) -> Watching {
    let alice = world.user("alice", "s1");
    alice.says("c1", "I will run a marathon in May").await;
    let mut watching = watch(&alice, "c1").await.expect("her own can be watched");
    assert_eq!(watching.next().await.expect("the state comes at once").state(), State::Idle);
    watching
}

#[tokio::test]
async fn an_extraction_is_watched_from_its_trigger_to_its_result_and_on_to_the_next() {
    let world = World::start().await;
    let mut watching = watching(&world).await;
    let alice = world.user("alice", "s2");
    world.model.hold();

    alice.ends("c1").await;
    let running = watching.until(State::Running).await;
    world.model.go_on();
    let done = watching.until(State::Done).await;
    alice.says("c1", "I want to sleep eight hours").await;
    alice.ends("c1").await;
    let again = watching.until(State::Done).await;

    assert_eq!((running.fence, running.done), (1, 0));
    assert_eq!((done.done, done.outcome()), (1, pb::session_context::Outcome::Extracted));
    assert_eq!((again.done, again.fence), (2, 2));
}

#[tokio::test]
async fn what_is_not_ones_own_cannot_be_watched() {
    let world = World::start().await;
    let _alices = watching(&world).await;
    let refusal = async |user: User<'_>, conversation: &str| {
        let refused = watch(&user, conversation).await.err().expect("it is refused");
        (refused.code(), reason_of(&refused))
    };

    let foreign = refusal(world.user("bob", "s2"), "c1").await;
    let unknown = refusal(world.user("alice", "s1"), "c2").await;
    let no_id = refusal(world.user("alice", "s1"), "a/b").await;
    let nobody = refusal(world.stranger(), "c1").await;

    assert_eq!(foreign, ended(Code::NotFound, "CONVERSATION_NOT_FOUND"));
    assert_eq!(unknown, foreign);
    assert_eq!(no_id, ended(Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(nobody, ended(Code::Unauthenticated, "TOKEN_MISSING"));
}

#[tokio::test]
async fn a_watch_ends_with_its_session() {
    let world = World::start().await;
    let mut watching = watching(&world).await;

    world.revoke("s1");

    assert_eq!(watching.end().await, ended(Code::Unauthenticated, "TOKEN_REVOKED"));
}

#[tokio::test]
async fn a_watch_ends_with_its_token() {
    let world = World::start().await;
    let mut watching = watching(&world).await;

    world.clock.advance(Duration::from_secs(3600));

    assert_eq!(watching.end().await, ended(Code::Unauthenticated, "TOKEN_EXPIRED"));
}

#[tokio::test]
async fn a_watch_ends_when_its_conversation_is_deleted() {
    let world = World::start().await;
    let mut watching = watching(&world).await;

    world.user("alice", "s2").deletes("c1").await.unwrap();
    world.clock.advance(Duration::from_secs(10));

    assert_eq!(watching.end().await, ended(Code::NotFound, "CONVERSATION_NOT_FOUND"));
}

#[tokio::test]
async fn a_drain_tells_watchers_to_connect_again_and_waits_for_none() {
    let world = World::start().await;
    let mut watching = watching(&world).await;

    let (end, all_ended) = tokio::join!(watching.end(), world.lifecycle.shutdown(PATIENCE));

    assert_eq!(end, ended(Code::Unavailable, "DRAINING"));
    assert!(all_ended);
}

#[tokio::test]
async fn a_watcher_who_is_gone_is_not_waited_for() {
    let world = World::start().await;
    let watching = watching(&world).await;

    drop(watching);

    assert!(world.lifecycle.shutdown(PATIENCE).await);
}
