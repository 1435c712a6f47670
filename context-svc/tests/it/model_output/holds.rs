//! Answers that end in a session context: at once, after one more question, or with less than was proposed.

use context_svc::llm::Provider;
use proto::context::v1::session_context::Outcome;
use serde_json::json;

use super::answers::{claude, completion, good, good_form, item, items, nothing, says};
use super::{Scripted, Story, dropped};

/// Each answer alone brings the one item, with one call.
async fn brings_the_item(provider: Provider, answers: Vec<(&str, Scripted)>) {
    for (name, answer) in answers {
        let story = Story::of(provider, [answer]).await;

        let (context, extraction) = story.extracted().await;

        let quotes: Vec<_> = context.items.iter().flat_map(|item| &item.evidence).map(|e| e.quote.as_str()).collect();
        assert_eq!(quotes, ["I will swim across the lake in July"], "{name}");
        assert_eq!((story.calls(), dropped(&extraction), extraction.outcome()), (1, 0, Outcome::Extracted), "{name}");
    }
}

#[tokio::test]
async fn formatting_is_no_reason_to_ask_again() {
    let form = good_form();
    let escaped = form.replace("in July.", r"in July, C:\\Users \\d+.").replace(r"\\", "\\");
    let in_code = item(json!({"kind": "INSIGHT", "text": "Use ```rust fn swim(){}``` in notes.", "status": null}));
    let answers = vec![
        ("plain", says(&form)),
        ("fenced", says(&format!("```json\n{form}\n```"))),
        ("explained after the fence", says(&format!("```json\n{form}\n```\nExplanation: they swim."))),
        ("prose around", says(&format!("Here is what I extracted:\n{form}\nHope this helps 🙂"))),
        ("reasoning with JSON of its own", says(&format!("<think>{{\"items\": []}} is tempting</think>\n{form}"))),
        ("reasoning without its opening", says(&format!("so {{\"items\": []}}?</think>\n{form}"))),
        ("JSON in reasoning_content", completion(json!({"content": "", "reasoning_content": form}), "stop")),
        ("invalid escapes", says(&escaped)),
        ("fence inside a string", items(vec![in_code])),
        ("lower case", items(vec![item(json!({"kind": "goal", "status": "active"}))])),
        ("three times the same", items(vec![item(json!({})), item(json!({})), item(json!({}))])),
        ("in chunks", says(&form).chunked(7)),
        ("slow", says(&form).slow(200, std::time::Duration::from_millis(1))),
    ];
    brings_the_item(Provider::OpenAi, answers).await;
}

#[tokio::test]
async fn the_other_provider_answers_in_text_or_by_a_tool() {
    let form: serde_json::Value = serde_json::from_str(&good_form()).unwrap();
    let tool = json!({"type": "tool_use", "id": "t", "name": "record_session_context", "input": form});
    let answers = vec![
        ("text", claude(json!([{"type": "text", "text": form.to_string()}]), "end_turn")),
        ("tool use", claude(json!([{"type": "text", "text": "I'll record it."}, tool]), "tool_use")),
    ];
    brings_the_item(Provider::Anthropic, answers).await;
}

#[tokio::test]
async fn a_useless_answer_is_asked_for_once_more_and_its_tokens_count() {
    let useless = [
        ("endless reasoning", says("<think> the user wants to swim and")),
        ("null", completion(json!({"role": "assistant", "content": null}), "stop")),
        (
            "no choices",
            Scripted::json(200, &json!({"choices": null, "usage": {"prompt_tokens": 120, "completion_tokens": 60}})),
        ),
        ("an empty fence", says("```json\n```")),
        ("an apology", says("sorry")),
        ("an array", says("[1, 2]")),
        ("tool markup", says("<|tool_calls_begin|>record_session_context<|sep|>")),
        ("an unexplained nothing", says(r#"{"title": "", "summary": "", "language": "en", "items": []}"#)),
        ("an unknown kind", items(vec![item(json!({"kind": "ASPIRATION"}))])),
    ];
    for (name, answer) in useless {
        let story = Story::of(Provider::OpenAi, [answer, good()]).await;

        let (context, extraction) = story.extracted().await;

        let usage = context.usage.unwrap();
        assert_eq!((context.items.len(), story.calls(), extraction.last_error.is_none()), (1, 2, true), "{name}");
        assert_eq!((usage.calls, usage.input_tokens, usage.output_tokens), (2, 240, 120), "{name}");
        let again = story.server.asked()[1].body.to_string();
        assert!(again.contains("your_answer_before"), "{name}");
    }
}

#[tokio::test]
async fn of_items_that_do_not_hold_the_model_is_told_and_the_store_keeps_count() {
    let quoting = |seq: i64, quote: &str| item(json!({"evidence": [{"seq": seq, "quote": quote}]}));
    let template = item(json!({"text": "<one self-contained sentence>", "evidence": [{"seq": 1, "quote": "<quote>"}]}));
    for (name, first, reason) in [
        ("not said", quoting(1, "I promise to win the race"), "QUOTE_NOT_FOUND"),
        ("said elsewhere", quoting(2, "I will swim across the lake in July"), "QUOTE_NOT_FOUND"),
        ("not the user's", quoting(2, "You could also try fasting"), "NOT_THE_USER"),
        ("about something else", item(json!({"text": "Sell the house."})), "UNSUPPORTED"),
        ("words of the prompt", template, "TEMPLATE_WORDS"),
    ] {
        let story = Story::of(Provider::OpenAi, [items(vec![first]), good()]).await;

        let (context, extraction) = story.extracted().await;

        assert_eq!((context.items.len(), story.calls()), (1, 2), "{name}");
        assert_eq!(extraction.items_dropped, [(reason.to_owned(), 1)].into(), "{name}");
    }
}

#[tokio::test]
async fn one_bad_item_among_good_ones_needs_no_second_question() {
    let bad = item(json!({"kind": "DECISION", "text": "Sell the house.", "status": "TAKEN", "evidence": []}));
    let story = Story::of(Provider::OpenAi, [items(vec![item(json!({})), bad])]).await;

    let (context, extraction) = story.extracted().await;

    assert_eq!((context.items.len(), dropped(&extraction), story.calls()), (1, 1, 1));
}

#[tokio::test]
async fn a_refused_suggestion_ends_as_nothing_said() {
    let fasting =
        item(json!({"text": "Try fasting.", "evidence": [{"seq": 2, "quote": "You could also try fasting"}]}));
    let story = Story::of(Provider::OpenAi, [items(vec![fasting]), says(&nothing())]).await;

    let (context, extraction) = story.extracted().await;

    assert_eq!((context.items.len(), extraction.outcome()), (0, Outcome::NothingSaid));
    assert_eq!((dropped(&extraction), story.calls()), (1, 2));
}

#[tokio::test]
async fn times_are_reckoned_from_the_message_in_its_zone() {
    let due = json!({"due": {"phrase": "in July", "value": "1999-07-31"}});
    let story = Story::of(Provider::OpenAi, [items(vec![item(due)])]).await;

    let (context, _) = story.extracted().await;

    let due = context.items[0].due.clone().expect("a due");
    assert_eq!(due.phrase, "in July");
    assert!(due.local_date.ends_with("-07-31") && !due.local_date.starts_with("1999"), "{due:?}");
}
