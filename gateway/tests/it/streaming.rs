//! Streams of answers: a line each, and no doubt about whether that was all.

use serde_json::{Value, json};

use crate::shop::Shop;
use crate::wire::Reply;

fn lines(reply: &Reply) -> Vec<Value> {
    let text = std::str::from_utf8(&reply.body).expect("lines of JSON are text");
    assert!(text.ends_with('\n'), "{text:?}");
    text.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect()
}

#[tokio::test]
async fn a_stream_is_a_line_for_each_message() {
    let shop = Shop::open().await;

    let reply = shop.get("/v1/orders:watch?orderId=7&note=two%0Alines").await;

    let lines = lines(&reply);
    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (200, "application/x-ndjson"));
    assert_eq!((lines.len(), &lines[0]["note"], &lines[1]["orderId"]), (2, &json!("two\nlines"), &json!("7")));
}

#[tokio::test]
async fn a_stream_that_breaks_off_says_so_in_its_last_line() {
    let shop = Shop::open().await;

    let reply = shop.get("/v1/orders:watch?note=break%20off").await;

    let lines = lines(&reply);
    let error = &lines[2]["error"];
    assert_eq!((reply.status, lines.len()), (200, 3));
    assert_eq!((&error["code"], &error["details"][0]["reason"]), (&json!(16), &json!("TOKEN_REVOKED")));
}

#[tokio::test]
async fn a_request_for_a_stream_is_checked_like_any_other() {
    let shop = Shop::open().await;

    let reply = shop.get("/v1/orders:watch?colour=red").await;

    assert_eq!((reply.status, reply.headers["content-type"].as_str()), (400, "application/json"));
}
