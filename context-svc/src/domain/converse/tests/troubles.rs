//! Replies that do not come, and what is left then.

use kit::clock::Clock;

use super::*;
use crate::domain::spend::BUDGET;

fn unreachable() -> ModelError {
    ModelError::Unreachable { reason: "MODEL_UNREACHABLE", message: "the connection broke".to_owned() }
}

fn failed() -> End {
    End::Failed(ReplyError::Failed)
}

#[tokio::test]
async fn a_reply_that_breaks_off_leaves_nothing_and_can_be_asked_for_again() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let (first, second) = (story.answer(), story.answer());
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    first.says("Hi ");
    first.fails(unreachable());

    let broken = hears(&mut following).await;
    let left = story.texts(&key).await;
    let mut again = story.reply(&key);
    second.ends("Hi there!");

    assert_eq!((broken, left), (("Hi ".to_owned(), failed()), vec!["Hello.".to_owned()]));
    assert_eq!(hears(&mut again).await, ("Hi there!".to_owned(), stored(2)));
}

#[tokio::test]
async fn a_stream_that_ends_without_the_whole_has_failed() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    answer.says("Hi ");

    drop(answer);

    assert_eq!(hears(&mut following).await.1, failed());
}

#[tokio::test]
async fn a_reply_of_nothing_is_none() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;

    let mut following = story.reply(&key);
    answer.ends(" \n");

    assert_eq!(hears(&mut following).await.1, failed());
    assert_eq!(story.texts(&key).await, ["Hello."]);
}

#[tokio::test]
async fn a_model_that_says_no_word_is_not_waited_for_for_ever() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;

    let mut following = story.reply(&key);
    story.clock.until_sleeping(terms().first_word).await;
    story.clock.advance(terms().first_word);

    assert_eq!(hears(&mut following).await.1, failed());
    answer.is_given_up().await;
}

#[tokio::test]
async fn a_model_that_does_not_come_to_an_end_is_broken_off() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    answer.says("Well, ");
    following.next().await;

    story.clock.until_sleeping(terms().whole).await;
    story.clock.advance(terms().whole);

    assert_eq!(hears(&mut following).await.1, failed());
    answer.is_given_up().await;
}

#[tokio::test]
async fn a_model_that_never_pauses_is_broken_off_in_time() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    story.says(&key, "m1", "Hello.").await;
    let clock = story.clock.clone();
    let words = std::iter::repeat_with(move || {
        clock.advance(Duration::from_secs(1));
        Ok(Piece::Words("and ".to_owned()))
    });
    let whole = Piece::Whole { text: "and ".repeat(200), is_cut: false };
    let answer = futures::stream::iter(words.take(200).chain([Ok(whole)]));
    story.coach.answers.lock().push_back(answer.boxed());

    let mut following = story.reply(&key);

    assert_eq!(hears(&mut following).await, ("and ".repeat(90), failed()));
    assert_eq!(story.texts(&key).await, ["Hello."]);
}

#[tokio::test]
async fn a_ceiling_and_a_provider_that_wants_no_more_are_told_apart() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    story.says(&key, "m1", "Hello.").await;
    let not_now = |reason| {
        let until = story.clock.now() + Duration::from_secs(7);
        ModelError::NotNow { until, reason, message: "not now".to_owned() }
    };
    let busy = ReplyError::Busy { retry_after: Duration::from_secs(7) };
    for (reason, expected) in [(BUDGET, ReplyError::Budget), ("MODEL_RATE_LIMITED", busy)] {
        let answer = story.answer();

        let mut following = story.reply(&key);
        answer.fails(not_now(reason));

        assert_eq!(hears(&mut following).await.1, End::Failed(expected));
    }
}

#[tokio::test]
async fn one_reply_too_many_waits_for_its_turn_and_is_told_if_there_is_none() {
    let story = Story::begin().await;
    let mut under_way = Vec::new();
    for user in ["u1", "u2", "u3"] {
        story.says(&talk(user, "c1"), "m1", "Hello.").await;
    }
    for user in ["u1", "u2"] {
        let (answer, mut following) = (story.answer(), story.reply(&talk(user, "c1")));
        answer.says("Well, ");
        following.next().await;
        under_way.push((answer, following));
    }

    let mut third = story.reply(&talk("u3", "c1"));
    story.clock.until_sleeping(terms().first_word).await;
    story.clock.advance(terms().first_word);

    assert!(matches!(hears(&mut third).await.1, End::Failed(ReplyError::Busy { .. })));
    assert_eq!((story.questions(), third.answered().unwrap().client_id.as_str()), (2, "m1"));
}

#[tokio::test]
async fn one_who_waits_for_a_turn_reads_the_talk_as_it_is_then() {
    let (story, last) = (Story::begin().await, talk("u3", "c1"));
    let mut under_way = Vec::new();
    for user in ["u1", "u2"] {
        story.says(&talk(user, "c1"), "m1", "Hello.").await;
        under_way.push((story.answer(), story.reply(&talk(user, "c1"))));
    }
    story.until_asked(2).await;
    story.says(&last, "m1", "Shall I swim?").await;
    let answer = story.answer();
    let mut third = story.reply(&last);
    while third.answered().is_none() {
        tokio::task::yield_now().await;
    }

    story.says(&last, "m2", "Or run?").await;
    let (first, _following) = under_way.remove(0);
    first.ends("Hi!");
    let question = story.until_asked(3).await;
    answer.ends("Both.");

    assert_eq!(question.turns[0].text, "Shall I swim?\n\nOr run?");
    assert_eq!((hears(&mut third).await.1, third.answered().unwrap().seq), (stored(3), 2));
}

#[tokio::test]
async fn a_reply_is_given_up_with_its_login_session() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let (revoke, revoked) = tokio::sync::oneshot::channel::<()>();
    let mut following = story.replies.reply(&key, Box::pin(async move { _ = revoked.await }));
    answer.says("Hi ");
    following.next().await;

    revoke.send(()).unwrap();

    assert_eq!(hears(&mut following).await.1, failed());
    answer.is_given_up().await;
    assert_eq!(story.texts(&key).await, ["Hello."]);
}

#[tokio::test]
async fn a_reply_may_finish_during_the_drain() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    story.until_asked(1).await;

    let (is_finished, heard) = tokio::join!(story.lifecycle.shutdown(Duration::from_secs(20)), async {
        story.clock.until_sleeping(terms().drain).await;
        answer.ends("Hi!");
        hears(&mut following).await
    });

    assert_eq!((is_finished, heard), (true, ("Hi!".to_owned(), stored(2))));
}

#[tokio::test]
async fn a_reply_does_not_hold_the_drain_up() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let _answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    story.until_asked(1).await;

    let (is_finished, heard) = tokio::join!(story.lifecycle.shutdown(Duration::from_secs(20)), async {
        story.clock.until_sleeping(terms().drain).await;
        story.clock.advance(terms().drain);
        hears(&mut following).await
    });

    assert_eq!((is_finished, heard.1), (true, failed()));
    assert_eq!(story.texts(&key).await, ["Hello."]);
}

#[tokio::test]
async fn a_deleted_conversation_does_not_come_back_with_its_reply() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    story.until_asked(1).await;

    story.store.delete_conversation(&key).await.unwrap();
    answer.ends("Hi!");

    assert_eq!(hears(&mut following).await.1, failed());
    assert!(story.store.find_conversation(&key).await.unwrap().is_none());
}

#[tokio::test]
async fn where_the_user_said_nothing_there_is_nothing_to_answer() {
    let story = Story::begin().await;

    let mut following = story.reply(&talk("u1", "nowhere"));

    assert_eq!(hears(&mut following).await.1, End::Nothing);
    assert_eq!(story.questions(), 0);
}
