//! HTTP, up to the point where a rule is known and after an answer is.
//!
//! - [`server`]: connections; [`access`]: request ids and the access log; [`cors`]: who may read answers in a browser.
//! - [`transcoded`]: the one handler behind every rule.
//! - `error`: the only writer of failures.

pub mod access;
pub mod body;
pub mod cors;
mod error;
mod error_details;
pub mod guard;
pub mod headers;
pub mod server;
mod stream;
pub mod transcoded;
