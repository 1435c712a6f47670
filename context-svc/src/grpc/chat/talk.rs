//! One talk, from its first frame to the trigger that follows its last.

use std::ops::ControlFlow;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures::FutureExt;
use jiff::Timestamp;
use kit::authn::{AuthnError, Caller, LEEWAY};
use kit::error::Classify;
use kit::status::to_status;
use kit::telemetry::trace::TraceContext;
use proto::context::v1 as pb;
use proto::context::v1::converse_request::{Append, Frame};
use proto::context::v1::converse_response::Event;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tonic::{Status, Streaming};

use super::replies::Hearing;
use super::{ChatApi, frame};
use crate::domain::conversations::ConversationError;
use crate::domain::model::{Cause, ConversationKey, Occasion, Role, Zone};

/// How long before its token expires a client is asked for a new one.
const NOTICE: Duration = Duration::from_secs(60);

/// How long a client that has much unread may take to learn why its stream ends.
const FAREWELL_MAX: Duration = Duration::from_secs(5);

/// One client on one stream.
pub(super) struct Talk {
    api: ChatApi,
    caller: Caller,
    trace: Option<TraceContext>,
    answers: Sender<Result<pb::ConverseResponse, Status>>,
    opened: Option<Opened>,
    /// `None` before it is opened, and where nobody answers.
    hearing: Option<Hearing>,
    asked_for_token: bool,
}

struct Opened {
    key: ConversationKey,
    time_zone: Option<String>,
}

/// Why a talk is over.
#[derive(Debug)]
enum End {
    /// The client said so, or closed its side.
    Finished,
    /// The client is gone.
    Gone,
    /// We are about to stop.
    Draining,
    /// The client may not, or did not, go on properly.
    Refused(Status),
}

/// What a talk has to do with next.
enum Next {
    /// What the client says.
    Frame(Result<Option<pb::ConverseRequest>, Status>),
    /// What it is to hear of a reply.
    Heard(Event),
}

impl Talk {
    pub(super) fn new(
        api: ChatApi,
        caller: Caller,
        trace: Option<TraceContext>,
        answers: Sender<Result<pb::ConverseResponse, Status>>,
    ) -> Self {
        Self { api, caller, trace, answers, opened: None, hearing: None, asked_for_token: false }
    }

    /// Holds the talk, and asks for the extraction when it is over, for whatever reason but our own drain.
    pub(super) async fn hold(mut self, frames: Streaming<pb::ConverseRequest>) {
        let trust = self.api.verifier.trust().clone();
        let caller = self.caller.clone();
        let answers = self.answers.clone();
        let end = tokio::select! {
            biased;
            () = trust.until_revoked(&caller) => End::Refused(to_status(AuthnError::TokenRevoked)),
            () = answers.closed() => End::Gone,
            end = surviving(self.listen(frames)) => end,
        };
        match end {
            End::Draining => {
                if let Some(hearing) = &mut self.hearing {
                    hearing.owe_no_more();
                }
                self.hear_out().await;
                // A client that does not read learns of the drain by the end of its stream.
                _ = answers.try_send(Ok(frame::response(frame::draining())));
            }
            End::Refused(status) => {
                let (answers, api) = (self.answers.clone(), self.api.clone());
                tokio::join!(self.conclude(), part(answers, &api, status));
            }
            End::Finished => {
                self.hear_out().await;
                self.conclude().await;
            }
            End::Gone => self.conclude().await,
        }
    }

    /// Says what there is still to hear, as long as somebody takes it without making the extraction wait.
    async fn hear_out(&mut self) {
        while self.hearing.as_ref().is_some_and(Hearing::goes_on) {
            let answers = self.answers.clone();
            let event = tokio::select! {
                biased;
                () = answers.closed() => return,
                event = heard(&mut self.hearing) => event,
            };
            let clock = self.api.clock.clone();
            let is_taken = tokio::select! {
                biased;
                said = self.say(event) => said.is_continue(),
                () = clock.sleep(FAREWELL_MAX) => false,
            };
            if !is_taken {
                return;
            }
        }
    }

    /// Asks for the extraction, once what is still to be answered is: so that the answers are read, too, and all of it once.
    async fn conclude(&mut self) {
        if let Some(hearing) = &mut self.hearing {
            hearing.settle().await;
        }
        self.ask_for_extraction().await;
    }

    async fn listen(&mut self, mut frames: Streaming<pb::ConverseRequest>) -> End {
        let clock = self.api.clock.clone();
        let draining = self.api.lifecycle.draining();
        loop {
            // Before every frame: a client that never pauses must not outrun the end of its token.
            if let ControlFlow::Break(end) = self.mind_the_token().await {
                return end;
            }
            let until_token_matters = self.until_token_matters();
            let next = tokio::select! {
                biased;
                () = draining.cancelled() => return End::Draining,
                () = clock.sleep(until_token_matters) => continue,
                next = frames.message() => Next::Frame(next),
                // Last: who is answered at length is still listened to.
                event = heard(&mut self.hearing) => Next::Heard(event),
            };
            let flow = match next {
                Next::Heard(event) => self.say(event).await,
                Next::Frame(Ok(Some(pb::ConverseRequest { frame }))) => self.heed(frame).await,
                Next::Frame(Ok(None)) => return End::Finished,
                // The client is gone or sends what is no frame; one that is still there is told.
                Next::Frame(Err(_)) => {
                    return End::Refused(to_status(frame::InvalidFrame("a frame could not be read")));
                }
            };
            if let ControlFlow::Break(end) = flow {
                return end;
            }
        }
    }

    async fn heed(&mut self, frame: Option<Frame>) -> ControlFlow<End> {
        match frame {
            Some(Frame::Open(open)) if self.opened.is_none() => self.open(open).await,
            Some(Frame::Reauthenticate(again)) => self.reauthenticate(&again.access_token).await,
            _ if self.opened.is_none() => {
                let error = frame::InvalidFrame("the first frame must be `open`");
                ControlFlow::Break(End::Refused(to_status(error)))
            }
            Some(Frame::Append(append)) => self.append(append).await,
            Some(Frame::Typing(_)) => ControlFlow::Continue(()),
            Some(Frame::End(_)) => ControlFlow::Break(End::Finished),
            Some(Frame::Open(_)) => self.refuse(frame::InvalidFrame("`open` may come only once"), String::new()).await,
            None => self.refuse(frame::InvalidFrame("a frame must hold something known"), String::new()).await,
        }
    }

    async fn open(&mut self, open: pb::converse_request::Open) -> ControlFlow<End> {
        let (conversation_id, time_zone) = match frame::opening(open) {
            Ok(opening) => opening,
            Err(error) => return ControlFlow::Break(End::Refused(to_status(error))),
        };
        let key = ConversationKey::new(self.caller.user_id.clone(), conversation_id);
        let last_seq = match self.api.conversations.get(&key).await {
            Ok(conversation) => conversation.last_seq,
            Err(ConversationError::NotFound) => 0,
            Err(error) => return ControlFlow::Break(End::Refused(to_status(error))),
        };
        let opened = frame::opened(&key.conversation_id, last_seq);
        let hearing =
            |replies| Hearing::of(replies, key.clone(), self.api.verifier.trust().clone(), self.caller.clone());
        self.hearing = self.api.replies.clone().map(hearing);
        self.opened = Some(Opened { key, time_zone });
        self.say(opened).await
    }

    /// Stores a message and only then acknowledges it. One that cannot be stored does not end the talk.
    async fn append(&mut self, append: Append) -> ControlFlow<End> {
        let Some(opened) = &self.opened else {
            return ControlFlow::Continue(());
        };
        let client_id = append.client_id.clone();
        let draft = match frame::draft(append) {
            Ok(draft) => draft,
            Err(error) => return self.refuse(error, client_id).await,
        };
        let is_of_user = draft.role == Role::User;
        let session_id = self.caller.session_id.clone();
        let zone = Zone::of(opened.time_zone.clone(), self.caller.time_zone.clone());
        match self.api.append.append(&opened.key, session_id, zone, vec![draft]).await {
            Ok(appended) => {
                for message in appended.messages {
                    // Before the client is told, who may be gone: what is stored is answered.
                    if let Some(hearing) = self.hearing.as_mut().filter(|_| is_of_user) {
                        hearing.owe(message.seq);
                    }
                    self.say(frame::ack(message)).await?;
                }
                ControlFlow::Continue(())
            }
            Err(error) => self.refuse(error, client_id).await,
        }
    }

    /// Takes a new token of the same user and login session; any other is refused and changes nothing.
    async fn reauthenticate(&mut self, token: &str) -> ControlFlow<End> {
        let verified = self.api.verifier.verify(token).and_then(|caller| {
            let same = caller.user_id == self.caller.user_id && caller.session_id == self.caller.session_id;
            if same { Ok(caller) } else { Err(AuthnError::TokenInvalid) }
        });
        match verified {
            Ok(caller) => {
                self.caller = caller;
                self.asked_for_token = false;
                ControlFlow::Continue(())
            }
            Err(error) => self.refuse(error, String::new()).await,
        }
    }

    fn until_token_matters(&self) -> Duration {
        let at = if self.asked_for_token { self.token_ends() } else { self.caller.expires_at - NOTICE };
        Duration::try_from(at.duration_since(self.api.clock.now())).unwrap_or(Duration::ZERO)
    }

    /// Asks for a new token in time, and ends the talk when there is none in the end.
    async fn mind_the_token(&mut self) -> ControlFlow<End> {
        let now = self.api.clock.now();
        if now >= self.token_ends() {
            return ControlFlow::Break(End::Refused(to_status(AuthnError::TokenExpired)));
        }
        if self.asked_for_token || now < self.caller.expires_at - NOTICE {
            return ControlFlow::Continue(());
        }
        self.asked_for_token = true;
        self.say(frame::reauthenticate_required(self.caller.expires_at)).await
    }

    fn token_ends(&self) -> Timestamp {
        self.caller.expires_at + LEEWAY
    }

    async fn refuse(&self, error: impl Classify, client_id: String) -> ControlFlow<End> {
        self.say(frame::refused(error, client_id)).await
    }

    /// Waits while the client has too much unread; the drain does not.
    async fn say(&self, event: Event) -> ControlFlow<End> {
        // What has room is said even during the drain: the client must learn what has been stored.
        let answer = match self.answers.try_send(Ok(frame::response(event))) {
            Ok(()) => return ControlFlow::Continue(()),
            Err(TrySendError::Closed(_)) => return ControlFlow::Break(End::Gone),
            Err(TrySendError::Full(answer)) => answer,
        };
        let draining = self.api.lifecycle.draining();
        match draining.run_until_cancelled(self.answers.send(answer)).await {
            Some(Ok(())) => ControlFlow::Continue(()),
            Some(Err(_)) => ControlFlow::Break(End::Gone),
            None => ControlFlow::Break(End::Draining),
        }
    }

    async fn ask_for_extraction(&self) {
        let Some(Opened { key, .. }) = &self.opened else {
            return;
        };
        let occasion = Occasion { cause: Cause::Disconnect, trace: self.trace };
        match self.api.schedule.conversation(key, occasion).await {
            Ok(ticket) => tracing::debug!(outcome = %ticket.outcome, "a talk is over"),
            // Nothing is lost: the conversation stays dirty, and the sweep finds it.
            Err(error) => {
                tracing::warn!(reason = error.reason(), "a talk is over; its extraction is left to the sweep")
            }
        }
    }
}

/// Ends the stream with `status`, unless the client does not read on to it.
async fn part(answers: Sender<Result<pb::ConverseResponse, Status>>, api: &ChatApi, status: Status) {
    tokio::select! {
        _ = answers.send(Err(status)) => {}
        () = api.clock.sleep(FAREWELL_MAX) => {}
        () = api.lifecycle.draining().cancelled_owned() => {}
    }
}

/// What is heard next of a reply; never, where nobody answers.
async fn heard(hearing: &mut Option<Hearing>) -> Event {
    match hearing {
        Some(hearing) => hearing.next().await,
        None => std::future::pending().await,
    }
}

/// A panic while listening ends this talk alone, and like any other end: the client is told, and the extraction asked for.
async fn surviving(listening: impl Future<Output = End>) -> End {
    let panicked = |_| End::Refused(to_status(frame::Panicked));
    AssertUnwindSafe(listening).catch_unwind().await.unwrap_or_else(panicked)
}

#[cfg(test)]
mod tests {
    use tonic::Code;

    use super::*;

    #[tokio::test]
    async fn a_panic_is_an_end_like_any_other() {
        let end = surviving(async { panic!("a bug") }).await;

        assert!(matches!(end, End::Refused(status) if status.code() == Code::Internal));
    }
}
