//! A language model behind an HTTP API, as a reader of transcripts.
//!
//! It words the question and reads the answer. Whether the answer holds is not for it to say.

mod answer;
mod coach;
mod envelope;
mod prompt;
mod rollup;
mod scan;
mod schema;
mod spoken;

use async_trait::async_trait;

use self::rollup::Question;
use super::api::reason::CONTEXT_TOO_LONG;
use super::api::{Client, End, Form, Prompt, Reply};
use super::{Answer, Model, ModelError, RollUp, RolledUp, Transcript, reason};
use crate::domain::model::CallOperation;

pub use coach::RemoteCoach;

/// One model, asked over HTTP.
pub struct Remote {
    client: Client,
}

impl Remote {
    /// Asks through `client`, and signs with what it asks.
    pub fn new(client: Client) -> Self {
        Self { client }
    }
}

#[async_trait]
impl Model for Remote {
    fn prompt_version(&self) -> String {
        prompt::VERSION.to_owned()
    }

    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        let form = Form { name: schema::SESSION_CONTEXT, schema: schema::session_context() };
        let prompt = Prompt { form: Some(form), ..Prompt::asking(prompt::SYSTEM, prompt::question(transcript)) };
        let reply = self.client.complete(&transcript.asker, CallOperation::Extract, &prompt).await;
        let reply = complete(reply)?;
        let answer = answer::read(&reply.text, transcript).map_err(|why| unusable(&why, &reply))?;
        Ok(Answer {
            provider: self.client.endpoint().provider.clone(),
            model: self.client.endpoint().model.clone(),
            prompt_version: prompt::VERSION.to_owned(),
            raw: Some(reply.text),
            ..answer
        })
    }

    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        let question = Question::of(roll_up);
        let form = Form { name: rollup::FORM, schema: rollup::form() };
        let prompt = Prompt { form: Some(form), ..Prompt::asking(rollup::SYSTEM, question.text()) };
        let reply = self.client.complete(&roll_up.asker, CallOperation::Summarise, &prompt).await;
        let reply = complete(reply)?;
        let answer = question.answer(&reply.text).map_err(|why| unusable(&why, &reply))?;
        Ok(RolledUp {
            provider: self.client.endpoint().provider.clone(),
            model: self.client.endpoint().model.clone(),
            prompt_version: rollup::VERSION.to_owned(),
            usage: reply.usage,
            ..answer
        })
    }
}

/// What `text` proposes, if it was the answer to a question about `transcript`.
#[cfg(any(test, fuzzing))]
pub(crate) fn read(text: &str, transcript: &Transcript) -> Option<Answer> {
    answer::read(text, transcript).ok()
}

/// A reply that came to its end. How an ending is named by a provider that we do not know decides nothing: the text does.
fn complete(reply: Result<Reply, ModelError>) -> Result<Reply, ModelError> {
    let reply = match reply {
        Err(ModelError::Permanent { reason: CONTEXT_TOO_LONG, message }) => {
            return Err(ModelError::TooMuch { reason: CONTEXT_TOO_LONG, message, raw: None });
        }
        reply => reply?,
    };
    match reply.end {
        End::Complete | End::Unknown(_) => Ok(reply),
        End::CutShort => Err(ModelError::TooMuch {
            reason: reason::OUTPUT_TRUNCATED,
            message: "the answer was cut at the most tokens it may have".to_owned(),
            raw: Some(reply.text),
        }),
        End::Refused => Err(ModelError::Unusable {
            reason: reason::REFUSED,
            message: "the model refused to answer".to_owned(),
            raw: reply.text,
        }),
    }
}

fn unusable(why: &answer::Unreadable, reply: &Reply) -> ModelError {
    ModelError::Unusable {
        reason: reason::OUTPUT_INVALID,
        message: format!("the answer could not be used: {why}"),
        raw: reply.text.clone(),
    }
}
