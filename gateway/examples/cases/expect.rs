//! Compares what happened with what a case expects.

use std::collections::BTreeSet;

use prost_reflect::{DynamicMessage, ReflectMessage, Value as Field};
use serde_json::{Map, Value};

use crate::dynamic::Call;
use crate::wire::Reply;

const ERROR_INFO: &str = "type.googleapis.com/google.rpc.ErrorInfo";
const BAD_REQUEST: &str = "type.googleapis.com/google.rpc.BadRequest";

/// Everything that differs; empty if the case passed.
pub(crate) fn check(expect: &Value, request: &Value, reply: &Reply, calls: &[Call]) -> Vec<String> {
    let mut problems = Problems(Vec::new());
    let is_head = request["method"] == "HEAD";
    problems.status(expect, reply);
    problems.calls(expect, reply, calls);
    for (name, pattern) in members(&expect["http_headers"]) {
        problems.header(name, pattern, reply.headers.get(&name.to_ascii_lowercase()).map(String::as_str));
    }
    if reply.status >= 400 && !is_head {
        problems.error(expect, reply);
    }
    if !is_head {
        problems.body(expect, reply);
    }
    problems.times(expect, reply);
    problems.0
}

fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

struct Problems(Vec<String>);

impl Problems {
    fn unless(&mut self, holds: bool, problem: impl FnOnce() -> String) {
        if !holds {
            self.0.push(problem());
        }
    }

    fn status(&mut self, expect: &Value, reply: &Reply) {
        let status = Value::from(reply.status);
        let is_expected =
            expect["status"] == status || expect["status"].as_array().is_some_and(|any| any.contains(&status));
        self.unless(is_expected, || {
            format!("status {status}, expected {}: {}", expect["status"], String::from_utf8_lossy(&reply.body))
        });
    }

    fn calls(&mut self, expect: &Value, reply: &Reply, calls: &[Call]) {
        let Some(rpc) = expect.get("rpc") else { return };
        let is_open = expect["status"].is_array();
        let wanted = if is_open && reply.status != 200 { None } else { rpc.as_str() };
        let paths: Vec<&str> = calls.iter().map(|call| call.path.as_str()).collect();
        self.unless(paths == Vec::from_iter(wanted), || format!("called {paths:?}, expected {wanted:?}"));
        let (Some(_), [call]) = (wanted, calls) else { return };
        if let Some(message) = expect.get("message") {
            let wanted =
                DynamicMessage::deserialize(call.message.descriptor(), message).expect("the case is a message");
            let (got, wanted) = (normal(&call.message), normal(&wanted));
            self.unless(got == wanted, || format!("received {got}, expected {wanted}"));
        }
        if let Some(repeat) = expect["message_repeat"].as_object() {
            let text =
                repeat["unit"].as_str().unwrap_or_default().repeat(repeat["count"].as_u64().unwrap_or(0) as usize);
            let field = call.message.get_field_by_name(repeat["field"].as_str().unwrap_or_default());
            self.unless(field.is_some_and(|field| field.as_str() == Some(&text)), || {
                "the long field differs".to_owned()
            });
        }
        self.metadata(expect, call);
    }

    fn metadata(&mut self, expect: &Value, call: &Call) {
        let value = |name: &str| call.metadata.get(name).and_then(|value| value.to_str().ok());
        for (name, pattern) in members(&expect["metadata"]) {
            self.header(name, pattern, value(name));
        }
        for name in expect["metadata_absent"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            self.unless(value(name).is_none(), || format!("metadata {name} was sent"));
        }
        for text in strings(&expect["metadata_value_absent"]) {
            let leaks = call.metadata.values().any(|value| String::from_utf8_lossy(value.as_bytes()).contains(text));
            self.unless(!leaks, || format!("a metadata value contains {text}"));
        }
        if let Some(limit) = expect["deadline_max_s"].as_f64() {
            let is_within = call.deadline.is_some_and(|deadline| deadline.as_secs_f64() <= limit);
            self.unless(is_within, || format!("deadline {:?}, at most {limit} s expected", call.deadline));
        }
    }

    fn header(&mut self, name: &str, pattern: &Value, got: Option<&str>) {
        let matches = match (pattern.as_str(), got) {
            (None, got) => got.is_none(),
            (Some(_), None) => false,
            (Some("*"), Some(_)) => true,
            (Some(wanted), Some(got)) if name.eq_ignore_ascii_case("allow") => methods(wanted) == methods(got),
            (Some(wanted), Some(got)) if name.eq_ignore_ascii_case("content-type") => {
                got.split(';').next().unwrap_or_default().trim() == wanted
            }
            (Some(wanted), Some(got)) => wanted.strip_suffix('*').map_or(got == wanted, |start| got.starts_with(start)),
        };
        self.unless(matches, || format!("{name}: {got:?}, expected {pattern}"));
    }

    fn error(&mut self, expect: &Value, reply: &Reply) {
        let body = reply.json();
        let detail =
            |kind: &str| body["details"].as_array().into_iter().flatten().find(|detail| detail["@type"] == kind);
        if expect["error_reason_any"] == true {
            let is_whole = body["code"].is_number() && body["message"].is_string();
            let has_reason = detail(ERROR_INFO).is_some_and(|info| info["reason"].is_string());
            self.unless(is_whole && has_reason, || format!("not an error with a reason: {body}"));
        }
        for (key, got) in [
            ("error_code", &body["code"]),
            ("error_message", &body["message"]),
            ("error_reason", detail(ERROR_INFO).map_or(&Value::Null, |info| &info["reason"])),
        ] {
            let is_expected = expect.get(key).is_none_or(|wanted| wanted == got);
            self.unless(is_expected, || format!("{key} {got}, expected {}", expect[key]));
        }
        if expect["field_violations"] == true {
            let violations = detail(BAD_REQUEST).and_then(|bad| bad["fieldViolations"].as_array());
            self.unless(violations.is_some_and(|list| !list.is_empty()), || format!("no field violation: {body}"));
        }
    }

    fn body(&mut self, expect: &Value, reply: &Reply) {
        let text = String::from_utf8_lossy(&reply.body);
        let json = reply.json();
        if let Some(wanted) = expect.get("body_json") {
            self.unless(*wanted == json, || format!("body {text}, expected {wanted}"));
        }
        for (name, wanted) in members(&expect["body_json_includes"]) {
            self.unless(json[name] == *wanted, || format!("{name} is {}, expected {wanted}", json[name]));
        }
        if let Some(wanted) = expect["body_utf8"].as_str() {
            self.unless(text == wanted, || format!("body {text:?}, expected {wanted:?}"));
        }
        for part in strings(&expect["body_contains"]) {
            self.unless(text.contains(part), || format!("{part} is not in the body {text}"));
        }
        for part in strings(&expect["body_not_contains"]) {
            self.unless(!text.contains(part), || format!("{part} is in the body"));
        }
    }

    fn times(&mut self, expect: &Value, reply: &Reply) {
        if let Some(limit) = expect["first_byte_ms"].as_u64() {
            let is_within = reply.first_byte.is_some_and(|time| time.as_millis() <= u128::from(limit));
            self.unless(is_within, || format!("first byte after {:?}", reply.first_byte));
        }
        if let Some(limit) = expect["within_ms"].as_u64() {
            self.unless(reply.total.as_millis() <= u128::from(limit), || format!("took {:?}", reply.total));
        }
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn methods(list: &str) -> BTreeSet<&str> {
    list.split(',').map(str::trim).filter(|method| !matches!(*method, "HEAD" | "OPTIONS")).collect()
}

/// The message as JSON in which an empty mask is absent and the paths of a mask are in order.
fn normal(message: &DynamicMessage) -> Value {
    let mut message = message.clone();
    let masks: Vec<_> = message.fields().filter(|(_, value)| is_mask(value)).map(|(field, _)| field).collect();
    for field in masks {
        let paths = message.get_field_mut(&field).as_message_mut().and_then(|mask| mask.get_field_by_name_mut("paths"));
        let paths = paths.and_then(Field::as_list_mut).map(std::mem::take).unwrap_or_default();
        let sorted: BTreeSet<String> = paths.iter().filter_map(|path| path.as_str().map(str::to_owned)).collect();
        match sorted.is_empty() {
            true => message.clear_field(&field),
            false => {
                if let Some(mask) = message.get_field_mut(&field).as_message_mut() {
                    mask.set_field_by_name("paths", Field::List(sorted.into_iter().map(Field::String).collect()));
                }
            }
        }
    }
    serde_json::to_value(&message).unwrap_or(Value::Object(Map::new()))
}

fn is_mask(value: &Field) -> bool {
    value.as_message().is_some_and(|message| message.descriptor().full_name() == "google.protobuf.FieldMask")
}
