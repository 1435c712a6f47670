//! One vocabulary for failure, spoken by domain and transport alike.

use std::time::Duration;

/// What a caller can do about a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The request is wrong and stays wrong: mend it.
    Invalid,
    /// The thing named does not exist, or not for this caller.
    NotFound,
    /// Something with that name exists already.
    Conflict,
    /// The thing named is in a state that does not allow it.
    Precondition,
    /// The caller has not proved who it is.
    Unauthenticated,
    /// The caller is known and may not do this.
    Forbidden,
    /// Too much at once: try again later.
    Busy,
    /// Something this depends on is away: try again later.
    Unavailable,
    /// The operation is part of the contract but not built yet.
    Unbuilt,
    /// Our fault. The caller learns nothing more.
    Internal,
}

/// An error that knows which [`Kind`] it is and which stable reason it carries.
pub trait Classify: std::error::Error + 'static {
    /// What a caller can do about it.
    fn kind(&self) -> Kind;

    /// `UPPER_SNAKE_CASE`, part of the API: clients match on it, so renaming one breaks them.
    fn reason(&self) -> &'static str;

    /// How long to wait before trying again, where that is known.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// The field of the request that is wrong, and what would be right.
    fn invalid_field(&self) -> Option<InvalidField> {
        None
    }
}

/// A field of a request that cannot be accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct InvalidField {
    /// Path of the field in the request, as written in the proto file: `messages[3].text`.
    pub field: String,
    /// What would be right: "must be 1 to 64 of A-Z a-z 0-9 . _ -".
    pub problem: String,
}

impl InvalidField {
    /// Names the field and what would be right.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl Classify for InvalidField {
    fn kind(&self) -> Kind {
        Kind::Invalid
    }

    fn reason(&self) -> &'static str {
        "INVALID_FIELD"
    }

    fn invalid_field(&self) -> Option<InvalidField> {
        Some(self.clone())
    }
}
