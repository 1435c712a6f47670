//! A client of chat models over HTTP. It knows how models are asked, and nothing of what they are asked.
//!
//! [`Client`] asks one model of one server. What the server refuses of a request is left out from then on; what the network loses
//! is asked for once more; everything else is said with a stable [`reason`] and left to whoever asked. Before every call the
//! ledger says whether it may be paid, and the [`Guard`] of the provider whether it is time.

mod anthropic;
mod call;
mod client;
mod diagnosis;
mod draft;
mod endpoint;
mod events;
mod failure;
mod guard;
mod http;
mod line;
mod manner;
mod openai;
mod opened;
mod prompt;
pub mod reason;
mod reply;
mod retry_after;

#[cfg(test)]
pub(crate) mod tests;

pub use client::Client;
pub use endpoint::{Api, Endpoint, Price, base_url};
pub use guard::{Guard, GuardSettings};
pub use http::EndpointError;
pub use prompt::{Form, Prompt, Speaker, Turn};
pub use reply::{Delta, End, OutputMode, Probe, Reply};
