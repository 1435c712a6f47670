//! Has the models read a piece: asks, judges, asks once more and says why, then asks the next model.
//!
//! An answer is taken as soon as something of it holds. "Nothing" must be said in so many words, and twice after a long talk.

use std::sync::Arc;
use std::time::Duration;

use unicode_segmentation::UnicodeSegmentation;

use super::chunk::{Piece, smaller};
use super::judge::REJECTED_BY_USER;
use super::pass::{Dropped, Judged, Pass, add};
use super::{Extractor, failure_of, is_said_by_user};
use crate::domain::model::Failure;
use crate::llm::{Answer, Asker, Failures, Model, ModelError, Transcript, reason};

/// After a talk of more words than that, "nothing" is asked about once more.
const WORDS_FOR_NOTHING_MAX: usize = 60;

/// How many problems are told to a model at once.
const COMPLAINTS_MAX: usize = 10;

/// Why items cannot even be read.
const UNREADABLE: &[&str] = &[reason::MALFORMED, reason::UNKNOWN_KIND, reason::UNKNOWN_STATUS, reason::UNKNOWN_BASIS];

/// How many statements that the user has rejected are told to a model. It is held to all of them.
const REJECTED_TOLD_MAX: usize = 50;

/// Why an answer is not taken.
struct Objection {
    reason: &'static str,
    /// For people, without any text of the conversation.
    problem: String,
    /// For the model.
    complaint: String,
}

impl Extractor {
    /// Reads a piece, in ever smaller parts if it is too much for the model.
    ///
    /// Begins no further part after `enough_at` if it can be left to the next pass.
    pub(super) async fn read(&self, pass: &mut Pass, piece: Piece, enough_at: Duration) -> Result<(), Failure> {
        let mut waiting = vec![piece];
        while let Some(piece) = waiting.pop() {
            if pass.may_end_before(&piece) && self.clock.uptime() >= enough_at {
                return Ok(());
            }
            let fresh = &piece.messages[piece.fresh..];
            if !fresh.iter().any(is_said_by_user) {
                pass.has_read(piece.upto_seq);
                continue;
            }
            let fresh_seq = fresh.first().map_or(0, |message| message.seq);
            match self.ask(pass, &piece).await {
                Ok(judged) => {
                    pass.take(judged, fresh_seq);
                    pass.has_read(piece.upto_seq);
                }
                Err(error @ ModelError::TooMuch { .. }) => match smaller(&piece) {
                    Some(parts) => waiting.extend(parts.into_iter().rev()),
                    None => return Err(failure_of(error)),
                },
                Err(error) => return Err(failure_of(error)),
            }
        }
        Ok(())
    }

    /// The first answer that can be taken. If there is none, why not that of the first model: it is the one to wait for.
    async fn ask(&self, pass: &mut Pass, piece: &Piece) -> Result<Judged, ModelError> {
        let key = pass.key();
        let asker = Asker { user_id: key.user_id.clone(), conversation_id: Some(key.conversation_id.clone()) };
        let rejected = pass.overlay().rejected().iter().take(REJECTED_TOLD_MAX).cloned().collect();
        let (previous, elsewhere) = (pass.remembered(), pass.elsewhere().to_vec());
        let transcript = Transcript { previous, elsewhere, rejected, ..Transcript::of(asker, piece.messages.clone()) };
        let mut failures = Failures::default();
        for model in self.readers.ready() {
            match self.ask_one(model, pass, transcript.clone()).await {
                Ok(judged) => return Ok(judged),
                Err(error @ ModelError::TooMuch { .. }) if smaller(piece).is_some() => return Err(error),
                Err(error) => failures.note(error)?,
            }
        }
        Err(failures.first())
    }

    /// Asks one model, and once more if its answer cannot be taken and it may think better of it.
    async fn ask_one(
        &self,
        model: &Arc<dyn Model>,
        pass: &mut Pass,
        mut transcript: Transcript,
    ) -> Result<Judged, ModelError> {
        let mut dropped = Dropped::new();
        loop {
            let is_last = transcript.complaint.is_some() || !model.reconsiders();
            tracing::debug!(
                messages = transcript.messages.len(),
                again = transcript.complaint.is_some(),
                "the model is asked"
            );
            kit::failpoint::reached("model-asked");
            let (error, complaint) = match model.extract(&transcript).await {
                Ok(answer) => {
                    let (judged, read) = judge(pass, transcript, answer).await?;
                    transcript = read;
                    add(&mut dropped, &judged.dropped);
                    let Some(objection) = objection(&judged, &transcript, is_last) else { return Ok(judged) };
                    let Objection { reason, problem, complaint } = objection;
                    let message =
                        if dropped.is_empty() { problem } else { format!("{problem}: {}", counted(&dropped)) };
                    (ModelError::Unusable { reason, message, raw: judged.answer.raw.unwrap_or_default() }, complaint)
                }
                Err(ModelError::Unusable { reason, message, raw }) => {
                    let complaint = message.clone();
                    (ModelError::Unusable { reason, message, raw }, complaint)
                }
                Err(error) => return Err(error),
            };
            if is_last {
                return Err(error);
            }
            tracing::info!(reason = error.reason(), "the model is asked once more");
            transcript.complaint = Some(complaint);
        }
    }
}

/// Finding every quote takes a while, and the threads of the runtime have others to serve.
async fn judge(pass: &mut Pass, transcript: Transcript, answer: Answer) -> Result<(Judged, Transcript), ModelError> {
    let conversation_id = pass.key().conversation_id.clone();
    let overlay = pass.overlay().clone();
    let judging = move || (Judged::of(&conversation_id, &transcript, answer, &overlay), transcript);
    let panicked = |_| ModelError::Temporary { reason: "PANIC", message: "the extraction panicked".to_owned() };
    let (judged, transcript) = tokio::task::spawn_blocking(judging).await.map_err(panicked)?;
    pass.count(&judged.dropped);
    Ok((judged, transcript))
}

/// Why the answer is not to be taken, if it is not.
fn objection(judged: &Judged, transcript: &Transcript, is_last: bool) -> Option<Objection> {
    let object =
        |reason, problem: &str| Objection { reason, problem: problem.to_owned(), complaint: problem.to_owned() };
    if !judged.items.is_empty() {
        return None;
    }
    // That the user has rejected what was found is no fault of whoever found it.
    let faults: Vec<_> = judged.dropped.keys().filter(|reason| **reason != REJECTED_BY_USER).collect();
    if faults.is_empty() && !judged.dropped.is_empty() {
        return None;
    }
    if !faults.is_empty() {
        let is_unreadable = faults.iter().all(|reason| UNREADABLE.contains(reason));
        let problems = judged.complaints.iter().take(COMPLAINTS_MAX).map(String::as_str).collect::<Vec<_>>();
        let complaint = format!("no item holds: {}", problems.join("; "));
        let reason = if is_unreadable { reason::OUTPUT_INVALID } else { reason::OUTPUT_UNGROUNDED };
        return Some(Objection { reason, problem: "no proposed item holds".to_owned(), complaint });
    }
    if judged.answer.nothing_said.is_none() {
        return Some(object(reason::OUTPUT_EMPTY, "there are neither items nor a reason in `nothing_said`"));
    }
    let words = || -> usize {
        let said = transcript.messages.iter().filter(|message| is_said_by_user(message));
        said.map(|message| message.text.unicode_words().count()).sum()
    };
    if is_last || words() <= WORDS_FOR_NOTHING_MAX {
        return None;
    }
    let doubt = "there is much from the user, and no item; read it again, and if there is nothing, say so once more";
    Some(object(reason::OUTPUT_DOUBTFUL, doubt))
}

fn counted(dropped: &Dropped) -> String {
    dropped.iter().map(|(reason, count)| format!("{count} {reason}")).collect::<Vec<_>>().join(", ")
}
