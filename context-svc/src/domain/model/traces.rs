//! Which requests a job is worked on for.

use std::fmt;

use kit::telemetry::trace::TraceContext;
use serde::{Deserialize, Serialize};

/// How many are kept. A job that waits through an outage may be asked for without end.
const KEPT_MAX: usize = 8;

/// The traces of the triggers that merged into a job, in the order they came: each once, the newest of many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Traces(Vec<TraceContext>);

impl Traces {
    /// Adds the trace of one more trigger, if it has one. Says whether that changed anything.
    pub fn add(&mut self, trace: Option<TraceContext>) -> bool {
        let Some(trace) = trace.filter(|trace| !self.0.contains(trace)) else { return false };
        if self.0.len() == KEPT_MAX {
            self.0.remove(0);
        }
        self.0.push(trace);
        true
    }

    /// The traces.
    pub fn iter(&self) -> impl Iterator<Item = &TraceContext> {
        self.0.iter()
    }
}

impl From<Option<TraceContext>> for Traces {
    fn from(first: Option<TraceContext>) -> Self {
        Self(first.into_iter().collect())
    }
}

/// The trace ids with a space between, as a log line carries them.
impl fmt::Display for Traces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, trace) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{}", trace.trace_id())?;
        }
        Ok(())
    }
}
