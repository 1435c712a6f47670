//! Builds the models that the settings name, the preferred first.

use std::sync::Arc;

use kit::clock::SharedClock;

use crate::config::Config;
use crate::llm::api::{Client, EndpointError, Guard};
use crate::llm::local::Local;
use crate::llm::measured::{Measured, Streak};
use crate::llm::paced::Paced;
use crate::llm::remote::Remote;
use crate::llm::{Ledger, Model, ModelSettings, Provider, Readers};
use crate::metrics::Metrics;

/// What all models share.
pub(crate) struct Workshop {
    pub(crate) clock: SharedClock,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) metrics: Metrics,
    pub(crate) streak: Streak,
}

impl Workshop {
    /// The model of the settings, and the one to fall back on if there is one.
    pub(crate) fn readers(&self, config: &Config) -> Result<Readers, EndpointError> {
        let guard = Guard::new(&config.guard, self.clock.clone());
        // Two models of one server fail together and share its limits.
        let is_same = (config.model.provider, &config.model.url) == (config.fallback.provider, &config.fallback.url);
        let other = if is_same { guard.clone() } else { Guard::new(&config.guard, self.clock.clone()) };
        let first = self.model(&config.model, config, guard)?;
        let fallback = self.model(&config.fallback, config, other)?;
        Ok(Readers::new(first.unwrap_or_else(|| Arc::new(Local)), fallback))
    }

    /// `model`, with its calls counted.
    pub(crate) fn measured(&self, model: Arc<dyn Model>, provider: Provider) -> Arc<dyn Model> {
        let (metrics, clock, streak) = (self.metrics.clone(), self.clock.clone(), self.streak.clone());
        Arc::new(Measured { model, provider: provider.name(), metrics, clock, streak })
    }

    fn model(
        &self,
        settings: &ModelSettings,
        config: &Config,
        guard: Arc<Guard>,
    ) -> Result<Option<Arc<dyn Model>>, EndpointError> {
        let model: Arc<dyn Model> = match (settings.provider, settings.endpoint()) {
            (Provider::Local, _) => {
                Arc::new(Paced { model: Local, pause: *config.local_pause, clock: self.clock.clone() })
            }
            (_, Some(endpoint)) => {
                Arc::new(Remote::new(Client::new(endpoint, guard, self.clock.clone(), self.ledger.clone())?))
            }
            (_, None) => return Ok(None),
        };
        Ok(Some(self.measured(model, settings.provider)))
    }
}
