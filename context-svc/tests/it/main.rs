//! context-svc from outside: what its callers see over gRPC.

mod append;
mod chat;
mod chat_reply;
mod delete;
mod erase;
mod export;
mod follow_ups;
mod import;
mod inputs;
mod liveness;
mod memory;
mod model_output;
mod operators;
mod reread;
mod search;
mod summary;
mod usage;
mod verdicts;
mod watch;
mod world;
