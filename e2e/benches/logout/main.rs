//! How long logging out takes: three processes over loopback, release build, every acknowledged write on disk.
//!
//! `cargo xtask bench logout` runs it and prints one JSON object. All figures come from one run, because machines differ and
//! change: healthy, context-svc killed, context-svc frozen, a model that takes a minute, then as fast as 16 clients can, then
//! how long a caller waits who stays until the extraction is done, as the application did that this product replaces.
#![allow(missing_docs, reason = "a program, not an interface")]

mod awaited;
mod load;
mod seed;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use e2e::machine::{cores, fdatasync_ms};
use e2e::{Processes, Service};
use kit::process::Failure;
use load::{Measured, Post};
use seed::Seeds;
use serde_json::{Value, json};

/// Latency of `POST /api/v1/auth/logout`.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench logout")]
struct Arguments {
    /// How long each open loop lasts, in seconds.
    #[arg(long, default_value_t = 15)]
    seconds: u32,
    /// Logouts a second in the open loops.
    #[arg(long, default_value_t = 200)]
    rate: u32,
    /// Logouts of the closed loop.
    #[arg(long, default_value_t = 20_000)]
    closed: usize,
    /// Clients of the closed loop.
    #[arg(long, default_value_t = 16)]
    clients: usize,
    /// Given by `cargo bench`.
    #[arg(long, hide = true)]
    bench: bool,
}

/// Connections of an open loop: enough that a slow answer does not delay the next request.
const CONNECTIONS: usize = 64;

/// Sessions used up before measuring, so that the services' own connections and caches are warm.
const WARM_UP: usize = 500;

/// Logouts whose extraction the caller awaits, with each model.
const AWAITED: usize = 9;

/// The one answer that counts: logout says 200 to anybody.
const EXPECTED: &str = r#"{"revoked":true,"extraction":"SCHEDULED"}"#;

#[tokio::main]
async fn main() -> ExitCode {
    kit::authn::install_crypto();
    kit::process::exit("bench logout", run(Arguments::parse()).await)
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let phase = (arguments.rate * arguments.seconds) as usize;
    let settings = [
        (Service::Auth, "access_ttl=1h"),
        (Service::Context, "access_ttl_max=1h"),
        (Service::Auth, "log_filter=warn"),
        (Service::Context, "log_filter=warn"),
        (Service::Gateway, "log_filter=warn"),
        // What a killed process had claimed is due again after this.
        (Service::Context, "queue.lease=5s"),
        (Service::Context, "queue.heartbeat=1s"),
        (Service::Context, "schedule.depth=100000"),
    ];
    let mut world = Processes::new(&programs()?, &settings);
    let seeds = Seeds { users: 200, sessions: WARM_UP + 5 * phase + arguments.closed + 2 * AWAITED };
    let seeded = seed::seed(&world, &seeds).await?;
    let mut sessions = seeded.sessions();
    world.launch_all().await;
    let logout = Post { authority: world.authority(), path: "/api/v1/auth/logout", expected: EXPECTED };

    let open = async |tokens: Vec<String>| logout.open_loop(&tokens, arguments.rate, CONNECTIONS).await;
    open(sessions.take(WARM_UP)).await?;
    let healthy = open(sessions.take(phase)).await?;
    // Each phase begins with an empty outbox and an empty queue.
    let mut settled = seeded.until_extracted(&world, 0..WARM_UP + phase).await?;

    world.kill(Service::Context).await;
    let killed = open(sessions.take(phase)).await?;
    world.launch(Service::Context).await;
    settled += seeded.until_extracted(&world, WARM_UP + phase..WARM_UP + 2 * phase).await?;

    world.freeze(Service::Context);
    let frozen = open(sessions.take(phase)).await?;
    world.thaw(Service::Context);
    settled += seeded.until_extracted(&world, WARM_UP + 2 * phase..WARM_UP + 3 * phase).await?;

    relaunch(&mut world, "local_pause=60s").await;
    let slow_model = open(sessions.take(phase)).await?;
    relaunch(&mut world, "local_pause=0s").await;
    settled += seeded.until_extracted(&world, WARM_UP + 3 * phase..WARM_UP + 4 * phase).await?;

    // Once more, because a machine drifts: the others are compared with the mean of both.
    let healthy_again = open(sessions.take(phase)).await?;
    settled += seeded.until_extracted(&world, WARM_UP + 4 * phase..WARM_UP + 5 * phase).await?;

    let before = processor_seconds(&world)?;
    let closed = logout.closed_loop(&sessions.take(arguments.closed), arguments.clients).await?;
    let all = WARM_UP + 5 * phase + arguments.closed;
    settled += seeded.until_extracted(&world, WARM_UP + 5 * phase..all).await?;
    let after = processor_seconds(&world)?;
    let processor_ms = |n: usize| round((after[n] - before[n]) * 1000.0 / arguments.closed as f64);

    let awaited_local = awaited::measure(&world, &seeded.awaited(all, AWAITED)).await?;
    relaunch(&mut world, "local_pause=5s").await;
    let awaited_slow = awaited::measure(&world, &seeded.awaited(all + AWAITED, AWAITED)).await?;

    let ratio = |measured: &Measured, healthy: f64, of: fn(&Measured) -> f64| round(of(measured) / healthy);
    let (p50, p99) = (mean(&healthy, &healthy_again, |m| m.p50_ms), mean(&healthy, &healthy_again, |m| m.p99_ms));
    let against_healthy = |measured: &Measured| json!({"p50": ratio(measured, p50, |m| m.p50_ms), "p99": ratio(measured, p99, |m| m.p99_ms)});
    let report = json!({
        "rate": arguments.rate,
        "open_loop": {
            "healthy": healthy, "killed": killed, "frozen": frozen, "model_60s": slow_model, "healthy_again": healthy_again,
        },
        "against_healthy": {
            "killed": against_healthy(&killed), "frozen": against_healthy(&frozen), "model_60s": against_healthy(&slow_model),
        },
        "closed_loop": {
            "clients": arguments.clients, "result": closed,
            "processor_ms_a_logout_with_its_extraction": {
                "auth_svc": processor_ms(0), "context_svc": processor_ms(1), "gateway": processor_ms(2),
            },
        },
        "extracted_afterwards": {"extracted": settled, "missing": all - settled},
        "awaited_by_the_caller": {
            "local_reader_p50_ms": round(awaited_local), "model_5s_p50_ms": round(awaited_slow),
            "times_slower_with_local_reader": round(awaited_local / p50),
            "times_slower_with_model_5s": round(awaited_slow / p50),
        },
        "machine": {"cores": cores(), "fdatasync_ms": round(fdatasync_ms(world.data())?)},
    });
    println(&report);
    let failed: u64 =
        [&healthy, &killed, &frozen, &slow_model, &healthy_again, &closed].iter().map(|run| run.failed).sum();
    let missing = all - settled;
    if failed == 0 && missing == 0 {
        Ok(())
    } else {
        Err(format!("{failed} logouts failed, {missing} extractions are missing").into())
    }
}

async fn relaunch(world: &mut Processes, setting: &str) {
    world.kill(Service::Context).await;
    world.set(Service::Context, setting);
    world.launch(Service::Context).await;
}

/// The directory of the release build, from that of this benchmark.
fn programs() -> Result<PathBuf, Failure> {
    let this = std::env::current_exe()?;
    Ok(this.ancestors().nth(2).ok_or("a benchmark is built two levels below the programs")?.to_owned())
}

fn mean(one: &Measured, other: &Measured, of: fn(&Measured) -> f64) -> f64 {
    (of(one) + of(other)) / 2.0
}

/// Of each service, in the order of [`Service::ALL`].
fn processor_seconds(world: &Processes) -> Result<[f64; 3], Failure> {
    let mut seconds = [0.0; 3];
    for (seconds, service) in seconds.iter_mut().zip(Service::ALL) {
        *seconds = world.processor_time(service)?.as_secs_f64();
    }
    Ok(seconds)
}

fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[expect(clippy::print_stdout, reason = "the result of a benchmark")]
fn println(report: &Value) {
    println!("{report:#}");
}

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(180);
