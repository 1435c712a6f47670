//! The three services as the processes they are in production, to be killed, stopped and started again.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use afterword::client::Client;
use kit::clock::monotonic;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// The variable that names the failpoint at which a process dies.
const DIE_AT: &str = "AFTERWORD_DIE_AT";

/// How long a service may take to become ready, or to end.
const PATIENCE: Duration = Duration::from_secs(30);

const INTERNAL_TOKEN: &str = "e2e-internal-token-of-thirty-two-bytes";

/// One of the three services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// Accounts and login sessions.
    Auth,
    /// Conversations and their memory.
    Context,
    /// REST and WebSocket.
    Gateway,
}

impl Service {
    /// All of them, in an order in which they can be started.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Context, Self::Gateway];

    /// The name of its program.
    pub fn program(self) -> &'static str {
        match self {
            Self::Auth => "auth-svc",
            Self::Context => "context-svc",
            Self::Gateway => "gateway",
        }
    }

    fn port(self) -> u16 {
        match self {
            Self::Auth => 50051,
            Self::Context => 50052,
            Self::Gateway => 8080,
        }
    }

    fn admin_port(self) -> u16 {
        match self {
            Self::Auth => 9051,
            Self::Context => 9052,
            Self::Gateway => 9080,
        }
    }
}

/// Memory that a process occupies, in bytes.
#[derive(Debug, Clone, Copy)]
pub struct Resident {
    /// At the moment.
    pub now: u64,
    /// At most so far.
    pub peak: u64,
}

/// Three processes on a loopback address of their own, with their data in a directory that goes with them.
///
/// A fixed port on a private address, rather than a free port on a shared one: a restarted service gets the same port back
/// whatever other tests do.
pub struct Processes {
    programs: PathBuf,
    directory: Arc<TempDir>,
    address: Ipv4Addr,
    settings: Vec<(Service, String)>,
    environment: BTreeMap<(Service, &'static str), String>,
    running: BTreeMap<Service, Child>,
}

impl Processes {
    /// Prepares a world of the programs in `programs`; `settings` are further `key=value` pairs for a service.
    pub fn new(programs: &Path, settings: &[(Service, &str)]) -> Self {
        Self {
            programs: programs.to_owned(),
            // Beside the programs: a temporary directory is often in memory, where a sync costs nothing.
            directory: Arc::new(tempfile::tempdir_in(programs).expect("a directory beside the programs can be made")),
            address: next_address(),
            settings: settings.iter().map(|(service, pair)| (*service, (*pair).to_owned())).collect(),
            environment: BTreeMap::new(),
            running: BTreeMap::new(),
        }
    }

    /// Prepares further processes at an address of their own, on the same data and with the same auth-svc. A context-svc among
    /// them shares its store; the first one must be set to, as well.
    pub fn beside(&self) -> Self {
        let mut beside = Self {
            programs: self.programs.clone(),
            directory: self.directory.clone(),
            address: next_address(),
            settings: self.settings.clone(),
            environment: self.environment.clone(),
            running: BTreeMap::new(),
        };
        beside.set(Service::Context, "store_shared=true");
        beside.set(Service::Context, &format!("auth_svc={}", self.endpoint(Service::Auth)));
        beside
    }

    /// Starts all three from where the tests are built, and waits until they are ready.
    pub async fn start(settings: &[(Service, &str)]) -> Self {
        let mut world = Self::new(&beside_the_tests(), settings);
        world.launch_all().await;
        world
    }

    /// Starts all three and waits until they are ready.
    pub async fn launch_all(&mut self) {
        for service in Service::ALL {
            self.spawn(service);
        }
        self.until_all_ready().await;
    }

    /// Starts one and waits until it is ready.
    pub async fn launch(&mut self, service: Service) {
        self.spawn(service);
        self.until_ready(service).await;
    }

    /// Starts one without waiting for it.
    pub fn begin(&mut self, service: Service) {
        self.spawn(service);
    }

    /// Waits until each of them is ready.
    pub async fn until_all_ready(&mut self) {
        for service in Service::ALL {
            self.until_ready(service).await;
        }
    }

    /// From its next start on a service dies when it comes to a failpoint: `place:count`. `None`: it no longer does.
    pub fn die_at(&mut self, service: Service, failpoint: Option<String>) {
        match failpoint {
            Some(failpoint) => self.set_environment(service, DIE_AT, &failpoint),
            None => drop(self.environment.remove(&(service, DIE_AT))),
        }
    }

    /// How a service that was started has ended without being asked to; then it is no longer one that runs.
    pub fn has_ended(&mut self, service: Service) -> Option<ExitStatus> {
        let ended = self.running.get_mut(&service).and_then(|child| child.try_wait().ok().flatten());
        if ended.is_some() {
            self.running.remove(&service);
        }
        ended
    }

    /// Changes a setting of a service, from its next start on.
    pub fn set(&mut self, service: Service, setting: &str) {
        self.settings.push((service, setting.to_owned()));
    }

    /// Sets a variable of a service's environment, from its next start on.
    pub fn set_environment(&mut self, service: Service, name: &'static str, value: &str) {
        self.environment.insert((service, name), value.to_owned());
    }

    /// Ends a process at once, as the kernel does when memory runs out: SIGKILL.
    pub async fn kill(&mut self, service: Service) {
        if let Some(mut child) = self.running.remove(&service) {
            child.kill().await.expect("a child process can be killed");
        }
    }

    /// Asks a process to end, as an orchestrator does: SIGTERM. Answers its exit code.
    pub async fn terminate(&mut self, service: Service) -> Option<i32> {
        let mut child = self.running.remove(&service)?;
        signal(&child, Signal::TERM);
        let ended = tokio::time::timeout(PATIENCE, child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{} does not end:\n{}", service.program(), self.log(service)));
        ended.expect("a child process can be waited for").code()
    }

    /// Freezes a process: it keeps its ports and its connections, and never answers. SIGSTOP.
    pub fn freeze(&self, service: Service) {
        signal(&self.running[&service], Signal::STOP);
    }

    /// Lets a frozen process go on. SIGCONT.
    pub fn thaw(&self, service: Service) {
        signal(&self.running[&service], Signal::CONT);
    }

    /// A client of the gateway.
    pub fn client(&self) -> Client {
        Client::new(format!("http://{}:{}", self.address, Service::Gateway.port()))
    }

    /// Host and port of the gateway.
    pub fn authority(&self) -> String {
        format!("{}:{}", self.address, Service::Gateway.port())
    }

    /// The settings with which a service is started, for opening its store while it does not run.
    pub fn config_of<T: kit::config::Settings>(&self, service: Service) -> Result<T, kit::config::ConfigError> {
        let pair = |setting: String| kit::process::key_value(&setting).ok();
        let flags = self.settings_of(service).into_iter().filter_map(pair).collect();
        kit::config::load(&kit::config::Sources { flags, env_prefix: "AFTERWORD_E2E", ..Default::default() })
    }

    /// Where a service speaks gRPC.
    pub fn endpoint(&self, service: Service) -> String {
        format!("http://{}:{}", self.address, service.port())
    }

    /// The socket where a service speaks gRPC.
    pub fn socket(&self, service: Service) -> SocketAddr {
        (self.address, service.port()).into()
    }

    /// The token by which services prove themselves.
    pub fn internal_token(&self) -> &'static str {
        INTERNAL_TOKEN
    }

    /// What the admin port of a service answers to `GET path`; `None` if the service does not run.
    pub async fn admin(&self, service: Service, path: &str) -> Option<String> {
        let url = format!("http://{}:{}{path}", self.address, service.admin_port());
        http().get(url).send().await.ok()?.text().await.ok()
    }

    /// How much processor time a running service has used so far, of all its threads.
    pub fn processor_time(&self, service: Service) -> std::io::Result<Duration> {
        let id = self.running.get(&service).and_then(Child::id).unwrap_or_default();
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field after it (proc(5)).
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second()))
    }

    /// How much memory a running service occupies.
    pub fn resident_memory(&self, service: Service) -> std::io::Result<Resident> {
        let id = self.running.get(&service).and_then(Child::id).unwrap_or_default();
        let status = std::fs::read_to_string(format!("/proc/{id}/status"))?;
        // "VmRSS:     1234 kB" (proc(5)).
        let bytes = |field: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(field));
            line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
        };
        Ok(Resident { now: bytes("VmRSS:"), peak: bytes("VmHWM:") })
    }

    /// The file in which a service keeps what it knows.
    pub fn store(&self, service: Service) -> PathBuf {
        self.data().join(format!("{}.db", service.program()))
    }

    /// Where the data is.
    pub fn data(&self) -> &Path {
        self.directory.path()
    }

    fn spawn(&mut self, service: Service) {
        let program = self.programs.join(service.program());
        let log_path = self.directory.path().join(format!("{}.log", service.program()));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&log_path).expect("a log can be written");
        let mut command = Command::new(&program);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(log)).kill_on_drop(true);
        let environment = self.environment.iter().filter(|((of, _), _)| *of == service);
        command.envs(environment.map(|((_, name), value)| (name, value)));
        for setting in self.settings_of(service) {
            command.arg("--set").arg(setting);
        }
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("cannot start {}: {error}; build it with `cargo build --workspace --bins`", program.display())
        });
        self.running.insert(service, child);
    }

    fn settings_of(&self, service: Service) -> Vec<String> {
        let at = |port: u16| format!("{}:{port}", self.address);
        let mut settings = vec![
            format!("listen={}", at(service.port())),
            format!("admin_listen={}", at(service.admin_port())),
            format!("internal_tokens={INTERNAL_TOKEN}"),
        ];
        if service != Service::Gateway {
            settings.push(format!("store=sqlite:{}", self.store(service).display()));
        }
        if service != Service::Auth {
            settings.push(format!("auth_svc={}", self.endpoint(Service::Auth)));
        }
        if service != Service::Context {
            settings.push(format!("context_svc={}", self.endpoint(Service::Context)));
        }
        settings.extend(self.settings.iter().filter(|(of, _)| *of == service).map(|(_, pair)| pair.clone()));
        settings
    }

    async fn until_ready(&mut self, service: Service) {
        let url = format!("http://{}:{}/readyz", self.address, service.admin_port());
        let http = http();
        let start = monotonic();
        loop {
            if let Ok(answer) = http.get(&url).send().await
                && answer.status().is_success()
            {
                return;
            }
            let child = self.running.get_mut(&service).expect("the service was started");
            if let Ok(Some(status)) = child.try_wait() {
                panic!("{} ended with {status}:\n{}", service.program(), self.log(service));
            }
            assert!(start.elapsed() < PATIENCE, "{} is not ready:\n{}", service.program(), self.log(service));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// What a service has logged since the first start, all its processes one after the other.
    pub fn log(&self, service: Service) -> String {
        let path = self.directory.path().join(format!("{}.log", service.program()));
        // The last line of a killed process may be torn.
        String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
    }
}

/// A program of the workspace, built beside the tests that ask for it.
pub fn program(name: &str) -> PathBuf {
    beside_the_tests().join(name)
}

/// `target/debug` when a test of `target/debug/deps`, or an example, asks.
pub fn beside_the_tests() -> PathBuf {
    let test = std::env::current_exe().expect("a running test knows its own file");
    test.ancestors().nth(2).expect("tests are built two levels below the programs").to_owned()
}

/// A client without TLS: reading the system's certificates would take longer than the answer.
fn http() -> reqwest::Client {
    reqwest::Client::builder().tls_certs_only([]).build().expect("a client without TLS can be made")
}

fn signal(child: &Child, signal: Signal) {
    let id = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("the child is running");
    kill_process(id, signal).expect("a child process can be signalled");
}

/// A loopback address that no other world of this machine is likely to use: any of `127.0.0.0/8` works on Linux.
fn next_address() -> Ipv4Addr {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = std::process::id().wrapping_mul(64).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
    let [_, b, c, d] = number.to_be_bytes();
    Ipv4Addr::new(127, 128 | b, c, d)
}
