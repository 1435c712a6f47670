//! What the service is about. Names no transport, no database and no model provider.

pub mod append;
pub mod conversations;
pub mod converse;
pub mod erase;
pub mod export;
pub mod extract;
pub mod follow_ups;
pub mod import;
pub mod model;
pub mod operate;
pub mod recall;
pub mod reread;
pub mod schedule;
pub mod search;
pub mod secrets;
pub mod spend;
pub mod summarise;
pub mod verdicts;
pub mod watch;
