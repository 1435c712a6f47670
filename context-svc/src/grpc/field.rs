//! Checks of single fields. Each names the path of the field in the request and says what would be right.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use kit::error::InvalidField;
use kit::id::{SessionId, UserId};
use proto::context::v1 as pb;

use crate::domain::model::{Cause, ClientId, ConversationId, JobState, RequestId, Role};

const TEXT_BYTES_MAX: usize = 32_768;
const NAME_CHARS_MAX: usize = 64;
/// 0001-01-01T00:00:00Z: google.protobuf.Timestamp knows nothing earlier.
const FIRST_SECOND: i64 = -62_135_596_800;
const ID_RULE: &str = "must be 1 to 64 of A-Z a-z 0-9 . _ -";
const PAGE_SIZE_DEFAULT: usize = 50;
const PAGE_SIZE_MAX: i32 = 200;

/// Adds it unless it is there already: a list may name the same millions of times.
pub(super) fn add<T: PartialEq>(all: &mut Vec<T>, one: T) {
    if !all.contains(&one) {
        all.push(one);
    }
}

/// A conversation's id.
pub(super) fn conversation_id(field: &str, text: String) -> Result<ConversationId, InvalidField> {
    ConversationId::parse(text).ok_or_else(|| InvalidField::new(field, ID_RULE))
}

/// A login session's id.
pub(super) fn session_id(field: &str, text: String) -> Result<SessionId, InvalidField> {
    SessionId::parse(text).ok_or_else(|| InvalidField::new(field, ID_RULE))
}

/// A caller's id for a request; `None` if it has none.
pub(super) fn request_id(field: &str, text: String) -> Result<Option<RequestId>, InvalidField> {
    if text.is_empty() {
        return Ok(None);
    }
    RequestId::parse(text).map(Some).ok_or_else(|| InvalidField::new(field, ID_RULE))
}

/// A user's id.
pub(super) fn user_id(field: &str, text: String) -> Result<UserId, InvalidField> {
    UserId::parse(text).ok_or_else(|| InvalidField::new(field, "must be 1 to 255 visible ASCII characters"))
}

/// A client's id for a message; `None` if it left that to us.
pub(super) fn client_id(field: impl Into<String>, text: String) -> Result<Option<ClientId>, InvalidField> {
    if text.is_empty() {
        return Ok(None);
    }
    ClientId::parse(text).map(Some).ok_or_else(|| InvalidField::new(field, ID_RULE))
}

/// Who speaks. Left out, it is the user.
pub(super) fn role(field: impl Into<String>, number: i32) -> Result<Role, InvalidField> {
    match pb::message::Role::try_from(number) {
        Ok(pb::message::Role::Unspecified | pb::message::Role::User) => Ok(Role::User),
        Ok(pb::message::Role::Assistant) => Ok(Role::Assistant),
        Ok(pb::message::Role::System) => Ok(Role::System),
        Ok(pb::message::Role::Tool) => Ok(Role::Tool),
        Err(_) => Err(InvalidField::new(field, "must be USER, ASSISTANT, SYSTEM or TOOL")),
    }
}

/// What was said.
pub(super) fn text(field: impl Into<String>, text: String) -> Result<String, InvalidField> {
    let problem = match text.len() {
        0 => "must not be empty".to_owned(),
        bytes if bytes > TEXT_BYTES_MAX => format!("must have at most {TEXT_BYTES_MAX} bytes, has {bytes}"),
        _ if text.contains('\0') => "must not contain NUL".to_owned(),
        _ => return Ok(text),
    };
    Err(InvalidField::new(field, problem))
}

/// A speaker's name.
pub(super) fn name(field: impl Into<String>, name: String) -> Result<String, InvalidField> {
    if name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
        return Err(InvalidField::new(field, "must have at most 64 characters, none of them a control character"));
    }
    Ok(name)
}

/// When something was said.
pub(super) fn time(
    field: impl Into<String>,
    at: Option<prost_types::Timestamp>,
) -> Result<Option<Timestamp>, InvalidField> {
    let Some(at) = at else {
        return Ok(None);
    };
    let is_valid = at.seconds >= FIRST_SECOND && (0..1_000_000_000).contains(&at.nanos);
    // Stored in microseconds, so that is what it is from the start.
    let whole = Timestamp::new(at.seconds, at.nanos).and_then(|at| Timestamp::from_microsecond(at.as_microsecond()));
    match whole {
        Ok(whole) if is_valid => Ok(Some(whole)),
        Ok(_) | Err(_) => Err(InvalidField::new(field, "must be a time in the years 1 to 9999")),
    }
}

/// An IANA time zone; `None` if it is left as it was.
pub(super) fn time_zone(field: &str, name: String) -> Result<Option<String>, InvalidField> {
    if name.is_empty() {
        return Ok(None);
    }
    match TimeZone::get(&name) {
        Ok(_) => Ok(Some(name)),
        Err(_) => Err(InvalidField::new(field, "must be an IANA time zone, such as Europe/Paris")),
    }
}

/// Why an extraction is asked for.
pub(super) fn cause(field: &str, number: i32) -> Result<Cause, InvalidField> {
    match pb::trigger::Cause::try_from(number) {
        Ok(pb::trigger::Cause::Logout) => Ok(Cause::Logout),
        Ok(pb::trigger::Cause::Disconnect) => Ok(Cause::Disconnect),
        Ok(pb::trigger::Cause::Idle) => Ok(Cause::Idle),
        Ok(pb::trigger::Cause::Size) => Ok(Cause::Size),
        Ok(pb::trigger::Cause::Manual) => Ok(Cause::Manual),
        Ok(pb::trigger::Cause::Unspecified) | Err(_) => {
            Err(InvalidField::new(field, "must be LOGOUT, DISCONNECT, IDLE, SIZE or MANUAL"))
        }
    }
}

/// Where a job is, as a filter; `None` for any.
pub(super) fn job_state(field: &str, number: i32) -> Result<Option<JobState>, InvalidField> {
    match pb::extraction::State::try_from(number) {
        Ok(pb::extraction::State::Unspecified) => Ok(None),
        Ok(pb::extraction::State::Idle) => Ok(Some(JobState::Idle)),
        Ok(pb::extraction::State::Pending) => Ok(Some(JobState::Pending)),
        Ok(pb::extraction::State::Running) => Ok(Some(JobState::Running)),
        Ok(pb::extraction::State::Done) => Ok(Some(JobState::Done)),
        Ok(pb::extraction::State::Dead) => Ok(Some(JobState::Dead)),
        Ok(pb::extraction::State::Cancelled) => Ok(Some(JobState::Cancelled)),
        Err(_) => Err(InvalidField::new(field, "must be IDLE, PENDING, RUNNING, DONE, DEAD or CANCELLED")),
    }
}

/// A length of time; `None` if none is given.
pub(super) fn duration(
    field: &str,
    given: Option<prost_types::Duration>,
) -> Result<Option<std::time::Duration>, InvalidField> {
    let Some(given) = given else {
        return Ok(None);
    };
    let length = std::time::Duration::try_from(given);
    length.map(Some).map_err(|_| InvalidField::new(field, "must be a length of time that is not negative"))
}

/// How many entries a page has. More than the most is the most (AIP-158).
pub(super) fn page_size(number: i32) -> Result<usize, InvalidField> {
    match usize::try_from(number.min(PAGE_SIZE_MAX)) {
        Ok(0) => Ok(PAGE_SIZE_DEFAULT),
        Ok(size) => Ok(size),
        Err(_) => Err(InvalidField::new("page_size", "must not be negative")),
    }
}

/// Where a page begins: what `read` makes of the token; `None` for the first page.
pub(super) fn page_token<T>(token: &str, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, InvalidField> {
    if token.is_empty() {
        return Ok(None);
    }
    read(token).map(Some).ok_or_else(|| InvalidField::new("page_token", "must be a next_page_token of this list"))
}
