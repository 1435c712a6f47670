//! What is given back when a part of memory cannot be read.

use kit::error::{Classify, Kind};

use super::read::Sources;
use super::*;
use crate::domain::model::{Covered, Incarnation, Unsummarised};

#[derive(Debug, thiserror::Error)]
#[error("away")]
struct Away;

impl Classify for Away {
    fn kind(&self) -> Kind {
        Kind::Unavailable
    }

    fn reason(&self) -> &'static str {
        "STORE_UNAVAILABLE"
    }
}

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::of(Away))
}

fn context(title: &str) -> Unsummarised {
    let conversation_id = ConversationId::parse("c1").unwrap();
    let blank = SessionContext::blank(&conversation_id);
    let context = SessionContext { title: title.to_owned(), summary: "It rained.".to_owned(), ..blank };
    let covered = Covered { conversation_id, incarnation: Incarnation::parse("life").unwrap(), extract_fence: 1 };
    Unsummarised { covered, context, last_at: Timestamp::UNIX_EPOCH }
}

/// A memory of which everything can be read.
fn sources() -> Sources {
    Sources {
        recent: Ok(Vec::new()),
        contexts: Ok(vec![context("A walk")]),
        summary: Ok(Some(Summary::empty())),
        overlay: Ok(Overlay::default()),
    }
}

fn given_back(sources: Sources) -> Result<Context, StoreError> {
    let ask = Ask { budget_tokens: 1000, query: String::new(), now: Timestamp::UNIX_EPOCH };
    Ok(sources.read()?.best(&ask))
}

#[test]
fn nothing_is_missing_when_all_can_be_read() {
    let context = given_back(sources()).unwrap();

    assert_eq!((context.degraded, context.sessions.len()), (vec![], 1));
}

#[test]
fn what_can_be_read_is_given_back_and_the_rest_is_named() {
    use Section::{Items, Recent, Sessions, Summary};
    for (sources, missing, sessions) in [
        (Sources { recent: away(), ..sources() }, vec![Recent], 1),
        (Sources { contexts: away(), ..sources() }, vec![Items, Sessions], 0),
        (Sources { summary: away(), ..sources() }, vec![Summary, Items], 1),
        (Sources { recent: away(), summary: away(), ..sources() }, vec![Summary, Items, Recent], 1),
    ] {
        let context = given_back(sources).unwrap();

        assert_eq!((context.degraded, context.sessions.len()), (missing, sessions));
    }
}

#[test]
fn nothing_that_the_user_may_have_rejected_is_given_back() {
    let context = given_back(Sources { overlay: away(), ..sources() }).unwrap();

    assert_eq!(context.degraded, [Section::Summary, Section::Items, Section::Sessions]);
    assert_eq!(context.text, "");
}

#[test]
fn it_is_an_error_only_when_nothing_can_be_read() {
    for nothing in [
        Sources { recent: away(), overlay: away(), ..sources() },
        Sources { recent: away(), contexts: away(), summary: away(), ..sources() },
    ] {
        assert_eq!(given_back(nothing).unwrap_err().reason(), "STORE_UNAVAILABLE");
    }
}
