//! An answer that comes as a stream of events (SSE).

use std::pin::Pin;

use futures::{Stream, StreamExt};
use reqwest::Response;
use reqwest::header::HeaderMap;
use sse_stream::{Error as SseError, Sse, SseByteStream};

use super::diagnosis::Complaint;
use super::draft::{Draft, EventError, Step};
use super::endpoint::Api;
use super::failure::Failure;
use super::http::{Patience, PieceError, pieces};
use super::manner::Manner;
use super::{anthropic, openai};

/// The events of one answer, and what they came to so far.
pub(super) struct Events {
    api: Api,
    events: Pin<Box<dyn Stream<Item = Result<Sse, SseError>> + Send>>,
    headers: HeaderMap,
    manner: Manner,
    patience: Patience,
    pub(super) draft: Draft,
}

impl Events {
    pub(super) fn of(response: Response, api: Api, manner: Manner, patience: Patience) -> Self {
        let headers = response.headers().clone();
        let events = Box::pin(SseByteStream::new(Box::pin(pieces(response))));
        Self { api, events, headers, manner, patience, draft: Draft::default() }
    }

    /// The next words; `None` at the end that the API promises. An end without it is a broken connection.
    pub(super) async fn next(&mut self) -> Result<Option<String>, Failure> {
        let next = self.read().await;
        next.map_err(|failure| Failure { tokens: self.draft.tokens, ..failure })
    }

    async fn read(&mut self) -> Result<Option<String>, Failure> {
        loop {
            let event = match self.patience.wait(self.events.next()).await? {
                Some(event) => event.map_err(unreadable)?,
                None => return Err(Failure::cut()),
            };
            let Some(data) = event.data.filter(|data| !data.is_empty()) else { continue };
            let step = match self.api {
                Api::OpenAi => openai::read_event(&mut self.draft, &data),
                Api::Anthropic => anthropic::read_event(&mut self.draft, &data),
            };
            match step {
                Ok(Step::Silent) => {}
                Ok(Step::Text(words)) => return Ok(Some(words)),
                Ok(Step::Over) => return Ok(None),
                Err(EventError::NotJson) => return Err(Failure::unreadable("an event of the stream is not JSON")),
                Err(EventError::Complaint(body)) => {
                    let complaint = Complaint::of_error(&self.headers, &body);
                    return Err(complaint.diagnose(&self.manner, self.patience.now()));
                }
            }
        }
    }
}

fn unreadable(error: SseError) -> Failure {
    match error {
        SseError::Body(cause) => match cause.downcast::<PieceError>() {
            Ok(error) => error.into_failure(),
            Err(_) => Failure::cut(),
        },
        _ => Failure::unreadable("the stream is not one of events"),
    }
}
