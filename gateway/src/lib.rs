//! The gateway: REST and WebSocket in front, gRPC behind, no data of its own.
//!
//! Every REST route comes from a descriptor set and its `google.api.http` rules; none is written by hand.
//!
//! - [`transcode`]: requests to messages and answers to bodies, by rule.
//! - [`http`]: connections, headers, who may call, and the one writer of failures over HTTP.
//! - [`ws`]: the chat socket.
//! - [`upstream`]: the services behind.
//! - [`app`]: puts them together, for a process of its own or for the all-in-one.

pub mod app;
pub mod config;
pub mod failure;
pub mod http;
pub mod metrics;
pub mod refusal;
#[cfg(test)]
mod testing;
pub mod transcode;
pub mod upstream;
pub mod ws;

pub use app::{App, Channels, StartError};
pub use config::Config;
