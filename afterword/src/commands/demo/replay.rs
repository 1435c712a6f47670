//! Replaying conversations as a web client would hold them: log in, talk, log out, and come back later to look.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use kit::clock::monotonic;
use serde_json::Value;

use super::transcript::Transcript;
use crate::client::{Client, ClientError, Login, SocketError};

/// How many users talk at once.
const USERS_AT_ONCE: usize = 8;

/// How long an extraction may take before it counts as lost.
const PATIENCE: Duration = Duration::from_secs(120);

/// How many messages one append may carry.
const APPEND_MAX: usize = 100;

const POLL: Duration = Duration::from_millis(2);

/// A replay that could not go on.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReplayError {
    /// A call was refused or not answered.
    #[error(transparent)]
    Call(#[from] ClientError),
    /// The chat socket failed.
    #[error(transparent)]
    Socket(#[from] SocketError),
}

/// How one conversation ended.
pub(super) struct Ended {
    pub(super) user: String,
    pub(super) conversation_id: String,
    /// What Logout answered.
    pub(super) answer: Value,
    pub(super) logout: Duration,
    pub(super) over_rest: usize,
    pub(super) over_socket: usize,
}

impl Ended {
    /// Whether there was a message at all; without one there is no conversation either.
    pub(super) fn said_anything(&self) -> bool {
        self.over_rest + self.over_socket > 0
    }
}

/// The extraction of one conversation, seen from its user's next login.
pub(super) struct Seen {
    /// The last state, as `GetExtraction` shows it.
    pub(super) extraction: Value,
    /// The states it went through, as far as polling saw them.
    pub(super) states: Vec<String>,
    pub(super) took: Duration,
}

/// An account made for the replay.
pub(super) struct Account {
    client: Client,
    email: String,
    password: String,
}

impl Account {
    pub(super) async fn register(client: &Client, user: &str) -> Result<Self, ReplayError> {
        let name: String = user.chars().filter(char::is_ascii_alphanumeric).collect();
        let email = format!("{}.{}@example.com", name.to_lowercase(), kit::id::random());
        let password = kit::id::random();
        let login = client.register(&email, &password).await?;
        login.logout().await?;
        Ok(Self { client: client.clone(), email, password })
    }

    pub(super) async fn log_in(&self) -> Result<Login, ReplayError> {
        Ok(self.client.login(&self.email, &self.password).await?)
    }

    /// Holds one conversation in a login session of its own and logs out with the chat socket still open.
    ///
    /// Undated turns are said half over REST, half over the socket; dated ones over REST, which can carry their time.
    pub(super) async fn hold(&self, talk: &Transcript) -> Result<Ended, ReplayError> {
        let login = self.log_in().await?;
        let over_rest = if talk.date.is_some() { talk.turns.len() } else { talk.turns.len() / 2 };
        let (rest, live) = talk.turns.split_at(over_rest);
        // Without a message there is nothing to append.
        for (n, chunk) in rest.chunks(APPEND_MAX).enumerate() {
            login.append(&talk.conversation_id, n * APPEND_MAX + 1, chunk).await?;
        }
        let mut socket = login.open_socket(&talk.conversation_id).await?;
        for (n, turn) in live.iter().enumerate() {
            socket.append(&format!("m{}", over_rest + n + 1), turn).await?;
        }

        let start = monotonic();
        let answer = login.logout().await?;
        let logout = start.elapsed();

        drop(socket);
        Ok(Ended {
            user: talk.user.clone(),
            conversation_id: talk.conversation_id.clone(),
            answer,
            logout,
            over_rest,
            over_socket: live.len(),
        })
    }
}

/// Replays everything: users side by side, each user's conversations in order.
pub(super) async fn hold_all(
    client: &Client,
    talks: &[Transcript],
) -> Result<(BTreeMap<String, Account>, Vec<Ended>), ReplayError> {
    let mut by_user: BTreeMap<&str, Vec<&Transcript>> = BTreeMap::new();
    for talk in talks {
        by_user.entry(&talk.user).or_default().push(talk);
    }
    let users = by_user.into_iter().map(|(user, talks)| async move {
        let account = Account::register(client, user).await?;
        let mut ended = Vec::with_capacity(talks.len());
        for talk in talks {
            ended.push(account.hold(talk).await?);
        }
        Ok::<_, ReplayError>((user.to_owned(), account, ended))
    });
    let done: Vec<_> = futures::stream::iter(users).buffer_unordered(USERS_AT_ONCE).try_collect().await?;
    let mut accounts = BTreeMap::new();
    let mut all = Vec::with_capacity(talks.len());
    for (user, account, ended) in done {
        accounts.insert(user, account);
        all.extend(ended);
    }
    Ok((accounts, all))
}

/// Watches an extraction until it has ended one way or the other.
pub(super) async fn watch(login: &Login, conversation_id: &str) -> Result<Seen, ReplayError> {
    let start = monotonic();
    let mut states: Vec<String> = Vec::new();
    loop {
        let extraction = login.extraction(conversation_id).await?;
        let state = extraction["state"].as_str().unwrap_or_default().to_owned();
        let over = is_over(&state);
        if states.last() != Some(&state) {
            states.push(state);
        }
        if over || start.elapsed() > PATIENCE {
            return Ok(Seen { extraction, states, took: start.elapsed() });
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Whether an extraction in this state will not move by itself any more.
fn is_over(state: &str) -> bool {
    matches!(state, "DONE" | "DEAD" | "CANCELLED")
}
