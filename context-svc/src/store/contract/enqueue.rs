//! Asking for an extraction.

use std::time::Duration;

use crate::domain::model::{Cause, Enqueued, Fate, JobState, Outcome, Role, Trigger};
use crate::store::Store;

use super::language::*;

pub(crate) async fn the_second_trigger_is_merged(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "I will run a marathon in May").await;

    assert_eq!(ask_at(&store, &key, Cause::Disconnect, t(0)).await, Outcome::Queued);
    assert_eq!(ask_at(&store, &key, Cause::Logout, t(0)).await, Outcome::Merged);

    assert_eq!(store.depth().await.unwrap(), 1);
    assert_eq!(extraction(&store, &key).await.merges, 1);
}

pub(crate) async fn fifty_first_triggers_make_one_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    let outcomes = futures::future::join_all((0..50).map(|_| ask(&store, &key))).await;

    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Queued).count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Merged).count(), 49);
    assert_eq!(store.depth().await.unwrap(), 1);
}

pub(crate) async fn users_with_the_same_id_have_jobs_of_their_own(store: impl Store) {
    let (of_a, of_b) = (key("a", "c1"), key("b", "c1"));
    says(&store, &of_a, "I am A").await;
    says(&store, &of_b, "I am B").await;

    assert_eq!(ask(&store, &of_a).await, Outcome::Queued);
    assert_eq!(ask(&store, &of_b).await, Outcome::Queued);

    assert_eq!(store.depth().await.unwrap(), 2);
}

pub(crate) async fn an_unknown_conversation_is_an_outcome(store: impl Store) {
    says(&store, &key("a", "c1"), "mine").await;

    assert_eq!(ask(&store, &key("a", "c2")).await, Outcome::Unknown);
    assert_eq!(ask(&store, &key("b", "c1")).await, Outcome::Unknown);

    assert_eq!(store.depth().await.unwrap(), 0);
}

pub(crate) async fn without_a_word_of_the_user_there_is_no_job(store: impl Store) {
    let key = key("u1", "c1");
    answers(&store, &key, "Welcome! What brings you here?").await;

    assert_eq!(ask(&store, &key).await, Outcome::Empty);

    assert_eq!(claim_at(&store, t(99)).await, None);
    assert!(!is_idle(&store, &key).await, "and the sweep does not ask again");
}

pub(crate) async fn an_answer_alone_is_not_extracted(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    extract(&store, &key).await;
    answers(&store, &key, "Good bye!").await;

    assert_eq!(ask(&store, &key).await, Outcome::Empty);

    assert_eq!(extraction(&store, &key).await.state, JobState::Done);
    assert!(!is_idle(&store, &key).await);
}

pub(crate) async fn what_is_extracted_is_not_extracted_again(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    extract(&store, &key).await;

    assert_eq!(ask(&store, &key).await, Outcome::AlreadyExtracted);

    assert_eq!(claim_at(&store, t(99)).await, None);
}

pub(crate) async fn a_running_job_that_covers_everything_is_enough(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    claim(&store).await;

    assert_eq!(ask(&store, &key).await, Outcome::AlreadyRunning);

    assert_eq!(extraction(&store, &key).await.want.seq(), 1);
}

pub(crate) async fn newer_messages_re_arm_a_running_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "one").await;
    ask(&store, &key).await;
    claim(&store).await;
    says(&store, &key, "two").await;

    assert_eq!(ask(&store, &key).await, Outcome::Rearmed);
    assert_eq!(ask(&store, &key).await, Outcome::Rearmed, "it is still running on older messages");

    let job = extraction(&store, &key).await;
    assert_eq!((job.state, job.want.seq()), (JobState::Running, 2));
}

pub(crate) async fn every_cause_is_recorded_once(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    for cause in [Cause::Disconnect, Cause::Logout, Cause::Disconnect, Cause::Idle] {
        ask_at(&store, &key, cause, t(0)).await;
    }

    assert_eq!(extraction(&store, &key).await.causes, [Cause::Disconnect, Cause::Logout, Cause::Idle]);
}

pub(crate) async fn a_full_queue_refuses_only_new_jobs(store: impl Store) {
    let full = Trigger { depth_limit: 1, ..trigger(Cause::Logout, t(0)) };
    let (known, new) = (key("u1", "known"), key("u1", "new"));
    says(&store, &known, "hello").await;
    says(&store, &new, "hello").await;
    ask(&store, &known).await;

    assert_eq!(store.enqueue(&new, &full).await.unwrap(), Enqueued::Full);
    assert!(
        matches!(store.enqueue(&known, &full).await.unwrap(), Enqueued::Accepted(t) if t.outcome == Outcome::Merged)
    );

    assert_eq!(extraction(&store, &new).await.state, JobState::Idle);
}

pub(crate) async fn an_ended_job_makes_room(store: impl Store) {
    let (first, second) = (key("u1", "c1"), key("u1", "c2"));
    says(&store, &first, "hello").await;
    says(&store, &second, "hello").await;
    extract(&store, &first).await;

    let single = Trigger { depth_limit: 1, ..trigger(Cause::Logout, t(0)) };
    let enqueued = store.enqueue(&second, &single).await.unwrap();

    assert!(matches!(enqueued, Enqueued::Accepted(ticket) if ticket.outcome == Outcome::Queued));
    assert_eq!(store.depth().await.unwrap(), 1);
}

pub(crate) async fn a_disconnect_waits_and_a_logout_does_not(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask_at(&store, &key, Cause::Disconnect, t(0)).await;
    assert_eq!(claim_at(&store, t(19)).await, None);

    ask_at(&store, &key, Cause::Logout, t(5)).await;

    assert_eq!(extraction(&store, &key).await.run_at, Some(t(5)));
    assert!(claim_at(&store, t(5)).await.is_some());
}

pub(crate) async fn steady_disconnects_cannot_starve_a_job(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;

    for second in 0..30 {
        ask_at(&store, &key, Cause::Disconnect, t(second)).await;
    }

    assert!(claim_at(&store, t(30)).await.is_some());
}

pub(crate) async fn a_trigger_does_not_cut_a_backoff_short(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;
    let later = Fate::Retry { not_before: t(0) + Duration::from_secs(300) };
    store.fail(&job.lease, later, &error("UNREADABLE", t(0)), None).await.unwrap();

    ask_at(&store, &key, Cause::Manual, t(10)).await;

    assert_eq!(claim_at(&store, t(299)).await, None);
    assert!(claim_at(&store, t(300)).await.is_some());
}

pub(crate) async fn a_session_asks_for_what_it_left_dirty(store: impl Store) {
    says(&store, &key("u1", "done"), "hello").await;
    extract(&store, &key("u1", "done")).await;
    says(&store, &key("u1", "dirty"), "hello").await;
    says(&store, &key("u2", "foreign"), "hello").await;
    let mut elsewhere = addition(vec![message("a", Role::User, "hello")]);
    elsewhere.session_id = session("s2");
    append(&store, &key("u1", "elsewhere"), elsewhere).await;

    let asked = trigger(Cause::Logout, t(0));
    let enqueued = store.enqueue_session(&user("u1"), &session("s1"), &asked).await.unwrap();

    let tickets: Vec<_> = enqueued.tickets.iter().map(|t| (t.conversation_id.as_str(), t.outcome)).collect();
    assert_eq!((tickets, enqueued.refused), (vec![("dirty", Outcome::Queued)], 0));
    assert_eq!(enqueued.tickets[0].watermark.seq(), 1);
}

pub(crate) async fn of_a_session_those_that_fit_stay_accepted(store: impl Store) {
    for id in ["c1", "c2", "c3"] {
        says(&store, &key("u1", id), "hello").await;
    }

    let small = Trigger { depth_limit: 2, ..trigger(Cause::Logout, t(0)) };
    let first = store.enqueue_session(&user("u1"), &session("s1"), &small).await.unwrap();
    let again = store.enqueue_session(&user("u1"), &session("s1"), &small).await.unwrap();

    assert_eq!((first.tickets.len(), first.refused), (2, 1));
    assert!(again.tickets.iter().all(|ticket| ticket.outcome == Outcome::Merged));
    assert_eq!(store.depth().await.unwrap(), 2);
}

pub(crate) async fn a_dead_job_is_not_revived_by_a_trigger_alone(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;
    store.fail(&job.lease, Fate::Dead, &error("UNREADABLE", t(0)), None).await.unwrap();

    assert_eq!(ask_at(&store, &key, Cause::Manual, t(5)).await, Outcome::DeadLettered);

    let dead = extraction(&store, &key).await;
    assert_eq!((dead.state, dead.attempts, dead.causes), (JobState::Dead, 1, vec![Cause::Logout, Cause::Manual]));
}

pub(crate) async fn newer_messages_revive_a_dead_job_with_fresh_counters(store: impl Store) {
    let key = key("u1", "c1");
    says(&store, &key, "hello").await;
    ask(&store, &key).await;
    let job = claim(&store).await;
    store.fail(&job.lease, Fate::Dead, &error("UNREADABLE", t(0)), None).await.unwrap();
    says(&store, &key, "something new").await;

    assert_eq!(ask(&store, &key).await, Outcome::Queued);

    let revived = extraction(&store, &key).await;
    assert_eq!((revived.state, revived.attempts, revived.last_error), (JobState::Pending, 0, None));
    assert_eq!((revived.want.seq(), revived.fence), (2, job.lease.fence));
}

pub(crate) async fn the_backlog_is_what_no_context_covers(store: impl Store) {
    let talk = key("u1", "c1");
    says(&store, &talk, "said before").await;
    extract(&store, &talk).await;
    says(&store, &talk, "abc").await;
    answers(&store, &talk, "目标").await;
    says(&store, &talk, "not measured").await;

    let backlog = store.backlog(&talk, 2).await.unwrap().unwrap();

    assert_eq!((backlog.messages, backlog.chars, backlog.bytes, backlog.sized_at), (3, 5, 9, None));
    assert_eq!(store.backlog(&key("u2", "c1"), 2).await.unwrap(), None);
}

pub(crate) async fn the_backlog_remembers_when_its_size_asked(store: impl Store) {
    let talk = key("u1", "c1");
    says(&store, &talk, "hello").await;
    let sized_at = async || store.backlog(&talk, 9).await.unwrap().unwrap().sized_at;

    ask_at(&store, &talk, Cause::Logout, t(-2)).await;
    assert_eq!(sized_at().await, None);
    ask_at(&store, &talk, Cause::Size, t(-1)).await;
    assert_eq!(sized_at().await, Some(t(-1)));
    let full = Trigger { depth_limit: 0, ..trigger(Cause::Size, t(3)) };
    extract(&store, &talk).await;
    says(&store, &talk, "more").await;
    assert_eq!(store.enqueue(&talk, &full).await.unwrap(), Enqueued::Full);
    assert_eq!(sized_at().await, Some(t(-1)), "it has not been heard");
}
