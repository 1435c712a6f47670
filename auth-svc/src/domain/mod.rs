//! What logging in, staying logged in and logging out mean.
//!
//! Knows neither transport nor database: requests come in as commands, the store behind traits, the time as an argument.

pub mod account;
pub mod admission;
pub mod audit;
pub mod check_session;
pub mod feed;
pub mod hashing;
pub mod keys;
pub mod login;
pub mod logout;
pub mod password;
pub mod refresh;
pub mod refresh_token;
pub mod register;
pub mod revoke;
pub mod session;
pub mod sessions;
pub mod token;
pub mod vault;
