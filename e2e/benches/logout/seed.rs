//! Accounts, sessions and conversations made through the stores: thousands of logins would measure password hashing.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use afterword::client::Login;
use auth_svc::domain::account::{Account, Email};
use context_svc::domain::append::{Append, Draft};
use context_svc::domain::model::{ConversationId, ConversationKey, Role};
use context_svc::domain::schedule::Schedule;
use e2e::{Processes, Service};
use futures::{StreamExt, TryStreamExt};
use kit::clock::{Clock, SystemClock, monotonic};
use kit::id::{Secret, SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::process::Failure;

/// How many writes may wait for the disk together.
const AT_ONCE: usize = 256;

/// How much to make.
pub(super) struct Seeds {
    pub(super) users: usize,
    pub(super) sessions: usize,
}

/// What was made.
pub(super) struct Seeded {
    sessions: Vec<Session>,
    /// One more session of each user, to look at the results with.
    watchers: Vec<(UserId, String)>,
}

#[derive(Clone)]
struct Session {
    user: UserId,
    id: SessionId,
    token: String,
}

/// Hands out sessions, each once.
pub(super) struct Unused(std::vec::IntoIter<String>);

impl Unused {
    pub(super) fn take(&mut self, count: usize) -> Vec<String> {
        self.0.by_ref().take(count).collect()
    }
}

/// Fills the stores of a world that has not been started: each session has a conversation of its id to extract.
pub(super) async fn seed(world: &Processes, seeds: &Seeds) -> Result<Seeded, Failure> {
    let lifecycle = Lifecycle::new();
    let clock = Arc::new(SystemClock);
    let auth = auth_svc::App::open(world.config_of(Service::Auth)?, clock.clone(), &lifecycle).await?;
    let context = context_svc::App::open(world.config_of(Service::Context)?, clock.clone(), &lifecycle).await?;
    let terms = context_svc::domain::schedule::ScheduleSettings::default();
    let schedule = Schedule::new(context.store().clone(), clock.clone(), Arc::default(), terms);
    let append = Append::new(context.store().clone(), schedule);

    let mut accounts = Vec::with_capacity(seeds.users);
    for number in 0..seeds.users {
        let account = account(number, clock.now())?;
        auth.store().create_account(&account).await?;
        accounts.push(account);
    }
    let start = |account: &Account| {
        let (account, admission, read_at) = (account.clone(), auth.admission().clone(), clock.now());
        async move {
            let admitted = admission.start_session(account, "bench".into(), read_at).await?;
            let token = admitted.access.text.expose().to_owned();
            Ok::<_, Failure>(Session { user: admitted.account.id, id: admitted.session.id, token })
        }
    };
    let all = (0..seeds.sessions).map(|number| start(&accounts[number % accounts.len()]));
    let sessions: Vec<Session> = futures::stream::iter(all).buffered(AT_ONCE).try_collect().await?;
    let watchers: Vec<Session> =
        futures::stream::iter(accounts.iter().map(start)).buffered(AT_ONCE).try_collect().await?;
    let talks = sessions.iter().map(|session| talk(&append, session));
    futures::stream::iter(talks).buffer_unordered(AT_ONCE).try_collect::<()>().await?;

    auth.store().close().await;
    context.store().close().await;
    let watchers = watchers.into_iter().map(|watcher| (watcher.user, watcher.token)).collect();
    Ok(Seeded { sessions, watchers })
}

fn account(number: usize, now: jiff::Timestamp) -> Result<Account, Failure> {
    Ok(Account {
        id: UserId::random(),
        email: Email::parse(&format!("bench{number}@example.com"))?,
        display_name: String::new(),
        time_zone: String::new(),
        // Nobody logs in with it.
        password_hash: Secret::new("none"),
        generation: 0,
        kept_session: None,
        created_at: now,
    })
}

async fn talk(append: &Append, session: &Session) -> Result<(), Failure> {
    let id = ConversationId::parse(session.id.as_str()).ok_or("a session id is a conversation id")?;
    let key = ConversationKey { user_id: session.user.clone(), conversation_id: id };
    let draft = Draft {
        client_id: None,
        role: Role::User,
        name: String::new(),
        text: "My goal is to run the half marathon in Lyon at the end of May.".into(),
        at: None,
    };
    append.append(&key, session.id.clone(), None, vec![draft]).await?;
    Ok(())
}

impl Seeded {
    /// The access tokens of the sessions, to be used up in order.
    pub(super) fn sessions(&self) -> Unused {
        Unused(self.sessions.iter().map(|session| session.token.clone()).collect::<Vec<_>>().into_iter())
    }

    /// The `count` sessions from `first` on: their token, a token that outlives them, and their conversation.
    pub(super) fn awaited(&self, first: usize, count: usize) -> Vec<(String, String, String)> {
        let some = &self.sessions[first..first + count];
        some.iter().map(|s| (s.token.clone(), self.watcher_of(&s.user).to_owned(), s.id.to_string())).collect()
    }

    /// Waits until the conversations of a range of sessions are extracted, or for as long as is reasonable; answers how many are.
    pub(super) async fn until_extracted(&self, world: &Processes, range: Range<usize>) -> Result<usize, Failure> {
        let client = world.client();
        let start = monotonic();
        let watched = self.sessions[range].iter().map(|session| {
            let login = Login::with_token(&client, self.watcher_of(&session.user));
            async move { is_extracted(&login, session.id.as_str(), start).await }
        });
        Ok(futures::stream::iter(watched).buffer_unordered(8).filter(|done| std::future::ready(*done)).count().await)
    }

    fn watcher_of(&self, user: &UserId) -> &str {
        self.watchers.iter().find(|(id, _)| id == user).map_or("", |(_, token)| token)
    }
}

async fn is_extracted(login: &Login, conversation: &str, start: Instant) -> bool {
    loop {
        if login.extraction(conversation).await.is_ok_and(|extraction| extraction["state"] == "DONE") {
            return true;
        }
        if start.elapsed() > super::PATIENCE {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
