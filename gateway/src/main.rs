//! The gateway as a process of its own.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Parser;
use gateway::app::{connect, report_trust, token_policy};
use gateway::config::ENV_PREFIX;
use gateway::upstream::Upstreams;
use gateway::{App, Channels, Config};
use kit::authn::{Keys, TrustSet, Verifier, follow};
use kit::clock::{SharedClock, SystemClock};
use kit::config::ConfigError;
use kit::lifecycle::Lifecycle;
use kit::process::{self, Failure, SettingsArgs};
use kit::serve::{self, Health, Part};

/// REST and WebSocket in front of the gRPC services of Afterword, or of anybody's.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(flatten)]
    settings: SettingsArgs,

    /// An encoded `google.protobuf.FileDescriptorSet`: its services are served instead of Afterword's, without tokens.
    #[arg(long, value_name = "FILE", requires = "upstream")]
    descriptor_set: Option<PathBuf>,

    /// Where a service of the descriptor set listens. May be repeated.
    #[arg(long, value_name = "PACKAGE.SERVICE=URI", value_parser = process::key_value, requires = "descriptor_set")]
    upstream: Vec<(String, String)>,
}

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    process::exit("gateway", run(process::arguments()).await)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    // First: reading the settings takes a while, too.
    let lifecycle = Lifecycle::new();
    let asked_to_end = lifecycle.signals()?;
    let config: Config = arguments.settings.load(ENV_PREFIX)?;
    kit::telemetry::init(config.log_format, &config.log_filter);
    tracing::info!(config = kit::config::in_force(&config), "gateway starts");

    let health = Health::new();
    let app = match arguments.descriptor_set {
        Some(file) => in_front_of_others(&config, &file, arguments.upstream, &health)?,
        None => in_front_of_our_own(&config, &health, &lifecycle)?,
    };
    let http = serve::bind("listen", &config.listen).await?;
    let admin = serve::bind("admin_listen", &config.admin_listen).await?;
    app.registry().show(&health);
    serve::admin(admin, &health, vec![app.registry().clone()], &lifecycle);
    app.serve(http, &lifecycle);

    asked_to_end.await;
    health.set("lifecycle", Part::NotReady("draining".to_owned()));
    lifecycle.shutdown(*config.drain).await;
    Ok(())
}

fn in_front_of_our_own(config: &Config, health: &Health, lifecycle: &Lifecycle) -> Result<App, Failure> {
    let internal_token = config.internal_token().map_err(ConfigError::from)?;
    let channels = Channels::connect(config)?;
    let clock: SharedClock = Arc::new(SystemClock);
    let verifier = Verifier::new(token_policy(config), Keys::new(), TrustSet::new(), clock.clone());
    let app = App::new(config, channels.clone(), verifier.clone(), clock.clone(), lifecycle)?;
    lifecycle.spawn("trust feed", follow(channels.auth, internal_token, verifier.clone(), lifecycle.clone()));
    lifecycle.spawn("readiness", report_trust(verifier, health.clone(), clock, lifecycle.clone()));
    Ok(app)
}

fn in_front_of_others(
    config: &Config,
    file: &Path,
    upstream: Vec<(String, String)>,
    health: &Health,
) -> Result<App, Failure> {
    let descriptor_set = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut upstreams = Upstreams::default();
    for (service, uri) in upstream {
        upstreams = upstreams.with(service, connect(&uri)?);
    }
    let app = App::of_descriptor_set(config, &descriptor_set, upstreams)?;
    health.set("routes", Part::Ready);
    Ok(app)
}
