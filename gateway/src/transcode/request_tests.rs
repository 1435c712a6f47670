use std::sync::LazyLock;

use http::Method;
use proptest::prelude::*;
use prost_reflect::DescriptorPool;
use serde_json::{Value as Json, json};

use super::*;
use crate::testing::pool;
use crate::transcode::{Found, Table};

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let pool: DescriptorPool = pool(
        r#"
        message Msg {
          string name = 1; int32 size = 2; Msg sub = 3; repeated string tags = 4; google.protobuf.FieldMask mask = 5;
          oneof pick { string a = 6; string b = 7; } optional string opt = 8; map<string, string> labels = 9;
        }
        service S {
          rpc Get(Msg) returns (Msg) { option (google.api.http) = { get: "/v1/{name=a/**}" }; }
          rpc Size(Msg) returns (Msg) { option (google.api.http) = { get: "/v1/sizes/{sub.size}" }; }
          rpc Put(Msg) returns (Msg) { option (google.api.http) = { put: "/v1/whole/{name}" body: "*" }; }
          rpc Patch(Msg) returns (Msg) { option (google.api.http) = { patch: "/v1/{sub.name=x/*}" body: "sub" }; }
          rpc Tags(Msg) returns (Msg) { option (google.api.http) = { post: "/v1/tags" body: "tags" }; }
          rpc A(Msg) returns (Msg) { option (google.api.http) = { post: "/v1/picks/{a}" body: "*" }; }
        }"#,
    );
    Table::of(&pool, |_| true).expect("the rules are valid")
});

fn bind(method: &str, target: &str, body: &str) -> Result<Json, Refusal> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let method = method.parse().expect("a method");
    let Found::Rule(rule, segments) = TABLE.find(&method, path) else { panic!("{target} has no rule") };
    let parts = Parts { path, segments: &segments, query, is_patch: method == "PATCH", content_type: None };
    let message = rule.bind(&parts, &Bytes::from(body.to_owned()))?;
    Ok(serde_json::to_value(&message).expect("messages are JSON"))
}

/// The field that is refused.
fn refused(method: &str, target: &str, body: &str) -> String {
    let refusal = bind(method, target, body).expect_err(target);
    refusal.invalid_field().expect("the refusal names a field").field
}

#[test]
fn an_open_variable_reaches_to_the_end() {
    assert_eq!(bind("GET", "/v1/a", "").unwrap(), json!({"name": "a"}));
    assert_eq!(bind("GET", "/v1/a/b%2Fc/d%20e", "").unwrap(), json!({"name": "a/b%2Fc/d e"}));
}

#[test]
fn a_nested_variable_is_typed() {
    assert_eq!(bind("GET", "/v1/sizes/7", "").unwrap(), json!({"sub": {"size": 7}}));
    assert_eq!(refused("GET", "/v1/sizes/x", ""), "sub.size");
}

#[test]
fn the_path_has_the_last_word_and_no_one_may_contradict_it() {
    assert_eq!(bind("PUT", "/v1/whole/n", r#"{"name":"n","size":1}"#).unwrap(), json!({"name": "n", "size": 1}));
    assert_eq!(refused("PUT", "/v1/whole/n", r#"{"name":"other"}"#), "name");
    assert_eq!(refused("GET", "/v1/a?name=evil", ""), "name");
    assert_eq!(refused("GET", "/v1/sizes/7?sub.size=0", ""), "sub.size");
    assert_eq!(refused("POST", "/v1/picks/x", r#"{"b":"y"}"#), "a");
}

#[test]
fn what_the_body_owns_is_no_query_parameter() {
    assert_eq!(refused("PUT", "/v1/whole/n?size=1", "{}"), "size");
    assert_eq!(refused("PATCH", "/v1/x/1?sub.size=1", "{}"), "sub.size");
    assert_eq!(bind("PATCH", "/v1/x/1?size=1", "{}").unwrap(), json!({"sub": {"name": "x/1"}, "size": 1}));
}

#[test]
fn a_patch_without_a_mask_gets_one_from_its_body() {
    let patched = bind("PATCH", "/v1/x/1", r#"{"size":1,"opt":null,"sub":{"tags":["t"],"labels":{"k":"v"}}}"#).unwrap();
    let masked = bind("PATCH", "/v1/x/1?mask=size", r#"{"opt":"o"}"#).unwrap();

    assert_eq!(patched["mask"], "size,opt,sub.tags,sub.labels");
    assert_eq!(masked["mask"], "size");
}

#[test]
fn one_field_may_be_the_body_whatever_its_type() {
    assert_eq!(bind("POST", "/v1/tags", r#"["x","y"]"#).unwrap(), json!({"tags": ["x", "y"]}));
    assert_eq!(bind("POST", "/v1/tags", "").unwrap(), json!({}));
    assert_eq!(refused("POST", "/v1/tags", r#"["x",null]"#), "tags[1]");
}

#[test]
fn a_query_parameter_is_known_given_once_and_of_its_type() {
    for (target, field) in [
        ("/v1/a?nope=1", "nope"),
        ("/v1/a?sub.nope=1", "sub.nope"),
        ("/v1/a?sub=%7B%7D", "sub"),
        ("/v1/a?labels.k=v", "labels.k"),
        ("/v1/a?opt=x&opt=y", "opt"),
        ("/v1/a?a=x&b=y", "b"),
        ("/v1/a?size=1,2", "size"),
        ("/v1/a?opt=%FF", "opt"),
        ("/v1/a?%zz=1", "%zz"),
    ] {
        assert_eq!(refused("GET", target, ""), field, "{target}");
    }
    let deep = format!("/v1/a?{}name=x", "sub.".repeat(10_000));
    assert!(bind("GET", &deep, "").is_err());
    assert_eq!(bind("GET", "/v1/a?&opt=&", "").unwrap(), json!({"name": "a", "opt": ""}));
}

proptest! {
    #[test]
    fn no_target_makes_the_binder_panic(path in "/v1/(a|x|picks|sizes|whole)[/:%a-f0-9x.]{0,12}", query in "[a-bps.=&%+u0-9]{0,40}") {
        let path = path.as_str();
        for method in [Method::GET, Method::PUT, Method::PATCH, Method::POST] {
            if let Found::Rule(rule, segments) = TABLE.find(&method, path) {
                let parts = Parts { path, segments: &segments, query: &query, is_patch: false, content_type: None };
                let _ = rule.bind(&parts, &Bytes::new());
            }
        }
    }
}
