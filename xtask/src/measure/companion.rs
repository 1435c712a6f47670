//! What becomes of whole conversations with a companion, read one after the other for each user.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use context_svc::domain::model::{Item, Role};
use context_svc::llm::local::Local;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::service::{Extracted, Turn, key};
use super::{Service, rounded, text};
use crate::Failure;

/// When in the day a conversation begins.
const HOUR: i8 = 18;

/// When everything has been said.
const LATER: Timestamp = Timestamp::constant(4_000_000_000, 0);

#[derive(Deserialize)]
struct Conversation {
    user: String,
    conversation_id: String,
    date: Date,
    messages: Vec<Said>,
}

#[derive(Deserialize)]
struct Said {
    role: String,
    text: String,
}

/// What all conversations came to.
#[derive(Debug, Default, Serialize)]
pub(super) struct Report {
    conversations: usize,
    items: usize,
    items_per_conversation: Spread,
    by_kind: BTreeMap<String, usize>,
    /// Items with a time.
    due: usize,
    /// Conversations without an item.
    empty: usize,
    /// Proposed items that did not hold, by reason.
    dropped: BTreeMap<String, i64>,
}

#[derive(Debug, Default, Serialize)]
struct Spread {
    mean: f64,
    max: usize,
}

pub(super) async fn measure(file: &Path, show: usize) -> Result<Report, Failure> {
    let text = text(file)?;
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let stride = lines.len().checked_div(show).unwrap_or(0).max(1);
    let service = Service::start(Arc::new(Local), LATER).await?;
    let mut report = Report::default();
    for (place, line) in lines.iter().enumerate() {
        let conversation: Conversation = serde_json::from_str(line)?;
        report.conversations += 1;
        let extracted = extract(&service, &conversation).await?;
        let Some(extracted) = extracted else {
            report.empty += 1;
            continue;
        };
        report.count(&extracted);
        if place % stride == 0 && place / stride < show {
            show_conversation(&conversation, &extracted);
        }
    }
    report.items_per_conversation.mean = rounded(report.items as f64 / report.conversations.max(1) as f64);
    Ok(report)
}

async fn extract(service: &Service, conversation: &Conversation) -> Result<Option<Extracted>, Failure> {
    // Names of users may hold anything, their ids may not.
    let user: String = conversation.user.bytes().map(|byte| format!("{byte:02x}")).collect();
    let id: String = conversation.conversation_id.bytes().map(|byte| format!("{byte:02x}")).collect();
    let key = key(&user, &id)?;
    let begun = conversation.date.at(HOUR, 0, 0, 0).in_tz("UTC")?.timestamp();
    for (minutes, said) in (0_i64..).zip(&conversation.messages) {
        let role = Role::parse(&said.role).ok_or_else(|| format!("{:?} is no role", said.role))?;
        let turn = Turn { role, text: said.text.clone(), at: begun + minutes.minutes() };
        service.says(&key, Some("UTC"), turn).await?;
    }
    service.extract(&key).await
}

impl Report {
    fn count(&mut self, extracted: &Extracted) {
        let items = &extracted.context.items;
        self.items += items.len();
        self.items_per_conversation.max = self.items_per_conversation.max.max(items.len());
        self.due += items.iter().filter(|item| item.due.is_some()).count();
        self.empty += usize::from(items.is_empty());
        for item in items {
            *self.by_kind.entry(item.kind.to_string()).or_default() += 1;
        }
        for (reason, count) in &extracted.dropped {
            *self.dropped.entry(reason.clone()).or_default() += count;
        }
    }
}

fn show_conversation(conversation: &Conversation, extracted: &Extracted) {
    println!("=== {} · {:?}", conversation.conversation_id, extracted.context.title);
    for (seq, said) in (1..).zip(&conversation.messages) {
        println!("{seq:>3} {}: {}", said.role, said.text);
    }
    for Item { kind, text, evidence, due, .. } in &extracted.context.items {
        let quotes: Vec<String> = evidence.iter().map(|found| format!("{}: {}", found.seq, found.quote)).collect();
        let due = due.as_ref().map(|due| format!(" · due {:?} {:?}", due.phrase, due.local_date)).unwrap_or_default();
        println!("  → {kind} {text} [{}]{due}", quotes.join(" | "));
    }
    println!();
}
