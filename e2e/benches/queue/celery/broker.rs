//! A Redis process that keeps a Celery queue, more or less durably.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use kit::clock::monotonic;
use kit::process::Failure;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};

use crate::PATIENCE;

/// When Redis writes to disk.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Durability {
    /// Before it answers: what an acknowledged write means here, too.
    Always,
    /// Each second: the default of an append-only file.
    EverySecond,
    /// A snapshot now and then: the default of Redis, and of its Debian package.
    Snapshots,
}

impl Durability {
    /// All of them.
    pub(crate) const ALL: [Self; 3] = [Self::Always, Self::EverySecond, Self::Snapshots];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Always => "appendfsync always",
            Self::EverySecond => "appendfsync everysec",
            Self::Snapshots => "as installed",
        }
    }

    fn arguments(self) -> &'static [&'static str] {
        match self {
            Self::Always => &["--appendonly", "yes", "--appendfsync", "always"],
            Self::EverySecond => &["--appendonly", "yes", "--appendfsync", "everysec"],
            Self::Snapshots => &[],
        }
    }
}

/// A Redis, to be killed and started again on the same data.
pub(crate) struct Broker {
    program: PathBuf,
    directory: TempDir,
    port: u16,
    durability: Durability,
    running: Option<Child>,
}

impl Broker {
    /// Starts one with an empty directory beside `programs`.
    pub(super) async fn start(program: &Path, programs: &Path, durability: Durability) -> Result<Self, Failure> {
        let directory = tempfile::tempdir_in(programs)?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut broker = Self { program: program.to_owned(), directory, port, durability, running: None };
        broker.launch().await?;
        Ok(broker)
    }

    /// Starts it, again if it was killed, and waits until it has read what it kept.
    pub(super) async fn launch(&mut self) -> Result<(), Failure> {
        let mut command = Command::new(&self.program);
        command.args(["--bind", "127.0.0.1", "--port", &self.port.to_string(), "--dir"]).arg(self.directory.path());
        command.args(self.durability.arguments()).stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
        self.running = Some(command.spawn()?);
        let start = monotonic();
        while !self.answers().await {
            if start.elapsed() > PATIENCE {
                return Err("Redis does not answer".into());
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// SIGKILL.
    pub(crate) async fn kill(&mut self) {
        if let Some(mut child) = self.running.take() {
            // One that has ended by itself is as dead.
            let _ = child.kill().await;
        }
    }

    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    async fn answers(&self) -> bool {
        let ping = async {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await?;
            stream.write_all(b"PING\r\n").await?;
            let mut answer = [0; 7];
            stream.read_exact(&mut answer).await?;
            Ok::<_, std::io::Error>(&answer == b"+PONG\r\n")
        };
        ping.await.unwrap_or(false)
    }
}
