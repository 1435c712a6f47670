//! Requests that reach the service, and what it is told.

use std::time::Duration;

use kit::telemetry::trace::TraceContext;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::shop::Shop;
use crate::wire::request;

fn json_of(call: &crate::dynamic::Call) -> serde_json::Value {
    serde_json::to_value(&call.message).expect("messages are JSON")
}

#[tokio::test]
async fn path_and_query_become_one_message() {
    let shop = Shop::open().await;

    let reply = shop.get("/v1/orders/a%2Fb?cents=9007199254740993&tags=x&tags=y&shipTo.streetName=Elm+St").await;

    let call = shop.only_call();
    assert_eq!(reply.status, 200);
    assert_eq!(call.path, "/shop.v1.Shop/GetOrder");
    assert_eq!(
        json_of(&call),
        json!({"orderId": "a/b", "cents": "9007199254740993", "tags": ["x", "y"], "shipTo": {"streetName": "Elm St"}})
    );
}

#[tokio::test]
async fn the_answer_names_every_field_that_has_a_default() {
    let shop = Shop::open().await;

    let reply = shop.send("POST", "/v1/orders", &[("Content-Type", "application/json")], r#"{"note": "hi"}"#).await;

    assert_eq!(reply.json(), json!({"orderId": "", "note": "hi", "cents": "0", "tags": []}));
    assert_eq!(reply.headers["content-type"], "application/json");
}

#[tokio::test]
async fn a_head_is_a_get_without_a_body() {
    let shop = Shop::open().await;

    let reply = shop.send("HEAD", "/v1/orders/1", &[], "").await;

    assert_eq!((reply.status, reply.body.len()), (200, 0));
    assert_eq!(shop.only_call().path, "/shop.v1.Shop/GetOrder");
}

#[tokio::test]
async fn a_well_formed_request_id_goes_in_and_out() {
    let shop = Shop::open().await;

    let reply = shop.send("GET", "/v1/orders/1", &[("X-Request-Id", "abc-1")], "").await;

    assert_eq!(reply.headers["x-request-id"], "abc-1");
    assert_eq!(shop.only_call().metadata["x-request-id"], "abc-1");
}

#[tokio::test]
async fn any_other_request_id_is_replaced_by_one_of_ours() {
    let shop = Shop::open().await;

    let reply = shop.send("GET", "/v1/orders/1", &[("X-Request-Id", "a b")], "").await;

    let made = &reply.headers["x-request-id"];
    assert!(kit::id::is_id(made));
    assert_eq!(shop.only_call().metadata["x-request-id"], made.as_str());
}

#[tokio::test]
async fn a_valid_trace_goes_on_and_any_other_gives_way_to_a_new_one() {
    let shop = Shop::open().await;
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    let traced = [("Traceparent", given), ("Tracestate", "rojo=1")];
    shop.send("GET", "/v1/orders/1", &traced, "").await;
    let valid = shop.only_call().metadata;
    shop.send("GET", "/v1/orders/1", &[("Traceparent", "00-mine"), ("Tracestate", "rojo=1")], "").await;
    let invalid = shop.only_call().metadata;
    shop.get("/v1/orders/1").await;
    let absent = shop.only_call().metadata;

    assert_eq!((valid["traceparent"].as_bytes(), valid["tracestate"].as_bytes()), (given.as_bytes(), &b"rojo=1"[..]));
    let [made, other] = [&invalid, &absent].map(|metadata| TraceContext::of(metadata).expect("a valid one"));
    assert_ne!(made.trace_id(), other.trace_id());
    assert!(!invalid.contains_key("tracestate"), "what a client says of a trace of its own says nothing of ours");
}

#[tokio::test]
async fn a_client_cannot_pose_as_a_service_or_as_somebody_elsewhere() {
    let shop = Shop::open().await;
    let posing = [
        ("Afterword-Internal-Token", "stolen"),
        ("Grpc-Metadata-Afterword-Internal-Token", "stolen"),
        ("X-Forwarded-For", "6.6.6.6"),
    ];

    shop.send("GET", "/v1/orders/1", &posing, "").await;

    let metadata = shop.only_call().metadata;
    assert!(!metadata.contains_key("afterword-internal-token"));
    assert_eq!(metadata["x-forwarded-for"], "127.0.0.1");
    assert!(metadata.values().all(|value| value != "stolen"));
}

#[tokio::test]
async fn the_deadline_reaches_the_service() {
    let shop = Shop::open().await;

    shop.send("GET", "/v1/orders/1", &[("Grpc-Timeout", "7S")], "").await;
    let asked = shop.only_call().deadline.expect("a deadline");
    shop.send("GET", "/v1/orders/1", &[("Grpc-Timeout", "9H")], "").await;
    let capped = shop.only_call().deadline.expect("a deadline");

    assert!(asked <= Duration::from_secs(7) && asked > Duration::from_secs(5), "{asked:?}");
    assert!(capped <= Duration::from_secs(30), "{capped:?}");
}

#[tokio::test]
async fn a_client_that_leaves_cancels_the_call() {
    let shop = Shop::open().await;
    let mut client = tokio::net::TcpStream::connect(&shop.address).await.unwrap();
    client.write_all(&request("GET", "/v1/fail/never", &[], b"")).await.unwrap();
    shop.arrived.notified().await;

    drop(client);

    let cancelled = tokio::time::timeout(Duration::from_secs(5), shop.dropped.notified()).await;
    assert!(cancelled.is_ok(), "the service hears of it");
}

#[tokio::test]
async fn the_drain_lets_a_running_request_finish() {
    let shop = Shop::open().await;
    let path = request("GET", "/v1/fail/never", &[("Grpc-Timeout", "300m")], b"");
    let address = shop.address.clone();
    let running = tokio::spawn(async move { crate::wire::exchange(&address, &path, false).await });
    shop.arrived.notified().await;

    let finished = shop.lifecycle.shutdown(Duration::from_secs(10)).await;

    assert!(finished);
    assert_eq!(running.await.unwrap().status, 504);
    assert!(tokio::net::TcpStream::connect(&shop.address).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_finishes_asking_is_let_go() {
    let shop = Shop::open().await;

    for beginning in ["", "PRI * HT", "GET /v1/orders/1 HTTP/1.1\r\nHost: loc"] {
        let mut client = tokio::net::TcpStream::connect(&shop.address).await.unwrap();
        client.write_all(beginning.as_bytes()).await.unwrap();

        let mut answer = Vec::new();
        let ended = tokio::time::timeout(Duration::from_secs(100), client.read_to_end(&mut answer)).await;

        assert!(ended.is_ok(), "after {beginning:?}");
    }
}
