//! REST to gRPC and back, by the `google.api.http` rules of a descriptor set.
//!
//! - [`table`]: which rule a request means; [`rule`] and [`template`] are what it is made of.
//! - [`request`]: the message that the rule's method is called with, from [`json`], `query` and path.
//! - [`response`]: the HTTP body that its answer becomes.
//! - [`codec`]: how both travel without generated code.
//!
//! It must not know connections, headers that are forwarded, or who is calling.

pub mod codec;
mod escape;
mod field;
pub mod json;
mod mask;
mod position;
mod query;
pub mod request;
pub mod response;
pub mod rule;
mod strict;
pub mod table;
pub mod template;

pub use escape::EscapeError;
pub use query::bind_query;
pub use table::{Found, Table};
