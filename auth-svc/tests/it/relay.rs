//! Logging out while context-svc is away.

use std::collections::HashSet;
use std::time::Duration;

use auth_svc::domain::hashing::HashingError;
use kit::authn::AuthnError;
use kit::serve::Part;
use kit::status::{to_status, unbuilt};
use kit::telemetry::metrics::page;
use tonic::Status;

use crate::world::World;

#[tokio::test]
async fn what_was_ended_while_context_svc_was_away_is_asked_for_when_it_is_back() {
    let mut world = World::start().await;
    world.context.goes_away().await;
    let mut ended = HashSet::new();
    for _ in 0..5 {
        let user = world.logged_in().await;
        assert!(world.logs_out(user.access.text.expose()).await.unwrap().revoked);
        ended.insert(user.session.id.to_string());
    }

    world.context.comes_back().await;

    let mut asked = HashSet::new();
    for _ in 0..5 {
        asked.insert(world.context.is_asked().await);
    }
    assert_eq!(asked, ended);
    world.drain().await;
    assert!(!world.context.was_asked_more());
}

#[tokio::test]
async fn what_was_not_delivered_before_a_restart_is_delivered_after_it() {
    let mut world = World::start().await;
    world.context.goes_away().await;
    let ada = world.logged_in().await;
    world.logs_out(ada.access.text.expose()).await.unwrap();

    let mut world = world.restarted().await;
    world.context.comes_back().await;

    assert_eq!(world.context.is_asked().await, ada.session.id.as_str());
}

/// A gRPC status by name, and what a service has to say to answer it.
type Wrong = (&'static str, fn() -> Status);

/// What a context-svc of another version or with other settings answers.
const WRONG: [Wrong; 3] = [
    ("UNIMPLEMENTED", || unbuilt("ExtractionService.ScheduleExtraction")),
    ("UNAUTHENTICATED", || to_status(AuthnError::InternalTokenRequired)),
    ("INTERNAL", || to_status(HashingError::Failed("a bug".into()))),
];

const TWENTY_MINUTES: Duration = Duration::from_secs(1200);

/// Time passes, quickly, until it is so.
async fn in_time(world: &World, what: &str, is_so: impl Fn(&World) -> bool) {
    let passes = async {
        while !is_so(world) {
            world.clock.advance(Duration::from_secs(10));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), passes).await.unwrap_or_else(|_| panic!("{what} does not come true"));
}

fn relay_is(world: &World, is_it: impl Fn(&Part) -> bool) -> bool {
    world.app.health().parts().iter().any(|(name, part)| *name == "relay" && is_it(part))
}

#[tokio::test]
async fn an_hour_of_wrong_answers_loses_nothing_and_is_told() {
    let mut world = World::start().await;
    world.context.refuses(WRONG[0].1);
    let mut ended = HashSet::new();
    for _ in 0..5 {
        let user = world.logged_in().await;
        assert!(world.logs_out(user.access.text.expose()).await.unwrap().revoked);
        ended.insert(user.session.id.to_string());
    }

    for (code, refusal) in WRONG {
        world.context.refuses(refusal);
        let says_so = |part: &Part| matches!(part, Part::Degraded(reason) if reason.contains(code));
        in_time(&world, code, |world| relay_is(world, says_so)).await;
        world.clock.advance(TWENTY_MINUTES);
    }
    let (page, is_ready) = (page(std::slice::from_ref(world.app.registry())), world.app.health().is_ready());
    world.context.accepts();
    in_time(&world, "the end of the alarm", |world| relay_is(world, |part| *part == Part::Ready)).await;

    let mut asked = HashSet::new();
    // At least once: the same one may be heard twice. One that is lost is waited for in vain.
    while asked != ended {
        world.clock.advance(Duration::from_secs(60));
        asked.insert(world.context.is_asked().await);
    }
    assert!(is_ready, "logging out still works");
    for (code, _) in WRONG {
        let line =
            format!("afterword_outbox_alarms_total{{rpc_response_status_code=\"{code}\",service_name=\"auth-svc\"}} ");
        let count = page.lines().find_map(|each| each.strip_prefix(&line)).expect("it is counted");
        assert_ne!(count, "0", "{code}");
    }
    assert!(page.contains("afterword_outbox_alarm{service_name=\"auth-svc\"} 1"), "{page}");
    assert!(page.contains("afterword_part_degraded{part=\"relay\",service_name=\"auth-svc\"} 1"), "{page}");
}
