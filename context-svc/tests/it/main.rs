//! context-svc from outside: what its callers see over gRPC.

mod append;
mod chat;
mod delete;
mod erase;
mod inputs;
mod liveness;
mod memory;
mod model_output;
mod operators;
mod reread;
mod summary;
mod usage;
mod verdicts;
mod watch;
mod world;
