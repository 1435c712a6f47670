//! A model that takes its time.

use std::time::Duration;

use async_trait::async_trait;
use kit::clock::SharedClock;

use super::{Answer, Model, ModelError, RollUp, RolledUp, Transcript};

/// Another model, answering no sooner than after a pause: how a slow one is rehearsed without having one.
pub struct Paced<M> {
    /// Who answers.
    pub model: M,
    /// How long each answer takes at least.
    pub pause: Duration,
    /// Whose time that is.
    pub clock: SharedClock,
}

#[async_trait]
impl<M: Model> Model for Paced<M> {
    fn is_ready(&self) -> bool {
        self.model.is_ready()
    }

    fn reconsiders(&self) -> bool {
        self.model.reconsiders()
    }

    fn prompt_version(&self) -> String {
        self.model.prompt_version()
    }

    async fn extract(&self, transcript: &Transcript) -> Result<Answer, ModelError> {
        self.pause().await;
        self.model.extract(transcript).await
    }

    async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        self.pause().await;
        self.model.summarise(roll_up).await
    }
}

impl<M> Paced<M> {
    async fn pause(&self) {
        if !self.pause.is_zero() {
            self.clock.sleep(self.pause).await;
        }
    }
}
