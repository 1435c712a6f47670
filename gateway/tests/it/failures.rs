//! Requests that fail: always the same shape, always a reason.

use gateway::Config;
use kit::lifecycle::Lifecycle;
use serde_json::{Value, json};

use crate::shop::{Shop, gateway_to};
use crate::wire::{Reply, exchange, request};

const JSON: (&str, &str) = ("Content-Type", "application/json");

fn reason(reply: &Reply) -> Value {
    let json = reply.json();
    let info = json["details"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|detail| detail["@type"] == "type.googleapis.com/google.rpc.ErrorInfo");
    info.map_or(Value::Null, |info| info["reason"].clone())
}

#[tokio::test]
async fn an_unknown_path_and_a_wrong_method_say_so() {
    let shop = Shop::open().await;

    let unknown = shop.get("/v1/nothing").await;
    let wrong = shop.send("PUT", "/v1/orders", &[JSON], "{}").await;

    assert_eq!((unknown.status, reason(&unknown)), (404, json!("ROUTE_NOT_FOUND")));
    assert_eq!((wrong.status, reason(&wrong)), (405, json!("METHOD_NOT_ALLOWED")));
    assert_eq!(wrong.headers["allow"], "POST");
}

#[tokio::test]
async fn a_body_that_is_not_json_is_refused_before_it_is_read() {
    let shop = Shop::open().await;

    let form = shop.send("POST", "/v1/orders", &[("Content-Type", "text/plain")], "note=x").await;
    let zipped = shop.send("POST", "/v1/orders", &[JSON, ("Content-Encoding", "gzip")], "{}").await;

    assert_eq!((form.status, reason(&form)), (415, json!("UNSUPPORTED_MEDIA_TYPE")));
    assert_eq!(zipped.status, 415);
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let shop = Shop::open_with(Config { body_bytes_max: 1024, ..Config::default() }).await;
    let long = format!(r#"{{"note": "{}"}}"#, "x".repeat(2000));

    let reply = shop.send("POST", "/v1/orders", &[JSON], &long).await;

    assert_eq!((reply.status, reason(&reply)), (413, json!("BODY_TOO_LARGE")));
    assert!(shop.server.take_calls().is_empty());
}

#[tokio::test]
async fn a_wrong_field_is_named() {
    let shop = Shop::open().await;

    let reply = shop.send("POST", "/v1/orders", &[JSON], r#"{"shipTo": {"streetNam": "Elm"}}"#).await;

    let details = reply.json()["details"].clone();
    let violations = details.as_array().into_iter().flatten().find_map(|detail| detail.get("fieldViolations"));
    assert_eq!((reply.status, reason(&reply)), (400, json!("INVALID_FIELD")));
    assert_eq!(violations.expect("a violation")[0]["field"], "ship_to.streetNam");
}

#[tokio::test]
async fn what_the_service_says_is_passed_on() {
    let shop = Shop::open().await;

    let reply = shop.get("/v1/fail/refused").await;

    assert_eq!((reply.status, reason(&reply)), (401, json!("TOKEN_REVOKED")));
    assert_eq!(reply.json()["code"], 16);
    assert_eq!(reply.headers["www-authenticate"], "Bearer error=\"invalid_token\"");
}

#[tokio::test]
async fn a_service_without_a_reason_is_given_the_name_of_its_code() {
    let shop = Shop::open().await;

    let reply = shop.get("/v1/fail/hidden").await;

    assert_eq!((reply.status, reason(&reply)), (404, json!("NOT_FOUND")));
    assert_eq!(reply.json()["message"], "gone");
}

#[tokio::test]
async fn a_service_that_is_away_is_unavailable_and_not_named_by_address() {
    let lifecycle = Lifecycle::new();
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let address = gateway_to(&format!("http://{closed}"), Config::default(), &lifecycle).await;

    let reply = exchange(&address, &request("GET", "/v1/orders/1", &[], b""), false).await;

    assert_eq!((reply.status, reason(&reply)), (503, json!("UPSTREAM_UNAVAILABLE")));
    assert_eq!(reply.headers["retry-after"], "1");
    assert!(!String::from_utf8_lossy(&reply.body).contains(&closed.to_string()));
}

#[tokio::test]
async fn a_service_that_never_answers_is_given_up() {
    let shop = Shop::open().await;

    let reply = shop.send("GET", "/v1/fail/never", &[("Grpc-Timeout", "100m")], "").await;

    assert_eq!((reply.status, reason(&reply)), (504, json!("DEADLINE_EXCEEDED")));
}

#[tokio::test]
async fn a_page_of_a_listed_origin_may_read_the_answer() {
    let origins = vec!["https://app.example.com".to_owned()];
    let shop = Shop::open_with(Config { origins, ..Config::default() }).await;

    let listed = shop.send("GET", "/v1/orders/1", &[("Origin", "https://app.example.com")], "").await;
    let other = shop.send("GET", "/v1/orders/1", &[("Origin", "https://evil.example.com")], "").await;
    let preflight = shop.send("OPTIONS", "/v1/orders", &[("Origin", "https://app.example.com")], "").await;

    assert_eq!(listed.headers["access-control-allow-origin"], "https://app.example.com");
    assert!(!other.headers.contains_key("access-control-allow-origin"));
    assert_eq!((preflight.status, preflight.headers["access-control-allow-methods"].as_str()), (204, "POST"));
}
