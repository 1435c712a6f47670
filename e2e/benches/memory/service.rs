//! One context-svc as a process, with everything extracted and rolled up, spoken to as an application does.

use std::path::Path;
use std::time::Duration;

use e2e::latency::Latencies;
use e2e::{Processes, Service};
use kit::authn::InternalToken;
use kit::clock::monotonic;
use kit::process::Failure;
use proto::context::v1 as pb;
use proto::context::v1::extraction_service_client::ExtractionServiceClient;
use proto::context::v1::memory_service_client::MemoryServiceClient;
use serde_json::{Value, json};
use tonic::Request;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::transport::Channel;

use crate::round;
use crate::seed::{self, Amount, Person, Seeded};

/// How long to wait for what must come.
const PATIENCE: Duration = Duration::from_secs(600);

/// After so long without a further summary there is none to come.
const QUIET: Duration = Duration::from_secs(5);

/// context-svc, and the auth-svc without whose trust feed it would not be ready.
pub(super) struct ContextSvc {
    pub(super) world: Processes,
    seeded: Seeded,
    took: Duration,
}

/// Somebody who asks, over a connection of their own.
pub(super) struct Asker {
    client: MemoryServiceClient<Channel>,
    bearer: MetadataValue<Ascii>,
}

impl ContextSvc {
    /// Makes the data, and lets the services themselves extract and roll up.
    pub(super) async fn seeded(programs: &Path, amount: &Amount) -> Result<Self, Failure> {
        let settings = [
            (Service::Auth, "access_ttl=1h"),
            (Service::Context, "access_ttl_max=1h"),
            (Service::Auth, "log_filter=warn"),
            (Service::Context, "log_filter=warn"),
            (Service::Context, "schedule.depth=1000000"),
        ];
        let world = Processes::new(programs, &settings);
        let start = monotonic();
        let seeded = seed::seed(&world, amount).await?;
        let mut service = Self { world, seeded, took: Duration::ZERO };
        service.world.launch(Service::Auth).await;
        service.world.launch(Service::Context).await;
        service.until_extracted().await?;
        service.until_rolled_up().await?;
        service.world.terminate(Service::Context).await;
        seed::tail(&service.world, &service.seeded.people[0]).await?;
        service.world.launch(Service::Context).await;
        service.took = start.elapsed();
        Ok(service)
    }

    pub(super) fn data(&self) -> &Path {
        self.world.data()
    }

    pub(super) fn seeded_in(&self) -> Value {
        json!({
            "users": self.seeded.people.len(), "messages": self.seeded.messages, "conversations": self.seeded.jobs,
            "in_s": round(self.took.as_secs_f64()),
        })
    }

    /// The one who has said most.
    pub(super) fn talker(&self) -> &Person {
        &self.seeded.people[0]
    }

    pub(super) fn others(&self) -> &[Person] {
        &self.seeded.people[1..]
    }

    pub(super) async fn restart(&mut self) {
        self.world.kill(Service::Context).await;
        self.world.launch(Service::Context).await;
    }

    pub(super) fn resident_mb(&self) -> Result<f64, Failure> {
        Ok(round(self.world.resident_memory(Service::Context)?.now as f64 / 1e6))
    }

    pub(super) fn asker(&self, person: &Person) -> Result<Asker, Failure> {
        let channel = kit::serve::channel(&self.world.endpoint(Service::Context))?;
        let bearer = format!("Bearer {}", person.token).parse()?;
        let client = MemoryServiceClient::new(channel).max_decoding_message_size(64 << 20);
        Ok(Asker { client, bearer })
    }

    async fn until_extracted(&self) -> Result<(), Failure> {
        let channel = kit::serve::channel(&self.world.endpoint(Service::Context))?;
        let config: context_svc::Config = self.world.config_of(Service::Context)?;
        let token: InternalToken = config.tokens()?.current;
        let mut client = ExtractionServiceClient::with_interceptor(channel, token);
        let start = monotonic();
        loop {
            let status = client.get_queue_status(pb::GetQueueStatusRequest {}).await?.into_inner();
            if status.by_state.get("DONE").is_some_and(|done| usize::try_from(*done) == Ok(self.seeded.jobs)) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(format!("not all {} jobs are done: {:?}", self.seeded.jobs, status.by_state).into());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Until no further summary comes.
    async fn until_rolled_up(&self) -> Result<(), Failure> {
        let mut last = (String::new(), monotonic());
        while last.1.elapsed() < QUIET {
            let page = self.world.admin(Service::Context, "/metrics").await.ok_or("no metrics")?;
            let counted: String = page.lines().filter(|line| line.starts_with("afterword_queue_summaries")).collect();
            if counted != last.0 {
                last = (counted, monotonic());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Ok(())
    }
}

impl Asker {
    pub(super) async fn context(&mut self, budget: i32, query: &str) -> Result<pb::GetContextResponse, Failure> {
        let request = pb::GetContextRequest { budget_tokens: budget, query: query.to_owned(), now: None };
        Ok(self.client.get_context(self.authorised(request)).await?.into_inner())
    }

    pub(super) async fn search(&mut self, query: &str) -> Result<pb::SearchMemoryResponse, Failure> {
        let request = pb::SearchMemoryRequest { query: query.to_owned(), ..Default::default() };
        Ok(self.client.search_memory(self.authorised(request)).await?.into_inner())
    }

    fn authorised<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", self.bearer.clone());
        request
    }
}

/// What a call took, if it succeeded.
pub(super) async fn timed<T>(latencies: &mut Latencies, call: impl Future<Output = Result<T, Failure>>) -> Option<T> {
    let start = monotonic();
    match call.await {
        Ok(answer) => {
            latencies.record(start.elapsed());
            Some(answer)
        }
        Err(_) => {
            latencies.record_failure();
            None
        }
    }
}
