//! Several context-svc processes on one store under load.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use afterword::client::{Login, Turn};
use e2e::{Chaos, Processes, Service, User, eventually};
use futures::StreamExt;
use futures::future::join_all;
use kit::authn::InternalToken;
use kit::clock::monotonic;
use kit::id::Secret;
use proto::context::v1 as pb;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use serde_json::{Value, json};

/// Password hashing is not what these stories load the machine with.
const CHEAP: [(Service, &str); 3] = [
    (Service::Auth, "password.memory_kib=7168"),
    (Service::Auth, "password.iterations=1"),
    (Service::Context, "store_shared=true"),
];

#[tokio::test]
async fn two_hundred_triggers_at_three_processes_make_fifty_extractions() {
    let first = Processes::start(&[&CHEAP[..], &[(Service::Context, "schedule.debounce=1s")]].concat()).await;
    let (mut second, mut third) = (first.beside(), first.beside());
    tokio::join!(second.launch(Service::Context), third.launch(Service::Context));
    let alice = User::of(&first.client(), "alice").await.logged_in().await;
    let bob = User::of(&first.client(), "bob").await.logged_in().await;
    let talks: Vec<_> = (0..25).flat_map(|n| [(alice.login(), n), (bob.login(), n)]).collect();
    join_all(talks.iter().map(async |(login, n)| says(login, &format!("c{n}"), 1).await)).await;

    let processes = [&first, &second, &third].map(|of| of.endpoint(Service::Context));
    let token = InternalToken::parse(Secret::new(first.internal_token())).unwrap();
    let triggers = (0..200).map(|n| {
        let (login, conversation) = talks[n % talks.len()];
        let channel = kit::serve::channel(&processes[n % processes.len()]).unwrap();
        let mut service = ExtractionServiceClient::with_interceptor(channel, token.clone());
        let request = pb::ScheduleExtractionRequest {
            user_id: login.user_id.clone(),
            conversation_id: format!("c{conversation}"),
            cause: pb::trigger::Cause::Disconnect.into(),
            ..Default::default()
        };
        async move { service.schedule_extraction(request).await.map(drop) }
    });
    let answers: Vec<_> = futures::stream::iter(triggers).buffer_unordered(32).collect().await;

    let refused: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert!(refused.is_empty(), "{refused:?}");
    for user in [&alice, &bob] {
        for n in 0..25 {
            let extraction = user.until_extraction(&format!("c{n}"), "DONE").await;
            assert_eq!(extraction["fence"], "1", "claimed once, so committed once");
        }
    }
}

/// What a client knows at the end: how many messages of each conversation were acknowledged.
struct Visit {
    conversation: String,
    acknowledged: usize,
}

#[tokio::test]
async fn restarts_one_after_the_other_lose_nothing() {
    let chaos = Chaos::start().await;
    let address = format!("context_svc={}", chaos.url());
    let mut settings = CHEAP.to_vec();
    settings.extend([(Service::Auth, address.as_str()), (Service::Gateway, address.as_str())]);
    settings.extend([(Service::Context, "local_pause=20ms"), (Service::Context, "queue.poll=100ms")]);
    let mut first = Processes::start(&settings).await;
    let mut second = first.beside();
    chaos.leads_to(&[first.socket(Service::Context), second.socket(Service::Context)]);
    second.launch(Service::Context).await;
    let mut users = Vec::new();
    for name in ["alice", "bob", "carol"] {
        users.push(User::of(&first.client(), name).await);
    }
    let is_over = AtomicBool::new(false);

    let restarts = async {
        for restart in 0..5 {
            let process = if restart % 2 == 0 { &mut first } else { &mut second };
            assert_eq!(process.terminate(Service::Context).await, Some(0));
            process.launch(Service::Context).await;
        }
        is_over.store(true, Ordering::SeqCst);
    };
    let (visits, ()) = tokio::join!(join_all(users.iter_mut().map(|user| comes_and_goes(user, &is_over))), restarts);

    for (user, visits) in users.iter_mut().zip(visits) {
        user.log_in().await;
        for Visit { conversation, acknowledged } in visits {
            let path = format!("/api/v1/conversations/{conversation}/messages");
            let read = user.login().get(&path).await.expect("the messages can be read");
            let texts: Vec<_> = read["messages"].as_array().unwrap().iter().map(|message| &message["text"]).collect();
            let said: Vec<_> = (1..=acknowledged).map(|number| json!(goal(number))).collect();
            assert_eq!(texts, said.iter().collect::<Vec<_>>(), "{conversation}");
            let extraction = user.until_extraction(&conversation, "DONE").await;
            assert_eq!(extraction["done"], acknowledged.to_string(), "{conversation}");
        }
    }
}

async fn comes_and_goes(user: &mut User, is_over: &AtomicBool) -> Vec<Visit> {
    let mut visits = Vec::new();
    while !is_over.load(Ordering::SeqCst) {
        user.log_in().await;
        let conversation = format!("c{}", visits.len());
        for number in 1..=3 {
            says(user.login(), &conversation, number).await;
        }
        visits.push(Visit { conversation, acknowledged: 3 });
        let begun = monotonic();
        user.logout().await.expect("logout answers");
        assert!(begun.elapsed() < Duration::from_secs(2), "a logout waits for nobody");
    }
    visits
}

/// Says it until it is acknowledged, under one client id, as a client does.
async fn says(login: &Login, conversation: &str, number: usize) {
    let turn = Turn { role: "USER".into(), text: goal(number), at: None };
    let say = async || login.append(conversation, number, std::slice::from_ref(&turn)).await;
    let _: Result<Value, _> = eventually("the acknowledgement", say, Result::is_ok).await;
}

fn goal(number: usize) -> String {
    format!("My goal is to run marathon number {number} in May.")
}
