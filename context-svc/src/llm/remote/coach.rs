//! A language model behind an HTTP API, as one who answers in a talk.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures::StreamExt;
use futures::stream::BoxStream;

use super::spoken::Spoken;
use crate::domain::model::CallOperation;
use crate::llm::api::{self, Client, Delta, End, Prompt, Reply};
use crate::llm::{Coach, ModelError, Piece, Question, Speaker, Turn, reason};

/// One model, asked over HTTP.
pub struct RemoteCoach {
    client: Client,
    provider: &'static str,
    /// Whether its last answer was seen to begin amid its thoughts, without the tag that opens them.
    begins_thinking: Arc<AtomicBool>,
}

impl RemoteCoach {
    /// Asks through `client`, whose provider is called `provider`.
    pub fn new(client: Client, provider: &'static str) -> Self {
        Self { client, provider, begins_thinking: Arc::default() }
    }
}

impl Coach for RemoteCoach {
    fn provider(&self) -> &'static str {
        self.provider
    }

    fn reply(&self, question: Question) -> BoxStream<'static, Result<Piece, ModelError>> {
        let Question { asker, told, turns } = question;
        let turns = turns.into_iter().map(turn).collect();
        let prompt = Prompt { system: told, turns, form: None, output_tokens_max: None, temperature: None };
        let begins_thinking = self.begins_thinking.clone();
        let mut spoken = Spoken::new(begins_thinking.load(Ordering::Relaxed));
        let deltas = self.client.stream(&asker, CallOperation::Reply, prompt);
        let pieces = deltas.filter_map(move |delta| std::future::ready(piece(delta, &mut spoken, &begins_thinking)));
        pieces.boxed()
    }
}

fn turn(turn: Turn) -> api::Turn {
    let speaker = match turn.speaker {
        Speaker::User => api::Speaker::Asker,
        Speaker::Coach => api::Speaker::Model,
    };
    api::Turn { speaker, text: turn.text }
}

/// What is to be passed on; `None` for what is only thought so far.
fn piece(
    delta: Result<Delta, ModelError>,
    spoken: &mut Spoken,
    begins_thinking: &AtomicBool,
) -> Option<Result<Piece, ModelError>> {
    match delta {
        Err(error) => Some(Err(error)),
        Ok(Delta::Text(words)) => spoken.hear(&words).map(|words| Ok(Piece::Words(words))),
        // Not the text of the reply: without any it is what the model thought, or would give to a tool.
        Ok(Delta::End(Reply { end: End::Refused, .. })) => Some(Err(ModelError::Unusable {
            reason: reason::REFUSED,
            message: "the model refused to answer".to_owned(),
            raw: String::new(),
        })),
        Ok(Delta::End(Reply { end, .. })) => {
            // As the last answer shows it, so that a wrong guess does not stay.
            begins_thinking.store(spoken.begins_thinking(), Ordering::Relaxed);
            let text = spoken.whole().to_owned();
            Some(Ok(Piece::Whole { text, is_cut: end == End::CutShort }))
        }
    }
}
