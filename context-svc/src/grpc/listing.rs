//! A request for a page of extractions, and the token of the page after it.

use std::time::Duration;

use kit::error::InvalidField;
use kit::id::UserId;
use proto::context::v1 as pb;
use sha2::{Digest, Sha256};

use super::field;
use crate::domain::model::{ExtractionCursor, ExtractionFilter, JobState};
use crate::domain::operate::Operate;

/// A valid request for a page of extractions.
pub(super) struct Listing {
    query: Query,
    raw_answers: bool,
    pub(super) size: usize,
    pub(super) after: Option<ExtractionCursor>,
}

/// What stays the same from page to page.
struct Query {
    state: Option<JobState>,
    user_id: Option<UserId>,
    older_than: Option<Duration>,
}

impl TryFrom<pb::ListExtractionsRequest> for Listing {
    type Error = InvalidField;

    fn try_from(request: pb::ListExtractionsRequest) -> Result<Self, InvalidField> {
        let state = field::job_state("state", request.state)?;
        let user_id = match request.user_id {
            none if none.is_empty() => None,
            user => Some(field::user_id("user_id", user)?),
        };
        let query = Query { state, user_id, older_than: field::duration("older_than", request.older_than)? };
        let size = field::page_size(request.page_size)?;
        let after = field::page_token(&request.page_token, |token| query.place_in(token))?;
        Ok(Self { query, raw_answers: request.include_raw_answers, size, after })
    }
}

impl Listing {
    /// What it asks for, as of now.
    pub(super) fn filter(&self, operate: &Operate) -> ExtractionFilter {
        ExtractionFilter {
            state: self.query.state,
            user_id: self.query.user_id.clone(),
            unchanged_since: self.query.older_than.map(|age| operate.unchanged_since(age)),
            raw_answers: self.raw_answers,
        }
    }

    /// The token of the page that begins after `place`; good for the same query only.
    pub(super) fn token(&self, place: &ExtractionCursor) -> String {
        format!("{}:{place}", self.query.fingerprint())
    }
}

impl Query {
    fn place_in(&self, token: &str) -> Option<ExtractionCursor> {
        let (fingerprint, place) = token.split_once(':')?;
        if fingerprint == self.fingerprint() { ExtractionCursor::parse(place) } else { None }
    }

    fn fingerprint(&self) -> String {
        let state = self.state.map_or("", JobState::as_str);
        let user = self.user_id.as_ref().map_or("", UserId::as_str);
        let digest = Sha256::digest(format!("{state}\n{:?}\n{user}", self.older_than));
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }
}
