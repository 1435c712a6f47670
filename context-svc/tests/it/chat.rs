//! Talking over one stream, and what its end sets off.

use std::time::Duration;

use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::converse_request::{Append, End, Frame, Open, Reauthenticate};
use proto::context::v1::converse_response::Event;
use proto::context::v1::trigger::Cause;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status, Streaming};

use crate::world::{PATIENCE, User, World};

/// One open stream, seen from the client.
pub(crate) struct Stream {
    frames: mpsc::Sender<pb::ConverseRequest>,
    events: Streaming<pb::ConverseResponse>,
}

impl Stream {
    pub(crate) async fn of(user: &User<'_>) -> Self {
        let (frames, outgoing) = mpsc::channel(8);
        let events = user.chat().converse(ReceiverStream::new(outgoing)).await.expect("a stream").into_inner();
        Self { frames, events }
    }

    /// A stream on which `conversation` is open.
    pub(crate) async fn open(user: &User<'_>, conversation: &str) -> Self {
        let mut stream = Self::of(user).await;
        stream.send(open(conversation)).await;
        assert!(matches!(stream.next().await, Ok(Some(Event::Opened(_)))));
        stream
    }

    pub(crate) async fn send(&self, frame: Frame) {
        self.frames.send(pb::ConverseRequest { frame: Some(frame) }).await.expect("the stream is open");
    }

    pub(crate) async fn next(&mut self) -> Result<Option<Event>, Status> {
        let message = tokio::time::timeout(PATIENCE, self.events.message()).await.expect("an answer in time");
        Ok(message?.map(|answer| answer.event.expect("an event")))
    }

    pub(crate) async fn ack(&mut self) -> pb::converse_response::Ack {
        match self.next().await.expect("the stream goes on") {
            Some(Event::Ack(ack)) => ack,
            other => panic!("expected an ack, got {other:?}"),
        }
    }
}

fn open(conversation: &str) -> Frame {
    Frame::Open(Open { conversation_id: conversation.into(), time_zone: String::new() })
}

pub(crate) fn append(client_id: &str, text: &str) -> Frame {
    Frame::Append(Append { client_id: client_id.into(), text: text.into(), ..Default::default() })
}

#[tokio::test]
async fn a_talk_without_a_time_zone_is_held_in_that_of_the_account() {
    let world = World::start().await;
    let alice = world.user_in("Asia/Tokyo", "alice", "s1");

    for (conversation, zone) in [("c1", ""), ("c2", "Europe/Paris")] {
        let open = Frame::Open(Open { conversation_id: conversation.into(), time_zone: zone.into() });
        let mut stream = Stream::of(&alice).await;
        stream.send(open).await;
        assert!(matches!(stream.next().await, Ok(Some(Event::Opened(_)))));
        stream.send(append("m1", "I will swim tomorrow.")).await;
        stream.ack().await;
    }

    assert_eq!(world.zones("alice", "c1").await, ["Asia/Tokyo"]);
    assert_eq!(world.zones("alice", "c2").await, ["Europe/Paris"]);
}

#[tokio::test]
async fn a_talk_in_no_time_zone_of_this_earth_is_refused() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::of(&alice).await;

    stream.send(Frame::Open(Open { conversation_id: "c1".into(), time_zone: "Mars/Olympus".into() })).await;
    let refused = stream.next().await.expect_err("a refusal");

    assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
}

#[tokio::test]
async fn an_acknowledged_message_is_stored() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.send(append("m1", "I want to swim.")).await;
    let ack = stream.ack().await;

    assert_eq!((ack.client_id.as_str(), ack.seq, ack.duplicate), ("m1", 1, false));
    assert_eq!(alice.texts("c1").await, ["I want to swim."]);
}

#[tokio::test]
async fn what_is_sent_again_after_a_reconnect_is_not_doubled() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut first = Stream::open(&alice, "c1").await;
    first.send(append("m1", "I want to swim.")).await;
    first.ack().await;
    drop(first);

    let mut second = Stream::of(&alice).await;
    second.send(open("c1")).await;
    let opened = second.next().await.unwrap();
    second.send(append("m1", "I want to swim.")).await;
    let ack = second.ack().await;

    assert!(matches!(opened, Some(Event::Opened(opened)) if opened.last_seq == 1));
    assert_eq!((ack.seq, ack.duplicate), (1, true));
}

#[tokio::test]
async fn a_bad_message_is_refused_by_name_and_the_talk_goes_on() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.send(append("m1", "")).await;
    let refused = stream.next().await.unwrap();
    stream.send(append("m2", "I want to swim.")).await;
    let ack = stream.ack().await;

    let Some(Event::Error(error)) = refused else { panic!("expected an error, got {refused:?}") };
    assert_eq!((error.code.as_str(), error.reason.as_str()), ("INVALID_ARGUMENT", "INVALID_FIELD"));
    assert_eq!((error.client_id.as_str(), error.message.as_str()), ("m1", "append.text: must not be empty"));
    assert_eq!(ack.seq, 1);
}

#[tokio::test]
async fn the_first_frame_must_open_the_talk() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::of(&alice).await;

    stream.send(append("m1", "hello")).await;
    let refused = stream.next().await.unwrap_err();

    assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FRAME")));
}

#[tokio::test]
async fn what_is_no_frame_ends_the_talk_with_a_reason() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.send(append("m1", &"x".repeat(5 * 1024 * 1024))).await;
    let refused = stream.next().await.unwrap_err();

    assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FRAME")));
}

#[tokio::test]
async fn a_talk_may_be_opened_only_once() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    stream.send(open("c2")).await;

    let refused = stream.next().await.unwrap();
    assert!(matches!(refused, Some(Event::Error(error)) if error.reason == "INVALID_FRAME"));
}

#[tokio::test]
async fn a_stream_that_drops_asks_for_the_extraction() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.send(append("m1", "I want to swim.")).await;
    stream.ack().await;

    drop(stream);

    let asked = alice.until("c1", |extraction| !extraction.causes.is_empty()).await;
    assert_eq!(asked.causes().collect::<Vec<_>>(), [Cause::Disconnect]);
    world.clock.advance(Duration::from_secs(30));
    alice.until_done("c1").await;
    assert_eq!(alice.context().await.items[0].text, "I want to swim.");
}

#[tokio::test]
async fn an_ended_talk_closes_with_ok_and_asks_for_the_extraction() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.send(append("m1", "I want to swim.")).await;
    stream.ack().await;

    stream.send(Frame::End(End {})).await;

    assert_eq!(stream.next().await.unwrap(), None);
    alice.until("c1", |extraction| extraction.causes().eq([Cause::Disconnect])).await;
}

#[tokio::test]
async fn a_revoked_session_ends_its_stream_and_asks_for_the_extraction() {
    let world = World::start().await;
    let (alice, elsewhere) = (world.user("alice", "s1"), world.user("alice", "s2"));
    let mut stream = Stream::open(&alice, "c1").await;
    stream.send(append("m1", "I want to swim.")).await;
    stream.ack().await;

    world.revoke("s1");

    let refused = stream.next().await.unwrap_err();
    assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::Unauthenticated, Some("TOKEN_REVOKED")));
    elsewhere.until("c1", |extraction| extraction.causes().eq([Cause::Disconnect])).await;
}

#[tokio::test]
async fn a_drain_is_announced_and_leaves_the_rest_to_the_sweep() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;
    stream.send(append("m1", "I want to swim.")).await;
    stream.ack().await;

    let ended = tokio::join!(world.lifecycle.shutdown(Duration::from_secs(10)), async {
        let event = stream.next().await.unwrap();
        (event, stream.next().await.unwrap())
    });

    let (_, (announced, after)) = ended;
    assert!(matches!(announced, Some(Event::Draining(_))) && after.is_none());
    let key = context_svc::domain::model::ConversationKey::new(
        kit::id::UserId::parse("alice").unwrap(),
        context_svc::domain::model::ConversationId::parse("c1").unwrap(),
    );
    let extraction = world.app.store().find_extraction(&key).await.unwrap().expect("the conversation is there");
    assert_eq!(extraction.state, context_svc::domain::model::JobState::Idle);
}

#[tokio::test]
async fn a_token_about_to_expire_must_be_renewed() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let mut stream = Stream::open(&alice, "c1").await;

    world.clock.advance(Duration::from_secs(250));
    let asked = stream.next().await.unwrap();
    stream.send(Frame::Reauthenticate(Reauthenticate { access_token: alice.fresh_token("mallory", "s1") })).await;
    let refused = stream.next().await.unwrap();
    stream.send(Frame::Reauthenticate(Reauthenticate { access_token: alice.fresh_token("alice", "s1") })).await;
    stream.send(append("m1", "still here")).await;
    stream.ack().await;
    world.clock.advance(Duration::from_secs(250));
    let asked_again = stream.next().await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    let ended = stream.next().await.unwrap_err();

    assert!(matches!(asked, Some(Event::ReauthenticateRequired(_))));
    assert!(matches!(refused, Some(Event::Error(error)) if error.reason == "TOKEN_INVALID"));
    assert!(matches!(asked_again, Some(Event::ReauthenticateRequired(_))));
    assert_eq!(reason_of(&ended).as_deref(), Some("TOKEN_EXPIRED"));
}
