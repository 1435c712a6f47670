//! Finds JSON objects in text, and repairs what is provably formatting in them.
//!
//! Models break JSON in few ways that leave no doubt about what was meant: escapes that JSON does not know (`\d`, `C:\Users`),
//! half a surrogate pair, control characters inside strings, a comma before a closing bracket. Everything else stays broken.

/// A JSON object found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The object, repaired. Whether it is JSON is for a parser to say.
    pub(super) json: String,
    /// Where it ends in the text.
    pub(super) end: usize,
}

/// The object that `text` begins with, from its `{` to the `}` that closes it. `None`: it is never closed.
pub(super) fn object(text: &str) -> Option<Found> {
    let mut scan = Scan { text, at: 0, json: String::with_capacity(text.len().min(16 * 1024)) };
    let mut open: Vec<char> = Vec::new();
    while let Some(c) = scan.next() {
        match c {
            '"' => scan.string()?,
            '{' | '[' => {
                scan.json.push(c);
                open.push(if c == '{' { '}' } else { ']' });
            }
            '}' | ']' => {
                if open.pop() != Some(c) {
                    return None;
                }
                scan.without_trailing_comma();
                scan.json.push(c);
                if open.is_empty() {
                    return Some(Found { json: scan.json, end: scan.at });
                }
            }
            _ => scan.json.push(c),
        }
    }
    None
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    json: String,
}

impl Scan<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest().chars().next()?;
        self.at += c.len_utf8();
        Some(c)
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    /// The rest of a string whose opening mark has been read.
    fn string(&mut self) -> Option<()> {
        self.json.push('"');
        loop {
            match self.next()? {
                '"' => {
                    self.json.push('"');
                    return Some(());
                }
                '\\' => self.escape()?,
                c if u32::from(c) < 0x20 => self.json.push_str(&format!("\\u{:04x}", u32::from(c))),
                c => self.json.push(c),
            }
        }
    }

    /// The rest of an escape whose backslash has been read.
    fn escape(&mut self) -> Option<()> {
        let c = self.rest().chars().next()?;
        if matches!(c, '"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') {
            self.json.extend(['\\', c]);
            self.at += 1;
            return Some(());
        }
        match unit(self.rest()) {
            Some(high @ 0xd800..0xdc00) => {
                let low = self.rest().get(5..).and_then(|after| unit(after.strip_prefix('\\')?));
                if let Some(low @ 0xdc00..0xe000) = low {
                    self.json.push_str(&format!("\\u{high:04x}\\u{low:04x}"));
                    self.at += 6;
                }
                // Half a character is none.
                self.at += 5;
            }
            Some(0xdc00..0xe000) => self.at += 5,
            Some(unit) => {
                self.json.push_str(&format!("\\u{unit:04x}"));
                self.at += 5;
            }
            // What JSON does not know stands for itself.
            None => self.json.push_str("\\\\"),
        }
        Some(())
    }

    fn without_trailing_comma(&mut self) {
        let kept = self.json.trim_end();
        if let Some(before) = kept.strip_suffix(',') {
            self.json.truncate(before.len());
        }
    }
}

/// The code unit of an escape `uXXXX` that `text` begins with.
fn unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix('u')?.get(..4)?;
    let is_hex = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(text: &str) -> Option<Value> {
        serde_json::from_str(&object(text)?.json).ok()
    }

    #[test]
    fn what_is_provably_formatting_is_repaired() {
        for (text, meant) in [
            (r#"{"a": "\d+ C:\Users \x"}"#, json!({"a": r"\d+ C:\Users \x"})),
            (r#"{"a": "C:\users"}"#, json!({"a": r"C:\users"})),
            (r#"{"a": "x\ud83cy"}"#, json!({"a": "xy"})),
            (r#"{"a": "x\udc00"}"#, json!({"a": "x"})),
            (r#"{"a": "x\ud83c\u0041"}"#, json!({"a": "xA"})),
            (r#"{"a": "\ud83d\ude42 \u00e9"}"#, json!({"a": "🙂 é"})),
            ("{\"a\": \"two\nlines\tand a tab\"}", json!({"a": "two\nlines\tand a tab"})),
            (r#"{"a": [1, 2, ], "b": {"c": 1,},}"#, json!({"a": [1, 2], "b": {"c": 1}})),
            (r#"{"a": "a comma,]}"} and more }"#, json!({"a": "a comma,]}"})),
        ] {
            assert_eq!(read(text), Some(meant), "{text}");
        }
    }

    #[test]
    fn what_could_have_been_meant_in_two_ways_stays_broken() {
        for text in [
            r#"{"a": "cut"#,
            r#"{"a": 1"#,
            r#"{"a": [1}"#,
            r#"{'a': 1}"#,
            r#"{a: 1}"#,
            r#"{"a": True}"#,
            r#"{"a": "half"half"}"#,
            r#"{"a": "\"#,
        ] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".*".prop_map(Value::from)
        ];
        leaf.prop_recursive(4, 32, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(".*", inner, 0..4).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_sound_object_is_left_as_it_is(value in prop::collection::btree_map(".*", values(), 0..4), after in ".*") {
            let text = serde_json::to_string(&value).unwrap();

            let found = object(&format!("{text}{after}")).unwrap();

            prop_assert_eq!(&found, &Found { end: text.len(), json: text });
        }

        #[test]
        fn no_text_is_too_strange(text in "[{}\\[\\]\",\\\\ud8-e ]*") {
            let _ = object(&text);
        }
    }
}
