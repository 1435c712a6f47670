//! Erasures, in the words of the contract.

use kit::error::InvalidField;
use kit::id::UserId;
use proto::context::v1 as pb;

use super::{answer, field};
use crate::domain::model::{Erasure, ErasureState, RequestId};

/// Whom an operator or another service wants erased.
pub(super) struct EraseUser {
    pub(super) user_id: UserId,
    pub(super) request_id: Option<RequestId>,
    pub(super) account_deleted: bool,
}

impl TryFrom<pb::EraseUserRequest> for EraseUser {
    type Error = InvalidField;

    fn try_from(request: pb::EraseUserRequest) -> Result<Self, InvalidField> {
        Ok(Self {
            user_id: field::user_id("user_id", request.user_id)?,
            request_id: field::request_id("request_id", request.request_id)?,
            account_deleted: request.account_deleted,
        })
    }
}

pub(super) fn erasure(erasure: Erasure) -> pb::Erasure {
    let state = match erasure.state {
        ErasureState::Running => pb::erasure::State::Running,
        ErasureState::Done => pb::erasure::State::Done,
    };
    let counts = erasure.counts;
    pb::Erasure {
        state: state.into(),
        conversations: counts.conversations,
        messages: counts.messages,
        session_contexts: counts.session_contexts,
        items: counts.items,
        verdicts: counts.verdicts,
        summaries: counts.summaries,
        jobs_cancelled: counts.jobs_cancelled,
        started_at: Some(answer::time(erasure.started_at)),
    }
}
