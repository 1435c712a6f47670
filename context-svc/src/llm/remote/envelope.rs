//! Takes the one answer out of whatever a model wrapped it in: reasoning, fences, prose, another object.
//!
//! The envelope itself is read strictly: an answer that is cut, missing or there twice is no answer.

use serde_json::{Map, Value};

use super::scan;

/// Longer answers are not looked into.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// After so many objects that are none there will be no answer either.
const OBJECTS_MAX: usize = 64;

/// How models mark what is not meant for the reader.
const REASONING: &[(&str, &str)] =
    &[("<think>", "</think>"), ("<thinking>", "</thinking>"), ("<reasoning>", "</reasoning>")];

/// Why there is no answer in a text. Reads as the end of "your answer could not be used: …".
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// There is no text.
    #[error("it was empty")]
    Empty,
    /// It never stops reasoning.
    #[error("it held nothing but reasoning")]
    OnlyReasoning,
    /// No object has the member that makes it an answer.
    #[error("it held no JSON object of the form asked for")]
    NotFound,
    /// Several have, and they differ.
    #[error("it held more than one JSON object")]
    Several,
    /// It is longer than any answer can be.
    #[error("it was longer than 1 MiB")]
    TooLong,
}

/// The object in `text` that has a member `key`.
pub(super) fn answer(text: &str, key: &str) -> Result<Map<String, Value>, NoAnswer> {
    if text.trim().is_empty() {
        return Err(NoAnswer::Empty);
    }
    if text.len() > ANSWER_BYTES_MAX {
        return Err(NoAnswer::TooLong);
    }
    let (mut found, mut at, mut tried, mut reasons_on) = (Vec::new(), 0, 0, false);
    while let Some(next) = next_mark(text, at) {
        match next {
            Mark::Opens { end, close } => match text[end..].find(close) {
                Some(begin) => at = end + begin + close.len(),
                None => {
                    reasons_on = true;
                    break;
                }
            },
            // What came before was reasoning whose opening the server has swallowed.
            Mark::Closes { end } => {
                found.clear();
                at = end;
            }
            Mark::Object { begin } => {
                tried += 1;
                if tried > OBJECTS_MAX {
                    break;
                }
                let object = scan::object(&text[begin..]);
                let parsed = object.and_then(|object| {
                    let value = serde_json::from_str::<Map<String, Value>>(&object.json).ok()?;
                    Some((value, begin + object.end))
                });
                match parsed {
                    Some((value, end)) => {
                        found.extend(having(value, key));
                        at = end;
                    }
                    None => at = begin + 1,
                }
            }
        }
    }
    found.dedup();
    match (found.pop(), found.is_empty()) {
        (Some(answer), true) => Ok(answer),
        (Some(_), false) => Err(NoAnswer::Several),
        (None, _) if reasons_on => Err(NoAnswer::OnlyReasoning),
        (None, _) => Err(NoAnswer::NotFound),
    }
}

/// The object itself or the only one inside it, whichever has the member.
fn having(object: Map<String, Value>, key: &str) -> Option<Map<String, Value>> {
    if object.contains_key(key) {
        return Some(object);
    }
    let mut inside = object.into_iter().filter_map(|(_, value)| match value {
        Value::Object(object) if object.contains_key(key) => Some(object),
        _ => None,
    });
    let first = inside.next();
    first.filter(|_| inside.next().is_none())
}

enum Mark {
    /// Reasoning begins.
    Opens { end: usize, close: &'static str },
    /// Reasoning ends.
    Closes { end: usize },
    /// An object may begin.
    Object { begin: usize },
}

fn next_mark(text: &str, from: usize) -> Option<Mark> {
    let rest = &text[from..];
    rest.match_indices(['<', '{']).find_map(|(at, mark)| {
        if mark == "{" {
            return Some(Mark::Object { begin: from + at });
        }
        REASONING.iter().find_map(|(open, close)| {
            let after = |tag: &str| rest[at..].starts_with(tag).then(|| from + at + tag.len());
            let opens = after(open).map(|end| Mark::Opens { end, close });
            opens.or_else(|| after(close).map(|end| Mark::Closes { end }))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: &str = r#"{"items": [], "title": "x"}"#;

    #[test]
    fn an_answer_is_found_in_whatever_it_is_wrapped() {
        for wrapped in [
            PLAIN.to_owned(),
            format!("```json\n{PLAIN}\n```"),
            format!("```json\n{PLAIN}\n```\nExplanation: {{not JSON}} and so on."),
            format!("Here it is:\n{PLAIN}\nHope this helps 🙂"),
            format!("<think>{{\"items\": [1]}} is tempting</think>\n{PLAIN}"),
            format!("{{\"items\": [1]}} is tempting</think>\n{PLAIN}"),
            format!("<thinking>x</thinking>{PLAIN}"),
            format!("[{PLAIN}]"),
            format!(r#"{{"answer": {PLAIN}}}"#),
            format!("{PLAIN}\n{PLAIN}"),
            format!(r#"{{"a": 1}} {PLAIN}"#),
            format!("{{ {PLAIN}"),
        ] {
            let answer = answer(&wrapped, "items").unwrap_or_else(|none| panic!("{wrapped}: {none}"));
            assert_eq!(answer["title"], "x", "{wrapped}");
        }
    }

    #[test]
    fn marks_inside_strings_are_text() {
        let text = r#"{"items": [], "title": "a </think> b ```c``` <think> {"}"#;

        assert_eq!(answer(text, "items").unwrap()["title"], "a </think> b ```c``` <think> {");
    }

    #[test]
    fn what_is_no_answer_says_why() {
        for (text, why) in [
            ("", NoAnswer::Empty),
            ("  \n", NoAnswer::Empty),
            ("sorry", NoAnswer::NotFound),
            ("```json\n```", NoAnswer::NotFound),
            ("<|tool_calls_begin|>record<|sep|>", NoAnswer::NotFound),
            (r#"[{"kind": "GOAL"}]"#, NoAnswer::NotFound),
            (r#"{"items": [{"text": "cut"#, NoAnswer::NotFound),
            ("<think> the user wants", NoAnswer::OnlyReasoning),
            (r#"<think> {"items": []}"#, NoAnswer::OnlyReasoning),
            (r#"{"items": []} or {"items": [1]}"#, NoAnswer::Several),
        ] {
            assert_eq!(answer(text, "items"), Err(why), "{text}");
        }
        assert_eq!(answer(&"{".repeat(2_000_000), "items"), Err(NoAnswer::TooLong));
        assert_eq!(answer(&"{".repeat(1_000_000), "items"), Err(NoAnswer::NotFound));
    }
}
