//! An account on the wire.

use proto::auth::v1 as pb;

use super::time;
use crate::domain::account::Account;

impl From<Account> for pb::Account {
    fn from(account: Account) -> Self {
        Self {
            id: account.id.into(),
            email: account.email.as_str().to_owned(),
            display_name: account.display_name,
            time_zone: account.time_zone,
            created_at: time(account.created_at),
        }
    }
}
