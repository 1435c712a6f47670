//! What the demo found out, for people and as data.

use std::fmt::Write as _;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;
use serde_json::{Value, json};

use super::replay::{Ended, Seen};

/// What takes longer counts as this long: a minute.
const LONGEST_MICROS: u64 = 60_000_000;

/// The demo of one conversation, from talk to the next login's context.
pub(super) struct Story {
    pub(super) ended: Ended,
    pub(super) seen: Seen,
    pub(super) session_context: Value,
    pub(super) context: Value,
}

impl Story {
    pub(super) fn as_json(&self) -> Value {
        json!({
            "logout_ms": millis(self.ended.logout),
            "extraction_ms": millis(self.seen.took),
            "states": self.seen.states,
            "outcome": self.session_context["outcome"],
            "provider": self.session_context["provider"],
            "title": self.session_context["title"],
            "summary": self.session_context["summary"],
            "items": self.session_context["items"],
            "context_tokens": self.context["tokens"],
            "context": self.context["text"],
        })
    }

    /// The story as a reader wants it: what was done, how long it took, what is remembered and on what evidence.
    pub(super) fn as_text(&self) -> String {
        let mut out = String::new();
        let ended = &self.ended;
        // Writing into a String cannot fail.
        let _ =
            writeln!(out, "Said {} messages over REST and {} over the WebSocket.", ended.over_rest, ended.over_socket);
        let _ = writeln!(
            out,
            "Logged out in {:.1} ms (revoked: {}, extraction: {}).",
            millis(ended.logout),
            ended.answer["revoked"],
            text(&ended.answer["extraction"])
        );
        let causes: Vec<_> = list(&self.seen.extraction["causes"]).iter().map(text).collect();
        let _ = writeln!(
            out,
            "The job went {} in {:.0} ms (the reader is slowed down here, to be seen), asked for by {}.",
            self.seen.states.join(" → "),
            millis(self.seen.took),
            causes.join(" and ")
        );
        let context = &self.session_context;
        let _ = writeln!(out, "\nSession context, read by {}:", text(&context["provider"]));
        let _ = writeln!(out, "  {}", text(&context["title"]));
        let _ = writeln!(out, "  {}", text(&context["summary"]));
        for item in list(&context["items"]) {
            let _ = writeln!(out, "  {:<8} {}", text(&item["kind"]), text(&item["text"]));
            for evidence in list(&item["evidence"]) {
                let quote = text(&evidence["quote"]);
                let _ = writeln!(out, "           message {}: “{quote}”", text(&evidence["seq"]));
            }
        }
        let _ = writeln!(out, "\nContext for the next login ({} tokens):", self.context["tokens"]);
        for line in text(&self.context["text"]).lines() {
            let _ = writeln!(out, "  {line}");
        }
        out
    }
}

/// What became of many conversations.
#[derive(Debug, Serialize)]
pub(super) struct Tally {
    pub(super) conversations: usize,
    /// With a session context that holds at least one item.
    pub(super) extracted: usize,
    /// Nothing said, or nothing in it to remember.
    pub(super) empty: usize,
    /// Ended without a result.
    pub(super) lost: usize,
    /// Claimed more than once, so that a model may have been asked twice.
    pub(super) doubled: usize,
    pub(super) items: usize,
    pub(super) total_ms: f64,
    pub(super) logout_ms: Percentiles,
}

#[derive(Debug, Serialize)]
pub(super) struct Percentiles {
    p50: f64,
    p99: f64,
    max: f64,
}

impl Tally {
    pub(super) fn new(ended: &[Ended], total: Duration) -> Self {
        let mut logouts = Histogram::<u64>::new_with_bounds(1, LONGEST_MICROS, 3).expect("the bounds are in order");
        for one in ended {
            logouts.saturating_record(one.logout.as_micros() as u64);
        }
        let at = |quantile| logouts.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            conversations: ended.len(),
            extracted: 0,
            empty: ended.iter().filter(|talk| !talk.said_anything()).count(),
            lost: 0,
            doubled: 0,
            items: 0,
            total_ms: millis(total),
            logout_ms: Percentiles { p50: at(0.5), p99: at(0.99), max: at(1.0) },
        }
    }

    /// Counts one conversation by how its extraction ended and what it holds.
    pub(super) fn count(&mut self, seen: &Seen, session_context: &Value) {
        let state = seen.extraction["state"].as_str();
        let items = list(&session_context["items"]).len();
        match (state, items) {
            (Some("DONE"), 0) => self.empty += 1,
            (Some("DONE"), _) => self.extracted += 1,
            _ => self.lost += 1,
        }
        self.items += items;
        // Every claim raises the fence. A second one is work done twice, unless size asked for a part of the talk before.
        let claims: u64 = text(&seen.extraction["fence"]).parse().unwrap_or_default();
        let was_cut_by_size = list(&seen.extraction["causes"]).iter().any(|cause| cause == "SIZE");
        if claims > 1 && !was_cut_by_size {
            self.doubled += 1;
        }
    }

    pub(super) fn as_text(&self) -> String {
        format!(
            "{} conversations in {:.1} s: {} extracted ({} items), {} with nothing to remember, {} lost, {} doubled.\n\
             Logout took {:.1} ms at the median, {:.1} ms at p99, {:.1} ms at most.\n",
            self.conversations,
            self.total_ms / 1000.0,
            self.extracted,
            self.items,
            self.empty,
            self.lost,
            self.doubled,
            self.logout_ms.p50,
            self.logout_ms.p99,
            self.logout_ms.max
        )
    }
}

fn millis(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}
