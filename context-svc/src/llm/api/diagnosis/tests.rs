use reqwest::header::{HeaderName, HeaderValue};
use serde_json::json;

use super::*;

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn diagnose(status: u16, headers: &[(&'static str, &'static str)], body: &str) -> Failure {
    let entry =
        |(name, value): &(&'static str, &'static str)| (HeaderName::from_static(name), HeaderValue::from_static(value));
    let headers = headers.iter().map(entry).collect();
    let status = StatusCode::from_u16(status).unwrap();
    Complaint::of_answer(status, &headers, body.as_bytes()).diagnose(&Manner::default(), NOW)
}

fn of_error(status: u16, error: Value) -> Failure {
    diagnose(status, &[], &json!({"error": error}).to_string())
}

/// Seconds until it is to be asked again.
fn wait(failure: &Failure) -> f64 {
    match failure.error {
        ModelError::NotNow { until, .. } => until.duration_since(NOW).as_secs_f64(),
        _ => panic!("{failure:?}"),
    }
}

#[test]
fn every_error_has_its_reason() {
    let cases = [
        (401, json!({"type": "authentication_error", "message": "invalid x-api-key"}), "MODEL_UNAUTHENTICATED"),
        (403, json!({"message": "Country not supported"}), "MODEL_UNAUTHENTICATED"),
        (404, json!({"code": "model_not_found", "message": "The model does not exist"}), "MODEL_NOT_FOUND"),
        (404, json!({"type": "not_found_error", "message": "model: claude-9"}), "MODEL_NOT_FOUND"),
        (400, json!({"code": "model_not_found", "message": "The model does not exist"}), "MODEL_NOT_FOUND"),
        (429, json!({"message": "slow down"}), "MODEL_RATE_LIMITED"),
        (429, json!({"type": "rate_limit_error"}), "MODEL_RATE_LIMITED"),
        (
            429,
            json!({"code": "insufficient_quota", "message": "You exceeded your current quota"}),
            "MODEL_QUOTA_EXHAUSTED",
        ),
        (429, json!({"code": "billing_hard_limit_reached"}), "MODEL_QUOTA_EXHAUSTED"),
        (402, json!({"type": "billing_error"}), "MODEL_QUOTA_EXHAUSTED"),
        (400, json!({"message": "Your credit balance is too low to access the API"}), "MODEL_QUOTA_EXHAUSTED"),
        (529, json!({"type": "overloaded_error", "message": "Overloaded"}), "MODEL_OVERLOADED"),
        (503, json!({"type": "overloaded_error"}), "MODEL_OVERLOADED"),
        (400, json!({"code": "context_length_exceeded"}), "MODEL_CONTEXT_TOO_LONG"),
        (400, json!({"message": "prompt is too long: 210000 tokens > 200000 maximum"}), "MODEL_CONTEXT_TOO_LONG"),
        (
            400,
            json!({"message": "the request exceeds the available context size, try increasing it"}),
            "MODEL_CONTEXT_TOO_LONG",
        ),
        (
            400,
            json!({"message": "This model's maximum context length is 4096 tokens. max_tokens is not supported"}),
            "MODEL_CONTEXT_TOO_LONG",
        ),
        (500, json!({"message": "Requested tokens (9000) exceed context window of 2048"}), "MODEL_CONTEXT_TOO_LONG"),
        (413, json!({"type": "request_too_large"}), "MODEL_CONTEXT_TOO_LONG"),
        (400, json!({"message": "Invalid 'messages[0].role'"}), "MODEL_REQUEST_REFUSED"),
        (422, json!("a word"), "MODEL_REQUEST_REFUSED"),
        (409, json!({}), "MODEL_REQUEST_REFUSED"),
        (408, json!({}), "MODEL_SERVER_ERROR"),
        (500, json!({"message": "internal"}), "MODEL_SERVER_ERROR"),
        (503, json!({"message": "no healthy upstream"}), "MODEL_SERVER_ERROR"),
        (302, json!({}), "MODEL_UNREACHABLE"),
    ];
    for (status, error, reason) in cases {
        assert_eq!(of_error(status, error.clone()).error.reason(), reason, "{status} {error}");
    }
}

#[test]
fn what_everybody_is_refused_costs_no_attempt_and_what_is_refused_to_one_request_does() {
    let is_unreachable = |failure: Failure| matches!(failure.error, ModelError::Unreachable { .. });

    assert!(is_unreachable(of_error(401, json!({}))));
    assert!(is_unreachable(of_error(404, json!({}))));
    assert!(is_unreachable(of_error(500, json!({}))));
    assert!(matches!(of_error(400, json!({})).error, ModelError::Temporary { .. }));
    assert!(matches!(of_error(413, json!({})).error, ModelError::Permanent { .. }));
}

#[test]
fn only_failures_of_the_server_are_asked_again_and_only_those_that_everybody_meets_open_the_breaker() {
    let cases = [
        (500, true, true),
        (502, true, true),
        (401, false, true),
        (404, false, false),
        (429, false, false),
        (529, false, false),
        (400, false, false),
    ];
    for (status, is_asked_again, is_down) in cases {
        let failure = of_error(status, json!({}));

        assert_eq!(failure.remedy == Remedy::AskAgain, is_asked_again, "{status}");
        assert_eq!(failure.is_down(), is_down, "{status}");
    }
}

#[test]
fn who_is_told_when_to_come_back_comes_back_then() {
    let limited = diagnose(429, &[("retry-after", "7")], "{}");
    let busy = diagnose(503, &[("retry-after", "7")], "");

    assert_eq!((wait(&limited), limited.error.reason()), (7.0, "MODEL_RATE_LIMITED"));
    assert_eq!((wait(&busy), busy.error.reason()), (7.0, "MODEL_OVERLOADED"));
}

#[test]
fn who_is_not_told_comes_back_after_a_while_and_not_with_all_the_others() {
    let waits: Vec<_> = (0..20).map(|_| wait(&of_error(429, json!({})))).collect();

    assert!(waits.iter().all(|wait| (10.0..=20.0).contains(wait)), "{waits:?}");
    assert!(waits.iter().any(|wait| *wait != waits[0]), "{waits:?}");
}

#[test]
fn money_does_not_come_within_a_quarter_of_an_hour() {
    let body = json!({"error": {"code": "insufficient_quota"}}).to_string();

    assert_eq!(wait(&diagnose(429, &[("retry-after", "2")], &body)), 900.0);
    assert_eq!(wait(&diagnose(429, &[("retry-after", "1800")], &body)), 1800.0);
}

#[test]
fn of_what_a_server_says_only_words_of_its_api_are_passed_on() {
    let message = |error: Value| of_error(400, error).error.to_string();

    let quoting = json!({"message": "cannot read 'I will run a marathon'", "type": "invalid_request_error"});
    assert_eq!(message(quoting), "the server answered 400 (invalid_request_error)");
    assert_eq!(message(json!({"code": "I will run a marathon"})), "the server answered 400");
    assert_eq!(message(json!({"code": "x".repeat(65)})), "the server answered 400");
    assert_eq!(message(json!({"code": 400, "type": "BadRequestError"})), "the server answered 400 (BadRequestError)");
    assert_eq!(message(json!("I will run a marathon")), "the server answered 400");
}

#[test]
fn what_is_no_json_has_a_status_all_the_same() {
    for body in ["", "<html>502 Bad Gateway</html>", "\u{0}", "{\"error\": "] {
        assert_eq!(diagnose(502, &[], body).error.reason(), "MODEL_SERVER_ERROR", "{body:?}");
    }
}

#[test]
fn what_a_server_does_not_take_is_known_by_its_name() {
    let cases = [
        (400, json!({"message": "response_format is not available"}), Some(Feature::OutputMode)),
        (400, json!({"message": "Invalid schema for function"}), Some(Feature::OutputMode)),
        (501, json!({"message": "tool use"}), Some(Feature::OutputMode)),
        (400, json!({"param": "temperature", "message": "does not support 0"}), Some(Feature::Temperature)),
        (400, json!({"message": "`temperature` is deprecated for this model"}), Some(Feature::Temperature)),
        (400, json!({"message": "Use 'max_completion_tokens' instead"}), Some(Feature::MaxTokens)),
        (400, json!({"message": "unknown field stream_options"}), Some(Feature::StreamOptions)),
        (400, json!({"message": "something else"}), None),
        (404, json!({"message": "model strict-schema-7b not found"}), None),
        (400, json!({"code": "model_not_found", "message": "not supported"}), None),
        (401, json!({"message": "response_format"}), None),
        (429, json!({"message": "response_format"}), None),
        (500, json!({"message": "schema"}), None),
    ];
    for (status, error, feature) in cases {
        let refused = match of_error(status, error.clone()).remedy {
            Remedy::AskWithout(feature) => Some(feature),
            Remedy::Nothing | Remedy::AskAgain => None,
        };

        assert_eq!(refused, feature, "{status} {error}");
    }
}

#[test]
fn what_was_not_sent_cannot_have_been_refused() {
    let manner = Manner {
        output_mode: OutputMode::PromptOnly,
        has_temperature: false,
        has_max_completion_tokens: true,
        has_stream_options: false,
    };
    let body = br#"{"message": "response_format, temperature, max_completion_tokens, stream_options: not supported"}"#;
    let headers = HeaderMap::new();

    let failure = Complaint::of_answer(StatusCode::BAD_REQUEST, &headers, body).diagnose(&manner, NOW);

    assert_eq!(failure.remedy, Remedy::Nothing);
}
