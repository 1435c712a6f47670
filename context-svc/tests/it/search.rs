//! Users look for what they, or their coach, once said.

use std::time::Duration;

use kit::clock::Clock;
use kit::status::reason_of;
use proto::context::v1 as pb;
use proto::context::v1::search_hit::Subject;
use proto::context::v1::search_memory_request::Kind;
use tonic::Code;

use crate::world::{PATIENCE, User, World, message};

impl User<'_> {
    async fn searches(&self, request: pb::SearchMemoryRequest) -> Vec<pb::SearchHit> {
        self.memory().search_memory(request).await.expect("a search is answered").into_inner().hits
    }

    /// The texts of everything that is found.
    async fn finds(&self, query: &str) -> Vec<String> {
        self.searches(of(query)).await.iter().map(text).collect()
    }

    async fn is_understood(&self, conversation: &str) {
        self.ends(conversation).await;
        self.until_done(conversation).await;
    }

    async fn id_of(&self, text: &str) -> String {
        let items = self.memory().list_items(pb::ListItemsRequest::default()).await.unwrap().into_inner().items;
        items.into_iter().find(|item| item.text == text).expect("it is remembered").id
    }
}

fn of(query: &str) -> pb::SearchMemoryRequest {
    pb::SearchMemoryRequest { query: query.into(), ..Default::default() }
}

fn only(kind: Kind, query: &str) -> pb::SearchMemoryRequest {
    pb::SearchMemoryRequest { kinds: vec![kind.into()], ..of(query) }
}

fn text(hit: &pb::SearchHit) -> String {
    match hit.subject.as_ref().expect("something is found") {
        Subject::Item(item) => item.text.clone(),
        Subject::Message(message) => message.text.clone(),
    }
}

fn seconds(seconds: i64) -> Option<prost_types::Timestamp> {
    Some(prost_types::Timestamp { seconds, nanos: 0 })
}

#[tokio::test]
async fn a_message_is_found_at_once_with_the_sentence_that_fits() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "Hi! I went running in the hills. It was cold.").await;
    alice.says("c2", "我打算明年去北京学习书法。").await;

    let hits = alice.searches(of("did I run")).await;

    let [hit] = hits.as_slice() else { panic!("{hits:?}") };
    let evidence = &hit.evidence[0];
    assert_eq!((evidence.conversation_id.as_str(), evidence.seq), ("c1", 1));
    assert_eq!(evidence.quote, "I went running in the hills.");
    assert!(hit.score > 0.0 && hit.score <= 1.0, "{}", hit.score);
    assert_eq!(alice.finds("书法").await, ["我打算明年去北京学习书法。"]);
    assert_eq!(alice.finds("… ?!").await, [""; 0], "no word, nothing found");
    assert_eq!(alice.finds("is it").await.len(), 1, "stop words are words where there is nothing else");
}

#[tokio::test]
async fn items_are_found_as_the_user_has_put_them_and_never_when_rejected() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    alice.append("c1", vec![message("", "I want to swim."), message("", "I want to fly.")]).await.unwrap();
    alice.is_understood("c1").await;
    let goals = |query: &str| alice.searches(only(Kind::Goal, query));
    assert_eq!(goals("swimming").await[0].evidence[0].quote, "I want to swim.");

    let (swim, fly) = (alice.id_of("I want to swim.").await, alice.id_of("I want to fly.").await);
    alice.memory().reject_item(pb::RejectItemRequest { item_id: fly }).await.unwrap();
    let put = pb::UpdateItemRequest { item_id: swim, text: Some("I want to dive.".into()), ..Default::default() };
    alice.memory().update_item(put).await.unwrap();

    assert_eq!(goals("flying").await, []);
    assert_eq!(goals("swimming").await, [], "it does not read so any more");
    assert_eq!(goals("diving").await.iter().map(text).collect::<Vec<_>>(), ["I want to dive."]);
    assert_eq!(alice.finds("flying").await[0], "I want to fly.", "it was said all the same");
}

#[tokio::test]
async fn kinds_times_and_limits_narrow_what_is_found() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let now = world.clock.now().as_second();
    let said = |text: &str, day: i64| pb::append_messages_request::NewMessage {
        at: seconds(now - day * 86_400),
        ..message("", text)
    };
    alice.append("c1", vec![said("I want to swim.", 9), said("I swim a lot.", 5), said("Swim!", 1)]).await.unwrap();
    alice.is_understood("c1").await;
    let between = |since: i64, until: i64| pb::SearchMemoryRequest {
        since: seconds(now - since * 86_400),
        until: seconds(now - until * 86_400),
        ..only(Kind::Message, "swim")
    };

    assert_eq!(alice.searches(of("swim")).await.len(), 6);
    assert_eq!(alice.searches(only(Kind::Decision, "swim")).await, []);
    assert_eq!(alice.searches(between(5, 1)).await.iter().map(text).collect::<Vec<_>>(), ["I swim a lot."]);
    let few = alice.searches(pb::SearchMemoryRequest { limit: 2, ..of("swim") }).await;
    assert_eq!(few, alice.searches(of("swim")).await[..2], "the same, in the same order");
}

#[tokio::test]
async fn what_cannot_be_looked_for_is_refused_by_name() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    let kinds = |kinds: Vec<i32>| pb::SearchMemoryRequest { kinds, ..of("swim") };
    let limit = |limit| pb::SearchMemoryRequest { limit, ..of("swim") };
    let times = |since, until| pb::SearchMemoryRequest { since, until, ..of("swim") };

    for (field, request) in [
        ("query", of("")),
        ("query", of(&"long ".repeat(2048))),
        ("kinds[0]", kinds(vec![0])),
        ("kinds[1]", kinds(vec![1, 99])),
        ("limit", limit(-1)),
        ("limit", limit(201)),
        ("until", times(seconds(20), seconds(10))),
        ("since", times(seconds(i64::MAX), None)),
    ] {
        let refused = alice.memory().search_memory(request).await.expect_err(field);
        assert_eq!((refused.code(), reason_of(&refused).as_deref()), (Code::InvalidArgument, Some("INVALID_FIELD")));
        assert!(refused.message().starts_with(&format!("{field}:")), "{refused}");
    }
}

#[tokio::test]
async fn nobody_finds_what_another_said() {
    let world = World::start().await;
    let (alice, mallory) = (world.user("alice", "s1"), world.user("mallory", "s2"));
    alice.says("c1", "My secret is swordfish.").await;
    assert_eq!(alice.finds("swordfish").await.len(), 1);
    mallory.says("c1", "Nothing to see.").await;

    assert_eq!(mallory.finds("swordfish").await, [""; 0]);
    let stranger = world.stranger().memory().search_memory(of("swordfish")).await.unwrap_err();
    assert_eq!(stranger.code(), Code::Unauthenticated);
}

/// How much the indexes of all users take.
fn kept(world: &World) -> f64 {
    let page = kit::telemetry::metrics::page(&[world.app.registry().clone()]);
    let line = page.lines().find(|line| line.starts_with("afterword_search_cache_bytes")).map(str::to_owned);
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).expect("it is on the page")
}

#[tokio::test]
async fn what_is_deleted_or_erased_is_never_found_again() {
    let world = World::start().await;
    let alice = world.user("alice", "s1");
    for id in ["c1", "c2"] {
        alice.says(id, "I want to swim.").await;
        alice.is_understood(id).await;
    }
    assert_eq!(alice.finds("swim").await.len(), 3, "two messages, and one statement");

    alice.deletes("c1").await.unwrap();
    let kept_after_deleting = kept(&world);
    let left = alice.searches(of("swim")).await;
    let erased = alice.memory().delete_user_data(pb::DeleteUserDataRequest {}).await;

    assert_eq!(left.len(), 2);
    assert!(left.iter().flat_map(|hit| &hit.evidence).all(|evidence| evidence.conversation_id == "c2"), "{left:?}");
    assert!(erased.is_ok());
    assert_eq!((kept_after_deleting, kept(&world)), (0.0, 0.0), "no index of it is left in this process, at once");
    assert_eq!(alice.finds("swim").await, [""; 0]);
}

#[tokio::test]
async fn two_processes_on_one_store_find_what_the_other_was_told() {
    let directory = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", directory.path().join("shared.db").display());
    let shared = |config: &mut context_svc::Config| {
        config.store = store.clone();
        config.store_shared = true;
    };
    let (one, other) = (World::start_with(shared).await, World::start_with(shared).await);
    let (here, there) = (one.user("alice", "s1"), other.user("alice", "s2"));

    here.says("c1", "I want to swim.").await;
    assert_eq!(there.finds("swim").await.len(), 1);
    there.says("c1", "I swim daily.").await;
    assert_eq!(here.finds("swim").await.len(), 2);
    there.deletes("c1").await.unwrap();

    assert_eq!(here.finds("swim").await, [""; 0]);
}

#[tokio::test]
async fn an_index_that_nobody_uses_is_given_up() {
    let world = World::start_with(|config| config.search.cache_idle = kit::config::Period::secs(60)).await;
    let alice = world.user("alice", "s1");
    alice.says("c1", "I want to swim.").await;
    alice.finds("swim").await;
    assert!(kept(&world) > 0.0);

    let forgetting = async {
        while kept(&world) > 0.0 {
            world.clock.advance(Duration::from_secs(60));
            tokio::task::yield_now().await;
        }
    };

    tokio::time::timeout(PATIENCE, forgetting).await.expect("it is given up");
}
