//! Sessions on the wire, a page at a time.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use kit::authn::Caller;
use kit::error::InvalidField;
use kit::id::SessionId;
use proto::auth::v1 as pb;

use super::time;
use crate::domain::session::{LoginSession, Page};
use crate::domain::sessions::Listed;

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 200;

/// A session; `current`: the caller's own.
pub(super) fn session(session: LoginSession, current: bool) -> pb::Session {
    pb::Session {
        id: session.id.into(),
        device: session.device,
        created_at: time(session.created_at),
        last_used_at: time(session.rotated_at),
        ip_prefix: String::new(),
        current,
    }
}

/// The page that is asked for.
pub(super) fn page(request: pb::ListSessionsRequest) -> Result<Page, InvalidField> {
    let size = match usize::try_from(request.page_size) {
        Ok(0) => PAGE_DEFAULT,
        Ok(size) => size.min(PAGE_MAX),
        Err(_) => return Err(InvalidField::new("page_size", "must not be negative")),
    };
    let after = match request.page_token.as_str() {
        "" => None,
        token => Some(
            place(token)
                .ok_or_else(|| InvalidField::new("page_token", "must be the next_page_token of the page before"))?,
        ),
    };
    Ok(Page { after, size })
}

/// The id that is asked for.
pub(super) fn session_id(text: String) -> Result<SessionId, InvalidField> {
    SessionId::parse(text).ok_or_else(|| InvalidField::new("session_id", "must be 1 to 64 of A-Z a-z 0-9 . _ -"))
}

/// A page, and where the next one starts.
pub(super) fn listed(listed: Listed, caller: &Caller) -> pb::ListSessionsResponse {
    let next_page_token = listed
        .next
        .map_or_else(String::new, |(at, id)| URL_SAFE_NO_PAD.encode(format!("{} {id}", at.as_microsecond())));
    let sessions = listed.sessions.into_iter().map(|found| {
        let current = found.id == caller.session_id;
        session(found, current)
    });
    pb::ListSessionsResponse { sessions: sessions.collect(), next_page_token }
}

fn place(token: &str) -> Option<(Timestamp, SessionId)> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (micros, id) = text.split_once(' ')?;
    Some((Timestamp::from_microsecond(micros.parse().ok()?).ok()?, SessionId::parse(id)?))
}
