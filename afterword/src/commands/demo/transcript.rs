//! Conversations to replay: one JSON object a line.

use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use serde::Deserialize;

use crate::client::Turn;

/// The bundled coaching conversation, written for this project.
const BUNDLED: &str = include_str!("../../../transcripts/coaching.jsonl");

/// One conversation of one user.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Transcript {
    pub(super) user: String,
    pub(super) conversation_id: String,
    /// The day it was held, `YYYY-MM-DD`; now, if absent.
    #[serde(default)]
    pub(super) date: Option<jiff::civil::Date>,
    #[serde(rename = "messages")]
    pub(super) turns: Vec<Turn>,
}

/// A transcript that cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(super) enum TranscriptError {
    /// The file cannot be read.
    #[error("cannot read the transcript {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A line is not a conversation.
    #[error("line {line} of the transcript is not a conversation: {source}")]
    BadLine {
        /// Which line, from 1.
        line: usize,
        /// What was expected.
        source: serde_json::Error,
    },
    /// There is nothing to replay.
    #[error("the transcript holds no conversation")]
    Empty,
}

pub(super) fn bundled() -> Result<Vec<Transcript>, TranscriptError> {
    parse(BUNDLED)
}

pub(super) fn read(path: &Path) -> Result<Vec<Transcript>, TranscriptError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| TranscriptError::Unreadable { path: path.to_owned(), source })?;
    parse(&text)
}

fn parse(text: &str) -> Result<Vec<Transcript>, TranscriptError> {
    let mut transcripts = Vec::new();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let transcript: Transcript =
            serde_json::from_str(line).map_err(|source| TranscriptError::BadLine { line: number + 1, source })?;
        transcripts.push(transcript.with_times().with_id(number + 1));
    }
    if transcripts.is_empty() {
        return Err(TranscriptError::Empty);
    }
    Ok(transcripts)
}

impl Transcript {
    /// A name that is no conversation id, such as one in Chinese, is replaced by the number of its line.
    fn with_id(mut self, line: usize) -> Self {
        if !kit::id::is_id(&self.conversation_id) {
            self.conversation_id = format!("line-{line}");
        }
        self
    }

    /// A dated conversation begins at ten in the morning, UTC, with a turn a minute.
    fn with_times(mut self) -> Self {
        let Some(date) = self.date else { return self };
        let begin = date.at(10, 0, 0, 0).in_tz("UTC").map(|zoned| zoned.timestamp());
        let Ok(begin) = begin else { return self };
        for (n, turn) in self.turns.iter_mut().enumerate().filter(|(_, turn)| turn.at.is_none()) {
            turn.at = Some((begin + SignedDuration::from_mins(n as i64)).to_string());
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundled_conversation_can_be_replayed() {
        let bundled = bundled().unwrap();

        assert_eq!(bundled.len(), 1);
        assert!(bundled[0].turns.iter().all(|turn| matches!(turn.role.as_str(), "USER" | "ASSISTANT")));
    }

    #[test]
    fn a_broken_line_is_named() {
        let broken = "{\"user\": \"a\", \"conversation_id\": \"c\", \"messages\": []}\n\n{\"user\": 7}";
        let error = parse(broken).unwrap_err().to_string();
        assert!(error.starts_with("line 3 of the transcript is not a conversation"), "{error}");
    }

    #[test]
    fn a_name_that_is_no_id_gives_way_to_its_line() {
        let line = r#"{"user":"a","conversation_id":"王小明-2023","messages":[]}"#;
        assert_eq!(parse(line).unwrap()[0].conversation_id, "line-1");
    }

    #[test]
    fn a_dated_conversation_gets_a_time_for_each_turn() {
        let line = r#"{"user":"a","conversation_id":"c","date":"2023-04-27","messages":[{"role":"USER","text":"hi"},{"role":"USER","text":"there"}]}"#;
        let turns = &parse(line).unwrap()[0].turns;
        assert_eq!(turns[1].at.as_deref(), Some("2023-04-27T10:01:00Z"));
    }
}
