//! One logout, seen on the pages of the three real programs.

use e2e::{Processes, Service, User, eventually};

const LOGOUT_CALLS: &str = "rpc_server_call_duration_seconds_count{rpc_method=\"afterword.auth.v1.AuthService/Logout\"";
const LOGOUT_REQUESTS: &str = "http_server_request_duration_seconds_count{http_request_method=\"POST\",\
     http_response_status_code=\"200\",http_route=\"/api/v1/auth/logout\"";

/// Whether a line begins and ends so; the labels in between are those that the story is not about.
fn has(page: &str, start: &str, end: &str) -> bool {
    page.lines().any(|line| line.starts_with(start) && line.ends_with(end))
}

#[tokio::test]
async fn a_logout_is_seen_on_every_page_and_nobody_is_named() {
    let world = Processes::start(&[]).await;
    let mut alice = User::of(&world.client(), "alice").await.logged_in().await;
    alice.says("c1", "My goal is to run a marathon in May.").await;

    alice.logout().await.unwrap();

    // Twice, since whoever registers is logged in and logs out, too.
    for (service, start, end) in [
        (Service::Auth, "afterword_auth_logouts_total{result=\"ENDED\"", " 2"),
        (Service::Auth, "afterword_outbox_deliveries_total{result=\"ACCEPTED\"", " 2"),
        (Service::Auth, LOGOUT_CALLS, " 2"),
        (Service::Context, "afterword_messages_appended_total", " 1"),
        (Service::Context, "afterword_queue_completes_total{outcome=\"DONE\"", " 1"),
        (Service::Context, "gen_ai_client_operation_duration_seconds_count{error_type=\"NONE\"", " 1"),
        (Service::Gateway, LOGOUT_REQUESTS, " 2"),
    ] {
        let page = || async { world.admin(service, "/metrics").await.expect("the service runs") };
        let page = eventually(start, page, |page| has(page, start, end)).await;
        for word in ["alice", "\"c1\"", "marathon"] {
            assert!(!page.contains(word), "{word} in\n{page}");
        }
    }
}

#[tokio::test]
async fn only_the_admin_port_serves_the_page() {
    let world = Processes::start(&[]).await;

    let public = reqwest::get(format!("http://{}/metrics", world.authority())).await.unwrap();
    let alive = world.admin(Service::Gateway, "/livez").await;

    assert_eq!(public.status(), 404);
    assert_eq!(alive.as_deref(), Some("ok"));
    let page = world.admin(Service::Gateway, "/metrics").await.unwrap();
    assert!(
        has(&page, "http_server_request_duration_seconds_count{", " 1") && page.contains("\"unmatched\""),
        "{page}"
    );
}
