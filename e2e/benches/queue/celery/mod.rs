//! Celery with Redis as its broker, as found on this machine: on loopback, on a port of its own, with its data on the same disk.
//!
//! Nothing is installed from here. What is missing is named, with the commands that bring it.

mod broker;
mod kill;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use e2e::latency::Latencies;
use kit::process::Failure;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::process::Command;

pub(super) use broker::{Broker, Durability};
pub(super) use kill::Care;

/// Python with Celery, and Redis.
pub(super) struct Celery {
    python: PathBuf,
    redis_server: PathBuf,
    /// Where brokers keep their data: on the disk of the services' stores.
    programs: PathBuf,
    /// Which versions were found.
    pub(super) versions: Value,
}

/// What `delay.py` prints.
#[derive(Deserialize)]
struct Delayed {
    seconds: f64,
    latencies_us: Vec<u64>,
    failed: u64,
}

impl Celery {
    /// Looks for both. The error says what to install.
    pub(super) async fn find(programs: &Path, python: Option<PathBuf>, redis_server: PathBuf) -> Result<Self, String> {
        let environment = programs.parent().unwrap_or(programs).join("celery");
        let python = python.unwrap_or_else(|| environment.join("bin/python"));
        let ask =
            "import celery, redis, platform; print(celery.__version__, redis.__version__, platform.python_version())";
        let found = output(Command::new(&python).args(["-c", ask])).await.map_err(|error| {
            format!(
                "no Celery: {} says: {error}; run `python3 -m venv {env} && {env}/bin/pip install 'celery[redis]'`, \
                 or name another with --python",
                python.display(),
                env = environment.display()
            )
        })?;
        let redis = output(Command::new(&redis_server).arg("--version")).await.map_err(|error| {
            format!(
                "no Redis: {} says: {error}; run `apt-get install redis-server`, or name it with --redis-server",
                redis_server.display()
            )
        })?;
        let mut words = found.split_whitespace();
        let redis = redis.split_whitespace().find_map(|word| word.strip_prefix("v=")).unwrap_or("unknown");
        let versions =
            json!({"celery": words.next(), "redis_py": words.next(), "python": words.next(), "redis": redis});
        Ok(Self { python, redis_server, programs: programs.to_owned(), versions })
    }

    /// A running broker.
    pub(super) async fn broker(&self, durability: Durability) -> Result<Broker, Failure> {
        Broker::start(&self.redis_server, &self.programs, durability).await
    }

    /// Calls `.delay()` that often, from that many processes.
    pub(super) async fn delay(&self, broker: &Broker, clients: usize, calls: usize) -> Result<Latencies, Failure> {
        let mut command = self.python(broker);
        command.arg("delay.py").args([clients.to_string(), calls.to_string()]);
        let delayed: Delayed = serde_json::from_str(&output(&mut command).await?)?;
        let mut latencies = Latencies::default();
        for micros in delayed.latencies_us {
            latencies.record_micros(micros);
        }
        for _ in 0..delayed.failed {
            latencies.record_failure();
        }
        Ok(latencies.in_time(Duration::from_secs_f64(delayed.seconds)))
    }

    fn python(&self, broker: &Broker) -> Command {
        let mut command = Command::new(&self.python);
        let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/queue/celery");
        command.current_dir(scripts).env("BROKER", broker.url()).env("PYTHONDONTWRITEBYTECODE", "1");
        command.stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}

async fn output(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().await?;
    if output.status.success() {
        return Ok(String::from_utf8(output.stdout)?);
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(complaint.lines().last().unwrap_or("it failed in silence").to_owned().into())
}
