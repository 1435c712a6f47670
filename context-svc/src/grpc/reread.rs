//! A request to have conversations read again.

use kit::error::InvalidField;
use proto::context::v1 as pb;

use super::field;
use crate::domain::reread::{Granted, Wish};

const LIMIT_DEFAULT: usize = 1000;
const LIMIT_MAX: i32 = 10_000;
const VERSION_BYTES_MAX: usize = 128;

impl TryFrom<pb::ReextractConversationsRequest> for Wish {
    type Error = InvalidField;

    fn try_from(request: pb::ReextractConversationsRequest) -> Result<Self, InvalidField> {
        let given = |text: String| Some(text).filter(|text| !text.is_empty());
        let user_id = given(request.user_id).map(|user| field::user_id("user_id", user)).transpose()?;
        let conversation_id = given(request.conversation_id);
        let conversation_id = conversation_id.map(|id| field::conversation_id("conversation_id", id)).transpose()?;
        if conversation_id.is_some() && user_id.is_none() {
            return Err(InvalidField::new("user_id", "must be given with conversation_id"));
        }
        if request.prompt_version.len() > VERSION_BYTES_MAX {
            return Err(InvalidField::new("prompt_version", "must have at most 128 bytes"));
        }
        let limit = match request.limit {
            0 => LIMIT_DEFAULT,
            limit @ 1..=LIMIT_MAX => limit.unsigned_abs() as usize,
            _ => return Err(InvalidField::new("limit", "must be 1 to 10000")),
        };
        let extracted_before = field::time("extracted_before", request.extracted_before)?;
        Ok(Self { user_id, conversation_id, prompt_version: given(request.prompt_version), extracted_before, limit })
    }
}

/// What became of it.
pub(super) fn granted(granted: Granted) -> pb::ReextractConversationsResponse {
    let count = |conversations: usize| i32::try_from(conversations).unwrap_or(i32::MAX);
    pb::ReextractConversationsResponse {
        matched: count(granted.matched),
        queued: count(granted.queued),
        more: granted.more,
    }
}
