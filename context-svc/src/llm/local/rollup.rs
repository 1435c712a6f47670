//! Rolls session contexts up by rules: statements that differ in nothing but filling words are the same, and conversations
//! that say the same are told once. It notices no contradiction and shortens nothing: that needs a model that understands.

use std::collections::{BTreeMap, HashMap};

use super::{PROVIDER, RULES_VERSION};
use crate::domain::extract::fold::fingerprint;
use crate::domain::model::ConversationId;
use crate::llm::{Phrase, RollUp, RolledUp, Statement};

/// Words that change nothing about what is stated.
const FILLERS: &[&str] =
    &["actually", "also", "definitely", "just", "now", "really", "so", "still", "too", "very", "well"];

pub(super) fn roll_up(roll_up: &RollUp) -> RolledUp {
    RolledUp {
        same: same(roll_up),
        superseded: Vec::new(),
        phrases: phrases(roll_up),
        provider: PROVIDER.to_owned(),
        model: RULES_VERSION.to_owned(),
        prompt_version: RULES_VERSION.to_owned(),
        usage: Default::default(),
    }
}

fn same(roll_up: &RollUp) -> Vec<Vec<String>> {
    let mut groups: BTreeMap<(&str, String), Vec<String>> = BTreeMap::new();
    let told = roll_up.told.iter().flat_map(|told| &told.statements);
    for Statement { id, kind, text, .. } in roll_up.known.iter().chain(told) {
        groups.entry((kind.as_str(), gist(text))).or_default().push(id.clone());
    }
    groups.into_values().filter(|ids| ids.len() > 1).collect()
}

/// What a sentence states, without filling words.
fn gist(text: &str) -> String {
    let words = fingerprint(text);
    words.split(' ').filter(|word| !FILLERS.contains(word)).collect::<Vec<_>>().join(" ")
}

/// One phrase for conversations that have the same to say.
fn phrases(roll_up: &RollUp) -> Vec<Phrase> {
    let mut groups: HashMap<String, Phrase> = HashMap::new();
    for told in &roll_up.told {
        let text = match (told.title.as_str(), told.summary.as_str()) {
            ("", summary) => summary.to_owned(),
            (title, "") => title.to_owned(),
            (title, summary) => format!("{title}: {summary}"),
        };
        add(&mut groups, text, std::slice::from_ref(&told.conversation_id));
    }
    for earlier in &roll_up.earlier {
        if groups.contains_key(&fingerprint(&earlier.text)) {
            add(&mut groups, earlier.text.clone(), &earlier.conversations);
        }
    }
    let mut phrases: Vec<Phrase> = groups.into_values().filter(|phrase| phrase.conversations.len() > 1).collect();
    phrases.sort_by(|a, b| a.text.cmp(&b.text));
    phrases
}

fn add(groups: &mut HashMap<String, Phrase>, text: String, conversations: &[ConversationId]) {
    let gist = fingerprint(&text);
    if gist.is_empty() {
        return;
    }
    let phrase = groups.entry(gist).or_insert_with(|| Phrase { text, conversations: Vec::new() });
    for conversation in conversations {
        if !phrase.conversations.contains(conversation) {
            phrase.conversations.push(conversation.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::model::ItemKind;
    use crate::llm::{Asker, Told};

    fn statement(id: &str, kind: ItemKind, text: &str) -> Statement {
        Statement { id: id.into(), kind, text: text.into(), status: None, said_at: Timestamp::UNIX_EPOCH }
    }

    fn told(conversation: &str, summary: &str, statements: Vec<Statement>) -> Told {
        let conversation_id = ConversationId::parse(conversation).unwrap();
        Told { conversation_id, title: "A talk".into(), summary: summary.into(), statements }
    }

    #[test]
    fn only_statements_of_one_kind_that_differ_in_filling_words_are_the_same() {
        let known = vec![statement("c1.a", ItemKind::Goal, "I want to run 5 km.")];
        let statements = vec![
            statement("c2.b", ItemKind::Goal, "I still really want to run 5 km!"),
            statement("c2.c", ItemKind::Goal, "I want to run 10 km."),
            statement("c2.d", ItemKind::Decision, "I want to run 5 km."),
        ];

        let rolled = roll_up(&RollUp {
            asker: Asker::somebody(),
            known,
            earlier: vec![],
            told: vec![told("c2", "", statements)],
        });

        assert_eq!(rolled.same, [["c1.a", "c2.b"]]);
        assert_eq!((rolled.superseded, rolled.provider.as_str()), (vec![], PROVIDER));
    }

    #[test]
    fn conversations_that_say_the_same_are_told_once_and_others_are_left_alone() {
        let id = |name: &str| ConversationId::parse(name).unwrap();
        let earlier = vec![Phrase { text: "A talk: It rained.".into(), conversations: vec![id("c0")] }];
        let told = vec![told("c1", "It rained!", vec![]), told("c2", "It snowed.", vec![])];

        let rolled = roll_up(&RollUp { asker: Asker::somebody(), known: vec![], earlier, told });

        let together = Phrase { text: "A talk: It rained!".into(), conversations: vec![id("c1"), id("c0")] };
        assert_eq!(rolled.phrases, [together]);
    }
}
