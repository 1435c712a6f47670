//! Counting what happens, for a page that Prometheus reads.
//!
//! A service declares its metrics as constants ([`Declared`]), makes the instruments from one [`Registry`] and counts where
//! the event is decided. Nothing is global: two services of one process, or twenty worlds of one test program, count apart.
//! Which names there are, and what they mean, is the services' business.

mod declared;
mod instrument;
mod registry;
mod rpc;

pub use declared::{Declared, MetricKind, SECONDS};
pub use instrument::{Counter, Gauge, Histogram, Level, Raised};
pub use opentelemetry::Value;
pub use registry::{Registry, page};
pub use rpc::RpcMeter;

/// What every service counts: these are the same everywhere.
pub const SHARED: &[&Declared] = &[&registry::BUILD, &registry::PART_READY, &registry::PART_DEGRADED];

/// What every service with a gRPC server counts besides.
pub const SHARED_BY_GRPC: &[&Declared] = &[&rpc::DURATION];

#[cfg(test)]
mod tests;
