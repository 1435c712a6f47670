//! What is to be taken over from elsewhere, out of the words of the contract.

use kit::error::InvalidField;
use kit::id::{UserId, is_id};
use pb::import_conversations_request::{ImportedConversation, ImportedMessage};
use proto::context::v1 as pb;

use super::conversation::each_id_means_one_message;
use super::field;
use crate::domain::append::Draft;
use crate::domain::export::record::{GivenVerdict, VerdictRecord};
use crate::domain::import::{Imported, ImportedTalk, Taken};
use crate::domain::model::{EditedDue, Opinion};

const TALKS_MAX: usize = 100;
const MESSAGES_MAX: usize = 1000;
const VERDICTS_MAX: usize = 1000;
/// As much as an item may hold, and as a user may put into its place.
const STATEMENT_BYTES_MAX: usize = 1024;
const REVISIONS_MAX: usize = 20;
const MARK_CHARS: usize = 32;
/// The id of an item is that of its conversation and a few characters.
const ITEM_ID_BYTES_MAX: usize = 128;

/// What to take over, and for whom.
pub(super) struct Request {
    pub(super) user_id: UserId,
    pub(super) imported: Imported,
}

/// Whether a conversation could be taken over, by the rules of the service and in as many calls as it takes: for whoever prepares
/// them.
pub fn check_talk(talk: ImportedConversation) -> Result<(), InvalidField> {
    if talk.messages.is_empty() {
        return Err(InvalidField::new("messages", "must not be empty"));
    }
    talk_of("", talk).map(drop)
}

/// The same for what a user said about an item. Gives it back without whatever else stood there.
pub fn check_verdict(json: &str) -> Result<String, String> {
    serde_json::to_string(&verdict(json)?).map_err(|error| error.to_string())
}

impl TryFrom<pb::ImportConversationsRequest> for Request {
    type Error = InvalidField;

    fn try_from(request: pb::ImportConversationsRequest) -> Result<Self, InvalidField> {
        let user_id = field::user_id("user_id", request.user_id)?;
        let talks_min = usize::from(request.verdicts.is_empty());
        if !(talks_min..=TALKS_MAX).contains(&request.conversations.len()) {
            return Err(InvalidField::new("conversations", "must be 1 to 100 conversations, or none beside verdicts"));
        }
        if request.verdicts.len() > VERDICTS_MAX {
            return Err(InvalidField::new("verdicts", "must be at most 1000 verdicts"));
        }
        let talks = request.conversations.into_iter().enumerate();
        let talks = talks.map(|(place, talk)| {
            let path = format!("conversations[{place}].");
            if !(1..=MESSAGES_MAX).contains(&talk.messages.len()) {
                return Err(InvalidField::new(format!("{path}messages"), "must be 1 to 1000 messages"));
            }
            talk_of(&path, talk)
        });
        let verdicts = request.verdicts.iter().enumerate();
        let verdicts = verdicts.map(|(place, json)| {
            verdict(json).map_err(|problem| InvalidField::new(format!("verdicts[{place}]"), problem))
        });
        let imported =
            Imported { talks: talks.collect::<Result<_, _>>()?, verdicts: verdicts.collect::<Result<_, _>>()? };
        Ok(Self { user_id, imported })
    }
}

fn talk_of(path: &str, talk: ImportedConversation) -> Result<ImportedTalk, InvalidField> {
    let conversation_id = field::conversation_id(&format!("{path}conversation_id"), talk.conversation_id)?;
    let time_zone = field::time_zone(&format!("{path}time_zone"), talk.time_zone)?;
    let messages = talk.messages.into_iter().enumerate();
    let messages = messages.map(|(place, message)| draft(&format!("{path}messages[{place}]"), message));
    let messages = messages.collect::<Result<Vec<_>, _>>()?;
    each_id_means_one_message(path, &messages)?;
    Ok(ImportedTalk { conversation_id, time_zone, messages })
}

fn draft(path: &str, message: ImportedMessage) -> Result<Draft, InvalidField> {
    let client_id = field::client_id(format!("{path}.client_id"), message.client_id)?;
    let at = field::time(format!("{path}.at"), message.at)?;
    if client_id.is_none() {
        return Err(InvalidField::new(format!("{path}.client_id"), "must be set: it makes a repetition harmless"));
    }
    if at.is_none() {
        return Err(InvalidField::new(format!("{path}.at"), "must be set: the time at which it was said"));
    }
    Ok(Draft {
        client_id,
        role: field::role(format!("{path}.role"), message.role)?,
        name: field::name(format!("{path}.name"), message.name)?,
        text: field::text(format!("{path}.text"), message.text)?,
        at,
    })
}

/// A record of an export; or what is wrong with it.
fn verdict(json: &str) -> Result<VerdictRecord, String> {
    let record: VerdictRecord =
        serde_json::from_str(json).map_err(|_| "must be a record of the kind `verdict` as an export has it")?;
    match &record {
        VerdictRecord::Given(given) => check_given(given)?,
        VerdictRecord::Forgotten(left) if left.opinion != Opinion::Rejected => {
            return Err("opinion: without an item it must be REJECTED".to_owned());
        }
        VerdictRecord::Forgotten(left) => {
            let is_mark = left.mark.len() == MARK_CHARS && left.mark.bytes().all(|byte| byte.is_ascii_hexdigit());
            if !is_mark {
                return Err(format!("mark: must be {MARK_CHARS} hexadecimal digits"));
            }
        }
    }
    Ok(record)
}

fn check_given(given: &GivenVerdict) -> Result<(), String> {
    let own = given.item_id.strip_prefix(given.conversation_id.as_str()).and_then(|rest| rest.strip_prefix('.'));
    if !own.is_some_and(is_id) || given.item_id.len() > ITEM_ID_BYTES_MAX {
        return Err("item_id: must be the id of an item of its conversation".to_owned());
    }
    if given.revisions.len() > REVISIONS_MAX {
        return Err(format!("revisions: must be at most {REVISIONS_MAX}"));
    }
    let due = match &given.edit.due {
        Some(EditedDue::Set(due)) => Some(due),
        Some(EditedDue::Cleared) | None => None,
    };
    let revised = given.revisions.iter();
    let phrases = due.into_iter().chain(revised.clone().filter_map(|each| each.due.as_ref())).map(|due| &due.phrase);
    let texts = [&given.statement].into_iter().chain(&given.edit.text).chain(revised.map(|each| &each.text));
    if texts.chain(phrases).any(|text| text.len() > STATEMENT_BYTES_MAX || text.contains('\0')) {
        return Err(format!("its texts must have at most {STATEMENT_BYTES_MAX} bytes each and no NUL"));
    }
    if given.edit.text.as_ref().is_some_and(|text| text.trim().is_empty()) {
        return Err("edit.text: must not be empty".to_owned());
    }
    Ok(())
}

/// What was taken over, in the words of the contract.
pub(super) fn taken(taken: Taken) -> pb::ImportConversationsResponse {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    pb::ImportConversationsResponse {
        conversations: count(taken.conversations),
        messages: count(taken.messages),
        duplicates: count(taken.duplicates),
        verdicts: count(taken.verdicts),
    }
}
