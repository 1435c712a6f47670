//! Accounts, tokens, and years of talk, made through the stores while no service has them open.

use std::sync::Arc;
use std::time::Duration;

use auth_svc::domain::account::{Account, Email};
use context_svc::domain::model::{
    Addition, Cause, ClientId, ConversationId, ConversationKey, NewMessage, Role, Trigger,
};
use e2e::{Processes, Service};
use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kit::clock::{Clock, SystemClock};
use kit::id::{Secret, SessionId, UserId};
use kit::lifecycle::Lifecycle;
use kit::process::Failure;

use crate::words::Words;

/// How many writes may wait for the disk together.
const AT_ONCE: usize = 256;

/// Turns of a conversation of the one who has said most: with 300 of them, ten thousand and more.
const TURNS: usize = 34;

/// Conversations of each of the others, and turns of each.
const OTHERS_CONVERSATIONS: usize = 5;
const OTHERS_TURNS: usize = 20;

/// What is said last and not extracted.
const TAIL: usize = 20;

/// How much to make.
pub(super) struct Amount {
    /// Conversations of the one who has said most.
    pub(super) conversations: usize,
    /// How many others there are.
    pub(super) others: usize,
}

/// A user who may call.
#[derive(Clone)]
pub(super) struct Person {
    pub(super) user: UserId,
    session: SessionId,
    pub(super) token: String,
}

/// Everybody: first the one who has said most. And how many conversations are to be extracted.
pub(super) struct Seeded {
    pub(super) people: Vec<Person>,
    pub(super) jobs: usize,
    pub(super) messages: usize,
}

/// Fills the stores of a world that has not been started.
pub(super) async fn seed(world: &Processes, amount: &Amount) -> Result<Seeded, Failure> {
    let lifecycle = Lifecycle::new();
    let clock = Arc::new(SystemClock);
    let auth = auth_svc::App::open(world.config_of(Service::Auth)?, clock.clone(), &lifecycle).await?;
    let context = context_svc::App::open(world.config_of(Service::Context)?, clock.clone(), &lifecycle).await?;
    let mut people = Vec::new();
    for number in 0..=amount.others {
        let account = account(number, clock.now())?;
        auth.store().create_account(&account).await?;
        let admitted = auth.admission().start_session(account, "bench".into(), clock.now()).await?;
        let token = admitted.access.text.expose().to_owned();
        people.push(Person { user: admitted.account.id, session: admitted.session.id, token });
    }
    let mut talks = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let (conversations, turns) =
            if number == 0 { (amount.conversations, TURNS) } else { (OTHERS_CONVERSATIONS, OTHERS_TURNS) };
        let mut words = Words::of(number as u64);
        for place in 0..conversations {
            talks.push(talk(person, place, turns, &mut words)?);
        }
    }
    let store = context.store();
    let trigger = trigger();
    let said = talks.iter().map(|(key, addition)| {
        let trigger = &trigger;
        async move {
            store.append(key, addition, trigger).await?;
            store.enqueue(key, trigger).await.map(drop)
        }
    });
    futures::stream::iter(said).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
    let messages = talks.iter().map(|(_, addition)| addition.messages.len()).sum();
    auth.store().close().await;
    context.store().close().await;
    Ok(Seeded { people, jobs: talks.len(), messages })
}

/// The one who has said most says a little more, which nobody extracts.
pub(super) async fn tail(world: &Processes, person: &Person) -> Result<(), Failure> {
    let config: context_svc::Config = world.config_of(Service::Context)?;
    let store = context_svc::store::open::open(&config.store).await?;
    let (key, addition) = talk(person, 100_000, TAIL, &mut Words::of(8))?;
    store.append(&key, &addition, &trigger()).await?;
    store.close().await;
    Ok(())
}

fn account(number: usize, now: Timestamp) -> Result<Account, Failure> {
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

/// The conversation number `place`: one every half a day, the last ones yesterday.
fn talk(
    person: &Person,
    place: usize,
    turns: usize,
    words: &mut Words,
) -> Result<(ConversationKey, Addition), Failure> {
    let id = ConversationId::parse(format!("talk{place}")).ok_or("not a conversation id")?;
    let begun = SystemClock.now() - Duration::from_secs(43_200 * (400_u64.saturating_sub(place as u64) + 2));
    let messages = (0..turns).map(|turn| NewMessage {
        client_id: ClientId::random(),
        role: if turn % 2 == 0 { Role::User } else { Role::Assistant },
        name: String::new(),
        text: words.turn(),
        at: begun + Duration::from_secs(60 * turn as u64),
    });
    let addition = Addition { session_id: person.session.clone(), time_zone: None, messages: messages.collect() };
    Ok((ConversationKey::new(person.user.clone(), id), addition))
}

/// A logout, now.
fn trigger() -> Trigger {
    Trigger {
        cause: Cause::Logout,
        trace: None,
        at: SystemClock.now(),
        wait: Duration::ZERO,
        wait_max: Duration::ZERO,
        depth_limit: u64::MAX,
    }
}
