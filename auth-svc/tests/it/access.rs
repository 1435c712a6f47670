//! Which methods answer without a token: a list, and nothing else.

use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::{Code, Request};
use tonic_prost::ProstCodec;

use crate::world::World;

const PUBLIC: [&str; 5] = ["Register", "Login", "Refresh", "Logout", "GetJwks"];

/// Every method of the packages that auth-svc serves, from the contract itself.
fn methods() -> Vec<(String, String)> {
    let contract = prost_types::FileDescriptorSet::decode(proto::DESCRIPTOR_SET).unwrap();
    let files = contract.file.into_iter().filter(|file| file.package() == "afterword.auth.v1");
    let services = files.flat_map(|file| file.service);
    let method = |service: &str, method: &str| (method.to_owned(), format!("/afterword.auth.v1.{service}/{method}"));
    services
        .flat_map(|service| {
            let names: Vec<_> = service.method.iter().map(|m| method(service.name(), m.name())).collect();
            names
        })
        .collect()
}

async fn call(world: &World, path: &str) -> Code {
    let mut client = Grpc::new(world.channel.clone());
    client.ready().await.unwrap();
    let path = PathAndQuery::try_from(path).unwrap();
    let answer = client.unary(Request::new(()), path, ProstCodec::<(), ()>::default()).await;
    answer.map_or_else(|status| status.code(), |_| Code::Ok)
}

#[tokio::test]
async fn without_a_token_only_the_listed_methods_answer() {
    let world = World::start().await;
    let methods = methods();
    assert!(methods.len() > 15, "{methods:?}");

    for (name, path) in methods {
        let is_refused_at_the_gate = call(&world, &path).await == Code::Unauthenticated;
        // Login and Refresh refuse an empty request themselves.
        let is_public = PUBLIC.contains(&name.as_str());
        assert!(is_public || is_refused_at_the_gate, "{path} answers anybody");
    }
}

#[tokio::test]
async fn a_method_that_does_not_exist_is_refused_as_well() {
    let world = World::start().await;

    assert_eq!(call(&world, "/afterword.auth.v1.AuthService/Backdoor").await, Code::Unauthenticated);
    assert_eq!(call(&world, "/other.Service/Method").await, Code::Unauthenticated);
}

#[tokio::test]
async fn the_key_set_is_public_and_has_no_private_half() {
    let world = World::start().await;

    let keys = world.auth().get_jwks(proto::auth::v1::GetJwksRequest {}).await.unwrap().into_inner().keys;

    let key = keys.first().expect("a key");
    assert_eq!((key.kty.as_str(), key.crv.as_str(), key.alg.as_str()), ("OKP", "Ed25519", "EdDSA"));
    assert_eq!((keys.len(), key.x.len(), key.kid.len()), (1, 43, 43));
}
