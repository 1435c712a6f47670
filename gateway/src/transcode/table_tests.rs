use super::*;
use crate::testing::pool;

const MESSAGES: &str = "message Msg { string name = 1; string kind = 2; Msg sub = 3; repeated string tags = 4; }";

fn rules(rules: &[&str]) -> Result<Table, RuleError> {
    let methods: String = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| format!("rpc M{index}(Msg) returns (Msg) {{ option (google.api.http) = {{ {rule} }}; }}"))
        .collect();
    Table::of(&pool(&format!("{MESSAGES} service S {{ {methods} }}")), |_| true)
}

/// The rule that a request means, by the last letter of its method: 0, 1, …; else the allowed methods or a dash.
fn found(table: &Table, method: Method, path: &str) -> String {
    match table.find(&method, path) {
        Found::Rule(rule, _) => rule.rpc.full_name.trim_start_matches("t.S.M").to_owned(),
        Found::OtherMethods(allow) => crate::refusal::list(&allow),
        Found::Nothing => "-".to_owned(),
    }
}

#[test]
fn literals_win_over_one_segment_and_that_over_many() {
    let table = rules(&[r#"get: "/v1/{name=**}""#, r#"get: "/v1/{name}""#, r#"get: "/v1/fixed""#]).unwrap();

    assert_eq!(found(&table, Method::GET, "/v1/fixed"), "2");
    assert_eq!(found(&table, Method::GET, "/v1/other"), "1");
    assert_eq!(found(&table, Method::GET, "/v1/fixed/more"), "0");
    assert_eq!(found(&table, Method::GET, "/v1"), "0");
}

#[test]
fn a_dead_end_is_left_again() {
    let table = rules(&[r#"get: "/v1/a/b""#, r#"get: "/v1/{name}/c""#]).unwrap();

    assert_eq!(found(&table, Method::GET, "/v1/a/c"), "1");
}

#[test]
fn the_path_is_taken_as_it_stands() {
    let table = rules(&[r#"get: "/v1/x/{name=**}""#, r#"get: "/v1/{name}""#]).unwrap();

    for path in ["/v1/a/", "/v1//a", "/v1/", "/v1/../v1/a", "/v1/.", "/v1/x/", "/v1/x/a//b", "/v1%2Fa", "v1/a", "", "*"]
    {
        assert_eq!(found(&table, Method::GET, path), "-", "{path:?}");
    }
}

#[test]
fn a_colon_is_a_verb_only_where_a_rule_owns_it() {
    let table = rules(&[r#"post: "/v1/{name}:archive" body: "*""#, r#"get: "/v1/{name}""#]).unwrap();

    assert_eq!(found(&table, Method::POST, "/v1/a:archive"), "0");
    assert_eq!(found(&table, Method::GET, "/v1/a:42"), "1");
    assert_eq!(found(&table, Method::GET, "/v1/a:archive"), "POST");
    assert_eq!(found(&table, Method::POST, "/v1/a%3Aarchive"), "GET");
}

#[test]
fn a_known_path_names_the_methods_it_takes() {
    let table = rules(&[
        r#"get: "/v1/{name}""#,
        r#"delete: "/v1/{name}""#,
        r#"custom: { kind: "REPORT" path: "/v1/{name}" }"#,
        r#"custom: { kind: "*" path: "/any" }"#,
    ])
    .unwrap();

    assert_eq!(found(&table, Method::PUT, "/v1/a"), "GET, DELETE, REPORT");
    assert_eq!(found(&table, Method::HEAD, "/v1/a"), "0");
    assert_eq!(found(&table, Method::PUT, "/any"), "3");
}

#[test]
fn an_additional_binding_is_a_route_of_its_own() {
    let table = rules(&[r#"get: "/v1/{name}" additional_bindings { get: "/v1/kinds/{kind}/{sub.name}" }"#]).unwrap();

    assert_eq!(found(&table, Method::GET, "/v1/kinds/k/n"), "0");
    assert_eq!(table.rules()[1].bindings.len(), 2);
}

#[test]
fn a_wrong_rule_is_named_with_file_method_and_template() {
    for (rule, problem) in [
        (r#"get: "/v1/{nope}""#, "has no field `nope`"),
        (r#"get: "/v1/{tags}""#, "must be a singular field"),
        (r#"get: "/v1/{sub}""#, "must be a singular field"),
        (r#"get: "/v1/{name}/{name}""#, "is bound twice"),
        (r#"get: "/v1/a" body: "*""#, "GET must not have a body"),
        (r#"post: "/v1/a" body: "nope""#, "has no field `nope`"),
        (r#"get: "/v1/a" response_body: "nope""#, "has no field `nope`"),
        (r#"get: "/v1/a/""#, ""),
        (r#"body: "*""#, "no pattern"),
    ] {
        let error = rules(&[rule]).expect_err(rule);

        assert_eq!((error.file.as_str(), error.rpc.as_str()), ("test.proto", "t.S.M0"));
        assert!(error.problem.contains(problem), "{rule}: {error}");
    }
}

#[test]
fn two_rules_for_one_request_are_refused() {
    let error = rules(&[r#"get: "/v1/{name}""#, r#"get: "/v1/{kind}""#]).expect_err("ambiguous");

    assert_eq!(error.problem, "is taken by t.S.M0 with `/v1/{name}`");
}
