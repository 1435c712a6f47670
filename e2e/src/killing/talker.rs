//! One user of the load: talks, leaves in one way or another, and comes back, whatever happens to the services.

use std::time::Duration;

use afterword::client::{Login, Socket, SocketError, Turn};
use http::Method;
use kit::clock::monotonic;
use serde_json::{Value, json};

use super::browser::{Browser, CALL, PAUSE, Stage, Trouble, answer_to, number};
use super::ledger::{Asked, Said, Talk};
use crate::dice::Dice;

/// Makes a message long enough that a few of them are more than one piece for the model.
const SMALL_TALK: &str = "Apart from that there is not much to tell, the days have been long and the evenings short, \
    and the neighbours are still building their house, so that nobody in this street has slept well for weeks.";

const WISHES: [&str; 6] = [
    "My goal is to run a marathon in",
    "I decided to sleep eight hours before",
    "I want to learn the cello by",
    "I realised that I work best before",
    "My goal is to call my mother every",
    "The weather was fine on",
];

/// A user, and what he is in the middle of.
pub(super) struct Talker {
    browser: Browser,
    dice: Dice,
    talks: Vec<Talk>,
    said: usize,
}

impl Talker {
    /// Registers the user.
    pub(super) async fn new(stage: Stage, seed: u64, number: u64) -> Self {
        let browser = Browser::new(stage, format!("k{number}")).await;
        Self { browser, dice: Dice::of(seed, number + 1), talks: vec![], said: 0 }
    }

    /// One login session after the other, until the curtain falls.
    pub(super) async fn perform(mut self) {
        while !self.browser.stage.curtain.is_cancelled() {
            self.session().await;
        }
        // Some leave without a word, for the sweep to find.
        if self.dice.happens(50) {
            self.log_out().await;
        }
    }

    async fn session(&mut self) {
        for _ in 0..self.dice.between(1, 2) {
            let talk = self.choose();
            if self.dice.happens(50) {
                self.talks_over_socket(&talk).await;
            } else {
                self.talks_over_rest(&talk).await;
            }
            if self.dice.happens(20) {
                self.asks(&talk).await;
            }
            if self.dice.happens(8) {
                self.deletes(&talk).await;
            }
        }
        if self.dice.happens(10) {
            self.erases_everything().await;
        }
        if self.dice.happens(70) {
            self.log_out().await;
        } else {
            self.browser.login = None;
        }
    }

    /// An old conversation now and then, else a new one.
    fn choose(&mut self) -> Talk {
        if !self.talks.is_empty() && self.dice.happens(35) {
            return self.dice.one_of(&self.talks).clone();
        }
        let conversation = format!("{}-{}", self.browser.name, self.talks.len());
        let talk = Talk { user: self.browser.user.clone(), conversation, life: 0 };
        self.talks.push(talk.clone());
        talk
    }

    async fn talks_over_rest(&mut self, talk: &Talk) {
        for _ in 0..self.dice.between(1, 3) {
            let turns: Vec<Turn> = (0..self.dice.between(1, 2)).map(|_| self.turn()).collect();
            let first = self.said + 1;
            self.said += turns.len();
            let append = async |login: Login| login.append(&talk.conversation, first, &turns).await;
            match self.browser.until_answered(Some((first, turns.len())), append).await {
                Ok(answer) => self.note(talk, &answer, first, &turns),
                Err(()) => return,
            }
            self.thinks().await;
        }
    }

    fn note(&self, talk: &Talk, answer: &Value, first: usize, turns: &[Turn]) {
        for (n, turn) in turns.iter().enumerate() {
            self.note_one(talk, number(&answer["messages"][n]["seq"]), first + n, turn);
        }
    }

    fn note_one(&self, talk: &Talk, seq: i64, number: usize, turn: &Turn) {
        let said = Said {
            talk: talk.clone(),
            client_id: format!("m{number}"),
            seq,
            text: turn.text.clone(),
            is_users: turn.role == "USER",
        };
        self.browser.stage.ledger.write(|ledger| ledger.messages.push(said));
    }

    /// Leaves by dropping the socket. Whatever it cannot be sure of it says again.
    async fn talks_over_socket(&mut self, talk: &Talk) {
        let mut socket: Option<Socket> = None;
        for _ in 0..self.dice.between(1, 4) {
            let turn = self.turn();
            self.said += 1;
            let mut tries = 0;
            loop {
                match self.says_over(&mut socket, talk, &turn).await {
                    Ok(seq) => {
                        self.note_one(talk, seq, self.said, &turn);
                        break;
                    }
                    Err(trouble) => {
                        socket = None;
                        self.browser.unknown(self.said, 1);
                        if !self.browser.may_try_again(trouble, &mut tries).await {
                            return;
                        }
                    }
                }
            }
            self.thinks().await;
        }
    }

    async fn says_over(&mut self, open: &mut Option<Socket>, talk: &Talk, turn: &Turn) -> Result<i64, Trouble> {
        let login = self.browser.login().await;
        let id = format!("m{}", self.said);
        let saying = async {
            if open.is_none() {
                *open = Some(login.open_socket(&talk.conversation).await?);
            }
            match open {
                Some(socket) => socket.append(&id, turn).await,
                None => Err(SocketError::Closed { code: 1006, reason: "it was never open".into() }),
            }
        };
        match tokio::time::timeout(CALL, saying).await {
            Ok(Ok(seq)) => Ok(seq),
            Ok(Err(SocketError::Refused { reason, .. })) => Err(Trouble::Refused(reason)),
            // The gateway refuses a socket by closing it or with a status that a browser would not see either.
            Ok(Err(_)) => Err(if self.browser.is_refused().await { Trouble::NotLoggedIn } else { Trouble::NoAnswer }),
            Err(_) => Err(Trouble::NoAnswer),
        }
    }

    /// Says that the talk is over.
    async fn asks(&mut self, talk: &Talk) {
        let path = format!("/api/v1/conversations/{}:end", talk.conversation);
        let end = async |login: Login| login.call(Method::POST, &path, Some(json!({}))).await;
        let Ok(ticket) = self.browser.until_answered(None, end).await else { return };
        let asked = Asked {
            talk: talk.clone(),
            watermark: number(&ticket["watermark"]),
            outcome: ticket["outcome"].as_str().unwrap_or_default().to_owned(),
        };
        self.browser.stage.ledger.write(|ledger| ledger.triggers.push(asked));
    }

    async fn deletes(&mut self, talk: &Talk) {
        let path = format!("/api/v1/conversations/{}", talk.conversation);
        let delete = async |login: Login| login.call(Method::DELETE, &path, None).await;
        // Not found means that it is gone, which is all that was wanted.
        let _ = self.browser.until_answered(None, delete).await;
        self.browser.stage.ledger.write(|ledger| {
            ledger.deleted += 1;
            ledger.deletions.insert(talk.clone());
        });
        if let Some(own) = self.talks.iter_mut().find(|own| *own == talk) {
            own.life += 1;
        }
    }

    async fn erases_everything(&mut self) {
        let erase = async |login: Login| login.call(Method::DELETE, "/api/v1/memory", None).await;
        let Ok(_) = self.browser.until_answered(None, erase).await else { return };
        self.browser.stage.ledger.write(|ledger| {
            ledger.erasures += 1;
            ledger.deletions.extend(self.talks.iter().cloned());
        });
        self.talks.iter_mut().for_each(|talk| talk.life += 1);
    }

    async fn log_out(&mut self) {
        let Some(login) = self.browser.login.take() else { return };
        loop {
            let start = monotonic();
            match answer_to(login.logout()).await {
                // OK is said to anybody; only this one says that the session has ended, now or by an earlier try.
                Ok(_) => {
                    let took = start.elapsed();
                    let context_away = self.browser.stage.weather.only_context_away(start);
                    self.browser.stage.ledger.write(|ledger| {
                        ledger.logouts.insert(login.session_id.clone());
                        match context_away {
                            Some(true) => ledger.logouts_away.push(took),
                            Some(false) => ledger.logouts_there.push(took),
                            None => {}
                        }
                    });
                    return;
                }
                Err(Trouble::Refused(reason)) => self.browser.refused(&reason),
                Err(_) => self.browser.stage.ledger.write(|ledger| ledger.unanswered += 1),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Something to say that nobody says twice.
    fn turn(&mut self) -> Turn {
        let role = if self.dice.happens(80) { "USER" } else { "ASSISTANT" };
        let wish = *self.dice.one_of(&WISHES);
        let number = self.dice.between(1, u64::from(u32::MAX));
        let text = format!("{wish} day {number} of {} after {}. {SMALL_TALK}", self.browser.name, self.said);
        Turn { role: role.into(), text, at: None }
    }

    async fn thinks(&mut self) {
        tokio::time::sleep(Duration::from_millis(self.dice.between(20, 400))).await;
    }
}
