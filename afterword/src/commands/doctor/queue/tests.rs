use std::sync::Arc;

use kit::clock::SystemClock;
use kit::id::Secret;

use super::super::finding::Status;
use super::*;

fn status(degraded: &[&str]) -> pb::GetQueueStatusResponse {
    pb::GetQueueStatusResponse {
        depth: 3,
        limit: 10,
        running: 1,
        by_state: [("DEAD".to_owned(), 2)].into(),
        degraded: degraded.iter().map(|reason| (*reason).to_owned()).collect(),
        ..Default::default()
    }
}

async fn asked(endpoint: &str, is_named: bool) -> Finding {
    let token = Some(InternalToken::parse(Secret::new("x".repeat(32))).map_err(Failure::from));
    let clock: SharedClock = Arc::new(SystemClock);
    let mut findings = examine(Asked { endpoint, is_named, token }, &clock).await;
    assert_eq!(findings.len(), 1, "{findings:?}");
    findings.remove(0)
}

#[test]
fn a_queue_that_moves_is_told_in_numbers() {
    let findings = judge("http://x", &status(&[]));

    assert_eq!(findings, [Area::Queue.is_well("context-svc at http://x: depth 3 of 10, 1 running, 2 dead")]);
}

#[test]
fn each_reason_of_a_degraded_queue_has_its_advice() {
    let findings = judge("http://x", &status(&["DEAD_LETTERS", "OLD_JOBS", "NO_MODEL", "MODEL_DOWN", "SOMETHING_NEW"]));

    let told: Vec<_> = findings[1..].iter().map(|found| (found.status, found.reason.unwrap())).collect();
    assert_eq!(
        told,
        [
            (Status::Warn, "DEAD_LETTERS"),
            (Status::Warn, "OLD_JOBS"),
            (Status::Fail, "NO_MODEL"),
            (Status::Fail, "MODEL_DOWN"),
            (Status::Warn, "DEGRADED"),
        ]
    );
    assert!(findings[1].advice.as_ref().unwrap().contains("afterword jobs list --state dead"));
    assert!(findings[5].message.ends_with("SOMETHING_NEW"));
}

#[test]
fn a_full_queue_fails() {
    let findings = judge("http://x", &pb::GetQueueStatusResponse { depth: 10, ..status(&[]) });

    assert_eq!((findings[1].status, findings[1].reason), (Status::Fail, Some("QUEUE_FULL")));
}

#[tokio::test]
async fn nobody_there_is_a_failure_only_where_somebody_was_said_to_be() {
    let (by_default, named) = (asked("http://127.0.0.1:1", false).await, asked("http://127.0.0.1:1", true).await);

    assert_eq!((by_default.status, by_default.reason), (Status::Skip, Some("NOT_RUNNING")));
    assert_eq!((named.status, named.reason), (Status::Fail, Some("CONTEXT_SVC_UNREACHABLE")));
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    assert_eq!(asked("not a uri", true).await.reason, Some("ENDPOINT_INVALID"));
}

#[test]
fn a_token_that_is_missing_and_one_that_is_wrong_are_told_apart() {
    let refused =
        DeskError::Refused { reason: "INTERNAL_TOKEN_REQUIRED".to_owned(), message: String::new(), retry_after: None };

    assert_eq!(no_answer("http://x", false, false, &refused).status, Status::Skip);
    assert_eq!(no_answer("http://x", false, true, &refused).reason, Some("INTERNAL_TOKEN_REFUSED"));
}
