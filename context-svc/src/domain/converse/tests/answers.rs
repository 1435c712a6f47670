//! Replies that come, and who hears them.

use super::*;
use crate::llm::Speaker;

#[tokio::test]
async fn words_are_heard_as_they_come_and_the_whole_is_stored() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "I want to swim.").await;

    let mut following = story.reply(&key);
    answer.says("Where ");
    let first = following.next().await;
    answer.says("will you?");
    answer.ends("Where will you?");

    assert_eq!(first, Heard::Words("Where ".to_owned()));
    assert_eq!(hears(&mut following).await, ("will you?".to_owned(), stored(2)));
    let reply = story.store.list_messages(&key, 1, 1).await.unwrap().remove(0);
    assert_eq!((reply.role, reply.client_id.as_str()), (Role::Assistant, "reply-1"));
    assert_eq!(reply.text, "Where will you?");
}

#[tokio::test]
async fn the_prompt_holds_memory_and_talk_and_nothing_twice() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    story.says(&talk("u1", "yesterday"), "m1", "I gave up smoking.").await;
    story.says(&talk("u2", "c1"), "m1", "I rob banks.").await;
    let first = story.answer();
    story.says(&key, "m1", "I want to swim.").await;
    let mut following = story.reply(&key);
    first.ends("Good.");
    hears(&mut following).await;
    let second = story.answer();
    story.says(&key, "m2", "When?").await;

    let mut following = story.reply(&key);
    let question = story.until_asked(2).await;
    second.ends("Now.");
    hears(&mut following).await;

    let Question { told, turns, asker } = question;
    assert!(told.starts_with("Be kind.\n\nToday is Tuesday, 2026-03-10.\n\n<memory"), "{told}");
    assert!(told.contains("I gave up smoking.") && !told.contains("swim") && !told.contains("banks"), "{told}");
    let turns: Vec<_> = turns.iter().map(|turn| (turn.speaker, turn.text.as_str())).collect();
    use Speaker::{Coach, User};
    assert_eq!(turns, [(User, "I want to swim."), (Coach, "Good."), (User, "When?")]);
    assert_eq!((asker.user_id, asker.conversation_id), (key.user_id, Some(key.conversation_id)));
}

#[tokio::test]
async fn what_is_answered_is_not_answered_again() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut first = story.reply(&key);
    answer.ends("Hi!");
    hears(&mut first).await;

    story.says(&key, "m1", "Hello.").await;
    let mut again = story.reply(&key);

    assert_eq!(hears(&mut again).await, (String::new(), stored(2)));
    assert_eq!((story.questions(), again.answered().unwrap().seq), (1, 1));
    assert_eq!(story.texts(&key).await, ["Hello.", "Hi!"]);
}

#[tokio::test]
async fn who_comes_back_during_a_reply_hears_it_from_its_beginning() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;
    let mut first = story.reply(&key);
    answer.says("Hi ");
    first.next().await;
    drop(first);

    let mut second = story.reply(&key);
    let mut onlooker = story.replies.under_way(&key).expect("a reply is under way");
    let so_far = second.next().await;
    answer.says("there!");
    answer.ends("Hi there!");

    assert_eq!(so_far, Heard::Words("Hi ".to_owned()));
    assert_eq!(hears(&mut second).await, ("there!".to_owned(), stored(2)));
    assert_eq!(hears(&mut onlooker).await, ("Hi there!".to_owned(), stored(2)));
    assert_eq!((story.questions(), second.is_joined()), (1, true));
    assert!(story.replies.under_way(&key).is_none());
}

#[tokio::test]
async fn nobody_who_listens_slowly_holds_a_reply_up() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Count.").await;
    let (mut slow, mut quick) = (story.reply(&key), story.reply(&key));
    let numbers: Vec<String> = (0..1000).map(|number| format!("{number} ")).collect();

    for number in &numbers {
        answer.says(number);
    }
    answer.ends(&numbers.concat());
    quick.is_over().await;

    assert_eq!(slow.next().await, Heard::Words(numbers.concat()));
    assert_eq!(slow.next().await, Heard::End(stored(2)));
    assert_eq!(quick.next().await, Heard::Words(numbers.concat()));
}

#[tokio::test]
async fn what_is_said_meanwhile_is_answered_by_the_next_reply() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let (first, second) = (story.answer(), story.answer());
    story.says(&key, "m1", "Hello.").await;
    let mut following = story.reply(&key);
    story.until_asked(1).await;
    story.says(&key, "m2", "I swim.").await;
    story.says(&key, "m3", "And run.").await;
    first.ends("Hi!");
    hears(&mut following).await;

    let mut following = story.reply(&key);
    let question = story.until_asked(2).await;
    second.ends("Both?");

    assert_eq!(hears(&mut following).await.1, stored(5));
    assert_eq!(following.answered().unwrap().seq, 3);
    let turns: Vec<_> = question.turns.iter().map(|turn| turn.text.as_str()).collect();
    assert_eq!(turns, ["Hello.", "Hi!", "I swim.\n\nAnd run."]);
    assert_eq!(story.texts(&key).await, ["Hello.", "I swim.", "And run.", "Hi!", "Both?"]);
}

#[tokio::test]
async fn what_was_kept_back_until_the_end_is_heard_then() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Hello.").await;

    let mut following = story.reply(&key);
    answer.says("Hi");
    answer.ends("Hi there!");

    assert_eq!(hears(&mut following).await, ("Hi there!".to_owned(), stored(2)));
}

#[tokio::test]
async fn a_reply_is_no_longer_than_a_message_and_says_that_it_is_cut() {
    let (story, key) = (Story::begin().await, talk("u1", "c1"));
    let answer = story.answer();
    story.says(&key, "m1", "Talk.").await;
    let long = format!("a\0{}", "ä".repeat(20_000));

    let mut following = story.reply(&key);
    answer.says(&long);
    answer.ends(&long);

    let (heard, end) = hears(&mut following).await;
    assert_eq!(end, End::Stored { seq: 2, is_cut: true });
    // A letter of two bytes does not fit into the last one.
    assert_eq!((heard.len(), story.texts(&key).await[1] == heard), (32_767, true));
}
