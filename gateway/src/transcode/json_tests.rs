use std::sync::LazyLock;

use proptest::prelude::*;
use prost_reflect::MessageDescriptor;

use super::*;
use crate::testing::message;

static MSG: LazyLock<MessageDescriptor> = LazyLock::new(|| {
    message(
        "message Msg { string user_id = 1; int64 n = 2; repeated Msg subs = 3; map<string, Msg> by_key = 4; \
         google.protobuf.Struct free = 5; oneof pick { string a = 6; string b = 7; } }",
    )
});

fn read(json: &str) -> Result<serde_json::Value, Refusal> {
    let message = read_message(&MSG, json.as_bytes())?;
    Ok(serde_json::to_value(&message).expect("messages are JSON"))
}

/// The field that is refused.
fn refused(json: &str) -> String {
    let refusal = read(json).expect_err(json);
    refusal.invalid_field().expect("a refusal of JSON names a field").field
}

#[test]
fn what_is_right_is_read() {
    let json =
        r#"{"userId":"u","n":9007199254740993,"subs":[{"n":"1"}],"byKey":{"k":{"n":1e3}},"free":{"x":[1,null]}}"#;

    assert_eq!(
        read(json).unwrap(),
        serde_json::json!({
            "userId": "u", "n": "9007199254740993", "subs": [{"n": "1"}], "byKey": {"k": {"n": "1000"}},
            "free": {"x": [1.0, null]},
        })
    );
}

#[test]
fn a_field_is_one_field_in_both_spellings() {
    assert_eq!(refused(r#"{"userId":"a","user_id":"b"}"#), "user_id");
    assert_eq!(refused(r#"{"n":1,"n":2}"#), "n");
}

#[test]
fn keys_that_are_data_are_compared_as_written() {
    assert!(read(r#"{"byKey":{"a_b":{},"aB":{}}}"#).is_ok());
    assert_eq!(refused(r#"{"byKey":{"k":{},"k":{}}}"#), "by_key.k");
    assert_eq!(refused(r#"{"free":{"x":{"y":1,"y":2}}}"#), "free.x.y");
}

#[test]
fn the_wrong_value_is_named_however_deep() {
    assert_eq!(refused(r#"{"subs":[{},{"n":1.5}]}"#), "subs[1].n");
    assert_eq!(refused(r#"{"subs":[{},{"nope":1}]}"#), "subs[1].nope");
    assert_eq!(refused(r#"{"subs":[null]}"#), "subs[0]");
    assert_eq!(refused(r#"{"byKey":{"k":null}}"#), "by_key.k");
    assert_eq!(refused(r#"{"free":{"x":"a\u0000b"}}"#), "free.x");
    assert_eq!(refused(r#"{"a":"1","b":"2"}"#), "body");
}

#[test]
fn sixty_four_levels_are_enough() {
    let nested = |levels: usize| format!("{}{}", r#"{"subs":["#.repeat(levels), "]}".repeat(levels));

    assert!(read(&nested(32)).is_ok());
    assert!(read(&nested(33)).is_err());
    assert!(read(&format!(r#"{{"free":{{"x":{}{}}}}}"#, "[".repeat(70), "]".repeat(70))).is_err());
}

#[test]
fn text_after_the_value_and_other_roots_are_refused() {
    for json in ["{} x", "{}{}", "null", "[]", "", "{\"n\":1,}", "\u{FEFF}{}", r#"{"userId":"\ud800"}"#] {
        assert_eq!(
            refused(json).split('.').next(),
            Some(if json.contains("userId") { "user_id" } else { "body" }),
            "{json}"
        );
    }
}

#[test]
fn one_field_can_be_read_alone() {
    let subs = MSG.get_field_by_name("subs").expect("a field");

    let read = read_field(&subs, br#"[{"n":"1"},{}]"#).unwrap();

    assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::json!({"subs": [{"n": "1"}, {}]}));
    assert!(read_field(&subs, b"{}").is_err());
}

proptest! {
    #[test]
    fn nothing_makes_the_reader_panic(json in r#"[{}\[\]:,"a-n0-9eE\\u.+ _nulltruefs-]{0,60}"#) {
        let _ = read_message(&MSG, json.as_bytes());
    }
}
