//! A model that says what the story tells it to.

use std::sync::Arc;

use async_trait::async_trait;
use context_svc::domain::model::{ItemKind, Role};
use context_svc::llm::{Answer, Model, ModelError, Proposal, RollUp, RolledUp, Transcript};
use parking_lot::Mutex;
use tokio::sync::watch;

/// What the model does when it is asked.
#[derive(Debug, Clone, PartialEq)]
enum Mood {
    /// Remembers every sentence of the user as a goal.
    Attentive,
    /// Never answers.
    Hanging,
    /// Fails, and may be asked again.
    Failing,
    /// Cannot be reached.
    Unreachable,
}

/// A scripted model. Clones share the script and the record of what was asked.
#[derive(Clone)]
pub struct ScriptedModel {
    mood: watch::Sender<Mood>,
    calls: Arc<Mutex<Vec<Transcript>>>,
    asked: watch::Sender<usize>,
    rolling: watch::Sender<Mood>,
    roll_ups: watch::Sender<usize>,
}

impl Default for ScriptedModel {
    fn default() -> Self {
        let attentive = || watch::Sender::new(Mood::Attentive);
        let (mood, rolling) = (attentive(), attentive());
        let (asked, roll_ups) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { mood, calls: Arc::default(), asked, rolling, roll_ups }
    }
}

impl ScriptedModel {
    /// From now on it does not answer, and calls in flight wait.
    pub fn hang(&self) {
        self.mood.send_replace(Mood::Hanging);
    }

    /// From now on every call fails with a temporary error.
    pub fn fail(&self) {
        self.mood.send_replace(Mood::Failing);
    }

    /// From now on it cannot be reached.
    pub fn unreachable(&self) {
        self.mood.send_replace(Mood::Unreachable);
    }

    /// From now on it answers, also the calls that hung: each sentence of the user is a goal.
    pub fn answer(&self) {
        self.mood.send_replace(Mood::Attentive);
    }

    /// From now on it does not answer roll-ups, which have a script of their own.
    pub fn hang_summaries(&self) {
        self.rolling.send_replace(Mood::Hanging);
    }

    /// From now on it answers roll-ups, also those that hung: it proposes nothing, so all stays as it was.
    pub fn answer_summaries(&self) {
        self.rolling.send_replace(Mood::Attentive);
    }

    /// How often it was asked to roll up.
    pub fn summaries(&self) -> usize {
        *self.roll_ups.borrow()
    }

    /// Completes once it has been asked to roll up `times` times in all.
    pub async fn until_summaries(&self, times: usize) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.roll_ups.subscribe().wait_for(|asked| *asked >= times).await;
    }

    /// Completes once it has been asked `times` times in all.
    pub async fn until_asked(&self, times: usize) {
        // `self` holds the sender, so waiting cannot fail.
        let _ = self.asked.subscribe().wait_for(|asked| *asked >= times).await;
    }

    /// How often it was asked, by any service that was given it.
    pub fn calls(&self) -> usize {
        self.calls.lock().len()
    }

    /// The words of the users that it was given, one entry for each call.
    pub fn heard(&self) -> Vec<Vec<String>> {
        self.calls.lock().iter().map(|call| user_words(call).map(|(_, text)| text).collect()).collect()
    }
}

#[async_trait]
impl Model for ScriptedModel {
    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        self.calls.lock().push(transcript.clone());
        self.asked.send_modify(|asked| *asked += 1);
        answers(&self.mood).await?;
        let items: Vec<_> =
            user_words(transcript).map(|(seq, text)| Proposal::stated(ItemKind::Goal, seq, text)).collect();
        Ok(Answer {
            title: "A talk".into(),
            summary: "They talked.".into(),
            nothing_said: items.is_empty().then(|| "the user said nothing".into()),
            items,
            provider: "scripted".into(),
            model: "scripted".into(),
            prompt_version: "1".into(),
            ..Answer::default()
        })
    }

    async fn summarise(&self, _: &RollUp) -> Result<RolledUp, ModelError> {
        self.roll_ups.send_modify(|asked| *asked += 1);
        answers(&self.rolling).await?;
        Ok(RolledUp { provider: "scripted".into(), ..RolledUp::default() })
    }
}

/// Waits while the mood is to hang, and fails if it then is to fail.
async fn answers(mood: &watch::Sender<Mood>) -> Result<(), ModelError> {
    // The sender is borrowed, so waiting cannot fail.
    let _ = mood.subscribe().wait_for(|mood| *mood != Mood::Hanging).await;
    let (reason, message) = ("SCRIPTED", "the story says so".into());
    match *mood.borrow() {
        Mood::Failing => Err(ModelError::Temporary { reason, message }),
        Mood::Unreachable => Err(ModelError::Unreachable { reason, message }),
        Mood::Attentive | Mood::Hanging => Ok(()),
    }
}

fn user_words(transcript: &Transcript) -> impl Iterator<Item = (i64, String)> {
    transcript.messages.iter().filter(|m| m.role == Role::User).map(|m| (m.seq, m.text.clone()))
}
