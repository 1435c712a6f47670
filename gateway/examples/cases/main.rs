//! Runs a file of transcoding cases against the gateway and prints what passed and what did not.
//!
//! `cargo run -p gateway --example cases -- CASES.json SERVICE.proto`. The file's own README says what its members mean. It knows
//! the cases; the gateway knows only the rules.

#[path = "../../tests/it/dynamic.rs"]
#[allow(dead_code)]
mod dynamic;
mod expect;
mod service;
#[path = "../../tests/it/wire.rs"]
#[allow(dead_code)]
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use gateway::upstream::Upstreams;
use gateway::{App, Config};
use kit::lifecycle::Lifecycle;
use prost_reflect::DescriptorPool;
use serde_json::Value;
use tokio::net::TcpListener;

#[tokio::main]
#[allow(clippy::print_stdout)]
async fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(cases), Some(proto)) = (arguments.next(), arguments.next()) else {
        println!("usage: cases CASES.json SERVICE.proto");
        return ExitCode::FAILURE;
    };
    let text = std::fs::read(&cases).expect("the cases can be read");
    let cases: Vec<Value> = serde_json::from_slice(&text).expect("the cases are a JSON array");
    let descriptor_set = dynamic::descriptor_set(&proto);
    let pool = DescriptorPool::decode(descriptor_set.as_slice()).expect("a descriptor set");
    let lifecycle = Lifecycle::new();
    let server = dynamic::Server::start(pool.clone(), &lifecycle, service::answer).await;
    let address = start_gateway(&descriptor_set, &pool, &server.uri, &lifecycle).await;

    let mut failed = 0;
    for case in &cases {
        let request = &case["request"];
        let reply = wire::exchange(&address, &bytes_of(request), request["method"] == "HEAD").await;
        let problems = expect::check(&case["expect"], request, &reply, &server.take_calls());
        failed += usize::from(!problems.is_empty());
        let verdict = if problems.is_empty() { "pass" } else { "FAIL" };
        println!("{verdict} {}", case["name"].as_str().unwrap_or_default());
        problems.iter().for_each(|problem| println!("     {problem}"));
    }
    println!("{} passed, {failed} failed", cases.len() - failed);
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn start_gateway(descriptor_set: &[u8], pool: &DescriptorPool, uri: &str, lifecycle: &Lifecycle) -> String {
    let mut upstreams = Upstreams::default();
    for service in pool.services() {
        upstreams = upstreams.with(service.full_name(), gateway::app::connect(uri).expect("a URI"));
    }
    let app = App::of_descriptor_set(&Config::default(), descriptor_set, upstreams).expect("valid rules");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound address").to_string();
    app.serve(listener, lifecycle);
    address
}

fn bytes_of(request: &Value) -> Vec<u8> {
    if let Some(raw) = request["raw_base64"].as_str() {
        return STANDARD.decode(raw).expect("base64");
    }
    let headers: Vec<(&str, &str)> = request["headers"]
        .as_object()
        .map(|headers| headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.as_str()?))).collect())
        .unwrap_or_default();
    let text = |name: &str| request[name].as_str().unwrap_or_default();
    wire::request(text("method"), text("path"), &headers, &body_of(request))
}

fn body_of(request: &Value) -> Vec<u8> {
    if let Some(text) = request["body_utf8"].as_str() {
        return text.as_bytes().to_vec();
    }
    if let Some(bytes) = request["body_base64"].as_str() {
        return STANDARD.decode(bytes).expect("base64");
    }
    let Some(repeat) = request["body_repeat"].as_object() else { return Vec::new() };
    let text = |name: &str| repeat[name].as_str().unwrap_or_default();
    let count = repeat["count"].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or(0);
    format!("{}{}{}", text("prefix"), text("unit").repeat(count), text("suffix")).into_bytes()
}
