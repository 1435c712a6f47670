//! context-svc from outside: what its callers see over gRPC.

mod append;
mod chat;
mod inputs;
mod memory;
mod world;
