//! What every store promises, as cases that each get a fresh one. A backend runs them all with `store_contract!(open)`.

pub(crate) mod accounts;
pub(crate) mod keys;
pub(crate) mod outbox;
pub(crate) mod sessions;
pub(crate) mod trust;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kit::id::{Secret, SessionId, UserId};

use super::Store;
use crate::domain::account::{Account, Email};
use crate::domain::refresh_token::RefreshToken;
use crate::domain::session::{LoginSession, Revocation, RevokeReason};

/// One store, nobody else's.
pub(crate) type Fresh = Arc<dyn Store>;

/// Every case, once.
macro_rules! store_contract {
    ($open:path) => {
        $crate::store::contract::store_contract!($open:
            accounts::an_account_is_found_by_id_and_by_address_in_any_case,
            accounts::an_address_belongs_to_one_account,
            accounts::of_many_registrations_of_one_address_one_wins,
            accounts::a_hash_is_replaced_only_if_it_is_the_verified_one,
            sessions::a_session_is_read_back_as_it_was_made,
            sessions::a_session_moves_on_only_from_its_current_token,
            sessions::of_many_rotations_of_one_token_one_wins,
            sessions::a_revoked_session_never_moves_on,
            sessions::of_many_revocations_one_counts,
            sessions::another_users_session_is_left_alone,
            sessions::a_revocation_is_recorded_in_the_same_write,
            sessions::a_stale_login_asks_for_no_extraction,
            sessions::a_list_shows_live_sessions_last_used_first,
            sessions::a_list_goes_on_where_the_page_before_ended,
            sessions::a_list_hides_older_generations_but_not_the_kept_session,
            outbox::an_entry_is_claimed_by_one,
            outbox::a_claim_that_is_never_settled_comes_due_again,
            outbox::a_sent_entry_never_comes_due_again,
            outbox::an_entry_put_off_is_due_at_that_time,
            outbox::a_claim_takes_no_more_than_asked_for,
            outbox::sent_entries_are_purged_after_their_time,
            outbox::an_entry_keeps_the_trace_of_what_ended_its_session,
            outbox::what_is_pending_is_counted_whether_due_or_not,
            outbox::an_empty_outbox_has_no_oldest_entry,
            trust::what_ended_since_a_time_is_told,
            keys::the_first_keys_win,
        );
    };
    ($open:path: $($group:ident :: $case:ident),+ $(,)?) => {$(
        #[tokio::test]
        async fn $case() {
            let (store, _directory) = $open().await;
            $crate::store::contract::$group::$case(store).await;
        }
    )+};
}
pub(crate) use store_contract;

/// When every story begins.
fn t(second: i64) -> Timestamp {
    Timestamp::from_second(1_000_000 + second).expect("a time in 1970")
}

fn user(name: &str) -> UserId {
    UserId::parse(name).expect("a user id")
}

fn sid(name: &str) -> SessionId {
    SessionId::parse(name).expect("a session id")
}

pub(crate) fn account(name: &str) -> Account {
    Account {
        id: user(name),
        email: Email::parse(&format!("{name}@example.org")).expect("an address"),
        display_name: name.to_owned(),
        time_zone: "Europe/Berlin".to_owned(),
        password_hash: Secret::new("hash"),
        generation: 0,
        kept_session: None,
        created_at: t(0),
    }
}

/// A session of `owner`, used last at `used`.
fn session(owner: &str, id: &str, used: Timestamp) -> LoginSession {
    LoginSession {
        id: sid(id),
        user: user(owner),
        born: 0,
        device: "Firefox on Linux".to_owned(),
        created_at: t(0),
        expires_at: t(0) + Duration::from_secs(30 * 86_400),
        refresh_key: "k1".to_owned(),
        current: RefreshToken::first_of(sid(id)).hash(),
        previous: None,
        rotations: 0,
        rotated_at: used,
        revoked_at: None,
    }
}

async fn logged_in(store: &Fresh, owner: &str, id: &str) -> LoginSession {
    let session = session(owner, id, t(0));
    store.create_session(&session).await.unwrap();
    session
}

fn revocation(owner: &str, id: &str, at: Timestamp) -> Revocation {
    Revocation { session: sid(id), user: user(owner), reason: RevokeReason::Logout, at, trace: None }
}

async fn logged_out(store: &Fresh, owner: &str, id: &str, at: Timestamp) {
    logged_in(store, owner, id).await;
    assert!(store.revoke(&revocation(owner, id, at)).await.unwrap());
}
