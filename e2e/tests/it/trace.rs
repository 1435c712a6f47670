//! One request can be followed through every process.

use e2e::{Processes, Service, User, eventually};
use serde_json::{Value, json};

const TRACE_ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

/// The log lines of a service that name the trace, as JSON.
fn lines(world: &Processes, service: Service) -> Vec<Value> {
    let log = world.log(service);
    let named = log.lines().filter(|line| line.contains(TRACE_ID));
    named.map(|line| serde_json::from_str(line).expect("a log line is JSON")).collect()
}

fn messages(lines: &[Value]) -> Vec<&str> {
    lines.iter().filter_map(|line| line["message"].as_str()).collect()
}

#[tokio::test]
async fn one_logout_is_found_in_every_log_by_its_trace_also_when_auth_svc_dies_in_between() {
    let mut world = Processes::start(&[]).await;
    let mut alice = User::of(&world.client(), "alice").await.logged_in().await;
    alice.says("c1", "My goal is to run a marathon in May.").await;
    // Without context-svc the relay cannot have delivered anything before the kill.
    world.kill(Service::Context).await;

    let logout = reqwest::Client::new()
        .post(format!("http://{}/api/v1/auth/logout", world.authority()))
        .bearer_auth(&alice.login().access_token)
        .header("traceparent", format!("00-{TRACE_ID}-00f067aa0ba902b7-01"))
        .json(&json!({}));
    let answer = logout.send().await.expect("logout answers");
    world.kill(Service::Auth).await;
    world.launch(Service::Auth).await;
    world.launch(Service::Context).await;

    assert!(answer.status().is_success());
    let finished = |lines: &Vec<Value>| messages(lines).contains(&"extraction finished");
    let of_context = eventually("the extraction", async || lines(&world, Service::Context), finished).await;
    assert_eq!(messages(&of_context)[0], "an extraction is asked for");
    assert_eq!(of_context.last().map(|line| &line["span"]["trace_ids"]), Some(&json!(TRACE_ID)));
    let of_auth = lines(&world, Service::Auth);
    assert_eq!(of_auth[0]["trace_id"], TRACE_ID);
    assert_eq!(of_auth[0]["reason"], "logout");
    let of_gateway = lines(&world, Service::Gateway);
    assert_eq!(of_gateway.iter().map(|line| &line["http.route"]).collect::<Vec<_>>(), ["/api/v1/auth/logout"]);
}
