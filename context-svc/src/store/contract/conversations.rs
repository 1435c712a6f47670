//! Storing what is said, and reading it back.

use crate::domain::model::{
    Addition, Cause, Committed, ConversationCursor, Incarnation, JobState, Message, NewMessage, Outcome, Role, Trigger,
    Zone,
};
use crate::store::Store;

use super::language::*;

pub(crate) async fn the_first_append_creates_the_conversation(store: impl Store) {
    let key = key("u1", "c1");
    assert_eq!(store.find_conversation(&key).await.unwrap(), None);

    says(&store, &key, "hello").await;

    let conversation = store.find_conversation(&key).await.unwrap().expect("it is there");
    assert_eq!((conversation.last_seq, conversation.extracted_seq), (1, 0));
    assert_eq!((conversation.session_id, conversation.title.as_str()), (session("s1"), ""));
    assert_eq!((conversation.last_at, conversation.created_at), (t(0), t(0)));
    assert_eq!(extraction(&store, &key).await.state, JobState::Idle);
}

pub(crate) async fn seq_counts_without_gaps(store: impl Store) {
    let key = key("u1", "c1");
    let pair = vec![message("a", Role::User, "one"), message("b", Role::Assistant, "two")];

    let first = append(&store, &key, addition(pair)).await;
    let second = append(&store, &key, addition(vec![message("c", Role::User, "three")])).await;

    assert_eq!(first.messages.iter().map(|m| m.seq).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((second.messages[0].seq, second.last_seq), (3, 3));
}

pub(crate) async fn a_repeated_client_id_is_a_duplicate_and_keeps_its_text(store: impl Store) {
    let key = key("u1", "c1");
    append(&store, &key, addition(vec![message("a", Role::User, "first")])).await;

    let repeated = vec![message("a", Role::User, "changed"), message("b", Role::User, "new")];
    let again = append(&store, &key, addition(repeated)).await;

    assert!(again.messages[0].duplicate && !again.messages[1].duplicate);
    assert_eq!((again.messages[0].seq, again.messages[1].seq, again.last_seq), (1, 2, 2));
    assert_eq!(store.list_messages(&key, 0, 9).await.unwrap()[0].text, "first");
}

pub(crate) async fn a_client_id_twice_in_one_append_is_one_message(store: impl Store) {
    let key = key("u1", "c1");

    let twice = vec![message("a", Role::User, "one"), message("a", Role::User, "one")];
    let appended = append(&store, &key, addition(twice)).await;

    assert_eq!((appended.messages[1].seq, appended.messages[1].duplicate, appended.last_seq), (1, true, 1));
}

pub(crate) async fn twenty_parallel_appends_of_one_client_id_make_one_message(store: impl Store) {
    let key = key("u1", "c1");

    let same = (0..20).map(|_| append(&store, &key, addition(vec![message("a", Role::User, "once")])));
    let answers = futures::future::join_all(same).await;

    assert!(answers.iter().all(|answer| answer.messages[0].seq == 1));
    assert_eq!(answers.iter().filter(|answer| !answer.messages[0].duplicate).count(), 1);
    assert_eq!(store.list_messages(&key, 0, 9).await.unwrap().len(), 1);
}

pub(crate) async fn parallel_appends_leave_no_gap(store: impl Store) {
    let key = key("u1", "c1");

    futures::future::join_all((0..30).map(|n| {
        let (store, key) = (&store, &key);
        async move { says(store, key, &format!("message {n}")).await }
    }))
    .await;

    let seqs: Vec<_> = store.list_messages(&key, 0, 99).await.unwrap().iter().map(|m| m.seq).collect();
    assert_eq!(seqs, (1..=30).collect::<Vec<_>>());
}

pub(crate) async fn two_users_may_use_the_same_id(store: impl Store) {
    let (of_a, of_b) = (key("a", "c1"), key("b", "c1"));

    says(&store, &of_a, "I am A").await;
    says(&store, &of_b, "I am B").await;

    let texts = |messages: Vec<Message>| messages.into_iter().map(|m| m.text).collect::<Vec<_>>();
    assert_eq!(texts(store.list_messages(&of_a, 0, 9).await.unwrap()), ["I am A"]);
    assert_eq!(texts(store.list_messages(&of_b, 0, 9).await.unwrap()), ["I am B"]);
}

pub(crate) async fn a_foreign_conversation_is_not_found(store: impl Store) {
    let foreign = key("b", "c1");
    says(&store, &key("a", "c1"), "mine").await;

    assert_eq!(store.find_conversation(&foreign).await.unwrap(), None);
    assert_eq!(store.list_messages(&foreign, 0, 9).await.unwrap(), []);
    assert_eq!(store.list_conversations(&user("b"), None, 9).await.unwrap(), []);
    assert_eq!(store.raw_tail(&user("b"), 9).await.unwrap(), []);
    assert_eq!(store.find_extraction(&foreign).await.unwrap(), None);
}

pub(crate) async fn any_text_comes_back_as_it_was(store: impl Store) {
    let key = key("u1", "c1");
    let texts =
        ["'; DROP TABLE message; --", "𝔘nicode 🏃‍♀️ \u{200d}\u{feff}", "{\"$set\": 1, \"a.b\": NaN}", " \n\t ", "%_?"];

    for text in texts {
        says(&store, &key, text).await;
    }

    let stored = store.list_messages(&key, 0, 9).await.unwrap();
    assert_eq!(stored.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), texts);
}

pub(crate) async fn conversations_are_listed_last_spoken_in_first(store: impl Store) {
    for (id, at) in [("old", 1), ("new", 3), ("mid", 2)] {
        let said = NewMessage { at: t(at), ..message("a", Role::User, "hi") };
        append(&store, &key("u1", id), addition(vec![said])).await;
    }

    let first = store.list_conversations(&user("u1"), None, 2).await.unwrap();
    let place = ConversationCursor { last_at: first[1].last_at, id: first[1].id.clone() };
    let second = store.list_conversations(&user("u1"), Some(&place), 2).await.unwrap();

    let ids: Vec<_> = first.iter().chain(&second).map(|c| c.id.as_str()).collect();
    assert_eq!(ids, ["new", "mid", "old"]);
}

pub(crate) async fn equal_times_are_paged_without_loss(store: impl Store) {
    for id in ["c1", "c2", "c3"] {
        says(&store, &key("u1", id), "hi").await;
    }

    let mut ids = vec![];
    let mut place = None;
    while let Some(found) = store.list_conversations(&user("u1"), place.as_ref(), 1).await.unwrap().pop() {
        ids.push(found.id.to_string());
        place = Some(ConversationCursor { last_at: found.last_at, id: found.id });
    }

    assert_eq!(ids, ["c3", "c2", "c1"]);
}

pub(crate) async fn messages_are_listed_in_order_page_by_page(store: impl Store) {
    let key = key("u1", "c1");
    for text in ["one", "two", "three"] {
        says(&store, &key, text).await;
    }

    let first = store.list_messages(&key, 0, 2).await.unwrap();
    let rest = store.list_messages(&key, 2, 2).await.unwrap();

    let texts: Vec<_> = first.iter().chain(&rest).map(|m| m.text.as_str()).collect();
    assert_eq!(texts, ["one", "two", "three"]);
}

pub(crate) async fn a_message_keeps_the_time_zone_it_was_said_in(store: impl Store) {
    let key = key("u1", "c1");
    let in_zone = |client: &str, zone: Option<&str>| Addition {
        time_zone: zone.map(|zone| Zone::Named(zone.into())),
        ..addition(vec![message(client, Role::User, "tomorrow")])
    };

    append(&store, &key, in_zone("a", None)).await;
    append(&store, &key, in_zone("b", Some("Europe/Paris"))).await;
    append(&store, &key, in_zone("c", None)).await;
    append(&store, &key, in_zone("d", Some("Asia/Tokyo"))).await;

    let zones: Vec<_> = store.list_messages(&key, 0, 9).await.unwrap().into_iter().map(|m| m.time_zone).collect();
    let [paris, tokyo] = ["Europe/Paris", "Asia/Tokyo"].map(|zone| Some(zone.to_owned()));
    assert_eq!(zones, [None, paris.clone(), paris, tokyo.clone()]);
    assert_eq!(store.find_conversation(&key).await.unwrap().unwrap().time_zone, tokyo);
}

pub(crate) async fn the_zone_of_the_account_holds_until_an_append_names_one(store: impl Store) {
    let key = key("u1", "c1");
    let in_zone = |client: &str, zone: Option<Zone>| Addition {
        time_zone: zone,
        ..addition(vec![message(client, Role::User, "tomorrow")])
    };
    let account = |zone: &str| Some(Zone::OfAccount(zone.into()));

    append(&store, &key, in_zone("a", account("Asia/Tokyo"))).await;
    let unnamed = store.find_conversation(&key).await.unwrap().unwrap().time_zone;
    append(&store, &key, in_zone("b", account("Asia/Seoul"))).await;
    append(&store, &key, in_zone("c", Some(Zone::Named("Europe/Paris".into())))).await;
    append(&store, &key, in_zone("d", account("Asia/Tokyo"))).await;

    let zones: Vec<_> =
        store.list_messages(&key, 0, 9).await.unwrap().into_iter().filter_map(|m| m.time_zone).collect();
    assert_eq!(zones, ["Asia/Tokyo", "Asia/Seoul", "Europe/Paris", "Europe/Paris"]);
    assert_eq!(unnamed, None);
    assert_eq!(store.find_conversation(&key).await.unwrap().unwrap().time_zone.as_deref(), Some("Europe/Paris"));
}

pub(crate) async fn the_tail_of_another_session_is_enqueued_first(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "said before the session changed").await;

    let elsewhere = Addition { session_id: session("s2"), ..addition(vec![message("b", Role::User, "said after")]) };
    append(&store, &key, elsewhere).await;

    let job = extraction(&store, &key).await;
    assert_eq!((job.state, job.want.seq(), job.causes), (JobState::Pending, 1, vec![Cause::Disconnect]));
    assert_eq!(store.find_conversation(&key).await.unwrap().unwrap().session_id, session("s2"));
}

pub(crate) async fn a_clean_conversation_changes_hands_without_a_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    extract(&store, &key).await;

    let elsewhere = Addition { session_id: session("s2"), ..addition(vec![message("b", Role::User, "back again")]) };
    append(&store, &key, elsewhere).await;

    assert_eq!(extraction(&store, &key).await.state, JobState::Done);
}

pub(crate) async fn a_repeated_append_from_another_session_changes_nothing(store: impl Store) {
    let key = key("u1", "c1");
    append(&store, &key, addition(vec![message("a", Role::User, "hello")])).await;

    let repeated = Addition { session_id: session("s2"), ..addition(vec![message("a", Role::User, "hello")]) };
    append(&store, &key, repeated).await;

    assert_eq!(store.find_conversation(&key).await.unwrap().unwrap().session_id, session("s1"));
    assert_eq!(store.depth().await.unwrap(), 0);
}

pub(crate) async fn a_full_queue_keeps_nobody_from_speaking(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "before").await;

    let full = Trigger { depth_limit: 0, ..trigger(Cause::Disconnect, t(0)) };
    let elsewhere = Addition { session_id: session("s2"), ..addition(vec![message("b", Role::User, "after")]) };
    let appended = store.append(&key, &elsewhere, &full).await.unwrap().unwrap();

    assert_eq!(appended.last_seq, 2);
    assert!(is_idle(&store, &key).await, "what is left dirty is the sweep's");
}

pub(crate) async fn the_raw_tail_is_what_no_context_covers(store: impl Store) {
    let (talked, fresh) = (key("u1", "talked"), key("u1", "zfresh"));
    says(&store, &talked, "covered").await;
    extract(&store, &talked).await;
    says(&store, &talked, "not covered").await;
    says(&store, &fresh, "not even asked for").await;

    let tail = store.raw_tail(&user("u1"), 9).await.unwrap();
    let newest = store.raw_tail(&user("u1"), 1).await.unwrap();

    assert_eq!(tail.iter().map(|m| m.message.text.as_str()).collect::<Vec<_>>(), ["not covered", "not even asked for"]);
    assert_eq!(newest, tail[1..]);
}

pub(crate) async fn a_transcript_is_what_the_job_asked_for(store: impl Store) {
    let key = key("u1", "c1");
    for text in ["one", "two", "three"] {
        says(&store, &key, text).await;
    }
    ask(&store, &key).await;
    let mut lease = claim(&store).await.lease;

    let part = store.transcript(&lease, 1, 2).await.unwrap();
    lease.incarnation = Incarnation::random();
    let of_another_life = store.transcript(&lease, 0, 9).await.unwrap();

    assert_eq!(part.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), ["two"]);
    assert_eq!(of_another_life, []);
}

pub(crate) async fn a_deleted_conversation_is_gone_with_all_that_came_of_it(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    extract(&store, &key).await;
    says(&store, &key, "more").await;
    ask(&store, &key).await;

    assert!(store.delete_conversation(&key).await.unwrap());

    assert_eq!(store.find_conversation(&key).await.unwrap(), None);
    assert_eq!(store.list_messages(&key, 0, 9).await.unwrap(), []);
    assert_eq!(store.list_contexts(&key.user_id, 9).await.unwrap(), []);
    assert_eq!(store.raw_tail(&key.user_id, 9).await.unwrap(), []);
    assert_eq!(ask(&store, &key).await, Outcome::Unknown);
    assert_eq!((store.depth().await.unwrap(), claim_at(&store, t(99)).await), (0, None));
    assert!(!store.delete_conversation(&key).await.unwrap(), "there is none any more");
}

pub(crate) async fn a_deleted_id_begins_a_new_life(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let old = claim(&store).await;
    store.delete_conversation(&key).await.unwrap();

    assert_eq!(says(&store, &key, "a new life").await, 1);
    ask(&store, &key).await;
    let new = claim(&store).await;

    assert!(!store.heartbeat(&old.lease, t(99)).await.unwrap());
    assert_eq!(store.transcript(&old.lease, 0, 9).await.unwrap(), []);
    assert_eq!(complete(&store, &old, 1).await, Committed::LeaseLost);
    assert_eq!(complete(&store, &new, 1).await, Committed::Done);
}

pub(crate) async fn only_its_user_can_delete_a_conversation(store: impl Store) {
    let mine = key("a", "c1");
    says(&store, &mine, "hello").await;

    assert!(!store.delete_conversation(&key("b", "c1")).await.unwrap());

    assert!(store.find_conversation(&mine).await.unwrap().is_some());
}
