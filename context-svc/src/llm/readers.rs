//! The models in the order in which they are asked: the one configured, then the one to fall back on.

use std::sync::Arc;

use super::{Model, ModelError, RollUp, RolledUp, api};
use crate::domain::spend::BUDGET;

/// What we set ourselves is waited for, and no other model is asked meanwhile: what may be spent is not to be saved by reading worse.
const OUR_OWN_LIMITS: &[&str] = &[BUDGET, api::reason::TOKENS_PER_MINUTE];

/// Who may read a transcript, the preferred first.
#[derive(Clone)]
pub struct Readers(Vec<Arc<dyn Model>>);

impl Readers {
    /// `first`, and where that fails `fallback`.
    pub fn new(first: Arc<dyn Model>, fallback: Option<Arc<dyn Model>>) -> Self {
        Self(std::iter::once(first).chain(fallback).collect())
    }

    /// Whether any of them is ready.
    pub fn are_ready(&self) -> bool {
        self.0.iter().any(|model| model.is_ready())
    }

    /// Version of the prompt that the preferred one reads with now.
    pub fn prompt_version(&self) -> String {
        self.0.first().map(|model| model.prompt_version()).unwrap_or_default()
    }

    /// Each of them that is ready, in order.
    pub fn ready(&self) -> impl Iterator<Item = &Arc<dyn Model>> {
        self.0.iter().filter(|model| model.is_ready())
    }

    /// What the first of them that can answers. If none can, why the first could not: it is the one to wait for.
    pub async fn summarise(&self, roll_up: &RollUp) -> Result<RolledUp, ModelError> {
        let mut failures = Failures::default();
        for model in self.ready() {
            match model.summarise(roll_up).await {
                Ok(rolled_up) => return Ok(rolled_up),
                Err(error) => failures.note(error)?,
            }
        }
        Err(failures.first())
    }
}

/// Why the models asked so far have failed.
#[derive(Debug, Default)]
pub struct Failures(Option<ModelError>);

impl Failures {
    /// Notes why one has failed, so that the next may be asked; gives it back if the next may not.
    pub fn note(&mut self, error: ModelError) -> Result<(), ModelError> {
        if OUR_OWN_LIMITS.contains(&error.reason()) {
            return Err(error);
        }
        tracing::warn!(reason = error.reason(), "a model could not answer");
        self.0.get_or_insert(error);
        Ok(())
    }

    /// Why the first has, which is the one to wait for.
    pub fn first(self) -> ModelError {
        self.0.unwrap_or_else(ModelError::nobody)
    }
}

impl From<Arc<dyn Model>> for Readers {
    fn from(only: Arc<dyn Model>) -> Self {
        Self::new(only, None)
    }
}

impl<M: Model> From<Arc<M>> for Readers {
    fn from(only: Arc<M>) -> Self {
        Self::new(only, None)
    }
}
