//! The gate in front of every method.

use std::convert::Infallible;

use http::header::AUTHORIZATION;
use http::{Request, Response};
use kit::authn::{AccessTable, Caller, Gate, INTERNAL_TOKEN_HEADER, InternalToken, InternalTokens};
use kit::id::Secret;
use kit::status::reason_of;
use tonic::service::Interceptor;
use tonic::{Code, Status};
use tower::{Layer, ServiceExt, service_fn};

use crate::forge::{Forge, USER, published, session_ended, verifier};

const USER_METHOD: &str = "/afterword.test.v1.Notes/List";
const PUBLIC_METHOD: &str = "/afterword.test.v1.Notes/Welcome";
const INTERNAL_METHOD: &str = "/afterword.test.v1.Notes/Rebuild";
const TABLE: AccessTable =
    AccessTable { public: &[PUBLIC_METHOD, "/grpc.health.v1.Health/"], internal: &[INTERNAL_METHOD] };

fn token(letter: &str) -> InternalToken {
    InternalToken::parse(Secret::new(letter.repeat(32))).unwrap()
}

/// Calls `path` with `headers`; the user the handler saw, or the reason it was never reached.
async fn call(path: &str, headers: &[(&str, &str)]) -> Result<Option<String>, String> {
    let tokens = InternalTokens { current: token("n"), other: Some(token("o")) };
    let gate = Gate::new(verifier(published(), vec![session_ended("ended")]), tokens, TABLE);
    let handler = service_fn(async |request: Request<()>| {
        let user = request.extensions().get::<Caller>().map(|caller| caller.user_id.to_string());
        Ok::<_, Infallible>(Response::new(user))
    });
    let mut request = Request::builder().uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }

    let response = gate.layer(handler).oneshot(request.body(()).unwrap()).await.unwrap();

    match Status::from_header_map(response.headers()) {
        None => Ok(response.into_body()),
        Some(status) => {
            assert_eq!(status.code(), Code::Unauthenticated);
            Err(reason_of(&status).unwrap())
        }
    }
}

async fn call_as(authorization: &[&str]) -> Result<Option<String>, String> {
    let headers: Vec<_> = authorization.iter().map(|value| (AUTHORIZATION.as_str(), *value)).collect();
    call(USER_METHOD, &headers).await
}

fn refused(reason: &str) -> Result<Option<String>, String> {
    Err(reason.into())
}

#[tokio::test]
async fn a_user_method_sees_the_caller() {
    let good = Forge::new().token();

    for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
        assert_eq!(call_as(&[&format!("{scheme} {good}")]).await, Ok(Some(USER.into())));
    }
}

#[tokio::test]
async fn a_user_method_is_closed_without_one_clear_token() {
    let good = Forge::new().token();
    let bearer = format!("Bearer {good}");
    let other = format!("Bearer {}", Forge::new().claim("sub", "user-2").token());

    assert_eq!(call_as(&[]).await, refused("TOKEN_MISSING"));
    for attempt in [
        vec![bearer.as_str(), &other],
        vec![&bearer, &bearer],
        vec![&format!("{bearer}, {other}")],
        vec![&format!("Bearer\t{good}")],
        vec![&format!("Bearer  {good}")],
        vec![&format!("Bearer{good}")],
        vec![&format!("Basic {good}")],
        vec![&format!("{bearer} ")],
        vec![&good],
        vec!["Bearer"],
        vec!["Bearer "],
        vec![""],
    ] {
        assert_eq!(call_as(&attempt).await, refused("TOKEN_INVALID"), "{attempt:?}");
    }
}

#[tokio::test]
async fn a_revoked_token_says_so_by_its_reason() {
    let ended = Forge::new().claim("sid", "ended").token();

    assert_eq!(call_as(&[&format!("Bearer {ended}")]).await, refused("TOKEN_REVOKED"));
}

#[tokio::test]
async fn a_public_method_does_not_look_at_tokens() {
    assert_eq!(call(PUBLIC_METHOD, &[]).await, Ok(None));
    assert_eq!(call(PUBLIC_METHOD, &[("authorization", "Bearer nonsense")]).await, Ok(None));
    assert_eq!(call("/grpc.health.v1.Health/Watch", &[]).await, Ok(None));
}

#[tokio::test]
async fn a_method_that_no_list_names_is_closed() {
    for path in [
        "/afterword.test.v1.Notes/Forgotten",
        "/afterword.test.v1.Notes/Welcome/",
        "/afterword.test.v1.Notes/welcome",
        "//afterword.test.v1.Notes/Welcome",
        "/grpc.health.v1.Healthy/Check",
        "/",
    ] {
        assert_eq!(call(path, &[]).await, refused("TOKEN_MISSING"), "{path}");
    }
}

#[tokio::test]
async fn an_internal_method_takes_either_internal_token_and_nothing_else() {
    let (new, old, user) = ("n".repeat(32), "o".repeat(32), format!("Bearer {}", Forge::new().token()));
    let closed = refused("INTERNAL_TOKEN_REQUIRED");

    assert_eq!(call(INTERNAL_METHOD, &[(INTERNAL_TOKEN_HEADER, &new)]).await, Ok(None));
    assert_eq!(call(INTERNAL_METHOD, &[(INTERNAL_TOKEN_HEADER, &old)]).await, Ok(None));
    assert_eq!(call(INTERNAL_METHOD, &[]).await, closed);
    assert_eq!(call(INTERNAL_METHOD, &[("authorization", &user)]).await, closed);
    assert_eq!(call(INTERNAL_METHOD, &[(INTERNAL_TOKEN_HEADER, &new[1..])]).await, closed);
    assert_eq!(call(INTERNAL_METHOD, &[(INTERNAL_TOKEN_HEADER, "")]).await, closed);
    assert_eq!(
        call(INTERNAL_METHOD, &[(INTERNAL_TOKEN_HEADER, &new), (INTERNAL_TOKEN_HEADER, &new)]).await,
        closed,
        "two values are refused even if both are right",
    );
}

#[tokio::test]
async fn the_internal_token_is_no_user() {
    let internal = "n".repeat(32);

    assert_eq!(call(USER_METHOD, &[(INTERNAL_TOKEN_HEADER, &internal)]).await, refused("TOKEN_MISSING"));
    assert_eq!(call_as(&[&format!("Bearer {internal}")]).await, refused("TOKEN_INVALID"));
}

#[test]
fn an_internal_token_is_long_and_does_not_print_itself() {
    assert!(InternalToken::parse(Secret::new("x".repeat(31))).is_err());
    assert!(InternalToken::parse(Secret::new("x".repeat(31) + "\n")).is_err());
    assert_eq!(format!("{:?}", token("n")), "InternalToken(***)");
}

#[test]
fn a_client_sends_the_internal_token_unprintably() {
    let request = token("n").call(tonic::Request::new(())).unwrap();

    let sent = request.metadata().get(INTERNAL_TOKEN_HEADER).unwrap();
    assert_eq!(sent.to_str().unwrap(), "n".repeat(32));
    assert_eq!(format!("{sent:?}"), "Sensitive");
}

#[test]
fn a_request_that_passed_no_gate_has_no_caller() {
    let refusal = Caller::of(&tonic::Request::new(())).unwrap_err();

    assert_eq!(reason_of(&refusal).as_deref(), Some("TOKEN_MISSING"));
}
