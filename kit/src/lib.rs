//! What the three services share, and nothing of what any of them is about.
//!
//! A module is admitted when two services use it and it has no word of the domain in it.

pub mod authn;
pub mod clock;
pub mod config;
pub mod error;
pub mod failpoint;
pub mod id;
pub mod lifecycle;
pub mod process;
pub mod retry;
pub mod serve;
pub mod sqlite;
pub mod status;
pub mod telemetry;
