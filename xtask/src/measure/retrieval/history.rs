//! Histories of two people as they lie in the file: dated sessions, and questions with the messages that answer them.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Failure;

/// Questions of this category have no answer in the history.
const UNANSWERABLE: u8 = 5;

#[derive(Deserialize)]
struct Raw {
    qa: Vec<RawQuestion>,
    conversation: Map<String, Value>,
}

#[derive(Deserialize)]
struct RawQuestion {
    question: String,
    #[serde(default)]
    evidence: Vec<String>,
    category: u8,
}

#[derive(Deserialize)]
struct RawMessage {
    speaker: String,
    dia_id: String,
    text: String,
}

/// What somebody found wrong with the evidence of a question.
#[derive(Deserialize)]
struct Correction {
    question_id: String,
    correct_evidence: Vec<String>,
}

/// Everything two people said to each other, and what is asked of it.
pub(super) struct History {
    pub(super) speakers: [String; 2],
    pub(super) sessions: Vec<Session>,
    pub(super) questions: Vec<Question>,
}

/// What they said on one day.
pub(super) struct Session {
    pub(super) id: String,
    pub(super) begun: Timestamp,
    pub(super) messages: Vec<Said>,
}

/// One message.
pub(super) struct Said {
    /// Which of the two speaks.
    pub(super) speaker: usize,
    pub(super) text: String,
}

/// A question that messages answer.
pub(super) struct Question {
    pub(super) text: String,
    pub(super) category: u8,
    /// Session and number of each message, never empty.
    pub(super) evidence: Vec<Place>,
}

/// A conversation, and the number of a message in it.
pub(super) type Place = (String, i64);

/// The histories in `text`, with the evidence of questions as `corrections` has it.
pub(super) fn histories(text: &str, corrections: Option<&str>) -> Result<Vec<History>, Failure> {
    let raw: Vec<Raw> = serde_json::from_str(text)?;
    let corrections: Vec<Correction> = corrections.map(serde_json::from_str).transpose()?.unwrap_or_default();
    let corrected: HashMap<String, Vec<String>> =
        corrections.into_iter().map(|each| (each.question_id, each.correct_evidence)).collect();
    raw.into_iter().enumerate().map(|(number, raw)| history(number, raw, &corrected)).collect()
}

fn history(number: usize, raw: Raw, corrected: &HashMap<String, Vec<String>>) -> Result<History, Failure> {
    let text = |key: &str| raw.conversation.get(key).and_then(Value::as_str).map(str::to_owned);
    let speaker = |key: &str| text(key).ok_or_else(|| format!("history {number} has no {key}"));
    let speakers = [speaker("speaker_a")?, speaker("speaker_b")?];
    let mut sessions = Vec::new();
    let mut places: BTreeMap<String, Place> = BTreeMap::new();
    for session in 1.. {
        let Some(begun) = text(&format!("session_{session}_date_time")) else { break };
        let Some(messages) = raw.conversation.get(&format!("session_{session}")) else { continue };
        let messages: Vec<RawMessage> = serde_json::from_value(messages.clone())?;
        let id = format!("session-{session}");
        let said = (1..).zip(messages).map(|(seq, message)| {
            places.insert(message.dia_id, (id.clone(), seq));
            Said { speaker: usize::from(message.speaker != speakers[0]), text: message.text }
        });
        let messages = said.collect();
        sessions.push(Session { id, begun: moment(&begun)?, messages });
    }
    let mut questions = Vec::new();
    for (place, question) in raw.qa.into_iter().enumerate() {
        let evidence = corrected.get(&format!("locomo_{number}_qa{place}")).unwrap_or(&question.evidence);
        let mut evidence: Vec<Place> =
            evidence.iter().flat_map(|text| references(text)).filter_map(|id| places.get(&id).cloned()).collect();
        evidence.sort();
        evidence.dedup();
        if question.category != UNANSWERABLE && !evidence.is_empty() {
            questions.push(Question { text: question.question, category: question.category, evidence });
        }
    }
    Ok(History { speakers, sessions, questions })
}

/// Every `D3:12` in a text, which may hold several, without leading zeros.
fn references(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
    let reference = |part: &str| {
        let (session, message) = part.strip_prefix('D')?.split_once(':')?;
        Some(format!("D{}:{}", session.parse::<u32>().ok()?, message.parse::<u32>().ok()?))
    };
    parts.filter_map(reference).collect()
}

/// `1:56 pm on 8 May, 2023`, in UTC.
fn moment(text: &str) -> Result<Timestamp, Failure> {
    let wrong = || format!("{text:?} is no time of a session");
    let (time, day) = text.split_once(" on ").ok_or_else(wrong)?;
    let day = Date::strptime("%d %B, %Y", day)?;
    let time = jiff::civil::Time::strptime("%I:%M %P", time.trim())?;
    Ok(day.to_datetime(time).in_tz("UTC")?.timestamp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"[{
        "conversation": {
            "speaker_a": "Ann", "speaker_b": "Bo",
            "session_1_date_time": "1:56 pm on 8 May, 2023",
            "session_1": [
                {"speaker": "Ann", "dia_id": "D1:1", "text": "Hello"},
                {"speaker": "Bo", "dia_id": "D1:2", "text": "I paint"}
            ],
            "session_2_date_time": "12:09 am on 13 September, 2023"
        },
        "qa": [
            {"question": "What does Bo do?", "evidence": ["D1:1; D1:02", "D:9:9"], "category": 4},
            {"question": "Who sings?", "evidence": ["D1:1"], "category": 5},
            {"question": "Where?", "evidence": ["D7:1"], "category": 1}
        ]
    }]"#;

    #[test]
    fn a_history_is_its_sessions_and_the_questions_that_can_be_answered() {
        let [history] = histories(FILE, None).unwrap().try_into().ok().unwrap();

        assert_eq!(history.sessions.len(), 1);
        assert_eq!(history.sessions[0].begun.to_string(), "2023-05-08T13:56:00Z");
        assert_eq!(history.sessions[0].messages.iter().map(|said| said.speaker).collect::<Vec<_>>(), [0, 1]);
        let [question] = history.questions.try_into().ok().unwrap();
        assert_eq!(question.evidence, [("session-1".to_owned(), 1), ("session-1".to_owned(), 2)]);
    }

    #[test]
    fn corrections_take_the_place_of_the_evidence() {
        let corrections = r#"[{"question_id": "locomo_0_qa2", "correct_evidence": ["D1:2"]}]"#;

        let [history] = histories(FILE, Some(corrections)).unwrap().try_into().ok().unwrap();

        assert_eq!(history.questions[1].evidence, [("session-1".to_owned(), 2)]);
    }

    #[test]
    fn times_are_read_as_they_are_written() {
        assert_eq!(moment("12:09 am on 13 September, 2023").unwrap().to_string(), "2023-09-13T00:09:00Z");
        assert!(moment("tomorrow").is_err());
    }
}
