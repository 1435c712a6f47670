//! The bounded set of workers that takes durable jobs from the store, one for each free slot.
//!
//! Knows nothing of what a job is about: a [`Processor`] does the work, the store keeps the outcome.

mod keeping;
mod running;
mod settings;
mod summaries;
mod summary_run;
mod sweep;
mod worker;

pub use crate::domain::model::{Failure, Processor, Summariser};
pub use settings::{QueueSettings, SummarySettings};
pub use summaries::Summaries;
pub use sweep::sweep;
pub use worker::Queue;

#[cfg(test)]
mod tests;
