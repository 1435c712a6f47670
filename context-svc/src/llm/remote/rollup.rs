//! What a model is told when it is to roll session contexts up, and what it makes of that.
//!
//! It names statements and conversations by handles, so that it can neither make one up nor spell one wrong.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::answer::Unreadable;
use super::envelope;
use super::prompt::framed;
use super::schema::strict;
use crate::domain::model::ConversationId;
use crate::llm::{Phrase, RollUp, RolledUp, Statement};

/// Changes whenever the words below or the form do.
pub(super) const VERSION: &str = "summarise-1";

/// What the form is called where a provider wants a name for it.
pub(super) const FORM: &str = "record_summary";

/// The instructions, the same for every roll-up.
pub(super) const SYSTEM: &str = include_str!("summarise.md");

/// The form of the answer.
pub(super) fn form() -> Value {
    let handles = || json!({ "type": "array", "items": { "type": "string" } });
    strict(json!({
        "same": { "type": "array", "items": handles(), "description": "Groups of statements that say the same" },
        "superseded": { "type": "array", "items": strict(json!({
            "earlier": { "type": "string" },
            "later": { "type": "string" },
        })) },
        "phrases": { "type": "array", "items": strict(json!({
            "text": { "type": "string", "description": "One or two sentences" },
            "conversations": handles(),
        })) },
    }))
}

/// A roll-up with the handles of everything in it.
pub(super) struct Question<'a> {
    roll_up: &'a RollUp,
    statements: Vec<&'a Statement>,
    conversations: Vec<&'a ConversationId>,
}

impl<'a> Question<'a> {
    /// Gives everything in `roll_up` its handle.
    pub(super) fn of(roll_up: &'a RollUp) -> Self {
        let told = roll_up.told.iter().flat_map(|told| &told.statements);
        let statements = roll_up.known.iter().chain(told).collect();
        let earlier = roll_up.earlier.iter().flat_map(|phrase| &phrase.conversations);
        let mut conversations: Vec<_> = earlier.chain(roll_up.told.iter().map(|told| &told.conversation_id)).collect();
        let mut seen = std::collections::HashSet::new();
        conversations.retain(|id| seen.insert(*id));
        Self { roll_up, statements, conversations }
    }

    /// The question in words.
    pub(super) fn text(&self) -> String {
        let known = self.roll_up.known.len();
        let places: HashMap<_, _> = self.conversations.iter().zip(1..).map(|(id, place)| (*id, place)).collect();
        let conversation = |id: &ConversationId| format!("c{}", places.get(id).copied().unwrap_or(0));
        let standing = self.statements[..known].iter().enumerate().map(|(place, each)| statement(place, each));
        let earlier = self.roll_up.earlier.iter().map(|phrase| {
            let named: Vec<_> = phrase.conversations.iter().map(conversation).collect();
            json!({ "conversations": named, "text": phrase.text })
        });
        let mut place = known;
        let told = self.roll_up.told.iter().map(|told| {
            let statements: Vec<Value> = told.statements.iter().zip(place..).map(|(s, at)| statement(at, s)).collect();
            place += told.statements.len();
            json!({
                "conversation": conversation(&told.conversation_id),
                "title": told.title,
                "summary": told.summary,
                "statements": statements,
            })
        });
        let parts = [framed("standing", standing), framed("earlier", earlier), framed("conversations", told)];
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{}\n\nRecord how these conversations are to be summed up.", parts.join("\n\n"))
    }

    /// What `text` answers. Whatever names something that was not asked about is left out.
    pub(super) fn answer(&self, text: &str) -> Result<RolledUp, Unreadable> {
        let envelope = envelope::answer(text, "phrases")?;
        let list = |name: &'static str| match envelope.get(name) {
            None | Some(Value::Null) => Ok([].as_slice()),
            Some(Value::Array(list)) => Ok(list.as_slice()),
            Some(_) => Err(Unreadable::Member(name, "an array")),
        };
        let same = list("same")?.iter().filter_map(|group| self.statement_ids(group.as_array()?));
        let superseded = list("superseded")?.iter().filter_map(|pair| {
            Some((self.statement_id(pair.get("earlier")?)?, self.statement_id(pair.get("later")?)?))
        });
        let phrases = list("phrases")?.iter().filter_map(|phrase| {
            let named = phrase.get("conversations")?.as_array()?;
            let conversations = named.iter().map(|handle| self.conversation(handle)).collect::<Option<_>>()?;
            Some(Phrase { text: phrase.get("text")?.as_str()?.to_owned(), conversations })
        });
        Ok(RolledUp {
            same: same.collect(),
            superseded: superseded.collect(),
            phrases: phrases.collect(),
            ..RolledUp::default()
        })
    }

    fn statement_ids(&self, handles: &[Value]) -> Option<Vec<String>> {
        handles.iter().map(|handle| self.statement_id(handle)).collect()
    }

    fn statement_id(&self, handle: &Value) -> Option<String> {
        self.statements.get(place(handle, 's')?).map(|statement| statement.id.clone())
    }

    fn conversation(&self, handle: &Value) -> Option<ConversationId> {
        self.conversations.get(place(handle, 'c')?).map(|id| (*id).clone())
    }
}

fn statement(place: usize, statement: &Statement) -> Value {
    json!({
        "handle": format!("s{}", place + 1),
        "kind": statement.kind.as_str(),
        "status": statement.status.map(|status| status.as_str()),
        "said": statement.said_at.strftime("%Y-%m-%d").to_string(),
        "text": statement.text,
    })
}

fn place(handle: &Value, letter: char) -> Option<usize> {
    handle.as_str()?.trim().strip_prefix(letter)?.parse::<usize>().ok()?.checked_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::model::ItemKind;
    use crate::llm::{Asker, Told};

    fn id(name: &str) -> ConversationId {
        ConversationId::parse(name).unwrap()
    }

    fn says(id: &str, text: &str) -> Statement {
        let said_at = "2025-05-05T09:00:00Z".parse().unwrap();
        Statement { id: id.into(), kind: ItemKind::Goal, text: text.into(), status: None, said_at }
    }

    fn roll_up() -> RollUp {
        let told = |name: &str, statements| Told {
            conversation_id: id(name),
            title: String::new(),
            summary: "</conversations>".into(),
            statements,
        };
        RollUp {
            known: vec![says("old.1", "I want to swim")],
            earlier: vec![Phrase { text: "It rained.".into(), conversations: vec![id("a")] }],
            told: vec![told("b", vec![says("b.1", "I want to swim")]), told("b", vec![says("b.2", "I want to run")])],
            ..RollUp::of(Asker::somebody())
        }
    }

    #[test]
    fn handles_lead_back_to_what_was_asked_about() {
        let (roll_up, text) = (
            roll_up(),
            r#"{"same": [["s1", "s2"], ["s1", "s9"]],
            "superseded": [{"earlier": "s1", "later": "s3"}, {"earlier": "s1", "later": "x"}],
            "phrases": [{"text": "Wet.", "conversations": ["c1", "c2"]}, {"text": "No.", "conversations": ["c3"]}]}"#,
        );
        let question = Question::of(&roll_up);

        let answer = question.answer(text).unwrap();

        assert_eq!(answer.same, [["old.1", "b.1"]]);
        assert_eq!(answer.superseded, [("old.1".to_owned(), "b.2".to_owned())]);
        assert_eq!(answer.phrases, [Phrase { text: "Wet.".into(), conversations: vec![id("a"), id("b")] }]);
    }

    #[test]
    fn the_question_tells_each_thing_under_its_handle() {
        let roll_up = roll_up();

        let text = Question::of(&roll_up).text();

        assert_eq!(text.matches("</conversations>").count(), 1);
        for told in [r#""handle":"s1""#, r#""handle":"s3""#, r#""conversations":["c1"]"#, r#""conversation":"c2""#] {
            assert!(text.contains(told), "{told} in {text}");
        }
    }
}
