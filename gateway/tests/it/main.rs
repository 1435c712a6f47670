//! The gateway from outside: bytes in, bytes out, real gRPC behind.

mod chat;
mod dynamic;
mod failures;
mod scripted_chat;
mod shop;
mod socket;
mod streaming;
mod tokens;
mod transcoding;
// The example that runs case files shares it, and measures more.
#[allow(dead_code)]
mod wire;
