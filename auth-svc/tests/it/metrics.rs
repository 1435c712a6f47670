//! What an operator sees of people coming and going.

use kit::telemetry::metrics::page;
use proto::auth::v1 as pb;

use crate::world::World;

/// The value of this line of the page, labels besides that of the service included.
fn shown(world: &World, line: &str) -> String {
    let page = page(std::slice::from_ref(world.app.registry()));
    let start = format!("{line},service_name=\"auth-svc\"}} ");
    page.lines().find_map(|each| each.strip_prefix(&start)).unwrap_or_else(|| panic!("{line} in\n{page}")).to_owned()
}

#[tokio::test]
async fn logins_and_logouts_are_counted_by_what_came_of_them() {
    let world = World::start().await;
    let user = world.logged_in().await;
    let login = pb::LoginRequest {
        email: "nobody@example.org".into(),
        password: "wrong password".into(),
        ..Default::default()
    };

    world.auth().login(login).await.unwrap_err();
    for _ in 0..2 {
        world.logs_out(user.access.text.expose()).await.unwrap();
    }

    assert_eq!(shown(&world, "afterword_auth_logins_total{result=\"BAD_CREDENTIALS\""), "1");
    assert_eq!(shown(&world, "afterword_auth_logins_total{result=\"OK\""), "0");
    assert_eq!(shown(&world, "afterword_auth_logouts_total{result=\"ENDED\""), "1");
    assert_eq!(shown(&world, "afterword_auth_logouts_total{result=\"NOTHING_TO_DO\""), "1");
}

#[tokio::test]
async fn calls_are_measured_by_method_and_status_and_name_nobody() {
    let world = World::start().await;
    let user = world.logged_in().await;
    world.logs_out(user.access.text.expose()).await.unwrap();
    world.account_of("no token").await.unwrap_err();
    world.drain().await;

    let calls = |method: &str, code: &str| {
        let method = format!("rpc_method=\"afterword.auth.v1.AuthService/{method}\"");
        shown(&world, &format!("rpc_server_call_duration_seconds_count{{{method},rpc_response_status_code=\"{code}\""))
    };
    assert_eq!((calls("Logout", "OK").as_str(), calls("GetAccount", "UNAUTHENTICATED").as_str()), ("1", "1"));
    let page = page(std::slice::from_ref(world.app.registry()));
    for secret in [user.account.id.as_str(), user.session.id.as_str(), user.access.text.expose()] {
        assert!(!page.contains(secret), "{page}");
    }
}
