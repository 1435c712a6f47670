//! What goes on beside requests and extractions: erasing, forgetting what is old, and trying again after an outage.
//!
//! Every step is small and durable by itself, so that a crash between any two loses nothing and nobody waits long.

mod erasing;
mod janitor;
mod probe;
mod settings;

pub use erasing::Eraser;
pub use janitor::Janitor;
pub use probe::probe;
pub use settings::UpkeepSettings;

/// How many rows one write may touch: others wait for it, about ten milliseconds if these are large conversations.
const ROWS: usize = 100;

#[cfg(test)]
mod tests;
