//! `afterword up`: the three services in one process.

use kit::clock::SystemClock;
use kit::lifecycle::Lifecycle;
use kit::process::Failure;
use std::sync::Arc;

use super::say;
use crate::config::Config;
use crate::world::{Addresses, Ports, World};

/// Runs until SIGTERM or Ctrl-C, then drains.
pub async fn run(config: Config) -> Result<(), Failure> {
    kit::telemetry::init(config.auth.log_format, &config.auth.log_filter);
    tracing::info!(config = kit::config::in_force(&config), "afterword starts");
    let lifecycle = Lifecycle::new();
    let asked_to_end = lifecycle.signals()?;
    let ports = Ports::bind(&config).await?;
    let drain = config.drain();

    let world = World::start(config, ports, Arc::new(SystemClock), &lifecycle).await?;
    say(&welcome(&world.addresses));

    asked_to_end.await;
    world.end(drain).await;
    Ok(())
}

/// Where everything is, and a line to try it with.
pub(super) fn welcome(addresses: &Addresses) -> String {
    let Addresses { auth, context, gateway, admin } = addresses;
    format!(
        "Afterword is up.\n\
         \x20 REST and WebSocket   http://{gateway}\n\
         \x20 auth-svc (gRPC)      {auth}\n\
         \x20 context-svc (gRPC)   {context}\n\
         \x20 health               http://{admin}/readyz\n\
         Try: grpcurl -plaintext {context} list\n"
    )
}
