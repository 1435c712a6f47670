//! What Register accepts.

use kit::error::InvalidField;
use proto::auth::v1 as pb;

use crate::domain::account::{Email, shown_text, time_zone};
use crate::domain::password::Password;
use crate::domain::register::Registration;

impl TryFrom<pb::RegisterRequest> for Registration {
    type Error = InvalidField;

    fn try_from(request: pb::RegisterRequest) -> Result<Self, InvalidField> {
        Ok(Self {
            email: Email::parse(&request.email)?,
            password: Password::chosen(&request.password)?,
            display_name: shown_text("display_name", request.display_name)?,
            time_zone: time_zone(request.time_zone)?,
            device: shown_text("device", request.device)?,
        })
    }
}
