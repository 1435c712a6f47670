//! The bounded set of workers that takes durable jobs from the store, one for each free slot.
//!
//! Knows nothing of what a job is about: a [`Processor`] does the work, the store keeps the outcome.

mod running;
mod settings;
mod sweep;
mod worker;

pub use crate::domain::model::{Failure, Processor};
pub use settings::QueueSettings;
pub use sweep::sweep;
pub use worker::Queue;

#[cfg(test)]
mod tests;
