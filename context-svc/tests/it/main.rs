//! context-svc from outside: what its callers see over gRPC.

mod append;
mod chat;
mod delete;
mod erase;
mod inputs;
mod liveness;
mod memory;
mod operators;
mod summary;
mod watch;
mod world;
