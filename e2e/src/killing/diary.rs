//! What the workers themselves believe they did: read from the log of context-svc, which may lack its last line.

use std::collections::BTreeMap;

use serde_json::Value;

/// The log of context-svc, as far as it is about jobs.
#[derive(Debug, Clone, Default)]
pub(super) struct Diary {
    /// How often a model was asked.
    pub(super) model_calls: u64,
    /// How often a result came too late.
    pub(super) leases_lost: u64,
    /// Results that a worker was told are saved.
    pub(super) believed: Vec<Believed>,
}

/// A result that a worker was told is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Believed {
    pub(super) conversation: String,
    pub(super) fence: i64,
    pub(super) seq: i64,
}

impl Diary {
    pub(super) fn read(log: &str) -> Self {
        let mut diary = Self::default();
        for line in log.lines() {
            let Ok(line) = serde_json::from_str::<BTreeMap<String, Value>>(line) else { continue };
            match line.get("message").and_then(Value::as_str) {
                Some("the model is asked") => diary.model_calls += 1,
                Some("extraction finished") => diary.finished(&line),
                _ => {}
            }
        }
        diary
    }

    fn finished(&mut self, line: &BTreeMap<String, Value>) {
        if line.get("committed").and_then(Value::as_str) == Some("LeaseLost") {
            self.leases_lost += 1;
            return;
        }
        let span = &line["span"];
        self.believed.push(Believed {
            conversation: span["conversation.id"].as_str().unwrap_or_default().to_owned(),
            fence: span["job.fence"].as_i64().unwrap_or_default(),
            seq: line["seq"].as_i64().unwrap_or_default(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_workers_did_is_read_from_their_log_whatever_else_is_in_it() {
        let log = r#"
            {"message":"the model is asked","span":{"conversation.id":"k0-1","job.fence":2,"name":"job"}}
            {"message":"extraction finished","committed":"Done","seq":4,"span":{"conversation.id":"k0-1","job.fence":2}}
            {"message":"extraction finished","committed":"LeaseLost","seq":4,"span":{"conversation.id":"k0-1","job.fence":1}}
            {"message":"extraction fini"#;

        let diary = Diary::read(log);

        assert_eq!((diary.model_calls, diary.leases_lost), (1, 1));
        assert_eq!(diary.believed, [Believed { conversation: "k0-1".into(), fence: 2, seq: 4 }]);
    }
}
