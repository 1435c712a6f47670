//! auth-svc from outside: real gRPC on a loopback port, a real SQLite file, and a stand-in for context-svc.

mod access;
mod account;
mod liveness;
mod logout;
mod metrics;
mod refresh;
mod relay;
mod trust;
mod world;
