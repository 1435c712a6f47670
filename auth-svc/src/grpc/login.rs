//! What Login accepts: whatever is not an address or a password is a wrong one, and answers as such.

use kit::error::InvalidField;
use proto::auth::v1 as pb;

use crate::domain::account::{Email, shown_text};
use crate::domain::login::Credentials;
use crate::domain::password::Password;

impl TryFrom<pb::LoginRequest> for Credentials {
    type Error = InvalidField;

    fn try_from(request: pb::LoginRequest) -> Result<Self, InvalidField> {
        Ok(Self {
            email: Email::parse(&request.email).ok(),
            password: Password::tried(&request.password),
            device: shown_text("device", request.device)?,
        })
    }
}
