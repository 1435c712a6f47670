//! Builds the models that the settings name, the preferred first.

use std::sync::Arc;

use kit::clock::SharedClock;

use crate::config::Config;
use crate::llm::api::{Client, EndpointError, Guard};
use crate::llm::local::Local;
use crate::llm::measured::{Measured, Streak};
use crate::llm::paced::Paced;
use crate::llm::remote::{Remote, RemoteCoach};
use crate::llm::{Coach, Ledger, Model, ModelSettings, Provider, Readers};
use crate::metrics::Metrics;

/// Who spares the providers. Two models of one server fail together and share its limits; but who waits for the next word must
/// not wait for extractions, nor they for those who talk.
pub(crate) struct Guards {
    model: Arc<Guard>,
    fallback: Arc<Guard>,
    chat: Arc<Guard>,
}

impl Guards {
    pub(crate) fn new(config: &Config, clock: &SharedClock) -> Self {
        let place = |settings: &ModelSettings| (settings.provider, settings.url.clone());
        let another = || Guard::new(&config.guard, clock.clone());
        let (model, fallback, chat) = (place(&config.model), place(&config.fallback), place(&config.chat.model()));
        let of_model = another();
        let of_fallback = if fallback == model { of_model.clone() } else { another() };
        let of_provider = match chat {
            chat if chat == model => of_model.clone(),
            chat if chat == fallback => of_fallback.clone(),
            _ => another(),
        };
        let of_chat = of_provider.beside(config.chat.concurrency);
        Self { model: of_model, fallback: of_fallback, chat: of_chat }
    }
}

/// What all models share.
pub(crate) struct Workshop {
    pub(crate) clock: SharedClock,
    pub(crate) ledger: Arc<dyn Ledger>,
    pub(crate) metrics: Metrics,
    pub(crate) streak: Streak,
}

impl Workshop {
    /// The model of the settings, and the one to fall back on if there is one.
    pub(crate) fn readers(&self, config: &Config, guards: &Guards) -> Result<Readers, EndpointError> {
        let first = self.model(&config.model, config, guards.model.clone())?;
        let fallback = self.model(&config.fallback, config, guards.fallback.clone())?;
        Ok(Readers::new(first.unwrap_or_else(|| Arc::new(Local)), fallback))
    }

    /// Who answers in talks, if anybody.
    pub(crate) fn coach(&self, config: &Config, guards: &Guards) -> Result<Option<Arc<dyn Coach>>, EndpointError> {
        let Some(endpoint) = config.chat.model().endpoint() else { return Ok(None) };
        let client = Client::new(endpoint, guards.chat.clone(), self.clock.clone(), self.ledger.clone())?;
        Ok(Some(Arc::new(RemoteCoach::new(client, config.chat.provider.name()))))
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
