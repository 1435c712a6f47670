//! The browser of one user of the load: keeps a login session, and says again whatever was not answered.

use std::sync::Arc;
use std::time::Duration;

use afterword::client::{Client, ClientError, Login};
use http::StatusCode;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::ledger::Ledger;
use super::weather::Weather;

/// How long a client waits for an answer before it counts it as lost.
pub(super) const CALL: Duration = Duration::from_secs(4);

/// How long a client waits before it tries again.
pub(super) const PAUSE: Duration = Duration::from_millis(100);

/// How often a call may be refused by a service that can hear it before it is given up: longer than any of them is away.
const REFUSALS_MAX: u32 = 600;

/// What all users of a load share.
#[derive(Clone)]
pub(super) struct Stage {
    pub(super) client: Client,
    pub(super) ledger: Arc<Ledger>,
    pub(super) weather: Arc<Weather>,
    /// Cancelled when nobody is to begin anything more.
    pub(super) curtain: CancellationToken,
}

/// A user as the services know one.
pub(super) struct Browser {
    pub(super) stage: Stage,
    pub(super) name: String,
    pub(super) user: String,
    pub(super) login: Option<Login>,
}

/// A call that did not succeed.
pub(super) enum Trouble {
    /// Nobody knows whether it took effect.
    NoAnswer,
    /// The session is over, or not yet known.
    NotLoggedIn,
    /// There is no such thing.
    NotFound,
    /// Refused for now, or for good: by status and reason.
    Refused(String),
}

impl Browser {
    /// Registers the user.
    pub(super) async fn new(stage: Stage, name: String) -> Self {
        let login = stage.client.register(&email(&name), &password(&name)).await.expect("a new user can register");
        Self { stage, name, user: login.user_id.clone(), login: Some(login) }
    }

    /// Makes a call until it is answered. `Err`: it was refused for good, or there is no such thing. `messages`: the number of
    /// the first message that it carries, and how many.
    pub(super) async fn until_answered(
        &mut self,
        messages: Option<(usize, usize)>,
        call: impl AsyncFn(Login) -> Result<Value, ClientError>,
    ) -> Result<Value, ()> {
        let mut tries = 0;
        loop {
            let login = self.login().await;
            match answer_to(call(login)).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::NotFound) => return Err(()),
                Err(trouble) => {
                    if let Some((first, count)) = messages {
                        self.unknown(first, count);
                    }
                    if !self.may_try_again(trouble, &mut tries).await {
                        return Err(());
                    }
                }
            }
        }
    }

    /// Waits before the next try. `false`: there is to be none, because it is refused again and again for its own sake.
    pub(super) async fn may_try_again(&mut self, trouble: Trouble, refusals: &mut u32) -> bool {
        match trouble {
            Trouble::NoAnswer => self.stage.ledger.write(|ledger| ledger.unanswered += 1),
            Trouble::NotLoggedIn => self.login = None,
            Trouble::NotFound => return false,
            Trouble::Refused(reason) => {
                self.refused(&reason);
                *refusals += 1;
                if *refusals > REFUSALS_MAX {
                    return false;
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
        true
    }

    pub(super) fn refused(&self, reason: &str) {
        self.stage.ledger.write(|ledger| *ledger.refusals.entry(reason.to_owned()).or_default() += 1);
    }

    pub(super) fn unknown(&self, first: usize, count: usize) {
        let ids = (first..first + count).map(|number| format!("{}/m{number}", self.user));
        self.stage.ledger.write(|ledger| ledger.unknown.extend(ids));
    }

    /// The present session, or a new one.
    pub(super) async fn login(&mut self) -> Login {
        loop {
            if let Some(login) = &self.login {
                return login.clone();
            }
            let (email, password) = (email(&self.name), password(&self.name));
            match tokio::time::timeout(CALL, self.stage.client.login(&email, &password)).await {
                Ok(Ok(login)) => self.login = Some(login),
                Ok(Err(ClientError::Refused { status, reason, .. })) => self.refused(&format!("{status} {reason}")),
                Ok(Err(ClientError::NoAnswer(_))) | Err(_) => self.stage.ledger.write(|ledger| ledger.unanswered += 1),
            }
            if self.login.is_none() {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    pub(super) async fn is_refused(&mut self) -> bool {
        let login = self.login().await;
        let asked = tokio::time::timeout(CALL, login.get("/api/v1/conversations?pageSize=1")).await;
        matches!(asked, Ok(Err(ClientError::Refused { status: StatusCode::UNAUTHORIZED, .. })))
    }
}

pub(super) async fn answer_to(call: impl Future<Output = Result<Value, ClientError>>) -> Result<Value, Trouble> {
    match tokio::time::timeout(CALL, call).await {
        Ok(Ok(answer)) => Ok(answer),
        Err(_) | Ok(Err(ClientError::NoAnswer(_))) => Err(Trouble::NoAnswer),
        Ok(Err(ClientError::Refused { status, reason, .. })) => Err(match status {
            StatusCode::UNAUTHORIZED => Trouble::NotLoggedIn,
            StatusCode::NOT_FOUND => Trouble::NotFound,
            _ => Trouble::Refused(format!("{status} {reason}")),
        }),
    }
}

/// Protobuf JSON writes 64-bit integers as strings.
pub(super) fn number(value: &Value) -> i64 {
    value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_i64()).unwrap_or_default()
}

fn email(name: &str) -> String {
    format!("{name}@example.com")
}

fn password(name: &str) -> String {
    format!("password of {name}")
}
