//! A small language in which the promises are told as stories.
//!
//! [`World`] runs the real services in one process on SQLite files, with a scripted model and a clock that can be moved;
//! [`Processes`] runs the real programs, to be killed, by hand or by [`killing`]. Both are spoken to through the
//! gateway, as a browser would. [`Chaos`] stands between two services.

mod chaos;
pub mod dice;
pub mod killing;
pub mod latency;
pub mod machine;
mod model;
mod processes;
mod store;
mod user;
mod world;

pub use chaos::{Chaos, Mode};
pub use model::ScriptedModel;
pub use processes::{Processes, Resident, Service, beside_the_tests, program};
pub use user::User;
pub use world::{World, eventually};
