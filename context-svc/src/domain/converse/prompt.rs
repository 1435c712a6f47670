//! What a coach is asked: what it is told to be, what is remembered, and the talk so far.

use jiff::Timestamp;

use super::Terms;
use crate::domain::model::{Message, Role, replies_to, zone_of};
use crate::domain::recall::tokens;
use crate::llm::{Speaker, Turn};

/// The part of a talk that stands in the prompt.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct History {
    /// The user begins, the two take turns, and what is to be answered comes last.
    pub(super) turns: Vec<Turn>,
    /// From this message on nothing of the talk need be said again.
    pub(super) from_seq: i64,
}

/// The newest message of the user: the one to be answered.
pub(super) fn newest_of_user(messages: &[Message]) -> Option<&Message> {
    messages.iter().rev().find(|message| message.role == Role::User)
}

/// Where the answer to the message `seq` is, if it is there.
pub(super) fn reply_to(messages: &[Message], seq: i64) -> Option<i64> {
    messages.iter().find(|message| replies_to(message) == Some(seq)).map(|message| message.seq)
}

/// The talk up to the message `upto` within the bounds of `terms`, but that message in any case. Messages are whole, and the newest
/// are kept. An answer of ours stands behind what it answers, also where the user had gone on meanwhile.
pub(super) fn history(mut messages: Vec<Message>, upto: i64, terms: &Terms) -> History {
    let place = |message: &Message| replies_to(message).map_or((message.seq, false), |seq| (seq, true));
    // Instructions and the results of tools are the application's own: they are not for this coach.
    messages.retain(|message| matches!(message.role, Role::User | Role::Assistant) && place(message) <= (upto, false));
    messages.sort_by_key(place);
    let mut left = terms.history_tokens;
    let mut kept = Vec::new();
    for message in messages.into_iter().rev().take(terms.history_messages) {
        let cost = tokens::count(&message.text);
        if message.seq != upto && cost > left {
            break;
        }
        left = left.saturating_sub(cost);
        kept.push(message);
    }
    let from_seq = kept.iter().map(|message| message.seq).min().unwrap_or(upto);
    History { turns: turns(kept.into_iter().rev()), from_seq }
}

/// Two messages of one speaker are one turn: not every model takes them otherwise, nor an answer to nothing.
fn turns(messages: impl Iterator<Item = Message>) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for message in messages {
        let speaker = if message.role == Role::User { Speaker::User } else { Speaker::Coach };
        match turns.last_mut() {
            Some(last) if last.speaker == speaker => {
                last.text += "\n\n";
                last.text += &message.text;
            }
            None if speaker == Speaker::Coach => {}
            _ => turns.push(Turn { speaker, text: message.text }),
        }
    }
    turns
}

/// What the coach is told: first what never changes, so that a provider can cache it.
pub(super) fn told(prompt: &str, memory: &str, now: Timestamp, zone: Option<&str>) -> String {
    let today = now.to_zoned_datetime(zone_of(zone)).strftime("%A, %Y-%m-%d");
    let told = format!("{prompt}\n\nToday is {today}.");
    if memory.is_empty() { told } else { format!("{told}\n\n{memory}") }
}

#[cfg(test)]
mod tests {
    use super::super::ChatSettings;
    use super::*;
    use crate::domain::model::{ClientId, reply_id};

    fn said(seq: i64, role: Role, text: &str) -> Message {
        let at = "2025-07-25T02:00:00Z".parse().unwrap();
        let client_id = ClientId::parse(format!("m{seq}")).unwrap();
        Message { seq, client_id, role, name: String::new(), text: text.to_owned(), at, time_zone: None }
    }

    fn replied(seq: i64, to: i64, text: &str) -> Message {
        Message { client_id: reply_id(to).unwrap(), ..said(seq, Role::Assistant, text) }
    }

    fn terms(history_messages: usize, history_tokens: usize) -> Terms {
        let settings = ChatSettings { history_messages, history_tokens, ..ChatSettings::default() };
        settings.terms().unwrap()
    }

    fn shown(history: &History) -> Vec<(Speaker, &str)> {
        history.turns.iter().map(|turn| (turn.speaker, turn.text.as_str())).collect()
    }

    #[test]
    fn the_two_take_turns_and_what_is_answered_comes_last() {
        let talk = vec![
            said(1, Role::Assistant, "Welcome."),
            said(2, Role::System, "be rude"),
            said(3, Role::User, "Hello."),
            said(4, Role::User, "I swim."),
            replied(5, 3, "Hi!"),
            said(6, Role::Tool, "{}"),
            said(7, Role::User, "And I run."),
            replied(8, 4, "Where?"),
        ];

        let history = history(talk, 7, &terms(40, 1000));

        use Speaker::{Coach, User};
        let turns = [(User, "Hello."), (Coach, "Hi!"), (User, "I swim."), (Coach, "Where?"), (User, "And I run.")];
        assert_eq!(shown(&history), turns);
    }

    #[test]
    fn the_newest_messages_are_kept_whole_within_the_budget() {
        let talk: Vec<_> = (1..=9)
            .map(|seq| said(seq, if seq % 2 == 1 { Role::User } else { Role::Assistant }, "one two three"))
            .collect();

        let history = history(talk.clone(), 9, &terms(40, tokens::count("one two three") * 4 + 1));

        // Four fit; the first of them answers what is left out.
        assert_eq!((history.turns.len(), history.from_seq), (3, 6));
        assert_eq!(super::history(talk, 9, &terms(3, 1000)).from_seq, 7);
    }

    #[test]
    fn what_is_answered_is_there_however_long() {
        let talk = vec![said(1, Role::User, "before"), said(2, Role::User, &"long ".repeat(500))];

        let history = history(talk, 2, &terms(40, 10));

        assert_eq!((history.turns.len(), history.from_seq), (1, 2));
    }

    #[test]
    fn an_answer_is_found_by_what_it_answers() {
        let talk =
            vec![said(1, Role::User, "a"), said(2, Role::User, "b"), replied(3, 1, "x"), said(4, Role::System, "")];

        assert_eq!(newest_of_user(&talk).map(|message| message.seq), Some(2));
        assert_eq!((reply_to(&talk, 1), reply_to(&talk, 2)), (Some(3), None));
    }

    #[test]
    fn the_coach_is_told_the_day_of_the_user() {
        let now = "2025-07-25T02:00:00Z".parse().unwrap();

        assert_eq!(
            told("Be kind.", "", now, Some("America/Los_Angeles")),
            "Be kind.\n\nToday is Thursday, 2025-07-24."
        );
        assert!(told("Be kind.", "<memory>", now, None).ends_with("2025-07-25.\n\n<memory>"));
    }
}
