use std::time::Duration;

use tonic::service::Routes;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_client::HealthClient;

use super::*;
use crate::lifecycle::Lifecycle;
use crate::serve::{GrpcServer, Health, Part};

const CLAIMS: Declared = Declared::counter("a.claims", "Jobs taken.").by(&["outcome"]);
const AGE: Declared = Declared::gauge("a.age", "How old the oldest is.").in_seconds();
const TOOK: Declared = Declared::duration("a.call.duration", &[0.1, 1.0], "How long calls took.").by(&["error.type"]);
const OPEN: Declared = Declared::gauge("a.open", "How many are open.");

#[test]
fn a_page_says_what_was_declared() {
    let registry = Registry::new("one");

    registry.counter(&CLAIMS).add(2, ["DONE".into()]);
    registry.gauge(&AGE).set(1.5);
    registry.histogram(&TOOK).record(Duration::from_millis(500), ["NONE".into()]);

    let page = page(&[registry]);
    for line in [
        "# HELP a_claims_total Jobs taken.",
        "# TYPE a_claims_total counter",
        "a_claims_total{outcome=\"DONE\",service_name=\"one\"} 2",
        "a_age_seconds{service_name=\"one\"} 1.5",
        "# TYPE a_call_duration_seconds histogram",
        "a_call_duration_seconds_bucket{error_type=\"NONE\",service_name=\"one\",le=\"0.1\"} 0",
        "a_call_duration_seconds_bucket{error_type=\"NONE\",service_name=\"one\",le=\"1\"} 1",
    ] {
        assert!(page.lines().any(|each| each == line), "{line} is missing in\n{page}");
    }
    assert_eq!(CLAIMS.page_name(), "a_claims_total");
    assert_eq!(AGE.page_name(), "a_age_seconds");
    assert_eq!((TOOK.page_name().as_str(), TOOK.page_labels()), ("a_call_duration_seconds", vec!["error_type".into()]));
}

#[test]
fn two_services_share_a_page_without_sharing_a_count() {
    let (one, two) = (Registry::new("one"), Registry::new("two"));
    one.counter(&CLAIMS).count_as(["DONE".into()]);
    two.counter(&CLAIMS).add(0, ["DONE".into()]);

    let page = page(&[one, two]);

    assert_eq!(page.matches("# TYPE a_claims_total counter").count(), 1, "{page}");
    assert!(page.contains("a_claims_total{outcome=\"DONE\",service_name=\"one\"} 1"), "{page}");
    assert!(page.contains("a_claims_total{outcome=\"DONE\",service_name=\"two\"} 0"), "{page}");
}

#[test]
fn a_level_falls_when_what_raised_it_is_gone() {
    let registry = Registry::new("one");
    let open = registry.level(&OPEN);
    let (first, _second) = (open.raise(), open.raise());

    drop(first);

    assert!(page(&[registry]).contains("a_open{service_name=\"one\"} 1"));
}

#[test]
fn the_parts_of_the_health_are_shown_as_they_are_when_the_page_is_read() {
    let (registry, health) = (Registry::new("one"), Health::new());
    registry.show(&health);

    health.set("queue", Part::Degraded("3 jobs have given up".into()));
    health.set("store", Part::NotReady("cannot be read".into()));

    let page = page(&[registry]);
    for line in [
        "afterword_part_ready{part=\"queue\",service_name=\"one\"} 1",
        "afterword_part_degraded{part=\"queue\",service_name=\"one\"} 1",
        "afterword_part_ready{part=\"store\",service_name=\"one\"} 0",
        "afterword_part_degraded{part=\"store\",service_name=\"one\"} 0",
    ] {
        assert!(page.contains(line), "{line} is missing in\n{page}");
    }
}

#[tokio::test]
async fn calls_are_told_apart_by_method_and_status_and_strangers_are_one() {
    const METHODS: &[&str] = &["/grpc.health.v1.Health/Check"];
    let (registry, life, health) = (Registry::new("one"), Lifecycle::new(), Health::new());
    let served = Routes::new(health.grpc_service().await);
    let measured = RpcMeter::new(&registry, METHODS).around(served);
    let channel = GrpcServer { routes: measured }.serve_in_process(&life);
    let mut client = HealthClient::new(channel);

    client.check(HealthCheckRequest::default()).await.unwrap();
    client.check(HealthCheckRequest { service: "nobody".into() }).await.unwrap_err();
    client.watch(HealthCheckRequest::default()).await.unwrap();

    let counted = |method: &str, code: &str| {
        format!(
            "rpc_server_call_duration_seconds_count{{rpc_method=\"{method}\",rpc_response_status_code=\"{code}\",service_name=\"one\"}} 1"
        )
    };
    let lines =
        [("grpc.health.v1.Health/Check", "OK"), ("grpc.health.v1.Health/Check", "NOT_FOUND"), ("_OTHER", "CANCELLED")];
    for (method, code) in lines {
        let line = counted(method, code);
        // The server notices a moment later than the client that a call is over.
        let seen = async {
            while !page(std::slice::from_ref(&registry)).contains(&line) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap_or_else(|_| panic!("{line}"));
    }
}
