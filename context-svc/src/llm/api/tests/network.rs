use std::time::Duration;

use jiff::Timestamp;
use kit::clock::Clock;
use serde_json::json;

use super::*;
use crate::llm::api::GuardSettings;

const BLUE: &str = r#"{"colour":"blue"}"#;

#[tokio::test]
async fn a_connection_that_dies_inside_the_answer_is_asked_once_more() {
    for framed in [|it: Scripted| it, |it: Scripted| it.chunked(16), |it: Scripted| it.until_close()] {
        let story = Story::openai([framed(said(BLUE)).cut_after(80), said(BLUE)]).await;

        let reply = story.ask().await.unwrap();

        assert_eq!((reply.text.as_str(), reply.usage.calls), (BLUE, 2));
        assert_eq!(story.recorded(), ["MODEL_UNREACHABLE", ""]);
    }
}

#[tokio::test]
async fn a_connection_that_always_dies_is_given_up_after_the_second_time() {
    let story = Story::openai([]).await;
    story.server.otherwise(said(BLUE).cut_after(80));

    assert_eq!(story.reason().await, "MODEL_UNREACHABLE");
    assert_eq!(story.server.asked().len(), 2);
}

#[tokio::test]
async fn a_failure_of_the_server_is_asked_once_more() {
    let story = Story::openai([refusal(500, json!({"message": "oops"})), said(BLUE)]).await;

    assert_eq!(story.ask().await.unwrap().text, BLUE);
}

#[tokio::test]
async fn nobody_there_is_said_with_the_cause() {
    let story = Story::openai([]).await;
    let endpoint = Endpoint::of(Api::OpenAi);
    let clock: kit::clock::SharedClock = Arc::new(story.clock.clone());
    let guard = Guard::new(&GuardSettings::default(), clock.clone());
    let client = Client::new(endpoint, guard, clock, story.ledger.clone()).unwrap();

    let error = client.complete(&Asker::somebody(), CallOperation::Extract, &question()).await.unwrap_err();

    assert!(matches!(&error, ModelError::Unreachable { reason: "MODEL_UNREACHABLE", .. }), "{error:?}");
    assert!(error.to_string().starts_with("cannot connect to the server: "), "{error}");
    assert_eq!(story.recorded(), ["MODEL_UNREACHABLE", "MODEL_UNREACHABLE"]);
}

#[tokio::test]
async fn an_answer_in_many_slow_pieces_is_the_same_answer() {
    let slow = |it: Scripted| it.slow(40, Duration::from_millis(1));
    let story = Story::openai([slow(said(BLUE)), slow(said(BLUE)).until_close(), said(BLUE).chunked(1)]).await;

    for _ in 0..3 {
        assert_eq!(story.ask().await.unwrap().text, BLUE);
    }
}

#[tokio::test]
async fn silence_is_waited_for_only_so_long() {
    let story = Story::openai([Scripted::silence(), Scripted::silence()]).await;
    let silence = Duration::from_secs(60);

    let (error, ()) = tokio::join!(story.ask(), async {
        for times in 1..=2 {
            story.server.until_asked(times).await;
            story.clock.advance(silence);
        }
    });

    let error = error.unwrap_err();
    assert!(matches!(&error, ModelError::Unreachable { reason: "MODEL_TIMEOUT", .. }), "{error:?}");
    story.server.until_left(2).await;
}

#[tokio::test]
async fn a_question_may_take_only_so_long_in_all() {
    let endpoint = Endpoint { call_timeout: Duration::from_secs(50), ..Endpoint::of(Api::OpenAi) };
    let clock = TestClock::frozen_at(Timestamp::UNIX_EPOCH);
    let story = Story::told(endpoint, GuardSettings::default(), clock, [Scripted::silence()]).await;

    let (error, ()) = tokio::join!(story.ask(), async {
        story.server.until_asked(1).await;
        story.clock.advance(Duration::from_secs(50));
    });

    assert_eq!(error.unwrap_err().to_string(), "the answer took too long");
    assert_eq!(story.server.asked().len(), 1, "no time is left for another try");
}

#[tokio::test]
async fn who_does_not_wait_for_the_answer_breaks_the_connection() {
    let story = Story::openai([Scripted::silence()]).await;
    let mut asking = Box::pin(story.ask());
    tokio::select! {
        _ = &mut asking => panic!("there is no answer"),
        () = story.server.until_asked(1) => {}
    }

    drop(asking);

    story.server.until_left(1).await;
    story.ledger.until_recorded(1).await;
    assert_eq!(story.recorded(), ["NO_ANSWER"]);
}

#[tokio::test]
async fn an_answer_without_end_is_cut_off() {
    let endless = vec![b' '; (8 << 20) + 1];
    let story = Story::openai([Scripted::new(200, "application/json", endless).slow(1 << 16, Duration::ZERO)]).await;

    let error = story.ask().await.unwrap_err();

    assert_eq!(
        (error.reason(), error.to_string()),
        ("MODEL_ANSWER_UNREADABLE", "the answer is longer than 8 MiB".into())
    );
}

#[tokio::test]
async fn an_error_whose_text_does_not_come_is_still_that_error() {
    let story = Story::openai([refusal(401, json!({"message": "no"})).cut_after(3)]).await;

    assert_eq!(story.reason().await, "MODEL_UNAUTHENTICATED");
}

#[tokio::test]
async fn so_many_questions_are_asked_at_once() {
    let guard = GuardSettings { concurrency: 2, ..GuardSettings::default() };
    let story = Story::told(Endpoint::of(Api::OpenAi), guard, TestClock::ticking(), []).await;
    story.server.otherwise(Scripted::silence());
    let mut asking: Vec<_> = (0..3).map(|_| Box::pin(story.ask())).collect();
    let mut all = futures::future::join_all(asking.iter_mut());
    tokio::select! {
        _ = &mut all => panic!("there is no answer"),
        () = story.server.until_asked(2) => {}
    }
    assert!(futures::poll!(&mut all).is_pending());
    assert_eq!(story.server.asked().len(), 2);
    drop(all);

    asking.truncate(1);
    asking.push(Box::pin(story.ask()));
    let mut both = futures::future::join_all(asking.iter_mut());
    tokio::select! {
        _ = &mut both => panic!("there is no answer"),
        () = story.server.until_asked(3) => {}
    }
}

#[tokio::test]
async fn a_case_of_a_file_is_served_as_it_stands() {
    let cut = json!({"status": 200, "cut_after_bytes": 80, "body": completion(json!({"content": BLUE}), "stop")});
    let limited = json!({"status": 429, "headers": {"retry-after": "2"}, "body": {"error": {"message": "slow down"}}});
    let story = Story::openai([cut, limited].iter().map(Scripted::of_case)).await;

    let error = story.ask().await.unwrap_err();

    let waits =
        matches!(error, ModelError::NotNow { until, .. } if until <= story.clock.now() + Duration::from_secs(2));
    assert!(waits, "{error:?}");
    assert_eq!(story.recorded(), ["MODEL_UNREACHABLE", "MODEL_RATE_LIMITED"]);
}
