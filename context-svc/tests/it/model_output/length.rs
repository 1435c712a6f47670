//! What a very long talk costs, and what one more message after it does.

use std::collections::BTreeSet;

use context_svc::llm::Provider;
use proto::context::v1::extraction::State;

use super::Story;
use super::answers::{nothing, says};
use crate::world::message;

/// The numbers of the messages that a question held.
fn seqs(asked: &super::server::Asked) -> BTreeSet<i64> {
    let text = asked.body["messages"].as_array().unwrap().last().unwrap()["content"].as_str().unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("{\"seq\":"));
    lines.map(|rest| rest.split(',').next().unwrap().parse().unwrap()).collect()
}

fn tokens(asked: &super::server::Asked) -> usize {
    asked.body["messages"].to_string().len().div_ceil(4)
}

#[tokio::test]
async fn a_talk_of_two_thousand_messages_is_covered_and_one_more_costs_one_small_call() {
    let story = Story::of(Provider::OpenAi, []).await;
    story.server.otherwise(says(&nothing()));
    let user = story.user();
    for part in 0..20 {
        let turns = (0..100)
            .map(|turn| message("", &format!("Number {} of what I tell you about my long day.", part * 100 + turn)));
        user.append("c1", turns.collect()).await.unwrap();
    }
    user.ends("c1").await;
    // Nothing to remember is asked about twice, and a pass takes eight pieces at most.
    user.until("c1", |extraction| extraction.state() == State::Done && extraction.done & 0xffff == 2000).await;
    let whole = story.server.asked();

    user.says("c1", "I want to sleep now.").await;
    user.ends("c1").await;
    user.until("c1", |extraction| extraction.state() == State::Done && extraction.done & 0xffff == 2001).await;

    let asked = story.server.asked();
    let covered: BTreeSet<i64> = whole.iter().flat_map(seqs).collect();
    assert_eq!(covered, (1..=2000).collect());
    assert!(whole.len() <= 24, "{} calls", whole.len());
    let sent: usize = whole.iter().map(tokens).sum();
    assert!(sent < 200_000, "{sent} tokens");
    let more = &asked[whole.len()..];
    assert_eq!((more.len(), seqs(&more[0])), (1, [1999, 2000, 2001].into()));
    assert!(tokens(&more[0]) < 3000, "{} tokens", tokens(&more[0]));
}
