//! auth-svc: accounts, login sessions, tokens, and logging out in milliseconds.
//!
//! Data flows one way: `grpc → domain → store`, and beside it `relay`, which passes ended sessions on to context-svc.

pub mod app;
pub mod config;
pub mod domain;
mod grpc;
pub mod lookout;
pub mod metrics;
pub mod relay;
pub mod store;

pub use app::App;
pub use config::Config;
pub use grpc::SERVICES;
