//! What calls of models cost, and no more than may be.
//!
//! Knows no provider and no price: whoever calls says what a call took.

mod settings;

#[cfg(test)]
mod tests;

use std::error::Error;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::Offset;
use jiff::{Span, Timestamp};
use kit::clock::SharedClock;
use kit::id::UserId;

use super::model::{CallRecord, DayUsage, Spent, Usage, day_of};
use crate::llm::{Ledger, ModelError};
use crate::metrics::Metrics;
use crate::store::{StoreError, UsageStore};

pub use settings::{SpendSettings, Usd};

/// Why a call is not made that would go beyond a ceiling.
pub const BUDGET: &str = "BUDGET";

/// Keeps the books. Clones share them.
#[derive(Clone)]
pub struct Spending {
    store: Arc<dyn UsageStore>,
    clock: SharedClock,
    settings: SpendSettings,
    metrics: Option<Metrics>,
}

impl Spending {
    /// Books in `store` under the ceilings of `settings`.
    pub fn new(store: Arc<dyn UsageStore>, clock: SharedClock, settings: SpendSettings) -> Self {
        Self { store, clock, settings, metrics: None }
    }

    /// The same, counting where the store fails.
    pub fn counted(self, metrics: Metrics) -> Self {
        Self { metrics: Some(metrics), ..self }
    }

    /// Tokens that one user may consume a day; 0 for as many as it takes.
    pub fn user_tokens_per_day(&self) -> u64 {
        self.settings.user_tokens_per_day
    }

    /// What a user consumed on each of the last `days` days in UTC, today included, the latest first; without days on which that
    /// was nothing.
    pub async fn by_day(&self, user: &UserId, days: u32) -> Result<Vec<DayUsage>, StoreError> {
        let today = day_of(self.clock.now());
        let back = Span::new().try_days(days.saturating_sub(1)).ok();
        let first = back.and_then(|back| today.checked_sub(back).ok()).unwrap_or(Date::MIN);
        self.store.list_usage(user, first, today).await
    }

    fn has_ceiling(&self) -> bool {
        self.settings != SpendSettings::default()
    }

    /// The ceiling that is reached, in words; `None` if none is.
    fn reached(&self, spent: &Spent) -> Option<&'static str> {
        let SpendSettings { user_tokens_per_day, tokens_per_day, user_usd_per_day, usd_per_day } = self.settings;
        let ceilings = [
            (spent.user.tokens(), user_tokens_per_day, "the user's tokens for today are consumed"),
            (spent.user.cost_micro_usd, user_usd_per_day.as_micros(), "the user's money for today is spent"),
            (spent.all.tokens(), tokens_per_day, "the tokens for today are consumed"),
            (spent.all.cost_micro_usd, usd_per_day.as_micros(), "the money for today is spent"),
        ];
        let is_reached =
            |(spent, ceiling, _): &(i64, u64, _)| *ceiling > 0 && u64::try_from(*spent).unwrap_or(0) >= *ceiling;
        ceilings.into_iter().find(is_reached).map(|(_, _, which)| which)
    }

    fn store_failed(&self, what: &'static str) {
        if let Some(metrics) = &self.metrics {
            metrics.store_failed(what);
        }
    }
}

#[async_trait]
impl Ledger for Spending {
    /// Asks the store each time, so that a ceiling holds for all processes together. It is exceeded by as much as the calls take
    /// that are under way when it is reached. Books that cannot be read allow no call: its result could not be saved either.
    async fn may_call(&self, user: &UserId) -> Result<(), ModelError> {
        if !self.has_ceiling() {
            return Ok(());
        }
        let now = self.clock.now();
        let spent = self.store.spent(user, day_of(now)).await.map_err(|error| {
            self.store_failed("spent");
            ModelError::Unreachable { reason: "STORE_UNAVAILABLE", message: error.to_string() }
        })?;
        match self.reached(&spent) {
            None => Ok(()),
            Some(which) => {
                Err(ModelError::NotNow { until: next_day(now), reason: BUDGET, message: format!("{which} (UTC)") })
            }
        }
    }

    async fn record(&self, call: CallRecord) {
        if let Err(error) = self.store.record_call(&call).await {
            self.store_failed("call");
            let Usage { input_tokens, output_tokens, cost_micro_usd, .. } = call.usage;
            tracing::error!(
                error = &error as &dyn Error,
                input_tokens,
                output_tokens,
                cost_micro_usd,
                "a call of the model is not on record"
            );
        }
    }
}

/// When the day in UTC after that of `now` begins.
fn next_day(now: Timestamp) -> Timestamp {
    let tomorrow = day_of(now).tomorrow().unwrap_or(Date::MAX);
    Offset::UTC.to_timestamp(tomorrow.at(0, 0, 0, 0)).unwrap_or(Timestamp::MAX)
}
