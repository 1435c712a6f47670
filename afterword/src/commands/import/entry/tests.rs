//! What lines say, and what is said of those that say nothing.

use proptest::prelude::*;

use super::*;

const MESSAGE: &str = r#"{"conversation_id": "c1", "seq": 3, "client_id": "m3", "role": "ASSISTANT", "name": "", "text": "Why?",
                         "at": "1969-12-31T23:59:59.5Z", "time_zone": "Europe/Paris"}"#;

fn talk(line: &str) -> ImportedConversation {
    match read(line.as_bytes()) {
        Ok((_, Entry::Talk(talk))) => talk,
        other => panic!("{line} is a conversation, not {other:?}"),
    }
}

fn problem(line: &str) -> String {
    read(line.as_bytes()).expect_err(line)
}

#[test]
fn a_conversation_held_elsewhere_is_one_line() {
    let line = r#"{"conversation_id": "c1", "user_id": "u1", "time_zone": "Asia/Tokyo", "messages": [
        {"role": "user", "text": "hi", "name": "Ada", "at": "2025-06-15T17:06:40+02:00", "client_id": "m1"}]}"#;

    let (user, _) = read(line.as_bytes()).unwrap();
    let talk = talk(line);

    let said = &talk.messages[0];
    assert_eq!(
        (user.as_deref(), talk.conversation_id.as_str(), talk.time_zone.as_str()),
        (Some("u1"), "c1", "Asia/Tokyo")
    );
    assert_eq!((said.client_id.as_str(), said.text.as_str(), said.name.as_str()), ("m1", "hi", "Ada"));
    assert_eq!((said.role(), said.at.unwrap().seconds), (pb::message::Role::User, 1_750_000_000));
}

#[test]
fn a_line_of_an_export_is_read_in_either_form() {
    let told = format!(r#"{{"kind": "message", "record": {MESSAGE}}}"#);
    let over_rest = serde_json::json!({"kind": "message", "json": MESSAGE}).to_string();

    let said = &talk(&told).messages[0];

    assert_eq!(talk(&told), talk(&over_rest));
    assert_eq!((talk(&told).time_zone.as_str(), said.client_id.as_str()), ("Europe/Paris", "m3"));
    assert_eq!(said.at, Some(prost_types::Timestamp { seconds: -1, nanos: 500_000_000 }));
}

#[test]
fn of_an_export_only_what_was_said_is_taken_over() {
    for kind in ["conversation", "session_context", "summary", "usage"] {
        let line = format!(r#"{{"kind": "{kind}", "record": {{"anything": 1}}}}"#);
        assert_eq!(read(line.as_bytes()).unwrap(), (None, Entry::MadeAnew));
    }
    let verdict = serde_json::json!({"opinion": "REJECTED", "mark": "a".repeat(32), "at": "2025-06-15T15:06:40Z"});
    let mut with_more = verdict.clone();
    with_more["padding"] = "x".repeat(99).into();
    let line = serde_json::json!({"kind": "verdict", "record": with_more}).to_string();
    let Ok((None, Entry::Verdict(json))) = read(line.as_bytes()) else { panic!("{line} is a verdict") };
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), verdict, "and nothing else is sent");
}

#[test]
fn a_message_without_an_id_gets_the_same_one_each_time() {
    let said = |at: &str| format!(r#"{{"role": "USER", "text": "hi", "at": "{at}"}}"#);
    let of = |messages: &[String]| {
        let line = format!(r#"{{"conversation_id": "c1", "messages": [{}]}}"#, messages.join(", "));
        talk(&line).messages.into_iter().map(|message| message.client_id).collect::<Vec<_>>()
    };
    let [early, late] = ["2025-06-15T15:06:40Z", "2025-06-15T15:06:41Z"].map(said);

    let ids = of(&[early.clone(), late.clone(), early.clone()]);

    assert_eq!(ids, of(&[early.clone(), late.clone(), early.clone()]));
    assert_eq!((of(&[late]), of(&[early])), (vec![ids[1].clone()], vec![ids[0].clone()]), "wherever it stands");
    assert_ne!(ids[0], ids[2], "what was said twice was said twice");
    assert!(ids.iter().all(|id| kit::id::is_id(id)), "{ids:?}");
}

#[test]
fn what_is_wrong_is_named_without_a_word_of_what_was_said() {
    let with = |message: &str| format!(r#"{{"conversation_id": "c1", "messages": [{message}]}}"#);
    for (line, told) in [
        ("", "not valid JSON"),
        ("{\"a secret", "not valid JSON at column"),
        ("[\"a secret\"]", "must be a JSON object"),
        ("7", "must be"),
        ("{} {}", "not one JSON object"),
        (r#"{"conversation_id": "c1"}"#, "missing field `messages`"),
        (r#"{"conversation_id": "c1", "messages": "a secret"}"#, "messages: must be a sequence"),
        (&with(r#"{"role": "USER", "text": "a secret"}"#), "messages[0]: missing field `at`"),
        (&with(r#"{"role": "USER", "text": "a secret", "at": "a secret"}"#), "messages[0].at: must be a time"),
        (&with(r#"{"role": "a secret", "text": "x", "at": "2025-06-15T15:06:40Z"}"#), "messages[0].role: must be USER"),
        (&with(r#"{"role": "USER", "text": 7, "at": "2025-06-15T15:06:40Z"}"#), "messages[0].text: must be a string"),
        (&with(r#"{"rôle": "USER"}"#), "messages[0]"),
        (r#"{"kind": "wish", "record": {}}"#, "`wish` is no kind"),
        (r#"{"kind": "message"}"#, "a line with a `kind`"),
        (r#"{"kind": "message", "record": {"text": "a secret"}}"#, "missing field `conversation_id`"),
        (r#"{"kind": "message", "record": {"text": ["a secret"]}}"#, "record.text: must be a string"),
        (
            &format!(r#"{{"kind": "message", "record": {}}}"#, MESSAGE.replace("Why?", "")),
            "record.text: must not be empty",
        ),
        (r#"{"kind": "verdict", "record": {"item_id": "a secret"}}"#, "must be a record of the kind `verdict`"),
    ] {
        let problem = problem(line);
        assert!(problem.starts_with(told) && !problem.contains("secret"), "{line}: {problem}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        _ = read(&bytes);
    }

    #[test]
    fn no_line_that_is_nearly_right_makes_it_panic(place in 0..400usize, byte: u8, cut in 0..400usize) {
        let line = format!(
            r#"{{"kind": "message", "record": {MESSAGE}, "json": "{{}}", "conversation_id": "c", "messages": [{MESSAGE}]}}"#
        );
        let mut bytes = line.into_bytes();
        if let Some(hit) = bytes.get_mut(place) {
            *hit = byte;
        }
        bytes.truncate(bytes.len() - cut.min(bytes.len()));
        _ = read(&bytes);
    }
}
