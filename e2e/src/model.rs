//! A model that says what the story tells it to.

use std::sync::Arc;

use async_trait::async_trait;
use context_svc::domain::model::{ItemKind, Role};
use context_svc::llm::{Answer, Model, ModelError, Proposal, Transcript};
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
}

impl Default for ScriptedModel {
    fn default() -> Self {
        Self { mood: watch::Sender::new(Mood::Attentive), calls: Arc::default(), asked: watch::Sender::new(0) }
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
        let mut mood = self.mood.subscribe();
        // `self` holds the sender, so waiting cannot fail.
        let _ = mood.wait_for(|mood| *mood != Mood::Hanging).await;
        let (reason, message) = ("SCRIPTED", "the story says so".into());
        match *self.mood.borrow() {
            Mood::Failing => return Err(ModelError::Temporary { reason, message }),
            Mood::Unreachable => return Err(ModelError::Unreachable { reason, message }),
            Mood::Attentive | Mood::Hanging => {}
        }
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
}

fn user_words(transcript: &Transcript) -> impl Iterator<Item = (i64, String)> {
    transcript.messages.iter().filter(|m| m.role == Role::User).map(|m| (m.seq, m.text.clone()))
}
