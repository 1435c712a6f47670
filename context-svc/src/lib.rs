//! The memory of a chat or coaching application: conversations in, goals, decisions and insights out.
//!
//! Data flows one way: `grpc → domain → store | llm`.
//! The domain knows neither transport nor database; [`app`] is where the parts meet.

pub mod app;
pub mod config;
pub mod domain;
#[cfg(fuzzing)]
pub mod fuzzing;
mod grpc;
pub mod llm;
pub mod lookout;
pub mod metrics;
mod models;
pub mod queue;
pub mod store;
pub mod upkeep;

pub use app::App;
pub use config::Config;
pub use grpc::{SERVICES, check_talk, check_verdict};
