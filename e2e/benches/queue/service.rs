//! One context-svc as a process, with a store of its own, spoken to as auth-svc does.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use context_svc::domain::model::ConversationKey;
use context_svc::store::{Store, open};
use e2e::latency::Latencies;
use e2e::{Processes, Service};
use kit::authn::InternalToken;
use kit::clock::monotonic;
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use proto::context::v1::ticket::Outcome;
use tokio::task::JoinSet;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;

use crate::PATIENCE;

type Client = ExtractionServiceClient<InterceptedService<Channel, InternalToken>>;

/// How often to look how far it got.
const LOOK: Duration = Duration::from_millis(20);

/// context-svc, and the auth-svc without whose trust feed it would not be ready.
pub(super) struct ContextSvc {
    pub(super) world: Processes,
    token: InternalToken,
}

impl ContextSvc {
    /// Not started yet. `settings` come on top of a depth that nothing here reaches.
    pub(super) async fn new(programs: &Path, settings: &[&str]) -> Result<Self, Failure> {
        let quiet = [
            (Service::Auth, "log_filter=warn"),
            (Service::Context, "log_filter=warn"),
            (Service::Context, "schedule.depth=1000000"),
        ];
        let settings: Vec<_> = settings.iter().map(|setting| (Service::Context, *setting)).collect();
        let mut world = Processes::new(programs, &[&quiet[..], &settings].concat());
        let config: context_svc::Config = world.config_of(Service::Context)?;
        world.launch(Service::Auth).await;
        Ok(Self { token: config.tokens()?.current, world })
    }

    /// The store itself, while the service does not run. Close it before that is launched.
    pub(super) async fn store(&self) -> Result<Arc<dyn Store>, Failure> {
        let config: context_svc::Config = self.world.config_of(Service::Context)?;
        Ok(open::open(&config.store).await?)
    }

    pub(super) async fn launch(&mut self) {
        self.world.launch(Service::Context).await;
    }

    pub(super) async fn kill(&mut self) {
        self.world.kill(Service::Context).await;
    }

    /// A connection of its own.
    pub(super) fn client(&self) -> Result<Client, Failure> {
        let channel = kit::serve::channel(&self.world.endpoint(Service::Context))?;
        Ok(ExtractionServiceClient::with_interceptor(channel, self.token.clone()))
    }

    /// Asks for each of `keys` once, from `clients` clients with a connection each that wait for one answer before the next
    /// question. Only `expected` counts as an answer.
    pub(super) async fn schedule(
        &self,
        keys: &[ConversationKey],
        clients: usize,
        expected: Outcome,
    ) -> Result<Latencies, Failure> {
        let (keys, next): (Arc<[_]>, _) = (keys.into(), Arc::new(AtomicUsize::new(0)));
        let mut connected = Vec::with_capacity(clients);
        for _ in 0..clients {
            let mut client = self.client()?;
            client.get_queue_status(pb::GetQueueStatusRequest {}).await?;
            connected.push(client);
        }
        let start = monotonic();
        let mut running = JoinSet::new();
        for client in connected {
            running.spawn(ask(client, keys.clone(), next.clone(), expected));
        }
        let mut all = Latencies::default();
        while let Some(one) = running.join_next().await {
            all.join(&one?)?;
        }
        Ok(all.in_time(start.elapsed()))
    }

    /// Waits until as many jobs as that are done.
    pub(super) async fn until_done(&self, jobs: usize) -> Result<(), Failure> {
        let mut client = self.client()?;
        let start = monotonic();
        while done(&mut client).await? < jobs {
            if start.elapsed() > PATIENCE {
                return Err(format!("not {jobs} jobs are done").into());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }
}

/// How many jobs are done.
pub(super) async fn done(client: &mut Client) -> Result<usize, Failure> {
    let status = client.get_queue_status(pb::GetQueueStatusRequest {}).await?.into_inner();
    Ok(usize::try_from(status.by_state.get("DONE").copied().unwrap_or(0))?)
}

async fn ask(mut client: Client, keys: Arc<[ConversationKey]>, next: Arc<AtomicUsize>, expected: Outcome) -> Latencies {
    let mut latencies = Latencies::default();
    while let Some(key) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
        let request = pb::ScheduleExtractionRequest {
            user_id: key.user_id.to_string(),
            conversation_id: key.conversation_id.to_string(),
            session_id: String::new(),
            cause: pb::trigger::Cause::Logout.into(),
        };
        let start = monotonic();
        match client.schedule_extraction(request).await {
            Ok(answer) if answer.get_ref().outcomes.iter().map(pb::Ticket::outcome).eq([expected]) => {
                latencies.record(start.elapsed());
            }
            _ => latencies.record_failure(),
        }
    }
    latencies
}
