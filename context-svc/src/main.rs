//! context-svc as a process of its own.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use context_svc::config::ENV_PREFIX;
use context_svc::{App, Config};
use kit::clock::SystemClock;
use kit::lifecycle::Lifecycle;
use kit::process::{self, Failure, SettingsArgs};
use kit::serve::{self, GrpcServer};

/// Conversations, the extraction queue and the memory of Afterword.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    settings: SettingsArgs,
}

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    process::exit("context-svc", run(process::arguments()).await)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    // First: reading the settings takes a while, too.
    let lifecycle = Lifecycle::new();
    let asked_to_end = lifecycle.signals()?;
    let config: Config = arguments.settings.load(ENV_PREFIX)?;
    kit::telemetry::init(config.log_format, &config.log_filter);
    tracing::info!(config = kit::config::in_force(&config), "context-svc starts");

    let grpc = serve::bind("listen", &config.listen).await?;
    let admin = serve::bind("admin_listen", &config.admin_listen).await?;
    let auth_svc = serve::channel(&config.auth_svc)?;
    let (drain, reflection) = (*config.drain, config.reflection);

    let app = App::open(config, Arc::new(SystemClock), &lifecycle).await?;
    let mut server = GrpcServer::new(app.routes(), app.health()).await;
    if reflection {
        server = server.with_reflection(&[proto::DESCRIPTOR_SET], context_svc::SERVICES)?;
    }
    serve::admin(admin, app.health(), vec![app.registry().clone()], &lifecycle);
    server.serve(grpc, &lifecycle);
    app.start(auth_svc);

    asked_to_end.await;
    app.drain_begins();
    lifecycle.shutdown(drain).await;
    app.close().await;
    Ok(())
}
