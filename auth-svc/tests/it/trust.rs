//! What other services learn about tokens that are no longer good.

use std::sync::Arc;
use std::time::Duration;

use kit::authn::{Keys, Policy, TrustSet, Verifier, follow};
use kit::lifecycle::Lifecycle;
use proto::auth::v1 as pb;
use proto::auth::v1::check_session_response::Reason;
use proto::auth::v1::trust_service_client::TrustServiceClient;

use crate::world::{World, caller, internal, reason};

/// Another service's verifier, kept current over the network.
async fn follower(world: &World, life: &Lifecycle) -> Verifier {
    let config = auth_svc::Config::default();
    let policy = Policy { issuer: config.issuer, audience: config.audience, max_ttl: *config.access_ttl };
    let verifier = Verifier::new(policy, Keys::new(), TrustSet::new(), Arc::new(world.clock.clone()));
    life.spawn("follow", follow(world.channel.clone(), internal(), verifier.clone(), life.clone()));
    let is_ready = async {
        while !verifier.is_ready() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), is_ready).await.expect("the follower becomes ready");
    verifier
}

#[tokio::test]
async fn a_revocation_reaches_other_services_and_a_later_one_by_snapshot() {
    let (world, life) = (World::start().await, Lifecycle::new());
    let ada = world.logged_in().await;
    let early = follower(&world, &life).await;
    assert!(early.verify(ada.access.text.expose()).is_ok());

    world.logs_out(ada.access.text.expose()).await.unwrap();
    let caller = caller(&ada);
    let told = early.trust().until_revoked(&caller);
    tokio::time::timeout(Duration::from_secs(10), told).await.expect("the revocation arrives");
    let late = follower(&world, &life).await;

    for verifier in [early, late] {
        assert!(verifier.verify(ada.access.text.expose()).is_err());
    }
    life.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_open_feed_does_not_hold_the_drain_back() {
    let (world, life) = (World::start().await, Lifecycle::new());
    let _follower = follower(&world, &life).await;

    world.drain().await;

    life.shutdown(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_store_says_whether_a_session_is_live() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let mut trust = TrustServiceClient::with_interceptor(world.channel.clone(), internal());
    let question = |session_id: &str| pb::CheckSessionRequest {
        user_id: ada.account.id.to_string(),
        session_id: session_id.to_owned(),
        generation: 0,
    };

    let before = trust.check_session(question(ada.session.id.as_str())).await.unwrap().into_inner();
    world.logs_out(ada.access.text.expose()).await.unwrap();
    let after = trust.check_session(question(ada.session.id.as_str())).await.unwrap().into_inner();
    let unknown = trust.check_session(question("nobody")).await.unwrap().into_inner();

    assert!(before.live);
    assert_eq!((after.live, after.reason()), (false, Reason::Revoked));
    assert_eq!((unknown.live, unknown.reason()), (false, Reason::Unknown));
}

#[tokio::test]
async fn the_feed_needs_the_internal_token() {
    let world = World::start().await;
    let ada = world.logged_in().await;
    let mut trust = TrustServiceClient::new(world.channel.clone());

    let without = trust.watch_trust(pb::WatchTrustRequest::default()).await;
    let request = crate::world::bearing(ada.access.text.expose(), pb::WatchTrustRequest::default());
    let with_a_users = trust.watch_trust(request).await;

    assert_eq!(reason(without.map(drop)), "INTERNAL_TOKEN_REQUIRED");
    assert_eq!(reason(with_a_users.map(drop)), "INTERNAL_TOKEN_REQUIRED");
}
