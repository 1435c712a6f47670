use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use super::*;

async fn status(channel: Channel) -> ServingStatus {
    let answer = HealthClient::new(channel).check(HealthCheckRequest::default()).await.expect("health answers");
    answer.into_inner().status()
}

#[tokio::test]
async fn in_process_and_over_tcp_the_same_service_answers() {
    let life = Lifecycle::new();
    let health = Health::new();
    health.set("store", Part::Ready);
    let server = GrpcServer::new(Routes::default(), &health).await;
    let listener = bind("listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();

    server.serve(listener, &life);
    let inside = server.serve_in_process(&life);

    assert_eq!(status(inside).await, ServingStatus::Serving);
    assert_eq!(status(channel(&format!("http://{address}")).unwrap()).await, ServingStatus::Serving);
    life.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn readiness_names_the_part_that_is_missing() {
    let health = Health::new();
    assert!(!health.is_ready());

    health.set("store", Part::Ready);
    health.set("trust", Part::NotReady("no snapshot yet".into()));
    health.set("model", Part::Degraded("model is down".into()));

    assert!(!health.is_ready());
    assert_eq!(health.report()["parts"]["trust"]["reason"], "no snapshot yet");
    health.set("trust", Part::Ready);
    health.until_ready().await;
    assert_eq!(health.report()["parts"]["model"]["state"], "degraded");
}

/// One request by hand: the whole answer.
async fn answer(address: std::net::SocketAddr, path: &str) -> String {
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

async fn status_line(address: std::net::SocketAddr, path: &str) -> String {
    answer(address, path).await.lines().next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn readiness_is_told_during_the_drain_and_holds_nobody_back() {
    let (life, health) = (Lifecycle::new(), Health::new());
    health.set("store", Part::Ready);
    let listener = bind("admin_listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    admin(listener, &health, vec![], &life);
    assert_eq!(status_line(address, "/readyz").await, "HTTP/1.1 200 OK");

    let asked = life.spawn("asks during the drain", {
        let draining = life.draining();
        async move {
            draining.cancelled().await;
            health.set("lifecycle", Part::NotReady("draining".into()));
            status_line(address, "/readyz").await
        }
    });
    let everything_ended = life.shutdown(Duration::from_secs(10)).await;

    assert!(everything_ended);
    assert_eq!(asked.await.unwrap().unwrap(), "HTTP/1.1 503 Service Unavailable");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_its_setting() {
    let first = bind("listen", "127.0.0.1:0").await.unwrap();
    let address = first.local_addr().unwrap().to_string();

    let refused = bind("listen", &address).await.unwrap_err().to_string();

    assert!(refused.starts_with(&format!("cannot listen on {address} (setting `listen`): ")), "{refused}");
}

#[tokio::test]
async fn an_open_idle_connection_does_not_hold_the_process_back() {
    let life = Lifecycle::new();
    let health = Health::new();
    health.set("store", Part::Ready);
    let listener = bind("listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    GrpcServer::new(Routes::default(), &health).await.serve(listener, &life);
    let _silent = tokio::net::TcpStream::connect(address).await.unwrap();

    let shutdown = life.shutdown(Duration::from_millis(200));

    tokio::time::timeout(Duration::from_secs(10), shutdown).await.expect("the drain ends with its time");
}

#[tokio::test]
async fn a_doorway_finds_the_service_that_came_back() {
    let health = Health::new();
    health.set("store", Part::Ready);
    let server = GrpcServer::new(Routes::default(), &health).await;
    let doorway = Doorway::default();
    let channel = doorway.channel();
    let first = Lifecycle::new();
    server.serve_at(&doorway, &first);
    assert_eq!(status(channel.clone()).await, ServingStatus::Serving);

    first.shutdown(Duration::from_secs(5)).await;
    let refused = HealthClient::new(channel.clone()).check(HealthCheckRequest::default()).await.unwrap_err();
    server.serve_at(&doorway, &Lifecycle::new());

    assert_eq!(refused.code(), tonic::Code::Unavailable);
    assert_eq!(status(channel).await, ServingStatus::Serving);
}

#[tokio::test]
async fn a_whole_is_ready_when_its_services_are() {
    let (whole, service) = (Health::new(), Health::new());
    service.set("trust", Part::NotReady("no snapshot yet".into()));

    whole.include("gateway", &service);
    assert_eq!(whole.report()["parts"]["gateway"]["reason"], "trust: no snapshot yet");
    service.set("trust", Part::Ready);

    whole.until_ready().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_answer_never_begins_is_ended() {
    let life = Lifecycle::new();
    let never = axum::Router::new().fallback(async || -> () { std::future::pending().await });
    let server = GrpcServer::new(Routes::from(never), &Health::new()).await;
    let elsewhere = "http://here/elsewhere".parse().unwrap();
    let mut client = HealthClient::with_origin(server.serve_in_process(&life), elsewhere);

    let check = client.check(HealthCheckRequest::default());
    let ended = tokio::time::timeout(REQUEST_MAX + Duration::from_secs(1), check).await;

    assert!(ended.expect("nobody waits longer").is_err());
}

#[tokio::test]
async fn a_whole_is_degraded_for_the_reasons_of_its_services() {
    let (whole, service) = (Health::new(), Health::new());
    service.set("store", Part::Ready);
    whole.include("context-svc", &service);

    service.set("model", Part::Degraded("it does not answer".into()));

    let reason = Part::Degraded("model: it does not answer".into());
    while whole.parts() != [("context-svc", reason.clone())] {
        tokio::task::yield_now().await;
    }
    assert!(whole.is_ready());
}

#[tokio::test]
async fn a_loop_that_falls_silent_fails_liveness_and_nothing_else_does() {
    let (life, health, whole) = (Lifecycle::new(), Health::new(), Health::new());
    let clock = crate::clock::TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
    let beat = health.listens_for("claims", Duration::from_secs(60), std::sync::Arc::new(clock.clone()));
    health.set("store", Part::NotReady("cannot be read".into()));
    whole.include("context-svc", &health);
    let listener = bind("admin_listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    admin(listener, &whole, vec![], &life);

    clock.advance(Duration::from_secs(60));
    let in_time = answer(address, "/livez").await;
    clock.advance(Duration::from_secs(1));
    let too_late = answer(address, "/livez").await;
    beat.here();
    let back = answer(address, "/livez").await;

    assert!(in_time.starts_with("HTTP/1.1 200") && back.starts_with("HTTP/1.1 200"), "{in_time}{back}");
    assert!(too_late.starts_with("HTTP/1.1 503"), "{too_late}");
    assert!(too_late.ends_with("context-svc: claims: no sign of life for 61 s"), "{too_late}");
}

#[tokio::test]
async fn a_loop_that_ended_as_it_should_is_not_missed() {
    let health = Health::new();
    let clock = crate::clock::TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
    let beat = health.listens_for("claims", Duration::from_secs(60), std::sync::Arc::new(clock.clone()));

    beat.rest();
    clock.advance(Duration::from_secs(3600));

    assert_eq!(health.silent(), Vec::<String>::new());
}

#[tokio::test]
async fn a_loop_that_waits_is_alive_until_it_is_dropped() {
    let health = Health::new();
    let clock = crate::clock::TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
    let beat = health.listens_for("claims", Duration::from_secs(60), std::sync::Arc::new(clock.clone()));
    let waiting = tokio::spawn(async move { beat.through(std::future::pending::<()>()).await });

    for _ in 0..4 {
        let asleep = tokio::time::timeout(Duration::from_secs(30), clock.until_sleeping(Duration::from_secs(30))).await;
        asleep.expect("it is heard of every half minute");
        clock.advance(Duration::from_secs(30));
    }
    clock.until_sleeping(Duration::from_secs(30)).await;
    let waits = health.silent();
    waiting.abort();
    let _ = waiting.await;
    clock.advance(Duration::from_secs(61));

    assert_eq!(waits, Vec::<String>::new());
    assert_eq!(health.silent(), ["claims: no sign of life for 61 s"]);
}

#[tokio::test]
async fn a_loop_that_is_accompanied_is_missed_if_it_panics_and_not_if_it_ends() {
    let health = Health::new();
    let clock = crate::clock::TestClock::frozen_at(jiff::Timestamp::UNIX_EPOCH);
    let hears = |name| health.listens_for(name, Duration::from_secs(60), std::sync::Arc::new(clock.clone()));

    let ended = tokio::spawn(hears("ends").accompany(async { 7 })).await;
    let panicked = tokio::spawn(hears("panics").accompany(async { panic!("a bug") })).await;
    clock.advance(Duration::from_secs(61));

    assert_eq!(ended.expect("it ends"), 7);
    assert!(panicked.is_err());
    assert_eq!(health.silent(), ["panics: no sign of life for 61 s"]);
}

#[tokio::test]
async fn the_page_is_served_as_the_text_that_prometheus_reads() {
    let (life, health) = (Lifecycle::new(), Health::new());
    let listener = bind("admin_listen", "127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    admin(listener, &health, vec![crate::telemetry::metrics::Registry::new("auth-svc")], &life);

    let page = answer(address, "/metrics").await;

    assert!(page.contains("content-type: text/plain; version=0.0.4"), "{page}");
    assert!(page.contains("# TYPE afterword_build_info gauge"), "{page}");
}
