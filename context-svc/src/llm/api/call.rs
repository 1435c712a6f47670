//! One call: let through by the guard, put on record whatever becomes of it.

use std::sync::Arc;
use std::time::Duration;

use kit::clock::SharedClock;

use super::draft::Tokens;
use super::endpoint::Endpoint;
use super::failure::Failure;
use super::guard::Pass;
use super::reason;
use crate::domain::model::{CallOperation, CallRecord, Usage};
use crate::llm::{Asker, Ledger, ModelError};

/// On whose behalf a model is called, and what for.
#[derive(Debug, Clone)]
pub(super) struct Errand {
    pub(super) asker: Asker,
    pub(super) operation: CallOperation,
}

/// A call under way. Dropped before its end, it was given up, and is put on record as such.
pub(super) struct Call {
    /// `None` once it is over.
    open: Option<Open>,
}

struct Open {
    pass: Pass,
    /// `None` for a call on nobody's behalf, of which no record is kept.
    errand: Option<Errand>,
    endpoint: Arc<Endpoint>,
    ledger: Arc<dyn Ledger>,
    clock: SharedClock,
    began: Duration,
}

impl Call {
    pub(super) fn begin(
        pass: Pass,
        errand: Option<Errand>,
        endpoint: Arc<Endpoint>,
        (ledger, clock): (Arc<dyn Ledger>, SharedClock),
    ) -> Self {
        let began = clock.uptime();
        Self { open: Some(Open { pass, errand, endpoint, ledger, clock, began }) }
    }

    /// It brought an answer. Returns what that took.
    pub(super) async fn answered(mut self, tokens: Tokens) -> Usage {
        let Some(open) = self.open.take() else { return Usage::default() };
        let usage = tokens.usage(&open.endpoint);
        open.end(usage, None, (false, tokens.are_known)).await;
        usage
    }

    /// It brought none. Returns what it took all the same.
    pub(super) async fn failed(mut self, failure: &Failure) -> Usage {
        let Some(open) = self.open.take() else { return Usage::default() };
        let usage = failure.tokens.usage(&open.endpoint);
        if let ModelError::NotNow { until, reason, message } = &failure.error {
            open.pass.is_put_off(*until, reason, message);
        }
        // What a server refuses costs nothing. Of a connection that broke nobody knows what was consumed.
        let is_known = failure.tokens.are_known || !failure.is_down();
        open.end(usage, Some(failure.error.reason()), (failure.is_down(), is_known)).await;
        usage
    }
}

impl Open {
    async fn end(self, usage: Usage, error: Option<&'static str>, (is_down, is_known): (bool, bool)) {
        let consumed = u64::try_from(usage.input_tokens.saturating_add(usage.output_tokens)).unwrap_or_default();
        let (record, ledger) = (record(&self, usage, error), self.ledger);
        self.pass.end(is_down, is_known.then_some(consumed));
        if let Some(record) = record {
            ledger.record(record).await;
        }
    }
}

fn record(open: &Open, usage: Usage, error: Option<&'static str>) -> Option<CallRecord> {
    let errand = open.errand.as_ref()?;
    Some(CallRecord {
        user_id: errand.asker.user_id.clone(),
        conversation_id: errand.asker.conversation_id.clone(),
        operation: errand.operation,
        provider: open.endpoint.provider.clone(),
        model: open.endpoint.model.clone(),
        ended_at: open.clock.now(),
        took: open.clock.uptime().saturating_sub(open.began),
        usage,
        error,
    })
}

impl Drop for Call {
    fn drop(&mut self) {
        let Some(open) = self.open.take() else { return };
        let usage = Usage { calls: 1, ..Usage::default() };
        let Some(record) = record(&open, usage, Some(reason::NO_ANSWER)) else { return };
        let ledger = open.ledger.clone();
        // Outside of a runtime the process is about to end.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { ledger.record(record).await });
        }
    }
}
