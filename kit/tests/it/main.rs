//! What `kit` promises to the services, seen from outside.

mod auth_follow;
mod auth_gate;
mod auth_keys;
mod auth_text;
mod auth_tokens;
mod auth_trust;
mod forge;
