//! Afterword in one process, and its command line.
//!
//! Owns nothing: [`world`] composes the three services, [`commands`] are what an operator types, [`client`] speaks to the
//! gateway as a browser would.

pub mod client;
pub mod commands;
pub mod config;
pub mod world;

pub use config::Config;
